//! Types and rules of the registry: no I/O, no async, no SQL, no clock.
//!
//! Whatever is held in one of these types has been checked: identifiers parse or are refused,
//! lifecycles change only along the tables of the reference, time arrives as an argument.

pub mod access;
pub mod amounts;
pub mod assessment;
pub mod bulletin;
pub mod calendar;
pub mod certificate;
pub mod cohort;
pub mod completion;
pub mod contest;
pub mod enrolment;
pub mod evidence;
pub mod free_text;
pub mod gates;
pub mod grading;
pub mod identifiers;
pub mod ids;
pub mod institution;
pub mod issue_checks;
pub mod lifecycle;
pub mod names;
pub mod offer;
pub mod policy;
pub mod privacy;
pub mod program;
pub mod related;
pub mod spelling;
pub mod statistics;
pub mod survey;

pub use amounts::{Fen, Ppm, rdiv};
pub use identifiers::{
    BadIdentifier, CertificateNo, CitizenId, CohortCode, CreditCode, DisabilityCardNo, ELicenceId,
    FederationCode, OccupationCode, Phone, ProgramCode, PublicId, RegionCode, SkillLevel,
};
pub use names::{OrganisationName, PersonName};
