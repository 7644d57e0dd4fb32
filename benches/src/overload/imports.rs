//! Verification while imports saturate their pool (trust.md OV-1): rosters of thousands of rows come without a pause from
//! more senders than may run and wait, while as many scans are asked as are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Asker, Error, Tally, steady};

/// Senders at once: 2 may run and 16 wait.
const SENDERS: u32 = 24;
/// Rows of a roster.
const ROWS: u32 = 5_000;

/// What became of the rosters.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) checked: AtomicU64,
    pub(crate) away: AtomicU64,
    pub(crate) other: AtomicU64,
}

/// Scans while rosters are checked; `line` is what the demo printed.
pub(crate) async fn beside(
    asker: &Arc<Asker>,
    line: &Value,
    span: Duration,
) -> Result<(Tally, Arc<Sent>), Error> {
    let address = line["address"].as_str().ok_or("no address")?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let (token, cohort) = class(&http, address, line).await?;
    let url = format!("{address}/api/v1/cohorts/{cohort}/rosters?import=none");
    let sent = Arc::new(Sent::default());
    let end = Instant::now() + span;
    let mut senders = Vec::new();
    for sender in 0..SENDERS {
        let (http, url, token, sent) =
            (http.clone(), url.clone(), token.clone(), Arc::clone(&sent));
        let roster = tests::rosters::csv(sender * ROWS, ROWS);
        senders.push(tokio::spawn(async move {
            let mut number = 0_u32;
            while Instant::now() < end {
                number += 1;
                let upload = http
                    .post(&url)
                    .bearer_auth(&token)
                    .header("Idempotency-Key", format!("roster-{sender}-{number}"))
                    .header("X-File-Name", "roster.csv")
                    .header("content-type", "application/octet-stream")
                    .body(roster.clone());
                let counter = match upload.send().await {
                    Ok(answer) if answer.status() == 201 => &sent.checked,
                    Ok(answer) if answer.status() == 503 => &sent.away,
                    _ => &sent.other,
                };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    // Until the pool is full.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tally = steady(asker, span.saturating_sub(Duration::from_secs(1))).await;
    for sender in senders {
        sender.await?;
    }
    Ok((tally, sent))
}

/// A class of the demo that takes trainees, and a token of somebody who may send its roster.
async fn class(
    http: &reqwest::Client,
    address: &str,
    line: &Value,
) -> Result<(String, String), Error> {
    let accounts = line["accounts"].as_array().ok_or("no accounts")?;
    for account in accounts {
        if account["role"] != "institution_operator" {
            continue;
        }
        let proof = json!({"name": account["name"], "password": account["password"]});
        let session: Value = http
            .post(format!("{address}/api/v1/sessions"))
            .json(&proof)
            .send()
            .await?
            .json()
            .await?;
        let token = session["access_token"].as_str().ok_or("no token")?;
        let classes: Value = http
            .get(format!("{address}/api/v1/cohorts?state=enrolling"))
            .bearer_auth(token)
            .send()
            .await?
            .json()
            .await?;
        if let Some(id) = classes["items"][0]["id"].as_str() {
            return Ok((token.to_owned(), id.to_owned()));
        }
    }
    Err("no class of the demo takes trainees".into())
}
