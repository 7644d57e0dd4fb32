//! What an assessor reads: the sample they drew, while the fieldwork lasts. Names are masked; name and telephone of one
//! trainee are read one by one, for this purpose alone, and the trainee sees it (trust.md PI-4, workflow.md 5 and 8).

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::access::{Actor, ScopeCapacity};
use domain::assessment::{AssessmentAct, decide};
use domain::ids::{AssessmentId, EnrolmentId, PersonId};
use domain::privacy::{PersonalField, ReadPurpose, may_see};
use serde::{Deserialize, Serialize};
use store::ConnectionTrait;
use store::assessments::sample::{self, Drawn};
use store::assessments::{Assessment, Sight, candidates};
use store::audit::AuditEntry;
use store::privacy::reads::{self, NewRead};
use store::privacy::subjects;
use store::scope::{NATIONAL, Scope};
use utoipa::ToSchema;

use super::KIND;
use super::held::{facts_of, holder, holds};
use crate::act::{Act, Begin, Receipt};
use crate::app::App;
use crate::audit::origin::Origin;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::privacy::reading::audit_again;
use crate::problem::Problem;

/// A trainee of the sample.
#[derive(Debug, Serialize, ToSchema)]
pub struct SampledTrainee {
    /// The enrolment.
    pub enrolment: String,
    /// Place in the order of the draw.
    pub place: i32,
    /// Masked name.
    pub name: String,
    /// Code of the class.
    pub cohort: String,
    /// Its name.
    pub cohort_name: String,
    /// Its last day.
    pub ended_on: String,
    /// State of the enrolment.
    pub state: String,
    /// Minutes attended.
    pub minutes: Option<i32>,
    /// Hours planned.
    pub planned_hours: i32,
    /// Division of the household.
    pub household: String,
}

/// The everything-seeing scope: membership of the sample was checked before, and is the narrower bound.
pub(crate) fn everywhere() -> Scope {
    Scope::Federation {
        code: NATIONAL.to_owned(),
        capacity: ScopeCapacity::Site,
    }
}

/// The assessment, if the actor may read its sample now.
async fn readable(
    db: &impl ConnectionTrait,
    app: &App,
    actor: &Actor,
    id: AssessmentId,
) -> Result<Assessment, Problem> {
    let row = store::assessments::find(db, &Sight::Assessor(actor.person), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    holds(actor, &candidates::of(db, id).await?)?;
    let admission = store::institutions::find(db, &everywhere(), row.admission)
        .await?
        .ok_or_else(Problem::not_found)?;
    let assessor = holder(db, &row).await?;
    let institution = admission.institution.id.uuid();
    let facts = facts_of(db, app, &row, assessor.as_ref(), institution).await?;
    decide(&facts, AssessmentAct::Read, actor.role)?;
    Ok(row)
}

/// The sample. That it was read is in the audit before anybody sees it.
pub async fn list(
    app: &App,
    actor: &Actor,
    id: AssessmentId,
) -> Result<Vec<SampledTrainee>, Problem> {
    let tx = app.store.write().await?;
    let row = readable(&tx, app, actor, id).await?;
    let drawn = match row.assessor {
        Some(assessor) => sample::of(&tx, id, assessor).await?,
        None => Vec::new(),
    };
    let origin = Origin::current();
    let entry = AuditEntry {
        request_id: &origin.request_id,
        actor: Some(actor),
        network: &origin.network,
        act: "read_assessment_sample",
        object_kind: KIND,
        object_id: &id.to_string(),
        detail: &format!("trainees={}", drawn.len()),
        ..AuditEntry::at(app.now())
    };
    store::audit::append(&tx, &entry).await?;
    store::commit(tx).await?;
    let people: Vec<PersonId> = drawn.iter().map(Drawn::person).collect();
    let reader = app.store.reader();
    let open = store::persons::open(reader, app.store.vault(), &people, app.today()).await?;
    let masked = |person: PersonId| mask(open.get(&person).map(|one| one.name.as_str()));
    Ok(drawn
        .into_iter()
        .map(|one| SampledTrainee {
            name: masked(one.person()),
            enrolment: one.enrolment().to_string(),
            place: one.place,
            cohort: one.cohort_code,
            cohort_name: one.cohort_name,
            ended_on: one.end_on,
            state: one.state,
            minutes: one.minutes,
            planned_hours: one.planned_hours,
            household: one.hukou_region,
        })
        .collect())
}

/// For what somebody of the sample is called.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// In words, 2 to 200 characters; the trainee can read them.
    pub words: String,
}

/// The stored answer: that it was read, not what.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ContactReceipt {
    read: uuid::Uuid,
    enrolment: EnrolmentId,
}

/// Whom to call.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// Number of the read, which the trainee sees.
    pub read: String,
    /// The enrolment.
    pub enrolment: String,
    /// Full name.
    pub name: Option<String>,
    /// Telephone; none without the trainee's consent to be asked later.
    pub phone: Option<String>,
    /// Whether the trainee agreed to be asked later by the federation and third-party assessors.
    pub agrees: bool,
}

/// Shows nothing.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(***)")
    }
}

/// Somebody of the sample; everybody else is not found.
async fn sampled(
    db: &impl ConnectionTrait,
    app: &App,
    actor: &Actor,
    id: AssessmentId,
    enrolment: EnrolmentId,
) -> Result<Drawn, Problem> {
    let row = readable(db, app, actor, id).await?;
    let found = match row.assessor {
        Some(assessor) => sample::find(db, id, assessor, enrolment).await?,
        None => None,
    };
    found.ok_or_else(Problem::not_found)
}

/// Reads name and telephone of one trainee of the sample.
pub async fn contact(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: AssessmentId,
    enrolment: EnrolmentId,
    request: &ContactRequest,
) -> Result<Contact, Problem> {
    check_words(request)?;
    let begun = app
        .begin(
            actor,
            key,
            "read_sampled_contact",
            &(id, enrolment, request),
        )
        .await?;
    let receipt: Receipt = match begun {
        Begin::Again(receipt) => {
            sampled(app.store.reader(), app, actor, id, enrolment).await?;
            let task = (id.uuid(), request.words.as_str());
            note_again(app, actor, "read_sampled_contact", enrolment, task).await?;
            receipt
        }
        Begin::First(act) => {
            sampled(&act.tx, app, actor, id, enrolment).await?;
            // The assessment is the task.
            note_read(act, enrolment, id.uuid(), &request.words).await?
        }
    };
    let stored: ContactReceipt = receipt.parse()?;
    // Opened after the commit, and judged again: a repeated key opens nothing once the time is over.
    let reader = app.store.reader();
    sampled(reader, app, actor, id, stored.enrolment).await?;
    opened(app, actor, &receipt, stored.enrolment).await
}

/// Checks for what somebody is called.
pub(crate) fn check_words(request: &ContactRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.words("/words", &request.words, 2, 200);
    faults.finish()
}

/// Whose record an enrolment is. Whether it may be read was decided before.
async fn subject_of(
    db: &impl ConnectionTrait,
    enrolment: EnrolmentId,
) -> Result<subjects::Subject, Problem> {
    subjects::subject(db, &everywhere(), enrolment)
        .await?
        .ok_or_else(Problem::not_found)
}

/// Notes that an assessor reads name and telephone, for a task; the trainee sees it.
pub(crate) async fn note_read(
    mut act: Box<Act>,
    enrolment: EnrolmentId,
    task: uuid::Uuid,
    words: &str,
) -> Result<Receipt, Problem> {
    let (app, actor) = (&act.app, &act.actor);
    let (receipt, detail) = note(&act.tx, app, actor, enrolment, (task, words), act.now).await?;
    act.detail = detail;
    act.finish(StatusCode::OK, &receipt, ("enrolment", enrolment))
        .await
}

/// The same when a repeated key opens them again: one more read.
pub(crate) async fn note_again(
    app: &App,
    actor: &Actor,
    act: &str,
    enrolment: EnrolmentId,
    task: (uuid::Uuid, &str),
) -> Result<(), Problem> {
    let now = app.now();
    let tx = app.store.write().await?;
    let (_, detail) = note(&tx, app, actor, enrolment, task, now).await?;
    audit_again(&tx, actor, (act, enrolment), &detail, now).await?;
    Ok(store::commit(tx).await?)
}

async fn note(
    tx: &store::WriteTx,
    app: &App,
    actor: &Actor,
    enrolment: EnrolmentId,
    (task, words): (uuid::Uuid, &str),
    now: DateTime<Utc>,
) -> Result<(ContactReceipt, String), Problem> {
    let today = domain::calendar::today(now);
    let person = subject_of(tx, enrolment).await?.person;
    let agrees = sample::agrees(tx, person, today).await?;
    let fields = if agrees { "name phone" } else { "name" };
    let receipt = ContactReceipt {
        read: app.random.id(now),
        enrolment,
    };
    let read = NewRead {
        id: receipt.read,
        person,
        actor,
        purpose: ReadPurpose::ThirdPartyAssessment.as_str(),
        words: Some(words),
        grant: Some(task),
        at: now,
        day: today,
        fields,
    };
    reads::record(tx, app.store.vault(), &read).await?;
    Ok((receipt, format!("task={task} fields={fields}")))
}

/// The values of a read that was noted.
pub(crate) async fn opened(
    app: &App,
    actor: &Actor,
    receipt: &Receipt,
    enrolment: EnrolmentId,
) -> Result<Contact, Problem> {
    let stored: ContactReceipt = receipt.parse()?;
    let reader = app.store.reader();
    let subject = subject_of(reader, enrolment).await?;
    let agrees = sample::agrees(reader, subject.person, app.today()).await?;
    let values = subjects::values(reader, app.store.vault(), &subject, app.today()).await?;
    // A third party calls the number that the trainee told the federation, where there is one.
    let own = store::contacts::phone(reader, app.store.vault(), subject.person).await?;
    let purpose = ReadPurpose::ThirdPartyAssessment;
    let shown = |field| may_see(actor.role, purpose, field).is_some();
    let text = |value: Option<zeroize::Zeroizing<String>>| value.map(|value| value.to_string());
    Ok(Contact {
        read: stored.read.to_string(),
        enrolment: stored.enrolment.to_string(),
        name: text(values.name).filter(|_| shown(PersonalField::Name)),
        phone: text(own.or(values.phone)).filter(|_| agrees && shown(PersonalField::Phone)),
        agrees,
    })
}

/// The masked name of a trainee.
pub(crate) async fn masked(app: &App, enrolment: EnrolmentId) -> Result<String, Problem> {
    let reader = app.store.reader();
    let person = subject_of(reader, enrolment).await?.person;
    let open = store::persons::open(reader, app.store.vault(), &[person], app.today()).await?;
    Ok(mask(open.get(&person).map(|one| one.name.as_str())))
}

/// A name as it is shown in lists.
pub(crate) fn mask(name: Option<&str>) -> String {
    let name: Option<domain::PersonName> = name.and_then(|name| name.parse().ok());
    name.map_or_else(|| "*".to_owned(), |name| name.mask())
}
