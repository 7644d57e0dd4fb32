//! A delta laid over the bundle that it starts from.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| certs_fuzz::targets::bundle_delta::run(bytes));
