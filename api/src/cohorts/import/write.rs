//! Writes what a roster does: persons, disability cards, enrolments, timelines.

use std::collections::HashMap;

use domain::ids::{EnrolmentId, PersonId, RosterId};
use domain::privacy::{Channel, ConsentPurpose, GivenBy};
use store::cohorts::Cohort;
use store::enrolments::Details;
use store::persons::{Card, NewPerson};
use store::privacy::consents::{NewConsent, Told};
use store::vault::DataKey;
use uuid::Uuid;

use super::plan::{Keys, Plan};
use crate::act::{Act, Entry};
use crate::problem::Problem;
use crate::rosters::RosterRow;

/// Writes a plan; `false` when another transaction made one of these people meanwhile, and nothing counts.
pub(super) async fn write(
    act: &mut Act,
    cohort: &Cohort,
    rows: &[RosterRow],
    keys: &[Keys],
    plan: &Plan,
    roster: Option<RosterId>,
) -> Result<bool, Problem> {
    let Some(made) = make_people(act, rows, plan).await? else {
        return Ok(false);
    };
    let key_of = |at: usize| -> Option<(PersonId, &DataKey)> {
        if let Some((id, key)) = made.get(&at) {
            return Some((*id, key));
        }
        let person = plan.known.get(&at)?;
        Some((*person, &plan.open.get(person)?.key))
    };
    let missing = || Problem::internal("a person of a roster that is not there");
    let mut cards = Vec::new();
    let mut added = Vec::with_capacity(plan.added.len());
    let mut changed = Vec::with_capacity(plan.changed.len());
    let needs: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.needs
                .iter()
                .map(|need| need.as_str().to_owned())
                .collect()
        })
        .collect();
    let notes: Vec<Option<String>> = rows.iter().map(note).collect();
    let wanted = plan
        .added
        .iter()
        .map(|at| (*at, act.new_id::<EnrolmentId>(), true))
        .chain(
            plan.changed
                .iter()
                .map(|change| (change.at, change.enrolment, false)),
        )
        .collect::<Vec<_>>();
    for (at, id, new) in wanted {
        let row = &rows[at];
        let (person, key) = key_of(at).ok_or_else(missing)?;
        if let Some(card) = &row.disability_card {
            cards.push(Card {
                person,
                key,
                number: card.expose(),
            });
        }
        let details = Details {
            id,
            person,
            key,
            hukou_region: row.hukou_region.as_str(),
            phone: row.phone.as_ref().map(domain::Phone::expose),
            contact: row.contact.as_str(),
            needs: &needs[at],
            note: notes[at].as_deref(),
            employed_at_enrolment: row.employed_at_enrolment,
            consent_on: row.consent_on,
            row_digest: keys[at].digest,
        };
        if new {
            added.push(details);
        } else {
            changed.push(details);
        }
    }
    let random = act.app.random.clone();
    let (now, today) = (act.now, act.today);
    let new_id = move || random.id(now);
    store::persons::keep_cards(&act.tx, act.app.store.vault(), &cards, today, &new_id).await?;
    store::enrolments::insert_all(&act.tx, cohort.id, &added, now).await?;
    store::enrolments::change_all(&act.tx, cohort.id, &changed, now).await?;
    let consents: Vec<NewConsent<'_>> = added
        .iter()
        .chain(&changed)
        .map(|details| consent(details, roster, new_id()))
        .collect();
    store::privacy::consents::insert_all(&act.tx, &consents, now).await?;
    for change in &plan.changed {
        rename(act, rows, plan, change.at, new_id()).await?;
    }
    let evidence: Vec<String> = roster.iter().map(ToString::to_string).collect();
    let entry = |details: &Details<'_>, new: bool| (details.id.uuid(), new);
    let touched: Vec<(Uuid, bool)> = added
        .iter()
        .map(|one| entry(one, true))
        .chain(changed.iter().map(|one| entry(one, false)))
        .collect();
    act.record_all(touched.into_iter().map(|(id, new)| Entry {
        kind: "enrolment",
        id,
        act: if new { "apply" } else { "change" },
        to: new.then_some("applied"),
        evidence: &evidence,
        ..Entry::default()
    }))
    .await?;
    Ok(true)
}

/// The consent to the training that a roster row reports: on paper, given by whose telephone stands in the row.
fn consent<'a>(details: &Details<'a>, roster: Option<RosterId>, id: Uuid) -> NewConsent<'a> {
    NewConsent {
        id,
        person: details.person,
        enrolment: Some(details.id),
        purpose: ConsentPurpose::Training,
        told: Told {
            given_by: details.contact.parse().unwrap_or(GivenBy::Own),
            relation: None,
            proof: None,
            key: None,
            channel: Channel::Paper,
            scan: roster.map(RosterId::uuid),
            recorded_by: None,
        },
        from: details.consent_on,
        until: None,
    }
}

/// New persons by position of their row; `None` when another transaction made one of them first.
async fn make_people(
    act: &Act,
    rows: &[RosterRow],
    plan: &Plan,
) -> Result<Option<HashMap<usize, (PersonId, DataKey)>>, Problem> {
    let unknown: Vec<usize> = plan
        .added
        .iter()
        .copied()
        .filter(|at| !plan.known.contains_key(at))
        .collect();
    let people: Vec<NewPerson<'_>> = unknown
        .iter()
        .map(|at| NewPerson {
            citizen_id: rows[*at].citizen_id.expose(),
            name: rows[*at].name.expose(),
        })
        .collect();
    let random = act.app.random.clone();
    let now = act.now;
    let made = store::persons::make(
        &act.tx,
        act.app.store.vault(),
        &people,
        now,
        act.today,
        || random.id(now),
    )
    .await?;
    Ok(unknown
        .into_iter()
        .zip(made)
        .map(|(at, person)| Some((at, person?)))
        .collect())
}

/// A name that this class alone knows may be mended by its own roster.
async fn rename(
    act: &Act,
    rows: &[RosterRow],
    plan: &Plan,
    at: usize,
    row: Uuid,
) -> Result<(), Problem> {
    let Some(person) = plan.known.get(&at).and_then(|id| plan.open.get(id)) else {
        return Ok(());
    };
    let name = rows[at].name.expose();
    if person.name.as_str() != name {
        store::persons::rename(&act.tx, person, name, act.today, None, row).await?;
    }
    Ok(())
}

/// What the institution wrote about needs and the person, as one text that is sealed.
fn note(row: &RosterRow) -> Option<String> {
    let parts: Vec<&str> = [&row.needs_other, &row.note]
        .into_iter()
        .flatten()
        .map(crate::rosters::Hidden::expose)
        .collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}
