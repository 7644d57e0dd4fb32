//! Files that a command writes.

use std::io::Write as _;
use std::path::Path;

/// In one step, so that a crash leaves the old file or the new one; only its owner may read it, and its folder is made.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write(path, bytes, false)
}

/// The same for what is public: anybody may read it, as a server of files must.
pub(super) fn write_public(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    write(path, bytes, true)
}

fn write(path: &Path, bytes: &[u8], public: bool) -> std::io::Result<()> {
    // A pipe or a device is written to; renaming over it would replace it.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, bytes);
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
    }
    let folder = folder.unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    #[cfg(unix)]
    if public {
        use std::os::unix::fs::PermissionsExt as _;
        let anybody = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(anybody)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The new name is kept by the folder.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}
