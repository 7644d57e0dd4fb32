//! Survey invitations and responses. After closing a response knows its enrolment by a keyed index alone.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::grading::{SurveyBy, SurveyMode};
use domain::ids::{AdmissionId, CohortId, EnrolmentId, PersonId, StaffPersonId, SurveyId};
use domain::survey::SurveyFlag;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::entity::evidence::{
    survey_invitation, survey_response, survey_shown, survey_suspension,
};
use crate::grading::snapshot::SURVEY_INDEX;
use crate::one_time_tokens::{self, Contact, ContactKind};
use crate::scope::Scope;
use crate::vault::{KeyKind, Vault, WrappedKey};
use crate::{StoreError, contacts, time};

/// Somebody who is to be asked.
#[derive(Debug)]
pub struct Invited {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// Where they said themselves that they are reached: by their account, or to an officer of the federation. What the
    /// institution wrote in its roster is not asked, and nobody who withdrew from being asked later is sent anything.
    pub contact: Option<Contact>,
    /// Whether they were asked before.
    pub asked: bool,
}

#[derive(FromQueryResult)]
struct InvitedRow {
    id: Uuid,
    person_id: Uuid,
    account_id: Option<Uuid>,
    phone_enc: Option<Vec<u8>>,
    data_key: Vec<u8>,
    data_key_version: i32,
    asked: i64,
    withdrawn: i64,
}

/// The trainees of a class of the scope who are to be asked: all but those who only applied.
pub async fn to_ask(
    db: &impl ConnectionTrait,
    vault: &Vault,
    scope: &Scope,
    cohort: CohortId,
) -> Result<Vec<Invited>, StoreError> {
    let (within, value) = scope.sql("c.site_region", "c.institution_id", 2);
    let mut values: Vec<Value> = vec![cohort.uuid().into()];
    values.extend(value);
    let sql = format!(
        "SELECT e.id, e.person_id, b.account_id, v.phone_enc, p.data_key, p.data_key_version, \
         CAST((SELECT COUNT(*) FROM survey_invitation s WHERE s.enrolment_id = e.id) AS BIGINT) AS asked, \
         CAST((SELECT CASE WHEN COUNT(*) > 0 AND COUNT(*) = COUNT(n.withdrawn_on) THEN 1 ELSE 0 END FROM consent n \
         WHERE n.person_id = e.person_id AND n.purpose = 'outcome_follow_up') AS BIGINT) AS withdrawn \
         FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN person p ON p.id = e.person_id \
         LEFT JOIN verified_contact v ON v.person_id = p.id LEFT JOIN account_person b ON b.person_id = p.id \
         WHERE c.id = $1 AND {within} AND e.state NOT IN ('applied', 'rejected', 'not_attached') ORDER BY e.id"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = InvitedRow::find_by_statement(statement).all(db).await?;
    let mut invited = Vec::with_capacity(rows.len());
    for row in rows {
        invited.push(Invited {
            enrolment: row.id.into(),
            person: row.person_id.into(),
            asked: row.asked > 0,
            contact: contact(db, vault, row).await?,
        });
    }
    Ok(invited)
}

async fn contact(
    db: &impl ConnectionTrait,
    vault: &Vault,
    row: InvitedRow,
) -> Result<Option<Contact>, StoreError> {
    if row.data_key.is_empty() || row.withdrawn > 0 {
        return Ok(None);
    }
    if let Some(account) = row.account_id {
        let own = one_time_tokens::contact(db, vault, account.into()).await?;
        if own.is_some() {
            return Ok(own);
        }
    }
    let Some(sealed) = row.phone_enc else {
        return Ok(None);
    };
    let wrapped = WrappedKey {
        bytes: row.data_key,
        version: row.data_key_version,
    };
    let key = vault.open_data_key(row.person_id, &wrapped)?;
    Ok(Some(Contact {
        kind: ContactKind::Phone,
        value: key.open_text(contacts::PHONE, row.person_id, &sealed)?,
    }))
}

/// Writes an invitation as sent.
pub async fn invite(
    db: &impl ConnectionTrait,
    id: SurveyId,
    enrolment: EnrolmentId,
    token_mac: &[u8; 32],
    now: DateTime<Utc>,
    ends_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = survey_invitation::Model {
        id: id.uuid(),
        enrolment_id: enrolment.uuid(),
        token_mac: token_mac.to_vec(),
        state: "open".to_owned(),
        sent_at: time::millis(now),
        ends_at: time::millis(ends_at),
        opened_at: None,
        answered_on: None,
        reminders: 0,
        contactable: true,
    };
    survey_invitation::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// An invitation with what its page says.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// The enrolment.
    pub enrolment_id: Uuid,
    /// `open`, `answered`, `expired`.
    pub state: String,
    /// When it was sent (Unix milliseconds).
    pub sent_at: i64,
    /// Until when (Unix milliseconds).
    pub ends_at: i64,
    /// When the page was opened first.
    pub opened_at: Option<i64>,
    /// When it was answered.
    pub answered_on: Option<String>,
    /// The admission asked about.
    pub admission_id: Uuid,
    /// Its institution.
    pub institution_id: Uuid,
    /// Name of the class's program.
    pub program_name: String,
    /// Name of the institution.
    pub institution_name: String,
}

const INVITATION: &str = "SELECT s.id, s.enrolment_id, s.state, s.sent_at, s.ends_at, s.opened_at, s.answered_on, \
     c.admission_id, c.institution_id, v.name AS program_name, i.name AS institution_name FROM survey_invitation s \
     JOIN enrolment e ON e.id = s.enrolment_id JOIN cohort c ON c.id = e.cohort_id \
     JOIN program_version v ON v.id = c.program_version_id JOIN institution i ON i.id = c.institution_id WHERE";

async fn invitation(
    db: &impl ConnectionTrait,
    condition: &str,
    value: Value,
) -> Result<Option<Invitation>, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        format!("{INVITATION} {condition}"),
        [value],
    );
    Ok(Invitation::find_by_statement(statement).one(db).await?)
}

/// The invitation of an enrolment; the caller has checked who asks.
pub async fn of_enrolment(
    db: &impl ConnectionTrait,
    enrolment: EnrolmentId,
) -> Result<Option<Invitation>, StoreError> {
    invitation(db, "s.enrolment_id = $1", enrolment.uuid().into()).await
}

/// The invitation that a token opens, answered and expired ones included.
pub async fn by_token(
    db: &impl ConnectionTrait,
    macs: &[[u8; 32]],
) -> Result<Option<Invitation>, StoreError> {
    for mac in macs {
        let found = invitation(db, "s.token_mac = $1", mac.to_vec().into()).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Notes that the page was opened, the first time.
pub async fn opened(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use survey_invitation::Column as C;
    survey_invitation::Entity::update_many()
        .col_expr(C::OpenedAt, Expr::value(time::millis(now)))
        .filter(C::Id.eq(id))
        .filter(C::OpenedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

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

/// Writes a response and uses the token up; `Stale` when the token was used meanwhile.
pub async fn answer(
    db: &impl ConnectionTrait,
    vault: &Vault,
    new: &NewResponse,
) -> Result<(), StoreError> {
    use survey_invitation::Column as C;
    let used = survey_invitation::Entity::update_many()
        .col_expr(C::State, Expr::value("answered"))
        .col_expr(C::AnsweredOn, Expr::value(new.submitted_on.to_string()))
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

/// Takes identity away from responses whose survey has closed, and closes invitations that ended; answers both numbers.
pub async fn close(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(u64, u64), StoreError> {
    use survey_invitation::Column as C;
    let expired = survey_invitation::Entity::update_many()
        .col_expr(C::State, Expr::value("expired"))
        .filter(C::State.eq("open"))
        .filter(C::EndsAt.lte(time::millis(now)))
        .exec(db)
        .await?;
    let ended = sea_orm::sea_query::Query::select()
        .column(C::EnrolmentId)
        .from(survey_invitation::Entity)
        .and_where(C::EndsAt.lte(time::millis(now)))
        .to_owned();
    let separated = survey_response::Entity::update_many()
        .col_expr(
            survey_response::Column::EnrolmentId,
            Expr::value(None::<Uuid>),
        )
        .col_expr(
            survey_response::Column::DeviceIndex,
            Expr::value(None::<Vec<u8>>),
        )
        .col_expr(
            survey_response::Column::NetworkIndex,
            Expr::value(None::<Vec<u8>>),
        )
        .filter(survey_response::Column::EnrolmentId.in_subquery(ended))
        .exec(db)
        .await?;
    Ok((expired.rows_affected, separated.rows_affected))
}

/// A new token for who did not answer; the earlier one opens nothing any more. `false` when there is nothing to remind of.
pub async fn remind(
    db: &impl ConnectionTrait,
    enrolment: EnrolmentId,
    token_mac: &[u8; 32],
    most: u32,
) -> Result<bool, StoreError> {
    use survey_invitation::Column as C;
    let done = survey_invitation::Entity::update_many()
        .col_expr(C::TokenMac, Expr::value(token_mac.to_vec()))
        .col_expr(C::Reminders, Expr::col(C::Reminders).add(1))
        .filter(C::EnrolmentId.eq(enrolment.uuid()))
        .filter(C::State.eq("open"))
        .filter(C::Reminders.lt(most.cast_signed()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Confirmed by the county: this person cannot be reached, and leaves the count of those invited (field.md 15).
pub async fn not_contactable(
    db: &impl ConnectionTrait,
    enrolment: EnrolmentId,
) -> Result<bool, StoreError> {
    use survey_invitation::Column as C;
    let done = survey_invitation::Entity::update_many()
        .col_expr(C::Contactable, Expr::value(false))
        .filter(C::EnrolmentId.eq(enrolment.uuid()))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Suspends the survey of an admission, or takes that back.
pub async fn suspend(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    reason: Option<&str>,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(reason) = reason else {
        survey_suspension::Entity::delete_by_id(admission.uuid())
            .exec(db)
            .await?;
        return Ok(());
    };
    let row = survey_suspension::Model {
        admission_id: admission.uuid(),
        reason: reason.to_owned(),
        since: time::millis(now),
        suspended_by: by.uuid(),
    };
    survey_suspension::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// The admissions whose survey is suspended.
pub async fn suspended(db: &impl ConnectionTrait) -> Result<Vec<AdmissionId>, StoreError> {
    let rows = survey_suspension::Entity::find().all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| row.admission_id.into())
        .collect())
}

/// A class with its survey, in counts.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct OfClass {
    /// The class.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Trainees who were asked.
    pub asked: i64,
    /// Of these not yet answered, and still open.
    pub open: i64,
    /// Until when the last of them is open (Unix milliseconds).
    pub ends_at: Option<i64>,
}

/// Classes of the scope that have ended, those with open invitations first, then the newest.
pub async fn classes(
    db: &impl ConnectionTrait,
    scope: &Scope,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<OfClass>, StoreError> {
    let (within, value) = scope.sql("c.site_region", "c.institution_id", 2);
    let mut values: Vec<Value> = vec![time::millis(now).into()];
    values.extend(value);
    let sql = format!(
        "SELECT c.id, c.code, c.name, CAST(COUNT(s.id) AS BIGINT) AS asked, \
         CAST(SUM(CASE WHEN s.state = 'open' AND s.ends_at > $1 THEN 1 ELSE 0 END) AS BIGINT) AS open, \
         MAX(s.ends_at) AS ends_at FROM cohort c LEFT JOIN enrolment e ON e.cohort_id = c.id \
         LEFT JOIN survey_invitation s ON s.enrolment_id = e.id \
         WHERE c.state IN ('finished', 'accepted', 'archived') AND {within} \
         GROUP BY c.id, c.code, c.name, c.end_on ORDER BY CASE WHEN SUM(CASE WHEN s.state = 'open' AND s.ends_at > $1 THEN 1 ELSE 0 END) > 0 THEN 0 ELSE 1 END, c.end_on DESC, c.id DESC LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(OfClass::find_by_statement(statement).all(db).await?)
}

/// Enrolments of a class of the scope whose invitation is open, with their persons.
pub async fn unanswered(
    db: &impl ConnectionTrait,
    scope: &Scope,
    cohort: CohortId,
    now: DateTime<Utc>,
) -> Result<Vec<(EnrolmentId, PersonId)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        person_id: Uuid,
    }
    let (within, value) = scope.sql("c.site_region", "c.institution_id", 3);
    let mut values: Vec<Value> = vec![cohort.uuid().into(), time::millis(now).into()];
    values.extend(value);
    let sql = format!(
        "SELECT e.id, e.person_id FROM survey_invitation s JOIN enrolment e ON e.id = s.enrolment_id \
         JOIN cohort c ON c.id = e.cohort_id WHERE c.id = $1 AND s.state = 'open' AND s.ends_at > $2 AND {within} ORDER BY e.id"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.person_id.into()))
        .collect())
}

/// Sums of the counted responses about an admission: how many, and the sum of each item.
pub async fn sums(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<(u32, [u32; 5]), StoreError> {
    sums_of(db, admission, false).await
}

async fn sums_of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    closed: bool,
) -> Result<(u32, [u32; 5]), StoreError> {
    use survey_response::Column as C;
    let mut query = survey_response::Entity::find()
        .select_only()
        .column(C::Items)
        .filter(C::AdmissionId.eq(admission.uuid()))
        .filter(C::State.eq("counted"));
    if closed {
        query = query.filter(C::EnrolmentId.is_null());
    }
    let rows: Vec<String> = query.into_tuple().all(db).await?;
    let mut sums = [0; 5];
    for row in &rows {
        let items: [u8; 5] = serde_json::from_str(row)
            .map_err(|_| StoreError::inconsistent("survey_response", admission))?;
        for (sum, item) in sums.iter_mut().zip(items) {
            *sum += u32::from(item);
        }
    }
    Ok((u32::try_from(rows.len()).unwrap_or(u32::MAX), sums))
}

/// The sums that an institution sees: as they were kept last; nothing while there was nothing to keep.
pub async fn shown(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<(u32, [u32; 5]), StoreError> {
    let Some(row) = survey_shown::Entity::find_by_id(admission.uuid())
        .one(db)
        .await?
    else {
        return Ok((0, [0; 5]));
    };
    let bad = || StoreError::inconsistent("survey_shown", admission);
    let sums = serde_json::from_str(&row.sums).map_err(|_| bad())?;
    Ok((u32::try_from(row.counted).map_err(|_| bad())?, sums))
}

/// Keeps the sums that institutions see, of waves that have closed, and only where so many answers more count than when
/// they were kept last: no two looks differ by few answers.
pub async fn keep_shown(
    db: &impl ConnectionTrait,
    least: u32,
    today: NaiveDate,
) -> Result<(), StoreError> {
    use survey_shown::Column as C;
    #[derive(FromQueryResult)]
    struct Row {
        admission_id: Uuid,
    }
    let sql = "SELECT r.admission_id FROM survey_response r LEFT JOIN survey_shown k ON k.admission_id = r.admission_id \
               WHERE r.state = 'counted' AND r.enrolment_id IS NULL GROUP BY r.admission_id, k.counted \
               HAVING COUNT(*) >= COALESCE(k.counted, 0) + $1 ORDER BY r.admission_id";
    let values = [Value::from(i64::from(least))];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    for row in Row::find_by_statement(statement).all(db).await? {
        let (counted, sums) = sums_of(db, row.admission_id.into(), true).await?;
        let new = survey_shown::Model {
            admission_id: row.admission_id,
            counted: i64::from(counted),
            sums: serde_json::Value::from(sums.to_vec()).to_string(),
            shown_on: today.to_string(),
        };
        survey_shown::Entity::insert(new.into_active_model())
            .on_conflict(
                OnConflict::column(C::AdmissionId)
                    .update_columns([C::Counted, C::Sums, C::ShownOn])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}
