//! A witness of public logs (C2SP tlog-witness): what a provincial federation runs, on a machine of its own.
//!
//! It needs no registry: a key, and for each log that it watches one small file with the largest tree that it has cosigned.
//! A watched log whose file is lost is not watched any more: a witness that forgot could be talked into a second history
//! (trust.md LG-10).

mod folder;
mod serve;

pub(crate) use folder::log_id;
pub use folder::{Folder, WatchedLog, WitnessError};
pub use serve::{Watch, router};
