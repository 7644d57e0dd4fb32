//! The registry's own keys: root, log, status. The first of each becomes known at the start; a successor is made like an issuer
//! key, by two persons, and each change is a row, a leaf of the log and a version of the trust list.
//!
//! | purpose | who signs | what its successor means |
//! | --- | --- | --- |
//! | root | the oldest active one: who trusts it learns the newer one from its lists, until it is retired | two root lines for a while |
//! | status | the newest active one | lists and bundles are made anew |
//! | log | the one that the log's head names | a successor log, which begins with the old one's leaves (trust.md KY-2) |

use std::sync::Arc;

use axum::http::StatusCode;
use certs::keys::{KeyId, KeyState, PublicKey, Signer};
use certs::log::{LeafEntry, Origin};
use chrono::{DateTime, Duration, Utc};
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use store::certificates::KeyRow;
use store::{ConnectionTrait, PublicRead};
use utoipa::ToSchema;

use super::list;
use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::certificates::keys;
use crate::extract::IdempotencyKey;
use crate::keyring::LogKey;
use crate::problem::{Code, Problem};

/// They are changed when there is a reason to, not by the calendar: the log key lives as long as the log.
const DAYS: &[(&str, i64)] = &[("root", 7305), ("log", 18_263), ("status", 3652)];

/// Makes known what is not: the root key, the log key, and the key of status lists, which is one of its own so that a stolen
/// one signs no certificate. Answers the leaves that the caller logs.
pub(crate) async fn register(
    tx: &store::WriteTx,
    app: &App,
    at: DateTime<Utc>,
) -> Result<Vec<LeafEntry>, Problem> {
    let mut leaves = Vec::new();
    for (purpose, days) in DAYS {
        let key_id: KeyId = purpose.parse().map_err(Problem::internal)?;
        let known = store::certificates::key(tx, key_id.as_str()).await?;
        if known.as_ref().is_some_and(|row| row.state != "active") {
            // It has a successor; its file may have been put away.
            continue;
        }
        let signer = app.keyring.issuer(&key_id).map_err(Problem::internal)?;
        let public_key = signer.public_key().clone();
        if let Some(row) = known {
            if row.public_key == public_key.as_bytes() && row.purpose == *purpose {
                continue;
            }
            return Err(Problem::internal(format!(
                "the key file {key_id}.pem is not the key of the table"
            )));
        }
        let row = row(&key_id, purpose, &public_key, *days, KeyState::Active, at);
        store::certificates::insert_key(tx, &row, at).await?;
        leaves.push(LeafEntry::KeyState {
            at,
            key_id,
            public_key,
            state: KeyState::Active,
        });
    }
    Ok(leaves)
}

fn row(
    kid: &KeyId,
    purpose: &str,
    public_key: &PublicKey,
    days: i64,
    state: KeyState,
    at: DateTime<Utc>,
) -> KeyRow {
    KeyRow {
        kid: kid.as_str().to_owned(),
        purpose: purpose.to_owned(),
        federation: Some(store::scope::NATIONAL.to_owned()),
        algorithm: public_key.algorithm().as_str().to_owned(),
        public_key: public_key.as_bytes().to_vec(),
        state: state.as_str().to_owned(),
        not_before: at - Duration::days(1),
        not_after: at + Duration::days(days),
        compromised_at: None,
        origin: None,
    }
}

/// Whether a key of this purpose is one of the registry itself.
pub(crate) fn is_own(purpose: &str) -> bool {
    DAYS.iter().any(|(own, _)| *own == purpose)
}

/// Name of the log of a log key.
pub(crate) fn origin_of(app: &App, row: &KeyRow) -> Result<Origin, Problem> {
    match &row.origin {
        Some(origin) => origin.parse().map_err(Problem::internal),
        None => Ok(app.keyring.first_origin().clone()),
    }
}

/// The log key of this name, from now on the one that this process signs with.
pub(crate) async fn log_key(
    app: &App,
    db: &impl ConnectionTrait,
    kid: &str,
) -> Result<LogKey, Problem> {
    let known = app.keyring.log();
    if known.signer.key_id().as_str() == kid {
        return Ok(known);
    }
    let row = store::certificates::key(db, kid)
        .await?
        .ok_or_else(|| Problem::internal("the log's head names an unknown key"))?;
    let kid: KeyId = kid.parse().map_err(Problem::internal)?;
    app.keyring
        .use_log(&kid, origin_of(app, &row)?)
        .map_err(Problem::internal)
}

/// Takes the log key that the head names: another node may have changed it.
pub(crate) async fn refresh(app: &App) -> Result<(), Problem> {
    let reader = app.store.reader();
    let head = store::log::head(reader).await?;
    if store::certificates::key(reader, &head.kid).await?.is_some() {
        log_key(app, reader, &head.kid).await?;
    }
    Ok(())
}

/// Every log that was ever in use, with its key, oldest first.
pub(crate) async fn logs(
    db: &impl ConnectionTrait,
    app: &App,
) -> Result<Vec<(Origin, PublicKey)>, Problem> {
    let rows = store::certificates::all_keys(db).await?;
    let logs = rows
        .iter()
        .filter(|row| row.purpose == "log" && row.state != "pending");
    logs.map(|row| {
        let (_, record) = keys::record(row)?;
        Ok((origin_of(app, row)?, record.public_key))
    })
    .collect()
}

/// Signs status lists and bundles, and nothing else: the newest that is active.
pub(crate) async fn status_signer(
    app: &App,
    db: &impl PublicRead,
) -> Result<Arc<dyn Signer>, Problem> {
    active(app, db, "status", |mut rows| rows.pop()).await
}

/// Signs trust lists, and nothing else: the oldest that is active.
pub(crate) async fn root_signer(
    app: &App,
    db: &impl PublicRead,
) -> Result<Arc<dyn Signer>, Problem> {
    active(app, db, "root", |rows| rows.into_iter().next()).await
}

async fn active(
    app: &App,
    db: &impl PublicRead,
    purpose: &str,
    choose: impl Fn(Vec<KeyRow>) -> Option<KeyRow>,
) -> Result<Arc<dyn Signer>, Problem> {
    let rows = store::certificates::active_own_keys(db, purpose).await?;
    let row = choose(rows).ok_or_else(|| Problem::internal(format!("no active {purpose} key")))?;
    let kid: KeyId = row.kid.parse().map_err(Problem::internal)?;
    app.keyring.issuer(&kid).map_err(Problem::internal)
}

/// What is asked for a successor of one of the registry's own keys.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOwnKeyRequest {
    /// `root`, `log` or `status`.
    #[schema(example = "status")]
    pub purpose: String,
    /// Name of the successor log, with `log` alone; the first name with `/2`, `/3` and so on when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// Makes a successor, pending until two persons activate it. That of a log that lost leaves is logged only then: its own log
/// takes no leaf any more.
pub async fn create(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &NewOwnKeyRequest,
) -> Result<Receipt, Problem> {
    let Some((purpose, days)) = DAYS.iter().find(|(own, _)| *own == request.purpose) else {
        return Err(Problem::field(
            "/purpose",
            "purpose",
            "用途应为 root、log 或 status。",
            "The purpose is root, log or status.",
        ));
    };
    let mut act = match app.begin(actor, key, "create_own_key", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let (kid, number) = free_kid(app, &act.tx, purpose).await?;
    let origin = origin(app, &act.tx, purpose, request.origin.as_deref(), number).await?;
    // The file is written before the commit: a key file without a row signs nothing.
    let public_key = app
        .keyring
        .generate_issuer(&kid, &app.random)
        .map_err(Problem::internal)?;
    let mut row = row(
        &kid,
        purpose,
        &public_key,
        *days,
        KeyState::Pending,
        act.now,
    );
    row.origin = origin;
    store::certificates::insert_key(&act.tx, &row, act.now).await?;
    let mut leaf = None;
    if *purpose != "log" || app.standing.behind().is_none() {
        let at = act.log_time().await?;
        let entry = LeafEntry::KeyState {
            at,
            key_id: kid.clone(),
            public_key,
            state: KeyState::Pending,
        };
        leaf = Some(act.log(entry).await?);
        list::publish(&act.tx, app, at).await?;
    }
    act.record(Entry {
        kind: super::states::KIND,
        id: keys::timeline_id(&kid),
        act: "create",
        to: Some("pending"),
        leaf,
        ..Entry::default()
    })
    .await?;
    let receipt = keys::receipt(&row);
    act.finish(StatusCode::CREATED, &receipt, (super::states::KIND, kid))
        .await
}

/// `status-2`, then `status-3` and so on. A file that an interrupted act left behind keeps its name.
async fn free_kid(
    app: &App,
    db: &impl ConnectionTrait,
    purpose: &str,
) -> Result<(KeyId, u32), Problem> {
    for number in 2..=99 {
        let kid: KeyId = format!("{purpose}-{number}")
            .parse()
            .map_err(Problem::internal)?;
        let known = store::certificates::key(db, kid.as_str()).await?.is_some();
        if !known && !app.keyring.has_key(&kid).map_err(Problem::internal)? {
            return Ok((kid, number));
        }
    }
    Err(Problem::new(Code::Conflict))
}

/// Name of a successor log: one that no log had before.
async fn origin(
    app: &App,
    db: &impl PublicRead,
    purpose: &str,
    given: Option<&str>,
    number: u32,
) -> Result<Option<String>, Problem> {
    let wrong = |zh: &str, en: &str| Problem::field("/origin", "origin", zh, en);
    if purpose != "log" {
        return match given {
            None => Ok(None),
            Some(_) => Err(wrong(
                "只有日志密钥有日志名称。",
                "The name of a log belongs to a log key alone.",
            )),
        };
    }
    let name = given.map_or_else(
        || format!("{}/{number}", app.keyring.first_origin()),
        str::to_owned,
    );
    let origin: Origin = name.parse().map_err(|_| {
        wrong(
            "日志名称不能含空格、加号或控制字符。",
            "The name of a log has no space, no plus sign and no control character.",
        )
    })?;
    let rows = store::certificates::all_keys(db).await?;
    for row in rows.iter().filter(|row| row.purpose == "log") {
        if origin_of(app, row)? == origin {
            return Err(wrong(
                "已有日志用过这个名称。",
                "A log of this name was there before.",
            ));
        }
    }
    Ok(Some(origin.as_str().to_owned()))
}
