//! The tables as the compact evidence that the engine reads.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Snapshot, SurveyRow};
use crate::evidence::Source;
use crate::grading::day::Day;
use crate::grading::evidence::{
    Cohort, Enrolment, Episode, Evidence, Ids, Institution, NONE, Outage, Response, Standing,
};
use crate::grading::indicator::{Contest, Exclusion, Tier};

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

pub(super) fn build(from: &Snapshot, sha256: [u8; 32]) -> Option<Evidence> {
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
