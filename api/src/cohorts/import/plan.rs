//! What a roster would do: which rows add, change, leave alone, and which have a fault. Writes nothing.

use std::collections::{HashMap, HashSet};

use domain::enrolment::{Application, ApplicationFault, Days, check_application};
use domain::ids::{EnrolmentId, PersonId};
use store::cohorts::Cohort;
use store::enrolments::Enrolment;
use store::persons::OpenPerson;

use super::RosterFault;
use crate::act::Act;
use crate::cohorts::rules;
use crate::problem::Problem;
use crate::rosters::{Field, RosterRow};

/// What becomes of the rows; indexes are those of the rows given.
pub(super) struct Plan {
    /// Rows of people who are not in the class yet.
    pub(super) added: Vec<Added>,
    /// Rows that say something new about a trainee.
    pub(super) changed: Vec<Changed>,
    /// How many rows say what is known.
    pub(super) unchanged: u32,
    /// Faults that the file alone does not show.
    pub(super) faults: Vec<RosterFault>,
    /// People who are known already, opened.
    pub(super) known: HashMap<PersonId, OpenPerson>,
}

pub(super) struct Added {
    pub(super) row: usize,
    pub(super) digest: [u8; 32],
    /// `None` for a person to be made.
    pub(super) person: Option<PersonId>,
    pub(super) rename: bool,
}

pub(super) struct Changed {
    pub(super) row: usize,
    pub(super) digest: [u8; 32],
    pub(super) enrolment: EnrolmentId,
    pub(super) person: PersonId,
    pub(super) rename: bool,
}

/// Reads what stands in the registry and decides about every row.
pub(super) async fn plan(act: &Act, cohort: &Cohort, rows: &[RosterRow]) -> Result<Plan, Problem> {
    let vault = act.app.store.vault();
    let indexes: Vec<[u8; 32]> =
        rows.iter().map(|row| store::persons::citizen_index(vault, row.citizen_id.expose())).collect();
    let digests: Vec<[u8; 32]> =
        rows.iter().map(|row| store::enrolments::row_digest(vault, &String::from_utf8_lossy(&row.canonical()))).collect();
    let holders = store::persons::by_citizen_index(&act.tx, &indexes).await?;
    let members: HashMap<PersonId, Enrolment> = store::enrolments::of_cohort(&act.tx, cohort.id)
        .await?
        .into_iter()
        .map(|member| (member.person, member))
        .collect();
    let mut taken = members.values().filter(|member| member.state.takes_time()).count();

    let same = |person: &PersonId, digest: &[u8; 32]| members.get(person).is_some_and(|m| m.row_digest == digest);
    let to_open: Vec<PersonId> = indexes
        .iter()
        .zip(&digests)
        .filter_map(|(index, digest)| holders.get(index).filter(|person| !same(person, digest)).copied())
        .collect();
    let known = store::persons::open(&act.tx, vault, &to_open, act.today).await?;
    let newcomers: Vec<PersonId> = to_open.iter().filter(|person| !members.contains_key(person)).copied().collect();
    let days = Days { start_on: cohort.start_on, end_on: cohort.end_on };
    let busy = store::enrolments::overlapping(&act.tx, &newcomers, cohort.id, days).await?;
    let settled = settled_names(act, cohort, rows, &indexes, &holders, &known, &members).await?;

    let rules = rules(&act.app);
    let mut plan = Plan { added: Vec::new(), changed: Vec::new(), unchanged: 0, faults: Vec::new(), known };
    let mut seen = HashSet::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        let before = plan.faults.len();
        if !seen.insert(indexes[at]) {
            plan.faults.push(fault(row, Field::CitizenId, "duplicate", DUPLICATE));
            continue;
        }
        let application = Application {
            birth_date: row.citizen_id.birth_on(),
            consent_on: Some(row.consent_on),
            hukou_region_known: act.app.regions.find(row.hukou_region.as_str()).is_some(),
        };
        for found in check_application(&application, cohort.start_on, act.today, &rules) {
            plan.faults.push(application_fault(row, found));
        }
        let person = holders.get(&indexes[at]).copied();
        let renamed = person
            .and_then(|person| plan.known.get(&person))
            .is_some_and(|known| known.name.as_str() != row.name.expose());
        if renamed && person.is_some_and(|person| settled.contains(&person)) {
            plan.faults.push(fault(row, Field::Name, "name-differs", NAME_DIFFERS));
        }
        let member = person.and_then(|person| members.get(&person));
        match (member, person) {
            (Some(member), _) if member.row_digest == digests[at] => {
                if plan.faults.len() == before {
                    plan.unchanged += 1;
                }
            }
            (Some(member), Some(person)) => {
                if !(member.state.is_trainee() || member.state == domain::enrolment::EnrolmentState::Applied) {
                    plan.faults.push(application_fault(row, ApplicationFault::NotChangeable));
                }
                if plan.faults.len() == before {
                    let (enrolment, digest) = (member.id, digests[at]);
                    plan.changed.push(Changed { row: at, digest, enrolment, person, rename: renamed });
                }
            }
            (_, person) => {
                if person.is_some_and(|person| busy.contains(&person)) {
                    plan.faults.push(application_fault(row, ApplicationFault::OverlappingCohort));
                }
                if plan.faults.len() == before {
                    if taken >= usize::try_from(cohort.places).unwrap_or(usize::MAX) {
                        plan.faults.push(application_fault(row, ApplicationFault::NoPlaces));
                    } else {
                        taken += 1;
                        plan.added.push(Added { row: at, digest: digests[at], person, rename: renamed });
                    }
                }
            }
        }
    }
    Ok(plan)
}

/// People whose name this class may not mend: they are known elsewhere, or hold a certificate under it.
async fn settled_names(
    act: &Act,
    cohort: &Cohort,
    rows: &[RosterRow],
    indexes: &[[u8; 32]],
    holders: &HashMap<[u8; 32], PersonId>,
    known: &HashMap<PersonId, OpenPerson>,
    members: &HashMap<PersonId, Enrolment>,
) -> Result<HashSet<PersonId>, Problem> {
    let differing: Vec<PersonId> = rows
        .iter()
        .zip(indexes)
        .filter_map(|(row, index)| {
            let person = known.get(holders.get(index)?)?;
            (person.name.as_str() != row.name.expose()).then_some(person.id)
        })
        .collect();
    if differing.is_empty() {
        return Ok(HashSet::new());
    }
    let mut settled = store::enrolments::known_elsewhere(&act.tx, &differing, cohort.id).await?;
    let enrolments: HashMap<EnrolmentId, PersonId> =
        differing.iter().filter_map(|person| Some((members.get(person)?.id, *person))).collect();
    let ids: Vec<EnrolmentId> = enrolments.keys().copied().collect();
    let certified = store::results::certified(&act.tx, &ids).await?;
    settled.extend(certified.iter().filter_map(|id| enrolments.get(id)));
    Ok(settled)
}

const DUPLICATE: (&str, &str) = (
    "该公民身份号码在名单中已出现,请删去重复的行。",
    "This identity number stands in the list already; remove the repeated row.",
);
const NAME_DIFFERS: (&str, &str) = (
    "姓名与该公民身份号码已登记的姓名不一致。请核对;如已更名,请由当地残联办理更名。",
    "The name differs from the one on record for this identity number. Check it; after a change of name, ask the local federation to record it.",
);

fn application_fault(row: &RosterRow, found: ApplicationFault) -> RosterFault {
    let field = match found {
        ApplicationFault::ConsentMissing | ApplicationFault::ConsentInFuture => Field::Consent,
        ApplicationFault::UnknownRegion => Field::HukouRegion,
        ApplicationFault::NoPlaces => Field::Name,
        ApplicationFault::BelowAge | ApplicationFault::OverlappingCohort | ApplicationFault::NotChangeable => Field::CitizenId,
    };
    fault(row, field, found.as_str(), (found.zh(), found.en()))
}

fn fault(row: &RosterRow, field: Field, code: &str, (zh, en): (&str, &str)) -> RosterFault {
    RosterFault {
        row: row.row,
        column: field.header().to_owned(),
        field: field.name().to_owned(),
        pointer: format!("/rows/{}/{}", row.row, field.name()),
        code: code.to_owned(),
        zh: zh.to_owned(),
        en: en.to_owned(),
    }
}
