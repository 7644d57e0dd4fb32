//! Who judges the schools: warnings with their cases and appeals, and third-party assessments.

use serde_json::{Value, json};

use super::outcomes::{operator, with, with_class};
use super::{Case, World, province};
use crate::answer::text;

/// SHA-256 of nothing, as evidence.
const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl World {
    /// Every school with a class is warned by its province, and appeals.
    pub(super) async fn judge(&mut self, schools: &mut [Case]) {
        for school in with_class(schools) {
            let officer = self.who(&format!("province-{}-1", province(&school.place)));
            let admission = &school.fields["admission"];
            let resource = format!("/api/v1/institutions/{admission}");
            let warning = json!({
                "transition": "T11", "cause": "major_finding", "reason": "检查发现问题。", "findings": ["记录不全"],
                "evidence_sha256": HASH, "document": self.document(),
            });
            officer.act(&resource, "transitions", &warning).await.good();
            let cases = officer.get("/api/v1/cases?limit=100").await.good();
            let case = with(&cases, "admission", admission, "id");
            let served = json!({
                "transition": "T11", "method": "post", "served_on": self.server.today(), "receipt": "挂号信 001",
            });
            officer
                .post(&format!("{resource}/services"), &served)
                .await
                .good();
            let appeal =
                json!({ "against": "T11", "points": "检查记录与事实不符。", "wish": "撤销该决定" });
            let school_client = self.who(&operator(school));
            let path = format!("{resource}/appeals");
            let lodged = school_client.post(&path, &appeal).await.good();
            school
                .fields
                .extend([("case", case), ("appeal", text(&lodged["id"]))]);
        }
    }

    fn document(&self) -> Value {
        json!({ "number": "虚残联〔2026〕8号", "issuer": "虚构省残疾人联合会", "made_on": self.server.today() })
    }

    /// Each province accredits an assessor of its own. The assessments of the schools `a` and `d` are at the fieldwork,
    /// those of the others wait for their draw.
    pub(super) async fn assess(&mut self, schools: &mut [Case]) {
        let today = self.server.today();
        for (name, code, organisation) in [
            ("assessor", "330000", "52610113XX00000786"),
            ("assessor-2", "370000", "52610402XX0000086J"),
        ] {
            let account = text(&self.who(name).get("/api/v1/self").await.good()["account"]);
            let request = json!({
                "account": account, "organisation": "虚构第三方评估公司", "credit_code": organisation, "valid_from": today,
                "valid_until": today + chrono::Days::new(700), "document": self.document(),
            });
            let officer = format!("province-{code}-1");
            let made = self.post(&officer, "/api/v1/assessors", request).await;
            self.case(
                &["accreditation"],
                code,
                [("accreditation", text(&made["id"]))],
            );
        }
        let period = json!({ "period_from": today - chrono::Days::new(200), "period_until": today.pred_opt() });
        for school in with_class(schools) {
            let officer = format!("province-{}-1", province(&school.place));
            let path = format!(
                "/api/v1/institutions/{}/assessments",
                school.fields["admission"]
            );
            let made = self.post(&officer, &path, period.clone()).await;
            school.fields.insert("assessment", text(&made["id"]));
        }
        self.log_grows("340000").await;
        for (school, assessor) in [('a', "assessor"), ('d', "assessor-2")] {
            let school = schools
                .iter()
                .find(|one| one.school == Some(school))
                .expect("a school");
            let officer = format!("province-{}-1", province(&school.place));
            let resource = format!("/api/v1/assessments/{}", school.fields["assessment"]);
            self.act(&officer, &resource, "draw", json!({})).await;
            let none = json!({ "relations": [] });
            self.act(assessor, &resource, "declaration", none).await;
        }
        self.log_grows("350000").await;
        for (school, assessor) in [('a', "assessor"), ('d', "assessor-2")] {
            let school = schools
                .iter()
                .find(|one| one.school == Some(school))
                .expect("a school");
            let resource = format!("/api/v1/assessments/{}", school.fields["assessment"]);
            self.act(assessor, &resource, "fieldwork", json!({})).await;
        }
    }

    /// A checkpoint comes that nobody knew before.
    async fn log_grows(&self, federation: &str) {
        let request = json!({ "federation": federation, "year": 2026 });
        self.post("national-2", "/api/v1/keys", request).await;
    }
}
