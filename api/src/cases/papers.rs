//! Papers of a case: replies, plans, reports, inspections, hearings; the one extension of a term; interests.

use axum::http::StatusCode;
use chrono::NaiveDate;
use domain::access::{Actor, Role};
use domain::ids::{AdmissionId, CaseId, FileId};
use domain::institution::{InstitutionState, InstitutionTransition as T, PaperKind, may_file};
use domain::lifecycle::{Refusal, Unmet};
use serde::{Deserialize, Serialize};
use store::cases::Case;
use store::cases::papers::Paper;
use store::scope::Scope;
use utoipa::ToSchema;

use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::cases::{facts, locked};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::institutions::admission::{
    self, DocumentRequest, check_document, check_points, check_sha256,
};
use crate::problem::Problem;

/// Kind of thing in timelines.
pub(crate) const KIND: &str = "case";

/// A paper to file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilePaperRequest {
    /// `reply plan report statement hearing_request inspection hearing hearing_waiver`.
    #[schema(value_type = String, example = "reply")]
    pub kind: PaperKind,
    /// What it says, 5 to 4,000 characters; no names of trainees.
    pub text: String,
    /// `inspection`: whether it proposes acceptance.
    #[serde(default)]
    pub passed: Option<bool>,
    /// `inspection`, `hearing`: who was there, each with the declaration that there is no interest.
    #[serde(default)]
    pub members: Vec<String>,
    /// Day of the inspection or hearing; today when not given.
    #[serde(default)]
    pub held_on: Option<NaiveDate>,
    /// SHA-256 of the evidence, hexadecimal.
    #[serde(default)]
    pub evidence_sha256: Option<String>,
    /// Document.
    #[serde(default)]
    pub document: Option<DocumentRequest>,
    /// File uploaded before at `/api/v1/files`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub file: Option<FileId>,
}

/// A case after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CaseReceipt {
    /// The case.
    pub id: String,
    /// Its number.
    pub number: String,
    /// The transition that it stands at.
    pub stage: String,
    /// `open` or `closed`.
    pub state: String,
    /// The paper filed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
    /// Last day of the term to rectify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_until: Option<String>,
    /// Raised by every change.
    pub revision: i32,
}

impl CaseReceipt {
    pub(crate) fn of(case: &Case, paper: Option<String>) -> Self {
        Self {
            id: case.id.to_string(),
            number: case.number.clone(),
            stage: case.stage.as_str().to_owned(),
            state: if case.open { "open" } else { "closed" }.to_owned(),
            paper,
            term_until: case.term_until.map(|day| day.to_string()),
            revision: case.revision,
        }
    }
}

/// The case in the actor's scope, its admission locked.
async fn case_locked(act: &Act, id: CaseId) -> Result<Case, Problem> {
    let found = store::cases::find(&act.tx, &Scope::of(&act.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    locked(act, found.case.admission).await?;
    // Again under the lock: its stage may have moved.
    let found = store::cases::find(&act.tx, &Scope::of(&act.actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    Ok(found.case)
}

/// Files a paper in a case.
pub async fn file(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CaseId,
    request: &FilePaperRequest,
) -> Result<Receipt, Problem> {
    check(request)?;
    let mut act = match app.begin(actor, key, "file_paper", &(id, request)).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let case = case_locked(&act, id).await?;
    let admission = locked(&act, case.admission).await?;
    may_file(request.kind, case.stage, case.open, actor.role)?;
    facts::not_interested(&act, &admission).await?;
    conditions(&act, &case, request).await?;
    let held_on = request.held_on.unwrap_or(act.today);
    if held_on > act.today {
        return Err(Problem::field(
            "/held_on",
            "future",
            "日期不能晚于今天。",
            "The day cannot lie in the future.",
        ));
    }
    if let Some(file) = request.file {
        crate::files::within(&act, "/file", file).await?;
    }
    let document = admission::document(&mut act, request.document.as_ref()).await?;
    let paper = Paper {
        id: act.new_id(),
        case: id,
        kind: request.kind,
        text: request.text.trim().to_owned(),
        passed: request.passed,
        members: request.members.clone(),
        held_on,
        evidence_sha256: request
            .evidence_sha256
            .as_deref()
            .and_then(admission::sha256_of),
        document,
        file: request.file,
        made_at: act.now,
        made_by: actor.person,
        role: actor.role,
    };
    store::cases::papers::insert(&act.tx, &paper).await?;
    store::cases::terms::meet(&act.tx, id.uuid(), request.kind.meets(), act.today).await?;
    next_term(&act, &case, &paper).await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: request.kind.as_str(),
        reason: Some(paper.text.chars().take(500).collect::<String>().as_str()),
        document,
        evidence: &[paper.id.to_string()],
        ..Entry::default()
    })
    .await?;
    let receipt = CaseReceipt::of(&case, Some(paper.id.to_string()));
    act.finish(StatusCode::CREATED, &receipt, (KIND, id)).await
}

fn check(request: &FilePaperRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.words("/text", &request.text, 5, 4_000);
    check_sha256(
        &mut faults,
        "/evidence_sha256",
        request.evidence_sha256.as_deref(),
    );
    check_document(&mut faults, "/document", request.document.as_ref());
    check_points(&mut faults, "/members", &request.members);
    if request.kind == PaperKind::Inspection && request.passed.is_none() {
        faults.add(
            "/passed",
            "missing",
            "请写明检查是否合格。",
            "Say whether the inspection proposes acceptance.",
        );
    }
    if matches!(request.kind, PaperKind::Inspection | PaperKind::Hearing)
        && request.members.is_empty()
    {
        faults.add(
            "/members",
            "missing",
            "请列出参加人员及其无利害关系的声明。",
            "List who was there, each with the declaration that there is no interest.",
        );
    }
    faults.finish()
}

/// Who proposed the exit does not chair its hearing; silence is a waiver only after the served term.
async fn conditions(act: &Act, case: &Case, request: &FilePaperRequest) -> Result<(), Problem> {
    let mut unmet = Vec::new();
    if request.kind == PaperKind::Hearing && case.exit_proposed_by == Some(act.actor.person) {
        unmet.push(Unmet::new(
            "proposer-hears",
            "提出退出的人不能主持听证,请由他人办理。",
            "Whoever proposed the exit does not hold its hearing; somebody else must.",
        ));
    }
    if request.kind == PaperKind::HearingWaiver && act.actor.role != Role::InstitutionOperator {
        let term = store::cases::terms::newest(&act.tx, case.id.uuid(), "hearing_request").await?;
        let papers = facts::stage_papers(act, case).await?;
        let asked = papers
            .iter()
            .any(|one| one.kind == PaperKind::HearingRequest);
        match term {
            _ if asked => unmet.push(Unmet::new(
                "hearing-asked",
                "机构已申请听证,请举行听证。",
                "The institution asked for a hearing; hold it.",
            )),
            None => unmet.push(Unmet::new(
                "not-served",
                "听证权利尚未送达告知,请先登记送达。",
                "The offer of a hearing was not served; record the service first.",
            )),
            Some(term) if act.today <= term.due_on => unmet.push(Unmet::new(
                "term-running",
                format!("机构可在 {} 前申请听证。", term.due_on),
                format!(
                    "The institution may ask for a hearing until {}.",
                    term.due_on
                ),
            )),
            Some(_) => {}
        }
    }
    if unmet.is_empty() {
        Ok(())
    } else {
        Err(Refusal::conditions(case.stage, InstitutionState::ExitNotice, unmet).into())
    }
}

/// The act that the paper calls for.
async fn next_term(act: &Act, case: &Case, paper: &Paper) -> Result<(), Problem> {
    let numbers = &act.app.policy.workflow;
    let of = Of::case(case);
    let decide = terms::working_days(act, numbers.province_decision_wd);
    match paper.kind {
        PaperKind::Reply => {
            terms::begin(act, of, "decide", case.stage_role, act.today, decide).await
        }
        PaperKind::Report => {
            let has = store::institutions::has_prefecture(&act.tx, case.admission).await?;
            let holder = if has {
                Role::PrefectureOfficer
            } else {
                Role::ProvinceOfficer
            };
            let due = terms::working_days(act, numbers.inspection_wd);
            terms::begin(act, of, "inspection", holder, act.today, due).await
        }
        PaperKind::Inspection => {
            terms::begin(act, of, "decide", Role::ProvinceOfficer, act.today, decide).await
        }
        PaperKind::HearingRequest => {
            let due = terms::working_days(act, numbers.exit_hearing_wd);
            terms::begin(act, of, "hearing", Role::ProvinceOfficer, act.today, due).await
        }
        _ => Ok(()),
    }
}

/// Why the term to rectify is extended.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendTermRequest {
    /// New last day: at most the policy's days after the old one.
    pub until: NaiveDate,
    /// Reason, 1 to 500 characters.
    pub reason: String,
}

/// Extends the term to rectify, once.
pub async fn extend(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CaseId,
    request: &ExtendTermRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 1, 500);
    faults.finish()?;
    let mut act = match app.begin(actor, key, "extend_term", &(id, request)).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let mut case = case_locked(&act, id).await?;
    let mut admission = locked(&act, case.admission).await?;
    facts::not_interested(&act, &admission).await?;
    let days = app.policy.workflow.rectification_extension_days;
    let mut unmet = Vec::new();
    if case.extended {
        unmet.push(Unmet::new(
            "extended-before",
            "整改期只能延长一次,已延长过。",
            "The term may be extended once, and was.",
        ));
    }
    match case.term_until {
        Some(old) if case.open && matches!(case.stage, T::T13 | T::T17) => {
            let latest = terms::calendar_days(old, days);
            if act.today > old {
                unmet.push(Unmet::new(
                    "term-over",
                    "整改期已过,不能再延长。",
                    "The term is over and cannot be extended.",
                ));
            }
            if request.until <= old || request.until > latest {
                unmet.push(Unmet::new(
                    "term-out-of-bounds",
                    format!("最多延长 {days} 天,即至 {latest}。"),
                    format!("At most {days} days, until {latest}."),
                ));
            }
        }
        _ => unmet.push(Unmet::new(
            "no-term",
            "案件不在整改阶段。",
            "The case is not under a rectification order.",
        )),
    }
    if !unmet.is_empty() {
        return Err(Refusal::conditions(T::T13, admission.state, unmet).into());
    }
    case.term_until = Some(request.until);
    case.extended = true;
    case.revision = store::cases::update(&act.tx, &case).await?;
    admission.due_on = Some(request.until);
    store::institutions::update(&act.tx, &admission).await?;
    store::cases::terms::extend(&act.tx, id.uuid(), "report", request.until, &request.reason)
        .await?;
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: "extend",
        reason: Some(&request.reason),
        ..Entry::default()
    })
    .await?;
    let receipt = CaseReceipt::of(&case, None);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// A declared interest in an institution.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclareInterestRequest {
    /// What it is, in general words, 2 to 200 characters.
    pub reason: String,
}

/// What was declared.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct InterestReceipt {
    /// The institution.
    pub institution: String,
    /// `declared`.
    pub state: String,
}

/// Declares one's own interest in an institution: from now on one takes no act on it.
pub async fn declare_interest(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AdmissionId,
    request: &DeclareInterestRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/reason", &request.reason, 2, 200);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "declare_interest", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let admission = locked(&act, id).await?;
    let institution = admission.institution.id;
    store::cases::declare_interest(&act.tx, actor.person, institution, &request.reason, act.now)
        .await?;
    act.record(Entry {
        kind: admission::KIND,
        id: id.uuid(),
        act: "declare_interest",
        ..Entry::default()
    })
    .await?;
    let receipt = InterestReceipt {
        institution: institution.to_string(),
        state: "declared".to_owned(),
    };
    act.finish(StatusCode::OK, &receipt, (admission::KIND, id))
        .await
}
