//! Grading of institutions (grading.md sections 1 to 6): evidence and policy in, results out; integers only.
//!
//! [`Evidence::from_json`] and [`Policy::from_json`] read and check the two files, [`grade`] computes, and
//! [`Run::to_json`] writes the RFC 8785 bytes of R. The formats and what the reference leaves open are in docs/formats.md,
//! "Grading". `tests/grading/recompute.py` is a second implementation that must give the same bytes.

mod counted;
mod day;
mod engine;
mod evidence;
mod explain;
mod fault;
mod fields;
mod indicator;
mod json;
mod mix;
mod policy;
mod reason;
mod replay;
mod results;
pub mod snapshot;

pub use counted::Counted;
pub use day::Day;
pub use engine::{Run, grade};
pub use evidence::Evidence;
pub use explain::Line;
pub use fault::{Fault, FaultCode, Faults};
pub use indicator::{
    Contest, Exclusion, Grade, Indicator, OutageKind, RATES, Scope, SurveyBy, SurveyMode, Tier,
    Undecided, WorkType,
};
pub use mix::Mix;
pub use policy::Policy;
pub use reason::{Basis, Reason, Sig};
pub use replay::{Contribution, Move, Replay, Shift, TraineeShift, replay};
