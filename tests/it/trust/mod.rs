//! Keys with states, the signed trust list, compromise at a moment, rotation under load (trust.md KY-2 to KY-6).

mod commands;
mod compromise;
mod exchanged;
mod many;
mod own_keys;
mod pair;
mod rotation;
mod states;
mod takeovers;
mod witnessed;

use certs::trust_list::{Roots, SignedTrustList};
use serde_json::Value;
use tests::Story;
use tests::answer::text;

/// The trust list as anybody gets it, opened with the line of the root key.
async fn trust_list(story: &Story) -> SignedTrustList {
    let anybody = story.who("anybody");
    let root = anybody.get("/api/v1/trust-list/root").await.text();
    let roots = Roots::parse(&root).expect("the line of a root key");
    let answer = anybody.get("/api/v1/trust-list").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    SignedTrustList::open(&answer.bytes, &roots).expect("a signed list")
}

/// State of a key on the list.
fn state(list: &SignedTrustList, kid: &str) -> &'static str {
    let kid = kid.parse().expect("a kid");
    list.list()
        .keys
        .get(&kid)
        .map_or("absent", |key| key.state.as_str())
}

/// Verdict, and the reason of one check, as anybody is told by id.
pub(crate) async fn verdict(story: &Story, id: &str, check: &str) -> (String, String) {
    let path = format!("/api/v1/verifications/{id}");
    let verdict = story.who("anybody").get(&path).await.good();
    (text(&verdict["state"]), reason(&verdict, check))
}

fn reason(verdict: &Value, name: &str) -> String {
    let checks = verdict["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == name);
    text(&check.expect("the check")["reason"])
}

/// Public ids of an issued batch.
fn ids(issued: &Value) -> Vec<String> {
    let certificates = issued["certificates"].as_array().expect("certificates");
    certificates.iter().map(|one| text(&one["id"])).collect()
}
