//! Objections that anybody files while a notice runs: to a bulletin by its number, to an admission or an exit by the
//! institution's credit code; named or anonymous (workflow.md 5, pages.md 3.8). Nobody signs in for it.

use chrono::NaiveDate;
use domain::access::{Actor, Role};
use domain::bulletin::BulletinState;
use domain::ids::{AdmissionId, ObjectionId, TimelineId};
use domain::institution::InstitutionState;
use serde::{Deserialize, Serialize};
use store::audit::AuditEntry;
use store::cases::decisions;
use store::cases::terms::Term;
use store::grading::publications;
use store::journal::TimelineEntry;
use store::objections::{self as rows, Objection, SENDER};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::audit::origin::Origin;
use crate::extract::IdempotencyKey;
use crate::fields::Faults;
use crate::problem::{Code, Problem};

/// Open objections that one thing may have: a flood helps nobody who objects.
const MOST: u64 = 500;

/// An objection as anybody files it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileObjectionRequest {
    /// What is said, 5 to 2,000 characters; no identity numbers.
    pub text: String,
    /// Name; left out by whoever stays anonymous. Sealed, and seen by the federation that answers alone.
    #[serde(default)]
    pub name: Option<String>,
    /// How to be answered, up to 100 characters; sealed like the name.
    #[serde(default)]
    pub contact: Option<String>,
    /// The federation whose notice is meant, when an institution has a notice in more than one.
    #[serde(default)]
    pub federation: Option<String>,
}

/// An objection that was filed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FiledObjection {
    /// The reference number: whoever knows it may ask for the answer.
    pub number: String,
    /// `open`, `accepted`, `dismissed`.
    pub state: String,
    /// Until when it is answered.
    pub answer_due: Option<String>,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl From<&Objection> for FiledObjection {
    fn from(row: &Objection) -> Self {
        Self {
            number: row.number.clone().unwrap_or_default(),
            state: row.state.clone(),
            answer_due: row.answer_due.map(|day| day.to_string()),
            answer: row.answer.clone(),
        }
    }
}

/// Who sent it, as it is sealed.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Sender {
    pub(crate) name: Option<String>,
    pub(crate) contact: Option<String>,
}

/// What an objection is about.
pub(crate) struct Target {
    kind: &'static str,
    id: Uuid,
    federation: String,
    /// Of a bulletin on grades none: its objections stand on the page of bulletins alone.
    admission: Option<AdmissionId>,
    /// What the page calls it.
    pub(crate) title: String,
    /// Last day.
    pub(crate) until: NaiveDate,
}

/// The notice with this number that takes objections today.
pub(crate) async fn target(
    app: &App,
    number: &str,
    federation: Option<&str>,
) -> Result<Target, Problem> {
    let (reader, today) = (app.store.reader(), app.today());
    if let Some(row) = publications::bulletin_by_number(reader, number).await? {
        let until = row.notice_until.filter(|until| *until >= today);
        let admission = match row.decision {
            Some(leaf) => decisions::told(reader, leaf).await?,
            None => None,
        };
        return match until.filter(|_| row.state == BulletinState::Notice) {
            Some(until) => Ok(Target {
                kind: crate::bulletins::acts::KIND,
                id: row.id.uuid(),
                title: row.title,
                federation: row.federation,
                admission: admission.map(|told| told.admission_id.into()),
                until,
            }),
            None if row.state.is_public() => Err(closed()),
            None => Err(Problem::not_found()),
        };
    }
    let public = app.store.public();
    let admissions = store::public_catalogue::institution(public, number).await?;
    if admissions.is_empty() {
        return Err(Problem::not_found());
    }
    let open = admissions.into_iter().find(|one| {
        let notice = matches!(
            one.state,
            InstitutionState::AdmissionNotice | InstitutionState::ExitNotice
        );
        notice
            && one.notice_until.is_some_and(|until| until >= today)
            && federation.is_none_or(|code| code == one.federation)
    });
    let Some((one, until)) = open.and_then(|one| one.notice_until.map(|until| (one, until))) else {
        return Err(closed());
    };
    Ok(Target {
        kind: crate::institutions::admission::KIND,
        id: one.id.uuid(),
        title: one.institution.name,
        federation: one.federation,
        admission: Some(one.id),
        until,
    })
}

fn closed() -> Problem {
    Problem::new(Code::TransitionRefused).with_detail(
        "现在不收异议:公示没有开始、已经期满,或事项已经办结。公布后机构可以申诉;发现新情况请向当地残联反映。",
        "No objection is taken now: the notice has not begun, is over, or the matter is closed. Institutions appeal after publication; tell the federation of the place what is new.",
    )
}

/// Files an objection. The same key with the same words is the same objection.
pub async fn file(
    app: &App,
    key: &IdempotencyKey,
    number: &str,
    request: &FileObjectionRequest,
) -> Result<FiledObjection, Problem> {
    let mut faults = Faults::default();
    faults.words("/text", &request.text, 5, 2_000);
    if let Some(name) = &request.name {
        faults.words("/name", name, 1, 50);
    }
    if let Some(contact) = &request.contact {
        faults.text("/contact", contact, 1, 100);
    }
    faults.finish()?;
    app.standing.ensure(app).await?;
    let target = target(app, number, request.federation.as_deref()).await?;
    let vault = app.store.vault();
    let words = serde_json::to_string(request).map_err(Problem::internal)?;
    let digest = vault.blind_index(
        "objection.key",
        &format!("{}\n{number}\n{words}", key.as_str()),
    );
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let id = ObjectionId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid());
    let tx = app.store.write().await?;
    if let Some(again) = rows::find(&tx, id).await? {
        store::rollback(tx).await?;
        return Ok(FiledObjection::from(&again));
    }
    let (now, today) = (app.now(), app.today());
    let all = rows::count(&tx, target.id, "open", chrono::DateTime::UNIX_EPOCH).await?;
    if all >= MOST {
        return Err(Problem::new(Code::TooManyRequests).retry_after(86_400));
    }
    let sender = Sender {
        name: request.name.clone(),
        contact: request.contact.clone(),
    };
    let named = sender.name.is_some() || sender.contact.is_some();
    let sealed = if named {
        let plain = serde_json::to_vec(&sender).map_err(Problem::internal)?;
        Some(vault.seal_registry_secret(SENDER, id.uuid(), &plain)?)
    } else {
        None
    };
    let due = app
        .calendar
        .add_working_days(today, app.policy.workflow.province_decision_wd);
    let province = &target.federation[..2.min(target.federation.len())];
    let random = data_encoding::BASE32_NOPAD.encode(&app.random.bytes::<10>());
    let objection = Objection {
        id,
        object_kind: target.kind.to_owned(),
        object_id: target.id,
        text: request.text.trim().to_owned(),
        raised_at: now,
        state: "open".to_owned(),
        answer: None,
        number: Some(format!("Y{province}-{random}")),
        sender_enc: sealed,
        answer_due: Some(due),
    };
    rows::insert(&tx, &objection).await?;
    if let Some(admission) = target.admission {
        remind(app, &tx, admission, id, due).await?;
    }
    record(app, &tx, &target, id).await?;
    store::commit(tx).await?;
    Ok(FiledObjection::from(&objection))
}

/// Whoever decides on the admission, or speaks of it in a bulletin, is reminded.
async fn remind(
    app: &App,
    tx: &store::WriteTx,
    admission: AdmissionId,
    id: ObjectionId,
    due: NaiveDate,
) -> Result<(), Problem> {
    let term = Term {
        id: app.random.id(app.now()),
        admission,
        object_kind: "objection".to_owned(),
        object: id.uuid(),
        kind: "objection".to_owned(),
        holder: Role::ProvinceOfficer,
        starts_on: app.today(),
        due_on: due,
        calendar: crate::cases::terms::calendar(),
        extension_reason: None,
        met_on: None,
    };
    Ok(store::cases::terms::begin(tx, &term).await?)
}

/// Its entry in the timeline and in the audit: that somebody objected, never who.
async fn record(
    app: &App,
    tx: &store::WriteTx,
    target: &Target,
    id: ObjectionId,
) -> Result<(), Problem> {
    let now = app.now();
    let entry = TimelineEntry {
        id: TimelineId::new(app.random.id(now)),
        object_kind: target.kind.to_owned(),
        object_id: target.id,
        at: now,
        effective_on: app.today(),
        act: "objection".to_owned(),
        from: None,
        to: None,
        reason_code: None,
        reason: None,
        document: None,
        document_number: None,
        policy: app.policy.name(),
        evidence: serde_json::to_string(&[id.to_string()]).map_err(Problem::internal)?,
        role: "public".to_owned(),
        organisation: None,
        actor: None,
        second_person: None,
        leaf_index: None,
    };
    store::journal::record(tx, &entry).await?;
    let origin = Origin::current();
    let audit = AuditEntry {
        at: now,
        request_id: &origin.request_id,
        actor: None,
        account: None,
        network: &origin.network,
        act: "file_objection",
        object_kind: "objection",
        object_id: &id.to_string(),
        outcome: crate::audit::DONE,
        times: 1,
        detail: "",
        after: None,
    };
    Ok(store::audit::append(tx, &audit).await?)
}

/// What became of an objection, for whoever knows its number.
pub async fn answer(app: &App, number: &str) -> Result<FiledObjection, Problem> {
    rows::by_number(app.store.reader(), number)
        .await?
        .as_ref()
        .map(FiledObjection::from)
        .ok_or_else(Problem::not_found)
}

/// Who sent these objections, for the federation that answers; that somebody read it is noted.
pub(crate) async fn senders(
    app: &App,
    actor: &Actor,
    rows: &[Objection],
    object: (&str, Uuid),
) -> Result<Vec<Sender>, Problem> {
    let vault = app.store.vault();
    let mut senders = Vec::with_capacity(rows.len());
    for row in rows {
        senders.push(match &row.sender_enc {
            Some(sealed) => {
                let plain = vault.open_registry_secret(SENDER, row.id.uuid(), sealed)?;
                serde_json::from_slice(&plain).map_err(Problem::internal)?
            }
            None => Sender::default(),
        });
    }
    if rows.iter().any(|row| row.sender_enc.is_some()) {
        let object = (object.0, object.1.to_string());
        let act = "read_objection_senders";
        crate::audit::did(app, actor, act, (object.0, &object.1), "").await?;
    }
    Ok(senders)
}
