//! The reader of a file of public keys: what it writes it reads.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::public_keys::run(text));
