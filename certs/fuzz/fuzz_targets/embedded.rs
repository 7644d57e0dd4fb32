//! The reader of a document with an embedded proof. What it accepts was signed by a key of the registry, so of these texts
//! none: the key's seed is not in the corpus.
#![no_main]

use certs_fuzz::{HOST, KEYS, now};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = certs_ld::verify(text, &HOST, &KEYS, now());
});
