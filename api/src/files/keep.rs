//! The folder of sealed files: random names, no one else may read it, no server serves it.

use std::path::{Path, PathBuf};

use crate::problem::Problem;

/// Where sealed files lie. Several nodes of one registry share it.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A folder, made when the first file comes.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn path(&self, name: &str) -> Result<PathBuf, Problem> {
        // Names come from the table, and ours are hexadecimal: nothing else may lead out of the folder.
        if name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(self.0.join(&name[..2]).join(name))
        } else {
            Err(Problem::internal("a stored name is not hexadecimal"))
        }
    }

    /// Writes a new file and waits for the disk.
    pub(crate) async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        let path = self.path(name)?;
        let (root, bytes) = (self.0.clone(), bytes.to_vec());
        crate::cores::off_thread(move || write(&root, &path, &bytes))
            .await
            .map_err(Problem::internal)?
            .map_err(Problem::internal)
    }

    /// Reads a file.
    pub(crate) async fn read(&self, name: &str) -> Result<Vec<u8>, Problem> {
        tokio::fs::read(self.path(name)?)
            .await
            .map_err(Problem::internal)
    }

    /// Takes a file away that no row names.
    pub(crate) async fn remove(&self, name: &str) {
        let _ = self.purge(name).await;
    }

    /// Takes a file away; `false` when it is still there.
    pub(crate) async fn purge(&self, name: &str) -> bool {
        let Ok(path) = self.path(name) else {
            return false;
        };
        match tokio::fs::remove_file(path).await {
            Ok(()) => true,
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

fn write(root: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let folder = path.parent().unwrap_or(root);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::File::open(folder)?.sync_all()
}
