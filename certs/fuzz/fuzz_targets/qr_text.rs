//! The reader of a QR text.
#![no_main]

use certs::verdict::{Facts, Presented, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = certs::qr::parse_qr_text(text);
    let verdict = judge(
        Presented::Text(text),
        &certs_fuzz::KEYS,
        &Facts::default(),
        certs_fuzz::now(),
    );
    assert!(!verdict.is_valid());
});
