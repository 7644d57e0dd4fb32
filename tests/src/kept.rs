//! A registry up to where many tests begin, made once in a process and copied for each of them: migrations, reference data
//! and a dozen passwords are the same in all, and the hash of a password takes long on purpose.

use std::fs::{self, Permissions};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use crate::TestServer;

/// The data of a registry that has ended.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Where its database is, to be copied; none for the file among the others.
    pub(crate) address: Option<String>,
    /// The moment at which it was left.
    pub(crate) now: DateTime<Utc>,
    /// What its data folder held. In memory: what is kept for a whole process has no end that removes a folder.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    path: PathBuf,
    permissions: Permissions,
    /// None for a folder.
    content: Option<Vec<u8>>,
}

impl Kept {
    /// Ends a registry and keeps it.
    pub(crate) async fn of(server: TestServer) -> Self {
        let (data, address, now) = server.end().await;
        let mut entries = Vec::new();
        read(data.path(), Path::new(""), &mut entries).expect("the data folder is read");
        Self {
            address,
            now,
            entries,
        }
    }

    /// A new folder with the same content.
    pub(crate) fn folder(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for entry in &self.entries {
            let path = folder.path().join(&entry.path);
            match &entry.content {
                None => fs::create_dir(&path),
                Some(content) => fs::write(&path, content),
            }
            .and_then(|()| fs::set_permissions(&path, entry.permissions.clone()))
            .expect("the data folder is written");
        }
        folder
    }
}

/// Folders stand before what is in them.
fn read(root: &Path, below: &Path, entries: &mut Vec<Entry>) -> std::io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let metadata = entry.metadata()?;
        let folder = metadata.is_dir();
        let content = if folder {
            None
        } else {
            Some(fs::read(entry.path())?)
        };
        entries.push(Entry {
            path: path.clone(),
            permissions: metadata.permissions(),
            content,
        });
        if folder {
            read(root, &path, entries)?;
        }
    }
    Ok(())
}
