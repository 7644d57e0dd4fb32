//! Third-party assessment on a real server: drawn by lot again by the test, conflicts, a sample for a time, a score that
//! reaches the freeze until it is annulled.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::answer::text;
use tests::story::{CREDIT_CODE, PASSWORD};
use tests::{Answer, Client, Database, Story, on_both, rosters};
use uuid::Uuid;

on_both! {
    a_score_drawn_for_reported_and_replied_to_counts_in_freezes_until_it_is_annulled;
    whoever_is_late_replaced_or_no_longer_accredited_does_nothing_more;
    a_conflict_that_becomes_known_stops_every_act_and_the_next_follows;
    nobody_assesses_an_institution_three_times_running;
    bad_accreditations_and_commissions_are_refused_and_nothing_is_kept;
    a_grave_finding_leads_to_a_warning_or_a_stop_and_silence_raises_alarms;
}

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

/// Draws again, from nothing but what the registry publishes.
fn drawn_again(urn: &str, assessment: &str, root: &str, list: &[String]) -> Vec<String> {
    let id = |one: &str| one.parse::<Uuid>().expect("an id");
    let root = data_encoding::HEXLOWER
        .decode(root.as_bytes())
        .expect("hexadecimal");
    let mut tickets: Vec<([u8; 32], String)> = list
        .iter()
        .map(|one| {
            let mut hash = Sha256::new();
            hash.update(b"mingzheng-lot-v1\0");
            hash.update(urn.as_bytes());
            hash.update([0]);
            hash.update(id(assessment).as_bytes());
            hash.update(&root);
            hash.update(id(one).as_bytes());
            (hash.finalize().into(), one.clone())
        })
        .collect();
    tickets.sort();
    tickets.into_iter().map(|(_, one)| one).collect()
}

fn digest(list: &[String]) -> String {
    let mut ids: Vec<Uuid> = list.iter().map(|one| one.parse().expect("an id")).collect();
    ids.sort();
    let mut hash = Sha256::new();
    for one in ids {
        hash.update(one.as_bytes());
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

/// The root of the newest checkpoint, as everybody reads it.
async fn newest_root(story: &Story) -> (u64, String) {
    let note = story.who("anybody").get("/log/checkpoint").await.text();
    let lines: Vec<&str> = note.lines().collect();
    let root = data_encoding::BASE64.decode(lines[2].as_bytes());
    let root = data_encoding::HEXLOWER.encode(&root.expect("base64"));
    (lines[1].parse().expect("a size"), root)
}

/// A trainee signs in by a slip of the counter.
async fn trainee(story: &Story, cohort: &str, enrolment: &str) -> Client {
    let path = format!("/api/v1/cohorts/{cohort}/enrolments/{enrolment}/sign-in-slip");
    let county = story.who("county-1");
    let slip = county.post(&path, &json!({})).await.good();
    let code = json!({ "code": slip["code"] });
    let anybody = story.who("anybody");
    let signed = anybody.post("/api/v1/sessions/code", &code).await.good();
    Client::bearing(&story.server, text(&signed["access_token"]))
}

async fn frozen_score(story: &Story) -> (Value, Value) {
    let request = json!({ "kind": "annual", "freeze_on": story.server.today() });
    let national = story.who("national-1");
    let run = national
        .post("/api/v1/grading-freezes", &request)
        .await
        .good();
    let at = |file: &str| format!("/api/v1/grading-runs/{}/{file}", text(&run["run"]));
    let auditor = story.who("auditor");
    let e: Value = auditor.get(&at("evidence.json")).await.json();
    let r: Value = auditor.get(&at("results.json")).await.json();
    let of = |file: &Value| {
        let all = file["institutions"].as_array().expect("institutions");
        let own = all.iter().find(|one| one["id"] == story.admission.as_str());
        own.cloned().expect("the school")
    };
    (
        of(&e)["third_party_score"].clone(),
        of(&r)["indicators"]["TPA"].clone(),
    )
}

async fn a_score_drawn_for_reported_and_replied_to_counts_in_freezes_until_it_is_annulled(
    database: Database,
) {
    let story = Story::ready(database).await;
    let (cohort, members) = class(&story, 24).await;
    let assessors = Assessors::accredited(&story, 4).await;
    let province = story.who("province-1");
    let school = story.who("school-1");
    assert_eq!(frozen_score(&story).await.0, Value::Null);

    // The list is fixed before the randomness exists.
    let at = commissioned(&story).await;
    let id = at.rsplit('/').next().expect("an id").to_owned();
    let early = act(&story, province, &at, "draw", &json!({})).await;
    early.problem(409, "transition-refused");
    assert_eq!(early.faults()[0].1, "no-checkpoint-yet");
    let listed = province.get(&at).await.good();
    assert_eq!(listed["list_sha256"], digest(&assessors.ids));
    list_is_a_leaf(&story, &id, &listed).await;
    let lot = format!("/api/v1/lots/{id}");
    let public = story.who("anybody").get(&lot).await.good();
    assert_eq!(public["list_sha256"], listed["list_sha256"]);
    assert_eq!(
        public["draw"],
        Value::Null,
        "the list is public before the draw"
    );
    log_grows(&story, "340000").await;
    let root = newest_root(&story).await;
    log_grows(&story, "350000").await;

    // Anybody draws the same again; a later checkpoint would have been another draw.
    act(&story, province, &at, "draw", &json!({})).await.good();
    let drawn = school.get(&at).await.good();
    assert_eq!(drawn["draw"], json!({ "size": root.0, "root": root.1 }));
    let order = drawn_again("assessor", &id, &root.1, &assessors.ids);
    let told: Vec<&Value> = drawn["candidates"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["assessor"])
        .collect();
    assert_eq!(told, order.iter().collect::<Vec<_>>());
    assert_eq!(drawn["assessor"], order[0]);
    let public = story.who("anybody").get(&lot).await;
    assert_eq!(public.good()["draw"], drawn["draw"]);
    assert_eq!(public.good()["candidates"][3]["place"], 4);
    assert!(
        !public.text().contains(&story.admission),
        "whom it is about is not told"
    );
    let client = |at: usize| assessors.of(&json!(order[at]));

    // Who was not drawn sees nothing; who is in conflict steps aside, and the next follows.
    client(1).get(&at).await.problem(404, "not-found");
    let tie = json!({ "relations": [{ "kind": "supplier", "words": "为该机构提供过教材" }] });
    act(&story, client(1), &at, "declaration", &tie)
        .await
        .problem(404, "not-found");
    let aside = act(&story, client(0), &at, "declaration", &tie)
        .await
        .good();
    assert_eq!(
        (&aside["state"], &aside["assessor"]),
        (&json!("drawn"), &Value::Null)
    );
    client(0)
        .get(&at)
        .await
        .problem(409, "conflict-of-interest");
    for what in ["fieldwork", "declaration", "report"] {
        let body = match what {
            "declaration" => json!({ "relations": [] }),
            "report" => json!({ "score": 100, "text": "一切都好,没有问题。" }),
            _ => json!({}),
        };
        act(&story, client(0), &at, what, &body)
            .await
            .problem(409, "conflict-of-interest");
    }
    let sample = format!("{at}/sample");
    client(0)
        .get(&sample)
        .await
        .problem(409, "conflict-of-interest");

    // A tie that ended long ago is told and is none.
    let second = client(1);
    let long_ago = story.server.today() - chrono::Months::new(36);
    let old = json!({ "relations": [{ "kind": "trainee", "ended_on": long_ago, "words": "三年前在此参训" }] });
    let accepted = act(&story, second, &at, "declaration", &old).await.good();
    assert_eq!(accepted["state"], "accepted");
    second.get(&sample).await.problem(409, "transition-refused");
    let early = act(&story, second, &at, "fieldwork", &json!({})).await;
    assert_eq!(early.faults()[0].1, "no-checkpoint-yet");
    log_grows(&story, "360000").await;
    let opened = act(&story, second, &at, "fieldwork", &json!({}))
        .await
        .good();
    assert_eq!(opened["state"], "fieldwork");

    // The sample: drawn again by the test, masked, for nobody else.
    let shown = province.get(&at).await.good();
    let how = &shown["sample"];
    assert_eq!(
        (&how["population"], &how["drawn"]),
        (&json!(24), &json!(10))
    );
    assert_eq!(how["population_sha256"], digest(&members));
    let public = story.who("anybody").get(&lot).await.good();
    assert_eq!(public["sample"], *how);
    let again = drawn_again("enrolment", &id, &text(&how["draw"]["root"]), &members);
    let read = second.get(&sample).await;
    let rows = read.good();
    let seen: Vec<String> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(&one["enrolment"]))
        .collect();
    assert_eq!(seen, again[..10]);
    assert!(
        rows[0]["name"]
            .as_str()
            .is_some_and(|name| name.contains('*'))
    );
    assert!(!read.text().contains("虚构样"), "names are masked");
    client(0)
        .get(&sample)
        .await
        .problem(409, "conflict-of-interest");
    client(2).get(&sample).await.problem(404, "not-found");
    for who in ["province-1", "school-1", "county-1", "auditor"] {
        story.who(who).get(&sample).await.problem(403, "forbidden");
    }
    for who in ["other-school", "other-province", "other-county"] {
        story.who(who).get(&at).await.problem(404, "not-found");
    }

    contacts(&story, second, &cohort, &at, &again).await;
    team(&story, second, &at).await;

    // The report rests on the sample alone.
    let finding = |enrolment: &str| {
        json!({ "score": 83, "text": "教学组织基本规范,就业服务有待加强。", "findings": [
            { "severity": "major", "text": "两名学员反映岗位与培训不符。", "enrolments": [enrolment] }] })
    };
    let outside = act(&story, second, &at, "report", &finding(&again[10])).await;
    outside.problem(422, "invalid-request");
    assert_eq!(
        outside.faults(),
        [(
            "/findings/0/enrolments/0".to_owned(),
            "outside-sample".to_owned()
        )]
    );
    let mut much = finding(&again[0]);
    much["score"] = json!(101);
    much["text"] = json!("电话 13900000001 的学员反映岗位与培训不符。");
    let refused = act(&story, second, &at, "report", &much).await;
    let codes: Vec<String> = refused.faults().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["range", "personal-number"]);
    act(&story, second, &at, "report", &finding(&again[0]))
        .await
        .good();
    second.get(&sample).await.problem(409, "transition-refused");

    // Reply, then final; the institution does not see whom a finding rests on.
    let last = json!({ "score": 81, "answer": "已采纳机构的部分说明。" });
    let early = act(&story, second, &at, "final", &last).await;
    early.problem(409, "transition-refused");
    assert_eq!(early.faults()[0].1, "reply-awaited");
    let theirs = school.get(&at).await;
    assert_eq!(
        theirs.good()["report"]["findings"][0]["enrolments"],
        json!([])
    );
    assert!(
        !theirs.text().contains(&again[0]),
        "who was asked is not told"
    );
    let answer = json!({ "text": "岗位不符的两名学员已重新推荐。" });
    act(&story, story.who("other-school"), &at, "reply", &answer)
        .await
        .problem(404, "not-found");
    act(&story, school, &at, "reply", &answer).await.good();
    assert_eq!(frozen_score(&story).await.0, Value::Null, "not final yet");
    let done = act(&story, second, &at, "final", &last).await.good();
    assert_eq!(
        (&done["state"], &done["score"]),
        (&json!("final"), &json!(81))
    );
    let (score, tpa) = frozen_score(&story).await;
    assert_eq!(score, 81);
    assert_eq!(tpa, json!({ "available": true, "points_milli": 81_000 }));

    published(&story, &at, &again[0]).await;
    annulled(&story, &at).await;
}

/// Name and telephone one by one, by consent, and the trainee sees who read.
async fn contacts(story: &Story, assessor: &Client, cohort: &str, at: &str, order: &[String]) {
    let words = json!({ "words": "电话回访" });
    let contact = |enrolment: &str| format!("{at}/sample/{enrolment}/contact");
    assessor
        .post(&contact(&order[10]), &words)
        .await
        .problem(404, "not-found");
    let first = assessor.post(&contact(&order[0]), &words).await.good();
    assert_eq!(
        (&first["phone"], &first["agrees"]),
        (&Value::Null, &json!(false))
    );
    assert!(text(&first["name"]).starts_with("虚构样"));
    let holder = trainee(story, cohort, &order[0]).await;
    let consent = json!({ "purpose": "outcome_follow_up" });
    holder.post("/api/v1/me/consents", &consent).await.good();
    let key = "one-key-of-a-contact";
    let after = assessor
        .post_with_key(&contact(&order[0]), key, &words)
        .await
        .good();
    assert!(
        text(&after["phone"]).ends_with(|one: char| one.is_ascii_digit()),
        "{after}"
    );
    let again = assessor
        .post_with_key(&contact(&order[0]), key, &words)
        .await
        .good();
    assert_eq!(again["read"], after["read"], "a repeated key is one read");
    let reads = holder.get("/api/v1/me/reads").await.good();
    let rows: Vec<&Value> = reads["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["purpose"] == "third_party_assessment")
        .collect();
    assert_eq!(rows.len(), 2, "{reads}");
    // The assessor's purpose is nobody else's, and the general way is closed to the assessor.
    let general = format!("/api/v1/enrolments/{}/unmask", order[0]);
    let asked =
        json!({ "fields": ["phone"], "purpose": "third_party_assessment", "words": "电话回访" });
    let county = story.who("county-1").post(&general, &asked).await;
    assert!(
        [403, 404, 422].contains(&county.status.as_u16()),
        "{}",
        county.text()
    );
    let told = story
        .who("auditor")
        .get("/api/v1/audit?limit=100&act=read_assessment_sample")
        .await;
    assert!(
        told.good()["items"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    );
}

/// The leaf before the size of the list holds its digest: the list cannot be told otherwise later.
async fn list_is_a_leaf(story: &Story, id: &str, listed: &Value) {
    let index = listed["listed_size"].as_u64().expect("a size") - 1;
    let path = format!("/log/proof/{index}");
    let proof = story.who("anybody").get(&path).await;
    let entry = text(&proof.good()["entry"]);
    let entry = data_encoding::BASE64.decode(entry.as_bytes());
    let leaf = certs::log::LeafEntry::decode(&entry.expect("base64")).expect("a leaf");
    let certs::log::LeafEntry::LotList {
        lot, sha256, count, ..
    } = leaf
    else {
        panic!("{leaf:?}")
    };
    assert_eq!(Uuid::from_bytes(lot).to_string(), id);
    assert_eq!(
        listed["list_sha256"],
        data_encoding::HEXLOWER.encode(&sha256)
    );
    let candidates = listed["candidates"].as_array().map(Vec::len);
    assert_eq!(candidates, usize::try_from(count).ok());
}

/// A visit by a team: nobody of it has an interest, the institution signs or says why not, and a report waits for that.
async fn team(story: &Story, assessor: &Client, at: &str) {
    let report = json!({ "score": 83, "text": "教学组织基本规范,就业服务有待加强。" });
    let early = act(story, assessor, at, "report", &report).await;
    early.problem(409, "transition-refused");
    assert_eq!(early.faults()[0].1, "visit-missing");
    let member = |code: &str, relations: Value| json!({ "name": "虚构专家", "organisation": "虚构职业评价院", "credit_code": code, "relations": relations });
    let tie = json!([{ "kind": "supplier", "words": "为该机构供应教材" }]);
    let (_, code) = ORGANISATIONS[3];
    for bad in [member(code, tie), member(CREDIT_CODE, json!([]))] {
        let team = json!([member(code, json!([])), bad]);
        let refused = visit(story, assessor, at, &team).await;
        refused.problem(409, "conflict-of-interest");
        assert_eq!(refused.faults()[0].0, "/members/1");
    }
    let now = story.server.app.now();
    let late = json!({
        "place": "杭", "arrived_at": now, "left_at": now - chrono::Duration::hours(1), "record": "短",
        "members": [member("1", json!([]))],
    });
    let refused = act(story, assessor, at, "visits", &late).await;
    refused.problem(422, "invalid-request");
    let pointers: Vec<String> = refused.faults().into_iter().map(|(at, _)| at).collect();
    assert_eq!(
        pointers,
        ["/place", "/record", "/left_at", "/members/0/credit_code"]
    );
    let made = visit(story, assessor, at, &json!([member(code, json!([]))]))
        .await
        .good();
    let early = act(story, assessor, at, "report", &report).await;
    assert_eq!(early.faults()[0].1, "countersignature-awaited");

    let path = format!("{at}/visits/{}/countersignature", text(&made["id"]));
    let refusal = json!({ "signed": false, "reason": "记录中的到达时间有误。" });
    let school = story.who("school-1");
    for (who, body, status, code) in [
        ("other-school", &refusal, 404, "not-found"),
        ("province-1", &refusal, 403, "forbidden"),
        (
            "school-1",
            &json!({ "signed": false }),
            422,
            "invalid-request",
        ),
    ] {
        story.who(who).post(&path, body).await.problem(status, code);
    }
    let answered = school.post(&path, &refusal).await.good();
    assert_eq!(answered["countersignature"], "refused");
    let again = school.post(&path, &json!({ "signed": true })).await;
    again.problem(409, "transition-refused");
    assert_eq!(again.faults()[0].1, "countersignature-over");
    let theirs = school.get(at).await.good();
    assert_eq!(theirs["visits"][0]["members"][0]["name"], "虚构专家");
    assert_eq!(theirs["visits"][0]["reason"], refusal["reason"]);

    // Drafts are the assessor's alone.
    let draft = json!({ "item": "employment", "text": "就业台账与社保记录一致。" });
    assessor.post(&format!("{at}/drafts"), &draft).await.good();
    assert_eq!(assessor.get(at).await.good()["drafts"], json!([draft]));
    assert_eq!(school.get(at).await.good()["drafts"], json!([]));
    let strange = json!({ "item": "weather", "text": "晴。" });
    assessor
        .post(&format!("{at}/drafts"), &strange)
        .await
        .problem(422, "invalid-request");
}

/// Published: everybody reads the score and how many findings there are, and not what they say.
async fn published(story: &Story, at: &str, sampled: &str) {
    let province = story.who("province-1");
    let everybody = format!("/api/v1/catalogue/institutions/{CREDIT_CODE}/assessments");
    let anybody = story.who("anybody");
    assert_eq!(anybody.get(&everybody).await.good(), json!([]));
    act(
        story,
        story.who("other-province"),
        at,
        "publication",
        &json!({}),
    )
    .await
    .problem(404, "not-found");
    let done = act(story, province, at, "publication", &json!({})).await;
    assert_eq!(done.good()["state"], "published");
    act(story, province, at, "publication", &json!({}))
        .await
        .problem(409, "transition-refused");
    let answer = anybody.get(&everybody).await;
    let told = &answer.good()[0];
    assert_eq!(
        (&told["score"], &told["findings"]),
        (
            &json!(81),
            &json!({ "minor": 0, "major": 1, "critical": 0 })
        )
    );
    let all = answer.text();
    assert!(!all.contains(sampled) && !all.contains("岗位"), "{all}");
    let profile = anybody.get(&profile()).await.text();
    for words in [
        "第三方评估",
        "<strong>81</strong>",
        "较大问题 1",
        "/api/v1/lots/",
    ] {
        assert!(profile.contains(words), "{words}: {profile}");
    }
    assert!(!profile.contains(sampled), "{profile}");
    assert_eq!(frozen_score(story).await.0, 81, "published counts as final");
}

fn profile() -> String {
    format!("/institutions/{CREDIT_CODE}")
}

async fn annulled(story: &Story, at: &str) {
    let province = story.who("province-1");
    let reason = json!({ "reason": "评估程序有瑕疵,予以撤销。" });
    let waiting = act(story, province, at, "annulment", &reason).await.good();
    assert_eq!(
        waiting["state"], "published",
        "nothing falls before the second person"
    );
    act(story, province, at, "annulment", &reason)
        .await
        .problem(409, "open-proposal");
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&waiting["proposal_id"])
    );
    province
        .post(&approve, &json!({}))
        .await
        .problem(409, "second-person-required");
    story
        .who("other-province")
        .post(&approve, &json!({}))
        .await
        .problem(404, "not-found");
    assert_eq!(frozen_score(story).await.0, 81);
    let done = story.approve("province-2", &waiting).await;
    assert_eq!(done["outcome"]["state"], "annulled");
    let page = story.who("anybody").get(&profile()).await.text();
    assert!(!page.contains("第三方评估"), "gone with the annulment");
    let (score, tpa) = frozen_score(story).await;
    assert_eq!((score, &tpa["available"]), (Value::Null, &json!(false)));
    let kept = province.get(at).await.good();
    assert_eq!(kept["final"]["score"], 81, "what was stands in the file");
    let timeline = province.get(&format!("{at}/timeline")).await.good();
    let acts: Vec<&str> = timeline
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["act"].as_str())
        .collect();
    assert_eq!(
        acts,
        [
            "commission",
            "draw",
            "step_aside",
            "accept",
            "open",
            "visit",
            "countersign",
            "report",
            "reply",
            "finish",
            "publish",
            "annul"
        ]
    );
    let own = format!("/api/v1/institutions/{}/timeline", story.admission);
    let told = province.get(&own).await.text();
    for what in [
        "assessment_commissioned",
        "assessment_final",
        "assessment_annulled",
    ] {
        assert!(told.contains(what), "{what}");
    }
}

async fn whoever_is_late_replaced_or_no_longer_accredited_does_nothing_more(database: Database) {
    let story = Story::ready(database).await;
    let (_, members) = class(&story, 6).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let none = json!({ "relations": [] });
    let why = json!({ "reason": "逾期未申报" });
    let held = async |at: &str| province.get(at).await.good()["assessor"].clone();

    let at = commissioned(&story).await;
    log_grows(&story, "340000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let first = held(&at).await;
    let in_time = act(&story, province, &at, "replacement", &why).await;
    in_time.problem(409, "transition-refused");
    assert_eq!(in_time.faults()[0].1, "assessor-in-time");
    story.server.days_pass(12);
    let late = act(&story, assessors.of(&first), &at, "declaration", &none).await;
    late.problem(409, "transition-refused");
    assert_eq!(late.faults()[0].1, "term-over");
    act(&story, province, &at, "replacement", &why).await.good();
    let second = held(&at).await;
    assert_ne!(first, second);
    assessors
        .of(&first)
        .get(&at)
        .await
        .problem(409, "transition-refused");

    // The sample is open for sixty days and not one more; six trainees are all drawn.
    let who = assessors.of(&second);
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "350000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    let sample = format!("{at}/sample");
    let contact = format!("{sample}/{}/contact", members[0]);
    let words = json!({ "words": "电话回访" });
    story.server.days_pass(60);
    let rows = who.get(&sample).await.good();
    assert_eq!(rows.as_array().map(Vec::len), Some(6));
    let key = "read-before-the-end";
    who.post_with_key(&contact, key, &words).await.good();
    story.server.days_pass(1);
    for answer in [
        who.get(&sample).await,
        who.post(&contact, &words).await,
        // A key that opened it before opens it no more.
        who.post_with_key(&contact, key, &words).await,
        act(
            &story,
            who,
            &at,
            "report",
            &json!({ "score": 80, "text": "现场评估已经完成,情况良好。" }),
        )
        .await,
    ] {
        answer.problem(409, "transition-refused");
        assert_eq!(answer.faults()[0].1, "term-over");
    }

    // Nobody is left on the list: it lapses, and another may be commissioned.
    commission(&story, "province-1")
        .await
        .problem(409, "duplicate");
    let lapsed = act(&story, province, &at, "replacement", &why).await.good();
    assert_eq!(lapsed["state"], "lapsed");
    let at = commissioned(&story).await;
    log_grows(&story, "360000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let first = held(&at).await;
    act(&story, assessors.of(&first), &at, "declaration", &none)
        .await
        .good();
    let accreditation = format!("/api/v1/assessors/{}/withdrawal", text(&first));
    let withdrawal = json!({ "reason": "资格复核未通过" });
    let one = json!(1);
    story
        .who("other-province")
        .post_seen(&accreditation, &one, &withdrawal)
        .await
        .problem(404, "not-found");
    province
        .post_seen(&accreditation, &one, &withdrawal)
        .await
        .good();
    let again = province
        .post_seen(&accreditation, &json!(2), &withdrawal)
        .await;
    again.problem(409, "transition-refused");
    log_grows(&story, "370000").await;
    let out = act(&story, assessors.of(&first), &at, "fieldwork", &json!({})).await;
    assert_eq!(out.faults()[0].1, "not-accredited");
    act(&story, province, &at, "replacement", &why).await.good();
    let who = assessors.of(&held(&at).await);
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "410000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    visited(&story, who, &at).await;
    let report = json!({ "score": 60, "text": "教学资料不完整,建议补充后复查。" });
    act(&story, who, &at, "report", &report).await.good();

    // Silence of the institution delays and does not stop.
    story.server.days_pass(20);
    let school = story.who("school-1");
    let late = act(
        &story,
        school,
        &at,
        "reply",
        &json!({ "text": "补充说明如下。" }),
    )
    .await;
    late.problem(409, "transition-refused");
    let last = json!({ "score": 60, "answer": "机构未在期限内答复。" });
    act(&story, who, &at, "final", &last).await.good();
    assert_eq!(frozen_score(&story).await.0, 60);
    // Two years later it counts no more.
    story.server.days_pass(735);
    assert_eq!(frozen_score(&story).await.0, Value::Null);
}

/// The registry learns of an interest: as when the same person declares it at another desk.
async fn interest_known(story: &Story, account: &str) {
    let app = &story.server.app;
    let tx = app.store.write().await.expect("a transaction");
    let account = account.parse().expect("an account");
    let person = store::assessments::assessors::person_of(&tx, account, story.server.today()).await;
    let person = person.expect("read").expect("an assessor");
    let institution = story.institution.parse().expect("an institution");
    store::cases::declare_interest(&tx, person, institution, "亲属在该校任职", app.now())
        .await
        .expect("declared");
    store::commit(tx).await.expect("committed");
}

async fn a_conflict_that_becomes_known_stops_every_act_and_the_next_follows(database: Database) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let none = json!({ "relations": [] });
    let at = commissioned(&story).await;
    log_grows(&story, "340000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let first = province.get(&at).await.good()["assessor"].clone();
    let account = |id: &Value| {
        let at = assessors.ids.iter().position(|one| id == one.as_str());
        assessors.accounts[at.expect("accredited")].clone()
    };
    interest_known(&story, &account(&first)).await;
    act(&story, assessors.of(&first), &at, "declaration", &none)
        .await
        .problem(409, "conflict-of-interest");
    let why = json!({ "reason": "应当回避" });
    act(&story, province, &at, "replacement", &why).await.good();

    // In the field it closes the sample at once; stepping aside is still open.
    let second = province.get(&at).await.good()["assessor"].clone();
    let who = assessors.of(&second);
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "350000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    let sample = format!("{at}/sample");
    let rows = who.get(&sample).await.good();
    let contact = format!("{sample}/{}/contact", text(&rows[0]["enrolment"]));
    interest_known(&story, &account(&second)).await;
    let report = json!({ "score": 100, "text": "一切都好,没有发现问题。" });
    for answer in [
        who.get(&sample).await,
        who.post(&contact, &json!({ "words": "电话回访" })).await,
        act(&story, who, &at, "report", &report).await,
    ] {
        answer.problem(409, "conflict-of-interest");
    }
    let kin = json!({ "relations": [{ "kind": "relative", "words": "亲属在该校任职" }] });
    let aside = act(&story, who, &at, "declaration", &kin).await.good();
    assert_eq!(aside["state"], "lapsed");
    // Neither stands on a list of this institution any more.
    let none_left = commission(&story, "province-1").await;
    assert_eq!(none_left.faults()[0].1, "no-candidates");
}

async fn nobody_assesses_an_institution_three_times_running(database: Database) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let only = Assessors::accredited(&story, 1).await;
    let who = &only.clients[0];
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    for (score, grown) in [(50, ["340000", "350000"]), (70, ["360000", "370000"])] {
        let at = commissioned(&story).await;
        log_grows(&story, grown[0]).await;
        act(&story, province, &at, "draw", &json!({})).await.good();
        let none = json!({ "relations": [] });
        act(&story, who, &at, "declaration", &none).await.good();
        log_grows(&story, grown[1]).await;
        act(&story, who, &at, "fieldwork", &json!({})).await.good();
        visited(&story, who, &at).await;
        let report = json!({ "score": score, "text": "现场评估已经完成,详见所附问题清单。" });
        act(&story, who, &at, "report", &report).await.good();
        act(&story, school, &at, "reply", &json!({ "text": "无异议。" }))
            .await
            .good();
        let last = json!({ "score": score, "answer": "维持报告得分。" });
        act(&story, who, &at, "final", &last).await.good();
    }
    assert_eq!(
        frozen_score(&story).await.0,
        70,
        "the newest final score counts"
    );
    let third = commission(&story, "province-1").await;
    assert_eq!(third.faults()[0].1, "no-candidates");
    let (_, account) = assessor(&story, "assessor-other").await;
    let other = accreditation(&story, &account, ORGANISATIONS[1]);
    let other = province.post("/api/v1/assessors", &other).await.good();
    let at = commissioned(&story).await;
    let list = province.get(&at).await.good()["candidates"].clone();
    assert_eq!(list.as_array().map(Vec::len), Some(1));
    assert_eq!(list[0]["assessor"], other["id"]);
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

async fn a_grave_finding_leads_to_a_warning_or_a_stop_and_silence_raises_alarms(
    database: Database,
) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let assessors = Assessors::accredited(&story, 2).await;
    let province = story.who("province-1");
    let holder = async |at: &str| province.get(at).await.good()["assessor"].clone();
    let told = |act: &str, kind: &str| (act.to_owned(), kind.to_owned());

    // Whoever was drawn is reminded; once it is over the province hears of it, too.
    let at = commissioned(&story).await;
    let id = at.rsplit('/').next().expect("an id").to_owned();
    log_grows(&story, "340000").await;
    act(&story, province, &at, "draw", &json!({})).await.good();
    let who = assessors.of(&holder(&at).await);
    let due: chrono::NaiveDate = text(&province.get(&at).await.good()["due_on"])
        .parse()
        .expect("a day");
    assert_eq!(alarms(&story, who).await, [], "there is time");
    let days = (due - story.server.today()).num_days();
    story.server.days_pass(days);
    let soon = told("assessment_accept", "due");
    assert_eq!(alarms(&story, who).await, [soon]);
    story.server.days_pass(1);
    let over = told("assessment_accept", "overdue");
    assert!(alarms(&story, who).await.contains(&over));
    assert!(alarms(&story, province).await.contains(&over));
    let drawn = holder(&at).await;
    let other = assessors.ids.iter().find(|one| drawn != one.as_str());
    let other = assessors.of(&json!(other.expect("another assessor")));
    assert_eq!(alarms(&story, other).await, [], "none of theirs");
    let why = json!({ "reason": "逾期未申报" });
    act(&story, province, &at, "replacement", &why).await.good();
    assert!(!alarms(&story, province).await.contains(&over));

    // A critical finding in the report: the stop may follow the same day, a warning waits for the final score.
    let who = assessors.of(&holder(&at).await);
    let none = json!({ "relations": [] });
    act(&story, who, &at, "declaration", &none).await.good();
    log_grows(&story, "350000").await;
    act(&story, who, &at, "fieldwork", &json!({})).await.good();
    visited(&story, who, &at).await;
    let report = json!({ "score": 20, "text": "实训场地存在重大安全隐患,详见问题清单。", "findings": [
        { "severity": "minor", "text": "教材摆放凌乱。" },
        { "severity": "critical", "text": "消防通道被封堵,无应急照明。" }] });
    act(&story, who, &at, "report", &report).await.good();
    let grave = told("finding_critical", "due");
    assert!(alarms(&story, province).await.contains(&grave));
    let resource = format!("/api/v1/institutions/{}", story.admission);
    let step = async |request: Value| province.act(&resource, "transitions", &request).await;
    let warn = json!({ "transition": "T11", "cause": "major_finding", "reason": "评估发现严重问题。", "assessment": id });
    let early = step(warn.clone()).await;
    early.problem(409, "transition-refused");
    assert_eq!(early.faults()[0].1, "finding-not-major");
    let strange = json!({ "transition": "T16", "cause": "safety", "reason": "立即停训。", "assessment": Uuid::nil() });
    assert_eq!(step(strange).await.faults()[0].0, "/assessment");
    let stop =
        json!({ "transition": "T16", "cause": "safety", "reason": "立即停训。", "assessment": id });
    let stopped = step(stop).await.good();
    assert_eq!(stopped["state"], "suspended");
    let case = province.get("/api/v1/cases").await.good()["items"][0].clone();
    let case = province
        .get(&format!("/api/v1/cases/{}", text(&case["id"])))
        .await
        .good();
    assert_eq!(case["findings"], json!(["消防通道被封堵,无应急照明。"]));
    assert_eq!(province.get(&at).await.good()["consequence"], "T16");
    assert!(!alarms(&story, province).await.contains(&grave));
    story.approve("province-2", &stopped).await;
    step(json!({ "transition": "T18", "reason": "隐患已消除,经复查合格。" }))
        .await
        .good();

    // A major finding of a final assessment is a cause of a warning without any other paper; or it is left, with a reason.
    act(
        &story,
        story.who("school-1"),
        &at,
        "reply",
        &json!({ "text": "已整改。" }),
    )
    .await
    .good();
    let last = json!({ "score": 40, "answer": "整改属实,酌情加分。" });
    act(&story, who, &at, "final", &last).await.good();
    assert!(
        !alarms(&story, province)
            .await
            .contains(&told("finding_major", "due"))
    );
    let warned = step(warn).await.good();
    assert_eq!(warned["state"], "warned");
    let reason = json!({ "reason": "已据此预警,另行处理。" });
    act(&story, province, &at, "dismissal", &reason)
        .await
        .good();
    let kept = province.get(&at).await.good();
    assert_eq!(kept["consequence"], "dismiss");
    act(&story, who, &at, "dismissal", &reason)
        .await
        .problem(403, "forbidden");
}

async fn bad_accreditations_and_commissions_are_refused_and_nothing_is_kept(database: Database) {
    let story = Story::ready(database).await;
    class(&story, 6).await;
    let province = story.who("province-1");
    let none = commission(&story, "province-1").await;
    none.problem(409, "transition-refused");
    assert_eq!(none.faults()[0].1, "no-candidates");
    let accounts = province.get("/api/v1/assessors").await.good();
    assert_eq!(accounts["items"], json!([]));

    let (_, account) = assessor(&story, "assessor-a").await;
    let good = accreditation(&story, &account, ORGANISATIONS[0]);
    let with = |field: &str, value: Value| {
        let mut bad = good.clone();
        bad[field] = value;
        bad
    };
    let officer = text(&story.who("county-1").get("/api/v1/self").await.good()["account"]);
    for (bad, pointer) in [
        (with("account", json!(officer)), "/account"),
        (
            with("credit_code", json!("52330203XX00000270")),
            "/credit_code",
        ),
        (with("valid_until", json!("2020-01-01")), "/valid_until"),
        (with("organisation", json!("")), "/organisation"),
    ] {
        let refused = province.post("/api/v1/assessors", &bad).await;
        refused.problem(422, "invalid-request");
        assert_eq!(refused.faults()[0].0, pointer);
    }
    for who in ["county-1", "school-1", "auditor"] {
        let answer = story.who(who).post("/api/v1/assessors", &good).await;
        answer.problem(403, "forbidden");
    }
    province.post("/api/v1/assessors", &good).await.good();
    province
        .post("/api/v1/assessors", &good)
        .await
        .problem(409, "duplicate");
    // The same person once more by the nation, and the school's own organisation: neither makes a second lot.
    let national = story.who("national-1");
    national.post("/api/v1/assessors", &good).await.good();
    let (_, insider) = assessor(&story, "assessor-b").await;
    let inside = accreditation(&story, &insider, ("浙江虚构职业培训学校", CREDIT_CODE));
    province.post("/api/v1/assessors", &inside).await.good();

    story
        .who("other-province")
        .post(
            &format!("/api/v1/institutions/{}/assessments", story.admission),
            &json!({ "period_from": "2020-01-01", "period_until": "2020-12-31" }),
        )
        .await
        .problem(404, "not-found");
    let path = format!("/api/v1/institutions/{}/assessments", story.admission);
    let ahead = json!({ "period_from": "2020-01-01", "period_until": story.server.today() });
    province
        .post(&path, &ahead)
        .await
        .problem(422, "invalid-request");
    let at = commissioned(&story).await;
    let shown = province.get(&at).await.good();
    assert_eq!(shown["candidates"].as_array().map(Vec::len), Some(1));
    commission(&story, "province-1")
        .await
        .problem(409, "duplicate");

    // Old revisions, missing keys, unknown fields.
    log_grows(&story, "340000").await;
    let draw = format!("{at}/draw");
    province
        .post_seen(&draw, &json!(9), &json!({}))
        .await
        .problem(412, "precondition-failed");
    act(&story, province, &at, "draw", &json!({})).await.good();
    act(&story, province, &at, "draw", &json!({}))
        .await
        .problem(409, "transition-refused");
    let number = rosters::citizen_id(1);
    let secret = json!({ "reason": format!("{number} 的学员投诉") });
    let refused = act(&story, province, &at, "annulment", &secret).await;
    refused.problem(422, "invalid-request");
    let more = json!({ "reason": "评估程序有瑕疵。", "score": 100 });
    act(&story, province, &at, "annulment", &more)
        .await
        .problem(422, "invalid-request");
    assert_eq!(province.get(&at).await.good()["state"], "drawn");
}
