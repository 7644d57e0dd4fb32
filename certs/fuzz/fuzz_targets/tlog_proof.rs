//! The reader of a proof file: alone, and by what a trust list says.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::tlog_proof::run(text));
