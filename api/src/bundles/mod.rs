//! Trust bundles: made once a day and whenever a key changes its state, kept as they were signed, given to anybody
//! (`docs/formats.md` section 18).

/// Name of their numbers in the table of those that are left out.
pub(crate) const NUMBERS: &str = "trust_bundle";

mod build;
pub mod json;
mod kept;
mod work;

pub use build::{Built, build};
pub use work::{due, work};

use chrono::TimeDelta;

/// For how long a bundle is good: a county without a network fetches one a week.
pub const VALIDITY: TimeDelta = TimeDelta::days(7);

/// How often one is made at least.
pub const EVERY: TimeDelta = TimeDelta::days(1);

/// How many are kept: from each of them there is a delta to the newest.
pub const KEPT: u32 = 60;
