//! The reader of a COSE_Sign1: never a panic, and what it accepts has one encoding.

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    if let Ok(decoded) = certs::certificate::decode(bytes) {
        let signed = certs::certificate::sign(decoded.unverified_claims(), &*super::super::ISSUER)
            .expect("signed");
        // Same claims, same bytes but for key and signature.
        assert!(signed.as_bytes().len().abs_diff(bytes.len()) <= 32);
    }
    let _ = certs::certificate::verify(bytes, &super::super::KEYS);
}
