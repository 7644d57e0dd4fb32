//! Which transition is allowed, and where it leads.

use chrono::NaiveDate;

use super::conditions::unmet;
use super::{AdmissionFacts, InstitutionState, InstitutionTransition, TABLE};
use crate::access::Role;
use crate::lifecycle::{Refusal, Unmet, row};

use InstitutionState as S;
use InstitutionTransition as T;

/// A transition that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionStep {
    /// The act.
    pub transition: InstitutionTransition,
    /// State before.
    pub from: InstitutionState,
    /// State after.
    pub to: InstitutionState,
    /// Whether a second person must approve or confirm.
    pub two_persons: bool,
}

/// Decides about a transition; refuses with all conditions that do not hold.
pub fn decide(
    facts: &AdmissionFacts,
    transition: InstitutionTransition,
    role: Role,
) -> Result<AdmissionStep, Refusal> {
    let line = row(TABLE, facts.state, transition, role, facts.local_role)?;
    let mut unmet = unmet(facts, transition, role);
    let to = line.to.or_else(|| target(facts, transition));
    if to.is_none() && unmet.is_empty() {
        unmet.push(Unmet::new(
            "nothing-before",
            "没有可以恢复的原状态,请写明要撤销的决定(sets_aside),即现状态所依据的决定。",
            "There is no earlier state to return to; name the decision to set aside (sets_aside): the one that the present state follows from.",
        ));
    }
    match to {
        Some(to) if unmet.is_empty() => Ok(AdmissionStep {
            transition,
            from: facts.state,
            to,
            two_persons: line.two_persons,
        }),
        _ => Err(Refusal::conditions(transition, facts.state, unmet)),
    }
}

fn target(facts: &AdmissionFacts, transition: T) -> Option<S> {
    match transition {
        T::T12 | T::T14 | T::T18 => Some(S::standing_of(facts.grade)),
        T::T21 | T::T23 => facts.exit.before,
        T::T25 => facts.restores,
        _ => None,
    }
}

/// What an application (T01, T24) depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationFacts {
    /// Today in China.
    pub today: NaiveDate,
    /// State and bar of the last admission by the same federation.
    pub last: Option<(InstitutionState, Option<NaiveDate>)>,
    /// Until when the institution is barred in the whole country.
    pub barred_until: Option<NaiveDate>,
    /// Until when its legal representative is.
    pub person_barred_until: Option<NaiveDate>,
}

/// Whether an institution may apply to a federation: T01 for the first time, T24 after a refusal or an exit.
pub fn decide_application(facts: &ApplicationFacts) -> Result<InstitutionTransition, Refusal> {
    let (transition, state, own) = match facts.last {
        None => (T::T01, S::Exited, None),
        Some((state @ (S::Rejected | S::Exited), bar)) => (T::T24, state, bar),
        Some((state, _)) => {
            return Err(Refusal::conditions(
                T::T01,
                state,
                vec![Unmet::new(
                    "admission-open",
                    "同一统一社会信用代码在同一省已有申请或已入库。",
                    "The same credit code has an open application or an admission in this province.",
                )],
            ));
        }
    };
    let mut unmet = Vec::new();
    if let Some(until) = own.max(facts.barred_until).filter(|day| facts.today < *day) {
        unmet.push(Unmet::new(
            "barred",
            format!("{until} 起才可以重新申请。"),
            format!("A new application is possible from {until}."),
        ));
    }
    if let Some(until) = facts.person_barred_until.filter(|day| facts.today < *day) {
        unmet.push(Unmet::new(
            "person-barred",
            format!("法定代表人对伪造证书负有责任,{until} 起才可以申请。"),
            format!("The legal representative is responsible for forged certificates and may apply from {until}."),
        ));
    }
    if unmet.is_empty() {
        Ok(transition)
    } else {
        Err(Refusal::conditions(transition, state, unmet))
    }
}
