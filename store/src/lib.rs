//! The only place with SQL: private sea-orm entities; rows become domain types here.
//!
//! Functions take `&impl ConnectionTrait`, so that each works on the reader or inside a write transaction.
//! "Not there" is `Ok(None)`; a row that the domain refuses is [`StoreError::Inconsistent`].

pub mod account_list;
pub mod accounts;
pub mod assessments;
pub mod audit;
mod bulk;
pub mod bulk_exports;
pub mod bundles;
pub mod cases;
pub mod certificates;
pub mod cohorts;
pub mod conflicts;
mod connect;
pub mod contacts;
pub mod dump;
pub mod enrolments;
#[expect(
    unreachable_pub,
    reason = "the derive makes public items inside a private module"
)]
mod entity;
pub mod episodes;
pub mod error;
pub mod evidence_lists;
pub mod export_totals;
pub mod factors;
pub mod files;
#[cfg(test)]
mod fixture;
pub mod follow_up_messages;
pub mod grading;
pub mod health;
pub mod idempotency;
pub mod institutions;
pub mod journal;
pub mod log;
pub mod lookups;
pub mod objections;
pub mod offers;
pub mod one_time_tokens;
pub mod passkeys;
pub mod persons;
pub mod phones;
#[cfg(test)]
mod plans;
pub mod privacy;
pub mod programs;
pub mod proposals;
pub mod public_catalogue;
pub mod public_reader;
pub mod recovery;
pub mod reference;
pub mod register_drafts;
pub mod registers;
pub mod related;
pub mod residents;
pub mod results;
pub mod roster_mismatches;
pub mod rosters;
pub mod rotation;
pub mod scope;
pub mod second_factors;
pub mod sessions;
pub mod sign_in_failures;
pub mod sign_in_requests;
pub mod survey_calls;
pub mod surveys;
#[cfg(feature = "test-support")]
pub mod tampering;
pub mod time;
pub mod transfers;
pub mod trust_lists;
pub mod vault;
pub mod witnessed;

pub use connect::{DatabaseUrl, Durability, Reader, Snapshot, Store, WriteTx};
pub use error::StoreError;
pub use public_reader::{PublicRead, PublicReader, PublicSnapshot};
/// What every store function takes: a reader or a write transaction.
pub use sea_orm::ConnectionTrait;

/// Commits a write transaction: only now has anything happened.
pub async fn commit(tx: WriteTx) -> Result<(), StoreError> {
    Ok(tx.commit().await?)
}

/// Takes back everything a write transaction did.
pub async fn rollback(tx: WriteTx) -> Result<(), StoreError> {
    Ok(tx.rollback().await?)
}
