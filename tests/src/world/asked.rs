//! What trainees were asked after their classes, and who calls about it: surveys, calls of a third party, a flagged answer,
//! and the record of a visit that waits for its countersignature; an employer that is related to the school.

use serde_json::json;

use super::outcomes::with_class;
use super::{Case, World, province};
use crate::answer::text;

impl World {
    /// Every class is asked. Of the schools `a` and `d` the county has taken both answers: one was contradicted on the
    /// telephone, about the other the assessor is still to call; and the assessor was there.
    pub(super) async fn ask(&mut self, schools: &mut [Case]) {
        for school in with_class(schools) {
            let county = format!("county-{}-1", school.place);
            let path = format!("/api/v1/cohorts/{}/survey", school.fields["cohort"]);
            self.post(&county, &path, json!({})).await;
        }
        for (letter, assessor) in [('a', "assessor"), ('d', "assessor-2")] {
            let school = schools
                .iter()
                .find(|one| one.school == Some(letter))
                .expect("a school");
            self.answers(school).await;
            let mut fields = self.calls(school, assessor).await;
            let resource = format!("/api/v1/assessments/{}", school.fields["assessment"]);
            let now = self.server.app.now();
            let visit = json!({
                "place": "西湖教学点", "arrived_at": now - chrono::Duration::hours(1), "left_at": now, "members": [], "record": "现场查看教室、台账和宿舍。",
            });
            let visit = self.act(assessor, &resource, "visits", visit).await;
            let path = format!(
                "/api/v1/institutions/{}/related-parties",
                school.fields["admission"]
            );
            let related = json!({
                "employer": "52510104XX0000043U", "relation": "founded", "from": "2026-01-01",
                "document": { "number": "虚〔2026〕1号", "issuer": "虚构机关", "made_on": "2026-01-01" },
            });
            let county = format!("county-{}-1", school.place);
            let party = self.post(&county, &path, related).await;
            fields.extend([
                ("party", text(&party["id"])),
                ("visit", text(&visit["id"])),
                ("assessment", school.fields["assessment"].clone()),
                ("admission", school.fields["admission"].clone()),
            ]);
            self.cases.push(Case {
                kinds: &["call", "flag", "visit", "party"],
                place: school.place.clone(),
                school: Some(letter),
                fields: fields.into_iter().collect(),
                ..Case::default()
            });
        }
    }

    /// The county takes the answers of the class of a school.
    async fn answers(&self, school: &Case) {
        let county = format!("county-{}-1", school.place);
        let cohort = &school.fields["cohort"];
        let path = format!("/api/v1/cohorts/{cohort}/enrolments");
        let page = self.who(&county).get(&path).await.good();
        let members = page["items"].as_array().cloned().unwrap_or_default();
        assert_eq!(members.len(), 2);
        for member in members {
            let path = format!("/api/v1/enrolments/{}/survey-answer", text(&member["id"]));
            let answer =
                json!({ "mode": "interview", "by": "assisted", "items": [4, 4, null, 4, 4] });
            self.post(&county, &path, answer).await;
        }
    }

    /// A round of two calls: the first contradicts its answer. The open call, and the flagged answer.
    async fn calls(&self, school: &Case, assessor: &str) -> Vec<(&'static str, String)> {
        let accreditation = self
            .cases
            .iter()
            .find(|one| {
                one.kinds.contains(&"accreditation") && one.place == province(&school.place)
            })
            .expect("an accreditation");
        let officer = format!("province-{}-1", province(&school.place));
        let resource = format!("/api/v1/institutions/{}", school.fields["admission"]);
        let round = json!({ "assessor": accreditation.fields["accreditation"] });
        let path = format!("{resource}/survey-calls");
        self.post(&officer, &path, round).await;
        let calls = self.who(assessor).get("/api/v1/survey-calls").await.good();
        let path = format!("/api/v1/survey-calls/{}/outcome", text(&calls[0]["id"]));
        let said = json!({ "reached": true, "answered": false, "overall": 1 });
        self.post(assessor, &path, said).await;
        let path = format!("{resource}/survey-flags");
        let flags = self.who(&officer).get(&path).await.good();
        vec![
            ("call", text(&calls[1]["id"])),
            ("response", text(&flags[0]["id"])),
        ]
    }
}
