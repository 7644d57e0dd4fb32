//! Offers: an institution teaches a published program version at one of its sites.

pub mod acts;
pub mod json;
