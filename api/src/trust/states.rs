//! Changes of a key's state: proposed by one person, approved by another; each is a leaf of the log and makes a new trust
//! list, in one transaction (trust.md KY-3).

use axum::http::StatusCode;
use certs::keys::{KeyId, KeyState};
use certs::log::LeafEntry;
use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use domain::access::Actor;
use domain::ids::LeafIndex;
use serde::{Deserialize, Serialize};
use store::certificates::KeyRow;
use store::proposals::Proposal;
use utoipa::ToSchema;

use super::{list, own_keys, succession};
use crate::access::permissions::{ManageKeys, Permission as _};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::certificates::change::WaitingReceipt;
use crate::certificates::keys;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Kind of the proposals.
pub const KIND: &str = "key";

/// A change of a key's state.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChangeRequest {
    /// `active`, `retired` or `compromised`.
    #[schema(example = "active")]
    pub state: String,
    /// Since when the key is in other hands (RFC 3339), with `compromised` alone; not later than now. What was witnessed
    /// before stays valid, everything else under the key does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_at: Option<DateTime<Utc>>,
    /// Why, in words, up to 500 characters; stays inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The request as it is kept with the proposal.
#[derive(Debug, Serialize, Deserialize)]
struct Proposed {
    kid: String,
    #[serde(flatten)]
    request: KeyChangeRequest,
}

/// A key in its new state.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyChanged {
    /// The key.
    pub kid: String,
    /// State before.
    pub from: String,
    /// State after.
    pub state: String,
    /// Since when it is compromised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised_at: Option<String>,
    /// Position of the change in the public log.
    pub leaf_index: u64,
    /// Version of the trust list that tells it.
    pub trust_list_version: u64,
}

/// Proposes a change; it waits for another person.
pub async fn propose(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    kid: &KeyId,
    request: &KeyChangeRequest,
) -> Result<Receipt, Problem> {
    let proposed = Proposed {
        kid: kid.to_string(),
        request: KeyChangeRequest {
            compromised_at: request.compromised_at.map(|at| at.trunc_subsecs(3)),
            ..request.clone()
        },
    };
    let mut act = match app.begin(actor, key, "change_key", &proposed).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let row = any_key(&act.tx, kid).await?;
    decide(&act.tx, &row, &proposed.request, act.now).await?;
    let id = keys::timeline_id(kid);
    let state = proposed.request.state.as_str();
    let proposal = act.propose(KIND, id, state, &proposed, 0, None).await?;
    act.record(Entry {
        kind: KIND,
        id,
        act: "propose_state",
        reason_code: Some(state),
        reason: request.reason.as_deref(),
        evidence: &[kid.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = WaitingReceipt {
        proposal_id: proposal.to_string(),
        state: "waiting_for_second".to_owned(),
        not_before: None,
    };
    act.finish(StatusCode::ACCEPTED, &receipt, (KIND, kid))
        .await
}

/// Makes a proposed change for its second person: everything is decided again, under the lock of the log's head, which
/// whoever signs with the key takes too.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    if !ManageKeys::allows(act.actor.role) {
        return Err(Problem::new(Code::Forbidden));
    }
    let Proposed { kid, request } =
        serde_json::from_str(&proposal.request).map_err(Problem::internal)?;
    let kid: KeyId = kid.parse().map_err(Problem::internal)?;
    // Whoever signs with a key takes the lock of the head too.
    act.begin_closing().await?;
    let row = any_key(&act.tx, &kid).await?;
    let to = decide(&act.tx, &row, &request, act.now).await?;
    if row.purpose == "log" && to == KeyState::Active {
        let done = succession::succeed(act, &row).await?;
        return told(
            act,
            proposal,
            &kid,
            &row,
            &request,
            to,
            (done.leaf, done.at),
        )
        .await;
    }
    // All but the closing of a log waits until the log is whole.
    act.may_log()?;
    let at = act.log_time().await?.trunc_subsecs(3);
    let compromised_at = match to {
        KeyState::Compromised { at } => Some(at),
        _ => None,
    };
    store::certificates::set_key_state(
        &act.tx,
        kid.as_str(),
        &row.state,
        to.as_str(),
        compromised_at,
        keys::ends(&row, to, at),
    )
    .await?;
    let (_, record) = keys::record(&row)?;
    let leaf = act
        .log(LeafEntry::KeyState {
            at,
            key_id: kid.clone(),
            public_key: record.public_key,
            state: to,
        })
        .await?;
    told(act, proposal, &kid, &row, &request, to, (leaf, at)).await
}

/// The trust list, the timeline and the answer of a change.
async fn told(
    act: &mut Act,
    proposal: &Proposal,
    kid: &KeyId,
    row: &KeyRow,
    request: &KeyChangeRequest,
    to: KeyState,
    (leaf, at): (LeafIndex, DateTime<Utc>),
) -> Result<serde_json::Value, Problem> {
    let compromised_at = match to {
        KeyState::Compromised { at } => Some(at),
        _ => None,
    };
    let app = act.app.clone();
    let list = list::publish(&act.tx, &app, at).await?;
    act.record(Entry {
        kind: KIND,
        id: proposal.object_id,
        act: "change_state",
        from: Some(&row.state),
        to: Some(to.as_str()),
        reason: request.reason.as_deref(),
        evidence: &[kid.to_string()],
        leaf: Some(leaf),
        proposer: Some(proposal.proposed_by),
        ..Entry::default()
    })
    .await?;
    let changed = KeyChanged {
        kid: kid.to_string(),
        from: row.state.clone(),
        state: to.as_str().to_owned(),
        compromised_at: compromised_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
        leaf_index: leaf.0,
        trust_list_version: list.version,
    };
    serde_json::to_value(changed).map_err(Problem::internal)
}

/// Any key of the table.
async fn any_key(db: &impl store::ConnectionTrait, kid: &KeyId) -> Result<KeyRow, Problem> {
    store::certificates::key(db, kid.as_str())
        .await?
        .ok_or_else(Problem::not_found)
}

/// An issuer key: certificates stand under no other.
pub(super) async fn issuer_key(
    db: &impl store::ConnectionTrait,
    kid: &KeyId,
) -> Result<KeyRow, Problem> {
    store::certificates::key(db, kid.as_str())
        .await?
        .filter(|row| row.purpose == "issuer")
        .ok_or_else(Problem::not_found)
}

async fn decide(
    db: &impl store::ConnectionTrait,
    row: &KeyRow,
    request: &KeyChangeRequest,
    now: DateTime<Utc>,
) -> Result<KeyState, Problem> {
    let long = |reason: &String| reason.chars().count() > 500;
    if request.reason.as_ref().is_some_and(long) {
        return Err(Problem::field(
            "/reason",
            "length",
            "理由请写在 500 字以内。",
            "Keep the reason within 500 characters.",
        ));
    }
    let to = KeyState::from_word(&request.state, request.compromised_at).ok_or_else(|| {
        let pointer = match request.state.as_str() {
            "pending" | "active" | "retired" | "compromised" => "/compromised_at",
            _ => "/state",
        };
        Problem::field(
            pointer,
            "state",
            "状态应为 active、retired 或 compromised;只有 compromised 须填泄露时间。",
            "The state is active, retired or compromised; the moment of the compromise belongs to compromised alone.",
        )
    })?;
    if request.compromised_at.is_some_and(|at| at > now) {
        return Err(Problem::field(
            "/compromised_at",
            "future",
            "泄露时间不能晚于现在。",
            "The moment of the compromise is not later than now.",
        ));
    }
    let (_, record) = keys::record(row)?;
    if to == KeyState::Active && record.not_after <= now {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "密钥的使用期已过,不能启用。",
            "The period of the key is over; it cannot be activated.",
        ));
    }
    if row.state == "active" && own_keys::is_own(&row.purpose) {
        let active = store::certificates::active_own_keys(db, &row.purpose).await?;
        if active.iter().all(|one| one.kid == row.kid) {
            return Err(Problem::new(Code::TransitionRefused).with_detail(
                "这是唯一启用的这种密钥;请先新建并启用后继密钥。",
                "It is the only key of its kind in use: make and activate its successor first.",
            ));
        }
    }
    if record.state.may_become(to) {
        Ok(to)
    } else {
        Err(Problem::new(Code::TransitionRefused).with_detail(
            format!(
                "密钥当前为 {},不能改为 {};状态只能前进,泄露时间只能提前。",
                row.state, request.state
            ),
            format!(
                "The key is {} and cannot become {}: states go forward only, and a compromise may only be found to be older.",
                row.state, request.state
            ),
        ))
    }
}
