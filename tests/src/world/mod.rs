//! A country in small for the authorization matrix: schools in counties of two provinces and the corps, staff at every
//! level, and one of everything at each place. Made once; a probe asks who sees what of it.

mod asked;
mod judged;
mod outcomes;
mod schools;

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::answer::text;
use crate::story::PASSWORD;
use crate::{Client, Database, TestServer};

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
    "case",
    "appeal",
    "episode",
    "follow_up",
    "conflict",
    "result",
    "assessment",
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
        world.work(&mut schools).await;
        world.judge(&mut schools).await;
        world.grade(&mut schools).await;
        world.assess(&mut schools).await;
        world.ask(&mut schools).await;
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
        for name in ["assessor", "assessor-2"] {
            self.account(name, "assessor", json!({})).await;
        }
        self.account("employer", "employer", json!({})).await;
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
