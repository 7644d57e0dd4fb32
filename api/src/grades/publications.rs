//! Results of a run on their way to the public: figures to the institutions, notice, grades by two persons (T09, T10).

use axum::http::StatusCode;
use domain::access::Actor;
use domain::ids::GradingRunId;
use domain::institution::{Grade, InstitutionState, InstitutionTransition, ResultKind, decide};
use serde::{Deserialize, Serialize};
use store::cases::results::GradeResult;
use store::grading::publications::{self as rows, Publication, PublicationState};
use store::grading::{FreezeKind, ResultRow};
use store::institutions::Admission;
use store::proposals::Proposal;
use store::scope::Scope;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{periods, policies, runs};
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::facts::{self, Phase};
use crate::extract::IdempotencyKey;
use crate::institutions::admission::{self, TransitionRequest};
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
    /// Institutions whose grade waits for a decision of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldUp>,
}

/// An institution that got no grade with the others.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HeldUp {
    /// Its admission.
    pub admission: String,
    /// What stands in the way: a state, or the code of a condition.
    pub code: String,
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
            held: Vec::new(),
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
    not_interested(&act, run, &federation).await?;
    policies::must_be_in_force(&act.tx, &federation, freeze.freeze_on, &found.policy).await?;
    periods::may_open(&act, &federation, &found, freeze.freeze_on).await?;
    if !rows::has_results(&act.tx, run, &federation).await? {
        return Err(Problem::new(Code::TransitionRefused).with_detail(
            "这次评级没有本省机构的结果。",
            "This run has no results on institutions of your federation.",
        ));
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
    let here = store::grading::results(&act.tx, run, Some(&publication.federation)).await?;
    crate::cases::results::enter(&mut act, &freeze, &found, &here).await?;
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

/// Figures, notice and grades concern every institution of the federation at once: whoever declared an interest in one of
/// them leaves the act to somebody else (grading.md 7).
async fn not_interested(act: &Act, run: GradingRunId, federation: &str) -> Result<(), Problem> {
    let person = act.actor.person;
    let own = store::cases::interests_in_results(&act.tx, person, run, federation).await?;
    if own.is_empty() {
        return Ok(());
    }
    let zh = format!(
        "您申报过与{}有利害关系,本批结果请由他人办理。",
        own.join("、")
    );
    let en = format!(
        "You declared an interest in {}; somebody else must act on these results.",
        own.join(", ")
    );
    Err(Problem::new(Code::TransitionRefused)
        .with_detail(zh.clone(), en.clone())
        .with_error("", "interest-declared", &zh, &en))
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
    not_interested(&act, row.run, &row.federation).await?;
    match request.act {
        PublicationAct::OpenNotice => {
            if row.state != PublicationState::Figures {
                return Err(wrong_state(&row, request.act));
            }
            if act.today <= row.figures_until {
                return Err(too_early(
                    "机构核对数据的期限未满,不能公示。",
                    "The institutions' time to correct their data is not over.",
                ));
            }
            periods::still_stands(&act, &row).await?;
            row.state = PublicationState::Notice;
            let days = act.app.evidence.evidence.results_notice_wd;
            let until = act.app.calendar.notice_until(act.today, days);
            row.notice_until = Some(until);
            crate::cases::results::notice(&act, row.run, &row.federation, until).await?;
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
            periods::still_stands(&act, &row).await?;
            let proposal = act
                .propose(KIND, id, "publish", &(), row.revision, None)
                .await?;
            let mut receipt = PublicationReceipt::of(&row);
            receipt.proposal_id = Some(proposal.to_string());
            act.finish(StatusCode::ACCEPTED, &receipt, (KIND, id)).await
        }
    }
}

/// Names both states, and who may do what instead.
fn wrong_state(row: &Publication, asked: PublicationAct) -> Problem {
    use PublicationState as S;
    let word = |state: S| match state {
        S::Figures => ("机构核对数据", "with the institutions for their figures"),
        S::Notice => ("公示中", "in their notice period"),
        S::Published => ("已公布", "published"),
    };
    let (needed, act_zh, act_en) = match asked {
        PublicationAct::OpenNotice => (S::Figures, "公示", "opening the notice"),
        PublicationAct::Publish => (S::Notice, "公布等级", "publishing the grades"),
    };
    let (now, needed) = (word(row.state), word(needed));
    let (next_zh, next_en) = match row.state {
        S::Figures => (
            "核对期满后由省级残联公示",
            "after the time for corrections a province officer opens the notice",
        ),
        S::Notice => (
            "公示期满后由省级残联提出、另一人批准公布",
            "after the notice a province officer proposes to publish and another one approves",
        ),
        S::Published => (
            "由机构申诉,或由更正的评级另行公布",
            "the institution appeals, or a correcting run is published",
        ),
    };
    Problem::new(Code::TransitionRefused).with_detail(
        format!(
            "这批结果当前为“{}”,{act_zh}须在“{}”之后;现在可以:{next_zh}。",
            now.0, needed.0
        ),
        format!(
            "These results are {}; {act_en} follows when they are {}. Now: {next_en}.",
            now.1, needed.1
        ),
    )
}

fn ready(act: &Act, row: &Publication) -> Result<(), Problem> {
    if row.state != PublicationState::Notice {
        return Err(wrong_state(row, PublicationAct::Publish));
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
    periods::still_stands(act, &row).await?;
    let results = store::grading::results(&act.tx, row.run, Some(&row.federation)).await?;
    let (mut grades, mut held, mut without) = (0, Vec::new(), Vec::new());
    for result in &results {
        match grade(act, &row, result, proposal).await? {
            Graded::Now => grades += 1,
            Graded::Later(held_up) => {
                held.push(held_up);
                without.push(result.admission);
            }
            Graded::Nothing => without.push(result.admission),
        }
    }
    row.state = PublicationState::Published;
    row.published_on = Some(act.today);
    row.published_at = Some(act.now);
    row.revision = rows::update(&act.tx, &row).await?;
    // What was published is a cause, also where no grade follows from it now.
    for id in without {
        if let Some(admission) = store::institutions::lock_any(&act.tx, id).await? {
            crate::cases::causes::look(&act.app, &act.tx, &admission).await?;
        }
    }
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
    receipt.held = held;
    serde_json::to_value(receipt).map_err(Problem::internal)
}

enum Graded {
    Now,
    Later(HeldUp),
    /// The run gives no first grade (P), or the institution is on its way out.
    Nothing,
}

/// One institution: T09 for the first grade, T10 for the next. What stands in the way of one (an open objection, a
/// declared interest of the approver) keeps its grade for a decision of its own, and nobody else's.
async fn grade(
    act: &mut Act,
    row: &Publication,
    result: &ResultRow,
    proposal: &Proposal,
) -> Result<Graded, Problem> {
    use InstitutionState as S;
    let scope = Scope::of(&act.actor);
    let Some(admission) = store::institutions::lock(&act.tx, &scope, result.admission).await?
    else {
        return Ok(Graded::Nothing);
    };
    if let Some(graded) = overtaken(act, row, &admission).await? {
        return Ok(graded);
    }
    let transition = match admission.state {
        // The first grade is A to D; later, too few trainees make an annual P, which replaces the old grade.
        S::Provisional if result.grade == Grade::P.as_str() => return Ok(Graded::Nothing),
        S::Provisional => InstitutionTransition::T09,
        S::Graded => InstitutionTransition::T10,
        // The grade waits; a second D in succession is known all the same.
        S::Warned | S::Rectifying | S::Suspended => {
            return Ok(Graded::Later(HeldUp {
                admission: admission.id.to_string(),
                code: admission.state.as_str().to_owned(),
            }));
        }
        _ => return Ok(Graded::Nothing),
    };
    // This result is decided, and no other one of the institution that waits.
    let request = TransitionRequest {
        run: Some(row.run),
        ..TransitionRequest::of(transition)
    };
    let step = match facts::gather(act, &admission, &request, Phase::Decides).await {
        Ok(facts) => decide(&facts, transition, act.actor.role).map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match step {
        Ok(step) => {
            admission::take(act, admission, step, &request, Some(proposal)).await?;
            Ok(Graded::Now)
        }
        Err(problem) if problem.code() == Code::TransitionRefused => Ok(Graded::Later(HeldUp {
            admission: admission.id.to_string(),
            code: problem
                .errors()
                .first()
                .map_or("refused", |error| error.code.as_str())
                .to_owned(),
        })),
        Err(problem) => Err(problem),
    }
}

/// A grade that was decided of a later year is in force: the correction of an earlier one does not take it away. Only where
/// that earlier grade was set aside is something left to be decided.
async fn overtaken(
    act: &Act,
    row: &Publication,
    admission: &Admission,
) -> Result<Option<Graded>, Problem> {
    let all = store::cases::results::of(&act.tx, admission.id).await?;
    let decided = || {
        let annual = |one: &&GradeResult| one.row.kind == ResultKind::Annual && one.row.decided;
        all.iter().filter(annual)
    };
    if !decided().any(|one| one.row.freeze_on > row.freeze_on) {
        return Ok(None);
    }
    let own = decided().rfind(|one| one.row.freeze_on == row.freeze_on);
    Ok(Some(match own.and_then(|own| own.row.grade) {
        Some(_) => Graded::Nothing,
        None => Graded::Later(HeldUp {
            admission: admission.id.to_string(),
            code: "later-grade-decided".to_owned(),
        }),
    }))
}
