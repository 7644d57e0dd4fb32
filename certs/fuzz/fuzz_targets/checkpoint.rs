//! The readers of a checkpoint and of a verifier key line.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::checkpoint::run(text));
