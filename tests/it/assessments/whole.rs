//! One assessment from the draw to the freeze, and its annulment.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::answer::text;
use tests::story::CREDIT_CODE;
use tests::{Client, Database, Story, on_both};
use uuid::Uuid;

use super::{Assessors, ORGANISATIONS, act, class, commissioned, log_grows, newest_root, visit};
use crate::evidence::{file_of, frozen};

on_both! {
    a_score_drawn_for_reported_and_replied_to_counts_in_freezes_until_it_is_annulled;
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

pub(super) async fn frozen_score(story: &Story) -> (Value, Value) {
    let run = frozen(story, "quarterly").await;
    let e = file_of(story, &run, "evidence").await;
    let r = file_of(story, &run, "results").await;
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
    assert_eq!(again, after, "a repeated key has the same answer");
    let reads = holder.get("/api/v1/me/reads").await.good();
    let rows: Vec<&Value> = reads["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["purpose"] == "third_party_assessment")
        .collect();
    assert_eq!(rows.len(), 3, "and opens them once more: {reads}");
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
