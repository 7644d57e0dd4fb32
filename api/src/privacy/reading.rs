//! Reading single personal values: one record for each call, for a purpose of a closed list, kept where the person
//! sees it (trust.md PI-4, workflow.md 8, field.md 16 and 17).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use domain::DisabilityCardNo;
use domain::access::{Actor, ScopeCapacity};
use domain::ids::{CohortId, EnrolmentId, PersonId};
use domain::privacy::{PersonalField, ReadPurpose, Shown, ends, may_see};
use serde::{Deserialize, Serialize};
use store::audit::AuditEntry;
use store::privacy::reads::{self, AlarmKind, NewRead};
use store::privacy::subjects::{self, CardCheck, Subject, Values};
use store::scope::Scope;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::trainees::opens_record;
use crate::act::{Act, Begin, Entry, Receipt};
use crate::app::App;
use crate::audit::origin::Origin;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Alarms of bulk reading that this process raised: a figure for the metrics.
static ALARMS: AtomicU64 = AtomicU64::new(0);

/// How many alarms of bulk reading this process raised.
pub fn alarms_raised() -> u64 {
    ALARMS.load(Ordering::Relaxed)
}

/// Counts one more.
pub(crate) fn count_alarm() {
    ALARMS.fetch_add(1, Ordering::Relaxed);
}

/// Which values to read, and for what.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmaskRequest {
    /// `name citizen_id disability_card disability_category disability_level phone note`.
    #[schema(value_type = Vec<String>, example = json!(["name", "citizen_id"]))]
    pub fields: Vec<PersonalField>,
    /// `identity_check card_check acceptance_call attendance_contact accommodation correction person_request complaint
    /// audit_sample`.
    #[schema(value_type = String, example = "identity_check")]
    pub purpose: ReadPurpose,
    /// The same in words, 2 to 200 characters; the person can read them.
    pub words: String,
}

/// The stored answer: which values were read, not what they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct UnmaskReceipt {
    read: Uuid,
    enrolment: EnrolmentId,
    purpose: ReadPurpose,
    fields: Vec<PersonalField>,
}

/// Values of a trainee.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Unmasked {
    /// Number of the read, which the person sees.
    pub read: String,
    /// The enrolment.
    pub enrolment: String,
    /// Values by field; one that is not on record is null.
    #[schema(value_type = std::collections::HashMap<String, Option<String>>)]
    pub values: BTreeMap<String, Option<String>>,
    /// Fields of which only the ends are shown for this purpose.
    pub shortened: Vec<String>,
}

/// Shows nothing.
impl std::fmt::Debug for Unmasked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unmasked(***)")
    }
}

fn refuse_fields(actor: &Actor, request: &UnmaskRequest) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.text("/words", &request.words, 2, 200);
    if !request.purpose.may_be_asked() {
        faults.add(
            "/purpose",
            "purpose",
            "请从列表中选择用途。",
            "Choose a purpose from the list.",
        );
    }
    if request.fields.is_empty() {
        faults.add(
            "/fields",
            "fields",
            "请至少选择一项。",
            "Choose at least one value.",
        );
    }
    faults.finish()?;
    let mut problem: Option<Problem> = None;
    for (at, field) in request.fields.iter().enumerate() {
        if may_see(actor.role, request.purpose, *field).is_none() {
            let so_far = problem
                .take()
                .unwrap_or_else(|| Problem::new(Code::ReadNotNeeded));
            problem = Some(so_far.with_error(
                format!("/fields/{at}"),
                "not-for-purpose",
                &format!(
                    "您的岗位办理“{}”不需要查看{}。",
                    request.purpose.zh(),
                    field.zh()
                ),
                &format!(
                    "Your post does not need the {} for {}.",
                    field.en(),
                    request.purpose.en()
                ),
            ));
        }
    }
    problem.map_or(Ok(()), Err)
}

/// An enrolment of one's scope: by the place of training or by the household.
async fn subject(
    db: &impl store::ConnectionTrait,
    actor: &Actor,
    id: EnrolmentId,
) -> Result<Subject, Problem> {
    subjects::subject(db, &Scope::by(actor, ScopeCapacity::Site), id)
        .await?
        .ok_or_else(Problem::not_found)
}

/// Reads values of one trainee.
pub async fn unmask(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: EnrolmentId,
    request: &UnmaskRequest,
) -> Result<Unmasked, Problem> {
    refuse_fields(actor, request)?;
    let receipt = match app
        .begin(actor, key, "read_personal_data", &(id, request))
        .await?
    {
        Begin::Again(receipt) => {
            again(app, actor, id, request).await?;
            receipt
        }
        Begin::First(act) => read(act, id, request).await?,
    };
    let stored: UnmaskReceipt = receipt.parse()?;
    // Opened after the commit: what was read is on record before anybody sees it.
    let reader = app.store.reader();
    let subject = subject(reader, actor, stored.enrolment).await?;
    let values = subjects::values(reader, app.store.vault(), &subject, app.today()).await?;
    Ok(answer(actor, &stored, &values))
}

async fn read(
    mut act: Box<Act>,
    id: EnrolmentId,
    request: &UnmaskRequest,
) -> Result<Receipt, Problem> {
    let (receipt, detail) = keep(&act.tx, &act.app, &act.actor, id, request, act.now).await?;
    act.detail = detail;
    act.finish(StatusCode::OK, &receipt, ("enrolment", id))
        .await
}

/// A repeated key opens what is on record now, not what was: it is one more read, with its row in the audit.
async fn again(
    app: &App,
    actor: &Actor,
    id: EnrolmentId,
    request: &UnmaskRequest,
) -> Result<(), Problem> {
    let now = app.now();
    let tx = app.store.write().await?;
    let (_, detail) = keep(&tx, app, actor, id, request, now).await?;
    audit_again(&tx, actor, ("read_personal_data", id), &detail, now).await?;
    Ok(store::commit(tx).await?)
}

/// The row in the audit of a read that a repeated key opened; an act writes its own.
pub(crate) async fn audit_again(
    tx: &store::WriteTx,
    actor: &Actor,
    (act, enrolment): (&str, EnrolmentId),
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let origin = Origin::current();
    let entry = AuditEntry {
        request_id: &origin.request_id,
        network: &origin.network,
        actor: Some(actor),
        act,
        object_kind: "enrolment",
        object_id: &enrolment.to_string(),
        detail,
        ..AuditEntry::at(now)
    };
    Ok(store::audit::append(tx, &entry).await?)
}

/// Keeps a read where the person sees it, and counts it; answers what was read, and what the audit tells of it.
async fn keep(
    tx: &store::WriteTx,
    app: &App,
    actor: &Actor,
    id: EnrolmentId,
    request: &UnmaskRequest,
    now: DateTime<Utc>,
) -> Result<(UnmaskReceipt, String), Problem> {
    let today = domain::calendar::today(now);
    let subject = subject(tx, actor, id).await?;
    // What the roster row does not say itself is of the person: an application alone opens it to nobody.
    let of_person = |field: &PersonalField| {
        !matches!(
            field,
            PersonalField::Name | PersonalField::Phone | PersonalField::Note
        )
    };
    if request.fields.iter().any(of_person) {
        opens_record(tx, actor, (id, subject.person), subject.state).await?;
    }
    let purpose = request.purpose.as_str();
    let grant = reads::find_grant(tx, actor.account, subject.cohort, today, purpose).await?;
    let mut fields = request.fields.clone();
    fields.sort_unstable();
    fields.dedup();
    let codes: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
    let codes = codes.join(" ");
    let receipt = UnmaskReceipt {
        read: app.random.id(now),
        enrolment: id,
        purpose: request.purpose,
        fields,
    };
    let read = NewRead {
        id: receipt.read,
        person: subject.person,
        actor,
        purpose,
        words: Some(&request.words),
        grant,
        at: now,
        day: today,
        fields: &codes,
    };
    reads::record(tx, app.store.vault(), &read).await?;
    if grant.is_none() {
        alarm(tx, app, actor, today, false).await?;
    }
    Ok((receipt, format!("purpose={purpose} fields={codes}")))
}

fn answer(actor: &Actor, stored: &UnmaskReceipt, values: &Values) -> Unmasked {
    let card: Option<DisabilityCardNo> = values.card.as_ref().and_then(|card| card.parse().ok());
    let mut shown = BTreeMap::new();
    let mut shortened = Vec::new();
    for field in &stored.fields {
        let value: Option<String> = match field {
            PersonalField::Name => values.name.as_ref().map(|text| text.to_string()),
            PersonalField::CitizenId => values.citizen_id.as_ref().map(|text| text.to_string()),
            PersonalField::DisabilityCard => values.card.as_ref().map(|text| text.to_string()),
            PersonalField::DisabilityCategory => card
                .as_ref()
                .map(|card| card.category().as_str().to_owned()),
            PersonalField::DisabilityLevel => {
                card.as_ref().map(|card| card.level().as_str().to_owned())
            }
            PersonalField::Phone => values.phone.as_ref().map(|text| text.to_string()),
            PersonalField::Note => values.note.as_ref().map(|text| text.to_string()),
        };
        let value = match may_see(actor.role, stored.purpose, *field) {
            Some(Shown::Whole) => value,
            Some(Shown::Ends) => {
                shortened.push(field.as_str().to_owned());
                value.map(|value| ends(&value))
            }
            None => continue,
        };
        shown.insert(field.as_str().to_owned(), value);
    }
    Unmasked {
        read: stored.read.to_string(),
        enrolment: stored.enrolment.to_string(),
        values: shown,
        shortened,
    }
}

/// Raises the alarm when an account has read more persons today than the policy lets it without a task. Certificates are
/// handed over all day: opening them has a higher bound and an alarm of its own, so that neither hides the other.
async fn alarm(
    tx: &store::WriteTx,
    app: &App,
    actor: &Actor,
    today: NaiveDate,
    files: bool,
) -> Result<(), Problem> {
    let persons = reads::persons_outside_tasks(tx, actor.account, today, files).await?;
    let numbers = &app.privacy.privacy;
    let (most, kind, act) = if files {
        (
            numbers.bulk_file_persons,
            AlarmKind::Files,
            "bulk_file_alarm",
        )
    } else {
        (
            numbers.bulk_read_persons,
            AlarmKind::Values,
            "bulk_read_alarm",
        )
    };
    if persons <= most {
        return Ok(());
    }
    let (now, id) = (app.now(), app.random.id(app.now()));
    if !reads::raise_alarm(tx, id, actor, today, kind, persons, now).await? {
        return Ok(());
    }
    count_alarm();
    tracing::warn!(alarm.id = %id, alarm.kind = kind.as_str(), persons, "An account read personal data of {persons} persons in a day outside tasks");
    let entry = AuditEntry {
        request_id: &id.simple().to_string(),
        actor: Some(actor),
        act,
        object_kind: "read_alarm",
        object_id: &id.to_string(),
        outcome: "alarm",
        detail: &format!("persons={persons}"),
        ..AuditEntry::at(now)
    };
    Ok(store::audit::append(tx, &entry).await?)
}

/// Keeps that somebody opened a file that carries a person's name, or a copy of their record.
pub async fn note_read(
    app: &App,
    actor: &Actor,
    person: PersonId,
    purpose: ReadPurpose,
    fields: &[PersonalField],
) -> Result<(), Problem> {
    note_reads(app, actor, &[person], purpose, fields).await
}

/// The same of a file that shows several persons.
pub async fn note_reads(
    app: &App,
    actor: &Actor,
    people: &[PersonId],
    purpose: ReadPurpose,
    fields: &[PersonalField],
) -> Result<(), Problem> {
    let codes: Vec<&str> = fields.iter().map(|field| field.as_str()).collect();
    let now = app.now();
    let today = app.today();
    let tx = app.store.write().await?;
    let codes = codes.join(" ");
    for person in people {
        let read = NewRead {
            id: app.random.id(now),
            person: *person,
            actor,
            purpose: purpose.as_str(),
            words: None,
            grant: None,
            at: now,
            day: today,
            fields: &codes,
        };
        reads::record(&tx, app.store.vault(), &read).await?;
    }
    let files = purpose == ReadPurpose::CertificateFile;
    alarm(&tx, app, actor, today, files).await?;
    Ok(store::commit(tx).await?)
}

/// For which task a list is opened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenListRequest {
    /// The purpose of the reads that follow.
    #[schema(value_type = String, example = "card_check")]
    pub purpose: ReadPurpose,
}

/// A list that is open for a day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct GrantReceipt {
    /// The cohort.
    #[schema(value_type = String, format = "uuid")]
    pub cohort: CohortId,
    /// The purpose.
    pub purpose: String,
    /// The day on which reads belong to this task.
    pub day: NaiveDate,
}

/// Opens a list for a task: reads of its people for this purpose on this day belong to the task (field.md 16).
pub async fn open_list(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: CohortId,
    request: &OpenListRequest,
) -> Result<Receipt, Problem> {
    if !request.purpose.may_be_asked() {
        return Err(Problem::field(
            "/purpose",
            "purpose",
            "请从列表中选择用途。",
            "Choose a purpose from the list.",
        ));
    }
    let mut act = match app.begin(actor, key, "open_list", &(id, request)).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    store::cohorts::find(&act.tx, &Scope::of(actor), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let purpose = request.purpose.as_str();
    let grant = act.new_id();
    reads::grant(&act.tx, grant, actor, id, purpose, act.today, act.now).await?;
    act.record(Entry {
        kind: "cohort",
        id: id.uuid(),
        act: "open_list",
        reason_code: Some(purpose),
        ..Entry::default()
    })
    .await?;
    act.detail = format!("purpose={purpose}");
    let receipt = GrantReceipt {
        cohort: id,
        purpose: purpose.to_owned(),
        day: act.today,
    };
    act.finish(StatusCode::CREATED, &receipt, ("cohort", id))
        .await
}

domain::text_enum! {
    /// What the register of disability certificates said.
    CardOutcome("outcome of a card check") {
        /// The certificate is there and in force.
        Verified = "verified",
        /// There is none.
        NotFound = "not_found",
        /// It is over.
        Expired = "expired",
        /// It belongs to somebody else, or differs.
        Differs = "differs",
    }
}

/// What the register said; no number, category or level.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardCheckRequest {
    /// `verified not_found expired differs`.
    #[schema(value_type = String, example = "verified")]
    pub outcome: CardOutcome,
    /// Last day of validity.
    #[serde(default)]
    pub valid_until: Option<NaiveDate>,
}

/// What an institution sees of a trainee's disability certificate.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CardReceipt {
    /// The enrolment.
    #[schema(value_type = String, format = "uuid")]
    pub enrolment: EnrolmentId,
    /// What the register said.
    pub card: String,
    /// Last day of validity.
    pub valid_until: Option<NaiveDate>,
}

/// Notes what the register said: from now on the institution sees "verified, valid until".
pub async fn check_card(
    app: &App,
    actor: &Actor,
    key: &IdempotencyKey,
    id: EnrolmentId,
    request: &CardCheckRequest,
) -> Result<Receipt, Problem> {
    let mut act = match app.begin(actor, key, "check_card", &(id, request)).await? {
        Begin::First(act) => act,
        Begin::Again(receipt) => return Ok(receipt),
    };
    let subject = subject(&act.tx, actor, id).await?;
    opens_record(&act.tx, actor, (id, subject.person), subject.state).await?;
    let check = CardCheck {
        person: subject.person,
        outcome: request.outcome.as_str().to_owned(),
        valid_until: request.valid_until,
    };
    subjects::note_card_check(&act.tx, &check, actor, act.now).await?;
    act.record(Entry {
        kind: "enrolment",
        id: id.uuid(),
        act: "check_card",
        to: Some(request.outcome.as_str()),
        ..Entry::default()
    })
    .await?;
    let receipt = CardReceipt {
        enrolment: id,
        card: check.outcome,
        valid_until: check.valid_until,
    };
    act.finish(StatusCode::OK, &receipt, ("enrolment", id))
        .await
}
