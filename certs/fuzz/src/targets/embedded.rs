//! The reader of a document with an embedded proof. What it accepts was signed by a key of the registry, so of these texts
//! none: the key's seed is not in the corpus.

use super::super::{HOST, KEYS, now};

/// What every input must survive.
pub fn run(text: &str) {
    let _ = certs_ld::verify(text, &HOST, &KEYS, now());
}
