//! The readers of a checkpoint and of a verifier key line.

use certs::keys::Signer as _;
use certs::log::{Checkpoint, parse_vkey};

/// What every input must survive.
pub fn run(text: &str) {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let _ = Checkpoint::verify(text, &origin, super::super::ISSUER.public_key());
    let _ = parse_vkey(text);
}
