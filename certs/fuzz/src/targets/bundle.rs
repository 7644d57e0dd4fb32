//! The reader of an entry bundle: what it accepts has one encoding.

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    if let Some(entries) = certs::log::read_bundle(bytes) {
        let length: usize = entries.iter().map(|entry| entry.len() + 2).sum();
        assert_eq!(length, bytes.len());
    }
}
