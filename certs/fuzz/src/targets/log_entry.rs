//! The reader of a leaf entry: what it accepts has one encoding.

use certs::log::LeafEntry;

/// What every input must survive.
pub fn run(bytes: &[u8]) {
    if let Ok(entry) = LeafEntry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
    }
}
