//! The reader of an encrypted key file.
#![no_main]

use certs::keys::SoftwareSigner;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|pem: &str| {
    let kid = "k3726".parse().expect("a kid");
    let _ = SoftwareSigner::from_encrypted_pem(kid, pem, b"passphrase");
});
