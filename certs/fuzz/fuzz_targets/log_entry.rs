//! The reader of a leaf entry: what it accepts has one encoding.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::log_entry::run(bytes));
