//! What anybody may ask reads through a type of its own (field.md 22, design decision 27): only questions whose answers
//! hold no personal value take it, so that a public route cannot ask another one, not even by mistake.
//!
//! The catalogue, certificates as verification shows them, reference data and the log take it:
//!
//! ```no_run
//! async fn asked(reader: &store::PublicReader) {
//!     let _ = store::public_catalogue::numbers(reader).await;
//! }
//! ```
//!
//! What opens personal values does not:
//!
//! ```compile_fail,E0277
//! async fn asked(reader: &store::PublicReader, vault: &store::vault::Vault, day: chrono::NaiveDate) {
//!     let _ = store::persons::open(reader, vault, &[], day).await;
//! }
//! ```
//!
//! The same of a snapshot, from which many certificates are verified at once:
//!
//! ```compile_fail,E0277
//! async fn asked(at: &store::PublicSnapshot, vault: &store::vault::Vault, day: chrono::NaiveDate) {
//!     let _ = store::persons::open(at, vault, &[], day).await;
//! }
//! ```

use sea_orm::{DatabaseConnection, DatabaseTransaction};

use crate::StoreError;

/// Connections that ask public questions alone. It is no `ConnectionTrait`.
#[derive(Clone, Debug)]
pub struct PublicReader(pub(crate) DatabaseConnection);

/// Public questions that are asked together, of one moment; no `ConnectionTrait` either. It ends when it is dropped.
#[derive(Debug)]
pub struct PublicSnapshot(pub(crate) DatabaseTransaction);

impl PublicSnapshot {
    /// Gives the connection back at once.
    pub async fn end(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }
}

/// Whoever may ask public questions: a [`PublicReader`], and every connection that may ask more.
pub trait PublicRead: connected::Connected {}

impl<T: connected::Connected> PublicRead for T {}

mod connected {
    use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction};

    /// Leads to the connection; outside this crate nobody can name it.
    pub trait Connected: Sync {
        /// The connection.
        type Connection: ConnectionTrait;

        /// The connection.
        fn connection(&self) -> &Self::Connection;
    }

    impl Connected for super::PublicReader {
        type Connection = DatabaseConnection;

        fn connection(&self) -> &DatabaseConnection {
            &self.0
        }
    }

    impl Connected for super::PublicSnapshot {
        type Connection = DatabaseTransaction;

        fn connection(&self) -> &DatabaseTransaction {
            &self.0
        }
    }

    impl<C: ConnectionTrait> Connected for C {
        type Connection = C;

        fn connection(&self) -> &C {
            self
        }
    }
}
