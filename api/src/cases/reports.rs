//! Opinions, visits and inspections: put on record by the level that owes each (grading.md 7, T04 and inspections).

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::ids::AdmissionId;
use domain::institution::{ReportKind, may_report};
use serde::{Deserialize, Serialize};
use store::cases::reports::{self as rows, Report};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::{causes, facts, inspections, locked, terms};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::{self, DocumentRequest, KIND, check_document, check_points};
use crate::problem::Problem;

/// A report to record.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordReportRequest {
    /// `county_opinion prefecture_visit routine_inspection`.
    #[schema(value_type = String, example = "county_opinion")]
    pub kind: ReportKind,
    /// Whether it speaks for the institution: for its admission, or that the inspection found it in order.
    pub favourable: bool,
    /// What it says, 5 to 4,000 characters; no names of trainees.
    pub text: String,
    /// Visit, inspection: who was there, each with the declaration that there is no interest.
    #[serde(default)]
    pub members: Vec<String>,
    /// Day of the visit or inspection; today when not given.
    #[serde(default)]
    pub held_on: Option<NaiveDate>,
    /// Document.
    #[serde(default)]
    pub document: Option<DocumentRequest>,
}

/// A report on record.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReportReceipt {
    /// Its id.
    pub id: String,
    /// The admission.
    pub admission: String,
    /// Its kind.
    pub kind: String,
    /// Until when the next one is owed, or the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
}

/// Records a report. A further one of the same kind corrects the one before; the terms run from the first.
pub async fn record(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &RecordReportRequest,
) -> Result<Receipt, Problem> {
    check(request)?;
    let mut act = match app
        .begin(actor, key, "record_report", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut admission = locked(&act, id).await?;
    let holder = terms::holder(&act.tx, &admission, request.kind).await?;
    may_report(request.kind, admission.state, holder, actor.role)?;
    facts::not_interested(&act, &admission).await?;
    let held_on = request.held_on.unwrap_or(act.today);
    if held_on > act.today || held_on < domain::calendar::today(admission.applied_at) {
        return Err(Problem::field(
            "/held_on",
            "out-of-time",
            "日期应在申请之日以后,且不能晚于今天。",
            "The day lies between that of the application and today.",
        ));
    }
    let document = admission::document(&mut act, request.document.as_ref()).await?;
    let report = Report {
        id: act.new_id::<Uuid>(),
        admission: id,
        kind: request.kind,
        favourable: request.favourable,
        text: request.text.trim().to_owned(),
        members: request.members.clone(),
        held_on,
        document,
        made_at: act.now,
        made_by: actor.person,
        role: actor.role,
    };
    let known = rows::of(&act.tx, id).await?;
    rows::insert(&act.tx, &report).await?;
    let due_on = match request.kind {
        ReportKind::Inspection => {
            causes::look(app, &act.tx, &admission).await?;
            inspections::due_on(&act.tx, id).await?
        }
        kind => {
            // A correction leaves the terms as they are.
            if known.iter().all(|one| one.kind != kind) {
                terms::of_report(&act, &mut admission, kind).await?;
                store::institutions::update(&act.tx, &admission).await?;
            }
            admission.due_on
        }
    };
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: request.kind.as_str(),
        reason_code: Some(word(request.favourable)),
        document,
        evidence: &[report.id.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = ReportReceipt {
        id: report.id.to_string(),
        admission: id.to_string(),
        kind: request.kind.as_str().to_owned(),
        due_on: due_on.map(|day| day.to_string()),
    };
    act.finish(StatusCode::CREATED, &receipt, (KIND, id)).await
}

const fn word(favourable: bool) -> &'static str {
    if favourable { "favourable" } else { "adverse" }
}

fn check(request: &RecordReportRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.words("/text", &request.text, 5, 4_000);
    check_document(&mut faults, "/document", request.document.as_ref());
    check_points(&mut faults, "/members", &request.members);
    if request.kind.on_the_spot() && request.members.is_empty() {
        faults.add(
            "/members",
            "missing",
            "请列出参加人员及其无利害关系的声明。",
            "List who was there, each with the declaration that there is no interest.",
        );
    }
    faults.finish()
}

/// A report as federations see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportItem {
    /// Its id.
    pub id: String,
    /// `county_opinion prefecture_visit routine_inspection`.
    pub kind: &'static str,
    /// Whether it speaks for the institution.
    pub favourable: bool,
    /// What it says.
    pub text: String,
    /// Who was there.
    pub members: Vec<String>,
    /// Day.
    pub held_on: String,
    /// Level that recorded it.
    pub role: &'static str,
}

impl From<Report> for ReportItem {
    fn from(row: Report) -> Self {
        Self {
            id: row.id.to_string(),
            kind: row.kind.as_str(),
            favourable: row.favourable,
            text: row.text,
            members: row.members,
            held_on: row.held_on.to_string(),
            role: row.role.as_str(),
        }
    }
}

/// Reports about an institution of one's scope, oldest first.
pub async fn list(app: &App, actor: &Actor, id: AdmissionId) -> Result<Vec<Report>, Problem> {
    let reader = app.store.reader();
    store::institutions::find(reader, &store::scope::Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(rows::of(reader, id).await?)
}
