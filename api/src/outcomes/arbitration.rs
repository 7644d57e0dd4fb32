//! A conflict is closed with what was found. Where two institutions stand against each other the lowest federation above
//! both decides, once and for both sides; neither is told who the other is (workflow.md 4).

use axum::http::StatusCode;
use domain::access::{Actor, Role};
use domain::ids::ConflictId;
use serde::{Deserialize, Serialize};
use store::ConnectionTrait;
use store::cohorts::LocalFederation;
use store::conflicts;
use store::episodes::{self as rows, Conflict};
use store::scope::Scope;
use utoipa::ToSchema;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_in;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Kind of thing in timelines.
const KIND: &str = "conflict";

/// What was found about a conflict.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseConflictRequest {
    /// What was found, 1 to 500 characters; nobody else is named in it.
    pub words: String,
}

/// A closed conflict.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConflictReceipt {
    /// The conflict.
    pub id: String,
    /// `closed`.
    pub state: String,
}

/// All sides of a conflict, and who closes it where that is one federation alone.
pub(super) struct Sides {
    pub(super) all: Vec<Conflict>,
    pub(super) arbiter: Option<LocalFederation>,
}

impl Sides {
    pub(super) async fn of(db: &impl ConnectionTrait, one: &Conflict) -> Result<Self, Problem> {
        if !one.kind.has_two_sides() {
            return Ok(Self {
                all: vec![one.clone()],
                arbiter: None,
            });
        }
        let all = conflicts::sides(db, one.kind, one.pair).await?;
        let places: Vec<&str> = all.iter().map(|side| side.site_region.as_str()).collect();
        Ok(Self {
            arbiter: Some(conflicts::arbiter(db, &places).await?),
            all,
        })
    }

    /// Whether this officer closes it.
    pub(super) fn closed_by(&self, actor: &Actor) -> bool {
        self.arbiter.as_ref().is_none_or(|arbiter| {
            arbiter.role == actor.role && actor.federation.as_deref() == Some(arbiter.code.as_str())
        })
    }
}

/// The federation that decides, in words: its level, which says nothing of the other side but how far away it is.
pub(super) const fn level(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::NationalOfficer => ("中国残联", "the national federation"),
        Role::ProvinceOfficer => ("省级残联", "the federation of the province"),
        Role::PrefectureOfficer => ("市级残联", "the federation of the prefecture"),
        _ => ("培训所在地县级残联", "the county of the training place"),
    }
}

/// Closes a conflict of one's scope: all its sides in one act.
pub async fn close_conflict(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: ConflictId,
    request: &CloseConflictRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/words", &request.words, 1, 500);
    faults.finish()?;
    let begun = app
        .begin(actor, key, "close_conflict", &(id, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let words = request.words.trim();
    let found = rows::conflict(&act.tx, &Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let sides = Sides::of(&act.tx, &found).await?;
    if let Some(arbiter) = sides.arbiter.as_ref().filter(|_| !sides.closed_by(actor)) {
        let (zh, en) = level(arbiter.role);
        return Err(Problem::new(Code::Forbidden).with_detail(
            format!("这条疑点涉及两个机构,由{zh}裁定,两方一并办结。"),
            format!("Two institutions stand against each other: {en} decides, for both at once."),
        ));
    }
    for side in &sides.all {
        not_interested_in(&act, side.institution).await?;
    }
    // Both sides read these words, so that the name of either tells somebody who the other is.
    if sides.arbiter.is_some() {
        let names = conflicts::names(&act.tx, found.kind, found.pair).await?;
        if names.iter().any(|name| words.contains(name.as_str())) {
            return Err(Problem::field(
                "/words",
                "names-a-side",
                "两方机构都会看到这段话,请不要写机构名称。",
                "Both institutions read these words; leave their names out.",
            ));
        }
    }
    let ids: Vec<ConflictId> = sides.all.iter().map(|side| side.id).collect();
    if conflicts::close(&act.tx, &ids, words, actor.person, act.now).await? == 0 {
        return Err(Problem::new(Code::TransitionRefused)
            .with_detail("这条疑点已经办结。", "This conflict was closed before."));
    }
    let open = sides.all.iter().filter(|side| side.state == "open");
    let entries = open.map(|side| Entry {
        kind: KIND,
        id: side.id.uuid(),
        act: "close",
        from: Some("open"),
        to: Some("closed"),
        reason_code: Some(side.kind.as_str()),
        reason: Some(words),
        ..Entry::default()
    });
    act.record_all(entries).await?;
    let receipt = ConflictReceipt {
        id: id.to_string(),
        state: "closed".to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}
