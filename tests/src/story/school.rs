//! The school: it applies, is admitted, publishes a program, opens an offer; and a second one elsewhere.

use chrono::Datelike as _;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::classes::HOURS;
use super::{COUNTY, CREDIT_CODE, Chapter, OTHER_PROVINCE, PASSWORD, Story};
use crate::answer::text;
use crate::{Client, Database, TestServer};

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

impl Story {
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
        let year = self.server.today().year();
        self.issuer_key(year).await;
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
