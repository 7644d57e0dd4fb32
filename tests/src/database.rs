//! Where a test keeps its registry.

use std::sync::atomic::{AtomicU64, Ordering};

use private_postgres::Cluster;

/// A kind of database.
#[derive(Clone, Copy, Debug)]
pub enum Database {
    /// A file of its own in a temporary folder.
    Sqlite,
    /// A database of its own in the private cluster.
    Postgres(&'static Cluster),
}

/// A database as it was.
#[derive(Debug)]
pub enum Backup {
    /// `backup.sqlite` in a folder.
    Sqlite(tempfile::TempDir),
    /// The address of a copy.
    Postgres(String),
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Database {
    /// PostgreSQL, where a server program is found.
    pub fn postgres() -> Option<Self> {
        private_postgres::cluster().map(Self::Postgres)
    }

    /// Keeps all that the database of a store holds at this moment.
    pub async fn backup(self, store: &store::Store, address: Option<&str>) -> Backup {
        match (self, address) {
            (Self::Postgres(cluster), Some(address)) => {
                let name = format!(
                    "backup_{}_{}",
                    std::process::id(),
                    NEXT.fetch_add(1, Ordering::Relaxed)
                );
                let copied = cluster.copy_database(address, &name);
                Backup::Postgres(copied.expect("the database is copied"))
            }
            _ => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                store::tampering::copy(store, &folder.path().join("backup.sqlite"))
                    .await
                    .expect("the database is copied");
                Backup::Sqlite(folder)
            }
        }
    }

    /// The address of a new, empty database; none for SQLite, whose file lies in the data folder.
    pub fn new_address(self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres(cluster) => {
                let name = format!(
                    "it_{}_{}",
                    std::process::id(),
                    NEXT.fetch_add(1, Ordering::Relaxed)
                );
                Some(cluster.new_database(&name).expect("a new database"))
            }
        }
    }
}
