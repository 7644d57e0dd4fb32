//! Programs with immutable versions, and certificate types.

pub mod drafts;
pub mod json;
pub mod pages;
pub mod types;
pub mod versions;
