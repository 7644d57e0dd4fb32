//! The public log: appending inside write transactions, checkpoints, proofs, and the check of all of it.

pub(crate) mod append;
pub mod check;
pub mod cosigned;
pub mod json;
pub mod monitor;
pub mod pages;
pub mod proofs;
pub mod proven;
pub mod published;
pub mod standing;
mod tiles;
pub mod witnesses;
