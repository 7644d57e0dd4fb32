//! Types and rules of the registry: no I/O, no async, no SQL, no clock.
//!
//! Whatever is held in one of these types has been checked: identifiers parse or are refused,
//! lifecycles change only along the tables of the reference, time arrives as an argument.

pub mod access;
pub mod cohort;
pub mod completion;
pub mod enrolment;
pub mod gates;
pub mod ids;
