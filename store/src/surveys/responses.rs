//! Responses, and how many came about an admission, from a device, from a network.

use chrono::NaiveDate;
use domain::access::Role;
use domain::grading::{SurveyBy, SurveyMode};
use domain::ids::{AdmissionId, EnrolmentId, StaffPersonId};
use domain::survey::SurveyFlag;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    Statement, Value,
};
use uuid::Uuid;

use crate::StoreError;
use crate::entity::evidence::{survey_invitation, survey_response};
use crate::grading::snapshot::SURVEY_INDEX;
use crate::vault::{KeyKind, Vault};

/// A response to write.
#[derive(Clone, Debug)]
pub struct NewResponse {
    /// Its id.
    pub id: Uuid,
    /// The invitation it answers.
    pub invitation: Uuid,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The admission asked about.
    pub admission: AdmissionId,
    /// Five items.
    pub items: [u8; 5],
    /// Day.
    pub submitted_on: NaiveDate,
    /// How.
    pub mode: SurveyMode,
    /// By whom.
    pub by: SurveyBy,
    /// Seconds from opening to sending.
    pub seconds: u32,
    /// Keyed index of the device.
    pub device: Option<[u8; 32]>,
    /// Keyed index of the network.
    pub network: Option<[u8; 32]>,
    /// Flags.
    pub flags: Vec<SurveyFlag>,
    /// Who asked, when it was not on the web.
    pub taken_by: Option<(StaffPersonId, Role)>,
}

/// Writes a response and uses the token up; `Stale` when the token was used meanwhile. Whoever answers was reached after all.
pub async fn answer(
    db: &impl ConnectionTrait,
    vault: &Vault,
    new: &NewResponse,
) -> Result<(), StoreError> {
    use survey_invitation::Column as C;
    let used = survey_invitation::Entity::update_many()
        .col_expr(C::State, Expr::value("answered"))
        .col_expr(C::AnsweredOn, Expr::value(new.submitted_on.to_string()))
        .col_expr(C::Contactable, Expr::value(true))
        .filter(C::Id.eq(new.invitation))
        .filter(C::State.eq("open"))
        .exec(db)
        .await?;
    if used.rows_affected != 1 {
        return Err(StoreError::Stale);
    }
    let version = vault.version(KeyKind::BlindIndex);
    let flags: Vec<&str> = new.flags.iter().map(|flag| flag.as_str()).collect();
    let row = survey_response::Model {
        id: new.id,
        enrolment_id: Some(new.enrolment.uuid()),
        enrolment_index: vault
            .blind_index_at(version, SURVEY_INDEX, &new.enrolment.to_string())?
            .to_vec(),
        blind_version: version,
        admission_id: new.admission.uuid(),
        items: serde_json::Value::from(new.items.to_vec()).to_string(),
        submitted_on: new.submitted_on.to_string(),
        seq: 1,
        mode: new.mode.as_str().to_owned(),
        answered_by: new.by.as_str().to_owned(),
        seconds: i32::try_from(new.seconds).unwrap_or(i32::MAX),
        device_index: new.device.map(|index| index.to_vec()),
        network_index: new.network.map(|index| index.to_vec()),
        state: if flags.is_empty() {
            "counted"
        } else {
            "flagged"
        }
        .to_owned(),
        flags: serde_json::Value::from(flags).to_string(),
        taken_by: new.taken_by.map(|(person, _)| person.uuid()),
        taken_role: new.taken_by.map(|(_, role)| role.as_str().to_owned()),
        audit_reason: None,
        audited_by: None,
        audited_on: None,
        urn_id: None,
    };
    survey_response::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Counted {
    count: i64,
}

async fn count(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<u32, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let found = Counted::find_by_statement(statement).one(db).await?;
    Ok(found.map_or(0, |row| u32::try_from(row.count).unwrap_or(u32::MAX)))
}

/// How many responses about an admission came from this device.
pub async fn from_device(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    device: &[u8; 32],
) -> Result<u32, StoreError> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) AS count FROM survey_response WHERE admission_id = $1 AND device_index = $2";
    count(
        db,
        sql,
        vec![admission.uuid().into(), device.to_vec().into()],
    )
    .await
}

/// How many responses about an admission came from this network.
pub async fn from_network(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    network: &[u8; 32],
) -> Result<u32, StoreError> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) AS count FROM survey_response WHERE admission_id = $1 AND network_index = $2";
    let values = vec![admission.uuid().into(), network.to_vec().into()];
    count(db, sql, values).await
}

/// How many responses about an admission came on the web on this day.
pub async fn on_day(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    day: NaiveDate,
) -> Result<u32, StoreError> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) AS count FROM survey_response \
               WHERE admission_id = $1 AND submitted_on = $2 AND mode = 'web'";
    let values = vec![admission.uuid().into(), day.to_string().into()];
    count(db, sql, values).await
}

/// All responses about an admission, and those with a flag.
pub async fn flagged(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<(u32, u32), StoreError> {
    let all =
        "SELECT CAST(COUNT(*) AS BIGINT) AS count FROM survey_response WHERE admission_id = $1";
    let bad = "SELECT CAST(COUNT(*) AS BIGINT) AS count FROM survey_response WHERE admission_id = $1 AND state <> 'counted'";
    let id = || vec![admission.uuid().into()];
    Ok((count(db, all, id()).await?, count(db, bad, id()).await?))
}

/// Whether staff of an institution signed in from this network.
pub async fn is_institution_network(
    db: &impl ConnectionTrait,
    institution: Uuid,
    network: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT) AS count FROM audit WHERE institution_id = $1 AND network = $2";
    Ok(count(db, sql, vec![institution.into(), network.into()]).await? > 0)
}
