//! States of an assessment, the table of its acts, and the conditions of each.

use chrono::NaiveDate;

use crate::access::Role;
use crate::lifecycle::{Refusal, RefusalKind, Unmet};
use crate::{named, text_enum};

text_enum! {
    /// State of an assessment.
    AssessmentState("state of an assessment") {
        /// Commissioned; the list of candidates is fixed.
        Listed = "listed",
        /// An assessor was drawn.
        Drawn = "drawn",
        /// The assessor declared no conflict and took it on.
        Accepted = "accepted",
        /// The sample was drawn and is open to the assessor.
        Fieldwork = "fieldwork",
        /// The report is with the institution.
        Reported = "reported",
        /// The institution replied.
        Replied = "replied",
        /// The score stands.
        Final = "final",
        /// The score is public.
        Published = "published",
        /// Annulled by two persons: the score counts no more.
        Annulled = "annulled",
        /// Nobody of the list was left.
        Lapsed = "lapsed",
    }
}

named!(AssessmentState {
    Listed = "已委托,待抽取" / "commissioned, to be drawn",
    Drawn = "已抽取,待申报" / "drawn, to be declared",
    Accepted = "已承接" / "accepted",
    Fieldwork = "现场评估" / "in the field",
    Reported = "已提交报告,待机构答复" / "reported, to be replied to",
    Replied = "机构已答复" / "replied to",
    Final = "已定稿" / "final",
    Published = "已公布" / "published",
    Annulled = "已撤销" / "annulled",
    Lapsed = "无人可抽,已终止" / "lapsed, nobody was left",
});

text_enum! {
    /// An act on an assessment.
    AssessmentAct("act on an assessment") {
        /// Draw the assessor.
        Draw = "draw",
        /// Declare a conflict: the next of the list takes the place.
        StepAside = "step_aside",
        /// Declare that there is none, and take it on.
        Accept = "accept",
        /// Draw the sample and begin.
        Open = "open",
        /// Read the sample.
        Read = "read",
        /// Keep a draft of an item of the checklist.
        Draft = "draft",
        /// Record a visit with its team.
        Visit = "visit",
        /// Countersign the record of a visit, or refuse to.
        Countersign = "countersign",
        /// Hand in the report.
        Report = "report",
        /// Add to the report.
        Supplement = "supplement",
        /// Reply to it.
        Reply = "reply",
        /// Make it final.
        Finish = "finish",
        /// Publish the score.
        Publish = "publish",
        /// Record that a grave finding has no consequence.
        Dismiss = "dismiss",
        /// Replace an assessor who does not act or may not act any more.
        Replace = "replace",
        /// Annul it (two persons).
        Annul = "annul",
    }
}

named!(AssessmentAct {
    Draw = "抽取评估人员" / "drawing the assessor",
    StepAside = "申报回避" / "stepping aside",
    Accept = "承接" / "acceptance",
    Open = "开始现场评估" / "opening the fieldwork",
    Read = "查看样本" / "reading the sample",
    Draft = "保存草稿" / "keeping a draft",
    Visit = "登记现场走访" / "recording a visit",
    Countersign = "会签走访记录" / "countersigning a visit",
    Report = "提交报告" / "reporting",
    Supplement = "补充报告" / "adding to the report",
    Reply = "答复" / "replying",
    Finish = "定稿" / "making it final",
    Publish = "公布" / "publication",
    Dismiss = "不予处置" / "leaving a finding without a consequence",
    Replace = "更换评估人员" / "replacing the assessor",
    Annul = "撤销" / "annulment",
});

/// What an act depends on, read under lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssessmentFacts {
    /// Present state.
    pub state: AssessmentState,
    /// Today.
    pub today: NaiveDate,
    /// Last day of the present state.
    pub due_on: Option<NaiveDate>,
    /// Whether the registry knows of a conflict of whoever holds the assessment.
    pub conflict: bool,
    /// Whether their accreditation runs today.
    pub accredited: bool,
    /// Whether the public log has a checkpoint that is younger than the list or the acceptance.
    pub drawable: bool,
    /// Whether somebody of the list is left.
    pub next_left: bool,
    /// Whether there are trainees to be drawn.
    pub population: bool,
    /// What is known of the visits.
    pub visits: VisitFacts,
}

/// What a report asks of the visits before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VisitFacts {
    /// Whether whoever holds the assessment was there.
    pub made: bool,
    /// The latest day on which the institution may still countersign a visit that it has not answered.
    pub answer_until: Option<NaiveDate>,
}

use AssessmentAct as A;
use AssessmentState as S;

const PROVINCE: &[Role] = &[Role::ProvinceOfficer, Role::NationalOfficer];
const ASSESSOR: &[Role] = &[Role::Assessor];
const INSTITUTION: &[Role] = &[Role::InstitutionOperator];

/// Act, states it starts from, who.
const LINES: &[(A, &[S], &[Role])] = &[
    (A::Draw, &[S::Listed], PROVINCE),
    (
        A::StepAside,
        &[S::Drawn, S::Accepted, S::Fieldwork],
        ASSESSOR,
    ),
    (A::Accept, &[S::Drawn], ASSESSOR),
    (A::Open, &[S::Accepted], ASSESSOR),
    (A::Read, &[S::Fieldwork], ASSESSOR),
    (A::Draft, &[S::Fieldwork], ASSESSOR),
    (A::Visit, &[S::Fieldwork], ASSESSOR),
    (A::Countersign, &[S::Fieldwork], INSTITUTION),
    (A::Report, &[S::Fieldwork], ASSESSOR),
    (A::Supplement, &[S::Reported], ASSESSOR),
    (A::Reply, &[S::Reported], INSTITUTION),
    (A::Finish, &[S::Reported, S::Replied], ASSESSOR),
    (A::Publish, &[S::Final], PROVINCE),
    (
        A::Dismiss,
        &[S::Reported, S::Replied, S::Final, S::Published],
        PROVINCE,
    ),
    (A::Replace, &[S::Drawn, S::Accepted, S::Fieldwork], PROVINCE),
    (
        A::Annul,
        &[
            S::Listed,
            S::Drawn,
            S::Accepted,
            S::Fieldwork,
            S::Reported,
            S::Replied,
            S::Final,
            S::Published,
        ],
        PROVINCE,
    ),
];

impl AssessmentState {
    /// Whether nothing more is done; an institution has one assessment at a time that is not closed.
    pub const fn is_closed(self) -> bool {
        matches!(
            self,
            Self::Final | Self::Published | Self::Annulled | Self::Lapsed
        )
    }
}

/// The acts that the table has from a state for a role.
pub fn possible(state: S, role: Role) -> impl Iterator<Item = A> {
    LINES
        .iter()
        .filter(move |(_, from, roles)| from.contains(&state) && roles.contains(&role))
        .map(|(act, _, _)| *act)
}

/// The state after an act, or why not.
pub fn decide(facts: &AssessmentFacts, act: A, role: Role) -> Result<S, Refusal> {
    let found = LINES
        .iter()
        .find(|(one, from, _)| *one == act && from.contains(&facts.state));
    let Some((_, _, roles)) = found else {
        return Err(not_from(facts.state, act));
    };
    if !roles.contains(&role) {
        let zh: Vec<&str> = roles.iter().map(|role| role.zh()).collect();
        let en: Vec<&str> = roles.iter().map(|role| role.en()).collect();
        return Err(Refusal {
            kind: RefusalKind::NotBy,
            zh: format!("评估的“{}”由{}办理。", act.zh(), zh.join("、")),
            en: format!(
                "For an assessment, {} belongs to: {}.",
                act.en(),
                en.join(", ")
            ),
            unmet: Vec::new(),
        });
    }
    let unmet = unmet(facts, act);
    if !unmet.is_empty() {
        return Err(Refusal::conditions(act, facts.state, unmet));
    }
    Ok(match act {
        A::StepAside | A::Replace if !facts.next_left => S::Lapsed,
        A::Draw | A::StepAside | A::Replace => S::Drawn,
        A::Accept => S::Accepted,
        A::Open | A::Read | A::Draft | A::Visit | A::Countersign => S::Fieldwork,
        A::Report | A::Supplement => S::Reported,
        A::Reply => S::Replied,
        A::Finish => S::Final,
        A::Publish => S::Published,
        A::Annul => S::Annulled,
        A::Dismiss => facts.state,
    })
}

fn unmet(facts: &AssessmentFacts, act: A) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    let mut need = |holds: bool, code: &'static str, zh: &str, en: &str| {
        if !holds {
            unmet.push(Unmet::new(code, zh, en));
        }
    };
    let over = facts.due_on.is_some_and(|due| facts.today > due);
    // The first code names the problem: a conflict comes before everything else.
    let own = matches!(
        act,
        A::Accept | A::Open | A::Read | A::Draft | A::Visit | A::Report | A::Supplement
    );
    if own || act == A::Finish {
        need(
            !facts.conflict,
            "conflict-of-interest",
            "登记簿显示您与该机构有利害关系,应当回避。",
            "The registry knows of an interest of yours in this institution; step aside.",
        );
    }
    if own {
        need(
            facts.accredited,
            "not-accredited",
            "您的评估资格已到期或已撤回。",
            "Your accreditation is over or was withdrawn.",
        );
    }
    if own || act == A::Reply {
        need(
            !over,
            "term-over",
            "期限已过,不能再办理。",
            "The term is over.",
        );
    }
    match act {
        A::Draw | A::Open => need(
            facts.drawable,
            "no-checkpoint-yet",
            "抽取用的随机数来自名单(承接)之后公开日志的第一个检查点,现在还没有;日志有新条目后再办理。",
            "The draw takes the first checkpoint of the public log after the list or the acceptance; there is none yet. Try again once the log has grown.",
        ),
        A::Report => {
            need(
                facts.visits.made,
                "visit-missing",
                "还没有现场走访记录,不能提交报告。",
                "No visit is on record; a report needs one.",
            );
            let until = facts.visits.answer_until;
            need(
                until.is_none_or(|until| facts.today > until),
                "countersignature-awaited",
                &format!(
                    "机构可在 {} 前会签走访记录,会签、拒签或期满后再提交报告。",
                    until.map(|day| day.to_string()).unwrap_or_default()
                ),
                &format!(
                    "The institution may countersign the visit until {}; report once it signed, refused, or let the term pass.",
                    until.map(|day| day.to_string()).unwrap_or_default()
                ),
            );
        }
        A::Finish => need(
            facts.state == S::Replied || over,
            "reply-awaited",
            "机构答复期限未满且尚未答复。",
            "The institution's term to reply still runs.",
        ),
        A::Replace => need(
            over || !facts.accredited || facts.conflict,
            "assessor-in-time",
            "评估人员仍在期限内,资格有效且无须回避,不能更换。",
            "The assessor is in time, accredited and without a conflict; there is no ground to replace.",
        ),
        _ => {}
    }
    if act == A::Open {
        need(
            facts.population,
            "nobody-to-draw",
            "所选期间没有结业的班期,无样本可抽。",
            "No class of the period has ended; there is nobody to draw.",
        );
    }
    unmet
}

fn not_from(state: S, act: A) -> Refusal {
    let possible: Vec<A> = LINES
        .iter()
        .filter(|(_, from, _)| from.contains(&state))
        .map(|(act, _, _)| *act)
        .collect();
    let zh: Vec<&str> = possible.iter().map(|act| act.zh()).collect();
    let en: Vec<&str> = possible.iter().map(|act| act.en()).collect();
    let (zh, en) = if possible.is_empty() {
        ("无".to_owned(), "nothing".to_owned())
    } else {
        (zh.join("、"), en.join(", "))
    };
    Refusal {
        kind: RefusalKind::NotFrom,
        zh: format!(
            "评估当前为“{}”,不能{};此时可以:{zh}。",
            state.zh(),
            act.zh()
        ),
        en: format!(
            "The assessment is {}; no {} now. Possible: {en}.",
            state.en(),
            act.en()
        ),
        unmet: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(state: S) -> AssessmentFacts {
        AssessmentFacts {
            state,
            today: "2026-05-01".parse().expect("a day"),
            due_on: "2026-05-01".parse().ok(),
            conflict: false,
            accredited: true,
            drawable: true,
            next_left: true,
            population: true,
            visits: VisitFacts {
                made: true,
                answer_until: None,
            },
        }
    }

    fn codes(facts: &AssessmentFacts, act: A, role: Role) -> Vec<&'static str> {
        decide(facts, act, role).map_or_else(
            |refusal| refusal.unmet.iter().map(|one| one.code).collect(),
            |_| Vec::new(),
        )
    }

    #[test]
    fn every_pair_of_state_and_act_is_as_the_reference_says() {
        // workflow.md 5: commissioned, accepted, fieldwork, draft report, reply, final, annulled.
        let expected = |state: S, act: A| match (state, act) {
            (S::Listed, A::Draw)
            | (S::Drawn | S::Accepted | S::Fieldwork, A::StepAside | A::Replace) => Some(S::Drawn),
            (S::Drawn, A::Accept) => Some(S::Accepted),
            (S::Accepted, A::Open)
            | (S::Fieldwork, A::Read | A::Draft | A::Visit | A::Countersign) => Some(S::Fieldwork),
            (S::Fieldwork, A::Report) | (S::Reported, A::Supplement) => Some(S::Reported),
            (S::Reported, A::Reply) => Some(S::Replied),
            (S::Replied, A::Finish) => Some(S::Final),
            (S::Final, A::Publish) => Some(S::Published),
            (S::Reported | S::Replied | S::Final | S::Published, A::Dismiss) => Some(state),
            (S::Annulled | S::Lapsed, _) => None,
            (_, A::Annul) => Some(S::Annulled),
            _ => None,
        };
        for state in S::ALL {
            for act in A::ALL {
                let mut facts = facts(*state);
                // So that nothing but the table refuses.
                facts.accredited = *act != A::Replace;
                for role in Role::ALL {
                    let holds = LINES
                        .iter()
                        .any(|(one, _, roles)| one == act && roles.contains(role));
                    let got = decide(&facts, *act, *role).ok();
                    let should = expected(*state, *act).filter(|_| holds);
                    assert_eq!(got, should, "{state} {act} {role}");
                }
            }
        }
    }

    #[test]
    fn in_conflict_unaccredited_or_late_an_assessor_does_nothing() {
        for (state, act) in [
            (S::Drawn, A::Accept),
            (S::Accepted, A::Open),
            (S::Fieldwork, A::Read),
            (S::Fieldwork, A::Draft),
            (S::Fieldwork, A::Visit),
            (S::Fieldwork, A::Report),
            (S::Reported, A::Supplement),
        ] {
            let good = facts(state);
            let role = Role::Assessor;
            let mut bad = good;
            bad.conflict = true;
            assert_eq!(codes(&bad, act, role), ["conflict-of-interest"], "{act}");
            bad.accredited = false;
            bad.due_on = "2026-04-30".parse().ok();
            assert_eq!(
                codes(&bad, act, role),
                ["conflict-of-interest", "not-accredited", "term-over"],
                "{act}"
            );
            // Stepping aside is never too late, until the report is handed in.
            if state != S::Reported {
                assert_eq!(decide(&bad, A::StepAside, role), Ok(S::Drawn));
            }
        }
    }

    #[test]
    fn a_report_needs_a_visit_and_waits_for_its_countersignature() {
        let role = Role::Assessor;
        let mut facts = facts(S::Fieldwork);
        facts.visits.answer_until = Some(facts.today);
        assert_eq!(codes(&facts, A::Report, role), ["countersignature-awaited"]);
        facts.today = "2026-05-02".parse().expect("a day");
        facts.due_on = Some(facts.today);
        assert_eq!(decide(&facts, A::Report, role), Ok(S::Reported));
        facts.visits.made = false;
        assert_eq!(codes(&facts, A::Report, role), ["visit-missing"]);
    }

    #[test]
    fn silence_of_the_institution_ends_with_its_term() {
        let role = Role::Assessor;
        let mut facts = facts(S::Reported);
        assert_eq!(codes(&facts, A::Finish, role), ["reply-awaited"]);
        facts.today = "2026-05-02".parse().expect("a day");
        assert_eq!(decide(&facts, A::Finish, role), Ok(S::Final));
        let institution = Role::InstitutionOperator;
        assert_eq!(codes(&facts, A::Reply, institution), ["term-over"]);
    }

    #[test]
    fn an_assessor_is_replaced_for_a_ground_and_the_list_may_end() {
        let role = Role::ProvinceOfficer;
        let mut facts = facts(S::Drawn);
        assert_eq!(codes(&facts, A::Replace, role), ["assessor-in-time"]);
        facts.accredited = false;
        assert_eq!(decide(&facts, A::Replace, role), Ok(S::Drawn));
        facts.next_left = false;
        assert_eq!(decide(&facts, A::Replace, role), Ok(S::Lapsed));
        assert_eq!(decide(&facts, A::StepAside, Role::Assessor), Ok(S::Lapsed));
    }

    #[test]
    fn nothing_is_drawn_without_a_younger_checkpoint_or_without_trainees() {
        let mut listed = facts(S::Listed);
        listed.drawable = false;
        assert_eq!(
            codes(&listed, A::Draw, Role::ProvinceOfficer),
            ["no-checkpoint-yet"]
        );
        let mut accepted = facts(S::Accepted);
        accepted.drawable = false;
        accepted.population = false;
        assert_eq!(
            codes(&accepted, A::Open, Role::Assessor),
            ["no-checkpoint-yet", "nobody-to-draw"]
        );
    }
}
