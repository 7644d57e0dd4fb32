//! The table: every state, act and role.

use super::*;

#[test]
fn every_state_act_and_role_is_decided_by_the_table_of_the_reference() {
    use Role::{
        CountyOfficer as X, InstitutionOperator as I, NationalOfficer as N, PrefectureOfficer as C,
        ProvinceOfficer as P,
    };
    let live = [S::Provisional, S::Graded, S::Warned, S::Rectifying];
    let mut allowed: Vec<(S, T, S, Vec<Role>)> = vec![
        (S::Applied, T::T02, S::Returned, vec![X]),
        (S::Returned, T::T03, S::Applied, vec![I]),
        (S::Applied, T::T04, S::UnderReview, vec![X]),
        (S::UnderReview, T::T05, S::Rejected, vec![P]),
        (S::UnderReview, T::T06, S::AdmissionNotice, vec![P]),
        (S::AdmissionNotice, T::T07, S::UnderReview, vec![P]),
        (S::AdmissionNotice, T::T08, S::Provisional, vec![P]),
        (S::Provisional, T::T09, S::Graded, vec![P]),
        (S::Graded, T::T10, S::Graded, vec![P]),
        (S::Provisional, T::T11, S::Warned, vec![C, P]),
        (S::Graded, T::T11, S::Warned, vec![C, P]),
        (S::Warned, T::T12, S::Graded, vec![C, P]),
        (S::Warned, T::T13, S::Rectifying, vec![P]),
        (S::Rectifying, T::T14, S::Graded, vec![P]),
        (S::Rectifying, T::T15, S::Suspended, vec![P]),
        (S::Suspended, T::T17, S::Rectifying, vec![P]),
        (S::Suspended, T::T18, S::Graded, vec![P]),
        (S::ExitNotice, T::T20, S::Exited, vec![P]),
        (S::ExitNotice, T::T21, S::Graded, vec![P]),
        (S::Exited, T::T23, S::Graded, vec![N]),
    ];
    for from in live {
        allowed.push((from, T::T16, S::Suspended, vec![P, N]));
        allowed.push((from, T::T19, S::ExitNotice, vec![P, N]));
        allowed.push((from, T::T25, S::Graded, vec![P, N]));
    }
    allowed.push((S::Suspended, T::T19, S::ExitNotice, vec![P, N]));
    for from in [S::Provisional, S::Graded, S::Warned] {
        allowed.push((from, T::T22, S::Exited, vec![P]));
    }
    for from in [S::Rejected, S::Suspended, S::ExitNotice, S::Exited] {
        allowed.push((from, T::T25, S::Graded, vec![P, N]));
    }
    let mut found = 0;
    for from in S::ALL {
        for act in T::ALL {
            let line = allowed.iter().find(|(f, t, _, _)| f == from && t == act);
            for role in Role::ALL {
                let decided = decide(&facts(*from, *act), *act, *role);
                let expected = line
                    .filter(|(_, _, _, who)| who.contains(role))
                    .map(|(_, _, to, _)| *to);
                assert_eq!(
                    decided.as_ref().ok().map(|step| step.to),
                    expected,
                    "{from} {act} {role}: {decided:?}"
                );
                found += usize::from(decided.is_ok());
                let Err(refused) = decided else { continue };
                // Both states, or who may do it instead.
                if line.is_none() {
                    assert_eq!(refused.kind, RefusalKind::NotFrom);
                    assert!(refused.zh.contains(from.zh()) && refused.en.contains(from.en()));
                } else {
                    assert_eq!(refused.kind, RefusalKind::NotBy);
                    assert!(refused.zh.contains("办理"), "{}", refused.zh);
                }
            }
        }
    }
    assert_eq!(
        found,
        allowed.iter().map(|line| line.3.len()).sum::<usize>()
    );
}

#[test]
fn two_persons_are_those_of_the_design() {
    let two: Vec<T> = T::ALL
        .iter()
        .copied()
        .filter(|act| {
            TABLE
                .iter()
                .any(|line| line.act == *act && line.two_persons)
        })
        .collect();
    assert_eq!(
        two,
        [
            T::T06,
            T::T08,
            T::T09,
            T::T10,
            T::T15,
            T::T16,
            T::T19,
            T::T20,
            T::T25
        ]
    );
}

#[test]
fn a_step_of_others_names_who_may() {
    let refused =
        decide(&facts(S::Applied, T::T04), T::T04, Role::ProvinceOfficer).expect_err("refused");
    assert_eq!(refused.kind, RefusalKind::NotBy);
    assert!(refused.zh.contains("县级残联"), "{}", refused.zh);
    // A place without a county federation has its prefecture act.
    let mut place = facts(S::Applied, T::T04);
    place.local_role = Role::PrefectureOfficer;
    assert!(decide(&place, T::T04, Role::PrefectureOfficer).is_ok());
    assert!(decide(&place, T::T04, Role::CountyOfficer).is_err());
}

#[test]
fn admission_waits_for_notice_and_objections_and_says_both() {
    let missing = without(S::AdmissionNotice, T::T08, Role::ProvinceOfficer, |f| {
        f.notice_until = Some(f.today);
        f.open_objections = 2;
    });
    assert_eq!(missing, ["notice-running", "objection-open"]);
}

#[test]
fn terms_once_asked_and_reasons_are_kept() {
    let late = day("2026-03-13");
    let x = Role::CountyOfficer;
    assert_eq!(
        without(S::Applied, T::T02, x, |f| f.today = late),
        ["completeness-term-over"]
    );
    assert_eq!(
        without(S::Returned, T::T03, Role::InstitutionOperator, |f| f
            .today =
            late),
        ["completion-term-over"]
    );
    assert_eq!(
        without(S::Applied, T::T02, x, |f| f.returned_before = true),
        ["returned-before"]
    );
    assert_eq!(
        without(S::Applied, T::T04, x, |f| f.sites = 0),
        ["site-missing"]
    );
    let silent = |act, from| without(from, act, Role::ProvinceOfficer, |f| f.given.reason = false);
    for (act, from) in [
        (T::T05, S::UnderReview),
        (T::T11, S::Graded),
        (T::T15, S::Rectifying),
        (T::T19, S::Graded),
        (T::T21, S::ExitNotice),
    ] {
        assert_eq!(silent(act, from), ["reason-missing"], "{act}");
    }
    assert!(silent(T::T06, S::UnderReview).is_empty());
}

#[test]
fn a_cause_is_one_of_its_act() {
    for (act, from) in [
        (T::T11, S::Graded),
        (T::T13, S::Warned),
        (T::T15, S::Rectifying),
        (T::T16, S::Graded),
        (T::T19, S::Graded),
        (T::T22, S::Graded),
        (T::T25, S::Graded),
    ] {
        let p = Role::ProvinceOfficer;
        assert_eq!(
            without(from, act, p, |f| f.given.cause = None),
            ["cause-missing"]
        );
        let foreign = if act == T::T16 {
            Cause::Dormant
        } else {
            Cause::Safety
        };
        assert_eq!(
            without(from, act, p, |f| f.given.cause = Some(foreign)),
            ["cause-missing"],
            "{act}"
        );
    }
    for cause in Cause::ALL {
        assert!(T::ALL.iter().any(|act| cause.fits(*act)), "{cause}");
    }
}

#[test]
fn who_has_an_interest_or_proposed_the_exit_does_not_decide() {
    let p = Role::ProvinceOfficer;
    for line in TABLE {
        for from in line.from {
            let mut facts = facts(*from, line.act);
            facts.persons.interested = true;
            let role = line.who[0].role(facts.local_role);
            let refused = decide(&facts, line.act, role).expect_err("barred");
            assert_eq!(
                codes(&refused),
                ["interest-declared"],
                "{from} {}",
                line.act
            );
        }
    }
    let own = |f: &mut AdmissionFacts| f.persons.exit_proposed_by = Some(person(1));
    assert_eq!(without(S::ExitNotice, T::T20, p, own), ["proposer-decides"]);
    let only_proposes = |f: &mut AdmissionFacts| {
        f.persons.exit_proposed_by = Some(person(1));
        f.persons.deciding = false;
    };
    assert!(without(S::ExitNotice, T::T20, p, only_proposes).is_empty());
    let inspector = |f: &mut AdmissionFacts| {
        f.case.inspection = Some(Inspection {
            by: person(1),
            by_prefecture: true,
            passed: true,
        });
    };
    assert_eq!(
        without(S::Rectifying, T::T14, p, inspector),
        ["proposer-decides"]
    );
}
