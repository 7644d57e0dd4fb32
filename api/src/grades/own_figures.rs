//! What an institution sees of its own results: of the survey only sums of enough answers, and no two that a few answers lie
//! between (grading.md 5).

use std::collections::BTreeMap;

use domain::ids::AdmissionId;
use serde_json::{Value, json};
use store::ConnectionTrait;
use store::grading::ResultRow;
use store::grading::publications::{self, Publication};
use uuid::Uuid;

use crate::problem::Problem;

/// Its entry of R in a publication that was opened to it; `least` is the policy's number of answers.
pub(super) async fn entry(
    db: &impl ConnectionTrait,
    publication: &Publication,
    row: &ResultRow,
    least: u32,
) -> Result<Value, Problem> {
    let told = told_before(db, publication, row.admission).await?;
    let entry = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
    Ok(protected(entry, &told, least))
}

/// The entries that were opened to it before for the same freeze date, oldest first.
async fn told_before(
    db: &impl ConnectionTrait,
    publication: &Publication,
    admission: AdmissionId,
) -> Result<Vec<Value>, Problem> {
    let mut told = Vec::new();
    for earlier in opened_before(db, publication).await? {
        if let Some(row) = store::grading::result(db, earlier.run, admission).await? {
            told.push(serde_json::from_str(&row.entry).map_err(Problem::internal)?);
        }
    }
    Ok(told)
}

/// What was opened before a publication for the same freeze date, oldest first.
async fn opened_before(
    db: &impl ConnectionTrait,
    publication: &Publication,
) -> Result<Vec<Publication>, Problem> {
    let (federation, on) = (publication.federation.as_str(), publication.freeze_on);
    let mut all = publications::of_period(db, federation, on, false).await?;
    all.retain(|one| one.id < publication.id);
    all.reverse();
    Ok(all)
}

/// The figures of surveys that each institution of a federation could read before for the same freeze date, by admission.
pub(super) async fn surveys_before(
    db: &impl ConnectionTrait,
    publication: &Publication,
    least: u32,
) -> Result<BTreeMap<Uuid, Vec<Value>>, Problem> {
    let mut told: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
    for earlier in opened_before(db, publication).await? {
        for row in store::grading::results(db, earlier.run, Some(&earlier.federation)).await? {
            let entry = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
            told.entry(row.admission.uuid()).or_default().push(entry);
        }
    }
    let survey = |entry: &Value| entry["indicators"]["SAT"].clone();
    Ok(told
        .into_iter()
        .map(|(id, told)| (id, shown(&told, least).into_iter().map(survey).collect()))
        .collect())
}

/// Those of the entries, oldest first, whose survey was shown: with what was kept back nothing can be computed.
fn shown(told: &[Value], least: u32) -> Vec<&Value> {
    let mut shown = Vec::with_capacity(told.len());
    for entry in told {
        if withheld(entry, &shown, least).is_none() {
            shown.push(entry);
        }
    }
    shown
}

/// The entry without the figures of a survey that would tell of so few answers, with the sentence that says so. `told` are
/// the entries before it, oldest first.
fn protected(mut entry: Value, told: &[Value], least: u32) -> Value {
    let withheld = withheld(&entry, &shown(told, least), least);
    if let Some(withheld) = withheld
        && let Some(figures) = entry.pointer_mut("/indicators/SAT")
    {
        *figures = withheld;
    }
    entry
}

/// What stands in place of the survey of an entry; none where it is shown after these.
fn withheld(entry: &Value, shown: &[&Value], least: u32) -> Option<Value> {
    let figure = |of: &Value, name: &str| of["indicators"]["SAT"][name].as_u64().unwrap_or(0);
    let least = u64::from(least);
    let (n, sum) = (figure(entry, "n"), figure(entry, "sum_items"));
    let mut shown = shown.iter();
    let close = shown.any(|then| match n.abs_diff(figure(then, "n")) {
        0 => sum != figure(then, "sum_items"),
        apart => apart < least,
    });
    if n < least {
        Some(json!({
            "shown": "too_few",
            "detail_zh": format!("满意度的有效答卷不足 {least} 份,不向机构显示,以免看出个人的回答。"),
            "detail_en": format!("Satisfaction is not shown to an institution: fewer than {least} answers count, and single ones could be told."),
        }))
    } else if close {
        Some(json!({
            "shown": "kept_back",
            "detail_zh": format!("满意度的有效答卷与同一冻结日先前显示的相差不足 {least} 份,不再显示,以免算出个人的回答。"),
            "detail_en": format!("Satisfaction is not shown again: fewer than {least} answers lie between this and what was shown before for the same freeze date, and single ones could be computed."),
        }))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64, sum_items: u64) -> Value {
        json!({ "grade": "B", "indicators": {
            "EMP": { "n": 3, "observed": 1 },
            "SAT": { "n": n, "sum_items": sum_items, "mean_milli": 4_000, "points_milli": 60_000 },
        } })
    }

    #[test]
    fn of_few_answers_an_institution_reads_no_figure() {
        for n in [0, 1, 4] {
            let shown = protected(entry(n, 20 * n), &[], 5);
            let sat = shown["indicators"]["SAT"].as_object().expect("an object");
            assert_eq!(sat["shown"], "too_few");
            let fields: Vec<&str> = sat.keys().map(String::as_str).collect();
            assert_eq!(fields.len(), 3, "{fields:?}");
            assert_eq!(shown["indicators"]["EMP"], entry(n, 0)["indicators"]["EMP"]);
        }
        assert_eq!(protected(entry(5, 100), &[], 5), entry(5, 100));
    }

    #[test]
    fn two_runs_that_few_answers_lie_between_are_not_both_read() {
        let read = |n, sum, told: &[Value]| protected(entry(n, sum), told, 5) == entry(n, sum);
        let told = [entry(20, 400)];
        assert!(!read(21, 407, &told), "the answer between them");
        assert!(!read(16, 330, &told));
        assert!(!read(20, 395, &told), "one answer for another");
        assert!(read(20, 400, &told), "the same");
        assert!(read(25, 500, &told));
        assert!(read(6, 120, &[entry(4, 80)]), "four were never shown");
        assert!(!read(27, 540, &[entry(20, 400), entry(25, 500)]));
        // What was kept back itself was never read, and hides nothing.
        assert!(read(20, 400, &[entry(20, 400), entry(20, 395)]));
        assert!(read(25, 500, &[entry(20, 400), entry(21, 407)]));
        assert!(!read(24, 480, &[entry(20, 400), entry(21, 407)]));
    }
}
