//! What a run means for the state of an institution: shown to it, noticed for objections, then decided (T09, T10).

use std::collections::HashSet;

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::{Actor, Role};
use domain::grading::Sig;
use domain::ids::{ObjectionId, ResultId};
use domain::institution::{ResultKind, ResultRow};
use serde::Deserialize;
use store::cases::results::{self, GradeResult};
use store::grading::publications::{self, PublicationState};
use store::grading::{Freeze, FreezeKind, Run};
use store::objections::Objection;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::cases::{causes, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::KIND;
use crate::institutions::objections::{ObjectionReceipt, RaiseObjectionRequest};
use crate::problem::{Code, Problem};

/// What the transitions ask of an institution's entry in R.
#[derive(Deserialize)]
struct Figures {
    indicators: Indicators,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Indicators {
    emp: Rate,
    sat: Satisfaction,
}

#[derive(Deserialize)]
struct Rate {
    sig: String,
}

#[derive(Deserialize)]
struct Satisfaction {
    available: bool,
    adjusted_milli: Option<u32>,
}

/// Enters what a run says of each of these institutions: from now on it sees its figures.
pub(crate) async fn enter(
    act: &mut Act,
    freeze: &Freeze,
    run: &Run,
    rows: &[store::grading::ResultRow],
) -> Result<(), Problem> {
    let suspended: HashSet<_> = store::surveys::suspended(&act.tx)
        .await?
        .into_iter()
        .collect();
    let kind = match freeze.kind {
        FreezeKind::Annual => ResultKind::Annual,
        FreezeKind::Quarterly => ResultKind::Quarterly,
    };
    let mut entered = Vec::with_capacity(rows.len());
    for row in rows {
        let figures: Figures = serde_json::from_str(&row.entry).map_err(Problem::internal)?;
        let Indicators { emp, sat } = figures.indicators;
        let grade = match kind {
            ResultKind::Annual => Some(row.grade.parse().map_err(Problem::internal)?),
            ResultKind::Quarterly => None,
        };
        entered.push(GradeResult {
            id: act.new_id(),
            admission: row.admission,
            run: run.id,
            row: ResultRow {
                kind,
                freeze_on: freeze.freeze_on,
                grade,
                emp_sig_low: emp.sig == Sig::Low.as_str(),
                sat_milli: sat.adjusted_milli.filter(|_| sat.available),
                sat_suspended: suspended.contains(&row.admission),
                decided: false,
            },
            shown_on: act.today,
            notice_on: None,
            notice_until: None,
            decided_on: None,
            previous_grade: None,
            entered_by: act.actor.person,
            entered_at: act.now,
        });
    }
    results::insert(&act.tx, &entered).await?;
    // What a warning may follow from is owed from now on.
    for one in &entered {
        let row = &one.row;
        let low = row
            .sat_milli
            .is_some_and(|mean| mean < act.app.policy.workflow.warning_sat_milli);
        if row.emp_sig_low || row.sat_suspended || low {
            let found = store::institutions::lock_any(&act.tx, one.admission).await?;
            if let Some(admission) = found {
                causes::look(&act.app, &act.tx, &admission).await?;
            }
        }
    }
    Ok(())
}

/// Begins the notice of a run's results in one federation.
pub(crate) async fn notice(
    act: &Act,
    run: domain::ids::GradingRunId,
    federation: &str,
    until: NaiveDate,
) -> Result<(), Problem> {
    Ok(results::notice(&act.tx, run, federation, act.today, until).await?)
}

/// Until when somebody may object to a result; nothing when they may not. An institution may already while it checks its
/// figures (grading.md 7, T10).
pub(crate) async fn until(
    db: &impl store::ConnectionTrait,
    result: &GradeResult,
    federation: &str,
    role: Role,
) -> Result<Option<NaiveDate>, Problem> {
    if result.notice_until.is_some() || !role.is_institution() {
        return Ok(result.notice_until);
    }
    let all = publications::list(db, Some(federation), Some(PublicationState::Figures)).await?;
    let own = all.into_iter().find(|one| one.run == result.run);
    Ok(own.map(|one| one.figures_until))
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
    faults.words("/text", &request.text, 5, 2_000);
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
    if until(&act.tx, &result, &admission.federation, actor.role)
        .await?
        .is_none_or(|until| act.today > until)
    {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "机构在核对数据和公示期间、他人在公示期间可以提出异议;公布后可以申诉。",
            "The institution objects while it checks its figures or the notice runs, others while the notice runs; after that there is the appeal.",
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
        number: None,
        sender_enc: None,
        answer_due: None,
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
    // An open objection keeps the grade from being given: whoever decides it is reminded.
    let of = Of {
        admission: admission.id,
        kind: "objection",
        id: objection.id.uuid(),
    };
    let due = terms::working_days(&act, app.policy.workflow.province_decision_wd);
    let decider = Role::ProvinceOfficer;
    terms::begin(&act, of, "objection", decider, act.today, due).await?;
    let receipt = ObjectionReceipt {
        id: objection.id.to_string(),
        state: objection.state,
    };
    act.finish(StatusCode::CREATED, &receipt, ("objection", objection.id))
        .await
}
