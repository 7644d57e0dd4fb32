//! Papers of a case, and services of decisions.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::{AdmissionId, CaseId, DocumentId, FileId, PaperId, StaffPersonId, TimelineId};
use domain::institution::{InstitutionTransition, PaperKind};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder,
};
use uuid::Uuid;

use crate::cases::Case;
use crate::entity::cases::{case_paper, service};
use crate::privacy::statement;
use crate::{StoreError, time};

/// A paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Its id.
    pub id: PaperId,
    /// The case.
    pub case: CaseId,
    /// Kind.
    pub kind: PaperKind,
    /// What it says.
    pub text: String,
    /// Inspection: whether it proposes acceptance.
    pub passed: Option<bool>,
    /// Inspection, hearing: who was there, by post, no names of trainees.
    pub members: Vec<String>,
    /// Day of the inspection or hearing, else of filing.
    pub held_on: NaiveDate,
    /// SHA-256 of the evidence.
    pub evidence_sha256: Option<Vec<u8>>,
    /// Document.
    pub document: Option<DocumentId>,
    /// File.
    pub file: Option<FileId>,
    /// When it was filed.
    pub made_at: DateTime<Utc>,
    /// By whom.
    pub made_by: StaffPersonId,
    /// By which role.
    pub role: Role,
}

/// Files a paper.
pub async fn insert(db: &impl ConnectionTrait, paper: &Paper) -> Result<(), StoreError> {
    let row = case_paper::ActiveModel {
        id: Set(paper.id.uuid()),
        case_id: Set(paper.case.uuid()),
        kind: Set(paper.kind.as_str().to_owned()),
        text: Set(paper.text.clone()),
        passed: Set(paper.passed),
        members: Set(serde_json::Value::from(paper.members.clone()).to_string()),
        held_on: Set(paper.held_on.to_string()),
        evidence_sha256: Set(paper.evidence_sha256.clone()),
        document_id: Set(paper.document.map(DocumentId::uuid)),
        file_id: Set(paper.file.map(FileId::uuid)),
        made_at: Set(time::millis(paper.made_at)),
        made_by: Set(paper.made_by.uuid()),
        role: Set(paper.role.as_str().to_owned()),
    };
    case_paper::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Papers of a case, oldest first.
pub async fn of(db: &impl ConnectionTrait, case: CaseId) -> Result<Vec<Paper>, StoreError> {
    let rows = case_paper::Entity::find()
        .filter(case_paper::Column::CaseId.eq(case.uuid()))
        .order_by_asc(case_paper::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Paper::try_from).collect()
}

/// The files of a case by what they belong to: a paper, or the service of a decision on its admission; oldest first.
pub async fn files(
    db: &impl ConnectionTrait,
    case: &Case,
) -> Result<HashMap<Uuid, Vec<FileId>>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        file_id: Uuid,
    }
    let sql = "SELECT p.id, p.file_id FROM case_paper p WHERE p.case_id = $1 AND p.file_id IS NOT NULL
        UNION SELECT p.id, d.file_id FROM case_paper p JOIN official_document_file d ON d.document_id = p.document_id
          WHERE p.case_id = $1
        UNION SELECT s.id, d.file_id FROM service s JOIN timeline t ON t.id = s.timeline_id
          JOIN official_document_file d ON d.document_id = t.document_id WHERE s.admission_id = $2
        ORDER BY 2";
    let values = [case.id.uuid().into(), case.admission.uuid().into()];
    let rows = Row::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    let mut files = HashMap::<Uuid, Vec<FileId>>::new();
    for row in rows {
        files.entry(row.id).or_default().push(row.file_id.into());
    }
    Ok(files)
}

impl TryFrom<case_paper::Model> for Paper {
    type Error = StoreError;

    fn try_from(row: case_paper::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("case_paper", row.id);
        Ok(Self {
            id: row.id.into(),
            case: row.case_id.into(),
            kind: row.kind.parse().map_err(|_| bad())?,
            passed: row.passed,
            members: serde_json::from_str(&row.members).map_err(|_| bad())?,
            held_on: time::date(&row.held_on)?,
            document: row.document_id.map(Into::into),
            file: row.file_id.map(Into::into),
            made_at: time::instant(row.made_at)?,
            made_by: row.made_by.into(),
            role: row.role.parse().map_err(|_| bad())?,
            text: row.text,
            evidence_sha256: row.evidence_sha256,
        })
    }
}

/// Service of a decision on the institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its id.
    pub id: Uuid,
    /// The admission.
    pub admission: AdmissionId,
    /// The act served.
    pub act: InstitutionTransition,
    /// Its entry in the timeline.
    pub decision: TimelineId,
    /// `account | sms | post | in_person | notice`.
    pub method: String,
    /// Day of service.
    pub served_on: NaiveDate,
    /// Receipt, in words.
    pub receipt: String,
    /// Who recorded it.
    pub recorded_by: StaffPersonId,
    /// When.
    pub recorded_at: DateTime<Utc>,
}

/// Records a service; the same decision served twice is a duplicate.
pub async fn serve(db: &impl ConnectionTrait, new: &Service) -> Result<(), StoreError> {
    let row = service::ActiveModel {
        id: Set(new.id),
        admission_id: Set(new.admission.uuid()),
        act: Set(new.act.as_str().to_owned()),
        timeline_id: Set(new.decision.uuid()),
        method: Set(new.method.clone()),
        served_on: Set(new.served_on.to_string()),
        receipt: Set(new.receipt.clone()),
        recorded_by: Set(new.recorded_by.uuid()),
        recorded_at: Set(time::millis(new.recorded_at)),
    };
    service::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// When a decision was served.
pub async fn served_on(
    db: &impl ConnectionTrait,
    decision: TimelineId,
) -> Result<Option<NaiveDate>, StoreError> {
    let row = service::Entity::find()
        .filter(service::Column::TimelineId.eq(decision.uuid()))
        .one(db)
        .await?;
    row.map(|row| time::date(&row.served_on)).transpose()
}

/// All services of an admission, oldest first.
pub async fn services_of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<Service>, StoreError> {
    let rows = service::Entity::find()
        .filter(service::Column::AdmissionId.eq(admission.uuid()))
        .order_by_asc(service::Column::Id)
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Service {
                id: row.id,
                admission: row.admission_id.into(),
                act: row
                    .act
                    .parse()
                    .map_err(|_| StoreError::inconsistent("service", row.id))?,
                decision: row.timeline_id.into(),
                served_on: time::date(&row.served_on)?,
                recorded_by: row.recorded_by.into(),
                recorded_at: time::instant(row.recorded_at)?,
                method: row.method,
                receipt: row.receipt,
            })
        })
        .collect()
}
