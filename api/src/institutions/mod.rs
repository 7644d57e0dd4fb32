//! Institutions: application, admission by a federation, sites, objections.

pub mod admission;
pub mod apply;
pub mod json;
pub mod objections;
pub mod pages;
pub(crate) mod profile;
pub mod request;
pub mod sites;
