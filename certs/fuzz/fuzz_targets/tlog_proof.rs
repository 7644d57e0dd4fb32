//! The reader of a proof file.
#![no_main]

use certs::keys::Signer as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let _ = certs::log::verify_tlog_proof(text, &origin, certs_fuzz::ISSUER.public_key());
});
