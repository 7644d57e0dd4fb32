//! The readers of both status lists, and of the compressed bits.

use super::super::{HOST, KEYS, now, token};
use certs::credential::{
    BADGE_TYP, StatusBitmap, StatusPurpose, TOKEN_STATUS_TYP, verify_status_list,
    verify_token_status_list,
};
use data_encoding::BASE64URL_NOPAD;

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    let encoded = format!("u{}", BASE64URL_NOPAD.encode(bytes));
    if let Ok(bits) = StatusBitmap::decode(&encoded) {
        assert_eq!(StatusBitmap::decode(&bits.encode()), Ok(bits));
    }
    let list = token(BADGE_TYP, bytes);
    let _ = verify_status_list(&list, &HOST, StatusPurpose::Revocation, 3, &KEYS, now());
    let list = token(TOKEN_STATUS_TYP, bytes);
    let _ = verify_token_status_list(&list, &HOST, 3, &KEYS, now());
}
