use chrono::NaiveDate;

use super::transition::TABLE;
use super::*;
use crate::access::Role;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// A cohort for which every condition of every act holds, but for its state.
fn ready(state: CohortState) -> Facts {
    Facts {
        state,
        today: day("2026-04-01"),
        start_on: day("2026-04-01"),
        end_on: day("2026-04-20"),
        due_on: None,
        confirmed: true,
        offer_open: true,
        standing: Standing::Full,
        local_role: Role::CountyOfficer,
        places: 20,
        growth: None,
        planned_hours: 100,
        hours_taught: 90,
        trainees: 20,
        attendance_open: 0,
        assessments_open: 0,
        sample_called: 5,
        sent_back: 0,
        reason_given: true,
        list_given: true,
    }
}

/// Staff of the institution, or of the lowest federation.
fn post(role: Role) -> By {
    By::Post { role, local: true }
}

fn rules() -> CohortRules {
    CohortRules::default()
}

fn codes(refused: &Refused) -> Vec<&'static str> {
    refused.unmet().iter().map(Unmet::code).collect()
}

fn refusal(facts: &Facts, act: CohortAct, role: Role) -> Vec<&'static str> {
    codes(&decide(facts, act, post(role), &rules()).expect_err("refused"))
}

#[test]
fn every_act_stands_once_in_the_table() {
    for act in CohortAct::ALL {
        assert_eq!(
            TABLE.iter().filter(|row| row.act == *act).count(),
            1,
            "{act}"
        );
    }
}

#[test]
fn a_class_goes_the_whole_way() {
    use CohortState as S;
    let steps = [
        (
            CohortAct::Announce,
            S::Planned,
            Role::InstitutionOperator,
            S::Announced,
        ),
        (
            CohortAct::OpenEnrolment,
            S::Announced,
            Role::InstitutionOperator,
            S::Enrolling,
        ),
        (
            CohortAct::Start,
            S::Enrolling,
            Role::InstitutionOperator,
            S::Running,
        ),
        (
            CohortAct::Finish,
            S::Running,
            Role::InstitutionOperator,
            S::Finished,
        ),
        (
            CohortAct::SendBack,
            S::Finished,
            Role::CountyOfficer,
            S::Finished,
        ),
        (
            CohortAct::Accept,
            S::Finished,
            Role::CountyOfficer,
            S::Accepted,
        ),
    ];
    for (act, from, role, to) in steps {
        let done = decide(&ready(from), act, post(role), &rules()).expect("allowed");
        assert_eq!((done.from, done.to), (from, to));
        assert_eq!(done.two_persons, act == CohortAct::Accept, "{act}");
    }
    let mut late = ready(S::Accepted);
    late.today = day("2027-06-20");
    assert_eq!(
        decide(&late, CohortAct::Archive, By::Registry, &rules())
            .expect("allowed")
            .to,
        S::Archived
    );
}

#[test]
fn every_pair_outside_the_table_is_refused_naming_both_states() {
    for state in CohortState::ALL {
        for act in CohortAct::ALL {
            let row = TABLE.iter().find(|row| row.act == *act).expect("a row");
            if row.from.contains(state) {
                continue;
            }
            for role in Role::ALL.iter().copied().map(post).chain([By::Registry]) {
                let refused = decide(&ready(*state), *act, role, &rules()).expect_err("refused");
                assert_eq!(refused.code(), "transition-not-allowed");
                assert!(refused.zh().contains(state.zh()) && refused.zh().contains(row.to.zh()));
                assert!(
                    refused.en().contains(state.as_str()) && refused.en().contains(row.to.as_str())
                );
            }
        }
    }
}

#[test]
fn others_than_the_table_names_are_refused_and_told_who_may() {
    for row in TABLE {
        let allowed = row.who.roles(Role::CountyOfficer);
        for role in Role::ALL.iter().filter(|role| !allowed.contains(role)) {
            let refused =
                decide(&ready(row.from[0]), row.act, post(*role), &rules()).expect_err("refused");
            assert_eq!(refused.code(), "transition-not-yours");
            for may in &allowed {
                assert!(refused.zh().contains(may.zh()) && refused.en().contains(may.en()));
            }
        }
    }
}

#[test]
fn where_no_county_federation_is_the_lowest_one_stands_in() {
    let mut facts = ready(CohortState::Finished);
    facts.local_role = Role::ProvinceOfficer;
    assert!(
        decide(
            &facts,
            CohortAct::Accept,
            post(Role::ProvinceOfficer),
            &rules()
        )
        .is_ok()
    );
    assert!(
        decide(
            &facts,
            CohortAct::Accept,
            post(Role::CountyOfficer),
            &rules()
        )
        .is_err()
    );
}

#[test]
fn a_superior_sees_the_class_but_does_not_act_for_the_county() {
    let act = |act, role| {
        let by = By::Post { role, local: false };
        decide(
            &ready(TABLE.iter().find(|row| row.act == act).expect("a row").from[0]),
            act,
            by,
            &rules(),
        )
    };
    assert_eq!(
        act(CohortAct::Accept, Role::CountyOfficer)
            .expect_err("refused")
            .code(),
        "transition-not-yours"
    );
    assert!(
        act(CohortAct::Terminate, Role::ProvinceOfficer).is_ok(),
        "the table says so here"
    );
}

#[test]
fn the_registry_itself_ends_no_class() {
    for act in CohortAct::ALL
        .iter()
        .filter(|act| **act != CohortAct::Archive)
    {
        let row = TABLE.iter().find(|row| row.act == *act).expect("a row");
        assert!(
            decide(&ready(row.from[0]), *act, By::Registry, &rules()).is_err(),
            "{act}"
        );
    }
}

#[test]
fn announcing_needs_an_open_offer_and_an_institution_in_standing() {
    let institution = Role::InstitutionOperator;
    let mut facts = ready(CohortState::Planned);
    facts.offer_open = false;
    for (standing, code) in [
        (Standing::Suspended, "institution-suspended"),
        (Standing::Exited, "institution-exited"),
        (Standing::NotAdmitted, "institution-not-admitted"),
        (Standing::NoNewClasses, "institution-no-new-classes"),
    ] {
        facts.standing = standing;
        assert_eq!(
            refusal(&facts, CohortAct::Announce, institution),
            ["offer-not-open", code]
        );
    }
}

#[test]
fn enrolment_opens_only_after_the_county_confirmed() {
    let mut facts = ready(CohortState::Announced);
    facts.confirmed = false;
    assert_eq!(
        refusal(&facts, CohortAct::OpenEnrolment, Role::InstitutionOperator),
        ["not-confirmed"]
    );
    assert!(
        decide(
            &facts,
            CohortAct::Confirm,
            post(Role::CountyOfficer),
            &rules()
        )
        .is_ok()
    );
}

#[test]
fn a_late_officer_gives_the_reason() {
    let mut facts = ready(CohortState::Finished);
    facts.due_on = Some(day("2026-03-31"));
    facts.reason_given = false;
    assert_eq!(
        refusal(&facts, CohortAct::Accept, Role::CountyOfficer),
        ["late-without-reason"]
    );
    facts.due_on = Some(day("2026-04-01"));
    assert!(
        decide(
            &facts,
            CohortAct::Accept,
            post(Role::CountyOfficer),
            &rules()
        )
        .is_ok()
    );
}

#[test]
fn a_class_starts_with_somebody_and_not_before_its_first_day() {
    let mut facts = ready(CohortState::Enrolling);
    facts.trainees = 0;
    facts.today = day("2026-03-31");
    assert_eq!(
        refusal(&facts, CohortAct::Start, Role::InstitutionOperator),
        ["nobody-admitted", "before-first-day"]
    );
}

#[test]
fn finishing_needs_nine_tenths_of_the_hours() {
    let mut facts = ready(CohortState::Running);
    facts.hours_taught = 89;
    assert_eq!(
        refusal(&facts, CohortAct::Finish, Role::InstitutionOperator),
        ["too-few-hours-taught"]
    );
}

#[test]
fn acceptance_names_everything_that_is_missing() {
    let mut facts = ready(CohortState::Finished);
    facts.attendance_open = 2;
    facts.assessments_open = 1;
    facts.sample_called = 4;
    let expected = [
        "attendance-not-locked",
        "assessment-not-confirmed",
        "sample-too-small",
    ];
    assert_eq!(
        refusal(&facts, CohortAct::Accept, Role::CountyOfficer),
        expected
    );
}

#[test]
fn the_sample_is_a_tenth_at_least_five_and_never_more_than_all() {
    let sizes: Vec<u32> = [0, 3, 5, 49, 51, 200, 201]
        .map(|n| rules().sample_size(n))
        .to_vec();
    assert_eq!(sizes, [0, 3, 5, 5, 6, 20, 21]);
}

#[test]
fn a_class_is_sent_back_with_a_list_and_twice_at_most() {
    let mut facts = ready(CohortState::Finished);
    facts.list_given = false;
    facts.sent_back = 2;
    assert_eq!(
        refusal(&facts, CohortAct::SendBack, Role::CountyOfficer),
        ["list-missing", "sent-back-too-often"]
    );
}

#[test]
fn archiving_waits_for_the_last_outcome_window() {
    let mut facts = ready(CohortState::Accepted);
    facts.today = day("2027-06-19");
    let refused = decide(&facts, CohortAct::Archive, By::Registry, &rules()).expect_err("refused");
    assert_eq!(codes(&refused), ["outcome-window-open"]);
}

#[test]
fn a_provisional_institution_stays_under_its_caps() {
    let open = |cohorts, open, places| {
        may_open(
            Standing::Provisional,
            true,
            cohorts,
            open,
            places,
            None,
            &rules(),
        )
        .map_err(|unmet| unmet.iter().map(Unmet::code).collect::<Vec<_>>())
    };
    assert_eq!(open(2, 60, 30), Ok(()));
    assert_eq!(open(3, 60, 31), Err(vec!["cohort-cap", "trainee-cap"]));
    assert!(may_open(Standing::Full, true, 30, 900, 500, None, &rules()).is_ok());
}

#[test]
fn at_grade_c_places_do_not_grow() {
    let cap = PlacesCap {
        most: 50,
        others: 20,
    };
    let open = |places| {
        may_open(Standing::Full, true, 30, 900, places, Some(cap), &rules())
            .map_err(|unmet| unmet.iter().map(Unmet::code).collect::<Vec<_>>())
    };
    assert_eq!(open(30), Ok(()));
    assert_eq!(open(31), Err(vec!["places-grow"]));
    // Nor when a class that was planned before is made public.
    let facts = |places| Facts {
        places,
        growth: Some(cap),
        ..ready(CohortState::Planned)
    };
    let announce = CohortAct::Announce;
    let school = Role::InstitutionOperator;
    assert!(decide(&facts(30), announce, post(school), &rules()).is_ok());
    assert_eq!(refusal(&facts(31), announce, school), ["places-grow"]);
    let told = Unmet::PlacesGrow { cap };
    assert!(told.zh().contains("最多30个") && told.en().contains("30 are left"));
}

#[test]
fn the_list_freezes_after_a_tenth_of_the_hours() {
    assert!(!rules().list_frozen(10, 100));
    assert!(rules().list_frozen(11, 100));
}
