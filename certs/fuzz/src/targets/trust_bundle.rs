//! The readers of a trust bundle and of a delta, from outside and behind a signature that holds.

use certs::bundle::{Bundle, BundleDelta};
use certs::keys::Signer as _;
use certs::trust_list::Roots;

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    let roots = Roots::one(
        super::super::ISSUER.key_id().clone(),
        super::super::ISSUER.public_key().clone(),
    );
    if let Ok(bundle) = Bundle::open(bytes, &roots) {
        // What it accepts has one encoding: the status part, written again, is found in the bytes.
        assert!(bundle.content().status_bytes() <= bytes.len());
    }
    let _ = BundleDelta::read(bytes);
}
