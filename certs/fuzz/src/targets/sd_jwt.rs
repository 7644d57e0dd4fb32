//! The reader of an SD-JWT: text before the first tilde becomes a signed payload, the rest stays.

use super::super::{HOST, KEYS, now, token};
use certs::credential::{Binding, Disclosable, SD_JWT_TYP, present, verify_sd_jwt};

/// What every input must survive.
pub fn run(text: &str) {
    let _ = verify_sd_jwt(text, &HOST, &KEYS, None, now());
    let (payload, rest) = text.split_once('~').unwrap_or((text, ""));
    let signed = format!("{}~{rest}", token(SD_JWT_TYP, payload.as_bytes()));
    let asked = Binding {
        audience: "a",
        nonce: "n",
    };
    let _ = verify_sd_jwt(&signed, &HOST, &KEYS, None, now());
    let _ = verify_sd_jwt(&signed, &HOST, &KEYS, Some(&asked), now());
    if let Ok(shown) = present(&signed, &Disclosable::ALL) {
        assert_eq!(shown, signed);
    }
}
