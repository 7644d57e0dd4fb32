//! Third-party assessment on a real server: drawn by lot again by the test, conflicts, a sample for a time, a score that
//! reaches the freeze until it is annulled.

mod findings;
mod stopped;
mod whole;

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::PASSWORD;
use tests::{Answer, Client, Story, rosters};

/// Organisations with right credit codes.
pub(crate) const ORGANISATIONS: [(&str, &str); 4] = [
    ("浙江虚构评估中心", "52330203XX0000027P"),
    ("宁波虚构评估所", "52330602XX0000035Q"),
    ("虚构第三方评估公司", "52510104XX0000043U"),
    ("虚构职业评价院", "52510703XX00000517"),
];

/// Assessors with their accreditations, in order of their ids.
pub(crate) struct Assessors {
    pub(crate) clients: Vec<Client>,
    accounts: Vec<String>,
    pub(crate) ids: Vec<String>,
}

impl Assessors {
    pub(crate) async fn accredited(story: &Story, count: usize) -> Self {
        let mut all = Self {
            clients: Vec::new(),
            accounts: Vec::new(),
            ids: Vec::new(),
        };
        for (at, organisation) in ORGANISATIONS.iter().enumerate().take(count) {
            let (client, account) = assessor(story, &format!("assessor-{at}")).await;
            let request = accreditation(story, &account, *organisation);
            let province = story.who("province-1");
            let made = province.post("/api/v1/assessors", &request).await.good();
            all.ids.push(text(&made["id"]));
            all.accounts.push(account);
            all.clients.push(client);
        }
        all
    }

    /// Name of an organisation.
    pub(crate) fn organisation(&self, at: usize) -> String {
        assert!(at < self.ids.len());
        ORGANISATIONS[at].0.to_owned()
    }

    /// Whoever holds an accreditation.
    fn of(&self, id: &Value) -> &Client {
        let at = self.ids.iter().position(|one| id == one.as_str());
        &self.clients[at.expect("an accredited assessor")]
    }
}

pub(crate) async fn assessor(story: &Story, name: &str) -> (Client, String) {
    let request = json!({ "name": name, "person_name": "虚构人员", "role": "assessor", "password": PASSWORD });
    let national = story.who("national-1");
    let made = national.post("/api/v1/accounts", &request).await.good();
    let client = Client::of(&story.server, name, PASSWORD);
    (client, text(&made["account"]))
}

pub(crate) fn accreditation(story: &Story, account: &str, (name, code): (&str, &str)) -> Value {
    let today = story.server.today();
    json!({
        "account": account, "organisation": name, "credit_code": code, "valid_from": today,
        "valid_until": today + chrono::Days::new(700),
        "document": { "number": "浙残联〔2026〕8号", "issuer": "浙江省残疾人联合会", "made_on": today },
    })
}

/// A class of so many trainees with telephones, accepted; answers its id and its enrolments.
async fn class(story: &Story, count: u32) -> (String, Vec<String>) {
    let mut roster = "姓名,公民身份号码,手机号,户籍地,同意书\n".to_owned();
    for number in 1..=count {
        roster.push_str(&format!(
            "虚构样{},{},139{number:08},330106,是 2026-02-20\n",
            rosters::chinese(number),
            rosters::citizen_id(number)
        ));
    }
    let cohort = story.enrolling().await;
    story.import(&cohort, roster.into_bytes()).await;
    story.admit(&cohort).await;
    story.teach(&cohort).await;
    story.accept(&cohort).await;
    let members = story.enrolments(&cohort).await;
    let ids = members.iter().map(|one| text(&one["id"])).collect();
    (cohort, ids)
}

/// Commissions an assessment of the classes so far; answers its address.
async fn commissioned(story: &Story) -> String {
    let made = commission(story, "province-1").await.good();
    assert_eq!(made["state"], "listed");
    format!("/api/v1/assessments/{}", text(&made["id"]))
}

async fn commission(story: &Story, who: &str) -> Answer {
    let today = story.server.today();
    let request =
        json!({ "period_from": today - chrono::Days::new(200), "period_until": today.pred_opt() });
    let path = format!("/api/v1/institutions/{}/assessments", story.admission);
    story.who(who).post(&path, &request).await
}

/// The public log grows by a leaf of somebody else.
pub(crate) async fn log_grows(story: &Story, federation: &str) {
    let before = story.server.leaves().await;
    let request = json!({ "federation": federation, "year": 2026 });
    let national = story.who("national-1");
    national.post("/api/v1/keys", &request).await.good();
    assert!(story.server.leaves().await > before);
}

/// An act with the revision that the province sees, whoever acts.
async fn act(story: &Story, who: &Client, at: &str, what: &str, body: &Value) -> Answer {
    let seen = story.who("province-1").get(at).await.good();
    who.post_seen(&format!("{at}/{what}"), &seen["revision"], body)
        .await
}

/// Records a visit that ended just now.
async fn visit(story: &Story, who: &Client, at: &str, members: &Value) -> Answer {
    let now = story.server.app.now();
    let request = json!({
        "place": "杭州实训楼", "arrived_at": now - chrono::Duration::minutes(2), "left_at": now, "members": members,
        "record": "查看了考勤原件和实训场地,与任课教师谈话。",
    });
    act(story, who, at, "visits", &request).await
}

/// A visit that the school countersigned.
async fn visited(story: &Story, who: &Client, at: &str) {
    let made = visit(story, who, at, &json!([])).await.good();
    let path = format!("{at}/visits/{}/countersignature", text(&made["id"]));
    let answer = json!({ "signed": true });
    let signed = story.who("school-1").post(&path, &answer).await;
    assert_eq!(signed.good()["countersignature"], "signed");
}

/// The root of the newest checkpoint, as everybody reads it.
async fn newest_root(story: &Story) -> (u64, String) {
    let note = story.who("anybody").get("/log/checkpoint").await.text();
    let lines: Vec<&str> = note.lines().collect();
    let root = data_encoding::BASE64.decode(lines[2].as_bytes());
    let root = data_encoding::HEXLOWER.encode(&root.expect("base64"));
    (lines[1].parse().expect("a size"), root)
}

/// Alarms as somebody reads them, after the registry's own look at what is due: act and kind.
pub(crate) async fn alarms(story: &Story, who: &Client) -> Vec<(String, String)> {
    api::cases::alarms::run(&story.server.app)
        .await
        .expect("no fault");
    let all = who.get("/api/v1/alarms").await.good();
    all.as_array()
        .expect("a list")
        .iter()
        .map(|one| (text(&one["act"]), text(&one["kind"])))
        .collect()
}
