//! Bulletins on decisions, and objections that anybody files while a notice runs (workflow.md 5, pages.md 3.8).

use serde_json::{Value, json};
use tests::answer::text;
use tests::story::CREDIT_CODE;
use tests::{Answer, Browser, Database, Story, on_both};

use crate::cases::{HASH, by_two, codes, document, file, hidden, lodge, serve, step, warn};

on_both! {
    a_bulletin_is_built_from_a_decision_and_not_from_one_that_was_set_aside;
    what_was_lifted_can_be_told_and_what_was_set_aside_alone_cannot;
    anybody_objects_to_a_notice_and_it_stays_until_that_is_decided;
    the_form_of_an_objection_works_without_a_script;
}

async fn act(story: &Story, id: &str, act: &str) -> Answer {
    let resource = format!("/api/v1/bulletins/{id}");
    let request = json!({ "act": act, "reason": "依规办理" });
    story
        .who("province-1")
        .act(&resource, "acts", &request)
        .await
}

async fn write(story: &Story, request: &Value) -> Answer {
    story
        .who("province-1")
        .post("/api/v1/bulletins", request)
        .await
}

/// Written, reviewed and at its notice; answers id and number.
pub(crate) async fn noticed(story: &Story, request: &Value) -> (String, String) {
    let draft = write(story, request).await.good();
    let id = text(&draft["id"]);
    let waiting = act(story, &id, "review").await.good();
    story.approve("province-2", &waiting).await;
    let number = text(&act(story, &id, "open_notice").await.good()["number"]);
    (id, number)
}

/// Written and led to its publication; answers its number.
pub(crate) async fn published(story: &Story, request: &Value) -> String {
    let (id, number) = noticed(story, request).await;
    story.server.days_pass(16);
    act(story, &id, "publish").await.good();
    number
}

/// Position in the public log of the newest decision of this kind.
pub(crate) async fn leaf(story: &Story, transition: &str) -> Value {
    let path = format!("/api/v1/institutions/{}/timeline", story.admission);
    let timeline = story.who("province-1").get(&path).await.good();
    timeline
        .as_array()
        .into_iter()
        .flatten()
        .rfind(|one| one["act"] == transition && one["leaf_index"].is_u64())
        .map_or_else(
            || panic!("{transition} is not there"),
            |one| one["leaf_index"].clone(),
        )
}

async fn page(story: &Story, number: &str) -> String {
    let path = format!("/bulletins/{number}");
    story.who("anybody").get(&path).await.text()
}

async fn a_bulletin_is_built_from_a_decision_and_not_from_one_that_was_set_aside(
    database: Database,
) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let admitted = json!({ "kind": "admission_notice", "title": "入库公示", "decision": leaf(&story, "T06").await });
    let (id, number) = noticed(&story, &admitted).await;
    let shown = page(&story, &number).await;
    for words in ["入库公示", "浙江虚构职业培训学校", CREDIT_CODE, "天"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    act(&story, &id, "publish")
        .await
        .problem(409, "transition-refused");
    story.server.days_pass(8);
    assert_eq!(
        act(&story, &id, "publish").await.good()["state"],
        "published"
    );

    // A warning is published without a notice, with its number, cause and leaf, and with nobody's name.
    warn(&story, province).await;
    let at = leaf(&story, "T11").await;
    let warning = json!({ "kind": "warning", "title": "预警通报", "decision": at });
    let wrong = json!({ "kind": "exit", "title": "退出公告", "decision": at });
    let refused = write(&story, &wrong).await;
    assert_eq!(
        refused.faults(),
        [("/decision".to_owned(), "other-kind".to_owned())]
    );
    let neither = json!({ "kind": "warning", "title": "预警通报" });
    assert_eq!(write(&story, &neither).await.faults()[0].0, "/decision");
    let run = json!({ "kind": "ranking", "title": "排名", "decision": at });
    assert_eq!(write(&story, &run).await.faults()[0].0, "/decision");
    let elsewhere = story.who("other-province");
    let refused = elsewhere.post("/api/v1/bulletins", &warning).await;
    assert_eq!(
        refused.faults(),
        [("/decision".to_owned(), "unknown".to_owned())]
    );
    let praise = json!({ "kind": "commendation", "title": "表扬", "decision": at });
    assert_eq!(write(&story, &praise).await.faults()[0].1, "other-kind");
    let (id, number) = noticed(&story, &warning).await;
    let early = write(&story, &warning).await.good();
    let told = act(&story, &id, "publish").await.good();
    assert_eq!(told["state"], "published", "warnings have no notice");
    assert!(told["leaf_index"].is_u64());
    let (shown, proof) = (page(&story, &number).await, format!("/log/proof/{at}"));
    for words in ["预警", "预警〔2026〕1号", "重大问题", proof.as_str()] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("消防通道堵塞"), "no free text");
    let all = story
        .who("anybody")
        .get("/api/v1/catalogue/bulletins")
        .await
        .good();
    assert_eq!(all[0]["body"]["decision"], at);
    assert!(
        story
            .who("anybody")
            .get("/bulletins.atom")
            .await
            .text()
            .contains(&number)
    );

    // The act that a state does not allow names both states and who may do what.
    let refused = act(&story, &text(&early["id"]), "publish").await;
    let detail = text(&refused.problem(409, "transition-refused")["detail"]);
    for words in ["草稿", "公示中", "复核", "另一人批准"] {
        assert!(detail.contains(words), "{detail}");
    }

    // Set aside by the province itself: what was drafted is not noticed any more, and nothing new is drafted.
    let aside = json!({
        "transition": "T25", "cause": "own_correction", "reason": "依据有误。", "sets_aside": "T11",
        "document": document("撤〔2026〕1号"),
    });
    let done = by_two(&story, aside).await;
    assert_eq!(done["outcome"]["state"], "provisional");
    let waiting = act(&story, &text(&early["id"]), "review").await.good();
    story.approve("province-2", &waiting).await;
    act(&story, &text(&early["id"]), "open_notice")
        .await
        .problem(409, "transition-refused");
    let refused = write(&story, &warning).await;
    assert_eq!(
        refused.faults(),
        [("/decision".to_owned(), "set-aside".to_owned())]
    );

    // A suspension and a proposal of exit, whose notice is ten working days.
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防不合格。" });
    step(&story, province, stop).await.good();
    let request =
        json!({ "kind": "suspension", "title": "暂停通报", "decision": leaf(&story, "T16").await });
    let number = published(&story, &request).await;
    assert!(page(&story, &number).await.contains("暂停至"));
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "许可证注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕5号"), "document": document("注〔2026〕1号"), "hearing": "可申请听证。",
    });
    by_two(&story, exit).await;
    let request =
        json!({ "kind": "exit", "title": "退出公告", "decision": leaf(&story, "T19").await });
    let (id, _) = noticed(&story, &request).await;
    story.server.days_pass(9);
    act(&story, &id, "publish")
        .await
        .problem(409, "transition-refused");
    story.server.days_pass(8);
    act(&story, &id, "publish").await.good();
}

async fn what_was_lifted_can_be_told_and_what_was_set_aside_alone_cannot(database: Database) {
    let story = Story::ready(database).await;
    let (province, school) = (story.who("province-1"), story.who("school-1"));
    let reply = json!({ "kind": "reply", "text": "已整改到位,附照片。" });
    let answered = async || {
        warn(&story, province).await;
        serve(&story, province, "T11").await;
        file(&story, school, reply.clone()).await.good();
    };
    // Warned and lifted; warned again and ordered to rectify, and the order set aside.
    answered().await;
    let lifted = leaf(&story, "T11").await;
    let lift = json!({ "transition": "T12", "reason": "已整改。" });
    step(&story, province, lift).await.good();
    answered().await;
    let warned = leaf(&story, "T11").await;
    let order = json!({
        "transition": "T13", "cause": "reply_not_accepted", "reason": "说明不充分。",
        "findings": ["消防通道"], "until": story.server.today() + chrono::Days::new(30),
    });
    step(&story, province, order).await.good();
    let ordered = leaf(&story, "T13").await;
    let told = async |kind: &str, at: &Value| {
        let request = json!({ "kind": kind, "title": "通报", "decision": at });
        write(&story, &request).await
    };
    told("rectification", &ordered).await.good();
    let aside = json!({
        "transition": "T25", "cause": "own_correction", "reason": "依据有误。", "sets_aside": "T13",
        "document": document("撤〔2026〕2号"),
    });
    let done = by_two(&story, aside).await;
    assert_eq!(done["outcome"]["state"], "warned");
    assert_ne!(lifted, warned);
    for at in [&lifted, &warned] {
        told("warning", at).await.good();
    }
    let refused = told("rectification", &ordered).await;
    assert_eq!(
        refused.faults(),
        [("/decision".to_owned(), "set-aside".to_owned())]
    );

    // What rested on a decision falls with it: the exit, and the suspension it was proposed from stands.
    let stop = json!({ "transition": "T16", "cause": "safety", "reason": "消防不合格。" });
    step(&story, province, stop).await.good();
    let stopped = leaf(&story, "T16").await;
    let exit = json!({
        "transition": "T19", "cause": "licence_lost", "reason": "许可证注销。", "evidence_sha256": HASH,
        "minutes": document("会议纪要〔2026〕6号"), "document": document("注〔2026〕2号"), "hearing": "可申请听证。",
    });
    by_two(&story, exit).await;
    let proposed = leaf(&story, "T19").await;
    let aside = json!({
        "transition": "T25", "cause": "own_correction", "reason": "认定有误。", "sets_aside": "T16",
        "document": document("撤〔2026〕3号"),
    });
    let early = step(&story, province, aside.clone()).await;
    assert_eq!(
        codes(&early),
        ["nothing-before"],
        "the state follows from T19"
    );
    let mut of_exit = aside;
    of_exit["sets_aside"] = "T19".into();
    by_two(&story, of_exit).await;
    let refused = told("exit", &proposed).await;
    assert_eq!(refused.faults()[0].1, "set-aside");
    told("suspension", &stopped).await.good();
}

async fn object(story: &Story, number: &str, request: &Value) -> Answer {
    let path = format!("/api/v1/notices/{number}/objections");
    story.who("anybody").post(&path, request).await
}

async fn anybody_objects_to_a_notice_and_it_stays_until_that_is_decided(database: Database) {
    let story = Story::ready(database).await;
    let province = story.who("province-1");
    let request = json!({ "kind": "admission_notice", "title": "入库公示", "decision": leaf(&story, "T06").await });
    let (id, number) = noticed(&story, &request).await;
    let other = json!({ "kind": "admission_notice", "title": "入库公示(二)", "decision": leaf(&story, "T06").await });
    let (second, _) = noticed(&story, &other).await;
    let words = json!({ "text": "公示的场地地址与实际不符。", "name": "虚构人", "contact": "010-00000000" });
    let filed = object(&story, &number, &words).await.good();
    let reference = text(&filed["number"]);
    assert!(
        reference.starts_with("Y33-") && filed["answer_due"].is_string(),
        "{filed}"
    );
    story.server.clock.advance_seconds(60);
    let anonymous = json!({ "text": "教师人数与公示不一致。" });
    object(&story, &number, &anonymous).await.good();
    let refused = object(&story, &number, &json!({ "text": "短" })).await;
    refused.problem(422, "invalid-request");
    object(&story, "B33-1999-001", &anonymous)
        .await
        .problem(404, "not-found");

    // Who sent it is told to the federation that answers, sealed in the database, and that it was read is in the audit.
    let list = format!("/api/v1/bulletins/{id}/objections");
    story
        .who("other-province")
        .get(&list)
        .await
        .problem(404, "not-found");
    let seen = province.get(&list).await.good();
    assert_eq!(
        (&seen[0]["name"], &seen[1]["name"]),
        (&json!("虚构人"), &Value::Null)
    );
    let cells = store::dump::dump(story.server.app.store.reader())
        .await
        .expect("a dump");
    let plain = "虚构人".as_bytes();
    assert!(
        cells
            .iter()
            .filter(|cell| cell.table == "objection")
            .all(|cell| !cell.bytes.windows(plain.len()).any(|some| some == plain))
    );

    // That item stays; the other one does not.
    story.server.days_pass(9);
    act(&story, &id, "publish")
        .await
        .problem(409, "transition-refused");
    act(&story, &second, "publish").await.good();
    let answer = json!({ "accepted": false, "answer": "经核对地址无误。" });
    for one in seen.as_array().into_iter().flatten() {
        let decide = format!("/api/v1/objections/{}/decision", text(&one["id"]));
        story
            .who("other-province")
            .post(&decide, &answer)
            .await
            .problem(404, "not-found");
        province.post(&decide, &answer).await.good();
    }
    let path = format!("/api/v1/notices/objections/{reference}");
    let told = story.who("anybody").get(&path).await.good();
    assert_eq!(
        (&told["state"], &told["answer"]),
        (&json!("dismissed"), &json!("经核对地址无误。"))
    );
    act(&story, &id, "publish").await.good();
    // After the notice nobody objects any more.
    object(&story, &number, &anonymous)
        .await
        .problem(409, "transition-refused");
}

async fn the_form_of_an_objection_works_without_a_script(database: Database) {
    const OWN: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];
    let story = Story::applied(database).await;
    story.transition("county-1", "T04").await;
    let notice = json!({ "transition": "T06" });
    by_two(&story, notice).await;
    let mut anybody = Browser::new(&story.server);
    let list = anybody.open("/notices").await.text();
    let path = format!("/notices/{CREDIT_CODE}/objections/new");
    assert!(list.contains(&path), "{list}");
    let form = anybody.open(&path).await.text();
    assert!(
        form.contains("可以实名,也可以匿名") && !form.contains("<script"),
        "{form}"
    );
    let key = hidden(&form, &path, "key");
    let bad = [("key", key.as_str()), ("text", "短"), ("name", "虚构人")];
    let refused = anybody.send(&path, &OWN, &bad).await;
    assert_eq!(refused.status, 422);
    let shown = refused.text();
    for words in [
        "<title>错误:",
        "aria-invalid=\"true\"",
        "value=\"虚构人\"",
        "role=\"alert\"",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let good = [
        ("key", key.as_str()),
        ("text", "公示的教师并不在该校任教。"),
    ];
    let sent = anybody.send(&path, &OWN, &good).await;
    assert_eq!(sent.status, 303);
    let place = sent.header("location").to_owned();
    assert!(place.starts_with("/notices/objections/Y33-"), "{place}");
    let again = anybody.send(&path, &OWN, &good).await;
    assert_eq!(
        again.header("location"),
        place,
        "sent twice, it is one objection"
    );
    assert!(anybody.open(&place).await.text().contains("办理中"));

    // It keeps the admission back until the province decides it.
    story.server.days_pass(10);
    let admit = step(
        &story,
        story.who("province-1"),
        json!({ "transition": "T08" }),
    )
    .await;
    assert_eq!(codes(&admit), ["objection-open"]);
    let list = format!("/api/v1/institutions/{}/objections", story.admission);
    let found = story.who("province-1").get(&list).await.good();
    let decide = format!("/api/v1/objections/{}/decision", text(&found[0]["id"]));
    let answer = json!({ "accepted": true, "answer": "经核实教师不在册。" });
    story.who("province-1").post(&decide, &answer).await.good();
    assert!(anybody.open(&place).await.text().contains("异议成立"));
    let back = json!({ "transition": "T07", "reason": "异议成立,退回审核。" });
    let returned = step(&story, story.who("province-1"), back).await.good();
    assert_eq!(returned["state"], "under_review");
    let refuse = json!({ "transition": "T05", "reason": "教师不符合条件。" });
    let refused = step(&story, story.who("province-1"), refuse).await.good();
    assert_eq!(refused["state"], "rejected");
    // Against the refusal there is the appeal; dismissed, the refusal stands.
    serve(&story, story.who("province-1"), "T05").await;
    let appeal = lodge(&story, "T05").await;
    assert_eq!(
        (&appeal["stayed"], &appeal["admission_state"]),
        (&json!(false), &json!("rejected"))
    );
    let upheld = crate::cases::decided(&story, &appeal, "upheld").await;
    assert_eq!(upheld["admission_state"], "under_review");
}
