//! The reader of a document with an embedded proof. What it accepts was signed by a key of the registry, so of these texts
//! none: the key's seed is not in the corpus.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| certs_fuzz::targets::embedded::run(text));
