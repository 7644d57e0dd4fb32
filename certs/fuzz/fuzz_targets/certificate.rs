//! The reader of a COSE_Sign1: never a panic, and what it accepts has one encoding.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::certificate::run(bytes));
