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
