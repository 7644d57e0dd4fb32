//! Entry bundles of C2SP tlog-tiles: the entries under a tile of level 0, each behind its length.

/// Writes a bundle: for each entry its length as big-endian `uint16`, then its bytes.
/// `None` when an entry is longer than 65,535 bytes.
pub fn write_bundle<'e>(entries: impl IntoIterator<Item = &'e [u8]>) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for entry in entries {
        bundle.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend(entry);
    }
    Some(bundle)
}

/// Reads a bundle; `None` when it ends within an entry.
pub fn read_bundle(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk() {
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        bundle = rest;
    }
    bundle.is_empty().then_some(entries)
}

/// Path of a bundle below `tile/`: `entries/x001/234`, with `.p/W` when it has fewer than 256 entries.
pub fn bundle_path(index: u64, width: u16) -> String {
    format!("entries/{}", super::tile::indexed_path(index, width))
}
