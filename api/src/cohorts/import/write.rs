//! Writing what a plan says: persons, enrolments, names, card numbers, timelines; no query per row.

use std::collections::HashMap;

use domain::DisabilityCardNo;
use domain::enrolment::{Days, EnrolmentState};
use domain::ids::{EnrolmentId, PersonId, RosterId};
use store::cohorts::Cohort;
use store::enrolments::Details;
use store::persons::{Card, NewPerson};
use store::vault::DataKey;

use super::plan::Plan;
use crate::act::{Act, Entry};
use crate::problem::Problem;
use crate::rosters::{Hidden, RosterRow};

/// Writes the plan; false when another transaction made or enrolled one of these people meanwhile: then nothing of it
/// may be committed, and the roster must be read again.
pub(super) async fn write(
    act: &mut Act,
    cohort: &Cohort,
    rows: &[RosterRow],
    plan: &Plan,
    roster: Option<RosterId>,
) -> Result<bool, Problem> {
    let Some(made) = make(act, rows, plan).await? else { return Ok(false) };
    let people: Vec<PersonId> = plan.added.iter().filter_map(|added| added.person.or_else(|| made.get(&added.row).map(|(id, _)| *id))).collect();
    store::persons::lock(&act.tx, &people).await?;
    let days = Days { start_on: cohort.start_on, end_on: cohort.end_on };
    if !store::enrolments::overlapping(&act.tx, &people, cohort.id, days).await?.is_empty() {
        return Ok(false);
    }
    let texts: Vec<Texts> = rows.iter().map(Texts::of).collect();
    let person_of = |row: usize, person: Option<PersonId>| -> Option<(PersonId, &DataKey)> {
        match person {
            Some(person) => plan.known.get(&person).map(|known| (person, &known.key)),
            None => made.get(&row).map(|(person, key)| (*person, key)),
        }
    };
    let gone = || Problem::internal("a person of a roster is neither known nor made");
    let mut added = Vec::with_capacity(plan.added.len());
    for new in &plan.added {
        let (person, key) = person_of(new.row, new.person).ok_or_else(gone)?;
        added.push(details(&rows[new.row], &texts[new.row], act.new_id(), person, key, new.digest));
    }
    let mut changed = Vec::with_capacity(plan.changed.len());
    for change in &plan.changed {
        let (person, key) = person_of(change.row, Some(change.person)).ok_or_else(gone)?;
        changed.push(details(&rows[change.row], &texts[change.row], change.enrolment, person, key, change.digest));
    }
    store::enrolments::insert_all(&act.tx, cohort.id, &added, act.now).await?;
    store::enrolments::change_all(&act.tx, cohort.id, &changed, act.now).await?;

    let renames = plan.added.iter().filter(|new| new.rename).filter_map(|new| Some((new.row, new.person?)));
    let renames = renames.chain(plan.changed.iter().filter(|change| change.rename).map(|change| (change.row, change.person)));
    for (row, person) in renames {
        if let Some(known) = plan.known.get(&person) {
            store::persons::rename(&act.tx, known, rows[row].name.expose(), act.today, Some("roster"), act.new_id()).await?;
        }
    }
    let written = plan.added.iter().map(|new| (new.row, new.person));
    let written = written.chain(plan.changed.iter().map(|change| (change.row, Some(change.person))));
    let cards: Vec<Card<'_>> = written
        .filter_map(|(row, person)| {
            let number = rows[row].disability_card.as_ref().map(DisabilityCardNo::expose)?;
            let (person, key) = person_of(row, person)?;
            Some(Card { person, key, number })
        })
        .collect();
    store::persons::keep_cards(&act.tx, act.app.store.vault(), &cards, act.today, || act.new_id()).await?;

    let added: Vec<EnrolmentId> = added.iter().map(|details| details.id).collect();
    let changed: Vec<EnrolmentId> = changed.iter().map(|details| details.id).collect();
    timeline(act, &added, &changed, roster).await?;
    Ok(true)
}

/// Makes the unknown people, by row; `None` when somebody else made one of them first.
async fn make(act: &Act, rows: &[RosterRow], plan: &Plan) -> Result<Option<HashMap<usize, (PersonId, DataKey)>>, Problem> {
    let unknown: Vec<usize> = plan.added.iter().filter(|new| new.person.is_none()).map(|new| new.row).collect();
    let people: Vec<NewPerson<'_>> = unknown
        .iter()
        .map(|row| NewPerson { citizen_id: rows[*row].citizen_id.expose(), name: rows[*row].name.expose() })
        .collect();
    let vault = act.app.store.vault();
    let made = store::persons::make(&act.tx, vault, &people, act.now, act.today, || act.new_id()).await?;
    Ok(unknown.into_iter().zip(made).map(|(row, made)| Some((row, made?))).collect())
}

async fn timeline(act: &mut Act, added: &[EnrolmentId], changed: &[EnrolmentId], roster: Option<RosterId>) -> Result<(), Problem> {
    let evidence: Vec<String> = roster.iter().map(ToString::to_string).collect();
    let entries = added
        .iter()
        .map(|id| Entry {
            kind: "enrolment",
            id: id.uuid(),
            act: "apply",
            to: Some(EnrolmentState::Applied.as_str()),
            evidence: &evidence,
            ..Entry::default()
        })
        .chain(changed.iter().map(|id| Entry {
            kind: "enrolment",
            id: id.uuid(),
            act: "update",
            evidence: &evidence,
            ..Entry::default()
        }));
    act.record_all(entries).await
}

/// Texts of a row in the form of the tables.
struct Texts {
    needs: Vec<String>,
    note: Option<String>,
}

impl Texts {
    fn of(row: &RosterRow) -> Self {
        let note = (row.needs_other.is_some() || row.note.is_some()).then(|| {
            serde_json::json!({
                "needs_other": row.needs_other.as_ref().map(Hidden::expose),
                "note": row.note.as_ref().map(Hidden::expose),
            })
            .to_string()
        });
        Self { needs: row.needs.iter().map(ToString::to_string).collect(), note }
    }
}

fn details<'a>(
    row: &'a RosterRow,
    texts: &'a Texts,
    id: EnrolmentId,
    person: PersonId,
    key: &'a DataKey,
    row_digest: [u8; 32],
) -> Details<'a> {
    Details {
        id,
        person,
        key,
        hukou_region: row.hukou_region.as_str(),
        phone: row.phone.as_ref().map(domain::Phone::expose),
        contact: row.contact.as_str(),
        needs: &texts.needs,
        note: texts.note.as_deref(),
        employed_at_enrolment: row.employed_at_enrolment,
        consent_on: row.consent_on,
        row_digest,
    }
}
