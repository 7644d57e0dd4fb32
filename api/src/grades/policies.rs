//! Grading policies: drafted, published by two persons with a leaf in the public log, never changed afterwards.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use certs::log::LeafEntry;
use chrono::NaiveDate;
use domain::access::{Actor, Role};
use domain::grading::Policy;
use domain::ids::PolicyDraftId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::ConnectionTrait;
use store::grading::policies::{self as rows, Draft};
use store::proposals::Proposal;
use store::scope::NATIONAL;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::freeze::faulty;
use crate::access::By;
use crate::access::permissions::ManageGradingPolicies;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::problem::{Code, Problem, ProblemBody};
use crate::reference::seed;

/// Kind of thing in proposals.
pub(crate) const KIND: &str = "policy_draft";
/// Name of the national baseline.
const BASELINE: &str = "CN-BASE@2026.1";

/// A policy with the texts it was read from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Its file.
    pub text: String,
    /// The file of the base of an override.
    pub base_text: Option<String>,
    /// SHA-256 of its file.
    pub sha256: [u8; 32],
}

impl Loaded {
    /// From the file, and that of the base for an override. The answer names every fault.
    pub fn of(text: String, base_text: Option<String>) -> Result<Self, Problem> {
        let read = match &base_text {
            None => Policy::from_json(&text),
            Some(base) => Policy::from_json(base)
                .map_err(|faults| faulty("/base", &faults))?
                .with_override(&text),
        };
        let policy = read.map_err(|faults| faulty("/text", &faults))?;
        Ok(Self {
            sha256: Sha256::digest(text.as_bytes()).into(),
            policy,
            text,
            base_text,
        })
    }

    /// Reads a policy text with its base from the published ones.
    pub async fn resolved(db: &impl ConnectionTrait, text: String) -> Result<Self, Problem> {
        let base = match Policy::base_of(&text) {
            None => None,
            Some(name) => Some(published_text(db, &name).await?.ok_or_else(|| {
                Problem::field(
                    "/text/base",
                    "unknown-policy",
                    "没有这一基准政策,请写已发布的政策名称,如 CN-BASE@2026.1。",
                    "There is no such base; name a published policy such as CN-BASE@2026.1.",
                )
            })?),
        };
        Self::of(text, base)
    }
}

async fn published_text(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>, Problem> {
    Ok(rows::published(db, name).await?.map(|(text, _)| text))
}

/// Name of the baseline in force on a day: the newest of the nation that was published and had effect then.
pub(crate) async fn baseline_on(
    db: &impl ConnectionTrait,
    on: NaiveDate,
) -> Result<String, Problem> {
    let found = rows::in_force(db, NATIONAL, on, None).await?;
    Ok(found.map_or_else(|| BASELINE.to_owned(), |found| found.name))
}

/// The policy in force for a federation on a freeze date: the newest version of its own override that was published and had
/// effect then, else of the baseline (grading.md 6). An override whose base another baseline has replaced counts no more: its
/// floors and thresholds were measured against the old one.
pub(crate) async fn in_force(
    db: &impl ConnectionTrait,
    federation: &str,
    on: NaiveDate,
) -> Result<Loaded, Problem> {
    let baseline = rows::in_force(db, NATIONAL, on, None).await?;
    let name = baseline
        .as_ref()
        .map_or(BASELINE, |found| found.name.as_str());
    let own = if federation == NATIONAL {
        None
    } else {
        rows::in_force(db, federation, on, Some(name)).await?
    };
    match own.or(baseline) {
        Some(found) => Loaded::resolved(db, found.text).await,
        None => named(db, BASELINE).await,
    }
}

/// Refuses results that were computed by another policy than the one in force: they are there to compare, not to publish.
pub(crate) async fn must_be_in_force(
    db: &impl ConnectionTrait,
    federation: &str,
    on: NaiveDate,
    name: &str,
) -> Result<(), Problem> {
    let right = in_force(db, federation, on).await?;
    let right = right.policy.name();
    if right == name {
        return Ok(());
    }
    let other = rows::by_name(db, name).await?;
    let (code, zh, en) = match other {
        Some(other) if other.federation != NATIONAL && other.federation != federation => (
            "policy-of-another-federation",
            format!("{name} 是其他省的评级政策"),
            format!("{name} is the policy of another federation"),
        ),
        Some(other) if other.effective_on > on => (
            "policy-not-yet-in-force",
            format!("{name} 自 {} 起施行,晚于冻结日 {on}", other.effective_on),
            format!(
                "{name} has effect from {}, after the freeze date {on}",
                other.effective_on
            ),
        ),
        _ => (
            "policy-not-in-force",
            format!("{name} 不是冻结日 {on} 施行的政策"),
            format!("{name} was not the policy in force on the freeze date {on}"),
        ),
    };
    let zh = format!("{zh};只能用于比较。请按施行的 {right} 计算后再公布。");
    let en = format!(
        "{en}; such a run is there to compare. Compute one by {right}, which was in force, and publish that."
    );
    Err(Problem::new(Code::TransitionRefused)
        .with_detail(zh.clone(), en.clone())
        .with_error("", code, &zh, &en))
}

/// The published policy of this name.
pub(crate) async fn named(db: &impl ConnectionTrait, name: &str) -> Result<Loaded, Problem> {
    let text = match published_text(db, name).await? {
        // Policies of other kinds have other names: CN-BASE-WORKFLOW and the like.
        Some(text)
            if !name.contains("-WORKFLOW@")
                && !name.contains("-PRIVACY@")
                && !name.contains("-EVIDENCE@") =>
        {
            text
        }
        _ => {
            return Err(Problem::field(
                "/policy",
                "unknown-policy",
                "没有这一已发布的评级政策。",
                "There is no published grading policy of this name.",
            ));
        }
    };
    Loaded::resolved(db, text).await
}

/// A policy to draft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftPolicyRequest {
    /// The whole file: a policy, or an override `{base, changes, policy_id, version}`.
    pub text: String,
    /// From which day: after the one on which it will be published.
    pub effective_on: NaiveDate,
}

/// A drafted or published policy.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PolicyReceipt {
    /// Its id.
    pub id: String,
    /// `policy_id@version`.
    pub name: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// `draft` or `published`.
    pub state: String,
    /// Whose.
    pub federation: String,
    /// From when.
    pub effective_on: NaiveDate,
    /// The proposal that waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
    /// Leaf of the public log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf_index: Option<u64>,
}

impl From<&Draft> for PolicyReceipt {
    fn from(draft: &Draft) -> Self {
        Self {
            id: draft.id.to_string(),
            name: draft.name.clone(),
            sha256: data_encoding::HEXLOWER.encode(&draft.sha256),
            state: draft.state.clone(),
            federation: draft.federation.clone(),
            effective_on: draft.effective_on,
            proposal_id: None,
            leaf_index: None,
        }
    }
}

/// A policy has effect from a day after the one on which it is published: a period that is over keeps the rule that it was
/// graded by (grading.md, introduction).
fn ahead(today: NaiveDate, effective_on: NaiveDate, drafted: bool) -> Result<(), Problem> {
    if effective_on > today {
        return Ok(());
    }
    let code = "effective-on-passed";
    Err(if drafted {
        let zh = format!(
            "政策不溯及既往,草稿写明的生效日期 {effective_on} 已到。请以新版本号另行起草,写今后的日期。"
        );
        let en = format!(
            "A policy has no effect on the past, and the day of this draft ({effective_on}) has come. Draft it anew under another version, with a later day."
        );
        Problem::new(Code::TransitionRefused)
            .with_detail(zh.clone(), en.clone())
            .with_error("/effective_on", code, &zh, &en)
    } else {
        Problem::field(
            "/effective_on",
            code,
            &format!("政策不溯及既往:生效日期必须晚于今天({today}),请写今后的日期。"),
            &format!(
                "A policy has no effect on the past: it begins after today ({today}); give a later day."
            ),
        )
    })
}

/// An override is measured against its base, so that has to be the baseline in force on the day from which it has effect: on
/// an older one a province could go below what the nation has raised since (grading.md 6). The nation publishes
/// whole baselines: on an override of its own no province could rest another.
async fn on_the_baseline(
    db: &impl ConnectionTrait,
    federation: &str,
    base: Option<&str>,
    effective_on: NaiveDate,
    drafted: bool,
) -> Result<(), Problem> {
    let Some(base) = base else {
        return Ok(());
    };
    let (zh, en) = if federation == NATIONAL {
        (
            "全国基准须发布完整的政策文件,不能是调整文件 {base, changes};各省的调整以完整的基准为准。"
                .to_owned(),
            "The nation publishes a whole baseline, never an override {base, changes}: the provinces' own rest on it."
                .to_owned(),
        )
    } else {
        let right = baseline_on(db, effective_on).await?;
        if right == base {
            return Ok(());
        }
        (
            format!(
                "{base} 不是生效日期 {effective_on} 施行的全国基准;请以 {right} 为基准另行起草。"
            ),
            format!(
                "{base} is not the baseline in force on {effective_on}, from which this is to have effect; draft an override of {right}."
            ),
        )
    };
    let code = "base-not-in-force";
    Err(if drafted {
        Problem::new(Code::TransitionRefused)
            .with_detail(zh.clone(), en.clone())
            .with_error("/text/base", code, &zh, &en)
    } else {
        Problem::field("/text/base", code, &zh, &en)
    })
}

/// Drafts a policy: N a baseline, P an override for its province.
pub async fn draft(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &DraftPolicyRequest,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "draft_policy", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    ahead(act.today, request.effective_on, false)?;
    let loaded = Loaded::resolved(&act.tx, request.text.clone()).await?;
    let base = Policy::base_of(&request.text);
    let federation = actor.federation.clone().unwrap_or_default();
    if base.is_none() && actor.role != Role::NationalOfficer {
        return Err(Problem::new(Code::Forbidden).with_detail(
            "只有中国残联可以起草全国基准;省级请起草调整文件 {base, changes}。",
            "Only the national level drafts a baseline; a province drafts an override {base, changes}.",
        ));
    }
    let on = request.effective_on;
    on_the_baseline(&act.tx, &federation, base.as_deref(), on, false).await?;
    let name = loaded.policy.name().to_owned();
    if name.parse::<certs::log::Word>().is_err() {
        return Err(Problem::field(
            "/text/policy_id",
            "name",
            "请给出 policy_id 和 version(英文代码,合计 40 字符以内)。",
            "Give policy_id and version, in letters and digits, together up to 40 characters.",
        ));
    }
    if rows::published(&act.tx, &name).await?.is_some() {
        return Err(store::StoreError::Duplicate("policy version").into());
    }
    let draft = Draft {
        id: act.new_id(),
        name,
        base,
        federation,
        sha256: loaded.sha256,
        text: request.text.clone(),
        effective_on: request.effective_on,
        state: "draft".to_owned(),
        drafted_by: actor.person,
        drafted_at: act.now,
        revision: 1,
    };
    rows::insert(&act.tx, &draft).await?;
    act.record(Entry {
        kind: KIND,
        id: draft.id.uuid(),
        act: "draft",
        to: Some("draft"),
        ..Entry::default()
    })
    .await?;
    let receipt = PolicyReceipt::from(&draft);
    act.finish(StatusCode::CREATED, &receipt, (KIND, draft.id))
        .await
}

async fn own_draft(act: &Act, id: PolicyDraftId) -> Result<Draft, Problem> {
    rows::find(&act.tx, id)
        .await?
        .filter(|draft| Some(&draft.federation) == act.actor.federation.as_ref())
        .ok_or_else(Problem::not_found)
}

/// Proposes to publish a draft; a second person of the same federation approves.
pub async fn propose(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: PolicyDraftId,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "publish_policy", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let draft = own_draft(&act, id).await?;
    if draft.state != "draft" {
        return Err(published_already());
    }
    still_good(&act, &draft).await?;
    let proposal = act
        .propose(KIND, id.uuid(), "publish", &(), draft.revision, None)
        .await?;
    let mut receipt = PolicyReceipt::from(&draft);
    receipt.proposal_id = Some(proposal.to_string());
    act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await
}

/// Whether a draft may still be published as it stands.
async fn still_good(act: &Act, draft: &Draft) -> Result<(), Problem> {
    let (base, on) = (draft.base.as_deref(), draft.effective_on);
    ahead(act.today, on, true)?;
    on_the_baseline(&act.tx, &draft.federation, base, on, true).await
}

fn published_already() -> Problem {
    Problem::new(Code::TransitionRefused).with_detail(
        "政策已发布,不能再改;请起草新版本。",
        "The policy is published and never changes; draft a new version.",
    )
}

/// Publishes what the second person approved.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let draft = own_draft(act, proposal.object_id.into()).await?;
    // The day, or another baseline, may have come while the proposal waited.
    still_good(act, &draft).await?;
    rows::publish(&act.tx, draft.id)
        .await
        .map_err(|_| published_already())?;
    let (id, version) = draft
        .name
        .split_once('@')
        .ok_or_else(|| Problem::internal("a policy without version"))?;
    let day = draft.effective_on.to_string();
    store::reference::load_policy(&act.tx, id, version, &draft.sha256, &draft.text, &day).await?;
    let at = act.log_time().await?;
    let leaf = act
        .log(LeafEntry::Policy {
            at,
            policy: draft.name.parse().map_err(Problem::internal)?,
            sha256: draft.sha256,
        })
        .await?;
    act.record(Entry {
        kind: KIND,
        id: draft.id.uuid(),
        act: "publish",
        from: Some("draft"),
        to: Some("published"),
        leaf: Some(leaf),
        proposer: Some(proposal.proposed_by),
        effective_on: Some(draft.effective_on),
        ..Entry::default()
    })
    .await?;
    let mut receipt = PolicyReceipt::from(&draft);
    receipt.state = "published".to_owned();
    receipt.leaf_index = Some(leaf.0);
    serde_json::to_value(receipt).map_err(Problem::internal)
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(draft_policy))
        .routes(routes!(publish_policy))
}

pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_grading_policies))
}

/// Draft a grading policy; every fault of it is told.
#[utoipa::path(post, path = "/api/v1/grading-policies", tag = "grading", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = DraftPolicyRequest,
    responses((status = 201, body = PolicyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn draft_policy(
    State(app): State<App>,
    by: By<ManageGradingPolicies>,
    key: IdempotencyKey,
    Body(request): Body<DraftPolicyRequest>,
) -> Result<Receipt, Problem> {
    draft(&app, &by.actor, &key, &request).await
}

/// Propose to publish a drafted policy (two persons).
#[utoipa::path(post, path = "/api/v1/grading-policies/{id}/publish", tag = "grading", security(("bearer" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = PolicyReceipt), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn publish_policy(
    State(app): State<App>,
    by: By<ManageGradingPolicies>,
    key: IdempotencyKey,
    Path(id): Path<PolicyDraftId>,
) -> Result<Receipt, Problem> {
    propose(&app, &by.actor, &key, id).await
}

/// A published policy with its file.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedPolicy {
    /// `policy_id@version`.
    name: String,
    /// SHA-256 of the file, hexadecimal; it stands in the public log.
    sha256: String,
    /// Whose; `000000` is national.
    federation: String,
    /// From when.
    effective_on: String,
    /// The file.
    text: String,
}

/// Published grading policies with their files; public.
#[utoipa::path(get, path = "/api/v1/grading-policies", tag = "grading",
    responses((status = 200, body = Vec<PublishedPolicy>)))]
async fn list_grading_policies(
    State(app): State<App>,
) -> Result<Json<Vec<PublishedPolicy>>, Problem> {
    let mut all = vec![PublishedPolicy {
        name: BASELINE.to_owned(),
        sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(seed::GRADING_POLICY.as_bytes())),
        federation: NATIONAL.to_owned(),
        effective_on: "2026-01-01".to_owned(),
        text: seed::GRADING_POLICY.to_owned(),
    }];
    for draft in rows::all(app.store.reader()).await? {
        if draft.state == "published" {
            all.push(PublishedPolicy {
                sha256: data_encoding::HEXLOWER.encode(&draft.sha256),
                effective_on: draft.effective_on.to_string(),
                name: draft.name,
                federation: draft.federation,
                text: draft.text,
            });
        }
    }
    Ok(Json(all))
}
