//! Files of more than a thousand persons: one person asks with a reason and a filter, another of the level approves, and
//! whoever asked takes the file once, within a day (trust.md UP-5, AU-5).
//!
//! The rows are read when the file is taken, in the scope that the taker has then: an approval is for a question, not
//! for what somebody saw yesterday.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use domain::access::Actor;
use domain::ids::{BatchId, CohortId};
use serde::{Deserialize, Serialize};
use store::audit::AuditEntry;
use store::bulk_exports::{self as rows, BulkExport, BulkState, NewExport};
use store::proposals::Proposal;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Approval, Form, Limit, Table};
use crate::access::By;
use crate::access::permissions::BulkExport as MayExport;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::audit::origin::Origin;
use crate::extract::{Body, IdempotencyKey, Path};
use crate::fields::Faults;
use crate::problem::{Code, Problem, ProblemBody};

/// Kind of the proposals.
pub const KIND: &str = "bulk_export";
/// How long an approved file may be taken, in hours.
const HOURS: i64 = 24;
/// Within how many working days the second person should decide.
const DECIDE_WD: u32 = 3;

/// Routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(propose_export, list_exports))
        .routes(routes!(take_export))
}

domain::text_enum! {
    /// Lists that are exported with a second person.
    List("list") {
        /// Certificates of one's area.
        Certificates = "certificates",
        /// Trainees of the classes of one's area.
        Enrolments = "enrolments",
    }
}

impl List {
    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Certificates => "培训证书",
            Self::Enrolments => "班期学员",
        }
    }

    /// The English word on pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::Enrolments => "trainees of classes",
        }
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    /// `certificates` or `enrolments`.
    #[schema(value_type = String, example = "certificates")]
    pub list: List,
    /// `csv`, `xlsx` or `json`.
    #[schema(value_type = String, example = "xlsx")]
    pub form: Form,
    /// Only the certificates of this batch.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub batch: Option<BatchId>,
    /// Only the trainees of this class.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub cohort: Option<CohortId>,
    /// What for, 5 to 200 characters; it stands in the file.
    pub reason: String,
}

/// What a list is narrowed to, as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Filter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batch: Option<BatchId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cohort: Option<CohortId>,
}

/// An export that waits for its second person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProposedExport {
    /// The export.
    #[schema(value_type = String, format = "uuid")]
    pub export: Uuid,
    /// `proposed`.
    pub state: String,
    /// The proposal that a second person decides.
    pub proposal_id: String,
    /// Until when that should be done (RFC 3339, UTC).
    pub due_at: String,
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Asks for a file.
pub async fn propose(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    request: &ExportRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 5, 200);
    match (request.list, request.batch, request.cohort) {
        (List::Certificates, _, None) | (List::Enrolments, None, _) => {}
        _ => faults.add(
            "/cohort",
            "filter",
            "培训证书可按批次筛选,班期学员可按班期筛选。",
            "Certificates take a batch, trainees take a class.",
        ),
    }
    faults.finish()?;
    let mut act = match app.begin(actor, key, "propose_export", request).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    if let Some(cohort) = request.cohort {
        store::cohorts::find(&act.tx, &store::scope::Scope::of(actor), cohort)
            .await?
            .ok_or_else(Problem::not_found)?;
    }
    if let Some(batch) = request.batch {
        let batch = store::certificates::batch(&act.tx, batch)
            .await?
            .ok_or_else(Problem::not_found)?;
        let scope = store::scope::Scope::of(actor);
        store::cohorts::find(&act.tx, &scope, batch.cohort)
            .await?
            .ok_or_else(Problem::not_found)?;
    }
    let filter = Filter {
        batch: request.batch,
        cohort: request.cohort,
    };
    let filter = serde_json::to_string(&filter).map_err(Problem::internal)?;
    let new = NewExport {
        id: act.new_id(),
        list: request.list.as_str(),
        form: request.form.as_str(),
        filter: &filter,
        reason: request.reason.trim(),
    };
    rows::insert(&act.tx, &new, actor, act.now).await?;
    let due_on = app.calendar.add_working_days(act.today, DECIDE_WD);
    let due_at = act.now + Duration::days((due_on - act.today).num_days());
    let proposal = act
        .propose(KIND, new.id, "bulk_export", request, 1, Some(due_at))
        .await?;
    act.detail = format!("{} {}", new.list, new.form);
    act.record(Entry {
        kind: KIND,
        id: new.id,
        act: "propose",
        to: Some(BulkState::Proposed.as_str()),
        reason: Some(new.reason),
        ..Entry::default()
    })
    .await?;
    let receipt = ProposedExport {
        export: new.id,
        state: BulkState::Proposed.as_str().to_owned(),
        proposal_id: proposal.to_string(),
        due_at: instant(due_at),
    };
    let id = new.id;
    act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await
}

/// What became of an export at its second person.
#[derive(Debug, Serialize)]
struct ApprovedExport {
    export: Uuid,
    state: &'static str,
    valid_until: String,
}

/// The second person approved. They are of the proposer's federation or of one above it.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    crate::proposals::in_scope(act, proposal).await?;
    let id = proposal.object_id;
    let ends_at = act.now + Duration::hours(HOURS);
    rows::approve(&act.tx, id, &act.actor, act.now, ends_at).await?;
    act.record(Entry {
        kind: KIND,
        id,
        act: "approve",
        from: Some(BulkState::Proposed.as_str()),
        to: Some(BulkState::Approved.as_str()),
        proposer: Some(proposal.proposed_by),
        ..Entry::default()
    })
    .await?;
    let outcome = ApprovedExport {
        export: id,
        state: BulkState::Approved.as_str(),
        valid_until: instant(ends_at),
    };
    serde_json::to_value(outcome).map_err(Problem::internal)
}

/// The proposal was refused or taken back.
pub(crate) async fn refused(act: &Act, proposal: &Proposal) -> Result<(), Problem> {
    Ok(rows::refuse(&act.tx, proposal.object_id).await?)
}

/// What one's post asked for, newest first.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<BulkExport>, Problem> {
    Ok(rows::of_post(app.store.reader(), actor).await?)
}

/// Hands an approved file out: once, in time, to whoever asked for it, from the post from which they asked.
pub async fn take(app: &App, actor: &Actor, id: Uuid) -> Result<Response, Problem> {
    let found = rows::find(app.store.reader(), id)
        .await?
        .filter(|found| (found.account, found.post) == (actor.account, actor.post))
        .ok_or_else(Problem::not_found)?;
    let approver = match (found.state, found.approved_by, found.ends_at) {
        (BulkState::Proposed, _, _) => return Err(Problem::new(Code::SecondPersonRequired)),
        (BulkState::Approved, Some(by), Some(until)) if until > app.now() => by,
        _ => return Err(gone()),
    };
    let (table, form) = table(app, actor, &found).await?;
    let count = table.rows.len();
    let approval = Approval {
        export: id,
        approver,
        reason: found.reason,
    };
    // Made first: what cannot be made now is not used up, and is taken a moment later.
    let made = super::make_approved(app, actor, table, form, &approval).await?;
    let now = app.now();
    let tx = app.store.write().await?;
    // Taken before anything is sent: of two at once, one gets the file.
    rows::take(&tx, id, now, count)
        .await
        .map_err(|error| match error {
            store::StoreError::Stale => gone(),
            other => other.into(),
        })?;
    let origin = Origin::current();
    let (number, taken) = (id.to_string(), format!("{} rows={count}", found.list));
    for (act, object_kind, object_id, detail) in [
        ("take_export", KIND, number.as_str(), taken.as_str()),
        ("export", "export", made.name, made.detail.as_str()),
    ] {
        let entry = AuditEntry {
            request_id: &origin.request_id,
            network: &origin.network,
            actor: Some(actor),
            act,
            object_kind,
            object_id,
            detail,
            ..AuditEntry::at(now)
        };
        store::audit::append(&tx, &entry).await?;
    }
    store::commit(tx).await?;
    Ok(made.answer())
}

fn gone() -> Problem {
    Problem::new(Code::TransitionRefused).with_detail(
        "这份导出已被领取、退回,或已过期;需要时请重新提出。",
        "This export was taken, refused, or its time is over; ask again if you need it.",
    )
}

async fn table(app: &App, actor: &Actor, found: &BulkExport) -> Result<(Table, Form), Problem> {
    let filter: Filter = serde_json::from_str(&found.filter).map_err(Problem::internal)?;
    let form: Form = found.form.parse().map_err(Problem::internal)?;
    let list: List = found.list.parse().map_err(Problem::internal)?;
    let table = match list {
        List::Certificates => {
            crate::certificates::export::table(app, actor, filter.batch, Limit::Approved).await?
        }
        List::Enrolments => {
            crate::cohorts::export::table(app, actor, filter.cohort, Limit::Approved).await?
        }
    };
    Ok((table, form))
}

/// Ask for a file of more than a thousand persons; a second person decides.
#[utoipa::path(post, path = "/api/v1/exports", tag = "exports", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)), request_body = ExportRequest,
    responses((status = 202, body = ProposedExport), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn propose_export(
    State(app): State<App>,
    by: By<MayExport>,
    key: IdempotencyKey,
    Body(request): Body<ExportRequest>,
) -> Result<Receipt, Problem> {
    propose(&app, &by.actor, &key, &request).await
}

/// An export in the list of whoever asked.
#[derive(Serialize, ToSchema)]
struct ExportRow {
    /// Its id.
    id: String,
    /// Which list.
    list: String,
    /// Form of the file.
    form: String,
    /// What for.
    reason: String,
    /// `proposed`, `approved`, `refused`, `taken`.
    state: &'static str,
    /// When it was asked for (RFC 3339, UTC).
    proposed_at: String,
    /// Until when an approved one may be taken.
    valid_until: Option<String>,
    /// When it was taken.
    taken_at: Option<String>,
    /// How many rows it had.
    rows: Option<i32>,
}

/// One's own exports with a second person, newest first, the last hundred.
#[utoipa::path(get, path = "/api/v1/exports", tag = "exports", security(("bearer" = [])),
    responses((status = 200, body = [ExportRow]), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_exports(
    State(app): State<App>,
    by: By<MayExport>,
) -> Result<Json<Vec<ExportRow>>, Problem> {
    let found = list(&app, &by.actor)
        .await?
        .into_iter()
        .map(|one| ExportRow {
            id: one.id.to_string(),
            state: one.state.as_str(),
            proposed_at: instant(one.proposed_at),
            valid_until: one.ends_at.map(instant),
            taken_at: one.taken_at.map(instant),
            rows: one.rows,
            list: one.list,
            form: one.form,
            reason: one.reason,
        });
    Ok(Json(found.collect()))
}

/// Take an approved file: once.
#[utoipa::path(post, path = "/api/v1/exports/{id}/file", tag = "exports", security(("bearer" = [])),
    params(("id" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn take_export(
    State(app): State<App>,
    by: By<MayExport>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    take(&app, &by.actor, id).await
}
