//! The schools of the country: from the application to certificates, side by side.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Case, SCHOOL, SCHOOL_WITH_CLASS, World, province};
use crate::answer::text;
use crate::rosters;
use crate::story::{HOURS, program_content};

impl World {
    pub(super) async fn apply(&mut self, letter: char, region: &str, code: &str) -> Case {
        let first = format!("school-{letter}-1");
        self.account(&first, "institution_operator", json!({}))
            .await;
        let school = self.who(&first);
        let applied = school
            .post(
                "/api/v1/institutions",
                &json!({
                    "name": "虚构职业培训学校", "credit_code": code, "site_region": region,
                    "address": "虚构路1号", "phone": "0571-00000001",
                    "legal_representative": crate::rosters::citizen_id(90_001),
                }),
            )
            .await
            .good();
        let site = school
            .post(
                "/api/v1/sites",
                &json!({ "name": "教学点", "region": region, "address": "虚构路1号", "provisions": [] }),
            )
            .await
            .good();
        let institution = text(&applied["institution"]);
        let at = json!({ "institution": institution });
        self.account(
            &format!("school-{letter}-2"),
            "institution_operator",
            at.clone(),
        )
        .await;
        self.account(&format!("manager-{letter}"), "institution_manager", at)
            .await;
        Case {
            kinds: SCHOOL,
            place: region.to_owned(),
            school: Some(letter),
            fields: HashMap::from([
                ("admission", text(&applied["id"])),
                ("institution", institution),
                ("site", text(&site["id"])),
            ]),
            ..Case::default()
        }
    }

    /// Drafts by everybody who may draft, and the national program that is taught.
    pub(super) async fn programs(&mut self) {
        let request = json!({ "code": "CARE", "name": "职业培训合格证书", "name_en": "Certificate", "description": "" });
        self.post("national-2", "/api/v1/certificate-types", request)
            .await;
        let drafts = [
            ("national-2", "000000", None),
            ("province-330000-1", "330000", None),
            ("province-370000-1", "370000", None),
            ("prefecture-330100", "330100", None),
            ("county-330106-1", "330106", None),
            ("county-330108-1", "330108", None),
            ("county-330206-1", "330206", None),
            // A school's program stands in the list of its province, and the province decides on it.
            ("school-a-1", "330000", Some('a')),
            ("school-b-1", "330000", Some('b')),
            ("school-d-1", "370000", Some('d')),
        ];
        for (who, place, school) in drafts {
            let draft = self.post(who, "/api/v1/programs", program_content()).await;
            self.case(
                &["program"],
                place,
                [("code", text(&draft["code"])), ("version", "1".to_owned())],
            );
            self.cases.last_mut().expect("just made").school = school;
        }
    }

    /// Every school is admitted after its notice, with one objection dismissed; the program is published and offered.
    pub(super) async fn admit(&mut self, schools: &mut [Case]) {
        let transition = |act: &str| json!({ "transition": act, "reason": "依规办理" });
        let program = json!({ "act": "file" });
        let program_code = self.cases[0].fields["code"].clone();
        let version = format!("/api/v1/programs/{program_code}/versions/1");
        let version = version.as_str();
        self.act("national-2", version, "acts", program).await;
        let review = json!({ "act": "review", "opinions": ["内容完整。", "市场有需求。"] });
        self.act("national-2", version, "acts", review).await;
        for school in schools.iter_mut().filter(|one| one.school != Some('g')) {
            let officer = format!("province-{}-1", province(&school.place));
            let second = format!("province-{}-2", province(&school.place));
            let county = format!("county-{}-1", school.place);
            let resource = format!("/api/v1/institutions/{}", school.fields["admission"]);
            self.act(&county, &resource, "transitions", transition("T04"))
                .await;
            let proposed = self
                .act(&officer, &resource, "transitions", transition("T06"))
                .await;
            self.approved(&second, province(&school.place), &proposed)
                .await;
            let said = json!({ "text": "场地与申请不一致。" });
            let path = format!("{resource}/objections");
            let objection = text(&self.post(&county, &path, said).await["id"]);
            let path = format!("/api/v1/objections/{objection}/decision");
            let answer = json!({ "accepted": false, "answer": "经核实一致。" });
            self.who(&officer).post(&path, &answer).await.good();
            school.fields.insert("objection", objection);
        }
        self.server.days_pass(9);
        let published = self
            .act("national-2", version, "acts", json!({ "act": "publish" }))
            .await;
        self.approved("national-1", "000000", &published).await;
        for school in schools.iter_mut().filter(|one| one.school != Some('g')) {
            let code = province(&school.place);
            let officer = format!("province-{code}-1");
            let resource = format!("/api/v1/institutions/{}", school.fields["admission"]);
            let proposed = self
                .act(&officer, &resource, "transitions", transition("T08"))
                .await;
            self.approved(&format!("province-{code}-2"), code, &proposed)
                .await;
            let operator = format!("school-{}-1", school.school.expect("a school"));
            let request = json!({
                "institution": school.fields["admission"], "program": program_code, "site": school.fields["site"],
            });
            let offer = text(&self.post(&operator, "/api/v1/offers", request).await["id"]);
            for (who, act) in [(&officer, "approve"), (&operator, "open")] {
                let resource = format!("/api/v1/offers/{offer}");
                self.act(who, &resource, "acts", json!({ "act": act }))
                    .await;
            }
            school.fields.insert("offer", offer);
        }
        for code in ["330000", "370000"] {
            let request = json!({ "federation": code, "year": 2026 });
            let kid = text(&self.post("national-2", "/api/v1/keys", request).await["kid"]);
            let path = format!("/api/v1/keys/{kid}/changes");
            let proposed = self
                .post("national-2", &path, json!({ "state": "active" }))
                .await;
            self.approved("national-1", "000000", &proposed).await;
        }
    }

    /// A class at each school, taught to the end. The schools `a` and `d` have a guest, whose household is at the other.
    pub(super) async fn teach(&mut self, schools: &mut [Case]) {
        let mut number = 1;
        for school in schools
            .iter_mut()
            .filter(|one| one.fields.contains_key("offer"))
        {
            let letter = school.school.expect("a school");
            let operator = format!("school-{letter}-1");
            let start = self.server.today() + chrono::Days::new(7);
            // Of two schools of one province nobody teaches at both.
            let own = u32::from(letter) - u32::from('a');
            let own = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄"
                .chars()
                .nth(own as usize)
                .expect("a name");
            let request = json!({
                "offer": school.fields["offer"], "name": "第一班", "start_on": start,
                "end_on": start + chrono::Days::new(14), "places": 10, "teachers": [format!("虚构教师{own}")],
            });
            let cohort = text(&self.post(&operator, "/api/v1/cohorts", request).await["cohort"]);
            let resource = format!("/api/v1/cohorts/{cohort}");
            let county = format!("county-{}-1", school.place);
            for (who, act) in [
                (&operator, "announce"),
                (&county, "confirm"),
                (&operator, "open_enrolment"),
            ] {
                self.act(who, &resource, "acts", json!({ "act": act }))
                    .await;
            }
            let guest = match letter {
                'a' => "370102",
                'd' => "330106",
                _ => school.place.as_str(),
            };
            let mut roster = "姓名,公民身份号码,户籍地,同意书\n".to_owned();
            for region in [school.place.as_str(), guest] {
                roster.push_str(&format!(
                    "虚构样{},{},{region},是 2026-02-20\n",
                    rosters::chinese(number),
                    rosters::citizen_id(number)
                ));
                number += 1;
            }
            let school_client = self.who(&operator);
            let path = format!("{resource}/rosters?import=all");
            let imported = school_client
                .upload(&path, roster.into_bytes())
                .await
                .good();
            school_client
                .post(&format!("{resource}/admit"), &json!({}))
                .await
                .good();
            school.fields.insert("roster", text(&imported["roster"]));
            school.fields.insert("cohort", cohort);
        }
        self.server.days_pass(7);
        for school in schools
            .iter()
            .filter(|one| one.fields.contains_key("cohort"))
        {
            let operator = format!("school-{}-1", school.school.expect("a school"));
            let resource = format!("/api/v1/cohorts/{}", school.fields["cohort"]);
            self.act(&operator, &resource, "acts", json!({ "act": "start" }))
                .await;
        }
        self.server.days_pass(15);
        let held_on = self.server.today();
        for school in schools
            .iter_mut()
            .filter(|one| one.fields.contains_key("cohort"))
        {
            let letter = school.school.expect("a school");
            let operator = format!("school-{letter}-1");
            let client = self.who(&operator);
            let resource = format!("/api/v1/cohorts/{}", school.fields["cohort"]);
            // The county sees where a household is; the school sees its province.
            let county = self.who(&format!("county-{}-1", school.place));
            let page = county.get(&format!("{resource}/enrolments")).await.good();
            let members = page["items"].as_array().cloned().unwrap_or_default();
            let minutes: Vec<Value> = members
                .iter()
                .map(|one| json!({ "enrolment": one["id"], "minutes": HOURS * 60 }))
                .collect();
            let results: Vec<Value> = members
                .iter()
                .map(|one| json!({ "enrolment": one["id"], "passed": true, "held_on": held_on }))
                .collect();
            let at = |what: &str| format!("{resource}/{what}");
            let attendance = json!({ "hours_taught": HOURS, "items": minutes });
            client.post(&at("attendance"), &attendance).await.good();
            let finish = json!({ "act": "finish", "hours_taught": HOURS });
            self.act(&operator, &resource, "acts", finish).await;
            let client = self.who(&operator);
            let results = json!({ "items": results });
            client.post(&at("assessments"), &results).await.good();
            let second = format!("school-{letter}-2");
            self.post(&second, &at("assessments/confirm"), json!({}))
                .await;
            client.post(&at("attendance/lock"), &json!({})).await.good();
            for one in &members {
                let household = text(&one["hukou_region"]);
                let id = text(&one["id"]);
                if household == school.place {
                    school.fields.entry("enrolment").or_insert(id);
                } else {
                    self.cases.push(Case {
                        kinds: &["enrolment", "request"],
                        place: school.place.clone(),
                        household: Some(household),
                        school: school.school,
                        fields: HashMap::from([
                            ("enrolment", id),
                            ("cohort", school.fields["cohort"].clone()),
                        ]),
                    });
                }
            }
        }
    }

    /// The counties accept by two persons, the provinces issue; each province proposes to revoke a certificate.
    pub(super) async fn certify(&mut self, schools: &mut [Case]) {
        for school in schools
            .iter_mut()
            .filter(|one| one.fields.contains_key("cohort"))
        {
            let letter = school.school.expect("a school");
            let region = school.place.clone();
            let resource = format!("/api/v1/cohorts/{}", school.fields["cohort"]);
            let accept = json!({ "act": "accept", "sample_called": 10 });
            let county = format!("county-{region}-1");
            let proposed = self.act(&county, &resource, "acts", accept).await;
            self.approved(&format!("county-{region}-2"), &region, &proposed)
                .await;
            let operator = self.who(&format!("school-{letter}-1"));
            let path = format!("{resource}/certificate-batches");
            let batch = text(&operator.post(&path, &json!({})).await.good()["batch"]);
            let officer = format!("province-{}-1", province(&region));
            let path = format!("/api/v1/certificate-batches/{batch}/approve");
            self.who(&officer).post(&path, &json!({})).await.good();
            let path = format!("/api/v1/certificates?batch={batch}");
            let page = self.who(&officer).get(&path).await.good();
            let certificate = &page["items"][0];
            school.fields.extend([
                ("batch", batch),
                ("certificate", text(&certificate["id"])),
                ("public_id", text(&certificate["public_id"])),
                ("certificate_no", text(&certificate["certificate_no"])),
            ]);
            school.kinds = SCHOOL_WITH_CLASS;
            if letter == 'a' || letter == 'd' {
                let change = json!({ "act": "revoke", "reason_code": "issued_in_error", "reason": "依规办理" });
                let resource = format!("/api/v1/certificates/{}", school.fields["certificate"]);
                let proposed = self.act(&officer, &resource, "changes", change).await;
                let id = text(&proposed["proposal_id"]);
                self.case(&["open_proposal"], province(&region), [("proposal", id)]);
            }
        }
    }
}
