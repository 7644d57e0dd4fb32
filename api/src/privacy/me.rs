//! A trainee's own record: everything that is held, and who read it (PIPL art. 44, 45; workflow.md 8).

use chrono::SecondsFormat;
use domain::access::Actor;
use domain::ids::PersonId;
use serde::{Deserialize, Serialize};
use store::privacy::{consents, reads, record, requests};
use utoipa::ToSchema;
use uuid::Uuid;

use super::trainee;
use crate::app::App;
use crate::fields::codes;
use crate::outcomes::own::OwnEpisode;
use crate::problem::Problem;

/// Everything that is held about a person, in a form that machines read.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct OwnRecord {
    /// Form of this document.
    pub format: String,
    /// When it was made (RFC 3339, UTC).
    pub made_at: String,
    /// The person's id inside the registry.
    pub person: String,
    /// Names and numbers with their dates.
    pub values: Vec<OwnValue>,
    /// Classes.
    pub trainings: Vec<OwnTraining>,
    /// Certificates.
    pub certificates: Vec<OwnCertificate>,
    /// Work on record.
    pub work: Vec<OwnEpisode>,
    /// Appeals that the person lodged.
    pub appeals: Vec<OwnAppeal>,
    /// Consents.
    pub consents: Vec<OwnConsent>,
    /// Requests.
    pub requests: Vec<OwnRequest>,
    /// Who read values of this record, newest first; the last thousand.
    pub reads: Vec<OwnRead>,
}

/// Shows nothing.
impl std::fmt::Debug for OwnRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnRecord(***)")
    }
}

/// A name or number.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct OwnValue {
    /// `name`, `citizen_id`, `disability_card`.
    pub kind: String,
    /// The value.
    pub value: String,
    /// First day.
    pub from: String,
    /// First day on which it no longer held.
    pub until: Option<String>,
    /// What proved it.
    pub proof: Option<String>,
}

/// A class.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct OwnTraining {
    /// The enrolment.
    pub enrolment: String,
    /// Name of the class.
    pub class: String,
    /// Institution.
    pub institution: String,
    /// Program.
    pub program: String,
    /// State of the enrolment.
    pub state: String,
    /// First class day.
    pub start_on: String,
    /// Last class day.
    pub end_on: String,
    /// Household region.
    pub hukou_region: String,
    /// Whose telephone: `self guardian village`.
    pub contact: String,
    /// Telephone.
    pub phone: Option<String>,
    /// Note of the institution.
    pub note: Option<String>,
    /// Needs.
    pub needs: Vec<String>,
    /// Whether the person had work on the day of enrolment.
    pub employed_at_enrolment: bool,
    /// Minutes attended.
    pub minutes: Option<i32>,
    /// Pass or fail.
    pub passed: Option<bool>,
    /// Score.
    pub score: Option<i32>,
    /// When it was applied for.
    pub applied_at: String,
}

/// A certificate.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OwnCertificate {
    /// The id on the paper.
    pub id: String,
    /// Number.
    pub certificate_no: String,
    /// Program.
    pub program: String,
    /// Status.
    pub status: String,
    /// When it was issued.
    pub issued_at: String,
    /// When it ends.
    pub expires_at: Option<String>,
    /// Number of the certificate that it replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// How often it was checked on the newest thirty days with a check, newest first. Who checked is not kept.
    pub checks: Vec<OwnChecks>,
}

/// Checks of a certificate on a day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OwnChecks {
    /// The day in China.
    pub day: String,
    /// How many.
    pub checks: u64,
}

/// A consent.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct OwnConsent {
    /// To what.
    pub purpose: String,
    /// `self guardian village`.
    pub given_by: String,
    /// Relation of the giver.
    pub relation: Option<String>,
    /// What proves it.
    pub proof: Option<String>,
    /// `web paper voice`.
    pub channel: String,
    /// Federation of the officer who recorded it, six digits.
    #[serde(default)]
    pub recorded_by: Option<String>,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: Option<String>,
    /// Day of withdrawal.
    pub withdrawn_on: Option<String>,
    /// Until when this record is kept as proof.
    pub retain_until: Option<String>,
}

impl From<&consents::Consent> for OwnConsent {
    fn from(consent: &consents::Consent) -> Self {
        let text = |day: chrono::NaiveDate| day.to_string();
        Self {
            purpose: consent.purpose.as_str().to_owned(),
            given_by: consent.given_by.as_str().to_owned(),
            relation: consent.relation.clone(),
            proof: consent.proof.clone(),
            channel: consent.channel.as_str().to_owned(),
            recorded_by: consent.recorded_by.clone(),
            from: text(consent.from),
            until: consent.until.map(text),
            withdrawn_on: consent.withdrawn_on.map(text),
            retain_until: consent.retain_until.map(text),
        }
    }
}

/// A request.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct OwnRequest {
    /// Its number.
    pub id: String,
    /// What was asked for.
    pub kind: String,
    /// Where it stands.
    pub state: String,
    /// Day of receipt.
    pub received_on: String,
    /// Last day for a decision.
    pub due_on: String,
    /// What was said.
    pub words: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The same in words.
    pub outcome_words: Option<String>,
    /// Until when the law wants the rest kept.
    pub kept_until: Option<String>,
    /// For the next act on it.
    pub revision: i32,
}

impl From<&requests::PersonRequest> for OwnRequest {
    fn from(request: &requests::PersonRequest) -> Self {
        Self {
            id: request.id.to_string(),
            kind: request.kind.as_str().to_owned(),
            state: request.state.as_str().to_owned(),
            received_on: request.received_on.to_string(),
            due_on: request.due_on.to_string(),
            words: request.words.clone(),
            outcome: request.outcome.map(|code| code.as_str().to_owned()),
            outcome_words: request.outcome_words.clone(),
            kept_until: request.kept_until.map(|day| day.to_string()),
            revision: request.revision,
        }
    }
}

/// An appeal.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct OwnAppeal {
    /// Its number.
    pub number: String,
    /// The act appealed against.
    pub against: String,
    /// Where it stands.
    pub state: String,
    /// What was said.
    pub points: String,
    /// What was wished for.
    pub wish: String,
    /// Outcome.
    pub outcome: Option<String>,
    /// The decision.
    pub decision: Option<String>,
    /// When it was lodged.
    pub lodged_at: String,
}

/// Somebody read values.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OwnRead {
    /// Number of the read.
    pub id: String,
    /// When.
    pub at: String,
    /// Role of the reader.
    pub role: String,
    /// Federation or institution of the reader.
    pub organisation: Option<String>,
    /// For what.
    pub purpose: String,
    /// The same in words.
    pub words: Option<String>,
    /// Whether it belonged to a task over a list.
    pub in_task: bool,
    /// Which values.
    pub fields: Vec<String>,
}

impl From<&store::certificates::DayOfChecks> for OwnChecks {
    fn from(day: &store::certificates::DayOfChecks) -> Self {
        Self {
            day: day.day.to_string(),
            checks: day.checks,
        }
    }
}

impl From<&reads::Read> for OwnRead {
    fn from(read: &reads::Read) -> Self {
        Self {
            id: read.id.to_string(),
            at: read.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            role: read.role.clone(),
            organisation: read.organisation.clone(),
            purpose: read.purpose.clone(),
            words: read.words.clone(),
            in_task: read.in_task,
            fields: read.fields.clone(),
        }
    }
}

/// The trainee's own record.
pub async fn record(app: &App, actor: &Actor) -> Result<OwnRecord, Problem> {
    record_of(app, trainee(actor)?).await
}

/// Who read the trainee's values, newest first, before a read where given.
pub async fn reads(
    app: &App,
    actor: &Actor,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<reads::Read>, Problem> {
    let person = trainee(actor)?;
    let (reader, vault) = (app.store.reader(), app.store.vault());
    Ok(reads::of_person(reader, vault, person, before, limit).await?)
}

/// Days of checks that a certificate shows.
const DAYS_OF_CHECKS: usize = 30;

pub(super) async fn record_of(app: &App, person: PersonId) -> Result<OwnRecord, Problem> {
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let held = record::of_person(reader, vault, person)
        .await?
        .ok_or_else(Problem::not_found)?;
    let consents = consents::of_person(reader, vault, person).await?;
    let requests = requests::of_person(reader, vault, person).await?;
    let reads = reads::of_person(reader, vault, person, None, 1_000).await?;
    let mut appeals = store::cases::grievances::of_appellant(reader, person).await?;
    store::cases::grievances::open(reader, vault, &mut appeals).await?;
    let work = crate::outcomes::own::of_person(app, person).await?;
    let checks = store::certificates::checks_of_person(reader, person, DAYS_OF_CHECKS).await?;
    let instant = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(OwnRecord {
        format: "mingzheng.own-record.v1".to_owned(),
        made_at: instant(app.now()),
        person: person.to_string(),
        values: held
            .values
            .into_iter()
            .map(|value| OwnValue {
                kind: value.kind,
                value: value.value,
                from: value.from.to_string(),
                until: value.until.map(|day| day.to_string()),
                proof: value.proof,
            })
            .collect(),
        trainings: held
            .trainings
            .into_iter()
            .map(|training| OwnTraining {
                enrolment: training.enrolment.to_string(),
                class: training.class,
                institution: training.institution,
                program: training.program,
                state: training.state,
                start_on: training.start_on.to_string(),
                end_on: training.end_on.to_string(),
                hukou_region: training.region,
                contact: training.contact,
                phone: training.phone,
                note: training.note,
                needs: codes(&training.needs),
                employed_at_enrolment: training.employed_at_enrolment,
                minutes: training.minutes,
                passed: training.passed,
                score: training.score,
                applied_at: instant(training.applied_at),
            })
            .collect(),
        certificates: held
            .certificates
            .into_iter()
            .map(|certificate| OwnCertificate {
                checks: checks
                    .get(&certificate.public_id)
                    .map(|days| days.iter().map(OwnChecks::from).collect())
                    .unwrap_or_default(),
                id: certificate.public_id.to_string(),
                certificate_no: certificate.number,
                replaces: certificate.replaces,
                program: certificate.program,
                status: certificate.status,
                issued_at: instant(certificate.issued_at),
                expires_at: certificate.expires_at.map(instant),
            })
            .collect(),
        work,
        appeals: appeals
            .into_iter()
            .map(|one| OwnAppeal {
                number: one.number,
                against: one.against.as_str().to_owned(),
                state: one.state.as_str().to_owned(),
                points: one.points,
                wish: one.wish,
                outcome: one.outcome.map(|outcome| outcome.as_str().to_owned()),
                decision: one.text,
                lodged_at: instant(one.lodged_at),
            })
            .collect(),
        consents: consents.iter().map(OwnConsent::from).collect(),
        requests: requests.iter().map(OwnRequest::from).collect(),
        reads: reads.iter().map(OwnRead::from).collect(),
    })
}
