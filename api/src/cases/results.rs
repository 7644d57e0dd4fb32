//! Results of grading runs on an institution: shown to it, then published for objections, then decided (T09, T10).

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::Actor;
use domain::ids::{AdmissionId, ObjectionId, ResultId};
use domain::institution::{Grade, InstitutionState, ResultKind, ResultRow};
use domain::lifecycle::{Refusal, Unmet};
use serde::{Deserialize, Serialize};
use store::cases::results::{self, GradeResult};
use store::objections::Objection;
use utoipa::ToSchema;

use crate::act::{Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::{facts, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::{KIND, check_sha256, sha256_of};
use crate::institutions::objections::{ObjectionReceipt, RaiseObjectionRequest};
use crate::problem::{Code, Problem};

/// What a run says about one institution.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterResultRequest {
    /// `annual` or `quarterly`.
    #[schema(value_type = String, example = "annual")]
    pub kind: ResultKind,
    /// Id of the run, or number of the document that holds it.
    pub run: String,
    /// Last day of the evidence.
    pub freeze_on: NaiveDate,
    /// `annual`: the grade.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "B")]
    pub grade: Option<Grade>,
    /// Whether EMP is significantly low.
    #[serde(default)]
    pub emp_sig_low: bool,
    /// Mean satisfaction in thousandths, where available.
    #[serde(default)]
    pub sat_milli: Option<u32>,
    /// Whether satisfaction is suspended for flags.
    #[serde(default)]
    pub sat_suspended: bool,
    /// SHA-256 of the evidence, hexadecimal.
    #[serde(default)]
    pub evidence_sha256: Option<String>,
}

/// A result after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ResultReceipt {
    /// Its id.
    pub id: String,
    /// When the institution was shown its figures.
    pub shown_on: String,
    /// From which day the notice may begin.
    pub notice_from: String,
    /// Last day of the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_until: Option<String>,
}

/// The day from which the notice may begin: T10 gives the institution so long to correct its data.
fn notice_from(app: &App, state: InstitutionState, shown_on: NaiveDate) -> NaiveDate {
    if state == InstitutionState::Provisional {
        shown_on
    } else {
        let days = app.policy.workflow.figures_shown_wd;
        let last = app.calendar.add_working_days(shown_on, days);
        last.succ_opt().unwrap_or(last)
    }
}

fn receipt(app: &App, state: InstitutionState, one: &GradeResult) -> ResultReceipt {
    ResultReceipt {
        id: one.id.to_string(),
        shown_on: one.shown_on.to_string(),
        notice_from: notice_from(app, state, one.shown_on).to_string(),
        notice_until: one.notice_until.map(|day| day.to_string()),
    }
}

/// Enters a result: the institution sees its figures from now on.
pub async fn enter(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &EnterResultRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.text("/run", &request.run, 1, 100);
    check_sha256(
        &mut faults,
        "/evidence_sha256",
        request.evidence_sha256.as_deref(),
    );
    if let Some(mean) = request.sat_milli {
        faults.between("/sat_milli", mean, 1_000, 5_000);
    }
    if request.grade.is_some() != (request.kind == ResultKind::Annual) {
        faults.add(
            "/grade",
            "grade",
            "年度评价须有等级,季度监测没有等级。",
            "An annual result has a grade, a quarterly one has none.",
        );
    }
    if request.freeze_on > app.today() {
        faults.add(
            "/freeze_on",
            "future",
            "数据截止日不能晚于今天。",
            "The evidence cannot end in the future.",
        );
    }
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "enter_result", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    facts::not_interested(&act, &admission).await?;
    if !admission.state.is_admitted() {
        return Err(Problem::new(Code::InstitutionNotAdmitted));
    }
    let result = GradeResult {
        id: act.new_id(),
        admission: id,
        row: ResultRow {
            kind: request.kind,
            freeze_on: request.freeze_on,
            grade: request.grade,
            emp_sig_low: request.emp_sig_low,
            sat_milli: request.sat_milli,
            sat_suspended: request.sat_suspended,
            decided: false,
        },
        run: request.run.trim().to_owned(),
        evidence_sha256: request.evidence_sha256.as_deref().and_then(sha256_of),
        shown_on: act.today,
        notice_on: None,
        notice_until: None,
        decided_on: None,
        previous_grade: None,
        entered_by: actor.person,
        entered_at: act.now,
    };
    results::insert(&act.tx, &result).await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: "enter_result",
        reason_code: Some(request.kind.as_str()),
        evidence: &[result.id.to_string(), format!("run:{}", result.run)],
        ..Entry::default()
    })
    .await?;
    let answer = receipt(app, admission.state, &result);
    act.finish(StatusCode::CREATED, &answer, ("result", result.id))
        .await
}

/// Begins the notice of an annual result.
pub async fn notice(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: ResultId,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "notice_result", &id).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut result = results::find(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let admission = locked(&act, result.admission).await?;
    facts::not_interested(&act, &admission).await?;
    let from = notice_from(app, admission.state, result.shown_on);
    let mut unmet = Vec::new();
    if result.row.kind != ResultKind::Annual {
        unmet.push(Unmet::new(
            "no-grade",
            "季度监测不公示等级。",
            "Quarterly monitoring publishes no grade.",
        ));
    }
    if result.notice_on.is_some() {
        unmet.push(Unmet::new(
            "notice-given",
            "这一结果已公示过。",
            "The notice of this result was given.",
        ));
    }
    if act.today < from {
        unmet.push(Unmet::new(
            "figures-shown",
            format!("机构在 {from} 之前可以核对和更正数据,之后才能公示。"),
            format!("Before {from} the institution may check and correct its data."),
        ));
    }
    if !unmet.is_empty() {
        let act = domain::institution::InstitutionTransition::T10;
        return Err(Refusal::conditions(act, admission.state, unmet).into());
    }
    let days = app.policy.workflow.results_notice_wd;
    let until = app.calendar.notice_until(act.today, days);
    results::notice(&act.tx, id, act.today, until).await?;
    result.notice_until = Some(until);
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        act: "notice_result",
        evidence: &[id.to_string()],
        ..Entry::default()
    })
    .await?;
    let answer = receipt(app, admission.state, &result);
    act.finish(StatusCode::OK, &answer, ("result", id)).await
}

/// Records an objection to a result while its notice runs.
pub async fn object(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: ResultId,
    request: &RaiseObjectionRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.text("/text", &request.text, 5, 2_000);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "object_to_result", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let result = results::find(&act.tx, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let admission = locked(&act, result.admission).await?;
    if result.notice_until.is_none_or(|until| act.today > until) {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "只有公示期间可以提出异议。",
            "Objections are taken while the notice runs.",
        ));
    }
    let objection = Objection {
        id: act.new_id::<ObjectionId>(),
        object_kind: "result".to_owned(),
        object_id: id.uuid(),
        text: request.text.trim().to_owned(),
        raised_at: act.now,
        state: "open".to_owned(),
        answer: None,
    };
    store::objections::insert(&act.tx, &objection).await?;
    act.record(Entry {
        kind: KIND,
        id: admission.id.uuid(),
        act: "object_to_result",
        evidence: &[objection.id.to_string(), id.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = ObjectionReceipt {
        id: objection.id.to_string(),
        state: objection.state,
    };
    act.finish(StatusCode::CREATED, &receipt, ("objection", objection.id))
        .await
}
