//! The usual story by HTTP, told as far as a test needs it: staff, an institution, a program, an open offer, classes.

mod certificates;
mod classes;
mod school;

use std::collections::HashMap;

use api::config::Config;
use serde_json::json;
use tokio::sync::OnceCell;

use crate::database::Backup;
use crate::kept::Kept;
use crate::{Client, Database, TestServer};
pub use classes::HOURS;
pub use school::{Elsewhere, SECOND_COUNTY, application, program_content};

/// County, its prefecture's province and the county itself, in which the school lies.
pub const PROVINCE: &str = "330000";

/// The county of the school.
pub const COUNTY: &str = "330106";

/// Another province, which has nothing to do with it.
pub const OTHER_PROVINCE: &str = "370000";

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
}
