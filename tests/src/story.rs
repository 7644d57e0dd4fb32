//! The usual story by HTTP, told as far as a test needs it: staff, an institution, a program, an open offer, classes.

use std::collections::HashMap;

use api::config::Config;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::answer::{Answer, text};
use crate::database::Backup;
use crate::kept::Kept;
use crate::{Client, Database, TestServer, rosters};

/// County, its prefecture's province and the county itself, in which the school lies.
pub const PROVINCE: &str = "330000";
/// The county of the school.
pub const COUNTY: &str = "330106";
/// Another province, which has nothing to do with it.
pub const OTHER_PROVINCE: &str = "370000";
/// Hours of the program.
pub const HOURS: u32 = 40;

/// A registry in which something has happened.
#[derive(Debug)]
pub struct Story {
    /// The registry.
    pub server: TestServer,
    people: HashMap<&'static str, Client>,
    /// The admission of the school.
    pub admission: String,
    /// The school itself.
    pub institution: String,
    /// Its site.
    pub site: String,
    /// Code of the program.
    pub program: String,
    /// Its open offer.
    pub offer: String,
    /// Places of the classes that it opens.
    pub places: u32,
    next_person: u32,
}

/// A story as far as it was told once, to be told on by many.
struct Chapter {
    registry: Kept,
    names: Vec<&'static str>,
    /// Admission, institution, site, program, offer.
    known: [String; 5],
}

impl Chapter {
    async fn of(story: Story) -> Self {
        let Story {
            server,
            people,
            admission,
            institution,
            site,
            program,
            offer,
            ..
        } = story;
        Self {
            names: people.keys().copied().collect(),
            known: [admission, institution, site, program, offer],
            registry: Kept::of(server).await,
        }
    }
}

/// Password of everybody in a test.
pub const PASSWORD: &str = "a-long-password-of-tests";
/// The ids of the school that the story is not about just now.
#[derive(Debug)]
pub struct Elsewhere {
    /// Its admission.
    pub admission: String,
    /// The school itself.
    pub institution: String,
    /// Its site.
    pub site: String,
    /// Its open offer.
    pub offer: String,
}

/// The county of the second school, in the other province.
pub const SECOND_COUNTY: &str = "370102";
/// Credit code of the second school.
const SECOND_CREDIT_CODE: &str = "52510703XX00000517";
/// Credit code of the school.
pub const CREDIT_CODE: &str = "52330106XX00000193";

impl Story {
    /// Staff at every desk, and nothing else.
    pub async fn staffed(database: Database) -> Self {
        static KEPT: [OnceCell<Chapter>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
        let told = async || Self::staffed_on(TestServer::start(database).await).await;
        Self::copied(&KEPT, database, told).await
    }

    /// A copy of the story so far, which is told once in a process for each kind of database.
    async fn copied(
        kept: &[OnceCell<Chapter>; 2],
        database: Database,
        told: impl AsyncFnOnce() -> Self,
    ) -> Self {
        let kept = &kept[usize::from(matches!(database, Database::Postgres(_)))];
        let chapter = kept
            .get_or_init(|| async { Chapter::of(told().await).await })
            .await;
        let server = TestServer::copied(database, &chapter.registry).await;
        let people = chapter.names.iter().map(|name| {
            let client = match *name {
                "anybody" => Client::anybody(&server),
                name => Client::of(&server, name, PASSWORD),
            };
            (*name, client)
        });
        let people = people.collect();
        let [admission, institution, site, program, offer] = chapter.known.clone();
        Self {
            server,
            people,
            admission,
            institution,
            site,
            program,
            offer,
            places: 30,
            next_person: 1,
        }
    }

    /// Staff at every desk of a server.
    pub async fn staffed_on(server: TestServer) -> Self {
        let created =
            api::access::accounts::create_first(&server.app, "national-1", "全国甲", PASSWORD);
        created.await.expect("the first account");
        let mut people = HashMap::new();
        people.insert("anybody", Client::anybody(&server));
        let national = Client::of(&server, "national-1", PASSWORD);
        for (name, role, federation) in [
            ("national-2", "national_officer", Some("000000")),
            ("province-1", "province_officer", Some(PROVINCE)),
            ("province-2", "province_officer", Some(PROVINCE)),
            ("county-1", "county_officer", Some(COUNTY)),
            ("county-2", "county_officer", Some(COUNTY)),
            ("other-province", "province_officer", Some(OTHER_PROVINCE)),
            ("other-county", "county_officer", Some("330108")),
            ("auditor", "auditor", Some("000000")),
            ("province-auditor", "auditor", Some(PROVINCE)),
            ("other-auditor", "auditor", Some(OTHER_PROVINCE)),
            ("school-1", "institution_operator", None),
            ("other-school", "institution_operator", None),
        ] {
            let request = json!({
                "name": name, "person_name": "虚构人员", "role": role, "federation": federation, "password": PASSWORD,
            });
            national.post("/api/v1/accounts", &request).await.good();
            people.insert(name, Client::of(&server, name, PASSWORD));
        }
        people.insert("national-1", national);
        let nothing = String::new;
        Self {
            server,
            people,
            admission: nothing(),
            institution: nothing(),
            site: nothing(),
            program: nothing(),
            offer: nothing(),
            places: 30,
            next_person: 1,
        }
    }

    /// The registry ends, its database is replaced by a backup (or left alone), and it starts again.
    pub async fn restart(&mut self, backup: Option<&Backup>, change: impl FnOnce(&mut Config)) {
        self.server.restart(backup, change).await;
        for (name, client) in &mut self.people {
            *client = match *name {
                "anybody" => Client::anybody(&self.server),
                name => Client::of(&self.server, name, PASSWORD),
            };
        }
    }

    /// A member of staff, or `anybody`.
    #[track_caller]
    pub fn who(&self, name: &str) -> &Client {
        self.people
            .get(name)
            .unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    /// One more officer of a federation.
    pub async fn add_officer(&mut self, name: &'static str, role: &str, federation: &str) {
        let request = json!({
            "name": name, "person_name": "虚构人员", "role": role, "federation": federation, "password": PASSWORD,
        });
        let national = self.who("national-1");
        national.post("/api/v1/accounts", &request).await.good();
        let client = Client::of(&self.server, name, PASSWORD);
        self.people.insert(name, client);
    }

    /// A second school, of another province, that offers the same program, with its own county and province; answers what
    /// the first was. From now on the people and ids of this story are the second's, until [`Self::swap`].
    pub async fn second_school(&mut self) -> Elsewhere {
        for (name, role, federation) in [
            ("other-province-2", "province_officer", OTHER_PROVINCE),
            ("second-county-1", "county_officer", SECOND_COUNTY),
            ("second-county-2", "county_officer", SECOND_COUNTY),
        ] {
            self.add_officer(name, role, federation).await;
        }
        let mut application = application(SECOND_CREDIT_CODE);
        application["name"] = "山东虚构职业培训学校".into();
        application["site_region"] = SECOND_COUNTY.into();
        let school = self.who("other-school");
        let path = "/api/v1/institutions";
        let applied = school.post(path, &application).await.good();
        let site = json!({ "name": "历下教学点", "region": SECOND_COUNTY, "address": "虚构路2号", "provisions": [] });
        let site = school.post("/api/v1/sites", &site).await.good();
        let institution = text(&applied["institution"]);
        let request = json!({
            "name": "other-school-2", "person_name": "虚构第二人", "role": "institution_operator",
            "institution": institution, "password": PASSWORD,
        });
        let national = self.who("national-1");
        national.post("/api/v1/accounts", &request).await.good();
        let client = Client::of(&self.server, "other-school-2", PASSWORD);
        self.people.insert("other-school-2", client);
        let mut first = Elsewhere {
            admission: text(&applied["id"]),
            institution,
            site: text(&site["id"]),
            offer: String::new(),
        };
        self.swap(&mut first);
        self.transition("county-1", "T04").await;
        self.transition_by_two("T06", "province-1", "province-2")
            .await;
        self.server.days_pass(9);
        self.transition_by_two("T08", "province-1", "province-2")
            .await;
        let request =
            json!({ "institution": self.admission, "program": self.program, "site": self.site });
        let school = self.who("school-1");
        let offer = school.post("/api/v1/offers", &request).await.good();
        self.offer = text(&offer["id"]);
        for (who, act) in [("province-1", "approve"), ("school-1", "open")] {
            let resource = format!("/api/v1/offers/{}", self.offer);
            let request = json!({ "act": act });
            self.who(who).act(&resource, "acts", &request).await.good();
        }
        first
    }

    /// The people and ids of the two schools change places.
    pub fn swap(&mut self, with: &mut Elsewhere) {
        for (one, two) in [
            ("school-1", "other-school"),
            ("school-2", "other-school-2"),
            ("county-1", "second-county-1"),
            ("county-2", "second-county-2"),
            ("province-1", "other-province"),
            ("province-2", "other-province-2"),
        ] {
            let (a, b) = (self.people.remove(one), self.people.remove(two));
            self.people.extend(b.map(|client| (one, client)));
            self.people.extend(a.map(|client| (two, client)));
        }
        std::mem::swap(&mut self.admission, &mut with.admission);
        std::mem::swap(&mut self.institution, &mut with.institution);
        std::mem::swap(&mut self.site, &mut with.site);
        std::mem::swap(&mut self.offer, &mut with.offer);
    }

    /// The school has applied and named its site.
    pub async fn applied(database: Database) -> Self {
        let mut story = Self::staffed(database).await;
        story.apply().await;
        story
    }

    /// The school applies and names its site; a second operator joins it.
    pub async fn apply(&mut self) {
        let school = self.who("school-1");
        let applied = school
            .post("/api/v1/institutions", &application(CREDIT_CODE))
            .await
            .good();
        let site = school
            .post(
                "/api/v1/sites",
                &json!({
                    "name": "西湖教学点", "region": COUNTY, "address": "虚构路1号",
                    "provisions": ["step_free_entrance", "hearing_loop"],
                }),
            )
            .await
            .good();
        (self.admission, self.institution) = (text(&applied["id"]), text(&applied["institution"]));
        self.site = text(&site["id"]);
        let request = json!({
            "name": "school-2", "person_name": "虚构第二人", "role": "institution_operator",
            "institution": self.institution, "password": PASSWORD,
        });
        self.who("national-1")
            .post("/api/v1/accounts", &request)
            .await
            .good();
        self.people
            .insert("school-2", Client::of(&self.server, "school-2", PASSWORD));
    }

    /// Takes a transition of the school's admission.
    pub async fn transition(&self, who: &str, transition: &str) -> Value {
        let resource = format!("/api/v1/institutions/{}", self.admission);
        let mut request = json!({ "transition": transition, "reason": "依规办理" });
        if transition == "T16" {
            request["cause"] = "safety".into();
        }
        self.who(who)
            .act(&resource, "transitions", &request)
            .await
            .good()
    }

    /// Takes a transition that a second person approves.
    pub async fn transition_by_two(&self, transition: &str, first: &str, second: &str) -> Value {
        let proposed = self.transition(first, transition).await;
        self.approve(second, &proposed).await
    }

    /// The second person approves what an act proposed.
    pub async fn approve(&self, who: &str, proposed: &Value) -> Value {
        let id = text(&proposed["proposal_id"]);
        self.who(who)
            .post(&format!("/api/v1/proposals/{id}/approve"), &json!({}))
            .await
            .good()
    }

    /// From the application to the open offer of a published program, with an issuer key for the year.
    pub async fn ready(database: Database) -> Self {
        static KEPT: [OnceCell<Chapter>; 2] = [OnceCell::const_new(), OnceCell::const_new()];
        let told = async || {
            let mut story = Self::applied(database).await;
            story.admit_and_offer().await;
            story
        };
        Self::copied(&KEPT, database, told).await
    }

    /// The same on a server that was started already.
    pub async fn ready_on(server: TestServer) -> Self {
        let mut story = Self::staffed_on(server).await;
        story.apply().await;
        story.admit_and_offer().await;
        story
    }

    /// From the application to the open offer.
    pub async fn admit_and_offer(&mut self) {
        self.transition("county-1", "T04").await;
        self.transition_by_two("T06", "province-1", "province-2")
            .await;
        self.draft_program().await;
        self.program_act("file").await;
        self.program_act("review").await;
        self.server.days_pass(9);
        self.transition_by_two("T08", "province-1", "province-2")
            .await;
        let published = self.program_act("publish").await;
        self.approve("national-2", &published).await;
        let school = self.who("school-1");
        let request =
            json!({ "institution": self.admission, "program": self.program, "site": self.site });
        let offer = school.post("/api/v1/offers", &request).await.good();
        self.offer = text(&offer["id"]);
        for (who, act) in [("province-1", "approve"), ("school-1", "open")] {
            let resource = format!("/api/v1/offers/{}", self.offer);
            self.who(who)
                .act(&resource, "acts", &json!({ "act": act }))
                .await
                .good();
        }
        self.issuer_key(2026).await;
    }

    /// A new issuer key of the province, in use; answers its id.
    pub async fn issuer_key(&self, year: i32) -> String {
        let request = json!({ "federation": PROVINCE, "year": year });
        let made = self.who("national-1").post("/api/v1/keys", &request).await;
        let kid = text(&made.good()["kid"]);
        self.key_state(&kid, &json!({ "state": "active" })).await;
        kid
    }

    /// A change of a key's state by two persons.
    pub async fn key_state(&self, kid: &str, change: &Value) -> Value {
        let proposed = self
            .who("national-1")
            .post(&format!("/api/v1/keys/{kid}/changes"), change)
            .await
            .good();
        self.approve("national-2", &proposed).await
    }

    /// A certificate type and the draft of a program that leads to it.
    pub async fn draft_program(&mut self) {
        let national = self.who("national-1");
        let request = json!({ "code": "CARE", "name": "职业培训合格证书", "name_en": "Certificate of vocational training", "description": "", "validity_months": 24 });
        national
            .post("/api/v1/certificate-types", &request)
            .await
            .good();
        let draft = national
            .post("/api/v1/programs", &program_content())
            .await
            .good();
        self.program = text(&draft["code"]);
    }

    /// An act on the first version of the program.
    pub async fn program_act(&self, act: &str) -> Value {
        let resource = format!("/api/v1/programs/{}/versions/1", self.program);
        let opinions = match act {
            "review" => vec!["内容完整。", "市场有需求。"],
            _ => Vec::new(),
        };
        self.who("national-1")
            .act(
                &resource,
                "acts",
                &json!({ "act": act, "opinions": opinions }),
            )
            .await
            .good()
    }

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

    /// Proposes a batch for an accepted class; answers its id.
    pub async fn propose(&self, cohort: &str) -> String {
        let proposed = self
            .who("school-1")
            .post(
                &format!("/api/v1/cohorts/{cohort}/certificate-batches"),
                &json!({}),
            )
            .await
            .good();
        text(&proposed["batch"])
    }

    /// Issues the certificates of an accepted class; answers what the approval said.
    pub async fn issue(&self, cohort: &str) -> Value {
        let batch = self.propose(cohort).await;
        self.who("province-1")
            .post(
                &format!("/api/v1/certificate-batches/{batch}/approve"),
                &json!({}),
            )
            .await
            .good()
    }

    /// A story with so many issued certificates; answers what the approval said.
    pub async fn with_certificates(database: Database, count: u32) -> (Self, Value) {
        let mut story = Self::ready(database).await;
        let cohort = story.accepted(count).await;
        let issued = story.issue(&cohort).await;
        (story, issued)
    }

    /// The certificate with a public id, as an officer of the province sees it.
    pub async fn certificate(&self, public_id: &str) -> Value {
        let page = self
            .who("province-1")
            .get("/api/v1/certificates?limit=100")
            .await
            .good();
        page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|one| one["public_id"] == public_id)
            .cloned()
            .unwrap_or_else(|| panic!("no certificate {public_id}"))
    }

    /// An officer of the province suspends a certificate.
    pub async fn suspend(&self, public_id: &str) -> Value {
        self.change_status(public_id, "suspend", "under_review")
            .await
            .good()
    }

    /// An officer of the province ends the suspension of a certificate.
    pub async fn resume(&self, public_id: &str) -> Value {
        self.try_resume(public_id).await.good()
    }

    /// The same, with whatever is answered.
    pub async fn try_resume(&self, public_id: &str) -> Answer {
        self.change_status(public_id, "resume", "cleared").await
    }

    async fn change_status(&self, public_id: &str, act: &str, reason_code: &str) -> Answer {
        let id = text(&self.certificate(public_id).await["id"]);
        let request = json!({ "act": act, "reason_code": reason_code });
        let path = format!("/api/v1/certificates/{id}");
        self.who("province-1").act(&path, "changes", &request).await
    }

    /// The text of a certificate's QR code, by an officer of the province.
    pub async fn qr_text(&self, public_id: &str) -> String {
        let answer = self
            .who("province-1")
            .get(&format!("/api/v1/certificates/{public_id}/qr.txt"))
            .await;
        assert!(answer.status.is_success(), "{}", answer.text());
        answer.text().trim().to_owned()
    }
}

/// An application of a school with this credit code.
pub fn application(credit_code: &str) -> Value {
    json!({
        "name": "浙江虚构职业培训学校", "credit_code": credit_code, "site_region": COUNTY,
        "address": "虚构路1号", "phone": "0571-00000001",
        "legal_representative": crate::rosters::citizen_id(90_001),
    })
}

/// What a program says.
pub fn program_content() -> Value {
    json!({
        "name": "养老护理基础", "purpose": "employment", "occupation_code": "4-14-01-02", "skill_level": 5, "hours": HOURS,
        "content": [{ "title": "基础", "hours": 16 }, { "title": "实操", "hours": HOURS - 16 }],
        "entry_conditions": "年满十六周岁", "assessment_rule": "实操考核", "certificate_type": "CARE",
        "accessible_forms": ["sign_language"], "suited_needs": [], "market_demand": "本市养老机构缺护理员。",
    })
}
