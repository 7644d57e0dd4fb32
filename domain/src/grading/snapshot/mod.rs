//! Evidence E from a registry's own rows: typed tables that write themselves in RFC 8785 bytes, so that the SHA-256 of
//! the file is `evidence_sha256`, and that become [`Evidence`] without being read back.
//!
//! Persons, enrolments, episodes and employers are pseudonyms keyed by the run (design decision 7).

mod bytes;
mod compact;
mod rows;

use std::io::{self, Write};

use super::day::Day;
use super::evidence::Evidence;
use bytes::{cohort, enrolment, episode, institution, outage, outage_text, survey, table};
use compact::build;

pub use rows::{
    CohortRow, EnrolmentRow, EpisodeRow, InstitutionRow, OutageRow, Pseudonym, SurveyRow,
};

/// The evidence of one run as the registry knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The freeze date.
    pub freeze: Day,
    /// Outages.
    pub outages: Vec<OutageRow>,
    /// Admissions.
    pub institutions: Vec<InstitutionRow>,
    /// Classes.
    pub cohorts: Vec<CohortRow>,
    /// Trainees.
    pub enrolments: Vec<EnrolmentRow>,
    /// Work.
    pub episodes: Vec<EpisodeRow>,
    /// Responses.
    pub surveys: Vec<SurveyRow>,
}

impl Snapshot {
    /// An empty one.
    pub const fn new(freeze: Day) -> Self {
        Self {
            freeze,
            outages: Vec::new(),
            institutions: Vec::new(),
            cohorts: Vec::new(),
            enrolments: Vec::new(),
            episodes: Vec::new(),
            surveys: Vec::new(),
        }
    }

    /// Puts every table in its order. Both other functions need it.
    pub fn sort(&mut self) {
        self.outages.sort_by_cached_key(outage_text);
        self.institutions.sort_unstable_by_key(|row| row.id);
        self.cohorts.sort_unstable_by_key(|row| row.id);
        self.enrolments.sort_unstable_by_key(|row| row.id);
        self.episodes.sort_unstable_by_key(|row| row.id);
        for episode in &mut self.episodes {
            episode.evidence.sort_by_key(|source| source.as_str());
        }
        self.surveys
            .sort_unstable_by_key(|row| (row.enrolment, row.submitted, row.seq));
    }

    /// Writes the RFC 8785 bytes of E.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut row = Vec::with_capacity(512);
        to.write_all(b"{\"cohorts\":")?;
        table(to, &mut row, &self.cohorts, cohort)?;
        to.write_all(b",\"enrolments\":")?;
        table(to, &mut row, &self.enrolments, enrolment)?;
        to.write_all(b",\"episodes\":")?;
        table(to, &mut row, &self.episodes, episode)?;
        write!(
            to,
            ",\"format\":1,\"freeze\":\"{}\",\"institutions\":",
            self.freeze
        )?;
        table(to, &mut row, &self.institutions, institution)?;
        to.write_all(b",\"outages\":")?;
        table(to, &mut row, &self.outages, outage)?;
        to.write_all(b",\"surveys\":")?;
        table(to, &mut row, &self.surveys, survey)?;
        to.write_all(b"}")
    }

    /// The same evidence as reading the written bytes gives; `sha256` is that of those bytes.
    ///
    /// Nothing when a row refers to nothing, stands twice or contradicts a date: then reading the bytes tells every fault.
    pub fn evidence(&self, sha256: [u8; 32]) -> Option<Evidence> {
        build(self, sha256)
    }
}
