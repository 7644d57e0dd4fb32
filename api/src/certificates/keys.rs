//! Issuer keys: making them, and the keys that a verifier is told of. Their states: `crate::trust`.

use certs::keys::{KeyId, KeyRecord, KeySet, KeyState, PublicKey};
use certs::log::LeafEntry;
use chrono::{DateTime, Datelike, Days, NaiveDate, SecondsFormat, SubsecRound as _, Utc};
use domain::FederationCode;
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use store::certificates::KeyRow;
use utoipa::ToSchema;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// A key that was made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyReceipt {
    /// Key id.
    pub kid: String,
    /// Federation.
    pub federation: String,
    /// Algorithm ("EdDSA").
    pub algorithm: String,
    /// State.
    pub state: String,
    /// Since when the key is compromised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_at: Option<String>,
    /// Public key, hexadecimal.
    pub public_key: String,
    /// First moment.
    pub not_before: String,
    /// Moment after the last.
    pub not_after: String,
}

/// What is asked for a new issuer key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKeyRequest {
    /// Province-level federation.
    pub federation: String,
    /// Calendar year in China.
    pub year: i32,
}

/// Makes the issuer key of a federation for a year. It is pending: made known in the public log and the trust list, and it
/// signs nothing before two persons have activated it.
pub async fn create_issuer_key(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &NewKeyRequest,
) -> Result<Receipt, Problem> {
    let federation: FederationCode = request
        .federation
        .parse()
        .map_err(|bad| Problem::identifier("/federation", &bad))?;
    let (not_before, not_after) = year_bounds(request.year)
        .ok_or_else(|| Problem::field("/year", "year", "年份不对。", "Not a year."))?;
    let mut act = match app.begin(actor, key, "create_issuer_key", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let known = store::reference::federation(&act.tx, federation.as_str()).await?;
    if known.is_none_or(|row| row.level != "province") {
        return Err(Problem::field(
            "/federation",
            "federation",
            "请填省级残联代码。",
            "Name a province-level federation.",
        ));
    }
    let kid = free_kid(app, &act.tx, &federation, request.year).await?;
    // The file is written before the commit: a key file without a row signs nothing.
    let public = app
        .keyring
        .generate_issuer(&kid, &app.random)
        .map_err(Problem::internal)?;
    let row = KeyRow {
        kid: kid.as_str().to_owned(),
        purpose: "issuer".to_owned(),
        federation: Some(federation.as_str().to_owned()),
        algorithm: public.algorithm().as_str().to_owned(),
        public_key: public.as_bytes().to_vec(),
        state: KeyState::Pending.as_str().to_owned(),
        not_before,
        not_after,
        compromised_at: None,
        origin: None,
    };
    store::certificates::insert_key(&act.tx, &row, act.now).await?;
    let at = act.log_time().await?;
    let leaf = act
        .log(LeafEntry::KeyState {
            at,
            key_id: kid.clone(),
            public_key: public.clone(),
            state: KeyState::Pending,
        })
        .await?;
    crate::trust::list::publish(&act.tx, app, at).await?;
    act.record(Entry {
        kind: "key",
        id: timeline_id(&kid),
        act: "create",
        to: Some("pending"),
        leaf: Some(leaf),
        ..Entry::default()
    })
    .await?;
    let receipt = receipt(&row);
    act.finish(axum::http::StatusCode::CREATED, &receipt, ("key", kid))
        .await
}

/// A key as the API shows it.
pub fn receipt(row: &KeyRow) -> KeyReceipt {
    KeyReceipt {
        kid: row.kid.clone(),
        federation: row.federation.clone().unwrap_or_default(),
        algorithm: row.algorithm.clone(),
        state: row.state.clone(),
        compromised_at: row
            .compromised_at
            .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        public_key: data_encoding::HEXLOWER.encode(&row.public_key),
        not_before: row.not_before.to_rfc3339_opts(SecondsFormat::Secs, true),
        not_after: row.not_after.to_rfc3339_opts(SecondsFormat::Secs, true),
    }
}

/// `k3726`, then `k3726-2`, `k3726-3` and so on (`docs/formats.md` section 1).
///
/// A file that an interrupted act left behind keeps its name: it may hold a key that somebody saw.
async fn free_kid(
    app: &App,
    db: &impl store::ConnectionTrait,
    federation: &FederationCode,
    year: i32,
) -> Result<KeyId, Problem> {
    let base = format!("k{}{:02}", federation.prefix(), year.rem_euclid(100));
    for suffix in std::iter::once(String::new()).chain((2..=99).map(|n| format!("-{n}"))) {
        let kid: KeyId = format!("{base}{suffix}")
            .parse()
            .map_err(Problem::internal)?;
        let known = store::certificates::key(db, kid.as_str()).await?.is_some();
        if !known && !app.keyring.has_key(&kid).map_err(Problem::internal)? {
            return Ok(kid);
        }
    }
    Err(Problem::new(Code::Conflict))
}

/// A calendar year in China, with three weeks at its beginning and end in which two keys overlap.
fn year_bounds(year: i32) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let midnight =
        |day: NaiveDate| Some(day.and_hms_opt(0, 0, 0)?.and_utc() - chrono::Duration::hours(8));
    let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
    let last = NaiveDate::from_ymd_opt(year + 1, 1, 1)?;
    Some((
        midnight(first)?,
        midnight(last.checked_add_days(Days::new(21))?)?,
    ))
}

/// Year in China at a moment.
pub fn year_of(now: DateTime<Utc>) -> i32 {
    domain::calendar::today(now).year()
}

/// All issuer keys as a verifier knows them.
pub async fn key_set(app: &App) -> Result<KeySet, Problem> {
    key_set_in(app.store.reader()).await
}

/// The same, as a transaction sees them.
pub async fn key_set_in(db: &impl store::PublicRead) -> Result<KeySet, Problem> {
    let mut keys = KeySet::new();
    for row in store::certificates::all_keys(db).await? {
        if row.purpose == "issuer" {
            let (kid, record) = record(&row)?;
            keys.insert(kid, record);
        }
    }
    Ok(keys)
}

/// The keys that other software may know: issuer keys, and the key of status lists.
pub async fn published_key_set(db: &impl store::PublicRead) -> Result<KeySet, Problem> {
    let rows = store::certificates::all_keys(db).await?;
    rows.iter()
        .filter(|row| matches!(row.purpose.as_str(), "issuer" | "status"))
        .map(record)
        .collect()
}

/// A key row as `certs` understands it.
pub fn record(row: &KeyRow) -> Result<(KeyId, KeyRecord), Problem> {
    let bad = || Problem::internal(format!("key {} in the table is not a key", row.kid));
    let algorithm = row.algorithm.parse().map_err(|_| bad())?;
    let state = KeyState::from_word(&row.state, row.compromised_at).ok_or_else(bad)?;
    let record = KeyRecord {
        public_key: PublicKey::from_bytes(algorithm, &row.public_key).map_err(|_| bad())?,
        federation: row
            .federation
            .as_deref()
            .unwrap_or("")
            .parse()
            .map_err(|_| bad())?,
        not_before: row.not_before,
        not_after: row.not_after,
        state,
    };
    Ok((row.kid.parse().map_err(|_| bad())?, record))
}

/// End of a key's period once it is in the state `to` since `at` (exclusive). A retired issuer key signs nothing more: what
/// claims a later time was made by somebody who kept it. Times on certificates are whole seconds.
pub(crate) fn ends(row: &KeyRow, to: KeyState, at: DateTime<Utc>) -> DateTime<Utc> {
    let end = at.trunc_subsecs(0) + chrono::TimeDelta::seconds(1);
    if to == KeyState::Retired && row.purpose == "issuer" && end > row.not_before {
        end.min(row.not_after)
    } else {
        row.not_after
    }
}

/// Id under which the timeline of a key stands.
pub(crate) fn timeline_id(kid: &KeyId) -> uuid::Uuid {
    use sha2::{Digest as _, Sha256};
    let digest: [u8; 32] = Sha256::digest(kid.as_str().as_bytes()).into();
    let (first, _) = digest.split_first_chunk::<16>().expect("32 bytes hold 16");
    uuid::Uuid::from_bytes(*first)
}
