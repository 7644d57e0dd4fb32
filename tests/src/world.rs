//! A country in small for the authorization matrix: schools in counties of two provinces and the corps, staff at every
//! level, and one of everything at each place. Made once; a probe asks who sees what of it.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::answer::text;
use crate::story::{HOURS, PASSWORD, program_content};
use crate::{Client, Database, TestServer, rosters};

/// One thing of each kind named, at a place: what a request may name.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Kinds of object that the fields make.
    pub kinds: &'static [&'static str],
    /// Division or federation to which it belongs.
    pub place: String,
    /// Division of the household, where it is another one.
    pub household: Option<String>,
    /// Letter of the school to which it belongs.
    pub school: Option<char>,
    /// Ids by name.
    pub fields: HashMap<&'static str, String>,
}

/// The country.
#[derive(Debug)]
pub struct World {
    /// The registry.
    pub server: TestServer,
    clients: HashMap<String, Client>,
    /// What there is.
    pub cases: Vec<Case>,
}

/// Letter, county, credit code; whether there is a class, too.
const SCHOOLS: [(char, &str, &str, bool); 6] = [
    ('a', "330106", "52330106XX00000193", true),
    ('b', "330106", "52330203XX0000027P", true),
    ('c', "330108", "52330602XX0000035Q", true),
    ('s', "330206", "52510104XX0000043U", true),
    ('d', "370102", "52510703XX00000517", true),
    ('g', "659001", "52659001XX00001070", false),
];

/// The province-level federation of a county of this world.
fn province(region: &str) -> &'static str {
    match region {
        "370102" => "370000",
        "659001" => "660000",
        _ => "330000",
    }
}

const SCHOOL: &[&str] = &["admission"];
const SCHOOL_WITH_CLASS: &[&str] = &[
    "admission",
    "objection",
    "offer",
    "cohort",
    "roster",
    "enrolment",
    "batch",
    "certificate",
    "request",
];

impl World {
    /// Somebody, by name.
    #[track_caller]
    pub fn who(&self, name: &str) -> &Client {
        self.clients
            .get(name)
            .unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    /// Makes the country.
    pub async fn made(database: Database) -> Self {
        let server = TestServer::start_with(database, |settings| {
            let most = api::config::border::Limit {
                per_minute: 1_000_000,
                burst: 1_000_000,
            };
            let limits = &mut std::sync::Arc::make_mut(&mut settings.config.border).limits;
            limits.import = most;
            limits.export = most;
            limits.sign_in = most;
        })
        .await;
        let created =
            api::access::accounts::create_first(&server.app, "national-1", "全国甲", PASSWORD);
        created.await.expect("the first account");
        let clients = HashMap::from([
            ("anybody".to_owned(), Client::anybody(&server)),
            (
                "national-1".to_owned(),
                Client::of(&server, "national-1", PASSWORD),
            ),
        ]);
        let mut world = Self {
            server,
            clients,
            cases: Vec::new(),
        };
        world.staff().await;
        let mut schools = Vec::new();
        for (letter, region, code, _) in SCHOOLS {
            schools.push(world.apply(letter, region, code).await);
        }
        world.programs().await;
        world.admit(&mut schools).await;
        world.teach(&mut schools).await;
        world.certify(&mut schools).await;
        world.cases.append(&mut schools);
        world.persons().await;
        world.files().await;
        world.accounts().await;
        world
    }

    async fn account(&mut self, name: &str, role: &str, at: Value) -> String {
        let mut request = json!({
            "name": name, "person_name": "虚构人员", "role": role, "password": PASSWORD,
        });
        for (key, value) in at.as_object().into_iter().flatten() {
            request[key] = value.clone();
        }
        let made = self.post("national-1", "/api/v1/accounts", request).await;
        let client = Client::of(&self.server, name, PASSWORD);
        self.clients.insert(name.to_owned(), client);
        text(&made["account"])
    }

    async fn staff(&mut self) {
        let mut wanted = vec![
            ("national-2".to_owned(), "national_officer", "000000"),
            (
                "prefecture-330100".to_owned(),
                "prefecture_officer",
                "330100",
            ),
            ("reviewer-330100".to_owned(), "reviewer", "330100"),
            ("reviewer-330106".to_owned(), "reviewer", "330106"),
            ("auditor-330100".to_owned(), "auditor", "330100"),
            ("administrator-330100".to_owned(), "account_admin", "330100"),
            ("administrator-330000".to_owned(), "account_admin", "330000"),
        ];
        for code in ["330000", "370000", "660000", "650000"] {
            for number in 1..=2 {
                wanted.push((
                    format!("province-{code}-{number}"),
                    "province_officer",
                    code,
                ));
            }
        }
        for code in ["330106", "330108", "330206", "370102", "659001"] {
            for number in 1..=2 {
                wanted.push((format!("county-{code}-{number}"), "county_officer", code));
            }
        }
        for (name, role, federation) in wanted {
            self.account(&name, role, json!({ "federation": federation }))
                .await;
        }
        self.account("assessor", "assessor", json!({})).await;
        self.account("employer", "employer", json!({})).await;
    }

    async fn apply(&mut self, letter: char, region: &str, code: &str) -> Case {
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

    async fn post(&self, who: &str, path: &str, body: Value) -> Value {
        self.who(who).post(path, &body).await.good()
    }

    async fn act(&self, who: &str, resource: &str, acts: &str, body: Value) -> Value {
        self.who(who).act(resource, acts, &body).await.good()
    }

    /// A second person approves; the decided proposal belongs to the place of who made it.
    async fn approved(&mut self, by: &str, place: &str, proposed: &Value) {
        let id = text(&proposed["proposal_id"]);
        let path = format!("/api/v1/proposals/{id}/approve");
        self.who(by).post(&path, &json!({})).await.good();
        self.case(&["proposal"], place, [("proposal", id)]);
    }

    fn case<const N: usize>(
        &mut self,
        kinds: &'static [&'static str],
        place: &str,
        fields: [(&'static str, String); N],
    ) {
        self.cases.push(Case {
            kinds,
            place: place.to_owned(),
            fields: HashMap::from(fields),
            ..Case::default()
        });
    }

    /// Drafts by everybody who may draft, and the national program that is taught.
    async fn programs(&mut self) {
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
    async fn admit(&mut self, schools: &mut [Case]) {
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
            self.post("national-2", "/api/v1/keys", request).await;
        }
    }

    /// A class at each school, taught to the end. The schools `a` and `d` have a guest, whose household is at the other.
    async fn teach(&mut self, schools: &mut [Case]) {
        let mut number = 1;
        for school in schools
            .iter_mut()
            .filter(|one| one.fields.contains_key("offer"))
        {
            let letter = school.school.expect("a school");
            let operator = format!("school-{letter}-1");
            let start = self.server.today() + chrono::Days::new(7);
            let request = json!({
                "offer": school.fields["offer"], "name": "第一班", "start_on": start,
                "end_on": start + chrono::Days::new(14), "places": 10, "teachers": ["虚构教师"],
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
            let page = client.get(&format!("{resource}/enrolments")).await.good();
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
    async fn certify(&mut self, schools: &mut [Case]) {
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

    /// A request of each trainee, taken in by the county of the household.
    async fn persons(&mut self) {
        let mut cases = std::mem::take(&mut self.cases);
        for case in cases
            .iter_mut()
            .filter(|one| one.kinds.contains(&"request"))
        {
            let household = case.household.as_ref().unwrap_or(&case.place);
            let county = self.who(&format!("county-{household}-1"));
            let path = format!(
                "/api/v1/enrolments/{}/person-requests",
                case.fields["enrolment"]
            );
            let request = json!({ "kind": "access", "channel": "paper" });
            let taken = county.post(&path, &request).await.good();
            case.fields.insert("request", text(&taken["request"]));
        }
        self.cases = cases;
        let slip = self.slip(0).await;
        self.clients.insert("trainee".to_owned(), slip.0);
    }

    /// A trainee of school `a` signs in by a slip of the counter; the first, or the guest. Session and account, too.
    pub async fn slip(&self, number: usize) -> (Client, String, String) {
        let cohort = &self.of_school('a').fields["cohort"];
        let page = self
            .who("school-a-1")
            .get(&format!("/api/v1/cohorts/{cohort}/enrolments"))
            .await
            .good();
        let enrolment = text(&page["items"][number]["id"]);
        let path = format!("/api/v1/cohorts/{cohort}/enrolments/{enrolment}/sign-in-slip");
        let slip = self.post("county-330106-1", &path, json!({})).await;
        let code = json!({ "code": slip["code"] });
        let signed = self
            .who("anybody")
            .post("/api/v1/sessions/code", &code)
            .await
            .good();
        let token = text(&signed["access_token"]);
        let (session, account) = (text(&signed["session"]), text(&signed["me"]["account"]));
        (Client::bearing(&self.server, token), session, account)
    }

    /// The case of a school with a class.
    #[track_caller]
    pub fn of_school(&self, letter: char) -> &Case {
        self.cases
            .iter()
            .find(|one| one.kinds.contains(&"cohort") && one.school == Some(letter))
            .expect("a school")
    }

    async fn files(&mut self) {
        let mut png = Vec::new();
        image::RgbImage::new(2, 2)
            .write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png)
            .expect("a picture");
        for (who, place, school) in [
            ("national-2", "000000", None),
            ("province-330000-1", "330000", None),
            ("province-370000-1", "370000", None),
            ("prefecture-330100", "330100", None),
            ("county-330106-1", "330106", None),
            ("county-330108-1", "330108", None),
            ("school-a-1", "330106", Some('a')),
            ("school-b-1", "330106", Some('b')),
            ("school-d-1", "370102", Some('d')),
            ("school-s-1", "330206", Some('s')),
        ] {
            let kept = self.who(who).upload("/api/v1/files", png.clone());
            let file = text(&kept.await.good()["id"]);
            let me = self.who(who).get("/api/v1/self").await.good();
            let account = text(&me["account"]);
            self.case(
                &["file", "audit"],
                place,
                [("file", file), ("account", account)],
            );
            self.cases.last_mut().expect("just made").school = school;
        }
    }

    /// Accounts that nobody uses, to be administered; and posts that may be filled.
    async fn accounts(&mut self) {
        // The second trainee's account, which has no organisation, belongs to the place of training (and household).
        let (_, _, account) = self.slip(1).await;
        self.case(
            &["account"],
            "330106",
            [
                ("account", account),
                ("role", "reviewer".to_owned()),
                ("federation", "330106".to_owned()),
            ],
        );
        for code in [
            "000000", "330000", "330100", "330106", "330108", "330206", "370102",
        ] {
            let at = json!({ "federation": code });
            let account = self.account(&format!("idle-{code}"), "reviewer", at).await;
            self.case(
                &["account", "post"],
                code,
                [
                    ("account", account),
                    ("role", "reviewer".to_owned()),
                    ("federation", code.to_owned()),
                ],
            );
        }
        // The operators of a school belong to the federation that admits it.
        for letter in ['a', 'b', 'd'] {
            let school = self.of_school(letter).clone();
            let institution = school.fields["institution"].clone();
            let at = json!({ "institution": institution });
            let name = format!("idle-{letter}");
            let account = self.account(&name, "institution_operator", at).await;
            let role = "institution_operator".to_owned();
            self.case(
                &["account", "post"],
                province(&school.place),
                [
                    ("account", account),
                    ("role", role),
                    ("institution", institution),
                ],
            );
            self.cases.last_mut().expect("just made").school = Some(letter);
        }
    }
}
