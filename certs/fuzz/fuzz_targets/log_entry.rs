//! The reader of a leaf entry: what it accepts has one encoding.
#![no_main]

use certs::log::LeafEntry;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = LeafEntry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
    }
});
