//! What readiness asks of the database (trust.md HL-1).

use migrations::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::{Store, StoreError};

impl Store {
    /// Whether the database takes writes: a transaction begins and is taken back.
    pub async fn takes_writes(&self) -> Result<(), StoreError> {
        let tx = self.write().await?;
        if tx.get_database_backend() == DbBackend::Postgres {
            let sql =
                "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";
            let row = tx
                .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
                .await?;
            let reads_only: bool = row
                .map(|row| row.try_get_by_index(0))
                .transpose()?
                .unwrap_or(true);
            if reads_only {
                return Err(StoreError::Unavailable("the server only reads".to_owned()));
            }
        }
        crate::rollback(tx).await
    }

    /// How many migrations this program knows and the database has not seen.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        let pending = Migrator::get_pending_migrations(self.reader()).await?;
        Ok(pending.len())
    }
}
