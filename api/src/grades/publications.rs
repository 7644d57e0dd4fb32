//! Results of a run on their way to the public: figures to the institutions, notice, grades by two persons (T09, T10).

use axum::http::StatusCode;
use certs::log::LeafEntry;
use domain::access::Actor;
use domain::ids::GradingRunId;
use domain::institution::InstitutionState;
use serde::{Deserialize, Serialize};
use store::grading::publications::{self as rows, Publication, PublicationState};
use store::grading::{FreezeKind, ResultRow};
use store::proposals::Proposal;
use store::scope::Scope;
use utoipa::ToSchema;
use uuid::Uuid;

use super::runs;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::extract::IdempotencyKey;
use crate::problem::{Code, Problem};

/// Kind of thing in timelines and proposals.
pub(crate) const KIND: &str = "grade_publication";

domain::text_enum! {
    /// An act on a publication.
    PublicationAct("act on a publication") {
        /// Open the notice, once the time for corrections is over.
        OpenNotice = "open_notice",
        /// Publish the grades (two persons).
        Publish = "publish",
    }
}

/// An act asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicationActRequest {
    /// `open_notice` or `publish`.
    #[schema(value_type = String, example = "open_notice")]
    pub act: PublicationAct,
}

/// A publication as the desks see it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PublicationReceipt {
    /// Its id.
    pub id: String,
    /// The run.
    pub run: String,
    /// The federation.
    pub federation: String,
    /// `figures`, `notice`, `published`.
    pub state: String,
    /// Last day on which figures may be corrected.
    pub figures_until: String,
    /// Last day of the notice.
    pub notice_until: Option<String>,
    /// Raised by every change.
    pub revision: i32,
    /// The proposal that waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<String>,
    /// Grades that were published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<u32>,
}

impl PublicationReceipt {
    /// Of a publication.
    pub fn of(row: &Publication) -> Self {
        Self {
            id: row.id.to_string(),
            run: row.run.to_string(),
            federation: row.federation.clone(),
            state: row.state.as_str().to_owned(),
            figures_until: row.figures_until.to_string(),
            notice_until: row.notice_until.map(|day| day.to_string()),
            revision: row.revision,
            proposal_id: None,
            grades: None,
        }
    }
}

/// The grades that a run proposes for the institutions of a federation.
pub async fn proposed(
    app: &App,
    run: GradingRunId,
    federation: &str,
) -> Result<Vec<ResultRow>, Problem> {
    runs::find(app, run).await?;
    Ok(store::grading::results(app.store.reader(), run, Some(federation)).await?)
}

/// Tells the institutions of the actor's federation their figures; only an annual run gives grades.
pub async fn open(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    run: GradingRunId,
) -> Result<Receipt, Problem> {
    let (found, freeze) = runs::find(app, run).await?;
    let mut act = match app
        .begin(actor, key, "open_grade_publication", &run)
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    if freeze.kind != FreezeKind::Annual {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "季度监测不产生等级;请用年度评级。",
            "A quarterly run never changes a grade; publish an annual one.",
        ));
    }
    let federation = actor.federation.clone().unwrap_or_default();
    if !rows::has_results(&act.tx, run, &federation).await? {
        return Err(Problem::not_found());
    }
    let days = act.app.evidence.evidence.figures_wd;
    let publication = Publication {
        id: act.new_id(),
        run: found.id,
        federation,
        freeze_on: freeze.freeze_on,
        state: PublicationState::Figures,
        figures_until: act.app.calendar.add_working_days(act.today, days),
        notice_until: None,
        published_on: None,
        published_at: None,
        revision: 1,
    };
    rows::insert(&act.tx, &publication).await?;
    act.record(Entry {
        kind: KIND,
        id: publication.id,
        act: "open_figures",
        to: Some("figures"),
        evidence: &[run.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = PublicationReceipt::of(&publication);
    act.finish(StatusCode::CREATED, &receipt, (KIND, publication.id))
        .await
}

async fn own(act: &Act, id: Uuid) -> Result<Publication, Problem> {
    rows::find(&act.tx, id)
        .await?
        .filter(|row| Some(&row.federation) == act.actor.federation.as_ref())
        .ok_or_else(Problem::not_found)
}

fn too_early(zh: &str, en: &str) -> Problem {
    Problem::new(Code::TransitionRefused).with_detail(zh, en)
}

/// Opens the notice, or proposes to publish.
pub async fn act_on(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: Uuid,
    revision: i32,
    request: &PublicationActRequest,
) -> Result<Receipt, Problem> {
    let begun = app
        .begin(actor, key, "act_on_grade_publication", &(id, request))
        .await?;
    let mut act = match begun {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut row = own(&act, id).await?;
    if row.revision != revision {
        return Err(Problem::new(Code::PreconditionFailed));
    }
    match request.act {
        PublicationAct::OpenNotice => {
            if row.state != PublicationState::Figures {
                return Err(wrong_state(&row));
            }
            if act.today <= row.figures_until {
                return Err(too_early(
                    "机构核对数据的期限未满,不能公示。",
                    "The institutions' time to correct their data is not over.",
                ));
            }
            row.state = PublicationState::Notice;
            let days = act.app.evidence.evidence.results_notice_wd;
            row.notice_until = Some(act.app.calendar.notice_until(act.today, days));
            row.revision = rows::update(&act.tx, &row).await?;
            act.record(Entry {
                kind: KIND,
                id,
                act: "open_notice",
                from: Some("figures"),
                to: Some("notice"),
                ..Entry::default()
            })
            .await?;
            let receipt = PublicationReceipt::of(&row);
            act.finish(StatusCode::OK, &receipt, (KIND, id)).await
        }
        PublicationAct::Publish => {
            ready(&act, &row)?;
            let proposal = act
                .propose(KIND, id, "publish", &(), row.revision, None)
                .await?;
            let mut receipt = PublicationReceipt::of(&row);
            receipt.proposal_id = Some(proposal.to_string());
            act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await
        }
    }
}

fn wrong_state(row: &Publication) -> Problem {
    Problem::new(Code::TransitionRefused).with_detail(
        format!("这批结果当前是 {},不能办理这一步。", row.state.as_str()),
        format!(
            "These results are in state {}; this act is not allowed now.",
            row.state.as_str()
        ),
    )
}

fn ready(act: &Act, row: &Publication) -> Result<(), Problem> {
    if row.state != PublicationState::Notice {
        return Err(wrong_state(row));
    }
    if row.notice_until.is_none_or(|until| act.today <= until) {
        return Err(too_early(
            "结果公示期未满,不能发布等级。",
            "The notice of the results is not over.",
        ));
    }
    Ok(())
}

/// Writes the grades with their leaves, as the second person approved.
pub(crate) async fn execute(
    act: &mut Act,
    proposal: &Proposal,
) -> Result<serde_json::Value, Problem> {
    let mut row = own(act, proposal.object_id).await?;
    ready(act, &row)?;
    let run = store::grading::run(&act.tx, row.run)
        .await?
        .ok_or_else(|| Problem::internal("a publication without a run"))?;
    let results = store::grading::results(&act.tx, row.run, Some(&row.federation)).await?;
    let mut grades = 0;
    for result in &results {
        if grade(act, &row, &run, result, proposal).await? {
            grades += 1;
        }
    }
    row.state = PublicationState::Published;
    row.published_on = Some(act.today);
    row.published_at = Some(act.now);
    row.revision = rows::update(&act.tx, &row).await?;
    act.record(Entry {
        kind: KIND,
        id: row.id,
        act: "publish",
        from: Some("notice"),
        to: Some("published"),
        proposer: Some(proposal.proposed_by),
        ..Entry::default()
    })
    .await?;
    let mut receipt = PublicationReceipt::of(&row);
    receipt.grades = Some(grades);
    serde_json::to_value(receipt).map_err(Problem::internal)
}

/// One institution: T09 for the first grade, T10 for the next; P leaves the state as it is. Those that are suspended or on
/// their way out get no new grade.
async fn grade(
    act: &mut Act,
    publication: &Publication,
    run: &store::grading::Run,
    result: &ResultRow,
    proposal: &Proposal,
) -> Result<bool, Problem> {
    use InstitutionState as S;
    let scope = Scope::of(&act.actor);
    let Some(mut admission) = store::institutions::lock(&act.tx, &scope, result.admission).await?
    else {
        return Ok(false);
    };
    let from = admission.state;
    let (name, to) = match from {
        S::Provisional if result.grade != "P" => ("T09", S::Graded),
        S::Graded | S::Warned | S::Rectifying | S::Provisional => ("T10", from),
        _ => return Ok(false),
    };
    admission.grade = Some(result.grade.parse().map_err(Problem::internal)?);
    if to != from {
        admission.state = to;
        admission.state_since = act.now;
    }
    store::institutions::update(&act.tx, &admission).await?;
    let at = act.log_time().await?;
    let word = |text: &str| text.parse().map_err(Problem::internal);
    let credit_code = &admission.institution.credit_code;
    let leaf = act
        .log(LeafEntry::Grade {
            at,
            institution: credit_code.parse().map_err(Problem::internal)?,
            federation: admission.federation.parse().map_err(Problem::internal)?,
            grade: word(&result.grade)?,
            policy: word(&run.policy)?,
            results: run.results_sha256,
            freeze: publication.freeze_on,
        })
        .await?;
    act.record(Entry {
        kind: crate::institutions::admission::KIND,
        id: admission.id.uuid(),
        act: name,
        from: Some(from.as_str()),
        to: Some(to.as_str()),
        reason_code: Some(&result.grade),
        leaf: Some(leaf),
        proposer: Some(proposal.proposed_by),
        evidence: &[run.id.to_string()],
        ..Entry::default()
    })
    .await?;
    Ok(true)
}
