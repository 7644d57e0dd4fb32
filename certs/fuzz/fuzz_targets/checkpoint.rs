//! The readers of a checkpoint and of a verifier key line.
#![no_main]

use certs::keys::Signer as _;
use certs::log::{Checkpoint, parse_vkey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let _ = Checkpoint::verify(text, &origin, certs_fuzz::ISSUER.public_key());
    let _ = parse_vkey(text);
});
