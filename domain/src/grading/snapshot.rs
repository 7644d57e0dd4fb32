//! Evidence E from a registry's own rows: typed tables that write themselves in RFC 8785 bytes, so that the SHA-256 of
//! the file is `evidence_sha256`, and that become [`Evidence`] without being read back.
//!
//! Persons, enrolments, episodes and employers are pseudonyms keyed by the run (design decision 7).

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};

use uuid::Uuid;

use super::day::Day;
use super::evidence::{
    Cohort, Enrolment, Episode, Evidence, Ids, Institution, NONE, Outage, Response, Standing,
};
use super::indicator::{
    Contest, Exclusion, Grade, OutageKind, SurveyBy, SurveyMode, Tier, WorkType,
};
use super::json::write_text;
use crate::evidence::Source;
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

fn table<T>(
    to: &mut impl Write,
    bytes: &mut Vec<u8>,
    rows: &[T],
    write_row: impl Fn(&T, &mut Vec<u8>),
) -> io::Result<()> {
    to.write_all(b"[")?;
    for (at, row) in rows.iter().enumerate() {
        bytes.clear();
        if at > 0 {
            bytes.push(b',');
        }
        write_row(row, bytes);
        to.write_all(bytes)?;
    }
    to.write_all(b"]")
}

fn text(to: &mut Vec<u8>, name: &str, value: &str) {
    to.extend_from_slice(name.as_bytes());
    write_text(value, to);
}

fn hex(to: &mut Vec<u8>, name: &str, value: Pseudonym) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    to.extend_from_slice(name.as_bytes());
    to.push(b'"');
    for byte in value.0 {
        to.push(HEX[usize::from(byte >> 4)]);
        to.push(HEX[usize::from(byte & 15)]);
    }
    to.push(b'"');
}

fn id(to: &mut Vec<u8>, name: &str, value: Uuid) {
    let mut buffer = Uuid::encode_buffer();
    to.extend_from_slice(name.as_bytes());
    to.push(b'"');
    to.extend_from_slice(value.hyphenated().encode_lower(&mut buffer).as_bytes());
    to.push(b'"');
}

fn number(to: &mut Vec<u8>, name: &str, value: u32) {
    to.extend_from_slice(name.as_bytes());
    // Writing to a vector cannot fail.
    let _ = write!(to, "{value}");
}

fn truth(to: &mut Vec<u8>, name: &str, value: bool) {
    to.extend_from_slice(name.as_bytes());
    to.extend_from_slice(if value { b"true" } else { b"false" });
}

fn day(to: &mut Vec<u8>, name: &str, value: Option<Day>) {
    to.extend_from_slice(name.as_bytes());
    let _ = match value {
        Some(day) => write!(to, "\"{day}\""),
        None => write!(to, "null"),
    };
}

fn word(to: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(to, name, value);
    } else {
        to.extend_from_slice(name.as_bytes());
        to.extend_from_slice(b"null");
    }
}

fn cohort(row: &CohortRow, to: &mut Vec<u8>) {
    truth(to, "{\"certifiable\":", row.certifiable);
    day(to, ",\"end\":", Some(row.end));
    id(to, ",\"id\":", row.id);
    id(to, ",\"institution\":", row.institution);
    number(to, ",\"planned_hours\":", row.planned_hours);
    text(to, ",\"purpose\":", row.purpose.as_str());
    day(to, ",\"start\":", Some(row.start));
    to.push(b'}');
}

fn enrolment(row: &EnrolmentRow, to: &mut Vec<u8>) {
    number(to, "{\"attended_hours\":", row.attended_hours);
    truth(to, ",\"certified\":", row.certified);
    id(to, ",\"cohort\":", row.cohort);
    truth(to, ",\"completed\":", row.completed);
    truth(to, ",\"contactable\":", row.contactable);
    number(to, ",\"disability_category\":", row.category.into());
    number(to, ",\"disability_level\":", row.level.into());
    truth(to, ",\"employed_at_enrolment\":", row.employed);
    match row.exclusion {
        Some((code, on)) => {
            text(to, ",\"exclusion\":{\"code\":", code.as_str());
            day(to, ",\"date\":", Some(on));
            to.push(b'}');
        }
        None => to.extend_from_slice(b",\"exclusion\":null"),
    }
    day(to, ",\"exit_date\":", Some(row.exit));
    let _ = write!(
        to,
        ",\"household_province\":\"{:06}\"",
        row.household_province
    );
    hex(to, ",\"id\":", row.id);
    hex(to, ",\"person\":", row.person);
    // Left out where it is false: a file without it means the same.
    if row.transferred {
        truth(to, ",\"transferred\":", true);
    }
    to.push(b'}');
}

fn episode(row: &EpisodeRow, to: &mut Vec<u8>) {
    day(to, "{\"claimed_at\":", row.claimed_at);
    word(to, ",\"contest\":", row.contest.map(Contest::as_str));
    day(to, ",\"decided_at\":", row.decided_at);
    hex(to, ",\"employer\":", row.employer);
    to.extend_from_slice(b",\"evidence\":[");
    for (at, source) in row.evidence.iter().enumerate() {
        let first = if at > 0 {
            ",{\"source\":"
        } else {
            "{\"source\":"
        };
        text(to, first, source.as_str());
        text(to, ",\"tier\":", source.tier().as_str());
        to.push(b'}');
    }
    to.push(b']');
    hex(to, ",\"id\":", row.id);
    day(to, ",\"last_day\":", row.last);
    hex(to, ",\"person\":", row.person);
    match row.related {
        Some(related) => id(to, ",\"related_to_institution\":", related),
        None => to.extend_from_slice(b",\"related_to_institution\":null"),
    }
    day(to, ",\"start\":", Some(row.start));
    text(to, ",\"type\":", row.kind.as_str());
    to.push(b'}');
}

fn institution(row: &InstitutionRow, to: &mut Vec<u8>) {
    text(to, "{\"district\":", &row.district);
    if row.exited {
        // Left out as long as it stands: most files need no such word.
        truth(to, ",\"exited\":", true);
    }
    text(to, ",\"federation\":", &row.federation);
    id(to, ",\"id\":", row.id);
    word(
        to,
        ",\"previous_grade\":",
        row.previous_grade.map(Grade::as_str),
    );
    truth(to, ",\"sat_suspended\":", row.sat_suspended);
    to.extend_from_slice(b",\"third_party_score\":");
    let _ = match row.third_party_score {
        Some(score) => write!(to, "{score}}}"),
        None => write!(to, "null}}"),
    };
}

fn outage(row: &OutageRow, to: &mut Vec<u8>) {
    day(to, "{\"from\":", Some(row.from));
    text(to, ",\"kind\":", row.kind.as_str());
    text(to, ",\"province\":", &row.province);
    text(to, ",\"source\":", row.source.as_str());
    day(to, ",\"until\":", Some(row.until));
    to.push(b'}');
}

fn outage_text(row: &OutageRow) -> Vec<u8> {
    let mut bytes = Vec::new();
    outage(row, &mut bytes);
    bytes
}

fn survey(row: &SurveyRow, to: &mut Vec<u8>) {
    text(to, "{\"by\":", row.by.as_str());
    hex(to, ",\"enrolment\":", row.enrolment);
    truth(to, ",\"flagged\":", row.flagged);
    let [teaching, usefulness, accessibility, service, overall] = row.items;
    let _ = write!(
        to,
        ",\"items\":[{teaching},{usefulness},{accessibility},{service},{overall}]"
    );
    text(to, ",\"mode\":", row.mode.as_str());
    number(to, ",\"seq\":", row.seq);
    day(to, ",\"submitted\":", Some(row.submitted));
    to.push(b'}');
}

/// Numbers for things that are only compared, in the order in which they are met.
struct Numbers<K>(HashMap<K, u32>);

impl<K: std::hash::Hash + Eq> Numbers<K> {
    fn of(&mut self, key: K) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(NONE);
        *self.0.entry(key).or_insert(next)
    }
}

/// A text that is only compared: a province by its digits, a source, or any other text.
#[derive(PartialEq, Eq, Hash)]
enum Word<'a> {
    Province(u32),
    Source(Source),
    Text(&'a str),
}

fn province_word(text: &str) -> Word<'_> {
    match text.parse() {
        Ok(digits) if text.len() == 6 => Word::Province(digits),
        _ => Word::Text(text),
    }
}

fn row_of<T>(rows: &[T], key: impl Fn(&T) -> Uuid, id: Uuid) -> Option<u32> {
    let at = rows.binary_search_by_key(&id, key).ok()?;
    u32::try_from(at).ok()
}

fn build(from: &Snapshot, sha256: [u8; 32]) -> Option<Evidence> {
    let mut federation_numbers = Numbers(HashMap::new());
    let mut federations = Ids::default();
    let (mut institution_ids, mut institutions) = (Ids::default(), Vec::new());
    for row in &from.institutions {
        institution_ids.push(&row.id.to_string());
        let before = federation_numbers.0.len();
        let federation = federation_numbers.of(row.federation.as_str());
        if federation_numbers.0.len() > before {
            federations.push(&row.federation);
        }
        institutions.push(Institution {
            federation,
            previous: row.previous_grade,
            third_party_score: row.third_party_score,
            sat_suspended: row.sat_suspended,
            exited: row.exited,
        });
    }
    let ascending = |pairs: bool| pairs.then_some(());
    ascending(from.institutions.is_sorted_by(|one, two| one.id < two.id))?;
    ascending(from.cohorts.is_sorted_by(|one, two| one.id < two.id))?;
    ascending(from.enrolments.is_sorted_by(|one, two| one.id < two.id))?;
    ascending(from.episodes.is_sorted_by(|one, two| one.id < two.id))?;
    let mut cohorts = Vec::with_capacity(from.cohorts.len());
    for row in &from.cohorts {
        let fits = row.start <= row.end && (1..=100_000).contains(&row.planned_hours);
        cohorts.push(Cohort {
            institution: row_of(&from.institutions, |one| one.id, row.institution)
                .filter(|_| fits)?,
            start: row.start,
            end: row.end,
            planned_hours: row.planned_hours,
            purpose: row.purpose,
            certifiable: row.certifiable,
        });
    }
    let mut words = Numbers(HashMap::new());
    let mut outages = Vec::new();
    for row in &from.outages {
        ascending(row.from < row.until)?;
        outages.push(Outage {
            province: words.of(province_word(&row.province)),
            source: words.of(Word::Source(row.source)),
            from: row.from,
            until: row.until,
        });
    }
    let mut persons = Numbers(HashMap::with_capacity(from.enrolments.len()));
    let (mut enrolment_ids, mut enrolments) =
        (Ids::default(), Vec::with_capacity(from.enrolments.len()));
    for row in &from.enrolments {
        let cohort = row_of(&from.cohorts, |one| one.id, row.cohort)?;
        let class = &cohorts[cohort as usize];
        let fits = (class.start..=class.end).contains(&row.exit)
            && (1..=7).contains(&row.category)
            && (1..=4).contains(&row.level)
            && row.attended_hours <= 100_000
            && row.exclusion.is_none_or(|(code, on)| {
                Exclusion::GIVEN.contains(&code) && (code != Exclusion::X1 || on >= class.start)
            });
        ascending(fits)?;
        enrolment_ids.push(&row.id.to_string());
        enrolments.push(Enrolment {
            person: persons.of(row.person),
            cohort,
            province: words.of(Word::Province(row.household_province)),
            attended_hours: row.attended_hours,
            exit: row.exit,
            excluded_on: row.exclusion.map_or(Day::LATEST, |(_, on)| on),
            exclusion: row.exclusion.map(|(code, _)| code),
            category: row.category,
            level: row.level,
            completed: row.completed,
            certified: row.certified,
            employed: row.employed,
            contactable: row.contactable,
            transferred: row.transferred,
        });
    }
    let (mut episode_ids, mut episodes, mut sources) = (
        Ids::default(),
        Vec::with_capacity(from.episodes.len()),
        Vec::new(),
    );
    for row in &from.episodes {
        let fits = row.last.is_none_or(|last| last >= row.start)
            && row
                .decided_at
                .is_none_or(|on| row.claimed_at.is_none_or(|from| on >= from));
        ascending(fits)?;
        let related = match row.related {
            Some(id) => row_of(&from.institutions, |one| one.id, id)?,
            None => NONE,
        };
        let person = persons.of(row.person);
        let sources_from = u32::try_from(sources.len()).ok()?;
        for source in row
            .evidence
            .iter()
            .filter(|source| source.tier() != Tier::C)
        {
            sources.push(words.of(Word::Source(*source)));
        }
        let proof = crate::evidence::proof(&row.evidence);
        let contested = matches!(row.contest, Some(Contest::Open | Contest::Upheld));
        let undecided =
            row.claimed_at.is_some() && row.decided_at.is_none_or(|on| on > from.freeze);
        episode_ids.push(&row.id.to_string());
        episodes.push(Episode {
            person,
            start: row.start,
            last: row.last.unwrap_or(Day::LATEST),
            related,
            sources_from,
            sources_count: u32::try_from(sources.len()).ok()? - sources_from,
            kind: row.kind,
            standing: match (proof.is_enough() && !contested, undecided) {
                (false, _) => Standing::Nothing,
                (true, true) => Standing::Undecided,
                (true, false) => Standing::Verified,
            },
            tier_a: proof == crate::evidence::Proof::Register,
        });
    }
    let responses = responses(from)?;
    Some(Evidence {
        freeze: from.freeze,
        sha256,
        outages,
        federations,
        institution_ids,
        institutions,
        cohorts,
        enrolment_ids,
        enrolments,
        episode_ids,
        episodes,
        sources,
        persons: u32::try_from(persons.0.len()).ok()?,
        responses,
    })
}

/// The first response of each enrolment, and only if it is not flagged.
fn responses(from: &Snapshot) -> Option<Vec<Response>> {
    let mut responses = Vec::new();
    let mut row = 0;
    let mut before: Option<&SurveyRow> = None;
    for answer in &from.surveys {
        while from.enrolments.get(row)?.id < answer.enrolment {
            row += 1;
        }
        let good = from.enrolments[row].id == answer.enrolment
            && answer.submitted <= from.freeze
            && answer.items.iter().all(|item| (1..=5).contains(item))
            && before.is_none_or(|one| {
                (one.enrolment, one.submitted, one.seq)
                    < (answer.enrolment, answer.submitted, answer.seq)
            });
        good.then_some(())?;
        let first = before.is_none_or(|one| one.enrolment != answer.enrolment);
        if first && !answer.flagged {
            responses.push(Response {
                enrolment: u32::try_from(row).ok()?,
                sum: answer.items.iter().sum(),
            });
        }
        before = Some(answer);
    }
    Some(responses)
}
