//! HTTP (JSON and pages), use cases and the `mingzheng` binary.

pub mod access;
pub mod act;
pub mod app;
pub mod boot;
pub mod catalogue;
pub mod certificates;
pub mod cli;
pub mod clock;
pub mod cohorts;
pub mod config;
pub mod errors_pages;
pub mod extract;
pub mod fields;
pub mod frame;
pub mod institutions;
pub mod keyring;
pub mod log;
pub mod offers;
pub mod problem;
pub mod programs;
pub mod proposals;
pub mod reference;
pub mod rosters;
pub mod server;
pub mod timeline;
pub mod verify;
