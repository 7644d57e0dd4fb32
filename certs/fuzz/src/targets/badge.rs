//! The reader of a VC-JWT, from outside and behind a signature that holds.

use super::super::{HOST, ISSUER, KEYS, now, token};
use certs::credential::{BADGE_TYP, badge_jwt, verify_badge};

/// What every input must survive.
pub fn run(text: &str) {
    let _ = verify_badge(text, &HOST, &KEYS, now());
    let signed = token(BADGE_TYP, text.as_bytes());
    if let Ok(badge) = verify_badge(&signed, &HOST, &KEYS, now()) {
        assert_eq!(badge_jwt(badge.facts(), &*ISSUER).expect("signed"), signed);
    }
}
