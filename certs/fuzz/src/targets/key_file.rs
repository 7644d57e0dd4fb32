//! The reader of an encrypted key file.

use certs::keys::SoftwareSigner;

/// What every input must survive.
pub fn run(pem: &str) {
    let kid = "k3726".parse().expect("a kid");
    let _ = SoftwareSigner::from_encrypted_pem(kid, pem, b"passphrase");
}
