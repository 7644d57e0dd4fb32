//! What follows the certificates: work with its follow-ups and conflicts, a grading run with what the federations make of
//! it.

use serde_json::{Value, json};

use super::{Case, SCHOOL_WITH_CLASS, World, province};
use crate::answer::text;

/// An employer with a right credit code: the school `b`.
const EMPLOYER: &str = "52330203XX0000027P";

impl World {
    /// Every school with a class claims work of its first trainee, at an employer that it has to do with: a follow-up is
    /// due, and a conflict wants a look.
    pub(super) async fn work(&mut self, schools: &mut [Case]) {
        self.server.days_pass(3);
        let today = self.server.today();
        let until = today + chrono::Days::new(400);
        for school in with_class(schools) {
            let operator = self.who(&operator(school));
            let enrolment = school.fields["enrolment"].clone();
            let claim = json!({
                "employer": EMPLOYER, "work_type": "contract", "start_on": today, "source": "institution", "related": true,
            });
            let path = format!("/api/v1/enrolments/{enrolment}/episodes");
            let episode = text(&operator.post(&path, &claim).await.good()["id"]);
            let county = self.who(&format!("county-{}-1", school.place));
            let due = format!("/api/v1/follow-ups?until={until}");
            let due = county.get(&due).await.good();
            let conflicts = county.get("/api/v1/evidence-conflicts").await.good();
            school.fields.extend([
                ("follow_up", with(&due, "episode", &episode, "id")),
                ("conflict", with(&conflicts, "episode", &episode, "id")),
                ("episode", episode),
            ]);
            school.kinds = SCHOOL_WITH_CLASS;
        }
    }

    /// The nation freezes a year; both provinces tell the figures and draft a bulletin and a policy.
    pub(super) async fn grade(&mut self, schools: &mut [Case]) {
        let freeze = json!({ "kind": "annual", "freeze_on": self.server.last_annual_freeze() });
        let frozen = self
            .post("national-2", "/api/v1/grading-freezes", freeze)
            .await;
        let run = text(&frozen["run"]);
        for code in ["330000", "370000"] {
            let path = format!("/api/v1/grading-runs/{run}/publications");
            let officer = format!("province-{code}-1");
            let opened = self.post(&officer, &path, json!({})).await;
            let fields = [("publication", text(&opened["id"])), ("run", run.clone())];
            self.case(&["publication"], code, fields);
        }
        for school in with_class(schools) {
            let officer = self.who(&format!("province-{}-1", province(&school.place)));
            let path = format!(
                "/api/v1/institutions/{}/results",
                school.fields["admission"]
            );
            let results = officer.get(&path).await.good();
            school.fields.extend([
                ("result", with(&results, "run", &run, "id")),
                ("run", run.clone()),
            ]);
        }
        let base = crate::root().join("seed-data/policies/CN-BASE-2026.1.json");
        let base = std::fs::read_to_string(base).expect("the baseline");
        let mut base: Value = serde_json::from_str(&base).expect("JSON");
        base["version"] = "2027.1".into();
        let tomorrow = self.server.today() + chrono::Days::new(1);
        for (who, code, kind, policy) in [
            ("national-2", "000000", "provinces", base),
            ("province-330000-1", "330000", "ranking", own("ZJ")),
            ("province-370000-1", "370000", "ranking", own("SD")),
        ] {
            let request = json!({ "kind": kind, "run": run, "title": "培训机构情况通报" });
            let bulletin = text(&self.post(who, "/api/v1/bulletins", request).await["id"]);
            let request = json!({ "text": policy.to_string(), "effective_on": tomorrow });
            let drafted = self.post(who, "/api/v1/grading-policies", request).await;
            let fields = [("bulletin", bulletin), ("policy", text(&drafted["id"]))];
            self.case(&["bulletin", "policy"], code, fields);
        }
    }
}

/// An override that a province may make.
fn own(policy_id: &str) -> Value {
    json!({
        "base": "CN-BASE@2026.1", "policy_id": policy_id, "version": "2026.1",
        "changes": { "grades": { "A": 81000 } },
    })
}

/// Schools that have a class.
pub(super) fn with_class(schools: &mut [Case]) -> impl Iterator<Item = &mut Case> {
    schools
        .iter_mut()
        .filter(|one| one.fields.contains_key("cohort"))
}

/// The first operator of a school.
pub(super) fn operator(school: &Case) -> String {
    format!("school-{}-1", school.school.expect("a school"))
}

/// A field of the item of a list that has this value in another.
#[track_caller]
pub(super) fn with(list: &Value, field: &str, value: &str, wanted: &str) -> String {
    let items = list.as_array().or_else(|| list["items"].as_array());
    let found = items
        .into_iter()
        .flatten()
        .find(|one| one[field] == value)
        .unwrap_or_else(|| panic!("no {field} {value} in {list}"));
    text(&found[wanted])
}
