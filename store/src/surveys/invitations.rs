//! Invitations: who is to be asked, what the page says, reminders.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CohortId, EnrolmentId, PersonId, SurveyId};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    Statement, Value,
};
use uuid::Uuid;

use crate::entity::evidence::survey_invitation;
use crate::one_time_tokens::{Contact, ContactKind};
use crate::scope::Scope;
use crate::vault::{Vault, WrappedKey};
use crate::{StoreError, contacts, one_time_tokens, time};

/// Somebody who is to be asked.
#[derive(Debug)]
pub struct Invited {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// Where they said themselves that they are reached: by their account, or to an officer of the federation. What the
    /// institution wrote in its roster is not asked, and nobody who withdrew from being asked later, or whose
    /// consent to it is over, is sent anything.
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
    today: NaiveDate,
) -> Result<Vec<Invited>, StoreError> {
    let (within, value) = scope.sql("c.site_region", "c.institution_id", 3);
    let mut values: Vec<Value> = vec![cohort.uuid().into(), today.to_string().into()];
    values.extend(value);
    let sql = format!(
        "SELECT e.id, e.person_id, b.account_id, v.phone_enc, p.data_key, p.data_key_version, \
         CAST((SELECT COUNT(*) FROM survey_invitation s WHERE s.enrolment_id = e.id) AS BIGINT) AS asked, \
         CAST((SELECT CASE WHEN COUNT(*) > 0 AND COUNT(*) = COUNT(CASE WHEN n.withdrawn_on IS NOT NULL \
         OR n.valid_until < $2 THEN 1 END) THEN 1 ELSE 0 END FROM consent n \
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

/// Confirmed by the county: this person cannot be reached, and leaves the count of those invited (field.md 15). `false` where
/// nothing was sent, or it was answered: whoever answers was reached.
pub async fn not_contactable(
    db: &impl ConnectionTrait,
    enrolment: EnrolmentId,
) -> Result<bool, StoreError> {
    use survey_invitation::Column as C;
    let done = survey_invitation::Entity::update_many()
        .col_expr(C::Contactable, Expr::value(false))
        .filter(C::EnrolmentId.eq(enrolment.uuid()))
        .filter(C::State.ne("answered"))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
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
