//! The readers of both status lists, and of the compressed bits.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::status_list::run(bytes));
