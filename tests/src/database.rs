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

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Database {
    /// PostgreSQL, where a server program is found.
    pub fn postgres() -> Option<Self> {
        private_postgres::cluster().map(Self::Postgres)
    }

    /// The address of a new, empty database; none for SQLite, whose file lies in the data folder.
    pub fn new_address(self) -> Option<String> {
        self.address(|cluster, name| cluster.new_database(name))
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
