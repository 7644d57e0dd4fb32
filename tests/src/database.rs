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
        if let (Self::Postgres(cluster), Some(address)) = (self, address) {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("backup_{}_{number}", std::process::id());
            let copied = cluster.copy_database(address, &name);
            return Backup::Postgres(copied.expect("the database is copied"));
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        store::tampering::copy(store, &folder.path().join("backup.sqlite"))
            .await
            .expect("the database is copied");
        Backup::Sqlite(folder)
    }

    /// The address of a new, empty database; none for SQLite, whose file lies in the data folder.
    pub fn new_address(self) -> Option<String> {
        self.address(Cluster::new_database)
    }

    /// The address of a copy of the database at another address, to which nobody is connected.
    pub(crate) fn copy_of(self, address: Option<&str>) -> Option<String> {
        let template = address?.rsplit('/').next()?;
        self.address(|cluster, name| cluster.copy_of(template, name))
    }

    fn address(
        self,
        make: impl FnOnce(&Cluster, &str) -> std::io::Result<String>,
    ) -> Option<String> {
        let Self::Postgres(cluster) = self else {
            return None;
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("it_{}_{number}", std::process::id());
        Some(make(cluster, &name).expect("a new database"))
    }
}
