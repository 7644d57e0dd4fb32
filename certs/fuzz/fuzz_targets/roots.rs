//! The lines of root keys that a verifier keeps, and the parts of a check by telephone: what people copy and type.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::roots::run(text));
