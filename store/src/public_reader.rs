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

use sea_orm::DatabaseConnection;

/// Connections that ask public questions alone. It is no `ConnectionTrait`.
#[derive(Clone, Debug)]
pub struct PublicReader(pub(crate) DatabaseConnection);

/// Whoever may ask public questions: a [`PublicReader`], and every connection that may ask more.
pub trait PublicRead: connected::Connected {}

impl<T: connected::Connected> PublicRead for T {}

mod connected {
    use sea_orm::{ConnectionTrait, DatabaseConnection};

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

    impl<C: ConnectionTrait> Connected for C {
        type Connection = C;

        fn connection(&self) -> &C {
            self
        }
    }
}
