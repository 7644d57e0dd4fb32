//! Connections: pools, pragmas and isolation of trust.md LG-4 and LG-5, and the one way to write.

use std::sync::Arc;
use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    DbBackend, IsolationLevel, Statement, TransactionOptions, TransactionTrait,
};

use crate::StoreError;
use crate::public_reader::{PublicReader, PublicSnapshot};
use crate::vault::Vault;

/// Tables of which `docs/grants.sql` lets the service change nothing.
const ADDED_TO: [&str; 9] = [
    "audit",
    "audit_anchor",
    "grading_file",
    "log_checkpoint",
    "log_leaf",
    "log_witnessed",
    "policy",
    "timeline",
    "trust_list",
];

/// A pool for reading.
pub type Reader = DatabaseConnection;
/// A write transaction; on SQLite it holds the write lock from its first moment.
pub type WriteTx = DatabaseTransaction;
/// A transaction that only reads: all its queries see the same moment. It ends when it is dropped.
pub type Snapshot = DatabaseTransaction;

/// Where the database is: a SQLite file, or a PostgreSQL server.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The SQLite file at this path, made when missing.
    pub fn sqlite_file(path: &std::path::Path) -> Self {
        Self(format!("sqlite://{}?mode=rwc", path.display()))
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("sqlite:")
            || text.starts_with("postgres://")
            || text.starts_with("postgresql://")
        {
            Ok(Self(text.to_owned()))
        } else {
            Err("a database URL begins with sqlite: or postgres://")
        }
    }
}

/// Shows no password.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.starts_with("sqlite:") {
            "DatabaseUrl(sqlite)"
        } else {
            "DatabaseUrl(postgres)"
        })
    }
}

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does: an acknowledged commit survives a power cut (trust.md LG-4).
    Full,
    /// Not on SQLite: for a registry that is only being made and that nobody relies on yet.
    Scratch,
}

/// How long a request waits for a connection (trust.md OV-2).
const ACQUIRE: Duration = Duration::from_secs(2);
/// How long a statement waits for a lock (trust.md OV-2). The one connection that writes on SQLite is such a lock rather
/// than a pool.
const LOCK: Duration = Duration::from_secs(3);

/// The database of the registry and the vault that seals personal values.
#[derive(Clone, Debug)]
pub struct Store {
    reader: DatabaseConnection,
    /// For what anybody may ask: work at the desks cannot take its connections (trust.md OV-1).
    public: PublicReader,
    writer: DatabaseConnection,
    vault: Arc<Vault>,
}

impl Store {
    /// Connects, brings the schema up to date (one node at a time), and refuses unsafe settings.
    pub async fn open(
        url: &DatabaseUrl,
        vault: Arc<Vault>,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let mut one = options(url, 1, durability);
        one.acquire_timeout(LOCK);
        let writer = Database::connect(one).await?;
        let (reader, public, writer) = if writer.get_database_backend() == DbBackend::Postgres {
            refuse_unsafe_postgres(&writer).await?;
            let pool = Database::connect(options(url, 12, durability)).await?;
            migrate_under_lock(&writer).await?;
            (
                pool.clone(),
                Database::connect(options(url, 8, durability)).await?,
                pool,
            )
        } else {
            Migrator::up(&writer, None).await?;
            let pool = || Database::connect(options(url, 4, durability));
            (pool().await?, pool().await?, writer)
        };
        Ok(Self {
            reader,
            public: PublicReader(public),
            writer,
            vault,
        })
    }

    /// For reading. Never use it inside a write transaction: take the transaction.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// For reading what anybody may see, and nothing else.
    pub fn public(&self) -> &PublicReader {
        &self.public
    }

    /// The connection that writes, for upkeep outside transactions.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Opens a write transaction: `BEGIN IMMEDIATE` on SQLite, read-committed with row locks on PostgreSQL. The newest
    /// master key is known in it, also when another process made it a moment ago (trust.md PI-1).
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        let options = TransactionOptions {
            sqlite_transaction_mode: (self.writer.get_database_backend() == DbBackend::Sqlite)
                .then_some(sea_orm::SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.writer.begin_with_options(options).await?;
        crate::rotation::learn_master(&tx, &self.vault).await?;
        Ok(tx)
    }

    /// Opens a transaction for reading in which every query sees the same moment.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Self::snapshot_of(&self.reader).await
    }

    /// The same from connections that only public questions use.
    pub async fn public_snapshot(&self) -> Result<PublicSnapshot, StoreError> {
        Self::snapshot_of(&self.public.0).await.map(PublicSnapshot)
    }

    async fn snapshot_of(pool: &DatabaseConnection) -> Result<Snapshot, StoreError> {
        let options = match pool.get_database_backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            // A deferred transaction of SQLite keeps the moment of its first query.
            _ => TransactionOptions::default(),
        };
        Ok(pool.begin_with_options(options).await?)
    }

    /// Seals and opens personal values.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Whether the database answers a write-capable connection; for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.writer.ping().await?)
    }

    /// Tables that are only ever added to, and that the role of this connection may change or empty nevertheless (trust.md
    /// AD-1): all of them for their owner, none for a role of `docs/grants.sql`. SQLite has no roles; there the triggers
    /// and the chain are what there is.
    pub async fn open_to_change(&self) -> Result<Vec<String>, StoreError> {
        if self.writer.get_database_backend() != DbBackend::Postgres {
            return Ok(Vec::new());
        }
        let sql = "SELECT name FROM unnest(string_to_array($1, ' ')) AS t (name)
            WHERE has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE') ORDER BY name";
        let values = [ADDED_TO.join(" ").into()];
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        self.writer
            .query_all_raw(statement)
            .await?
            .iter()
            .map(|row| Ok(row.try_get_by_index(0)?))
            .collect()
    }

    /// Ends all connections.
    pub async fn close(self) -> Result<(), StoreError> {
        self.reader.close_by_ref().await?;
        self.public.0.close_by_ref().await?;
        self.writer.close_by_ref().await?;
        Ok(())
    }
}

fn options(url: &DatabaseUrl, connections: u32, durability: Durability) -> ConnectOptions {
    let synchronous = match durability {
        // NORMAL loses acknowledged commits at power loss (trust.md LG-4).
        Durability::Full => SqliteSynchronous::Full,
        Durability::Scratch => SqliteSynchronous::Off,
    };
    let mut options = ConnectOptions::new(url.0.clone());
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(synchronous)
                .foreign_keys(true)
                .busy_timeout(LOCK)
                .statement_cache_capacity(256)
                .pragma("cache_size", "-16384")
                .pragma("temp_store", "MEMORY")
                // What is deleted or replaced is overwritten: a destroyed data key must not lie in a free page.
                .pragma("secure_delete", "ON")
        })
        .map_sqlx_postgres_opts(|postgres| {
            postgres.application_name("mingzheng").options([
                ("statement_timeout", "10s"),
                ("lock_timeout", "3s"),
                ("idle_in_transaction_session_timeout", "10s"),
            ])
        });
    options
}

/// A session that does not wait for its own disk would acknowledge what a crash can lose (LG-5).
async fn refuse_unsafe_postgres(db: &DatabaseConnection) -> Result<(), StoreError> {
    let setting =
        |name: &'static str| Statement::from_string(DbBackend::Postgres, format!("SHOW {name}"));
    let commit: String = db
        .query_one_raw(setting("synchronous_commit"))
        .await?
        .map(|row| row.try_get_by_index(0))
        .transpose()?
        .unwrap_or_default();
    if matches!(commit.as_str(), "off" | "local") {
        return Err(StoreError::Unavailable(format!(
            "synchronous_commit is {commit}: set it to on"
        )));
    }
    Ok(())
}

/// Two nodes that start together migrate one after the other.
async fn migrate_under_lock(db: &DatabaseConnection) -> Result<(), StoreError> {
    const LOCK: &str = "SELECT pg_advisory_lock(7206331)";
    const UNLOCK: &str = "SELECT pg_advisory_unlock(7206331)";
    db.execute_unprepared("SET statement_timeout = 0; SET lock_timeout = 0")
        .await?;
    db.execute_unprepared(LOCK).await?;
    let outcome = if is_whole(db).await {
        Ok(())
    } else {
        Migrator::up(db, None).await
    };
    db.execute_unprepared(UNLOCK).await?;
    Ok(outcome?)
}

/// Whether every migration has run. Then nothing is asked for that only the owner of the tables may do: the service runs as
/// a role that does not own them (`docs/grants.sql`).
async fn is_whole(db: &DatabaseConnection) -> bool {
    let asked = "SELECT version FROM seaql_migrations";
    let statement = Statement::from_string(db.get_database_backend(), asked);
    // A new database has no such table.
    let Ok(rows) = db.query_all_raw(statement).await else {
        return false;
    };
    let done: std::collections::HashSet<String> = rows
        .iter()
        .filter_map(|row| row.try_get_by_index(0).ok())
        .collect();
    Migrator::migrations()
        .iter()
        .all(|migration| done.contains(migration.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn no_statement_lock_or_idle_transaction_lasts_for_ever() {
        let fixture = Fixture::open().await;
        let store = &fixture.store;
        let postgres = store.reader.get_database_backend() == DbBackend::Postgres;
        for pool in [&store.reader, &store.public.0, &store.writer] {
            let told = async |sql: &str| {
                let statement = Statement::from_string(pool.get_database_backend(), sql);
                let row = pool.query_one_raw(statement).await.expect("asked");
                row.expect("a row")
            };
            if postgres {
                for (setting, wanted) in [
                    ("statement_timeout", "10s"),
                    ("lock_timeout", "3s"),
                    ("idle_in_transaction_session_timeout", "10s"),
                ] {
                    let row = told(&format!("SHOW {setting}")).await;
                    let value: String = row.try_get_by_index(0).expect("a text");
                    assert_eq!(value, wanted, "{setting}");
                }
            } else {
                let row = told("PRAGMA busy_timeout").await;
                let value: i32 = row.try_get_by_index(0).expect("a number");
                assert_eq!(value, 3_000);
            }
        }
    }

    #[tokio::test]
    async fn who_gets_no_connection_in_time_is_told_so() {
        let fixture = Fixture::open().await;
        let most = if fixture.store.reader.get_database_backend() == DbBackend::Postgres {
            12
        } else {
            4
        };
        let mut held = Vec::new();
        for _ in 0..most {
            held.push(fixture.store.snapshot().await.expect("a snapshot"));
        }
        let began = std::time::Instant::now();
        let refused = fixture.store.snapshot().await.expect_err("none is left");
        assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
        let waited = began.elapsed();
        assert!(
            waited >= ACQUIRE && waited < ACQUIRE + Duration::from_secs(2),
            "{waited:?}"
        );
        // What anybody may ask has connections of its own.
        fixture.store.public_snapshot().await.expect("a snapshot");
        held.clear();
        fixture.store.snapshot().await.expect("again");
    }
}
