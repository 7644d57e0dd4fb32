//! Grading as an outsider sees it: evidence and policy in, results out.

mod build;
mod conversion;
mod documents;
mod exclusions;
mod explain;
mod fairness;
mod faults;
mod grades;
mod properties;
mod random;
mod recompute;
mod satisfaction;
mod schema;
mod snapshot;
mod stability;
