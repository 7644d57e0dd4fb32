//! Classes: opened, filled from a roster, taught, accepted.

use serde_json::{Value, json};

use super::Story;
use crate::answer::text;
use crate::rosters;

/// Hours of the program.
pub const HOURS: u32 = 40;

impl Story {
    /// Opens a class that begins in `from` days and lasts a fortnight; answers its id.
    pub async fn open_cohort(&self, from: u64) -> String {
        let start = self.server.today() + chrono::Days::new(from);
        let request = json!({
            "offer": self.offer, "name": "第一班", "start_on": start, "end_on": start + chrono::Days::new(14),
            "places": self.places, "teachers": ["虚构教师"],
        });
        let cohort = self
            .who("school-1")
            .post("/api/v1/cohorts", &request)
            .await
            .good();
        text(&cohort["cohort"])
    }

    /// An act on a class.
    pub async fn cohort_act(&self, who: &str, cohort: &str, act: &str) -> Value {
        let request = match act {
            "finish" => json!({ "act": act, "hours_taught": HOURS }),
            "accept" => json!({ "act": act, "sample_called": self.places.div_ceil(10).max(10) }),
            "send_back" => json!({ "act": act, "findings": ["补充考勤"] }),
            "cancel" | "terminate" => json!({ "act": act, "reason": "依规办理" }),
            _ => json!({ "act": act }),
        };
        self.who(who)
            .act(&format!("/api/v1/cohorts/{cohort}"), "acts", &request)
            .await
            .good()
    }

    /// A class that takes trainees.
    pub async fn enrolling(&self) -> String {
        let cohort = self.open_cohort(7).await;
        self.cohort_act("school-1", &cohort, "announce").await;
        self.cohort_act("county-1", &cohort, "confirm").await;
        self.cohort_act("school-1", &cohort, "open_enrolment").await;
        cohort
    }

    /// Imports a roster file into a class; answers the receipt.
    pub async fn import(&self, cohort: &str, bytes: Vec<u8>) -> Value {
        self.who("school-1")
            .upload(
                &format!("/api/v1/cohorts/{cohort}/rosters?import=all"),
                bytes,
            )
            .await
            .good()
    }

    /// Admits all applicants of a class.
    pub async fn admit(&self, cohort: &str) -> Value {
        self.who("school-1")
            .post(&format!("/api/v1/cohorts/{cohort}/admit"), &json!({}))
            .await
            .good()
    }

    /// The enrolments of a class, page by page.
    pub async fn enrolments(&self, cohort: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/cohorts/{cohort}/enrolments?limit=100{cursor}");
            let page = self.who("school-1").get(&path).await.good();
            rows.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    /// A class with so many new trainees, taught to the end and accepted by the county.
    pub async fn accepted(&mut self, trainees: u32) -> String {
        let first = self.next_person;
        self.next_person += trainees;
        let cohort = self.enrolling().await;
        self.import(&cohort, rosters::csv(first, trainees)).await;
        self.admit(&cohort).await;
        self.teach(&cohort).await;
        self.accept(&cohort).await;
        cohort
    }

    /// From the first class day to confirmed results and locked attendance.
    pub async fn teach(&self, cohort: &str) {
        self.server.days_pass(7);
        self.cohort_act("school-1", cohort, "start").await;
        self.teach_out(cohort).await;
    }

    /// The rest of a class that runs: taught to its end, with confirmed results and locked attendance.
    pub async fn teach_out(&self, cohort: &str) {
        self.server.days_pass(15);
        let held_on = self.server.today();
        let members = self.enrolments(cohort).await;
        let minutes: Vec<Value> = members
            .iter()
            .map(|one| json!({ "enrolment": one["id"], "minutes": HOURS * 60 }))
            .collect();
        let results: Vec<Value> = members
            .iter()
            .zip(0..)
            .map(|(one, at)| {
                // As people score: a class in which all have the same is held for review.
                let score = 60 + at * 7 % 40;
                json!({ "enrolment": one["id"], "passed": true, "score": score, "held_on": held_on })
            })
            .collect();
        let school = self.who("school-1");
        let at = |what: &str| format!("/api/v1/cohorts/{cohort}/{what}");
        school
            .post(
                &at("attendance"),
                &json!({ "hours_taught": HOURS, "items": minutes }),
            )
            .await
            .good();
        self.cohort_act("school-1", cohort, "finish").await;
        school
            .post(&at("assessments"), &json!({ "items": results }))
            .await
            .good();
        self.who("school-2")
            .post(&at("assessments/confirm"), &json!({}))
            .await
            .good();
        school.post(&at("attendance/lock"), &json!({})).await.good();
    }

    /// The county accepts a finished class, by two persons.
    pub async fn accept(&self, cohort: &str) {
        let proposed = self.cohort_act("county-1", cohort, "accept").await;
        self.approve("county-2", &proposed).await;
    }
}
