//! The readers of a submission to a witness, of cosignatures, of a witness's key line, and of the path of a tile.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::witness::run(text));
