//! Where the command line remembers what it has used, when no file is named: in the user's own folder and by the root key,
//! whatever a bundle or list is called, so that an older one under another name is known as older (trust.md KY-6).

use std::path::PathBuf;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// The folder: that of the user's state by the rules of the desktop; none where there is no home.
pub(super) fn folder() -> Option<PathBuf> {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let state =
        named("XDG_STATE_HOME").or_else(|| named("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("mingzheng"))
}

/// The file for things of this kind under these root keys, one a line.
pub(super) fn file(kind: &str, roots: &str) -> Option<PathBuf> {
    let mut lines: Vec<&str> = roots
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    let digest = HEXLOWER.encode(&Sha256::digest(lines.join("\n"))[..8]);
    Some(folder()?.join(format!("{kind}-{digest}.json")))
}

/// Every file of this kind.
pub(super) fn files(kind: &str) -> Vec<PathBuf> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.strip_prefix(kind)
                .and_then(|rest| rest.strip_suffix(".json"))
                .is_some_and(|rest| rest.starts_with('-'))
        })
        .map(|entry| entry.path())
        .collect();
    found.sort_unstable();
    found
}
