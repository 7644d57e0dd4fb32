//! What the command line remembers of a registry: the newest trust list and the newest bundle that were accepted, whichever
//! command took them, so that neither leads it backwards (trust.md KY-6). When no file is named it lies in the user's own
//! folder and is found by any root key of that registry, whatever a bundle or list is called.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use certs::bundle::{self, Bundle, BundleFault};
use certs::trust_list::{self, KeyPurpose, Roots, SignedTrustList, root_line};
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::registry::CommandError;
use super::written::write_whole;

mod kept;

use kept::Kept;

/// The kind of file that is written.
const REGISTRY: &str = "registry";
/// What bundles were remembered in before; its files are still read.
const BUNDLES: &str = "bundle";
/// What lists were remembered in before, under a name made of the root lines that were given; the same.
const LISTS: &str = "list";

/// What was seen, and the file that remembers it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// None where there is no home: nothing is remembered.
    path: Option<PathBuf>,
    kept: Option<Kept>,
}

fn joined(one: Option<Kept>, other: Option<Kept>) -> Option<Kept> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.join(other)),
        (one, other) => one.or(other),
    }
}

/// The lines of a file of root keys.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

impl Memory {
    /// That of the file that was named.
    pub(super) fn at(path: &Path) -> Result<Self, CommandError> {
        Ok(Self {
            path: Some(path.to_owned()),
            kept: Kept::read(path)?,
        })
    }

    /// That of the registry of these root keys; none where there is no home.
    pub(super) fn of_roots(given: &str) -> Result<Self, CommandError> {
        let given_lines: BTreeSet<&str> = lines(given).collect();
        let by_name = [REGISTRY, BUNDLES].map(|kind| file(kind, given));
        // The registry's roots may have changed since: one of them is enough.
        let (path, kept) = search(|path, kept| {
            by_name.iter().flatten().any(|named| named == path)
                || kept
                    .known_by
                    .iter()
                    .any(|line| given_lines.contains(&**line))
        })?;
        let [new, _] = by_name;
        Self {
            path: path.or(new),
            kept,
        }
        .with_former_lists(given)
    }

    /// That of the registry whose bundle this is, by the root keys that are remembered.
    pub(super) fn of_bundle(bytes: &[u8]) -> Result<Self, CommandError> {
        let (path, kept) = search(|_, kept| {
            let roots = kept.roots();
            roots.is_some_and(|roots| Bundle::open(bytes, &roots).is_ok())
        })?;
        let roots = kept.as_ref().map(|kept| kept.roots.join("\n"));
        let roots = roots.unwrap_or_default();
        Self {
            path: path.or_else(|| file(REGISTRY, &roots)),
            kept,
        }
        .with_former_lists(&roots)
    }

    fn with_former_lists(mut self, given: &str) -> Result<Self, CommandError> {
        let known = self.kept.as_ref().map(|kept| kept.known_by.clone());
        let known = known.unwrap_or_default();
        let names: BTreeSet<PathBuf> = [given]
            .into_iter()
            .chain(lines(given))
            .chain(known.iter().map(String::as_str))
            .filter_map(|text| file(LISTS, text))
            .collect();
        for path in names {
            self.kept = joined(self.kept, Kept::read(&path)?);
        }
        Ok(self)
    }

    /// What both know, in the file of the other.
    pub(super) fn moved_to(self, other: Self) -> Self {
        Self {
            path: other.path,
            kept: joined(self.kept, other.kept),
        }
    }

    /// The root keys that sign the next list.
    pub(super) fn roots(&self) -> Option<Roots> {
        self.kept.as_ref().and_then(Kept::roots)
    }

    /// The newest list, in a bundle or by itself.
    pub(super) fn list(&self) -> Option<&trust_list::Seen> {
        self.kept.as_ref().map(|kept| &kept.list)
    }

    /// Accepts a bundle after what was accepted before.
    pub(super) fn accept(&self, bundle: &Bundle) -> Result<bundle::Seen, BundleFault> {
        let seen = self.kept.as_ref().and_then(|kept| {
            kept.bundle.map(|(number, sha256)| bundle::Seen {
                number,
                sha256,
                trust_list: kept.list,
            })
        });
        let accepted = bundle.accept(seen.as_ref())?;
        bundle.accept_list(self.list())?;
        Ok(accepted)
    }

    /// Remembers a list that was accepted, and the bundle it came in.
    pub(super) fn remember(
        &self,
        list: &SignedTrustList,
        bundle: Option<&bundle::Seen>,
    ) -> std::io::Result<()> {
        let Some(path) = &self.path else {
            return Err(std::io::Error::other(
                "没有用户目录,请用 --seen 指定文件 / there is no home folder: name a file with --seen",
            ));
        };
        let before = self.kept.as_ref();
        let all = list.list().keys.iter();
        let roots = all.filter(|(_, key)| key.purpose == KeyPurpose::Root);
        let earlier = before.into_iter().flat_map(|kept| kept.known_by.clone());
        let now = Kept {
            roots: list
                .list()
                .roots()
                .iter()
                .filter_map(|(kid, key)| root_line(kid, key))
                .collect(),
            known_by: roots
                .filter_map(|(kid, key)| root_line(kid, &key.public_key))
                .chain(earlier)
                .collect(),
            bundle: bundle
                .map(|seen| (seen.number, seen.sha256))
                .or_else(|| before.and_then(|kept| kept.bundle)),
            list: list.seen(),
        };
        let read = || Kept::read(path).map_err(|error| std::io::Error::other(error.to_string()));
        let knows = |kept: &Option<Kept>| {
            let kept = kept.as_ref();
            kept.is_some_and(|kept| kept.clone().join(now.clone()) == *kept)
        };
        // What is there already needs no place to write to.
        if knows(&read()?) {
            return Ok(());
        }
        // Another command may have remembered a newer one since this one looked: what is written is what both know.
        let _lock = locked(path)?;
        let now = match read()? {
            Some(there) => there.join(now),
            None => now,
        };
        write_whole(path, now.text()?.as_bytes())
    }
}

/// Holds the memory against other commands until it is dropped; the lock is a file of its own, since that of the memory is
/// replaced.
fn locked(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = std::fs::File::create(PathBuf::from(name))?;
    file.lock()?;
    Ok(file)
}

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
fn file(kind: &str, roots: &str) -> Option<PathBuf> {
    let mut lines: Vec<&str> = roots
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    let digest = HEXLOWER.encode(&Sha256::digest(lines.join("\n"))[..8]);
    Some(folder()?.join(format!("{kind}-{digest}.json")))
}

/// What is remembered where this holds, all of it together, and the file to go on with.
fn search(
    is_of: impl Fn(&Path, &Kept) -> bool,
) -> Result<(Option<PathBuf>, Option<Kept>), CommandError> {
    let (mut to, mut found) = (None, None);
    for kind in [REGISTRY, BUNDLES] {
        for path in files(kind) {
            let Some(kept) = Kept::read(&path)? else {
                continue;
            };
            if is_of(&path, &kept) {
                found = joined(found, Some(kept));
                if kind == REGISTRY {
                    to.get_or_insert(path);
                }
            }
        }
    }
    Ok((to, found))
}

/// Every file of this kind.
fn files(kind: &str) -> Vec<PathBuf> {
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
