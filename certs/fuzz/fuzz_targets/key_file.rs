//! The reader of an encrypted key file.
#![no_main]

libfuzzer_sys::fuzz_target!(|pem: &str| certs_fuzz::targets::key_file::run(pem));
