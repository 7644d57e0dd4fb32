//! Visits: the team with a declaration of each, the record, the institution's countersignature; drafts meanwhile
//! (field.md 19).

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::access::{Actor, Role};
use domain::assessment::{AssessmentAct, ChecklistItem, Countersignature, Relation, VisitFacts};
use domain::ids::AssessmentId;
use domain::{CreditCode, OrganisationName};
use serde::{Deserialize, Serialize};
use store::assessments::visits::{self, Visit};
use utoipa::ToSchema;
use uuid::Uuid;

use super::KIND;
use super::declaring::{RelationRequest, check_relations};
use super::held::Held;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::cases::terms::{self, Of};
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Most members of a team beside whoever holds the assessment.
const MEMBERS: usize = 20;

/// Somebody of the team beside whoever holds the assessment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberRequest {
    /// Name, 2 to 50 characters.
    pub name: String,
    /// Their organisation.
    pub organisation: String,
    /// Its unified social credit code.
    pub credit_code: String,
    /// Every relation to the institution, present and past; an empty list declares that there is none.
    pub relations: Vec<RelationRequest>,
}

/// A visit to record.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitRequest {
    /// Where, 2 to 200 characters.
    pub place: String,
    /// When the team came.
    pub arrived_at: DateTime<Utc>,
    /// When it left, on the same day.
    pub left_at: DateTime<Utc>,
    /// Who came along.
    #[serde(default)]
    pub members: Vec<MemberRequest>,
    /// What was looked at and who was spoken to, 10 to 4,000 characters; no names or numbers of trainees.
    pub record: String,
}

/// A visit after an act.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct VisitReceipt {
    /// Its id.
    pub id: String,
    /// The assessment.
    pub assessment: String,
    /// `open signed refused`.
    pub countersignature: String,
    /// Until when the institution may answer.
    pub answer_until: String,
}

impl VisitReceipt {
    fn of(visit: &Visit) -> Self {
        Self {
            id: visit.id.to_string(),
            assessment: visit.assessment.to_string(),
            countersignature: visit.countersignature.as_str().to_owned(),
            answer_until: visit.answer_until.to_string(),
        }
    }
}

/// A member of a team as it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberItem {
    /// Name.
    pub name: String,
    /// Their organisation.
    pub organisation: String,
}

/// A visit as those concerned see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitItem {
    /// Its id.
    pub id: String,
    /// Where.
    pub place: String,
    /// When the team came.
    pub arrived_at: String,
    /// When it left.
    pub left_at: String,
    /// Who came along; each declared that there is no conflict.
    pub members: Vec<MemberItem>,
    /// What was looked at.
    pub record: String,
    /// `open signed refused`.
    pub countersignature: &'static str,
    /// Until when the institution may answer.
    pub answer_until: String,
    /// Why it refused, or what it remarks.
    pub reason: Option<String>,
    /// When it answered.
    pub answered_on: Option<String>,
}

impl TryFrom<Visit> for VisitItem {
    type Error = Problem;

    fn try_from(visit: Visit) -> Result<Self, Problem> {
        let members: Vec<MemberRequest> =
            serde_json::from_str(&visit.members).map_err(Problem::internal)?;
        Ok(Self {
            id: visit.id.to_string(),
            place: visit.place,
            arrived_at: visit.arrived_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            left_at: visit.left_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            members: members
                .into_iter()
                .map(|one| MemberItem {
                    name: one.name,
                    organisation: one.organisation,
                })
                .collect(),
            record: visit.record,
            countersignature: visit.countersignature.as_str(),
            answer_until: visit.answer_until.to_string(),
            reason: visit.reason,
            answered_on: visit.answered_on.map(|day| day.to_string()),
        })
    }
}

/// What a report asks of the visits: those of whoever holds the assessment now.
pub(super) fn facts(row: &store::assessments::Assessment, all: &[Visit]) -> VisitFacts {
    let own = || all.iter().filter(|one| Some(one.assessor) == row.assessor);
    VisitFacts {
        made: own().next().is_some(),
        answer_until: own()
            .filter(|one| one.countersignature == Countersignature::Open)
            .map(|one| one.answer_until)
            .max(),
    }
}

fn check(app: &App, request: &VisitRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.words("/place", &request.place, 2, 200);
    faults.words("/record", &request.record, 10, 4_000);
    let day = domain::calendar::today;
    if request.left_at <= request.arrived_at || day(request.left_at) != day(request.arrived_at) {
        faults.add(
            "/left_at",
            "period",
            "离开时间应当在到达之后、同一天之内;多天的分别登记。",
            "The team leaves after it came and on the same day; record each day by itself.",
        );
    }
    if request.left_at > app.now() {
        faults.add(
            "/left_at",
            "in-future",
            "走访结束后再登记。",
            "Record a visit once it is over.",
        );
    }
    if request.members.len() > MEMBERS {
        faults.add(
            "/members",
            "too-many",
            "最多列 20 人。",
            "At most 20 members.",
        );
    }
    for (at, one) in request.members.iter().enumerate().take(MEMBERS) {
        faults.words(&format!("/members/{at}/name"), &one.name, 2, 50);
        let _: Option<OrganisationName> =
            faults.parse(&format!("/members/{at}/organisation"), &one.organisation);
        let _: Option<CreditCode> =
            faults.parse(&format!("/members/{at}/credit_code"), &one.credit_code);
        let pointer = format!("/members/{at}/relations");
        check_relations(&mut faults, &pointer, &one.relations, app.today());
    }
    faults.finish()
}

/// Records a visit. Nobody of the team has a conflict, or the visit is refused: who has one does not come along.
pub async fn record(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    revision: i32,
    request: &VisitRequest,
) -> Result<Receipt, Problem> {
    check(app, request)?;
    let mut act = match app
        .begin(actor, key, "record_visit", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::locked(&act, id, revision).await?;
    held.decide(&act, AssessmentAct::Visit).await?;
    let Some(assessor) = held.row.assessor else {
        return Err(Problem::not_found());
    };
    if domain::calendar::today(request.arrived_at) < domain::calendar::today(held.row.state_since) {
        return Err(Problem::field(
            "/arrived_at",
            "before-fieldwork",
            "走访应当在现场评估开始之后。",
            "A visit is made after the fieldwork began.",
        ));
    }
    impartial(&act, &held, request)?;
    let days = act.app.evidence.assessment.countersign_wd;
    let visit = Visit {
        id: act.new_id(),
        assessment: id,
        assessor,
        place: request.place.trim().to_owned(),
        arrived_at: request.arrived_at,
        left_at: request.left_at,
        members: serde_json::to_string(&request.members).map_err(Problem::internal)?,
        record: request.record.trim().to_owned(),
        answer_until: terms::working_days(&act, days),
        countersignature: Countersignature::Open,
        reason: None,
        answered_on: None,
        recorded_by: actor.person,
        recorded_at: act.now,
    };
    visits::insert(&act.tx, &visit).await?;
    let of = Of {
        admission: held.row.admission,
        kind: KIND,
        id: visit.id,
    };
    let institution = Role::InstitutionOperator;
    let due = visit.answer_until;
    terms::begin(
        &act,
        of,
        "assessment_countersign",
        institution,
        act.today,
        due,
    )
    .await?;
    told(&mut act, id, "visit", visit.id, None).await?;
    let receipt = VisitReceipt::of(&visit);
    act.finish(StatusCode::CREATED, &receipt, (KIND, id)).await
}

/// Every member who has a conflict is named by their place in the list.
fn impartial(act: &Act, held: &Held, request: &VisitRequest) -> Result<(), Problem> {
    let months = act.app.evidence.assessment.conflict_months;
    let own = &held.admission.institution.credit_code;
    let mut refusal = Problem::new(Code::ConflictOfInterest);
    let mut any = false;
    for (at, member) in request.members.iter().enumerate() {
        let tied = member.relations.iter().any(|one| {
            Relation {
                kind: one.kind,
                ended_on: one.ended_on,
            }
            .conflicts(act.today, months)
        });
        if tied || member.credit_code.trim().eq_ignore_ascii_case(own) {
            any = true;
            refusal = refusal.with_error(
                format!("/members/{at}"),
                "conflict-of-interest",
                "该成员与被评估机构有利害关系,应当回避,不能参加走访。",
                "This member has an interest in the institution and does not come along.",
            );
        }
    }
    if any { Err(refusal) } else { Ok(()) }
}

/// Ends the terms of the visits: what was not answered stays so.
pub(super) async fn close(act: &Act, id: AssessmentId) -> Result<(), Problem> {
    for visit in visits::of(&act.tx, id).await? {
        store::cases::terms::meet(&act.tx, visit.id, &[], act.today).await?;
    }
    Ok(())
}

async fn told(
    act: &mut Act,
    id: AssessmentId,
    what: &str,
    visit: Uuid,
    reason: Option<&str>,
) -> Result<(), Problem> {
    act.record(Entry {
        kind: KIND,
        id: id.uuid(),
        act: what,
        reason,
        evidence: &[format!("visit:{visit}")],
        ..Entry::default()
    })
    .await
}

/// The institution's answer to the record of a visit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountersignRequest {
    /// Whether it signs.
    pub signed: bool,
    /// Why it does not (required then), or what it remarks; up to 1,000 characters, no names or numbers of trainees.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Countersigns the record of a visit, or refuses to, within the term.
pub async fn countersign(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    visit: Uuid,
    request: &CountersignRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    let least = usize::from(!request.signed) * 2;
    let reason = request.reason.as_deref().map_or("", str::trim);
    faults.words("/reason", reason, least, 1_000);
    faults.finish()?;
    let mut act = match app
        .begin(actor, key, "countersign_visit", &(id, visit, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::found(&act, id).await?;
    held.decide(&act, AssessmentAct::Countersign).await?;
    let mut found = visits::of(&act.tx, id)
        .await?
        .into_iter()
        .find(|one| one.id == visit)
        .ok_or_else(Problem::not_found)?;
    if found.countersignature != Countersignature::Open || act.today > found.answer_until {
        return Err(Problem::new(Code::TransitionRefused)
            .with_detail(
                format!(
                    "这次走访的记录“{}”,会签期限至 {}。",
                    found.countersignature.zh(),
                    found.answer_until
                ),
                format!(
                    "The record of this visit is {}; it could be countersigned until {}.",
                    found.countersignature.en(),
                    found.answer_until
                ),
            )
            .with_error(
                String::new(),
                "countersignature-over",
                "已会签、已拒签或期限已过;意见请写在对报告的答复中。",
                "It was answered, or the term is over; say the rest in the reply to the report.",
            ));
    }
    found.countersignature = if request.signed {
        Countersignature::Signed
    } else {
        Countersignature::Refused
    };
    let reason = (!reason.is_empty()).then_some(reason);
    let answer = found.countersignature;
    visits::answer(&act.tx, visit, answer, reason, actor.person, act.today).await?;
    store::cases::terms::meet(&act.tx, visit, &[], act.today).await?;
    told(&mut act, id, "countersign", visit, reason).await?;
    let receipt = VisitReceipt::of(&found);
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}

/// The draft of an item.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftRequest {
    /// `employment stability teaching accessibility records`.
    #[schema(value_type = String, example = "employment")]
    pub item: ChecklistItem,
    /// Up to 4,000 characters; no names or numbers of trainees.
    pub text: String,
}

/// A draft that was kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DraftReceipt {
    /// The assessment.
    pub assessment: String,
    /// The item.
    pub item: String,
    /// Day.
    pub saved_on: NaiveDate,
}

/// Keeps the draft of an item of the checklist for whoever holds the assessment; nobody else sees it.
pub async fn draft(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    request: &DraftRequest,
) -> Result<Receipt, Problem> {
    let mut faults = Faults::default();
    faults.words("/text", &request.text, 0, 4_000);
    faults.finish()?;
    let act = match app
        .begin(actor, key, "draft_assessment", &(id, request))
        .await?
    {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let held = Held::found(&act, id).await?;
    held.decide(&act, AssessmentAct::Draft).await?;
    let Some(assessor) = held.row.assessor else {
        return Err(Problem::not_found());
    };
    let text = request.text.trim();
    visits::draft(&act.tx, id, assessor, request.item, text, act.now).await?;
    let receipt = DraftReceipt {
        assessment: id.to_string(),
        item: request.item.as_str().to_owned(),
        saved_on: act.today,
    };
    act.finish(StatusCode::OK, &receipt, (KIND, id)).await
}
