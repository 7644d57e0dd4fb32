//! The reader of a trust list: never a panic; a payload under a signature that holds reaches its decoder, and what it accepts
//! it would sign to the same bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::trust_list::run(bytes));
