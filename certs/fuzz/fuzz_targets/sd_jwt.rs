//! The reader of an SD-JWT: text before the first tilde becomes a signed payload, the rest stays.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::sd_jwt::run(text));
