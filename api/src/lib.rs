//! api

pub mod rosters;
