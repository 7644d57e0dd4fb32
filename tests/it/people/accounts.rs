//! `/admin/accounts`: an administrator invites, changes posts, takes second factors away and disables, by forms alone.

use serde_json::json;
use tests::answer::text;
use tests::story::{COUNTY, PASSWORD, PROVINCE};
use tests::{Answer, Browser, Client, Database, Story, on_both};

use super::{OWN, hidden};

on_both! {
    an_administrator_looks_after_accounts_on_pages;
    forms_of_accounts_say_what_is_wrong_and_come_from_our_own_pages_only;
    staff_without_an_organisation_are_the_nations_to_see;
    one_person_with_two_accounts_is_one_person;
}

/// The administrator of the province, signed in with a browser.
async fn administrator(story: &Story) -> Browser {
    let admin = json!({
        "name": "admin-33", "person_name": "虚构管理员", "role": "account_admin", "federation": PROVINCE, "password": PASSWORD,
    });
    let national = story.who("national-1");
    national.post("/api/v1/accounts", &admin).await.good();
    let mut browser = Browser::new(&story.server);
    browser.sign_in("admin-33", PASSWORD).await;
    browser
}

/// Enrols an authenticator.
async fn enrol(story: &Story, name: &str) {
    let begun = story
        .who(name)
        .post("/api/v1/self/second-factor", &json!({}))
        .await
        .good();
    let secret = totp_rs::Secret::try_from_base32(text(&begun["secret"])).expect("Base32");
    let authenticator = totp_rs::Builder::new()
        .with_secret(secret)
        .with_account_name("a")
        .build()
        .expect("a secret");
    let now = story.server.app.now().timestamp();
    let code = authenticator.generate(now.cast_unsigned()).to_string();
    let confirm = "/api/v1/self/second-factor/confirm";
    let body = json!({ "code": code });
    story.who(name).post(confirm, &body).await.good();
}

async fn row(story: &Story, name: &str) -> serde_json::Value {
    let path = format!("/api/v1/accounts?q={name}");
    story.who("national-1").get(&path).await.good()["items"][0].clone()
}

/// Opens the page of an account from the list and sends one of its forms as it stands there.
async fn send(browser: &mut Browser, name: &str, act: &str, fields: &[(&str, &str)]) -> Answer {
    let list = browser.open(&format!("/admin/accounts?q={name}")).await;
    let list = list.text();
    let at = list
        .find("/admin/accounts/0")
        .expect("a link to the account");
    let path = list[at..].split('"').next().expect("a path").to_owned();
    let page = browser.open(&path).await;
    assert_eq!(page.status, 200);
    let page = page.text();
    let mark = format!("value=\"{act}-");
    let at = page.find(&mark).expect("the form of the act") + "value=\"".len();
    let key = page[at..].split('"').next().expect("a key").to_owned();
    let form = hidden(&page, "form");
    let mut all = vec![("form", form.as_str()), ("key", key.as_str()), ("act", act)];
    all.extend_from_slice(fields);
    browser.send(&path, &OWN, &all).await
}

async fn an_administrator_looks_after_accounts_on_pages(database: Database) {
    let story = Story::applied(database).await;
    let mut browser = administrator(&story).await;
    // Somebody is invited, and the page shows the account.
    let form = browser.open("/admin/accounts/invite").await.text();
    let key = hidden(&form, "key");
    let invitation = [
        ("key", key.as_str()),
        ("name", "county-9"),
        ("person_name", "虚构新人"),
        ("role", "county_officer"),
        ("federation", COUNTY),
        ("contact-kind", "phone"),
        ("contact-value", "13900007009"),
    ];
    let invited = browser
        .send("/admin/accounts/invite", &OWN, &invitation)
        .await;
    assert_eq!(invited.status, 303, "{}", invited.text());
    let account = invited.header("location").to_owned();
    let page = browser.open(&account).await.text();
    assert!(
        page.contains("county-9") && page.contains("已邀请"),
        "{page}"
    );
    assert!(!page.contains("13900007009"), "no telephone is shown");
    // Sent twice, it is one invitation.
    let again = browser
        .send("/admin/accounts/invite", &OWN, &invitation)
        .await;
    assert_eq!(again.header("location"), account);
    // Another post, by the code of a federation or the credit code of a school; sessions end.
    let county = Client::of(&story.server, "county-2", PASSWORD);
    county.get("/api/v1/self").await.good();
    let fields = [
        ("role", "reviewer"),
        ("federation", PROVINCE),
        ("institution", ""),
    ];
    let moved = send(&mut browser, "county-2", "post", &fields).await;
    assert_eq!(moved.status, 303, "{}", moved.text());
    let now = row(&story, "county-2").await;
    assert_eq!(
        (&now["posts"][0]["role"], &now["posts"][0]["federation"]),
        (&json!("reviewer"), &json!(PROVINCE))
    );
    county
        .get("/api/v1/self")
        .await
        .problem(401, "unauthenticated");
    let code = tests::story::CREDIT_CODE;
    let fields = [
        ("role", "institution_manager"),
        ("federation", ""),
        ("institution", code),
    ];
    let moved = send(&mut browser, "school-2", "post", &fields).await;
    assert_eq!(moved.status, 303, "{}", moved.text());
    let now = row(&story, "school-2").await;
    assert_eq!(
        (&now["posts"][0]["role"], &now["posts"][0]["institution"]),
        (&json!("institution_manager"), &json!(story.institution))
    );
    // A lost device.
    enrol(&story, "county-1").await;
    assert_eq!(row(&story, "county-1").await["second_factor"], true);
    let refused = send(&mut browser, "county-1", "remove-second-factor", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.text().contains("请先勾选确认"),
        "{}",
        refused.text()
    );
    let sure = [("sure-remove-second-factor", "yes")];
    let removed = send(&mut browser, "county-1", "remove-second-factor", &sure).await;
    assert_eq!(removed.status, 303, "{}", removed.text());
    assert_eq!(row(&story, "county-1").await["second_factor"], false);
    // Somebody leaves.
    let refused = send(&mut browser, "county-1", "disable", &[]).await;
    assert_eq!(
        (
            refused.status.as_u16(),
            row(&story, "county-1").await["state"].clone()
        ),
        (422, json!("active"))
    );
    let given = json!({ "name": "county-1", "password": PASSWORD });
    let anybody = story.who("anybody");
    let held = anybody.post("/api/v1/sessions", &given).await.good();
    let old = Client::bearing(&story.server, text(&held["access_token"]));
    old.get("/api/v1/self").await.good();
    let gone = send(
        &mut browser,
        "county-1",
        "disable",
        &[("sure-disable", "yes")],
    )
    .await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    assert_eq!(row(&story, "county-1").await["state"], "disabled");
    let page = browser.open(gone.header("location")).await.text();
    assert!(
        page.contains("停用") && !page.contains("value=\"disable\""),
        "{page}"
    );
    let mut other = Browser::new(&story.server);
    assert_eq!(other.sign_in("county-1", PASSWORD).await.status, 422);
    // Enabled again with a reason that its record keeps: the old sign-in stays ended, the password opens a new one.
    let enable = send(&mut browser, "county-1", "enable", &[("reason", "")]).await;
    assert!(enable.status == 422 && enable.text().contains("id=\"reason-why\""));
    let words = format!("{} 返岗", tests::rosters::citizen_id(1));
    let number = [("reason", words.as_str())];
    let enable = send(&mut browser, "county-1", "enable", &number).await;
    assert_eq!(enable.status, 422, "no numbers of persons in a reason");
    let enable = send(&mut browser, "county-1", "enable", &[("reason", "返岗")]).await;
    assert_eq!(enable.status, 303, "{}", enable.text());
    let account = row(&story, "county-1").await;
    assert_eq!(account["state"], "active");
    let account = text(&account["account"]);
    let tx = story.server.app.store.reader();
    let id: uuid::Uuid = account.parse().expect("an id");
    let acts = store::journal::timeline(tx, id).await.expect("a timeline");
    let told: Vec<(&str, Option<&str>)> = acts
        .iter()
        .map(|one| (one.act.as_str(), one.reason.as_deref()))
        .collect();
    assert_eq!(told, [("disable", None), ("enable", Some("返岗"))]);
    old.get("/api/v1/self")
        .await
        .problem(401, "unauthenticated");
    let mut again = Browser::new(&story.server);
    assert_eq!(again.sign_in("county-1", PASSWORD).await.status, 303);
    let path = format!("/api/v1/accounts/{account}/enable");
    let reason = json!({ "reason": "返岗" });
    let national = story.who("national-1");
    let twice = national.post(&path, &reason).await;
    twice.problem(409, "transition-refused");
    for (who, status) in [("province-1", 403), ("county-2", 403), ("anybody", 401)] {
        let refused = story.who(who).post(&path, &reason).await;
        assert_eq!(refused.status.as_u16(), status, "{who}");
    }
}

async fn forms_of_accounts_say_what_is_wrong_and_come_from_our_own_pages_only(database: Database) {
    let story = Story::applied(database).await;
    let mut browser = administrator(&story).await;
    let account = text(&row(&story, "county-1").await["account"]);
    let page = format!("/admin/accounts/{account}");
    let disable = [("key", "k1"), ("act", "disable"), ("sure-disable", "yes")];
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    assert_eq!(browser.send(&page, &foreign, &disable).await.status, 403);
    // Neither header nor token.
    assert_eq!(browser.send(&page, &[], &disable).await.status, 403);
    let form = [("key", "k2"), ("name", "new-1"), ("contact-kind", "email")];
    assert_eq!(
        browser
            .send("/admin/accounts/invite", &foreign, &form)
            .await
            .status,
        403
    );
    assert_eq!(row(&story, "county-1").await["state"], "active");
    // What is wrong stands beside the field, and what was typed stays.
    for (fields, id, word) in [
        (
            [("role", ""), ("federation", COUNTY), ("institution", "")],
            "role",
            "请选择岗位",
        ),
        (
            [
                ("role", "county_officer"),
                ("federation", ""),
                ("institution", ""),
            ],
            "federation",
            "残联代码",
        ),
        (
            [
                ("role", "county_officer"),
                ("federation", PROVINCE),
                ("institution", ""),
            ],
            "federation",
            "层级不符",
        ),
        (
            [
                ("role", "province_officer"),
                ("federation", "440000"),
                ("institution", ""),
            ],
            "federation",
            "本级和下级",
        ),
        (
            [
                ("role", "institution_operator"),
                ("federation", ""),
                ("institution", "<b>"),
            ],
            "institution",
            "信用代码",
        ),
    ] {
        let answer = send(&mut browser, "county-1", "post", &fields).await;
        let said = answer.text();
        assert_eq!(answer.status, 422, "{fields:?}: {said}");
        let why = format!("id=\"{id}-why\">");
        let at = said.find(&why).unwrap_or_else(|| panic!("{id}: {said}"));
        let words = said[at..].split("</p>").next().expect("a sentence");
        assert!(words.contains(word), "{words}");
        assert!(said.contains(&format!("<a href=\"#{id}\">")) && !said.contains("<b>"));
        if !fields[1].1.is_empty() {
            assert!(
                said.contains(&format!("value=\"{}\"", fields[1].1)),
                "{said}"
            );
        }
    }
    let form = |name: &'static str, person: &'static str, value: &'static str| {
        [
            ("key", "k7"),
            ("name", name),
            ("person_name", person),
            ("role", "county_officer"),
            ("federation", COUNTY),
            ("contact-kind", "email"),
            ("contact-value", value),
        ]
    };
    for (fields, id) in [
        (form("A B", "虚构新人", "a@example.org"), "name"),
        (form("county-1", "虚构新人", "a@example.org"), "name"),
        (form("county-8", "１", "a@example.org"), "person_name"),
        (form("county-8", "虚构新人", "nowhere"), "contact-value"),
    ] {
        let answer = browser.send("/admin/accounts/invite", &OWN, &fields).await;
        let said = answer.text();
        assert_eq!(answer.status, 422, "{fields:?}: {said}");
        assert!(
            said.contains(&format!("id=\"{id}-why\">")),
            "{fields:?}: {said}"
        );
    }
    // One's own account, accounts elsewhere, and whoever is no administrator.
    let own = text(&row(&story, "admin-33").await["account"]);
    let page = browser.open(&format!("/admin/accounts/{own}")).await.text();
    assert!(
        page.contains("另一名账号管理员") && !page.contains("name=\"act\""),
        "{page}"
    );
    let elsewhere = text(&row(&story, "other-province").await["account"]);
    let path = format!("/admin/accounts/{elsewhere}");
    assert_eq!(browser.open(&path).await.status, 404);
    assert_eq!(browser.send(&path, &OWN, &disable).await.status, 404);
    let mut officer = Browser::new(&story.server);
    officer.sign_in("county-2", PASSWORD).await;
    let path = format!("/admin/accounts/{account}");
    for path in [path.as_str(), "/admin/accounts/invite"] {
        assert_eq!(officer.open(path).await.status, 403, "{path}");
    }
    assert_eq!(officer.send(&path, &OWN, &disable).await.status, 403);
}

/// An assessor works in the whole country and belongs to no county (trust.md AZ-2).
async fn staff_without_an_organisation_are_the_nations_to_see(database: Database) {
    let story = Story::applied(database).await;
    let mut browser = administrator(&story).await;
    let assessor = json!({ "name": "assessor-1", "person_name": "虚构评估员", "role": "assessor", "password": PASSWORD });
    let national = story.who("national-1");
    national.post("/api/v1/accounts", &assessor).await.good();
    let account = text(&row(&story, "assessor-1").await["account"]);
    let province = Client::of(&story.server, "admin-33", PASSWORD);
    let listed = province.get("/api/v1/accounts?limit=100").await.good();
    let names: Vec<&str> = listed["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert!(names.contains(&"county-1"), "{names:?}");
    assert!(
        !names.contains(&"assessor-1") && !names.contains(&"other-school"),
        "{names:?}"
    );
    let page = browser.open(&format!("/admin/accounts/{account}")).await;
    assert_eq!(page.status, 404);
    let page = browser.open("/admin/accounts?q=assessor-1").await.text();
    assert!(!page.contains("虚构评估员"), "{page}");
    // Whoever invites one is led back to the list.
    let form = browser.open("/admin/accounts/invite").await.text();
    let key = hidden(&form, "key");
    let invitation = [
        ("key", key.as_str()),
        ("name", "operator-9"),
        ("person_name", "虚构新人"),
        ("role", "institution_operator"),
        ("contact-kind", "phone"),
        ("contact-value", "13900007019"),
    ];
    let invited = browser
        .send("/admin/accounts/invite", &OWN, &invitation)
        .await;
    assert_eq!(invited.status, 303, "{}", invited.text());
    assert_eq!(invited.header("location"), "/admin/accounts");
}

/// Two persons are two human beings, not two accounts (trust.md AZ-6, field.md 4).
async fn one_person_with_two_accounts_is_one_person(database: Database) {
    let story = Story::applied(database).await;
    let national = story.who("national-1");
    let make = async |change: &[(&str, serde_json::Value)]| {
        let mut request = json!({
            "name": "province-1b", "person_name": "虚构人员", "role": "province_officer", "federation": PROVINCE,
            "same_person_as": "province-1", "password": PASSWORD,
        });
        for (field, value) in change {
            request[*field] = value.clone();
        }
        national.post("/api/v1/accounts", &request).await
    };
    for (change, pointer, code) in [
        (
            vec![("same_person_as", json!("nobody-1"))],
            "/same_person_as",
            "unknown-account",
        ),
        (
            vec![("same_person_as", json!("county-1"))],
            "/same_person_as",
            "other-organisation",
        ),
        (
            vec![("person_name", json!("虚构另一人"))],
            "/person_name",
            "other-name",
        ),
        (
            vec![("role", json!("account_admin"))],
            "/role",
            "separate-duties",
        ),
    ] {
        let refused = make(&change).await;
        let told = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(refused.faults(), told, "{change:?}");
    }
    make(&[]).await.good();
    let twin = Client::of(&story.server, "province-1b", PASSWORD);
    // One proposes, and the same person by another account is no second one.
    let at = format!("/api/v1/institutions/{}", story.admission);
    let take = async |who: &Client, transition: &str| {
        who.act(&at, "transitions", &json!({ "transition": transition }))
            .await
    };
    take(story.who("county-1"), "T04").await.good();
    let proposed = take(story.who("province-1"), "T06").await.good();
    let approve = format!(
        "/api/v1/proposals/{}/approve",
        text(&proposed["proposal_id"])
    );
    twin.post(&approve, &json!({}))
        .await
        .problem(409, "second-person-required");
    let second = story.who("province-2");
    second.post(&approve, &json!({})).await.good();
    // Another post ends the sessions of both accounts.
    let account = text(&row(&story, "province-1").await["account"]);
    let post = json!({ "role": "reviewer", "federation": PROVINCE });
    let path = format!("/api/v1/accounts/{account}/post");
    national.post(&path, &post).await.good();
    twin.get("/api/v1/self")
        .await
        .problem(401, "unauthenticated");
    // Whoever is invited again under the same name and address is told so.
    let invite = async |name: &str, value: &str, same: Option<&str>| {
        let request = json!({
            "name": name, "person_name": "虚构同名人", "role": "county_officer", "federation": COUNTY,
            "same_person_as": same, "contact": { "kind": "phone", "value": value },
        });
        national.post("/api/v1/invitations", &request).await
    };
    invite("twice-1", "13900007029", None).await.good();
    let again = invite("twice-2", "139 0000 7029", None).await;
    let told = [("/same_person_as".to_owned(), "same-person".to_owned())];
    assert_eq!(again.faults(), told);
    invite("twice-2", "13900007029", Some("twice-1"))
        .await
        .good();
    // Somebody else of the same name is reached elsewhere.
    invite("other-1", "13900007028", None).await.good();
}
