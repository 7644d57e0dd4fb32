//! Builds evidence: what a test does not say is an ordinary trainee in an ordinary class.

use domain::grading::{Evidence, Faults, Policy, grade};
use serde_json::{Value, json};

pub(crate) const BASE: &str = include_str!("../../../seed-data/policies/CN-BASE-2026.1.json");

pub(crate) fn baseline() -> Policy {
    Policy::from_json(BASE).expect("the national baseline")
}

/// An evidence file.
#[derive(Clone, Debug)]
pub(crate) struct File(pub(crate) Value);

impl File {
    /// Frozen on 2026-03-31, with institution `i` and its cohort `c` of 80 hours that ended on 2024-07-12.
    pub(crate) fn new() -> Self {
        let mut file = Self::empty();
        file.institution("i", json!({}));
        file.cohort("c", json!({}));
        file
    }

    pub(crate) fn empty() -> Self {
        Self(json!({
            "freeze": "2026-03-31", "outages": [], "institutions": [], "cohorts": [], "enrolments": [], "episodes": [],
            "surveys": []
        }))
    }

    pub(crate) fn institution(&mut self, id: &str, changes: Value) -> &mut Self {
        let row = json!({
            "id": id, "federation": "370000", "district": "370100", "previous_grade": null, "third_party_score": null
        });
        self.push("institutions", row, changes)
    }

    pub(crate) fn cohort(&mut self, id: &str, changes: Value) -> &mut Self {
        let row = json!({
            "id": id, "institution": "i", "start": "2024-06-01", "end": "2024-07-12", "planned_hours": 80,
            "purpose": "employment", "certifiable": true
        });
        self.push("cohorts", row, changes)
    }

    /// Person `p-ID` unless the changes say otherwise.
    pub(crate) fn enrolment(&mut self, id: &str, changes: Value) -> &mut Self {
        let row = json!({
            "id": id, "person": format!("p-{id}"), "cohort": "c", "household_province": "370000",
            "disability_category": 3, "disability_level": 3, "attended_hours": 80, "exit_date": "2024-07-12",
            "completed": true, "certified": true, "employed_at_enrolment": false, "exclusion": null
        });
        self.push("enrolments", row, changes)
    }

    /// Work by contract from 2024-07-20 on, in the social insurance register.
    pub(crate) fn episode(&mut self, id: &str, person: &str, changes: Value) -> &mut Self {
        let row = json!({
            "id": id, "person": person, "type": "contract", "employer": "b", "start": "2024-07-20", "last_day": null,
            "related_to_institution": null, "evidence": [{"tier": "A", "source": "social_insurance"}], "contest": null
        });
        self.push("episodes", row, changes)
    }

    pub(crate) fn survey(&mut self, enrolment: &str, changes: Value) -> &mut Self {
        let row = json!({
            "enrolment": enrolment, "items": [4, 4, 4, 4, 4], "submitted": "2024-07-20", "seq": 1, "flagged": false
        });
        self.push("surveys", row, changes)
    }

    pub(crate) fn outage(&mut self, changes: Value) -> &mut Self {
        let row = json!({"province": "370000", "source": "social_insurance"});
        self.push("outages", row, changes)
    }

    fn push(&mut self, table: &str, mut row: Value, changes: Value) -> &mut Self {
        let Value::Object(changes) = changes else {
            panic!("changes are an object");
        };
        row.as_object_mut().expect("a row").extend(changes);
        self.rows(table).push(row);
        self
    }

    pub(crate) fn rows(&mut self, table: &str) -> &mut Vec<Value> {
        self.0[table].as_array_mut().expect("a table")
    }

    pub(crate) fn read(&self) -> Result<Evidence, Faults> {
        Evidence::from_json(&self.0.to_string())
    }

    /// R with the entry of each enrolment.
    pub(crate) fn run(&self) -> Results {
        self.run_by(&baseline())
    }

    pub(crate) fn run_by(&self, policy: &Policy) -> Results {
        Results(serde_json::from_slice(&self.bytes(policy, true)).expect("JSON"))
    }

    /// The bytes of R.
    pub(crate) fn bytes(&self, policy: &Policy, explain: bool) -> Vec<u8> {
        let evidence = match self.read() {
            Ok(evidence) => evidence,
            Err(faults) => panic!("faulty evidence: {:?}", faults.as_slice()),
        };
        grade(&evidence, policy)
            .to_json(explain)
            .expect("results are JSON")
    }
}

/// R.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Results(pub(crate) Value);

impl Results {
    pub(crate) fn enrolment(&self, id: &str) -> &Value {
        &self.0["enrolments"][id]
    }

    pub(crate) fn converted(&self, id: &str) -> bool {
        self.enrolment(id)["converted"].as_bool().expect("known")
    }

    pub(crate) fn institution(&self, id: &str) -> &Value {
        let rows = self.0["institutions"].as_array().expect("a table");
        rows.iter().find(|row| row["id"] == id).expect("known")
    }

    pub(crate) fn indicator(&self, institution: &str, name: &str) -> &Value {
        &self.institution(institution)["indicators"][name]
    }

    /// n and successes of a rate.
    pub(crate) fn counts(&self, institution: &str, name: &str) -> (u64, u64) {
        let figures = self.indicator(institution, name);
        let number = |key: &str| figures[key].as_u64().expect("a count");
        (number("n"), number("observed"))
    }
}

/// Whether one trainee of the ordinary class is converted by one episode.
pub(crate) fn converts(enrolment: Value, episode: Value) -> bool {
    let mut file = File::new();
    file.enrolment("e", enrolment).episode("w", "p-e", episode);
    file.run().converted("e")
}
