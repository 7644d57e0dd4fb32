//! A registry's own rows: the written file and the direct way give the same evidence, and hard cases are graded fairly.

use domain::evidence::Source;
use domain::grading::snapshot::{
    CohortRow, EnrolmentRow, EpisodeRow, InstitutionRow, OutageRow, Pseudonym, Snapshot, SurveyRow,
};
use domain::grading::{
    Contest, Day, Evidence, Exclusion, OutageKind, SurveyBy, SurveyMode, WorkType, grade, replay,
};
use domain::program::Purpose;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::build::baseline;

fn day(text: &str) -> Day {
    Day::parse(text).expect("a date")
}

/// Numbers that look like hashes, so that their order is none of the rows'.
fn pseudonym(kind: u8, number: u32) -> Pseudonym {
    let hash = Sha256::digest([&[kind][..], &number.to_be_bytes()].concat());
    Pseudonym(hash[..16].try_into().expect("16 bytes"))
}

struct School {
    number: u128,
    /// Trainees of levels 2 and 4, and how many of each find work.
    severe: (u32, u32),
    moderate: (u32, u32),
}

/// A country of schools, each with one class that ended in 2025.
fn country(schools: &[School]) -> Snapshot {
    let mut snapshot = Snapshot::new(day("2026-03-31"));
    let mut next = 0;
    for school in schools {
        let (institution, cohort) = (
            Uuid::from_u128(school.number),
            Uuid::from_u128(1_000 + school.number),
        );
        snapshot.institutions.push(InstitutionRow {
            id: institution,
            federation: "330000".to_owned(),
            district: "330106".to_owned(),
            previous_grade: None,
            third_party_score: Some(80),
            sat_suspended: false,
            exited: school.number % 5 == 4,
        });
        snapshot.cohorts.push(CohortRow {
            id: cohort,
            institution,
            start: day("2024-03-01"),
            end: day("2024-05-31"),
            planned_hours: 120,
            purpose: Purpose::Employment,
            certifiable: true,
        });
        for (level, (people, working)) in [(2, school.severe), (4, school.moderate)] {
            for at in 0..people {
                next += 1;
                let (id, person) = (pseudonym(1, next), pseudonym(2, next));
                snapshot.enrolments.push(EnrolmentRow {
                    id,
                    person,
                    cohort,
                    household_province: 330_000,
                    category: 4,
                    level,
                    attended_hours: 120,
                    exit: day("2024-05-31"),
                    completed: at % 10 != 9,
                    certified: at % 10 != 9,
                    employed: false,
                    exclusion: (next % 97 == 0).then(|| (Exclusion::X3, day("2024-07-01"))),
                    contactable: next % 53 != 0,
                    transferred: next % 61 == 0,
                });
                if at < working {
                    snapshot.episodes.push(EpisodeRow {
                        id: pseudonym(3, next),
                        person,
                        kind: WorkType::Contract,
                        employer: pseudonym(4, next % 40),
                        start: day("2024-07-01"),
                        last: (next % 11 == 0).then(|| day("2024-12-01")),
                        related: (next % 31 == 0).then_some(institution),
                        evidence: Box::new([
                            Source::Trainee,
                            Source::SocialInsurance,
                            Source::Institution,
                        ]),
                        contest: (next % 41 == 0).then_some(Contest::Dismissed),
                        claimed_at: Some(day("2024-07-05")),
                        decided_at: (next % 43 != 0).then(|| day("2024-07-20")),
                    });
                }
                if at % 2 == 0 {
                    let score = if at % 4 == 0 { 5 } else { 4 };
                    snapshot.surveys.push(SurveyRow {
                        enrolment: id,
                        items: [score, 4, 4, 5, score],
                        submitted: day("2024-06-20"),
                        seq: 1,
                        flagged: next % 29 == 0,
                        mode: SurveyMode::Web,
                        by: SurveyBy::Own,
                    });
                }
            }
        }
    }
    snapshot.outages.push(OutageRow {
        province: "330000".to_owned(),
        source: Source::SocialInsurance,
        from: day("2024-12-01"),
        until: day("2025-01-01"),
        kind: OutageKind::Disaster,
    });
    snapshot.sort();
    snapshot
}

/// Schools that take some of all and place as everybody does.
fn ordinary(count: u128) -> Vec<School> {
    (1..=count)
        .map(|number| School {
            number,
            severe: (40, 12),
            moderate: (40, 24),
        })
        .collect()
}

fn written(snapshot: &Snapshot) -> (Vec<u8>, Evidence) {
    let mut bytes = Vec::new();
    snapshot.write(&mut bytes).expect("written");
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    let read =
        Evidence::from_json(&text).unwrap_or_else(|faults| panic!("{:?}", faults.as_slice()));
    (bytes, read)
}

#[test]
fn the_written_file_and_the_direct_way_give_the_same_evidence() {
    let snapshot = country(&ordinary(7));
    let (bytes, read) = written(&snapshot);
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    assert_eq!(
        read.sha256(),
        &sha256,
        "the file is in canonical form and order"
    );
    let value: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(
        serde_json_canonicalizer::to_vec(&value).expect("canonical"),
        bytes
    );
    assert_eq!(snapshot.evidence(sha256), Some(read));
}

#[test]
fn rows_that_contradict_each_other_are_left_to_the_reader_that_tells_the_fault() {
    let good = country(&ordinary(2));
    let broken: [fn(&mut Snapshot); 5] = [
        |one| one.cohorts[0].institution = Uuid::from_u128(77),
        |one| one.enrolments[0].exit = day("2025-05-31"),
        |one| one.episodes[0].last = Some(day("2023-01-01")),
        |one| one.surveys[0].enrolment = pseudonym(9, 9),
        |one| one.enrolments[1].id = one.enrolments[0].id,
    ];
    for (at, change) in broken.iter().enumerate() {
        let mut snapshot = good.clone();
        change(&mut snapshot);
        snapshot.sort();
        assert_eq!(snapshot.evidence([0; 32]), None, "{at}");
        let mut bytes = Vec::new();
        snapshot.write(&mut bytes).expect("written");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(Evidence::from_json(&text).is_err(), "{at}");
    }
}

fn results(snapshot: &Snapshot) -> Vec<Value> {
    let (_, evidence) = written(snapshot);
    let policy = baseline();
    let bytes = grade(&evidence, &policy).to_json(false).expect("written");
    let value: Value = serde_json::from_slice(&bytes).expect("JSON");
    value["institutions"].as_array().expect("a table").clone()
}

/// Two schools beside ten ordinary ones. The first takes severely disabled people alone and places 24 of 60; the second
/// picks easy cases and places 33 of 60. By raw rates the second is better. For these very trainees the country places 18
/// and 36: the first does more than others would, the second less.
#[test]
fn a_school_of_severely_disabled_trainees_is_graded_fairly_against_one_that_picks_easy_cases() {
    let mut schools = ordinary(10);
    schools.push(School {
        number: 11,
        severe: (60, 24),
        moderate: (0, 0),
    });
    schools.push(School {
        number: 12,
        severe: (0, 0),
        moderate: (60, 33),
    });
    let found = results(&country(&schools));
    let (hard, easy) = (&found[10], &found[11]);
    let emp =
        |one: &Value, field: &str| one["indicators"]["EMP"][field].as_i64().expect("a number");
    assert!(
        emp(hard, "raw_ppm") < emp(easy, "raw_ppm"),
        "by raw rates it looks worse"
    );
    assert!(
        emp(hard, "adjusted_ppm") > emp(easy, "adjusted_ppm"),
        "with the same trainees it is better"
    );
    assert!(emp(hard, "points_milli") > emp(easy, "points_milli"));
    assert!(
        hard["rank"].as_u64() < easy["rank"].as_u64(),
        "{hard} {easy}"
    );
    assert_ne!(hard["indicators"]["EMP"]["sig"], "low");

    // A weight that raw rates would need is out of a province's bounds; what another policy moves is told with its cause.
    let (_, evidence) = written(&country(&schools));
    let base = baseline();
    let other = base
        .with_override(r#"{"base": "CN-BASE@2026.1", "policy_id": "X", "version": "1", "changes": {"indicators": {"EMP": {"floor_ppm": 390000}}}}"#)
        .expect("inside the bounds");
    let (before, after) = (grade(&evidence, &base), grade(&evidence, &other));
    let display = domain::statistics::Display::new(5, 10).expect("the numbers of grading.md");
    let moved = replay(&before, &after, None, display).expect("one evidence");
    assert!(!moved.moves.is_empty());
    // A province is told of its own institutions alone.
    let own = moved.moves[0].federation.as_str();
    let within = replay(&before, &after, Some(own), display).expect("one evidence");
    assert!(!within.moves.is_empty() && within.moves.iter().all(|one| one.federation == own));
    assert_eq!(within.provinces.keys().collect::<Vec<_>>(), [own]);
    let elsewhere = replay(&before, &after, Some("990000"), display).expect("one evidence");
    assert!(elsewhere.moves.is_empty() && elsewhere.provinces.is_empty());
    for one in &moved.moves {
        assert!(
            one.why
                .iter()
                .any(|why| why.indicator == "EMP" && why.after_milli < why.before_milli),
            "{one:?}"
        );
    }
    let total: u32 = moved
        .provinces
        .values()
        .map(|shift| shift.rise + shift.fall + shift.stay)
        .sum();
    assert_eq!(total, 12);
    assert!(
        moved.provinces["330000"].rise == 0,
        "a higher floor raises nobody"
    );
}
