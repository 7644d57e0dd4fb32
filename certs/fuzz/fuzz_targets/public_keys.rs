//! The reader of a file of public keys: what it writes it reads.
#![no_main]

use certs::keys::PublicKeyFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(file) = PublicKeyFile::parse(text) {
        let again = PublicKeyFile::parse(&file.to_json()).expect("what it wrote");
        assert!(again == file);
    }
});
