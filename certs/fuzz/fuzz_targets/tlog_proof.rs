//! The reader of a proof file: alone, and by what a trust list says.
#![no_main]

use certs::keys::Signer as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let _ = certs::log::verify_tlog_proof(text, &origin, certs_fuzz::ISSUER.public_key());
    let _ = certs::verdict::LogFact::from_proof_file(text, &certs_fuzz::LIST);
});
