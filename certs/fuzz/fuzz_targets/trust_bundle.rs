//! The readers of a trust bundle and of a delta, from outside and behind a signature that holds.
#![no_main]

use certs::bundle::{Bundle, BundleDelta};
use certs::keys::Signer as _;
use certs::trust_list::Roots;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let roots = Roots::one(certs_fuzz::ISSUER.key_id().clone(), certs_fuzz::ISSUER.public_key().clone());
    if let Ok(bundle) = Bundle::open(bytes, &roots) {
        // What it accepts has one encoding: the status part, written again, is found in the bytes.
        assert!(bundle.content().status_bytes() <= bytes.len());
    }
    let _ = BundleDelta::read(bytes);
});
