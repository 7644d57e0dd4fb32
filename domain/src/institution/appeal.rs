//! Appeals (申诉): heard one level up, by other persons, in time (grading.md 7, workflow.md 6).

use chrono::NaiveDate;

use super::InstitutionTransition as T;
use super::appealed::Appealed;
use crate::access::Role;
use crate::ids::StaffPersonId;
use crate::lifecycle::{Refusal, RefusalKind, Unmet};
use crate::{named, text_enum};

text_enum! {
    /// State of an appeal.
    AppealState("appeal state") {
        /// Received.
        Lodged = "lodged",
        /// Admitted for hearing.
        Accepted = "accepted",
        /// Not admitted.
        Inadmissible = "inadmissible",
        /// Heard.
        Heard = "heard",
        /// Decided; something is still to be done.
        Decided = "decided",
        /// Decided and carried out.
        Executed = "executed",
        /// Taken back.
        Withdrawn = "withdrawn",
    }
}

named!(AppealState {
    Lodged = "已提出" / "lodged",
    Accepted = "已受理" / "accepted",
    Inadmissible = "不予受理" / "inadmissible",
    Heard = "已审理" / "heard",
    Decided = "已决定,待执行" / "decided",
    Executed = "已执行" / "executed",
    Withdrawn = "已撤回" / "withdrawn",
});

text_enum! {
    /// An act on an appeal.
    AppealAct("appeal act") {
        /// Admit it.
        Accept = "accept",
        /// Refuse to hear it.
        Refuse = "refuse",
        /// Record the hearing.
        Hear = "hear",
        /// Extend the term, once, with notice.
        Extend = "extend",
        /// Decide.
        Decide = "decide",
        /// Report what was redone.
        Execute = "execute",
        /// Take it back.
        Withdraw = "withdraw",
    }
}

named!(AppealAct {
    Accept = "受理" / "acceptance",
    Refuse = "不予受理" / "refusal as inadmissible",
    Hear = "审理" / "hearing",
    Extend = "延长期限" / "extension",
    Decide = "决定" / "decision",
    Execute = "执行" / "execution",
    Withdraw = "撤回" / "withdrawal",
});

text_enum! {
    /// Outcome of an appeal.
    Outcome("outcome") {
        /// The decision is set aside.
        Upheld = "upheld",
        /// The decision stands with a change.
        Varied = "varied",
        /// The decision stands.
        Dismissed = "dismissed",
    }
}

named!(Outcome {
    Upheld = "申诉成立" / "upheld",
    Varied = "变更原决定" / "varied",
    Dismissed = "维持原决定" / "dismissed",
});

/// Whether an appeal lies against the act.
pub const fn appealable(act: T) -> bool {
    matches!(
        act,
        T::T05 | T::T10 | T::T11 | T::T13 | T::T15 | T::T16 | T::T20
    )
}

/// Whether an appeal stays the effect of the act: T10, T15, and T20 unless for fraud.
pub const fn stays(act: T, fraud: bool) -> bool {
    match act {
        T::T10 | T::T15 => true,
        T::T20 => !fraud,
        _ => false,
    }
}

/// Whether a decision of appeal may vary the act: the grade (T10), a last day (T13, T16), a bar (T20).
pub const fn variable(act: T) -> bool {
    matches!(act, T::T10 | T::T13 | T::T16 | T::T20)
}

/// The level that hears: one up from the one that decided. The nation's own decisions are heard by its review panel.
pub const fn hears(decided_by: Role) -> Role {
    match decided_by {
        Role::CountyOfficer => Role::PrefectureOfficer,
        Role::PrefectureOfficer => Role::ProvinceOfficer,
        _ => Role::NationalOfficer,
    }
}

/// What an act on an appeal depends on, read under lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppealFacts {
    /// Present state.
    pub state: AppealState,
    /// The act appealed against.
    pub against: Appealed,
    /// Who appeals.
    pub appellant: Role,
    /// Who hears.
    pub hearing_role: Role,
    /// Whether it was lodged in time.
    pub in_time: bool,
    /// Today.
    pub today: NaiveDate,
    /// Who acts.
    pub actor: StaffPersonId,
    /// Who took part in the decision appealed against.
    pub deciders: Vec<StaffPersonId>,
    /// Whether the actor declared an interest.
    pub interested: bool,
    /// Whether the term was extended before.
    pub extended: bool,
    /// Whether the request gives a reason.
    pub reason_given: bool,
    /// Whether it names a document.
    pub document_given: bool,
    /// The outcome asked for.
    pub outcome: Option<Outcome>,
    /// Whether the request says how the decision is varied.
    pub variation_given: bool,
    /// Whether the variation keeps within the policy, and is no worse than the decision.
    pub variation_fits: bool,
    /// Whether something is left to be redone after the decision.
    pub leaves_work: bool,
    /// What was done to correct a grade that was set aside; nothing where no grade was.
    pub correction: Option<Correction>,
    /// Whether what an upheld appeal against another act asks for was done; nothing where it asks for nothing.
    pub redone: Option<bool>,
}

/// A grade upheld on appeal is computed anew with corrected data, in a run of its own, and told by a corrected bulletin
/// (workflow.md 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    /// Whether the run that is named corrects the run of the grade.
    pub run: bool,
    /// Whether its evidence was frozen after the appeal was decided: before, nothing was corrected as the decision says.
    pub fresh: bool,
    /// Whether its grades are published in the federation.
    pub published: bool,
    /// Bulletins of the old run that stand uncorrected.
    pub bulletins: u64,
}

type Line = (AppealAct, &'static [AppealState], Party);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
    Appellant,
    Body,
    Executor,
}

const LINES: &[Line] = {
    use AppealAct as A;
    use AppealState as S;
    &[
        (A::Accept, &[S::Lodged], Party::Body),
        (A::Refuse, &[S::Lodged], Party::Body),
        (A::Hear, &[S::Accepted], Party::Body),
        (A::Extend, &[S::Accepted, S::Heard], Party::Body),
        (A::Decide, &[S::Heard], Party::Body),
        (A::Execute, &[S::Decided], Party::Executor),
        (
            A::Withdraw,
            &[S::Lodged, S::Accepted, S::Heard],
            Party::Appellant,
        ),
    ]
};

/// The state after an act, or why not.
pub fn decide(facts: &AppealFacts, act: AppealAct, role: Role) -> Result<AppealState, Refusal> {
    use AppealAct as A;
    use AppealState as S;
    let line = LINES.iter().find(|(one, _, _)| *one == act);
    let Some((_, from, party)) = line.filter(|(_, from, _)| from.contains(&facts.state)) else {
        return Err(not_from(facts.state, act));
    };
    debug_assert!(from.contains(&facts.state));
    let allowed = match party {
        Party::Appellant => facts.appellant,
        Party::Body => facts.hearing_role,
        // Whoever heard a trainee looks whether it was done; a decision on an institution is the province's to redo.
        Party::Executor if facts.against.grievance().is_some() => facts.hearing_role,
        Party::Executor => Role::ProvinceOfficer,
    };
    if role != allowed {
        return Err(Refusal {
            kind: RefusalKind::NotBy,
            zh: format!(
                "申诉“{}”之后的“{}”由{}办理。",
                facts.state.zh(),
                act.zh(),
                allowed.zh()
            ),
            en: format!(
                "{} of an appeal that is {} belongs to: {}.",
                act.en(),
                facts.state.en(),
                allowed.en()
            ),
            unmet: Vec::new(),
        });
    }
    let unmet = unmet(facts, act, *party == Party::Body);
    if !unmet.is_empty() {
        return Err(Refusal::conditions(act, facts.state, unmet));
    }
    Ok(match act {
        A::Accept => S::Accepted,
        A::Refuse => S::Inadmissible,
        A::Hear => S::Heard,
        A::Extend => facts.state,
        A::Decide if facts.leaves_work => S::Decided,
        A::Decide | A::Execute => S::Executed,
        A::Withdraw => S::Withdrawn,
    })
}

fn unmet(facts: &AppealFacts, act: AppealAct, by_body: bool) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    let mut need = |holds: bool, code: &'static str, zh: &str, en: &str| {
        if !holds {
            unmet.push(Unmet::new(code, zh, en));
        }
    };
    if by_body {
        need(
            !facts.deciders.contains(&facts.actor),
            "decider-hears",
            "参与原决定的人不能审理申诉,请由他人办理。",
            "Whoever took part in the decision does not hear the appeal; somebody else must.",
        );
        need(
            !facts.interested,
            "interest-declared",
            "您申报过与该机构有利害关系,应当回避,请由他人办理。",
            "You declared an interest in this institution; somebody else must act.",
        );
    }
    match act {
        AppealAct::Accept => need(
            facts.in_time,
            "lodged-late",
            "申诉已超过期限,请按不予受理(refuse)办理并说明理由。",
            "The appeal came late; refuse it as inadmissible and say why.",
        ),
        AppealAct::Refuse | AppealAct::Hear | AppealAct::Execute => {
            need(
                facts.reason_given,
                "reason-missing",
                "请写明理由或记录。",
                "Give the reason or the record.",
            );
            need(
                act != AppealAct::Execute || facts.redone.unwrap_or(true),
                "not-redone",
                "申诉成立后应办理的事项还没有办理,请先办理再报告执行。",
                "What the upheld appeal asks for was not done yet; do it first.",
            );
            if let Some(correction) = facts.correction.filter(|_| act == AppealAct::Execute) {
                need(
                    correction.run,
                    "correction-missing",
                    "等级经申诉撤销,须用更正后的数据重新评级:请给出更正原评级的评级(run)。",
                    "The grade was set aside on appeal and is computed anew with corrected data: name the run that corrects the old one (run).",
                );
                need(
                    !correction.run || correction.fresh,
                    "correction-too-early",
                    "这次评级的数据在申诉决定之前已经冻结,没有按决定更正:请在数据更正后重新冻结、评级。",
                    "The evidence of this run was frozen before the appeal was decided, and is not corrected by it: freeze and compute anew.",
                );
                need(
                    !correction.run || correction.published,
                    "correction-not-published",
                    "更正的评级还没有在本省公布等级。",
                    "The grades of the correcting run are not published in this federation.",
                );
                need(
                    correction.bulletins == 0,
                    "bulletin-not-corrected",
                    "原评级的通报还没有更正,请先发布更正的通报。",
                    "A bulletin of the old run stands uncorrected; publish its correction first.",
                );
            }
        }
        AppealAct::Extend => {
            need(
                facts.reason_given,
                "reason-missing",
                "请写明理由。",
                "Give the reason.",
            );
            need(
                !facts.extended,
                "extended-before",
                "期限只能延长一次,已延长过。",
                "The term may be extended once, and was.",
            );
        }
        AppealAct::Decide => {
            need(
                facts.outcome.is_some(),
                "outcome-missing",
                "请选择结果:upheld、varied、dismissed。",
                "Give the outcome: upheld, varied or dismissed.",
            );
            need(
                facts.reason_given,
                "reason-missing",
                "请写明理由。",
                "Give the reason.",
            );
            need(
                facts.document_given,
                "document-missing",
                "请填写申诉决定文号(document)。",
                "Name the document of the decision (document).",
            );
            if facts.outcome == Some(Outcome::Varied) {
                need(
                    facts.against.is_variable(),
                    "not-variable",
                    "这一决定只能撤销或维持。",
                    "This decision can only be set aside or stand.",
                );
                need(
                    facts.variation_given,
                    "variation-missing",
                    "请写明变更后的等级或日期。",
                    "Say the new grade or day.",
                );
                need(
                    !facts.variation_given || facts.variation_fits,
                    "variation-out-of-bounds",
                    "变更不能超过规定的最长期限,也不能比原决定对机构更不利。",
                    "A variation keeps within the longest term that the policy allows and is no worse for the institution than the decision.",
                );
            }
        }
        AppealAct::Withdraw => {}
    }
    unmet
}

fn not_from(state: AppealState, act: AppealAct) -> Refusal {
    let possible: Vec<AppealAct> = LINES
        .iter()
        .filter(|(_, from, _)| from.contains(&state))
        .map(|(act, _, _)| *act)
        .collect();
    let zh: Vec<&str> = possible.iter().map(|act| act.zh()).collect();
    let en: Vec<&str> = possible.iter().map(|act| act.en()).collect();
    let (zh, en) = if possible.is_empty() {
        ("无,已办结".to_owned(), "nothing, it is closed".to_owned())
    } else {
        (zh.join("、"), en.join(", "))
    };
    Refusal {
        kind: RefusalKind::NotFrom,
        zh: format!(
            "申诉当前为“{}”,不能{};此时可以:{zh}。",
            state.zh(),
            act.zh()
        ),
        en: format!(
            "The appeal is {}; no {} now. Possible: {en}.",
            state.en(),
            act.en()
        ),
        unmet: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn facts(state: AppealState) -> AppealFacts {
        AppealFacts {
            state,
            against: T::T20.into(),
            appellant: Role::InstitutionOperator,
            hearing_role: Role::NationalOfficer,
            in_time: true,
            today: "2026-05-06".parse().expect("a date"),
            actor: StaffPersonId::new(Uuid::from_u128(9)),
            deciders: vec![StaffPersonId::new(Uuid::from_u128(1))],
            interested: false,
            extended: false,
            reason_given: true,
            document_given: true,
            outcome: Some(Outcome::Upheld),
            variation_given: true,
            variation_fits: true,
            leaves_work: false,
            correction: None,
            redone: None,
        }
    }

    #[test]
    fn what_a_trainee_won_is_executed_by_who_heard_it_once_it_was_done() {
        let mut done = facts(AppealState::Decided);
        done.against = Appealed::Grievance(super::super::appealed::Grievance::EnrolmentRefusal);
        done.appellant = Role::Trainee;
        done.hearing_role = Role::CountyOfficer;
        done.redone = Some(false);
        let refused = decide(&done, AppealAct::Execute, Role::CountyOfficer).expect_err("not yet");
        assert_eq!(refused.unmet[0].code, "not-redone");
        done.redone = Some(true);
        assert!(decide(&done, AppealAct::Execute, Role::CountyOfficer).is_ok());
        assert!(decide(&done, AppealAct::Execute, Role::ProvinceOfficer).is_err());
        done.state = AppealState::Lodged;
        assert!(decide(&done, AppealAct::Withdraw, Role::Trainee).is_ok());
        assert!(decide(&done, AppealAct::Withdraw, Role::InstitutionOperator).is_err());
    }

    #[test]
    fn a_grade_set_aside_is_executed_by_a_published_correction_and_its_bulletin() {
        let mut done = facts(AppealState::Decided);
        done.against = T::T10.into();
        let codes =
            |facts: &AppealFacts| match decide(facts, AppealAct::Execute, Role::ProvinceOfficer) {
                Ok(_) => Vec::new(),
                Err(refused) => refused.unmet.iter().map(|one| one.code).collect::<Vec<_>>(),
            };
        done.correction = Some(Correction::default());
        assert_eq!(codes(&done), ["correction-missing"]);
        done.correction = Some(Correction {
            run: true,
            fresh: false,
            published: true,
            bulletins: 0,
        });
        assert_eq!(codes(&done), ["correction-too-early"]);
        done.correction = Some(Correction {
            run: true,
            fresh: true,
            published: false,
            bulletins: 1,
        });
        assert_eq!(
            codes(&done),
            ["correction-not-published", "bulletin-not-corrected"]
        );
        done.correction = Some(Correction {
            run: true,
            fresh: true,
            published: true,
            bulletins: 0,
        });
        assert!(codes(&done).is_empty());
    }

    #[test]
    fn every_state_act_and_role_is_decided_by_the_table() {
        use AppealAct as A;
        use AppealState as S;
        let (body, school, province) = (
            Role::NationalOfficer,
            Role::InstitutionOperator,
            Role::ProvinceOfficer,
        );
        let allowed = [
            (S::Lodged, A::Accept, body, S::Accepted),
            (S::Lodged, A::Refuse, body, S::Inadmissible),
            (S::Lodged, A::Withdraw, school, S::Withdrawn),
            (S::Accepted, A::Hear, body, S::Heard),
            (S::Accepted, A::Extend, body, S::Accepted),
            (S::Accepted, A::Withdraw, school, S::Withdrawn),
            (S::Heard, A::Extend, body, S::Heard),
            (S::Heard, A::Decide, body, S::Executed),
            (S::Heard, A::Withdraw, school, S::Withdrawn),
            (S::Decided, A::Execute, province, S::Executed),
        ];
        for state in S::ALL {
            for act in A::ALL {
                for role in Role::ALL {
                    let expected = allowed
                        .iter()
                        .find(|(s, a, r, _)| s == state && a == act && r == role)
                        .map(|(_, _, _, to)| *to);
                    let found = decide(&facts(*state), *act, *role);
                    assert_eq!(found.ok(), expected, "{state} {act} {role}");
                }
            }
        }
    }

    #[test]
    fn who_decided_or_has_an_interest_does_not_hear() {
        let mut own = facts(AppealState::Lodged);
        own.deciders.push(own.actor);
        own.interested = true;
        let refused = decide(&own, AppealAct::Accept, Role::NationalOfficer).expect_err("refused");
        let codes: Vec<&str> = refused.unmet.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["decider-hears", "interest-declared"]);
    }

    #[test]
    fn a_late_appeal_is_refused_not_accepted_and_a_term_is_extended_once() {
        let mut late = facts(AppealState::Lodged);
        late.in_time = false;
        assert!(decide(&late, AppealAct::Accept, Role::NationalOfficer).is_err());
        assert!(decide(&late, AppealAct::Refuse, Role::NationalOfficer).is_ok());
        let mut twice = facts(AppealState::Accepted);
        twice.extended = true;
        assert!(decide(&twice, AppealAct::Extend, Role::NationalOfficer).is_err());
    }

    #[test]
    fn stays_and_levels_are_those_of_the_reference() {
        let stayed: Vec<T> = T::ALL
            .iter()
            .copied()
            .filter(|t| stays(*t, false))
            .collect();
        assert_eq!(stayed, [T::T10, T::T15, T::T20]);
        assert!(!stays(T::T20, true));
        let listed: Vec<T> = T::ALL.iter().copied().filter(|t| appealable(*t)).collect();
        assert_eq!(
            listed,
            [T::T05, T::T10, T::T11, T::T13, T::T15, T::T16, T::T20]
        );
        assert_eq!(hears(Role::PrefectureOfficer), Role::ProvinceOfficer);
        assert_eq!(hears(Role::ProvinceOfficer), Role::NationalOfficer);
        assert_eq!(hears(Role::NationalOfficer), Role::NationalOfficer);
    }

    #[test]
    fn a_decision_is_varied_only_where_it_has_a_figure() {
        let mut varied = facts(AppealState::Heard);
        varied.outcome = Some(Outcome::Varied);
        assert!(decide(&varied, AppealAct::Decide, Role::NationalOfficer).is_ok());
        varied.against = T::T15.into();
        varied.variation_given = false;
        let refused = decide(&varied, AppealAct::Decide, Role::NationalOfficer).expect_err("no");
        let codes: Vec<&str> = refused.unmet.iter().map(|one| one.code).collect();
        assert_eq!(codes, ["not-variable", "variation-missing"]);
    }
}
