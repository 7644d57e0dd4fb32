//! What somebody with the database in hand can do to the audit, for the tests that must find it out (trust.md AD-1).
//!
//! Built only with the feature `test-support`; the service has no way to these functions.

use std::fmt::Write as _;

use sea_orm::{ConnectionTrait, DbBackend};

use crate::audit::{self, AuditRow};
use crate::{Store, StoreError, commit};

const TABLES: [&str; 3] = ["audit", "audit_anchor", "audit_head"];

/// Runs statements as they are; the triggers hold.
pub async fn plainly(store: &Store, sql: &str) -> Result<(), StoreError> {
    let tx = store.write().await?;
    tx.execute_unprepared(sql).await?;
    commit(tx).await
}

/// Runs statements with the triggers out of the way, as the owner of the tables can.
pub async fn as_owner(store: &Store, sql: &str) -> Result<(), StoreError> {
    let tx = store.write().await?;
    take_triggers_away(&tx).await?;
    tx.execute_unprepared(sql).await?;
    commit(tx).await
}

/// Changes one row and everything after it, so that the chain fits again: only a head kept elsewhere can tell.
pub async fn rewrite_from(store: &Store, seq: i64, act: &str) -> Result<(), StoreError> {
    let tx = store.write().await?;
    take_triggers_away(&tx).await?;
    let mut rows: Vec<AuditRow> = audit::rows(&tx, seq, 1_000_000).await?;
    tx.execute_unprepared(&format!("DELETE FROM audit WHERE seq >= {seq}"))
        .await?;
    let mut previous: Option<Vec<u8>> = None;
    for row in &mut rows {
        if row.seq == seq {
            act.clone_into(&mut row.act);
        }
        if let Some(previous) = &previous {
            row.previous.clone_from(previous);
        }
        row.hash = row.computed_hash().to_vec();
        previous = Some(row.hash.clone());
        audit::insert(&tx, row.clone()).await?;
    }
    if let Some(hash) = previous {
        let mut hex = String::new();
        for byte in &hash {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        let bytes = match tx.get_database_backend() {
            DbBackend::Postgres => format!("'\\x{hex}'"),
            _ => format!("X'{hex}'"),
        };
        tx.execute_unprepared(&format!("UPDATE audit_head SET hash = {bytes}"))
            .await?;
    }
    commit(tx).await
}

/// Writes all that a SQLite database holds at this moment into another file, as a backup does.
pub async fn copy(store: &Store, file: &std::path::Path) -> Result<(), StoreError> {
    let sql = format!("VACUUM INTO '{}'", file.display());
    store.writer().execute_unprepared(&sql).await?;
    Ok(())
}

async fn take_triggers_away(tx: &crate::WriteTx) -> Result<(), StoreError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        for table in TABLES {
            tx.execute_unprepared(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"))
                .await?;
        }
    } else {
        for trigger in [
            "audit_no_update",
            "audit_no_delete",
            "audit_anchor_no_update",
            "audit_anchor_no_delete",
            "audit_head_one_step",
            "audit_head_no_delete",
        ] {
            tx.execute_unprepared(&format!("DROP TRIGGER IF EXISTS {trigger}"))
                .await?;
        }
    }
    Ok(())
}
