//! The readers of a trust bundle and of a delta, from outside and behind a signature that holds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::trust_bundle::run(bytes));
