//! What everybody may see of a run: R with small cells protected (docs/formats.md 16.6).

use std::collections::BTreeMap;

use domain::grading::Indicator;
use domain::policy::EvidencePolicy;
use domain::statistics::Display;
use serde_json::{Map, Value, json};
use store::ConnectionTrait;
use store::grading::publications::{self, Publication, PublicationState};
use store::grading::{ResultRow, Run};

use super::counts::Counts;
use super::own_figures;
use crate::app::App;
use crate::problem::Problem;

/// One institution's entry as the public sees it. `hide` names indicators whose counts must not be shown; of fewer `answers`
/// to the survey than these nothing is (workflow.md 8), although the adjusted rate of as many people is.
pub(crate) fn entry(entry: &Value, hide: &[String], display: Display, answers: u32) -> Value {
    let mut entry = entry.clone();
    let Some(indicators) = entry.get_mut("indicators").and_then(Value::as_object_mut) else {
        return entry;
    };
    for (name, figures) in indicators.iter_mut() {
        let Some(fields) = figures.as_object_mut() else {
            continue;
        };
        let Some(n) = fields.get("n").and_then(Value::as_u64) else {
            continue;
        };
        let least = match name.as_str() {
            "SAT" => answers.max(display.least_cell()),
            _ => display.least_cell(),
        };
        if n < u64::from(least) {
            *figures = json!({ "shown": "too_few" });
        } else if n < u64::from(display.provisional_n()) || hide.contains(name) {
            let adjusted = ["adjusted_ppm", "adjusted_milli"]
                .iter()
                .find_map(|field| fields.get(*field).cloned());
            *figures = json!({ "shown": "provisional", "adjusted": adjusted, "points_milli": fields.get("points_milli") });
        } else {
            fields.insert("shown".to_owned(), json!("all"));
        }
    }
    entry
}

/// For each admission of a federation the indicators whose counts are hidden although they are not small themselves:
/// because the one hidden cell could be computed back, or because one of the earlier publications differs by a few people.
pub(crate) fn hidden(
    rows: &[(uuid::Uuid, Value)],
    before: &BTreeMap<uuid::Uuid, Vec<Value>>,
    display: Display,
) -> BTreeMap<uuid::Uuid, Vec<String>> {
    let mut hidden: BTreeMap<uuid::Uuid, Vec<String>> = BTreeMap::new();
    let count = |entry: &Value, name: &str, field: &str| {
        let value = entry["indicators"][name][field].as_u64().unwrap_or(0);
        u32::try_from(value).unwrap_or(u32::MAX)
    };
    for indicator in Indicator::ALL {
        let name = indicator.as_str();
        if *indicator == Indicator::Tpa {
            continue;
        }
        let cells: Vec<u32> = rows.iter().map(|(_, one)| count(one, name, "n")).collect();
        // Nobody in it tells nothing.
        let there: Vec<usize> = (0..cells.len()).filter(|&at| cells[at] > 0).collect();
        let counts: Vec<u32> = there.iter().map(|&at| cells[at]).collect();
        for (at, shown) in there.iter().zip(display.protect(&counts)) {
            let (id, entry) = &rows[*at];
            let differs = before.get(id).into_iter().flatten().any(|earlier| {
                let pair = |field| (count(earlier, name, field), count(entry, name, field));
                let moved = |field| {
                    let (then, now) = pair(field);
                    !display.may_follow(then, now)
                };
                // As many answers with another sum: some of them are others, or were taken in another way.
                let (answered, sums) = (pair("n"), pair("sum_items"));
                ["n", "observed", "invited"].into_iter().any(moved)
                    || (answered.0 == answered.1 && sums.0 != sums.1)
            });
            if !shown || differs {
                hidden.entry(*id).or_default().push(name.to_owned());
            }
        }
    }
    hidden
}

/// Entries of a federation's published results, protected, in order of rank.
pub(crate) async fn of_federation(
    db: &impl ConnectionTrait,
    publication: &Publication,
    policy: &EvidencePolicy,
) -> Result<Vec<(ResultRow, Value)>, Problem> {
    let (display, answers) = (policy.display, policy.survey.public_least);
    let rows = store::grading::results(db, publication.run, Some(&publication.federation)).await?;
    let mut parsed = Vec::with_capacity(rows.len());
    for row in &rows {
        let entry: Value = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
        parsed.push((row.admission.uuid(), entry));
    }
    let earlier = earlier(db, publication).await?;
    let mut before = entries(&earlier)?;
    let read =
        own_figures::surveys_before(db, publication, policy.survey.institution_least).await?;
    with_surveys(&mut before, &parsed, &read);
    let hidden = hidden(&parsed, &before, display);
    let none = Vec::new();
    let mut shown = Vec::with_capacity(rows.len());
    for (row, (id, one)) in rows.into_iter().zip(parsed) {
        let mut entry = entry(&one, hidden.get(&id).unwrap_or(&none), display, answers);
        if let Some(counts) = counts_of(&row)? {
            let conversions = entry["indicators"]["EMP"]["shown"] == "all";
            let mut then = Vec::new();
            for row in earlier.get(&id).into_iter().flatten() {
                then.extend(counts_of(row)?);
            }
            let public = counts.public(conversions, &then, display);
            entry["counts"] = serde_json::to_value(public).map_err(Problem::internal)?;
        }
        shown.push((row, entry));
    }
    Ok(shown)
}

/// Adds to what was public before the surveys that an institution read in its own results, public or not: what is kept back
/// from it is not found in the public table. Nothing else differs in what is added.
fn with_surveys(
    before: &mut BTreeMap<uuid::Uuid, Vec<Value>>,
    rows: &[(uuid::Uuid, Value)],
    read: &BTreeMap<uuid::Uuid, Vec<Value>>,
) {
    for (id, entry) in rows {
        for figures in read.get(id).into_iter().flatten() {
            let mut then = entry.clone();
            if let Some(survey) = then.pointer_mut("/indicators/SAT") {
                survey.clone_from(figures);
            }
            before.entry(*id).or_default().push(then);
        }
    }
}

/// What was counted beside R; nothing of runs from before it was.
pub(crate) fn counts_of(row: &ResultRow) -> Result<Option<Counts>, Problem> {
    let counts = row.counts.as_deref().map(serde_json::from_str);
    counts.transpose().map_err(Problem::internal)
}

/// The entries of R in rows, by admission.
pub(crate) fn entries(
    rows: &BTreeMap<uuid::Uuid, Vec<ResultRow>>,
) -> Result<BTreeMap<uuid::Uuid, Vec<Value>>, Problem> {
    let mut all = BTreeMap::new();
    for (id, rows) in rows {
        let entries: Result<Vec<Value>, _> = rows
            .iter()
            .map(|row| serde_json::from_str(&row.entry))
            .collect();
        all.insert(*id, entries.map_err(Problem::internal)?);
    }
    Ok(all)
}

/// All that was shown before for the same freeze date, published or under a notice that a correction replaced: whoever kept
/// each of them could take any two apart.
pub(crate) async fn earlier(
    db: &impl ConnectionTrait,
    publication: &Publication,
) -> Result<BTreeMap<uuid::Uuid, Vec<ResultRow>>, Problem> {
    let mut found: BTreeMap<uuid::Uuid, Vec<ResultRow>> = BTreeMap::new();
    let (federation, on) = (publication.federation.as_str(), publication.freeze_on);
    let all = publications::of_period(db, federation, on, false).await?;
    let before = all.iter().filter(|one| match one.state {
        PublicationState::Figures => false,
        PublicationState::Notice => one.id < publication.id,
        PublicationState::Published => {
            one.id != publication.id
                && publication
                    .published_at
                    .is_none_or(|at| one.published_at.is_some_and(|earlier| earlier < at))
        }
    });
    for before in before {
        for row in store::grading::results(db, before.run, Some(&before.federation)).await? {
            found.entry(row.admission.uuid()).or_default().push(row);
        }
    }
    Ok(found)
}

/// The public table of a run: reference, overall rates, and the entries of federations whose results are public.
pub(crate) async fn table(app: &App, run: &Run) -> Result<Value, Problem> {
    let bytes = super::runs::results_bytes(app, run).await?;
    let whole: Value = serde_json::from_slice(&bytes).map_err(Problem::internal)?;
    let reader = app.store.reader();
    let all = publications::list(reader, None, None).await?;
    let mut institutions = Vec::new();
    for publication in all
        .iter()
        .filter(|one| one.run == run.id && one.state != PublicationState::Figures)
    {
        institutions.extend(
            of_federation(reader, publication, &app.evidence)
                .await?
                .into_iter()
                .map(|(_, entry)| entry),
        );
    }
    institutions.sort_by(|one, two| one["id"].as_str().cmp(&two["id"].as_str()));
    let mut table = Map::new();
    for field in [
        "format",
        "policy",
        "evidence_sha256",
        "window_exit_after",
        "window_exit_until",
        "overall_ppm",
        "sat_mean_milli",
        "reference",
    ] {
        table.insert(field.to_owned(), whole[field].clone());
    }
    // Of provinces that are measured by their own trainees, the tables of those whose results are public.
    if let Some(tables) = whole.get("provinces").and_then(Value::as_object) {
        let own: Map<String, Value> = tables
            .iter()
            .filter(|(code, _)| {
                let mut all = institutions.iter();
                all.any(|one: &Value| one["federation"] == **code)
            })
            .map(|(code, own)| (code.clone(), own.clone()))
            .collect();
        table.insert("provinces".to_owned(), Value::Object(own));
    }
    table.insert("institutions".to_owned(), Value::Array(institutions));
    // Claims with enough evidence that nobody had decided at the freeze, in the whole country.
    let freeze = store::grading::freeze(reader, run.freeze).await?;
    let undecided = freeze.map_or(0, |freeze| freeze.undecided);
    let shown = undecided == 0 || undecided >= u64::from(app.evidence.display.least_cell());
    table.insert(
        "undecided_claims".to_owned(),
        if shown { undecided.into() } else { Value::Null },
    );
    Ok(Value::Object(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Display = Display::new(5, 10).expect("the numbers of grading.md");

    fn one(n: u64, observed: u64) -> Value {
        json!({ "id": "x", "indicators": { "EMP": { "n": n, "observed": observed, "adjusted_ppm": 1, "points_milli": 2 } } })
    }

    #[test]
    fn small_counts_are_hidden_and_a_single_hidden_one_takes_another_along() {
        let id = uuid::Uuid::from_u128;
        let rows = [
            (id(1), one(40, 20)),
            (id(2), one(3, 1)),
            (id(3), one(12, 6)),
        ];
        let hidden = hidden(&rows, &BTreeMap::new(), BASE);
        assert!(
            hidden.contains_key(&id(2))
                && hidden.contains_key(&id(3))
                && !hidden.contains_key(&id(1))
        );
        assert_eq!(
            entry(&rows[1].1, &hidden[&id(2)], BASE, 10)["indicators"]["EMP"],
            json!({ "shown": "too_few" })
        );
        let shown = entry(&rows[2].1, &hidden[&id(3)], BASE, 10);
        assert_eq!(shown["indicators"]["EMP"]["shown"], "provisional");
        assert!(shown["indicators"]["EMP"].get("n").is_none());
        let all = entry(&rows[0].1, &[], BASE, 10);
        assert_eq!(all["indicators"]["EMP"]["n"], 40);
    }

    #[test]
    fn of_fewer_than_ten_answers_the_public_sees_nothing() {
        let shown = |n: u64| {
            let sat = json!({ "n": n, "adjusted_milli": 4_100, "points_milli": 64_706 });
            let of = json!({ "indicators": { "SAT": sat.clone(), "EMP": sat } });
            entry(&of, &[], BASE, 10)["indicators"].clone()
        };
        for n in [5, 9] {
            let shown = shown(n);
            assert_eq!(shown["SAT"], json!({ "shown": "too_few" }));
            assert_eq!(shown["EMP"]["shown"], "provisional", "people, not answers");
        }
        assert_eq!(shown(10)["SAT"]["adjusted_milli"], 4_100);
    }

    #[test]
    fn a_correction_by_two_people_hides_the_counts() {
        let id = uuid::Uuid::from_u128;
        let before = BTreeMap::from([(id(1), vec![one(40, 20)]), (id(2), vec![one(50, 20)])]);
        let rows = [(id(1), one(40, 22)), (id(2), one(50, 20))];
        let hidden = hidden(&rows, &before, BASE);
        assert_eq!(hidden.keys().collect::<Vec<_>>(), [&id(1)]);
    }

    #[test]
    fn one_person_more_or_less_in_the_survey_hides_its_counts() {
        let id = uuid::Uuid::from_u128;
        let sat = |n: u64, invited: u64, sum_items: u64| json!({ "indicators": { "SAT": { "n": n, "invited": invited, "sum_items": sum_items } } });
        let before = BTreeMap::from([(id(1), vec![sat(40, 60, 800)])]);
        for (now, hides) in [
            (sat(40, 60, 800), false),
            (sat(40, 61, 800), true),
            (sat(40, 60, 795), true),
            (sat(41, 60, 820), true),
            (sat(46, 66, 920), false),
        ] {
            let hidden = hidden(&[(id(1), now.clone())], &before, BASE);
            assert_eq!(hidden.contains_key(&id(1)), hides, "{now}");
        }
    }

    #[test]
    fn a_survey_that_the_institution_alone_read_hides_the_one_a_few_answers_away() {
        let id = uuid::Uuid::from_u128(1);
        let survey = |n: u64, sum_items: u64| json!({ "n": n, "sum_items": sum_items });
        let read = BTreeMap::from([(id, vec![survey(20, 400)])]);
        for (n, sum, hides) in [
            (21, 407, true),
            (20, 395, true),
            (20, 400, false),
            (26, 520, false),
        ] {
            let mut now = one(40, 20);
            now["indicators"]["SAT"] = survey(n, sum);
            let rows = [(id, now)];
            let mut before = BTreeMap::new();
            with_surveys(&mut before, &rows, &read);
            let hidden = hidden(&rows, &before, BASE);
            let expected = hides.then(|| vec!["SAT".to_owned()]);
            assert_eq!(hidden.get(&id), expected.as_ref(), "{n} {sum}");
        }
    }

    #[test]
    fn a_second_correction_is_compared_with_all_that_was_published_before() {
        let id = uuid::Uuid::from_u128;
        let before = BTreeMap::from([(id(1), vec![one(50, 20), one(40, 20)])]);
        // Eight people away from the newest, two from the first.
        let rows = [(id(1), one(42, 20))];
        assert!(hidden(&rows, &before, BASE).contains_key(&id(1)));
    }
}
