//! Writing a bulletin and taking it through its states.

use axum::http::StatusCode;
use certs::log::LeafEntry;
use chrono::Datelike as _;
use domain::access::{Actor, Role};
use domain::bulletin::{BulletinAct, BulletinKind, BulletinState, Notice, act as decide};
use domain::ids::{BulletinId, GradingRunId, LeafIndex};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::cases::decisions;
use store::grading::publications::{self as rows, Bulletin};
use store::proposals::Proposal;
use utoipa::ToSchema;

use super::{build, decided, ground};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::not_interested_about;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Kind of thing in timelines and proposals.
pub(crate) const KIND: &str = "bulletin";

/// A bulletin to write.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteBulletinRequest {
    /// `grade_results`, `ranking`, `provinces`, built from a run; `warning`, `rectification`, `suspension`, `exit`,
    /// `admission_notice`, `commendation`, built from a decision.
    #[schema(value_type = String, example = "ranking")]
    pub kind: BulletinKind,
    /// The frozen run that it is built from.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub run: Option<GradingRunId>,
    /// The decision that it is built from: its position in the public log.
    #[serde(default)]
    pub decision: Option<u64>,
    /// Title, 2 to 100 characters.
    pub title: String,
    /// The bulletin that this one corrects.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub corrects: Option<BulletinId>,
}

/// An act on a bulletin.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulletinActRequest {
    /// `review`, `open_notice`, `publish`, `withdraw`.
    #[schema(value_type = String, example = "review")]
    pub act: BulletinAct,
    /// Why; for a withdrawal.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A bulletin as the desks see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BulletinReceipt {
    /// Its id.
    pub id: String,
    /// Its number, from its notice on.
    pub number: Option<String>,
    /// State.
    pub state: String,
    /// SHA-256 of its body, hexadecimal.
    pub sha256: String,
    /// Raised by every change.
    pub revision: i32,
    /// The proposal that waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
    /// Leaf of the public log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_index: Option<u64>,
}

impl BulletinReceipt {
    /// Of a bulletin.
    pub fn of(row: &Bulletin) -> Self {
        Self {
            id: row.id.to_string(),
            number: row.number.clone(),
            state: row.state.as_str().to_owned(),
            sha256: data_encoding::HEXLOWER.encode(&row.sha256),
            revision: row.revision,
            proposal_id: None,
            leaf_index: None,
        }
    }
}

/// Writes the draft: its body comes from the run or the decision.
pub async fn write(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &WriteBulletinRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.text("/title", &request.title, 2, 100);
    faults.finish()?;
    let national = actor.role == Role::NationalOfficer;
    if national != (request.kind == BulletinKind::Provinces) {
        return Err(Problem::new(Code::Forbidden).with_detail(
            "各省比较由中国残联发布,机构评级结果和排名由省级残联发布。",
            "The national level compares provinces; provinces publish grades and rankings of institutions.",
        ));
    }
    let mut act = match app.begin(actor, key, "write_bulletin", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let federation = actor.federation.clone().unwrap_or_default();
    if let Some(corrects) = request.corrects {
        let before = rows::bulletin(&act.tx, corrects)
            .await?
            .filter(|one| one.federation == federation && one.state == BulletinState::Published);
        if before.is_none() {
            return Err(Problem::field(
                "/corrects",
                "not-published",
                "只能更正本单位已发布的通报。",
                "Only a published bulletin of one's own can be corrected.",
            ));
        }
    }
    let body = if request.kind.decisions().is_empty() {
        let run = ground::run(&act, request).await?;
        let body = build::body(&act.app, &act.tx, request.kind, &federation, &run).await?;
        serde_json::to_string(&body).map_err(Problem::internal)?
    } else {
        let told = ground::decision(&act, request, &federation).await?;
        let body = decided::body(&act.app, request.decision.unwrap_or_default(), &told)?;
        serde_json::to_string(&body).map_err(Problem::internal)?
    };
    let row = Bulletin {
        id: act.new_id(),
        number: None,
        kind: request.kind,
        federation,
        run: request.run,
        decision: request.decision.map(LeafIndex),
        title: request.title.trim().to_owned(),
        sha256: Sha256::digest(body.as_bytes()).into(),
        body,
        state: BulletinState::Draft,
        corrects: request.corrects,
        notice_until: None,
        published_on: None,
        reason: None,
        created_at: act.now,
        changed_at: act.now,
        revision: 1,
    };
    rows::insert_bulletin(&act.tx, &row).await?;
    act.record(Entry {
        kind: KIND,
        id: row.id.uuid(),
        act: "write",
        to: Some("draft"),
        ..Entry::default()
    })
    .await?;
    act.finish(
        StatusCode::CREATED,
        &BulletinReceipt::of(&row),
        (KIND, row.id),
    )
    .await
}

async fn own(act: &Act, id: BulletinId) -> Result<Bulletin, Problem> {
    rows::bulletin(&act.tx, id)
        .await?
        .filter(|row| Some(&row.federation) == act.actor.federation.as_ref())
        .ok_or_else(Problem::not_found)
}

/// Takes an act, or leaves it for the second person.
pub async fn act_on(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: BulletinId,
    revision: i32,
    request: &BulletinActRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.reason(request.reason.as_deref());
    if request.act == BulletinAct::Withdraw && request.reason.is_none() {
        faults.add(
            "/reason",
            "missing-field",
            "请写明撤回理由。",
            "Give the reason of the withdrawal.",
        );
    }
    faults.finish()?;
    let begun = app
        .begin(actor, key, "act_on_bulletin", &(id, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let row = own(&act, id).await?;
    if row.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    not_interested_about(&act, id.uuid()).await?;
    let to = next(&act, &row, request.act).await?;
    if request.act.two_persons() {
        let proposal = act
            .propose(
                KIND,
                id.uuid(),
                request.act.as_str(),
                request,
                row.revision,
                None,
            )
            .await?;
        let mut receipt = BulletinReceipt::of(&row);
        receipt.proposal_id = Some(proposal.to_string());
        return act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await;
    }
    let receipt = take(&mut act, row, to, request, None).await?;
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

async fn next(act: &Act, row: &Bulletin, what: BulletinAct) -> Result<BulletinState, Problem> {
    let open = store::objections::count(&act.tx, row.id.uuid(), "open", row.created_at).await?;
    let over = row.notice_until.is_some_and(|until| act.today > until) && open == 0;
    let accepted =
        store::objections::count(&act.tx, row.id.uuid(), "accepted", row.created_at).await?;
    if what == BulletinAct::Publish && accepted > 0 {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "有异议成立,这份通报不能发布;请撤回,更正后另行起草。",
            "An objection was accepted and this bulletin is not published; withdraw it and draft a corrected one.",
        ));
    }
    if let (BulletinAct::OpenNotice | BulletinAct::Publish, Some(run)) = (what, row.run) {
        ground::may_be_told(act, row.kind, &row.federation, run, what).await?;
    }
    // Another comparison of the same freeze may have become public since the draft: the two must not differ by a few people.
    if let (BulletinAct::OpenNotice, BulletinKind::Provinces, Some(run)) = (what, row.kind, row.run)
    {
        let run = store::grading::run(&act.tx, run)
            .await?
            .ok_or_else(|| Problem::internal("a bulletin without its run"))?;
        let again = build::body(&act.app, &act.tx, row.kind, &row.federation, &run).await?;
        if serde_json::to_string(&again).map_err(Problem::internal)? != row.body {
            return Err(Problem::new(Code::TransitionRefused).with_detail(
                "起草之后又有同一冻结日的各省比较公布,人数可能相互推算;请重新起草。",
                "Another comparison of the same freeze date became public since the draft, and the two could tell of a few people; draft it anew.",
            ));
        }
    }
    // What was set aside meanwhile is not told any more.
    if let (Some(leaf), BulletinAct::OpenNotice | BulletinAct::Publish) = (row.decision, what) {
        let told = decisions::told(&act.tx, leaf).await?;
        if !told.as_ref().is_some_and(decided::stands) {
            return Err(Problem::new(Code::TransitionRefused).with_detail(
                "所依据的决定已被撤销,或正在申诉中停止效力,不能公示或发布;公示过的请撤回。",
                "The decision it rests on was set aside, or an appeal stays it: no notice and no publication. Withdraw what was noticed.",
            ));
        }
    }
    decide(row.state, what, over).map_err(|unmet| {
        Problem::new(Code::TransitionRefused)
            .with_detail(unmet.zh.clone(), unmet.en.clone())
            .with_error("", unmet.code, &unmet.zh, &unmet.en)
    })
}

/// Runs what the second person approved.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let request: BulletinActRequest =
        serde_json::from_str(&proposal.request).map_err(Problem::internal)?;
    let row = own(act, proposal.object_id.into()).await?;
    not_interested_about(act, row.id.uuid()).await?;
    let to = next(act, &row, request.act).await?;
    let receipt = take(act, row, to, &request, Some(proposal)).await?;
    serde_json::to_value(receipt).map_err(Problem::internal)
}

async fn take(
    act: &mut Act,
    mut row: Bulletin,
    to: BulletinState,
    request: &BulletinActRequest,
    proposal: Option<&Proposal>,
) -> Result<BulletinReceipt, Problem> {
    let from = row.state;
    row.state = to;
    row.changed_at = act.now;
    match to {
        BulletinState::Notice => {
            let workflow = &act.app.policy.workflow;
            let days = match row.kind.notice() {
                Notice::Results => act.app.evidence.evidence.results_notice_wd,
                Notice::Admission => workflow.admission_notice_wd,
                Notice::Exit => workflow.exit_notice_wd,
                Notice::None => 0,
            };
            row.notice_until = Some(act.app.calendar.notice_until(act.today, days));
            row.number = Some(number(act, &row).await?);
        }
        BulletinState::Published => row.published_on = Some(act.today),
        BulletinState::Withdrawn => row.reason = request.reason.clone(),
        _ => {}
    }
    row.revision = rows::update_bulletin(&act.tx, &row).await?;
    let leaf = if to.is_public() {
        Some(log(act, &row).await?)
    } else {
        None
    };
    if to == BulletinState::Published
        && let Some(corrected) = row.corrects
        && let Some(mut before) = rows::bulletin(&act.tx, corrected).await?
        && before.state == BulletinState::Published
    {
        before.state = BulletinState::Corrected;
        before.changed_at = act.now;
        before.revision = rows::update_bulletin(&act.tx, &before).await?;
        log(act, &before).await?;
    }
    act.record(Entry {
        kind: KIND,
        id: row.id.uuid(),
        act: request.act.as_str(),
        from: Some(from.as_str()),
        to: Some(to.as_str()),
        reason: request.reason.as_deref(),
        leaf,
        proposer: proposal.map(|one| one.proposed_by),
        ..Entry::default()
    })
    .await?;
    let mut receipt = BulletinReceipt::of(&row);
    receipt.leaf_index = leaf.map(|leaf| leaf.0);
    Ok(receipt)
}

/// `B`, federation, year, running number of that year.
async fn number(act: &Act, row: &Bulletin) -> Result<String, Problem> {
    let prefix = format!(
        "B{}-{}-",
        &row.federation[..2.min(row.federation.len())],
        act.today.year()
    );
    let taken = rows::numbered(&act.tx, &prefix).await?;
    Ok(format!("{prefix}{:03}", taken + 1))
}

async fn log(act: &mut Act, row: &Bulletin) -> Result<domain::ids::LeafIndex, Problem> {
    let at = act.log_time().await?;
    let word = |text: &str| text.parse().map_err(Problem::internal);
    let entry = LeafEntry::Bulletin {
        at,
        federation: row.federation.parse().map_err(Problem::internal)?,
        to: word(row.state.as_str())?,
        sha256: row.sha256,
        number: word(row.number.as_deref().unwrap_or("B"))?,
    };
    act.log(entry).await
}
