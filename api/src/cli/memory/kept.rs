//! What is remembered of one registry, and the forms of its file: today's, and the two of before.

use std::collections::BTreeSet;
use std::path::Path;

use certs::trust_list::{self, Roots};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use super::CommandError;

/// The newest that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Lines of the root keys that sign the next list.
    pub(super) roots: Vec<String>,
    /// Lines of every root key that the registry ever named: by any of them it is known again.
    pub(super) known_by: BTreeSet<String>,
    /// Number and SHA-256.
    pub(super) bundle: Option<(u64, [u8; 32])>,
    pub(super) list: trust_list::Seen,
}

/// The forms of a file. Who deletes it forgets: then the root key has to be given again.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum File {
    /// What is written.
    Both {
        version: u32,
        roots: Vec<String>,
        known_by: BTreeSet<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bundle: Option<Numbered>,
        trust_list: Numbered,
    },
    /// Version 1: of bundles alone.
    Bundle {
        version: u32,
        roots: Vec<String>,
        number: u64,
        sha256: String,
        trust_list: u64,
        trust_list_sha256: String,
    },
    /// Of a list alone: its own version.
    List { version: u64, sha256: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbered {
    number: u64,
    sha256: String,
}

impl Numbered {
    fn of(number: u64, sha256: &[u8; 32]) -> Self {
        Self {
            number,
            sha256: HEXLOWER.encode(sha256),
        }
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

impl File {
    const VERSION: u32 = 2;

    fn of(kept: &Kept) -> Self {
        Self::Both {
            version: Self::VERSION,
            roots: kept.roots.clone(),
            known_by: kept.known_by.clone(),
            bundle: kept
                .bundle
                .map(|(number, sha256)| Numbered::of(number, &sha256)),
            trust_list: Numbered::of(kept.list.version, &kept.list.sha256),
        }
    }

    fn kept(self) -> Option<Kept> {
        let seen = |version, sha256: &str| {
            let sha256 = digest(sha256)?;
            Some(trust_list::Seen { version, sha256 })
        };
        match self {
            Self::Both {
                version: Self::VERSION,
                roots,
                known_by,
                bundle,
                trust_list,
            } => Some(Kept {
                roots,
                known_by,
                bundle: match bundle {
                    Some(bundle) => Some((bundle.number, digest(&bundle.sha256)?)),
                    None => None,
                },
                list: seen(trust_list.number, &trust_list.sha256)?,
            }),
            Self::Bundle {
                version: 1,
                roots,
                number,
                sha256,
                trust_list,
                trust_list_sha256,
            } => Some(Kept {
                known_by: roots.iter().cloned().collect(),
                roots,
                bundle: Some((number, digest(&sha256)?)),
                list: seen(trust_list, &trust_list_sha256)?,
            }),
            Self::List { version, sha256 } => Some(Kept {
                roots: Vec::new(),
                known_by: BTreeSet::new(),
                bundle: None,
                list: seen(version, &sha256)?,
            }),
            _ => None,
        }
    }
}

impl Kept {
    /// A damaged file is not taken for none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, CommandError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let kept = serde_json::from_str(&text).ok().and_then(File::kept);
        kept.map(Some).ok_or_else(|| {
            CommandError::CannotCheck(format!(
                "{0} 已损坏,无法得知见过什么:请找回备份;删除它会忘记见过的版本 / {0} is damaged, what was seen before is not known: restore it; without it an old list or bundle would be accepted",
                path.display()
            ))
        })
    }

    /// The newer of both, each for itself.
    pub(super) fn join(self, other: Self) -> Self {
        let (newer, older) = if other.list.version > self.list.version {
            (other, self)
        } else {
            (self, other)
        };
        let bundle = match (newer.bundle, older.bundle) {
            (Some(one), Some(two)) if two.0 > one.0 => Some(two),
            (one, two) => one.or(two),
        };
        Self {
            roots: if newer.roots.is_empty() {
                older.roots
            } else {
                newer.roots
            },
            known_by: newer.known_by.into_iter().chain(older.known_by).collect(),
            bundle,
            list: newer.list,
        }
    }

    /// What is written.
    pub(super) fn text(&self) -> std::io::Result<String> {
        let text = serde_json::to_string_pretty(&File::of(self)).map_err(std::io::Error::other)?;
        Ok(text + "\n")
    }

    /// The root keys that sign the next list.
    pub(super) fn roots(&self) -> Option<Roots> {
        Roots::parse(&self.roots.join("\n")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    fn read(text: &str) -> Option<Kept> {
        serde_json::from_str(text).ok().and_then(File::kept)
    }

    #[test]
    fn the_former_files_are_read_and_another_form_is_damage() {
        let bundle = format!(
            r#"{{"version":1,"roots":["r"],"number":5,"sha256":"{SHA}","trust_list":42,"trust_list_sha256":"{SHA}"}}"#
        );
        let bundle = read(&bundle).expect("a file of bundles");
        let list = read(&format!(r#"{{"version":45,"sha256":"{SHA}"}}"#)).expect("a file of lists");
        let both = bundle.join(list);
        assert_eq!((both.bundle, both.list.version), (Some((5, [1; 32])), 45));
        assert_eq!(both.roots, ["r"], "the list knew none");
        let text = serde_json::to_string(&File::of(&both)).expect("JSON");
        assert_eq!(read(&text), Some(both));
        for damaged in [
            "{}".to_owned(),
            text.replace("\"version\":2", "\"version\":3"),
            text.replace(SHA, "01"),
            text.replace("known_by", "other"),
            r#"{"version":45,"sha256":"0101"}"#.to_owned(),
        ] {
            assert_eq!(read(&damaged), None, "{damaged}");
        }
    }
}
