//! The reader of a VC-JWT, from outside and behind a signature that holds.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::badge::run(text));
