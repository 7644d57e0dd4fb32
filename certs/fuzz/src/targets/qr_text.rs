//! The reader of a QR text.

use certs::verdict::{Facts, Presented, judge};

/// What every input must survive.
pub fn run(text: &str) {
    let _ = certs::qr::parse_qr_text(text);
    let verdict = judge(
        Presented::Text(text),
        &super::super::KEYS,
        &Facts::default(),
        super::super::now(),
    );
    assert!(!verdict.is_valid());
}
