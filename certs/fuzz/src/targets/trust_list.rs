//! The reader of a trust list: never a panic; a payload under a signature that holds reaches its decoder, and what it accepts
//! it would sign to the same bytes.

use std::sync::LazyLock;

use certs::keys::{Signer, SoftwareSigner};
use certs::trust_list::{CONTENT_TYPE, Roots, SignedTrustList};
use zeroize::Zeroizing;

static ROOT: LazyLock<SoftwareSigner> = LazyLock::new(|| {
    SoftwareSigner::from_seed("root".parse().expect("a kid"), Zeroizing::new([5; 32]))
});

/// Head and bytes of a CBOR byte or text string.
fn string(major: u8, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len();
    let mut out = match length {
        0..=23 => vec![major | length as u8],
        24..=0xff => vec![major | 0x18, length as u8],
        0x100..=0xffff => vec![major | 0x19, (length >> 8) as u8, length as u8],
        _ => [&[major | 0x1a][..], &(length as u32).to_be_bytes()].concat(),
    };
    out.extend_from_slice(bytes);
    out
}

fn signed(payload: &[u8]) -> Vec<u8> {
    let mut protected = vec![0xa3, 0x01, 0x27, 0x03];
    protected.extend(string(0x60, CONTENT_TYPE.as_bytes()));
    protected.push(0x04);
    protected.extend(string(0x40, b"root"));
    let mut message = vec![0x84];
    message.extend(string(0x60, b"Signature1"));
    message.extend(string(0x40, &protected));
    message.push(0x40);
    message.extend(string(0x40, payload));
    let signature = ROOT.sign(&message).expect("signed");
    let mut cose = vec![0xd2, 0x84];
    cose.extend(string(0x40, &protected));
    cose.push(0xa0);
    cose.extend(string(0x40, payload));
    cose.extend(string(0x40, &signature));
    cose
}

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    let roots = Roots::one(ROOT.key_id().clone(), ROOT.public_key().clone());
    let _ = SignedTrustList::open(bytes, &roots);
    let whole = signed(bytes);
    if let Ok(list) = SignedTrustList::open(&whole, &roots) {
        let again = list.list().clone().sign(&*ROOT).expect("what it read");
        assert!(again.as_bytes() == whole);
    }
}
