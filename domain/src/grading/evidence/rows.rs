//! The fields of one row of each table.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Cohort, Enrolment, Episode, Ids, Institution, NONE, Outage, Standing};
use crate::grading::day::Day;
use crate::grading::fault::{FaultCode, Faults, Path};
use crate::grading::fields::{Slot, open};
use crate::grading::indicator::{
    Contest, Exclusion, Grade, OutageKind, SurveyBy, SurveyMode, Tier, WorkType,
};
use crate::grading::json::Node;
use crate::program::Purpose;

/// Most hours of a course or of attendance.
const HOURS: u32 = 100_000;

/// Numbers for texts that are only compared: persons, provinces, sources.
#[derive(Default)]
pub(super) struct Words<'a>(pub(super) HashMap<Cow<'a, str>, u32>);

impl<'a> Words<'a> {
    pub(super) fn number(&mut self, text: &Cow<'a, str>) -> u32 {
        if let Some(&number) = self.0.get(text) {
            return number;
        }
        // Tables hold fewer than 2^32 rows, see `read::table`.
        let number = u32::try_from(self.0.len()).unwrap_or(NONE);
        self.0.insert(text.clone(), number);
        number
    }

    /// The texts by number.
    pub(super) fn into_ids(self) -> Ids {
        let mut texts = vec![""; self.0.len()];
        for (text, number) in &self.0 {
            texts[*number as usize] = text;
        }
        let mut ids = Ids::default();
        texts.into_iter().for_each(|text| ids.push(text));
        ids
    }
}

/// What rows refer to.
pub(super) struct Context<'a, 'i> {
    pub(super) freeze: Day,
    pub(super) institutions: HashMap<&'i str, u32>,
    pub(super) cohort_rows: HashMap<&'i str, u32>,
    /// Faulty rows are empty.
    pub(super) cohorts: &'i [Option<Cohort>],
    pub(super) words: Words<'a>,
    pub(super) persons: Words<'a>,
    pub(super) sources: Vec<u32>,
}

/// The row that an id names in another table.
fn reference(
    slot: Slot<'_, '_, '_>,
    rows: &HashMap<&str, u32>,
    faults: &mut Faults,
) -> Option<u32> {
    let found = rows.get(&**slot.text(faults)?).copied();
    if found.is_none() {
        faults.add(slot.path(), FaultCode::DanglingReference);
    }
    found
}

pub(super) fn outage<'a>(
    node: &Node<'a>,
    path: &Path<'_>,
    context: &mut Context<'a, '_>,
    faults: &mut Faults,
) -> Option<Outage> {
    let names = ["province", "source", "from", "until", "kind"];
    let [province, source, from, until, kind] = open(node, path, names, 4, faults)?;
    let province = province.text(faults);
    let source = source.text(faults);
    let dates = from.date(faults).zip(until.date(faults));
    if dates.is_some_and(|(from, until)| until <= from) {
        faults.hint(
            until.path(),
            FaultCode::ImpossibleDate,
            "from < until".to_owned(),
        );
    }
    if let Some(kind) = kind.present() {
        kind.word(OutageKind::ALL, OutageKind::as_str, faults);
    }
    let (from, until) = dates?;
    Some(Outage {
        province: context.words.number(province?),
        source: context.words.number(source?),
        from,
        until,
    })
}

/// An institution, and its federation as a text.
pub(super) fn institution<'a>(
    node: &Node<'a>,
    path: &Path<'_>,
    faults: &mut Faults,
) -> Option<(Institution, Cow<'a, str>)> {
    let names = [
        "id",
        "federation",
        "district",
        "previous_grade",
        "third_party_score",
        "sat_suspended",
    ];
    let [_, federation, district, previous, score, suspended] = open(node, path, names, 5, faults)?;
    let federation = federation.text(faults);
    district.text(faults);
    let previous = optional(previous, |slot| {
        slot.word(Grade::ALL, Grade::as_str, faults)
    });
    let third_party_score = optional(score, |slot| slot.small(0..=100, faults));
    let sat_suspended = flag(suspended, false, faults);
    let row = Institution {
        federation: 0,
        previous: previous?,
        third_party_score: third_party_score?,
        sat_suspended: sat_suspended?,
    };
    Some((row, federation?.clone()))
}

pub(super) fn cohort(
    node: &Node<'_>,
    path: &Path<'_>,
    institutions: &HashMap<&str, u32>,
    faults: &mut Faults,
) -> Option<Cohort> {
    let names = [
        "id",
        "institution",
        "start",
        "end",
        "planned_hours",
        "purpose",
        "certifiable",
    ];
    let [_, institution, start, end, hours, purpose, certifiable] =
        open(node, path, names, 7, faults)?;
    let institution = reference(institution, institutions, faults);
    let dates = start.date(faults).zip(end.date(faults));
    if dates.is_some_and(|(start, end)| end < start) {
        faults.hint(
            end.path(),
            FaultCode::ImpossibleDate,
            "start <= end".to_owned(),
        );
    }
    let hours = hours.integer(1..=i64::from(HOURS), faults);
    let purpose = purpose.word(Purpose::ALL, Purpose::as_str, faults);
    let certifiable = certifiable.truth(faults);
    let (start, end) = dates?;
    Some(Cohort {
        institution: institution?,
        start,
        end,
        planned_hours: u32::try_from(hours?).ok()?,
        purpose: purpose?,
        certifiable: certifiable?,
    })
}

pub(super) fn enrolment<'a>(
    node: &Node<'a>,
    path: &Path<'_>,
    context: &mut Context<'a, '_>,
    faults: &mut Faults,
) -> Option<Enrolment> {
    let names = [
        "id",
        "person",
        "cohort",
        "household_province",
        "disability_category",
        "disability_level",
        "attended_hours",
        "exit_date",
        "completed",
        "certified",
        "employed_at_enrolment",
        "exclusion",
        "contactable",
    ];
    let [
        _,
        person,
        cohort,
        province,
        category,
        level,
        hours,
        exit,
        completed,
        certified,
        employed,
        exclusion,
        contactable,
    ] = open(node, path, names, 12, faults)?;
    let person = person.text(faults);
    let cohort = reference(cohort, &context.cohort_rows, faults);
    let province = province.text(faults);
    let category = category.small(1..=7, faults);
    let level = level.small(1..=4, faults);
    let attended_hours = hours.count(HOURS, faults);
    let exit_date = exit.date(faults);
    let class = cohort.and_then(|row| context.cohorts[row as usize]);
    if let (Some(class), Some(day)) = (class, exit_date)
        && !(class.start..=class.end).contains(&day)
    {
        let hint = "cohort.start <= exit_date <= cohort.end".to_owned();
        faults.hint(exit.path(), FaultCode::ImpossibleDate, hint);
    }
    let completed = completed.truth(faults);
    let certified = certified.truth(faults);
    let employed = employed.truth(faults);
    let exclusion = optional(exclusion, |slot| excluded(slot, class.as_ref(), faults));
    let contactable = flag(contactable, true, faults);
    let exclusion = exclusion?;
    Some(Enrolment {
        person: context.persons.number(person?),
        cohort: cohort?,
        province: context.words.number(province?),
        attended_hours: attended_hours?,
        exit: exit_date?,
        excluded_on: exclusion.map_or(Day::LATEST, |(_, on)| on),
        exclusion: exclusion.map(|(code, _)| code),
        category: category?,
        level: level?,
        completed: completed?,
        certified: certified?,
        employed: employed?,
        contactable: contactable?,
    })
}

fn excluded(
    slot: Slot<'_, '_, '_>,
    class: Option<&Cohort>,
    faults: &mut Faults,
) -> Option<(Exclusion, Day)> {
    let [code, date] = open(slot.node()?, slot.path(), ["code", "date"], 2, faults)?;
    let word = code.word(Exclusion::ALL, Exclusion::as_str, faults);
    if word.is_some_and(|word| !Exclusion::GIVEN.contains(&word)) {
        faults.add(code.path(), FaultCode::ComputedExclusion);
    }
    let on = date.date(faults);
    if let (Some(Exclusion::X1), Some(on), Some(class)) = (word, on, class)
        && on < class.start
    {
        let hint = "cohort.start <= date".to_owned();
        faults.hint(date.path(), FaultCode::ImpossibleDate, hint);
    }
    word.zip(on)
}

pub(super) fn episode<'a>(
    node: &Node<'a>,
    path: &Path<'_>,
    context: &mut Context<'a, '_>,
    faults: &mut Faults,
) -> Option<Episode> {
    let names = [
        "id",
        "person",
        "type",
        "employer",
        "start",
        "last_day",
        "related_to_institution",
        "evidence",
        "contest",
        "claimed_at",
        "decided_at",
    ];
    let [
        _,
        person,
        kind,
        employer,
        start,
        last,
        related,
        evidence,
        contest,
        claimed,
        decided,
    ] = open(node, path, names, 9, faults)?;
    let person = person.text(faults);
    let kind = kind.word(WorkType::ALL, WorkType::as_str, faults);
    employer.text(faults);
    let first_day = start.date(faults);
    let last_day = optional(last, |slot| slot.date(faults));
    if let (Some(first), Some(Some(end))) = (first_day, last_day)
        && end < first
    {
        faults.hint(
            last.path(),
            FaultCode::ImpossibleDate,
            "start <= last_day".to_owned(),
        );
    }
    let related = optional(related, |slot| {
        reference(slot, &context.institutions, faults)
    });
    let proof = proof(evidence, context, faults);
    let contest = optional(contest, |slot| {
        slot.word(Contest::ALL, Contest::as_str, faults)
    });
    let claimed_at = optional(claimed, |slot| slot.date(faults));
    let decided_at = optional(decided, |slot| slot.date(faults));
    if let (Some(Some(claim)), Some(Some(decision))) = (claimed_at, decided_at)
        && decision < claim
    {
        let hint = "claimed_at <= decided_at".to_owned();
        faults.hint(decided.path(), FaultCode::ImpossibleDate, hint);
    }
    let proof = proof?;
    let contested = matches!(contest?, Some(Contest::Open | Contest::Upheld));
    let undecided = claimed_at?.is_some() && decided_at?.is_none_or(|on| on > context.freeze);
    Some(Episode {
        person: context.persons.number(person?),
        start: first_day?,
        last: last_day?.unwrap_or(Day::LATEST),
        related: related?.unwrap_or(NONE),
        sources_from: proof.from,
        sources_count: proof.count,
        kind: kind?,
        standing: match (proof.verified && !contested, undecided) {
            (false, _) => Standing::Nothing,
            (true, true) => Standing::Undecided,
            (true, false) => Standing::Verified,
        },
        tier_a: proof.tier_a,
    })
}

struct Proof {
    verified: bool,
    tier_a: bool,
    from: u32,
    count: u32,
}

/// Verified is at least one A, or two B from different sources; C never verifies (grading.md section 3).
fn proof<'a>(
    slot: Slot<'_, 'a, '_>,
    context: &mut Context<'a, '_>,
    faults: &mut Faults,
) -> Option<Proof> {
    let nodes = slot.list(faults)?;
    let from = context.sources.len();
    let (mut tier_a, mut first_b, mut two_b, mut whole) = (false, None, false, true);
    for (at, node) in nodes.iter().enumerate() {
        let place = slot.path().index(at);
        let Some([tier, source]) = open(node, &place, ["tier", "source"], 2, faults) else {
            whole = false;
            continue;
        };
        let tier = tier.word(Tier::ALL, Tier::as_str, faults);
        let source = source.text(faults);
        let (Some(tier), Some(source)) = (tier, source) else {
            whole = false;
            continue;
        };
        if tier == Tier::C {
            continue;
        }
        let source = context.words.number(source);
        context.sources.push(source);
        match tier {
            Tier::A => tier_a = true,
            _ => two_b |= *first_b.get_or_insert(source) != source,
        }
    }
    whole.then_some(Proof {
        verified: tier_a || two_b,
        tier_a,
        from: u32::try_from(from).ok()?,
        count: u32::try_from(context.sources.len() - from).ok()?,
    })
}

/// A response before it is known which one counts.
pub(super) struct Answer<'a> {
    pub(super) enrolment: Cow<'a, str>,
    pub(super) submitted: Day,
    pub(super) seq: u32,
    pub(super) sum: u8,
    pub(super) flagged: bool,
}

impl Answer<'_> {
    /// What tells which of the responses of an enrolment is the first.
    pub(super) fn order(&self) -> (&str, Day, u32) {
        (&self.enrolment, self.submitted, self.seq)
    }
}

pub(super) fn survey<'a>(
    node: &Node<'a>,
    path: &Path<'_>,
    freeze: Day,
    faults: &mut Faults,
) -> Option<Answer<'a>> {
    let names = [
        "enrolment",
        "items",
        "submitted",
        "seq",
        "flagged",
        "mode",
        "by",
    ];
    let [enrolment, items, submitted, seq, flagged, mode, by] = open(node, path, names, 5, faults)?;
    let enrolment = enrolment.text(faults);
    let sum = items.list(faults).and_then(|nodes| {
        if nodes.len() != 5 {
            faults.hint(items.path(), FaultCode::WrongType, "5 items".to_owned());
            return None;
        }
        let scores = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| Slot::of(node, items.path().index(at)).small(1..=5, faults));
        // Every item is looked at, so that each fault is told.
        scores.collect::<Vec<_>>().into_iter().sum::<Option<u8>>()
    });
    let day = submitted.date(faults);
    if day.is_some_and(|day| day > freeze) {
        faults.hint(
            submitted.path(),
            FaultCode::ImpossibleDate,
            "<= freeze".to_owned(),
        );
    }
    let seq = seq.count(u32::MAX, faults);
    let flagged = flagged.truth(faults);
    if let Some(mode) = mode.present() {
        mode.word(SurveyMode::ALL, SurveyMode::as_str, faults);
    }
    if let Some(by) = by.present() {
        by.word(SurveyBy::ALL, SurveyBy::as_str, faults);
    }
    Some(Answer {
        enrolment: enrolment?.clone(),
        submitted: day?,
        seq: seq?,
        sum: sum?,
        flagged: flagged?,
    })
}

/// A field that may be null: nothing, something, or a fault (`None`).
fn optional<'n, 'a, 'p, T>(
    slot: Slot<'n, 'a, 'p>,
    read: impl FnOnce(Slot<'n, 'a, 'p>) -> Option<T>,
) -> Option<Option<T>> {
    match slot.given() {
        None => Some(None),
        Some(slot) => read(slot).map(Some),
    }
}

/// A truth value that may be left out.
fn flag(slot: Slot<'_, '_, '_>, default: bool, faults: &mut Faults) -> Option<bool> {
    match slot.present() {
        None => Some(default),
        Some(slot) => slot.truth(faults),
    }
}
