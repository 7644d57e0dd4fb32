//! The reader of an entry bundle: what it accepts has one encoding.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::bundle::run(bytes));
