//! A trainee asks for a sign-in code by telephone; a real gateway on a real socket delivers it (trust.md AU-2, AU-6).

use std::sync::Arc;

use api::config::{DeliverySecret, DeliveryTarget};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use store::ConnectionTrait as _;
use tests::answer::text;
use tests::people::{self, Trainee};
use tests::{Answer, Browser, Database, Story, TestServer, on_both};
use tokio::sync::Mutex;

use super::OWN;

on_both! {
    who_asks_hears_the_same_and_the_code_goes_to_the_number_told_to_the_county;
    a_telephone_of_a_roster_gets_no_code;
    a_code_opens_once_in_time_with_its_ticket_within_five_tries;
    a_trainee_signs_in_on_pages_and_the_ticket_stays_out_of_the_address;
    a_number_that_was_deleted_finds_nobody_and_a_new_index_key_finds_everybody;
}

const SECRET: &str = "4c0f2a9d7be13856a9c2e0d4f7185b63";
const ASK: &str = "/api/v1/sessions/code-requests";
const ENTER: &str = "/api/v1/sessions/code";

/// The gateway of an office: what it was shown and sent, and how it answers.
#[derive(Clone)]
struct Gateway {
    sent: Arc<Mutex<Vec<(String, Value)>>>,
    answers: Arc<Mutex<StatusCode>>,
    address: String,
}

impl Gateway {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = format!("http://{}/send", listener.local_addr().expect("an address"));
        let gateway = Self {
            sent: Arc::default(),
            answers: Arc::new(Mutex::new(StatusCode::OK)),
            address,
        };
        let router = axum::Router::new()
            .route("/send", post(Self::take))
            .with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    async fn take(State(gateway): State<Self>, headers: HeaderMap, body: String) -> StatusCode {
        let shown = headers
            .get("authorization")
            .map_or("", |value| value.to_str().expect("text"))
            .to_owned();
        let message = serde_json::from_str(&body).expect("JSON");
        gateway.sent.lock().await.push((shown, message));
        *gateway.answers.lock().await
    }

    async fn messages(&self, server: &TestServer) -> Vec<(String, Value)> {
        server.app.courier.drained().await;
        self.sent.lock().await.clone()
    }

    /// The code that was sent last.
    async fn code(&self, server: &TestServer) -> String {
        let messages = self.messages(server).await;
        let words = text(&messages.last().expect("a message").1["text"]);
        let digits: Vec<&str> = words
            .split(|one: char| !one.is_ascii_digit())
            .filter(|part| part.len() == 8)
            .collect();
        digits[0].to_owned()
    }
}

/// The same, and each of them has told the county the number that stands in the roster.
async fn story(database: Database) -> (Story, Gateway, Vec<Trainee>, String) {
    let (story, gateway, people, cohort) = untold(database).await;
    let members = people::of_class(&story, &cohort).await;
    story.told(&people, &members).await;
    (story, gateway, people, cohort)
}

/// A class with known people, and a registry that sends by a gateway.
async fn untold(database: Database) -> (Story, Gateway, Vec<Trainee>, String) {
    let gateway = Gateway::open().await;
    let address = gateway.address.clone();
    let server = TestServer::start_with(database, |settings| {
        settings.config.delivery = DeliveryTarget::Http(address);
        settings.config.delivery_secret = Some(DeliverySecret::new(SECRET.to_owned().into()));
    })
    .await;
    let story = Story::ready_on(server).await;
    let people = people::known();
    let (cohort, _) = story.class_of(&people).await;
    (story, gateway, people, cohort)
}

async fn ask(story: &Story, phone: &str, name: &str) -> Answer {
    let anybody = story.who("anybody");
    anybody
        .post(ASK, &json!({ "phone": phone, "name": name }))
        .await
}

async fn enter(story: &Story, ticket: &str, code: &str) -> Answer {
    let body = json!({ "ticket": ticket, "code": code });
    story.who("anybody").post(ENTER, &body).await
}

async fn who_asks_hears_the_same_and_the_code_goes_to_the_number_told_to_the_county(
    database: Database,
) {
    let (story, gateway, people, _) = story(database).await;
    let one = &people[0];
    let mut shapes = Vec::new();
    for (phone, name) in [
        ("13800138000", "查无此人"),
        (one.phone, people[1].name),
        ("13800138000", one.name),
        (one.phone, one.name),
    ] {
        let answer = ask(&story, phone, name).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let body = answer.json();
        let fields: Vec<String> = body.as_object().expect("fields").keys().cloned().collect();
        let until = text(&body["valid_until"]);
        let length = text(&body["ticket"]).len();
        shapes.push((answer.status, fields, until, length));
    }
    assert_eq!(shapes[0].0, 202);
    shapes.dedup();
    assert_eq!(shapes.len(), 1, "everybody hears the same: {shapes:?}");
    // Of four who asked one got a message, at the number told to the county.
    let messages = gateway.messages(&story.server).await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let (shown, message) = &messages[0];
    assert_eq!(*shown, format!("Bearer {SECRET}"));
    assert_eq!(
        (&message["by"], &message["to"]),
        (&json!("phone"), &json!(one.phone))
    );
    let words = text(&message["text"]);
    assert!(
        !words.contains("残疾") && !words.contains(one.name),
        "{words}"
    );
    // What cannot be a number or a name is said to whoever typed it.
    let wrong = ask(&story, "12345", "").await;
    let pointers: Vec<String> = wrong.faults().into_iter().map(|(at, _)| at).collect();
    assert_eq!(pointers, ["/phone", "/name"]);
    // A gateway that fails changes nothing for whoever asks.
    *gateway.answers.lock().await = StatusCode::BAD_GATEWAY;
    assert_eq!(
        ask(&story, people[1].phone, people[1].name).await.status,
        202
    );
    // Five codes an hour, and whoever goes on asking waits.
    *gateway.answers.lock().await = StatusCode::OK;
    gateway.messages(&story.server).await;
    gateway.sent.lock().await.clear();
    for _ in 0..4 {
        assert_eq!(ask(&story, one.phone, one.name).await.status, 202);
    }
    let seconds = ask(&story, one.phone, one.name).await;
    seconds.problem(429, "too-many-requests");
    assert!(!seconds.header("retry-after").is_empty());
    for _ in 0..3 {
        story.server.clock.advance_seconds(60);
        ask(&story, one.phone, one.name).await;
    }
    assert_eq!(
        gateway.messages(&story.server).await.len(),
        4,
        "five with the first"
    );
    // Nothing that opens, and no number, stands in the database.
    let reader = story.server.app.store.reader();
    let cells = store::dump::dump(reader).await.expect("a dump");
    let code = gateway.code(&story.server).await;
    for secret in [code.as_str(), one.phone, SECRET] {
        for cell in &cells {
            let found = cell
                .bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{}.{}", cell.table, cell.column);
        }
    }
}

/// The institution writes the roster: with its own mobile in it, it would sign in as anybody (trust.md PI-4).
async fn a_telephone_of_a_roster_gets_no_code(database: Database) {
    let (story, gateway, people, cohort) = untold(database).await;
    let (one, members) = (&people[0], people::of_class(&story, &cohort).await);
    assert_eq!(ask(&story, one.phone, one.name).await.status, 202);
    let sent = gateway.messages(&story.server).await;
    assert!(sent.is_empty(), "{sent:?}");
    // The person's own number gets it, whatever the roster says; and a roster that comes later changes nothing.
    let own = Trainee {
        phone: "13900007009",
        ..one.clone()
    };
    story.told(std::slice::from_ref(&own), &members[..1]).await;
    story.import(&cohort, people::roster(&people)).await;
    for phone in [one.phone, own.phone] {
        assert_eq!(ask(&story, phone, one.name).await.status, 202);
    }
    let sent = gateway.messages(&story.server).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0].1["to"], own.phone);
    // A number that was recorded before numbers were indexed is found after the worker's next round.
    let app = &story.server.app;
    app.store
        .reader()
        .execute_unprepared("UPDATE verified_contact SET blind_index = NULL, blind_version = 0")
        .await
        .expect("as before");
    ask(&story, own.phone, one.name).await;
    assert_eq!(gateway.messages(&story.server).await.len(), 1);
    api::access::sweep::sweep(app).await.expect("a round");
    ask(&story, own.phone, one.name).await;
    assert_eq!(gateway.messages(&story.server).await.len(), 2);
}

async fn a_code_opens_once_in_time_with_its_ticket_within_five_tries(database: Database) {
    let (story, gateway, people, _) = story(database).await;
    let ticket =
        async |one: &Trainee| text(&ask(&story, one.phone, one.name).await.json()["ticket"]);
    let first = ticket(&people[0]).await;
    let code = gateway.code(&story.server).await;
    let other = ticket(&people[1]).await;
    // A code is made after the answer: its ticket is known now.
    gateway.messages(&story.server).await;
    // Neither without its ticket nor with another's.
    enter(&story, &other, &code)
        .await
        .problem(410, "code-spent");
    let bare = story
        .who("anybody")
        .post(ENTER, &json!({ "code": code }))
        .await;
    bare.problem(410, "code-spent");
    let signed = enter(&story, &first, &format!("{} {}", &code[..4], &code[4..]))
        .await
        .good();
    assert_eq!(signed["me"]["role"], "trainee");
    enter(&story, &first, &code)
        .await
        .problem(410, "code-spent");
    // Five wrong tries end it.
    let ticket_two = ticket(&people[2]).await;
    let code = gateway.code(&story.server).await;
    let wrong = if code == "00000000" {
        "00000001"
    } else {
        "00000000"
    };
    for _ in 0..5 {
        enter(&story, &ticket_two, wrong)
            .await
            .problem(410, "code-spent");
    }
    enter(&story, &ticket_two, &code)
        .await
        .problem(410, "code-spent");
    // Another code does not end the first: a stranger who asks must not lock the person out.
    let early = ticket(&people[2]).await;
    let early_code = gateway.code(&story.server).await;
    ticket(&people[2]).await;
    gateway.messages(&story.server).await;
    enter(&story, &early, &early_code).await.good();
    // In ten minutes it is over.
    let late = ticket(&people[0]).await;
    let code = gateway.code(&story.server).await;
    story.server.clock.advance_seconds(600);
    enter(&story, &late, &code).await.problem(410, "code-spent");
    // The account is the same as with a printed code, and stays the same.
    let again = ticket(&people[0]).await;
    let code = gateway.code(&story.server).await;
    let second = enter(&story, &again, &code).await.good();
    assert_eq!(second["me"]["account"], signed["me"]["account"]);
    // Every try that was refused stands in the audit, with the account whose ticket it was; not while somebody waits.
    story.server.clock.advance_seconds(61);
    api::audit::denials::flush(&story.server.app).await;
    let rows = store::audit::rows(story.server.app.store.reader(), 1, 100_000).await;
    let rows = rows.expect("rows");
    let refused = |known: bool| -> i64 {
        rows.iter()
            .filter(|row| row.act == "sign_in" && row.outcome == "code-spent")
            .filter(|row| row.account.is_some() == known)
            .map(|row| row.times)
            .sum()
    };
    assert_eq!((refused(true), refused(false)), (9, 1), "{rows:?}");
}

async fn a_trainee_signs_in_on_pages_and_the_ticket_stays_out_of_the_address(database: Database) {
    let (story, gateway, people, _) = story(database).await;
    let one = &people[0];
    for prefix in ["", "/en"] {
        let mut browser = Browser::new(&story.server);
        let path = format!("{prefix}/sign-in/code/ask");
        let page = browser.open(&path).await;
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("<script"));
        let wrong = browser
            .send(&path, &OWN, &[("phone", "123"), ("name", one.name)])
            .await;
        assert_eq!(wrong.status, 422);
        let html = wrong.text();
        assert!(
            html.contains("href=\"#phone\"") && html.contains("id=\"phone-why\""),
            "{html}"
        );
        assert!(html.contains(one.name), "what was typed is still there");
        let sent = browser
            .send(&path, &OWN, &[("phone", one.phone), ("name", one.name)])
            .await;
        assert_eq!(
            (sent.status.as_u16(), sent.header("location")),
            (303, format!("{prefix}/sign-in/code").as_str())
        );
        let code = gateway.code(&story.server).await;
        let entered = browser
            .send(&format!("{prefix}/sign-in/code"), &OWN, &[("code", &code)])
            .await;
        let own_page = format!("{prefix}/me");
        assert_eq!(entered.header("location"), own_page, "{}", entered.text());
        assert!(
            !browser
                .cookies
                .iter()
                .any(|(name, _)| name == "__Host-ticket")
        );
        let own = browser.open(&format!("{prefix}/me")).await;
        assert!(own.text().contains(one.name));
        // Another site cannot ask in the name of a browser.
        let foreign = [("Sec-Fetch-Site", "cross-site")];
        let fields = [("phone", one.phone), ("name", one.name)];
        let refused = browser.send(&path, &foreign, &fields).await;
        assert_eq!(refused.status, 403);
    }
}

async fn a_number_that_was_deleted_finds_nobody_and_a_new_index_key_finds_everybody(
    database: Database,
) {
    let (story, gateway, people, cohort) = story(database).await;
    let app = &story.server.app;
    let pace = api::privacy::rotation::Pace::default();
    let rotated = api::privacy::rotation::rotate(app, store::vault::KeyKind::BlindIndex, pace);
    assert!(rotated.await.expect("a new key").finished);
    let cells = store::dump::dump(app.store.reader()).await.expect("a dump");
    let versions: Vec<&[u8]> = cells
        .iter()
        .filter(|cell| cell.table == "verified_contact" && cell.column == "blind_version")
        .map(|cell| cell.bytes.as_slice())
        .collect();
    assert_eq!(versions, [b"2"; 3], "every number is under the new key");
    ask(&story, people[0].phone, people[0].name).await;
    assert_eq!(gateway.messages(&story.server).await.len(), 1);
    let members = people::of_class(&story, &cohort).await;
    let tx = app.store.write().await.expect("a transaction");
    store::privacy::erasure::forget_contact(&tx, members[0].1)
        .await
        .expect("forgotten");
    store::commit(tx).await.expect("committed");
    ask(&story, people[0].phone, people[0].name).await;
    assert_eq!(
        gateway.messages(&story.server).await.len(),
        1,
        "nobody has this number now"
    );
}
