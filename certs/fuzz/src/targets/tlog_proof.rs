//! The reader of a proof file: alone, and by what a trust list says.

use certs::keys::Signer as _;

/// What every input must survive.
pub fn run(text: &str) {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let _ = certs::log::verify_tlog_proof(text, &origin, super::super::ISSUER.public_key());
    let _ = certs::verdict::LogFact::from_proof_file(text, &super::super::LIST);
}
