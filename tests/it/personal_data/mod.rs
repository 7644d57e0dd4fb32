//! Personal data: reading with a purpose, who sees it, consents, requests of persons, erasure, retention, key rotation.

mod checks;
mod erasure;
mod keys;
mod reads;
mod rights;
mod sealed;

use api::privacy::requests;
use api::privacy::requests::NewPersonRequest;
use domain::ids::{EnrolmentId, PersonId};
use domain::privacy::RequestKind;
use serde_json::{Value, json};
use store::dump::Cell;
use tests::answer::text;
use tests::{Answer, Story, people};

pub(crate) use sealed::picture;

async fn unmask(
    story: &Story,
    who: &str,
    id: EnrolmentId,
    purpose: &str,
    fields: &Value,
) -> Answer {
    let request = json!({ "purpose": purpose, "words": "核对名单", "fields": fields });
    story
        .who(who)
        .post(&format!("/api/v1/enrolments/{id}/unmask"), &request)
        .await
}

async fn dump(story: &Story) -> Vec<Cell> {
    let reader = story.server.app.store.reader();
    store::dump::dump(reader).await.expect("a dump")
}

fn column(cells: &[Cell], table: &str, column: &str) -> Vec<Vec<u8>> {
    cells
        .iter()
        .filter(|cell| cell.table == table && cell.column == column)
        .map(|cell| cell.bytes.clone())
        .collect()
}

fn texts(cells: &[Cell], table: &str, name: &str) -> Vec<String> {
    column(cells, table, name)
        .into_iter()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn key() -> api::extract::IdempotencyKey {
    tests::client::fresh_key().parse().expect("a key")
}

async fn name_of(story: &Story, person: PersonId) -> String {
    let app = &story.server.app;
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let open = store::persons::open(reader, vault, &[person], app.today()).await;
    open.expect("opens")[&person].name.to_string()
}

fn correction(name: &str) -> NewPersonRequest {
    NewPersonRequest {
        kind: RequestKind::Correction,
        words: None,
        name: Some(name.to_owned()),
        proof: Some("户口簿更正页".to_owned()),
        channel: None,
    }
}

fn ask_for(kind: RequestKind) -> NewPersonRequest {
    NewPersonRequest {
        kind,
        words: Some("请办理".to_owned()),
        name: None,
        proof: None,
        channel: None,
    }
}

async fn ask(story: &Story, person: PersonId, request: &NewPersonRequest) -> Value {
    requests::ask(&story.server.app, &people::actor(person), &key(), request)
        .await
        .expect("asked")
        .value()
}

async fn decide(story: &Story, who: &str, asked: &Value, request: &Value) -> Answer {
    let path = format!("/api/v1/person-requests/{}/decide", text(&asked["request"]));
    story
        .who(who)
        .post_seen(&path, &asked["revision"], request)
        .await
}

fn grant() -> Value {
    json!({ "grant": true, "reason": "材料齐全" })
}
