//! Opinions, visits and inspections of institutions.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::{AdmissionId, DocumentId, StaffPersonId};
use domain::institution::ReportKind;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, Statement,
};
use uuid::Uuid;

use crate::entity::cases::admission_report;
use crate::{StoreError, time};

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: Uuid,
    /// The admission.
    pub admission: AdmissionId,
    /// Kind.
    pub kind: ReportKind,
    /// Whether it speaks for the institution.
    pub favourable: bool,
    /// What it says.
    pub text: String,
    /// Who was there, by post, no names of trainees.
    pub members: Vec<String>,
    /// Day of the visit or inspection, else of the opinion.
    pub held_on: NaiveDate,
    /// Document.
    pub document: Option<DocumentId>,
    /// When it was recorded.
    pub made_at: DateTime<Utc>,
    /// By whom.
    pub made_by: StaffPersonId,
    /// By which role.
    pub role: Role,
}

/// Records a report.
pub async fn insert(db: &impl ConnectionTrait, report: &Report) -> Result<(), StoreError> {
    let row = admission_report::ActiveModel {
        id: Set(report.id),
        admission_id: Set(report.admission.uuid()),
        kind: Set(report.kind.as_str().to_owned()),
        favourable: Set(report.favourable),
        text: Set(report.text.clone()),
        members: Set(serde_json::Value::from(report.members.clone()).to_string()),
        held_on: Set(report.held_on.to_string()),
        document_id: Set(report.document.map(DocumentId::uuid)),
        made_at: Set(time::millis(report.made_at)),
        made_by: Set(report.made_by.uuid()),
        role: Set(report.role.as_str().to_owned()),
    };
    admission_report::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Reports about an admission, oldest first.
pub async fn of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<Report>, StoreError> {
    let rows = admission_report::Entity::find()
        .filter(admission_report::Column::AdmissionId.eq(admission.uuid()))
        .order_by_asc(admission_report::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Report::try_from).collect()
}

/// Admissions with a grade that asks for inspections of which nobody owes the next one.
pub async fn without_inspection(db: &impl ConnectionTrait) -> Result<Vec<AdmissionId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let sql = "SELECT a.id FROM admission a WHERE a.grade IN ('A', 'B', 'C') \
         AND a.state IN ('graded', 'warned', 'rectifying') AND NOT EXISTS (SELECT 1 FROM term t \
         WHERE t.object_id = a.id AND t.kind = $1 AND t.met_on IS NULL) ORDER BY a.id";
    let values = [ReportKind::Inspection.as_str().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

impl TryFrom<admission_report::Model> for Report {
    type Error = StoreError;

    fn try_from(row: admission_report::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("admission_report", row.id);
        Ok(Self {
            id: row.id,
            admission: row.admission_id.into(),
            kind: row.kind.parse().map_err(|_| bad())?,
            favourable: row.favourable,
            members: serde_json::from_str(&row.members).map_err(|_| bad())?,
            held_on: time::date(&row.held_on)?,
            document: row.document_id.map(Into::into),
            made_at: time::instant(row.made_at)?,
            made_by: row.made_by.into(),
            role: row.role.parse().map_err(|_| bad())?,
            text: row.text,
        })
    }
}
