//! The reader of a file of public keys: what it writes it reads.

use certs::keys::PublicKeyFile;

/// What every input must survive.
pub fn run(text: &str) {
    if let Ok(file) = PublicKeyFile::parse(text) {
        let again = PublicKeyFile::parse(&file.to_json()).expect("what it wrote");
        assert!(again == file);
    }
}
