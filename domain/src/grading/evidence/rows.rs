//! The fields of one row of each table.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Cohort, Enrolment, Ids, Institution, NONE, Outage};
use crate::grading::day::Day;
use crate::grading::fault::{FaultCode, Faults, Path};
use crate::grading::fields::{Slot, open};
use crate::grading::indicator::{Exclusion, Grade, OutageKind};
use crate::grading::json::Node;
use crate::program::Purpose;

/// Most hours of a course or of attendance.
const HOURS: u32 = 100_000;

/// Numbers for texts that are only compared: persons, provinces, sources.
#[derive(Default)]
pub(super) struct Words<'a>(pub(super) HashMap<Cow<'a, str>, u32>);

impl<'a> Words<'a> {
    pub(super) fn number(&mut self, text: Cow<'a, str>) -> u32 {
        if let Some(&number) = self.0.get(&text) {
            return number;
        }
        // Tables hold fewer than 2^32 rows, see `read::table`.
        let number = u32::try_from(self.0.len()).unwrap_or(NONE);
        self.0.insert(text, number);
        number
    }

    /// The texts by number.
    pub(super) fn into_ids(self) -> Ids {
        let mut texts = vec![""; self.0.len()];
        for (text, number) in &self.0 {
            texts[*number as usize] = text;
        }
        let mut ids = Ids::default();
        for text in texts {
            ids.push(text);
        }
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
pub(super) fn reference(
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
        province: context.words.number(province?.clone()),
        source: context.words.number(source?.clone()),
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
        "exited",
    ];
    let [_, federation, district, previous, score, suspended, exited] =
        open(node, path, names, 5, faults)?;
    let federation = federation.text(faults);
    district.text(faults);
    let previous = optional(previous, |slot| {
        slot.word(Grade::ALL, Grade::as_str, faults)
    });
    let third_party_score = optional(score, |slot| slot.small(0..=100, faults));
    let sat_suspended = flag(suspended, false, faults);
    let exited = flag(exited, false, faults);
    let row = Institution {
        federation: 0,
        previous: previous.ok()?,
        third_party_score: third_party_score.ok()?,
        sat_suspended: sat_suspended?,
        exited: exited?,
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
        "transferred",
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
        transferred,
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
    let transferred = flag(transferred, false, faults);
    let exclusion = exclusion.ok()?;
    Some(Enrolment {
        person: context.persons.number(person?.clone()),
        cohort: cohort?,
        province: context.words.number(province?.clone()),
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
        transferred: transferred?,
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

/// A field has a fault, which has been told.
pub(super) struct Faulty;

/// A field that may be null or left out.
pub(super) fn optional<'n, 'a, 'p, T>(
    slot: Slot<'n, 'a, 'p>,
    read: impl FnOnce(Slot<'n, 'a, 'p>) -> Option<T>,
) -> Result<Option<T>, Faulty> {
    match slot.given() {
        None => Ok(None),
        Some(slot) => read(slot).map(Some).ok_or(Faulty),
    }
}

/// A truth value that may be left out.
fn flag(slot: Slot<'_, '_, '_>, default: bool, faults: &mut Faults) -> Option<bool> {
    match slot.present() {
        None => Some(default),
        Some(slot) => slot.truth(faults),
    }
}
