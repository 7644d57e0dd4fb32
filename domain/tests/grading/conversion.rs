//! Window, attachment, qualifying episodes (grading.md sections 2 and 3).

use serde_json::{Value, json};

use crate::build::{File, converts};

#[test]
fn the_window_of_2026_is_that_of_section_2() {
    let mut file = File::new();
    for (cohort, end) in [
        ("c1", "2023-08-04"),
        ("c2", "2023-08-05"),
        ("c3", "2025-08-03"),
        ("c4", "2025-08-04"),
    ] {
        file.cohort(cohort, json!({"start": "2023-07-01", "end": end}));
        file.enrolment(end, json!({"cohort": cohort, "exit_date": end}));
    }
    let results = file.run();
    assert_eq!(results.0["window_exit_after"], "2023-08-04");
    assert_eq!(results.0["window_exit_until"], "2025-08-03");
    let inside = |day| results.enrolment(day)["in_window"].clone();
    assert_eq!(inside("2023-08-04"), false);
    assert_eq!(inside("2023-08-05"), true);
    assert_eq!(inside("2025-08-03"), true);
    assert_eq!(inside("2025-08-04"), false);
    assert_eq!(results.counts("i", "CMP"), (2, 2));
}

#[test]
fn eight_hours_or_a_tenth_of_the_course_attach() {
    let mut file = File::new();
    file.cohort("long", json!({"planned_hours": 200}));
    file.cohort("short", json!({"planned_hours": 30}));
    file.enrolment("8 of 200", json!({"cohort": "long", "attended_hours": 8}));
    file.enrolment("7 of 200", json!({"cohort": "long", "attended_hours": 7}));
    file.enrolment("3 of 30", json!({"cohort": "short", "attended_hours": 3}));
    file.enrolment("2 of 30", json!({"cohort": "short", "attended_hours": 2}));
    let results = file.run();
    let attached = |id| results.enrolment(id)["attached"].clone();
    assert_eq!(attached("8 of 200"), true);
    assert_eq!(attached("7 of 200"), false);
    assert_eq!(attached("3 of 30"), true);
    assert_eq!(attached("2 of 30"), false);
    assert_eq!(
        results.counts("i", "EMP"),
        (2, 0),
        "not attached is counted nowhere"
    );
    assert_eq!(results.indicator("i", "SAT")["invited"], 2);
}

#[test]
fn who_left_early_stays_in_the_denominator() {
    let mut file = File::new();
    let left = json!({"completed": false, "certified": false, "exit_date": "2024-06-20", "attended_hours": 20});
    file.enrolment("e", left).episode("w", "p-e", json!({}));
    let results = file.run();
    assert_eq!(results.counts("i", "EMP"), (1, 1));
    assert_eq!(results.counts("i", "CMP"), (1, 0));
    assert_eq!(results.counts("i", "CRT"), (0, 0), "completers only");
}

/// "Worked" of section 3: exit 2024-07-12.
#[test]
fn a_job_counts_up_to_day_180_after_the_exit() {
    assert!(converts(json!({}), json!({"start": "2025-01-08"})));
    assert!(!converts(json!({}), json!({"start": "2025-01-09"})));
    assert!(
        converts(json!({}), json!({"start": "2024-06-01"})),
        "from the first day of the course"
    );
    assert!(!converts(json!({}), json!({"start": "2024-05-31"})));
}

/// "Worked" of section 3: start 2024-07-20.
#[test]
fn a_job_counts_from_thirty_days_on() {
    assert!(!converts(json!({}), json!({"last_day": "2024-08-18"})));
    assert!(converts(json!({}), json!({"last_day": "2024-08-19"})));
}

#[test]
fn a_job_must_last_beyond_the_exit() {
    let during = |last| json!({"start": "2024-06-01", "last_day": last});
    assert!(!converts(json!({}), during("2024-07-12")));
    assert!(converts(json!({}), during("2024-07-13")));
}

#[test]
fn a_job_that_goes_on_lasts_to_the_freeze() {
    let mut file = File::new();
    file.0["freeze"] = json!("2024-08-19");
    file.enrolment("e", json!({}));
    file.enrolment(
        "f",
        json!({"person": "p-e", "cohort": "d", "exit_date": "2024-08-30"}),
    );
    file.cohort("d", json!({"start": "2024-08-01", "end": "2024-08-30"}));
    // Outside the window nothing converts, but the job decides between e and f.
    file.episode("w", "p-e", json!({"start": "2024-07-20"}));
    assert_eq!(
        file.run().enrolment("f")["exclusion"],
        "X6",
        "30 days at the freeze: qualifies"
    );
    file.0["freeze"] = json!("2024-08-18");
    assert_eq!(file.run().enrolment("e")["exclusion"], "X7", "29 days");
    file.0["freeze"] = json!("2024-08-19");
    file.rows("episodes")[0]["last_day"] = json!("2030-01-01");
    assert_eq!(
        file.run().enrolment("f")["exclusion"],
        "X6",
        "a later last day is cut to the freeze"
    );
}

#[test]
fn only_the_types_of_section_3_count() {
    let kind = |kind: &str, trainee: Value| converts(trainee, json!({"type": kind}));
    for counting in [
        "contract",
        "centralised",
        "public_sector",
        "public_welfare_post",
        "self_employment",
        "flexible",
    ] {
        assert!(kind(counting, json!({})), "{counting}");
    }
    for other in [
        "unpaid",
        "internship",
        "trial",
        "rural_production",
        "supported_work",
    ] {
        assert!(!kind(other, json!({})), "{other}");
    }
    let person = |category: u8, level: u8| json!({"disability_category": category, "disability_level": level});
    for (category, level, counts) in [
        (5, 4, true),
        (6, 4, true),
        (4, 2, true),
        (4, 3, false),
        (7, 1, true),
        (7, 3, false),
        (1, 1, false),
        (3, 1, false),
    ] {
        assert_eq!(
            kind("supported_work", person(category, level)),
            counts,
            "{category}/{level}"
        );
    }
}

#[test]
fn rural_production_counts_for_rural_programs_only() {
    let mut file = File::new();
    file.cohort("rural", json!({"purpose": "rural"}));
    file.enrolment("e", json!({"cohort": "rural"}));
    file.episode("w", "p-e", json!({"type": "rural_production"}));
    assert!(file.run().converted("e"));
}

#[test]
fn one_a_or_two_b_from_different_sources_verify() {
    let proof = |pieces: &[(&str, &str)]| {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(tier, source)| json!({"tier": tier, "source": source}))
            .collect();
        converts(json!({}), json!({"evidence": pieces}))
    };
    assert!(proof(&[("A", "tax")]));
    assert!(proof(&[("B", "bank"), ("B", "platform")]));
    assert!(proof(&[
        ("C", "school"),
        ("B", "bank"),
        ("B", "bank"),
        ("B", "contract")
    ]));
    assert!(!proof(&[("B", "bank"), ("B", "bank")]), "one source twice");
    assert!(!proof(&[("B", "bank"), ("C", "school")]));
    assert!(!proof(&[("C", "school"), ("C", "photo")]));
    assert!(!proof(&[]));
}

#[test]
fn an_open_or_upheld_contest_voids_the_episode() {
    let contest = |state: &str| converts(json!({}), json!({"contest": state}));
    assert!(!contest("open"));
    assert!(!contest("upheld"));
    assert!(contest("dismissed"));
}

#[test]
fn work_for_the_training_institution_needs_a_register_and_180_days() {
    let related = |last: &str, evidence: Value| {
        converts(
            json!({}),
            json!({"related_to_institution": "i", "last_day": last, "evidence": evidence}),
        )
    };
    let register = json!([{"tier": "A", "source": "tax"}]);
    let documents = json!([{"tier": "B", "source": "bank"}, {"tier": "B", "source": "contract"}]);
    assert!(related("2025-01-16", register.clone()), "180 days");
    assert!(!related("2025-01-15", register), "179 days");
    assert!(!related("2025-06-30", documents));
    let mut file = File::new();
    file.institution("other", json!({}))
        .enrolment("e", json!({}));
    file.episode(
        "w",
        "p-e",
        json!({"related_to_institution": "other", "last_day": "2024-08-19"}),
    );
    assert!(
        file.run().converted("e"),
        "related to another institution is no relation"
    );
}

#[test]
fn the_earliest_episode_is_the_conversion_and_the_smaller_id_wins_a_tie() {
    let mut file = File::new();
    file.enrolment("e", json!({}));
    file.episode("a", "p-e", json!({"start": "2024-07-21"}));
    file.episode("z", "p-e", json!({}));
    file.episode("b", "p-e", json!({}));
    file.episode(
        "short",
        "p-e",
        json!({"start": "2024-07-13", "last_day": "2024-07-30"}),
    );
    assert_eq!(file.run().enrolment("e")["episode"], "b");
}

#[test]
fn upskilling_feeds_the_other_indicators_only() {
    let mut file = File::new();
    file.cohort("up", json!({"purpose": "upskilling"}));
    file.enrolment("e", json!({"cohort": "up", "employed_at_enrolment": true}));
    file.episode("w", "p-e", json!({}));
    let results = file.run();
    assert_eq!(results.counts("i", "EMP"), (0, 0));
    assert_eq!(results.counts("i", "CMP"), (1, 1));
    assert_eq!(results.counts("i", "CRT"), (1, 1));
    assert_eq!(results.enrolment("e")["exclusion"], Value::Null);
}

#[test]
fn certificates_count_among_completers_of_certifiable_programs() {
    let mut file = File::new();
    file.cohort("plain", json!({"certifiable": false}));
    file.enrolment("a", json!({"cohort": "plain", "certified": false}));
    file.enrolment("b", json!({"certified": false}));
    file.enrolment("c", json!({}));
    file.enrolment("d", json!({"completed": false}));
    let results = file.run();
    assert_eq!(results.counts("i", "CRT"), (2, 1));
    assert_eq!(results.counts("i", "CMP"), (4, 3));
}

/// field.md 11: a complete claim that nobody has decided by the freeze.
#[test]
fn an_undecided_claim_is_not_converted_unless_the_policy_leaves_it_out() {
    let mut file = File::new();
    file.enrolment("e", json!({}));
    file.episode("w", "p-e", json!({"claimed_at": "2025-01-01"}));
    assert_eq!(file.run().counts("i", "EMP"), (1, 0));
    let text = crate::build::BASE.replacen('{', "{\"undecided\": \"leave_out\",", 1);
    let lenient = domain::grading::Policy::from_json(&text).expect("a policy");
    assert_eq!(file.run_by(&lenient).counts("i", "EMP"), (0, 0));
    file.rows("episodes")[0]["decided_at"] = json!("2026-03-31");
    assert_eq!(file.run().counts("i", "EMP"), (1, 1));
    file.rows("episodes")[0]["decided_at"] = json!("2026-04-01");
    assert_eq!(
        file.run().counts("i", "EMP"),
        (1, 0),
        "decided after the freeze"
    );
}
