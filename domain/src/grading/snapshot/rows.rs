//! The rows of the tables.

use std::fmt;

use uuid::Uuid;

use crate::evidence::Source;
use crate::grading::day::Day;
use crate::grading::indicator::{
    Contest, Exclusion, Grade, OutageKind, SurveyBy, SurveyMode, WorkType,
};
use crate::program::Purpose;

/// An id that is good for one run: 16 bytes of a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A time in which a source of a province did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutageRow {
    /// Province-level federation.
    pub province: String,
    /// The source.
    pub source: Source,
    /// First day.
    pub from: Day,
    /// Exclusive.
    pub until: Day,
    /// What kept it.
    pub kind: OutageKind,
}

/// An admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstitutionRow {
    /// Id of the admission.
    pub id: Uuid,
    /// Province-level federation.
    pub federation: String,
    /// Division of its seat.
    pub district: String,
    /// Grade published before.
    pub previous_grade: Option<Grade>,
    /// Score of the third party.
    pub third_party_score: Option<u8>,
    /// Whether an officer suspended the survey.
    pub sat_suspended: bool,
    /// Whether the institution had left on the freeze date.
    pub exited: bool,
}

/// A class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CohortRow {
    /// Its id.
    pub id: Uuid,
    /// Its admission.
    pub institution: Uuid,
    /// First day.
    pub start: Day,
    /// Last day.
    pub end: Day,
    /// Planned hours, at least 1.
    pub planned_hours: u32,
    /// Purpose of the program.
    pub purpose: Purpose,
    /// Whether the program leads to a certificate.
    pub certifiable: bool,
}

/// One trainee in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// Its pseudonym.
    pub id: Pseudonym,
    /// The person's pseudonym.
    pub person: Pseudonym,
    /// The class.
    pub cohort: Uuid,
    /// Six digits of the province-level federation of the household.
    pub household_province: u32,
    /// 1 to 7.
    pub category: u8,
    /// 1 to 4.
    pub level: u8,
    /// Hours attended.
    pub attended_hours: u32,
    /// Exit.
    pub exit: Day,
    /// Completed.
    pub completed: bool,
    /// Holds the certificate.
    pub certified: bool,
    /// Had work on the day of enrolment.
    pub employed: bool,
    /// Approved exclusion.
    pub exclusion: Option<(Exclusion, Day)>,
    /// Whether the survey can reach the person.
    pub contactable: bool,
    /// Ended by the exit of its institution, or came by it with less than half of the hours left: it leaves CMP.
    pub transferred: bool,
}

/// One episode of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpisodeRow {
    /// Its pseudonym.
    pub id: Pseudonym,
    /// The person's pseudonym.
    pub person: Pseudonym,
    /// Form of work.
    pub kind: WorkType,
    /// Pseudonym of the employer.
    pub employer: Pseudonym,
    /// First day.
    pub start: Day,
    /// Last day, inclusive; nothing while it goes on.
    pub last: Option<Day>,
    /// Admission to which the employer is related.
    pub related: Option<Uuid>,
    /// Where the evidence came from; the tier follows from the source.
    pub evidence: Box<[Source]>,
    /// Contest.
    pub contest: Option<Contest>,
    /// When it was claimed.
    pub claimed_at: Option<Day>,
    /// When it was verified or refused.
    pub decided_at: Option<Day>,
}

/// One response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurveyRow {
    /// Pseudonym of the enrolment.
    pub enrolment: Pseudonym,
    /// Five items of 1 to 5.
    pub items: [u8; 5],
    /// Day of the response.
    pub submitted: Day,
    /// Order within the enrolment.
    pub seq: u32,
    /// Whether it is flagged.
    pub flagged: bool,
    /// How.
    pub mode: SurveyMode,
    /// By whom.
    pub by: SurveyBy,
}
