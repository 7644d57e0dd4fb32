//! Accredited assessors (认可的第三方评估人员).

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{AccountId, AssessorId, DocumentId, StaffPersonId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::entity::assessments::assessor;
use crate::privacy::statement;
use crate::scope::NATIONAL;
use crate::{StoreError, time};

/// An accreditation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessor {
    /// Its id.
    pub id: AssessorId,
    /// The person.
    pub person: StaffPersonId,
    /// Their organisation.
    pub organisation: String,
    /// Its credit code.
    pub credit_code: String,
    /// The federation that accredited: for its own institutions, the nation for all.
    pub federation: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_until: NaiveDate,
    /// The document it rests on.
    pub document: DocumentId,
    /// Who accredited.
    pub accredited_by: StaffPersonId,
    /// When.
    pub accredited_at: DateTime<Utc>,
    /// Since when it is withdrawn.
    pub withdrawn_on: Option<NaiveDate>,
    /// Raised by every change.
    pub revision: i32,
}

impl Assessor {
    /// Whether it runs on a day.
    pub fn runs(&self, day: NaiveDate) -> bool {
        self.withdrawn_on.is_none_or(|on| day < on)
            && (self.valid_from..=self.valid_until).contains(&day)
    }
}

impl TryFrom<assessor::Model> for Assessor {
    type Error = StoreError;

    fn try_from(row: assessor::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            person: StaffPersonId::new(row.staff_person_id),
            valid_from: time::date(&row.valid_from)?,
            valid_until: time::date(&row.valid_until)?,
            document: row.document_id.into(),
            accredited_by: StaffPersonId::new(row.accredited_by),
            accredited_at: time::instant(row.accredited_at)?,
            withdrawn_on: time::optional_date(row.withdrawn_on.as_deref())?,
            organisation: row.organisation,
            credit_code: row.credit_code,
            federation: row.federation,
            revision: row.revision,
        })
    }
}

/// Writes a new accreditation.
pub async fn insert(db: &impl ConnectionTrait, new: &Assessor) -> Result<(), StoreError> {
    let row = assessor::ActiveModel {
        id: Set(new.id.uuid()),
        staff_person_id: Set(new.person.uuid()),
        organisation: Set(new.organisation.clone()),
        credit_code: Set(new.credit_code.clone()),
        federation: Set(new.federation.clone()),
        valid_from: Set(new.valid_from.to_string()),
        valid_until: Set(new.valid_until.to_string()),
        document_id: Set(new.document.uuid()),
        accredited_by: Set(new.accredited_by.uuid()),
        accredited_at: Set(time::millis(new.accredited_at)),
        withdrawn_on: Set(None),
        revision: Set(new.revision),
    };
    assessor::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Withdraws an accreditation; `Stale` when somebody else changed it first.
pub async fn withdraw(
    db: &impl ConnectionTrait,
    row: &Assessor,
    on: NaiveDate,
) -> Result<i32, StoreError> {
    let done = assessor::Entity::update_many()
        .col_expr(assessor::Column::WithdrawnOn, Expr::value(on.to_string()))
        .col_expr(assessor::Column::Revision, Expr::value(row.revision + 1))
        .filter(assessor::Column::Id.eq(row.id.uuid()))
        .filter(assessor::Column::Revision.eq(row.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(row.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

/// An accreditation.
pub async fn find(
    db: &impl ConnectionTrait,
    id: AssessorId,
) -> Result<Option<Assessor>, StoreError> {
    assessor::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Assessor::try_from)
        .transpose()
}

/// Accreditations of a federation and of the nation, or of all; newest first, at most `limit`, older than the one given.
pub async fn list(
    db: &impl ConnectionTrait,
    federation: Option<&str>,
    before: Option<AssessorId>,
    limit: u64,
) -> Result<Vec<Assessor>, StoreError> {
    let mut query = assessor::Entity::find();
    if let Some(federation) = federation {
        query = query.filter(
            Condition::any()
                .add(assessor::Column::Federation.eq(federation))
                .add(assessor::Column::Federation.eq(NATIONAL)),
        );
    }
    if let Some(before) = before {
        query = query.filter(assessor::Column::Id.lt(before.uuid()));
    }
    let rows = query
        .order_by_desc(assessor::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(Assessor::try_from).collect()
}

#[derive(FromQueryResult)]
struct PersonRow {
    staff_person_id: Uuid,
}

/// The person behind an account that holds an assessor's post on a day.
pub async fn person_of(
    db: &impl ConnectionTrait,
    account: AccountId,
    day: NaiveDate,
) -> Result<Option<StaffPersonId>, StoreError> {
    let sql = "SELECT a.staff_person_id FROM account a JOIN post p ON p.staff_person_id = a.staff_person_id
        WHERE a.id = $1 AND p.role = 'assessor' AND (p.valid_until IS NULL OR p.valid_until > $2) LIMIT 1";
    let values = [account.uuid().into(), day.to_string().into()];
    let row = PersonRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.map(|row| StaffPersonId::new(row.staff_person_id)))
}

#[derive(FromQueryResult)]
struct CountRow {
    number: i64,
}

/// Whether an accreditation of a person runs on a day, by whichever federation.
pub async fn is_accredited(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    day: NaiveDate,
) -> Result<bool, StoreError> {
    let sql =
        "SELECT COUNT(*) AS number FROM assessor WHERE staff_person_id = $1 AND valid_from <= $2
        AND valid_until >= $2 AND (withdrawn_on IS NULL OR withdrawn_on > $2)";
    let values = [person.uuid().into(), day.to_string().into()];
    let row = CountRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.is_some_and(|row| row.number > 0))
}

/// Whether the person has an accreditation of the federation that runs on a day between these, both included.
pub async fn overlaps(
    db: &impl ConnectionTrait,
    person: StaffPersonId,
    federation: &str,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<bool, StoreError> {
    let found = assessor::Entity::find()
        .filter(assessor::Column::StaffPersonId.eq(person.uuid()))
        .filter(assessor::Column::Federation.eq(federation))
        .filter(assessor::Column::WithdrawnOn.is_null())
        .filter(assessor::Column::ValidFrom.lte(until.to_string()))
        .filter(assessor::Column::ValidUntil.gte(from.to_string()))
        .one(db)
        .await?;
    Ok(found.is_some())
}

/// Whoever may be on the list of an institution on a day: accredited by its federation or the nation, no conflict known.
/// A person stands on it once, whatever accreditations they hold.
pub async fn eligible(
    db: &impl ConnectionTrait,
    federation: &str,
    institution: Uuid,
    day: NaiveDate,
    declared_since: NaiveDate,
) -> Result<Vec<Assessor>, StoreError> {
    let conflict = known_conflict("s.staff_person_id", "s.credit_code", "$3", "$4");
    let sql = format!(
        "SELECT s.* FROM assessor s WHERE s.federation IN ($1, '000000') AND s.withdrawn_on IS NULL
         AND s.valid_from <= $2 AND s.valid_until >= $2 AND NOT ({conflict}) ORDER BY s.id"
    );
    let values = [
        federation.into(),
        day.to_string().into(),
        institution.into(),
        declared_since.to_string().into(),
    ];
    let rows = assessor::Model::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    let mut found: Vec<Assessor> = Vec::with_capacity(rows.len());
    for row in rows {
        if found
            .iter()
            .all(|one| one.person.uuid() != row.staff_person_id)
        {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Whether the registry knows of a conflict between an accreditation and an institution.
pub async fn conflicted(
    db: &impl ConnectionTrait,
    assessor: &Assessor,
    institution: Uuid,
    declared_since: NaiveDate,
) -> Result<bool, StoreError> {
    let conflict = known_conflict("s.staff_person_id", "s.credit_code", "$2", "$3");
    let sql = format!("SELECT s.staff_person_id FROM assessor s WHERE s.id = $1 AND {conflict}");
    let values = [
        assessor.id.uuid().into(),
        institution.into(),
        declared_since.to_string().into(),
    ];
    let row = PersonRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.is_some())
}

/// What the registry knows of itself: a declared interest, a post there, the same organisation, a relation declared
/// before.
fn known_conflict(person: &str, credit_code: &str, institution: &str, since: &str) -> String {
    format!(
        "(EXISTS (SELECT 1 FROM interest t WHERE t.staff_person_id = {person} AND t.institution_id = {institution})
         OR EXISTS (SELECT 1 FROM post p WHERE p.staff_person_id = {person} AND p.institution_id = {institution}
           AND (p.valid_until IS NULL OR p.valid_until > {since}))
         OR EXISTS (SELECT 1 FROM institution n WHERE n.id = {institution} AND n.credit_code = {credit_code})
         OR EXISTS (SELECT 1 FROM assessment_relation r WHERE r.staff_person_id = {person}
           AND r.institution_id = {institution} AND r.conflicts AND r.declared_on > {since}))"
    )
}
