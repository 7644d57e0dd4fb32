//! Opaque ids: who a thing is never depends on an identity number, a credit code or an account
//! (field.md 1, 2; design decision 24).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected a UUID")]
pub struct BadId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes over a UUID made by the id source of the process (version 7, ordered in time).
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The sixteen bytes of the UUID.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                Uuid::try_parse(text).map(Self).map_err(|_| BadId)
            }
        }
    )*};
}

ids! {
    /// A trainee as a human being; identity numbers and names hang on it with dates.
    PersonId,
    /// A member of staff as a human being: "two persons" are two of these.
    StaffPersonId,
    /// A sign-in of a member of staff.
    AccountId,
    /// A post in an organisation, with its powers.
    PostId,
    /// One sign-in of an account: a family of refresh tokens, or one browser.
    SessionId,
    /// A training institution as a legal person.
    InstitutionId,
    /// The standing of one institution with one province-level federation.
    AdmissionId,
    /// A place where an institution teaches.
    SiteId,
    /// A national catalogue entry.
    ProgramId,
    /// One immutable version of a program.
    ProgramVersionId,
    /// An institution's offer of a program version at a site.
    OfferId,
    /// A class.
    CohortId,
    /// One trainee in one cohort.
    EnrolmentId,
    /// An uploaded roster file.
    RosterId,
    /// A certificate; the public id on the paper is another one.
    CertificateId,
    /// A batch of certificates proposed by an institution.
    BatchId,
    /// An act that waits for its second person.
    ProposalId,
    /// An official document (文号).
    DocumentId,
    /// An evidence file.
    FileId,
    /// An objection raised during a notice.
    ObjectionId,
    /// An episode of work.
    EpisodeId,
    /// An imported snapshot of a register.
    RegisterSnapshotId,
    /// A conflict that wants a look.
    ConflictId,
    /// A grading run.
    GradingRunId,
    /// A draft of a grading policy.
    PolicyDraftId,
    /// A survey invitation.
    SurveyId,
    /// A bulletin.
    BulletinId,
    /// One entry of a timeline.
    TimelineId,
    /// A case against an institution: warning, rectification, suspension, exit.
    CaseId,
    /// A paper of a case.
    PaperId,
    /// An appeal.
    AppealId,
    /// A result of a grading run.
    ResultId,
    /// An accreditation of a third-party assessor.
    AssessorId,
    /// A third-party assessment of an institution.
    AssessmentId,
}

/// Position of a leaf in the public log, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeafIndex(pub u64);

/// Builds an id of version 7 from the time and ten random bytes, both given from outside.
pub fn uuid_v7(unix_millis: u64, random: [u8; 10]) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(unix_millis, &random).into_uuid()
}
