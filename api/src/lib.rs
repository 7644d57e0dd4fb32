//! HTTP (JSON and pages), use cases and the `mingzheng` binary.

pub mod access;
pub mod act;
pub mod app;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod errors_pages;
pub mod extract;
pub mod frame;
pub mod keyring;
pub mod log;
pub mod problem;
pub mod proposals;
pub mod reference;
pub mod rosters;
pub mod timeline;
