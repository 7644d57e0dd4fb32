//! What the tests share: a real server on a real socket over a real database, clients that speak HTTP to it, the
//! `mingzheng` binary, and the usual story up to the point where a test begins.

pub mod answer;
pub mod authenticator;
pub mod browser;
pub mod client;
pub mod command;
pub mod database;
pub mod interop;
mod kept;
pub mod offline;
pub mod paper;
pub mod people;
pub mod raw;
pub mod rosters;
pub mod search;
pub mod server;
pub mod story;
pub mod world;

pub use answer::Answer;
pub use browser::Browser;
pub use client::Client;
pub use command::{Mingzheng, Ran};
pub use database::Database;
pub use server::TestServer;
pub use story::Story;
pub use world::World;

/// The same test on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both {
    ($($name:ident;)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::Database::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(database) = $crate::Database::postgres() {
                    super::$name(database).await;
                }
            }
        }
    )*};
}

/// Root of the repository.
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
