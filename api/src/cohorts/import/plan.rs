//! What a roster would do: which rows add, change or repeat a trainee, and which cannot be enrolled.

use std::collections::{HashMap, HashSet};

use domain::cohort::CohortState;
use domain::enrolment::Days;
use domain::ids::{EnrolmentId, PersonId};
use domain::privacy::ConsentPurpose;
use store::cohorts::Cohort;
use store::enrolments::Enrolment;
use store::persons::OpenPerson;
use store::vault::Vault;

use super::RosterFault;
use crate::act::Act;
use crate::problem::Problem;
use crate::rosters::{Field, RosterRow};

/// What is computed of a row before the transaction, which then holds its locks for less.
pub(super) struct Keys {
    /// Blind index of the identity number.
    index: [u8; 32],
    /// Keyed digest of the row.
    pub(super) digest: [u8; 32],
}

impl Keys {
    pub(super) fn of(vault: &Vault, row: &RosterRow) -> Self {
        Self {
            index: store::persons::citizen_index(vault, row.citizen_id.expose()),
            digest: store::enrolments::row_digest(vault, &row.canonical()),
        }
    }
}

/// One row that changes a trainee of this class.
pub(super) struct Change {
    /// Position among the rows.
    pub(super) at: usize,
    /// The enrolment.
    pub(super) enrolment: EnrolmentId,
}

/// Rows after which other requests of this thread have their turn.
const TURN: usize = 128;

/// What a roster would do. Rows not named anywhere have a fault.
pub(super) struct Plan {
    /// Positions of the rows that add a trainee.
    pub(super) added: Vec<usize>,
    /// Rows that change one.
    pub(super) changed: Vec<Change>,
    /// How many rows change nothing.
    pub(super) unchanged: u32,
    /// Why the other rows cannot be enrolled.
    pub(super) faults: Vec<RosterFault>,
    /// Positions of the rows whose number is registered under another name.
    pub(super) other_names: Vec<usize>,
    /// Positions of the rows with another card than stands on record.
    pub(super) other_cards: Vec<usize>,
    /// The persons known already, by position of the row.
    pub(super) known: HashMap<usize, PersonId>,
    /// Those of them that were opened.
    pub(super) open: HashMap<PersonId, OpenPerson>,
}

/// Reads everything a roster touches, the people under lock, and decides row by row.
pub(super) async fn plan(
    act: &Act,
    cohort: &Cohort,
    rows: &[RosterRow],
    keys: &[Keys],
) -> Result<Plan, Problem> {
    let (tx, vault) = (&act.tx, act.app.store.vault());
    let numbers: Vec<&str> = rows.iter().map(|row| row.citizen_id.expose()).collect();
    let holders = store::persons::by_citizen_ids(tx, vault, &numbers).await?;
    let mut people: Vec<PersonId> = holders.values().copied().collect();
    people.sort_by_key(|id| id.uuid());
    // From here on nobody else puts these people into a class.
    store::persons::lock(tx, &people).await?;
    let open = store::persons::open(tx, vault, &people, act.today).await?;
    let members: HashMap<PersonId, Enrolment> = store::enrolments::of_cohort(tx, cohort.id)
        .await?
        .into_iter()
        .map(|member| (member.person, member))
        .collect();
    let days = Days {
        start_on: cohort.start_on,
        end_on: cohort.end_on,
    };
    let busy = if cohort.state == CohortState::Planned {
        HashSet::new()
    } else {
        store::enrolments::overlapping(tx, &people, cohort.id, days).await?
    };
    let elsewhere = store::enrolments::known_elsewhere(tx, &people, cohort.id).await?;
    let refused =
        store::privacy::consents::refused_since(tx, &people, ConsentPurpose::Training, act.today)
            .await?;
    let cards = store::persons::cards_on_record(tx, &people).await?;
    let taken = members
        .values()
        .filter(|member| member.state.takes_time())
        .count();
    let mut free = usize::try_from(cohort.places)
        .unwrap_or(usize::MAX)
        .saturating_sub(taken);
    let mut plan = Plan {
        added: Vec::new(),
        changed: Vec::new(),
        unchanged: 0,
        faults: Vec::new(),
        other_names: Vec::new(),
        other_cards: Vec::new(),
        known: HashMap::new(),
        open,
    };
    let mut seen = HashSet::with_capacity(rows.len());
    for (at, (row, keys)) in rows.iter().zip(keys).enumerate() {
        if at % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        if !seen.insert(keys.index) {
            plan.fault(row, &DUPLICATE);
            continue;
        }
        let Some(person) = holders.get(&keys.index).copied() else {
            if free == 0 {
                plan.fault(row, &NO_PLACES);
            } else {
                free -= 1;
                plan.added.push(at);
            }
            continue;
        };
        plan.known.insert(at, person);
        let other_name = plan
            .open
            .get(&person)
            .is_some_and(|open| open.name.as_str() != row.name.expose());
        let member = members.get(&person);
        // One institution's word does not end a card that the register or another class stands for; one that the register
        // does not stand for is replaced.
        let other_card = row
            .disability_card
            .as_ref()
            .zip(cards.get(&person))
            .is_some_and(|(given, card)| {
                let stands = match card.outcome.as_deref() {
                    None => elsewhere.contains(&person) || member.is_none(),
                    Some(outcome) => outcome == "verified",
                };
                stands && card.differs(vault, given.expose())
            });
        // What somebody took back is not given again by a paper of before.
        let was_refused = |person| refused.get(&person).is_some_and(|on| row.consent_on <= *on);
        if other_name && (elsewhere.contains(&person) || member.is_none()) {
            plan.fault(row, &OTHER_NAME);
            plan.other_names.push(at);
        } else if other_card && member.is_none_or(|member| member.row_digest != keys.digest) {
            plan.fault(row, &OTHER_CARD);
            plan.other_cards.push(at);
        } else if busy.contains(&person) {
            plan.fault(row, &OVERLAPPING);
        } else if let Some(member) = member {
            if member.row_digest == keys.digest {
                plan.unchanged += 1;
            } else if was_refused(person) {
                plan.fault(row, &REFUSED);
            } else if member.state.takes_time() {
                plan.changed.push(Change {
                    at,
                    enrolment: member.id,
                });
            } else {
                plan.fault(row, &ENDED);
            }
        } else if was_refused(person) {
            plan.fault(row, &REFUSED);
        } else if free == 0 {
            plan.fault(row, &NO_PLACES);
        } else {
            free -= 1;
            plan.added.push(at);
        }
    }
    Ok(plan)
}

/// A fault that only the registry can see; it tells nothing of other classes or institutions.
struct Cause {
    field: Field,
    code: &'static str,
    zh: &'static str,
    en: &'static str,
}

const DUPLICATE: Cause = Cause {
    field: Field::CitizenId,
    code: "duplicate-in-roster",
    zh: "同一公民身份号码在本次名单中已出现,请只保留一行。",
    en: "The same identity number stands in this roster already; keep one row.",
};
const OTHER_NAME: Cause = Cause {
    field: Field::Name,
    code: "name-differs",
    zh: "这一公民身份号码已以另一姓名登记,请核对证件;如已改名,请由户籍地残联更正。",
    en: "This identity number is registered under another name; check the document, or have the federation of the household correct it.",
};
const OTHER_CARD: Cause = Cause {
    field: Field::DisabilityCard,
    code: "card-differs",
    zh: "该学员已登记另一残疾人证号,请核对证件;如已换证,请先由负责的残联核验并登记为“已过期”或“不符”,再导入;也可以将此栏留空。",
    en: "Another disability certificate stands on record for the trainee: check the document. If it was replaced, have the federation that looks after the person check the old one and note that it expired or differs, then import again; or leave this column empty.",
};
const OVERLAPPING: Cause = Cause {
    field: Field::CitizenId,
    code: "overlapping-cohort",
    zh: "该学员在另一个班期的时间与本班重叠,不能同时参训。",
    en: "The trainee is in another cohort whose days overlap with this one.",
};
const REFUSED: Cause = Cause {
    field: Field::Consent,
    code: "consent-withdrawn",
    zh: "该学员已撤回参加培训的同意;如本人重新同意,请填写撤回之后的同意日期。",
    en: "The trainee withdrew the consent to training; if they gave it again, write the day of that, which is after the withdrawal.",
};
const ENDED: Cause = Cause {
    field: Field::CitizenId,
    code: "enrolment-ended",
    zh: "该学员已退出本班,不能用名单恢复。",
    en: "The trainee has left this cohort; a roster cannot bring them back.",
};
const NO_PLACES: Cause = Cause {
    field: Field::Name,
    code: "no-places",
    zh: "超出本班名额,请减少人数或另开班期。",
    en: "There are no more places in this cohort.",
};

impl Plan {
    fn fault(&mut self, row: &RosterRow, cause: &Cause) {
        self.faults.push(RosterFault {
            row: row.row,
            column: cause.field.header().into(),
            field: cause.field.name().into(),
            pointer: format!("/rows/{}/{}", row.row, cause.field.name()),
            code: cause.code.into(),
            zh: cause.zh.into(),
            en: cause.en.into(),
        });
    }
}
