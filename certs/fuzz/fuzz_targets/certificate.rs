//! The reader of a COSE_Sign1: never a panic, and what it accepts has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(decoded) = certs::certificate::decode(bytes) {
        let signed = certs::certificate::sign(decoded.unverified_claims(), &*certs_fuzz::ISSUER)
            .expect("signed");
        // Same claims, same bytes but for key and signature.
        assert!(signed.as_bytes().len().abs_diff(bytes.len()) <= 32);
    }
    let _ = certs::certificate::verify(bytes, &certs_fuzz::KEYS);
});
