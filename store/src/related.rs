//! Employers that belong to training institutions, and the work that their record touches.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{AdmissionId, DocumentId, EpisodeId, InstitutionId, PersonId, StaffPersonId};
use domain::related::Relation;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use crate::privacy::statement;
use crate::{StoreError, time};

/// An employer that belongs to an institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedParty {
    /// Its id.
    pub id: Uuid,
    /// The institution.
    pub institution: InstitutionId,
    /// Credit code of the employer.
    pub employer: String,
    /// How it belongs.
    pub relation: Relation,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; nothing while it lasts.
    pub until_on: Option<NaiveDate>,
    /// The document it rests on.
    pub document: DocumentId,
}

impl RelatedParty {
    /// Whether it holds on a day between these two; an open end is forever.
    pub fn holds(&self, from: NaiveDate, until: Option<NaiveDate>) -> bool {
        until.is_none_or(|until| self.from_on <= until)
            && self.until_on.is_none_or(|end| from <= end)
    }
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    institution_id: Uuid,
    employer: String,
    relation: String,
    from_on: String,
    until_on: Option<String>,
    document_id: Uuid,
}

impl TryFrom<Row> for RelatedParty {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = |_| StoreError::inconsistent("related_party", row.id);
        Ok(Self {
            id: row.id,
            institution: row.institution_id.into(),
            relation: row.relation.parse().map_err(bad)?,
            employer: row.employer,
            from_on: time::date(&row.from_on)?,
            until_on: time::optional_date(row.until_on.as_deref())?,
            document: row.document_id.into(),
        })
    }
}

/// The related parties of these institutions, the oldest first.
pub async fn of(
    db: &impl ConnectionTrait,
    institutions: &[InstitutionId],
) -> Result<Vec<RelatedParty>, StoreError> {
    if institutions.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT id, institution_id, employer, relation, from_on, until_on, document_id FROM related_party
         WHERE institution_id IN ({}) ORDER BY from_on, id",
        crate::cohorts::placeholders(1, institutions.len())
    );
    let values = institutions.iter().map(|id| Value::from(id.uuid()));
    let rows = Row::find_by_statement(statement(db, sql, values));
    rows.all(db)
        .await?
        .into_iter()
        .map(RelatedParty::try_from)
        .collect()
}

/// Writes a related party.
pub async fn insert(
    db: &impl ConnectionTrait,
    new: &RelatedParty,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO related_party (id, institution_id, employer, relation, from_on, until_on, document_id, recorded_by, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values: [Value; 9] = [
        new.id.into(),
        new.institution.uuid().into(),
        new.employer.as_str().into(),
        new.relation.as_str().into(),
        new.from_on.to_string().into(),
        new.until_on.map(|day| day.to_string()).into(),
        new.document.uuid().into(),
        by.uuid().into(),
        time::millis(now).into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

/// Gives a related party that lasts its last day; `false` when it had one.
pub async fn end(
    db: &impl ConnectionTrait,
    id: Uuid,
    until_on: NaiveDate,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE related_party SET until_on = $2, ended_by = $3, ended_at = $4 WHERE id = $1 AND until_on IS NULL";
    let values: [Value; 4] = [
        id.into(),
        until_on.to_string().into(),
        by.uuid().into(),
        time::millis(now).into(),
    ];
    let done = db.execute_raw(statement(db, sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// Work for an employer that an institution claims, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The episode.
    pub episode: EpisodeId,
    /// The person.
    pub person: PersonId,
    /// The admission of the class after which it is claimed.
    pub admission: AdmissionId,
}

#[derive(FromQueryResult)]
struct TouchedRow {
    id: Uuid,
    person_id: Uuid,
    admission_id: Uuid,
}

/// Work at the employer, in the time of the relation, of people trained by the institution, that no relation marks yet.
pub async fn touched(
    db: &impl ConnectionTrait,
    party: &RelatedParty,
) -> Result<Vec<Touched>, StoreError> {
    let mut values: Vec<Value> = vec![
        party.employer.as_str().into(),
        party.institution.uuid().into(),
        party.from_on.to_string().into(),
    ];
    let mut before = "";
    if let Some(until) = party.until_on {
        values.push(until.to_string().into());
        before = " AND p.start_on <= $4";
    }
    let sql = format!(
        "SELECT p.id, p.person_id, c.admission_id FROM employment_episode p JOIN enrolment e ON e.person_id = p.person_id
         JOIN cohort c ON c.id = e.cohort_id WHERE p.employer = $1 AND c.institution_id = $2
         AND p.related_admission_id IS NULL AND p.state <> 'void' AND c.state <> 'cancelled'
         AND e.state NOT IN ('applied', 'rejected') AND (p.last_day IS NULL OR p.last_day >= $3){before}
         ORDER BY p.id, c.start_on DESC, e.id"
    );
    let rows = TouchedRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    let mut found: Vec<Touched> = rows
        .into_iter()
        .map(|row| Touched {
            episode: row.id.into(),
            person: row.person_id.into(),
            admission: row.admission_id.into(),
        })
        .collect();
    found.dedup_by_key(|one| one.episode);
    Ok(found)
}

/// Marks work as that for a related party, if nothing did meanwhile.
pub async fn mark(db: &impl ConnectionTrait, touched: &Touched) -> Result<(), StoreError> {
    let sql = "UPDATE employment_episode SET related_admission_id = $2, revision = revision + 1
        WHERE id = $1 AND related_admission_id IS NULL";
    let values = [
        touched.episode.uuid().into(),
        touched.admission.uuid().into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}
