//! Evidence E of a run, checked, in the compact form that the engine reads: tables sorted by id, ids as row numbers.
//!
//! The JSON form is in docs/formats.md, "Grading evidence". [`Evidence::from_json`] is the only way in.

mod canonical;
mod read;
mod rows;
mod surveys;
mod work;

use super::day::Day;
use super::indicator::{Exclusion, Grade, WorkType};
use crate::program::Purpose;

/// The evidence of one run. Row numbers follow the bytewise order of ids, so "the smaller id" is the smaller row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub(super) freeze: Day,
    pub(super) sha256: [u8; 32],
    pub(super) outages: Vec<Outage>,
    pub(super) federations: Ids,
    pub(super) institution_ids: Ids,
    pub(super) institutions: Vec<Institution>,
    pub(super) cohorts: Vec<Cohort>,
    pub(super) enrolment_ids: Ids,
    pub(super) enrolments: Vec<Enrolment>,
    pub(super) episode_ids: Ids,
    pub(super) episodes: Vec<Episode>,
    /// Sources of tier A and B, per episode a range of this list.
    pub(super) sources: Vec<u32>,
    /// How many persons there are.
    pub(super) persons: u32,
    /// At most one response for each enrolment: the first, and only if it is not flagged.
    pub(super) responses: Vec<Response>,
}

impl Evidence {
    /// The freeze date F.
    pub const fn freeze(&self) -> Day {
        self.freeze
    }

    /// SHA-256 of the RFC 8785 bytes of E with its arrays sorted (docs/formats.md).
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Number of enrolments.
    pub const fn enrolments(&self) -> usize {
        self.enrolments.len()
    }

    /// Number of episodes of work.
    pub const fn episodes(&self) -> usize {
        self.episodes.len()
    }

    /// Number of institutions.
    pub const fn institutions(&self) -> usize {
        self.institutions.len()
    }

    /// The row of an institution.
    pub(super) fn institution(&self, id: &str) -> Option<usize> {
        self.institution_ids.find(id)
    }
}

/// Texts one after another, found by row number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    text: String,
    ends: Vec<usize>,
}

impl Ids {
    pub(super) fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(self.text.len());
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn of(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.text[start..self.ends[row]]
    }

    /// The row of an id in a sorted list.
    fn find(&self, id: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.of(middle).cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// No row: no institution is related, no response was given.
pub(super) const NONE: u32 = u32::MAX;

/// A time in which a source of a province did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outage {
    pub(super) province: u32,
    pub(super) source: u32,
    pub(super) from: Day,
    /// Exclusive.
    pub(super) until: Day,
}

/// An institution's admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Institution {
    pub(super) federation: u32,
    pub(super) previous: Option<Grade>,
    pub(super) third_party_score: Option<u8>,
    pub(super) sat_suspended: bool,
    pub(super) exited: bool,
}

/// A class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cohort {
    pub(super) institution: u32,
    pub(super) start: Day,
    pub(super) end: Day,
    pub(super) planned_hours: u32,
    pub(super) purpose: Purpose,
    pub(super) certifiable: bool,
}

/// One trainee in one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Enrolment {
    pub(super) person: u32,
    pub(super) cohort: u32,
    pub(super) province: u32,
    pub(super) attended_hours: u32,
    pub(super) exit: Day,
    /// Date of the exclusion.
    pub(super) excluded_on: Day,
    pub(super) exclusion: Option<Exclusion>,
    /// 1 to 7.
    pub(super) category: u8,
    /// 1 to 4.
    pub(super) level: u8,
    pub(super) completed: bool,
    pub(super) certified: bool,
    pub(super) employed: bool,
    pub(super) contactable: bool,
    pub(super) transferred: bool,
}

/// One episode of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) person: u32,
    pub(super) start: Day,
    /// Inclusive; [`Day::LATEST`] while it goes on.
    pub(super) last: Day,
    /// Institution to which the employer is related.
    pub(super) related: u32,
    pub(super) sources_from: u32,
    pub(super) sources_count: u32,
    pub(super) kind: WorkType,
    pub(super) standing: Standing,
    /// Evidence of tier A is there.
    pub(super) tier_a: bool,
}

/// What the evidence of an episode is worth at the freeze.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Verified, and no contest is open or upheld.
    Verified,
    /// Would be verified, but the claim is undecided.
    Undecided,
    /// Not verified, or contested.
    Nothing,
}

/// The valid response of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) enrolment: u32,
    /// Sum of the five items.
    pub(super) sum: u8,
}
