//! What issuing reads under lock, and the rows it writes.

use chrono::{DateTime, NaiveDate, Utc};
use domain::certificate::CertificateStatus;
use domain::completion::{Assessment, Attendance};
use domain::enrolment::EnrolmentState;
use domain::ids::{
    AdmissionId, BatchId, CertificateId, CohortId, EnrolmentId, InstitutionId, LeafIndex, PersonId,
    ProgramVersionId,
};
use domain::{CertificateNo, CreditCode, PersonName, ProgramCode, PublicId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::{COSE, holder_index};
use crate::scope::Scope;
use crate::vault::{DataKey, KeyKind, Vault, WrappedKey};
use crate::{StoreError, time};

/// Cohort, program and institution as the gates need them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortForIssue {
    /// The cohort.
    pub id: CohortId,
    /// Its state.
    pub state: String,
    /// Planned hours.
    pub planned_hours: u32,
    /// Admission.
    pub admission: AdmissionId,
    /// State of the admission.
    pub admission_state: String,
    /// Whether the class is taught to its end although its institution leaves.
    pub taught_out: bool,
    /// Federation of the admission: it issues.
    pub federation: String,
    /// Institution.
    pub institution: InstitutionId,
    /// Its credit code.
    pub credit_code: CreditCode,
    /// Program version.
    pub program_version: ProgramVersionId,
    /// Program code.
    pub program_code: ProgramCode,
    /// Whether the version was ever published.
    pub published: bool,
    /// Kind of certificate.
    pub certificate_type: Option<String>,
    /// Months of validity.
    pub validity_months: Option<u32>,
    /// Skill level, 0 none.
    pub skill_level: u8,
    /// Name of the kind of certificate, or of the program where it has none.
    pub type_name: String,
    /// Name of the program.
    pub program_name: String,
    /// Name of its occupation.
    pub occupation_name: String,
    /// Name of the institution.
    pub institution_name: String,
}

#[derive(FromQueryResult)]
struct CohortRow {
    id: Uuid,
    state: String,
    planned_hours: i32,
    admission_id: Uuid,
    admission_state: String,
    federation: String,
    institution_id: Uuid,
    credit_code: String,
    program_version_id: Uuid,
    program_code: String,
    published_on: Option<String>,
    certificate_type: Option<String>,
    validity_months: Option<i32>,
    skill_level: i32,
    type_name: Option<String>,
    program_name: String,
    occupation_name: String,
    institution_name: String,
}

/// The cohort with its institution, in scope; both rows are locked on PostgreSQL, so that a suspension waits.
pub async fn cohort_for_issue(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: CohortId,
) -> Result<Option<CohortForIssue>, StoreError> {
    let backend = db.get_database_backend();
    let lock = if backend == DbBackend::Postgres {
        " FOR UPDATE OF k, a"
    } else {
        ""
    };
    let (condition, value) = scope.sql("k.site_region", "a.institution_id", 2);
    let sql = format!(
        "SELECT k.id, k.state, k.planned_hours, a.id AS admission_id, a.state AS admission_state, a.federation,
           a.institution_id, i.credit_code, v.id AS program_version_id, p.code AS program_code, v.published_on,
           v.certificate_type, t.validity_months, v.skill_level,
           t.name AS type_name, v.name AS program_name, o.name AS occupation_name, i.name AS institution_name
         FROM cohort k
         JOIN admission a ON a.id = k.admission_id
         JOIN institution i ON i.id = a.institution_id
         JOIN program_version v ON v.id = k.program_version_id
         JOIN program p ON p.id = v.program_id
         JOIN occupation o ON o.code = v.occupation_code AND o.edition = v.occupation_edition
         LEFT JOIN certificate_type t ON t.code = v.certificate_type
         WHERE k.id = $1 AND {condition}{lock}"
    );
    let values = std::iter::once(Value::from(id.uuid())).chain(value);
    let Some(row) =
        CohortRow::find_by_statement(Statement::from_sql_and_values(backend, sql, values))
            .one(db)
            .await?
    else {
        return Ok(None);
    };
    let bad = || StoreError::inconsistent("cohort", row.id);
    let taught_out = crate::cases::exit::is_taught_out(db, id).await?;
    Ok(Some(CohortForIssue {
        id: row.id.into(),
        taught_out,
        planned_hours: u32::try_from(row.planned_hours).map_err(|_| bad())?,
        admission: row.admission_id.into(),
        institution: row.institution_id.into(),
        credit_code: row.credit_code.parse().map_err(|_| bad())?,
        program_version: row.program_version_id.into(),
        program_code: row.program_code.parse().map_err(|_| bad())?,
        published: row.published_on.is_some(),
        validity_months: row
            .validity_months
            .map(u32::try_from)
            .transpose()
            .map_err(|_| bad())?,
        skill_level: u8::try_from(row.skill_level).map_err(|_| bad())?,
        state: row.state,
        admission_state: row.admission_state,
        federation: row.federation,
        certificate_type: row.certificate_type,
        type_name: row.type_name.unwrap_or_else(|| row.program_name.clone()),
        program_name: row.program_name,
        occupation_name: row.occupation_name,
        institution_name: row.institution_name,
    }))
}

/// One trainee as the gates and the signature need them.
#[derive(Debug)]
pub struct CandidateRow {
    /// Enrolment.
    pub enrolment: EnrolmentId,
    /// Person.
    pub person: PersonId,
    /// State.
    pub state: EnrolmentState,
    /// Attendance total.
    pub attendance: Option<Attendance>,
    /// Assessment.
    pub assessment: Option<Assessment>,
    /// Whether the person has an identity number today.
    pub has_citizen_id: bool,
    /// Whether they withdrew the consent to the training and gave none since.
    pub consent_withdrawn: bool,
    /// Highest generation of certificates of this enrolment, 0 none.
    pub generation: i32,
    /// Full name.
    pub name: PersonName,
    /// Seals what belongs to this person.
    pub data_key: DataKey,
}

#[derive(FromQueryResult)]
struct CandidateSql {
    id: Uuid,
    person_id: Uuid,
    state: String,
    minutes: Option<i32>,
    attendance_state: Option<String>,
    passed: Option<bool>,
    attempt: Option<i32>,
    result_state: Option<String>,
    score: Option<i32>,
    held_on: Option<String>,
    identifiers: i64,
    refused: i64,
    generation: Option<i32>,
    data_key: Vec<u8>,
    data_key_version: i32,
    name_id: Uuid,
    name_enc: Vec<u8>,
}

const CANDIDATE: &str = "
SELECT e.id, e.person_id, e.state, w.minutes, w.state AS attendance_state, r.passed, r.attempt,
  r.state AS result_state, r.score, r.held_on,
  (SELECT COUNT(*) FROM person_identifier x
    WHERE x.person_id = e.person_id AND x.kind = 'citizen_id' AND x.valid_until IS NULL) AS identifiers,
  (SELECT COUNT(*) FROM consent c WHERE c.person_id = e.person_id AND c.purpose = 'training'
    AND NOT EXISTS (SELECT 1 FROM consent d WHERE d.person_id = c.person_id AND d.purpose = c.purpose
      AND d.withdrawn_on IS NULL AND (d.valid_until IS NULL OR d.valid_until >= ':today'))) AS refused,
  (SELECT MAX(c.generation) FROM certificate c WHERE c.enrolment_id = e.id) AS generation,
  h.data_key, h.data_key_version, n.id AS name_id, n.name_enc
FROM enrolment e
JOIN person h ON h.id = e.person_id AND h.erased_at IS NULL
JOIN person_name n ON n.person_id = e.person_id AND n.valid_until IS NULL
LEFT JOIN attendance_total w ON w.enrolment_id = e.id
LEFT JOIN assessment_result r ON r.enrolment_id = e.id
WHERE ";

fn candidate(today: NaiveDate) -> String {
    CANDIDATE.replace(":today", &today.to_string())
}

/// Keeps the people of a batch as they are until the transaction ends: who withdraws a consent waits, or was waited for.
pub async fn lock_people(db: &impl ConnectionTrait, batch: BatchId) -> Result<(), StoreError> {
    // SQLite has one writer at a time.
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let sql = "SELECT id FROM person WHERE id IN (SELECT e.person_id FROM enrolment e
        JOIN certificate_batch_item i ON i.enrolment_id = e.id WHERE i.batch_id = $1) ORDER BY id FOR UPDATE";
    let values = [batch.uuid().into()];
    db.query_all_raw(Statement::from_sql_and_values(
        DbBackend::Postgres,
        sql,
        values,
    ))
    .await?;
    Ok(())
}

/// All trainees of a batch, in order of enrolment.
pub async fn candidates(
    db: &impl ConnectionTrait,
    vault: &Vault,
    batch: BatchId,
    today: NaiveDate,
) -> Result<Vec<CandidateRow>, StoreError> {
    let candidate = candidate(today);
    let sql = format!(
        "{candidate}e.id IN (SELECT enrolment_id FROM certificate_batch_item WHERE batch_id = $1) ORDER BY e.id"
    );
    read_candidates(db, vault, sql, batch.uuid()).await
}

/// One trainee, for a reissue.
pub async fn candidate_of_enrolment(
    db: &impl ConnectionTrait,
    vault: &Vault,
    enrolment: EnrolmentId,
    today: NaiveDate,
) -> Result<Option<CandidateRow>, StoreError> {
    let sql = format!("{}e.id = $1", candidate(today));
    Ok(read_candidates(db, vault, sql, enrolment.uuid())
        .await?
        .pop())
}

/// At most a thousand trainees, in order of enrolment; one whose personal data was erased is left out.
pub async fn candidates_of_enrolments(
    db: &impl ConnectionTrait,
    vault: &Vault,
    enrolments: &[EnrolmentId],
    today: NaiveDate,
) -> Result<Vec<CandidateRow>, StoreError> {
    if enrolments.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=enrolments.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "{}e.id IN ({}) ORDER BY e.id",
        candidate(today),
        places.join(", ")
    );
    let ids = enrolments.iter().map(|id| id.uuid().into()).collect();
    read_all(db, vault, sql, ids).await
}

async fn read_candidates(
    db: &impl ConnectionTrait,
    vault: &Vault,
    sql: String,
    id: Uuid,
) -> Result<Vec<CandidateRow>, StoreError> {
    read_all(db, vault, sql, vec![id.into()]).await
}

async fn read_all(
    db: &impl ConnectionTrait,
    vault: &Vault,
    sql: String,
    ids: Vec<Value>,
) -> Result<Vec<CandidateRow>, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, ids);
    let rows = CandidateSql::find_by_statement(statement).all(db).await?;
    rows.into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("enrolment", row.id);
            let wrapped = WrappedKey {
                bytes: row.data_key,
                version: row.data_key_version,
            };
            let data_key = vault.open_data_key(row.person_id, &wrapped)?;
            let name = data_key.open_text("person_name.name", row.name_id, &row.name_enc)?;
            let attendance = match (row.minutes, row.attendance_state) {
                (Some(minutes), Some(state)) => Some(Attendance {
                    minutes: u32::try_from(minutes).map_err(|_| bad())?,
                    state: state.parse().map_err(|_| bad())?,
                }),
                _ => None,
            };
            let assessment = match (row.passed, row.result_state, row.held_on, row.attempt) {
                (Some(passed), Some(state), Some(held_on), Some(attempt)) => Some(Assessment {
                    passed,
                    score: row.score.map(u8::try_from).transpose().map_err(|_| bad())?,
                    held_on: time::date(&held_on)?,
                    state: state.parse().map_err(|_| bad())?,
                    attempt: u32::try_from(attempt).map_err(|_| bad())?,
                }),
                _ => None,
            };
            Ok(CandidateRow {
                enrolment: row.id.into(),
                person: row.person_id.into(),
                state: row.state.parse().map_err(|_| bad())?,
                attendance,
                assessment,
                has_citizen_id: row.identifiers > 0,
                consent_withdrawn: row.refused > 0,
                generation: row.generation.unwrap_or(0),
                name: name.parse().map_err(|_| bad())?,
                data_key,
            })
        })
        .collect()
}

/// A certificate to write.
pub struct NewCertificate<'a> {
    /// Inner id.
    pub id: CertificateId,
    /// Id on the paper.
    pub public_id: PublicId,
    /// Number.
    pub certificate_no: CertificateNo,
    /// Enrolment, person, name, key.
    pub candidate: &'a CandidateRow,
    /// Batch.
    pub batch: Option<BatchId>,
    /// 1 for the first.
    pub generation: i32,
    /// Program version.
    pub program_version: ProgramVersionId,
    /// Admission.
    pub admission: AdmissionId,
    /// Issuing federation.
    pub federation: &'a str,
    /// Key id.
    pub kid: &'a str,
    /// Signed time of issue.
    pub issued_at: DateTime<Utc>,
    /// Signed end of validity.
    pub expires_at: Option<DateTime<Utc>>,
    /// Status list.
    pub status_list: u32,
    /// Place in it.
    pub status_index: u32,
    /// Leaf.
    pub leaf_index: LeafIndex,
    /// Signed bytes.
    pub cose: &'a [u8],
    /// Their SHA-256.
    pub cose_sha256: [u8; 32],
}

impl std::fmt::Debug for NewCertificate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCertificate")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "public_id",
    "certificate_no",
    "enrolment_id",
    "generation",
    "person_id",
    "batch_id",
    "program_version_id",
    "admission_id",
    "federation",
    "kid",
    "status",
    "status_since",
    "issued_at",
    "expires_at",
    "status_list",
    "status_index",
    "leaf_index",
    "holder_masked",
    "holder_index",
    "holder_version",
    "cose_sha256",
    "cose_enc",
    "revision",
];
/// Rows a statement: below the bind limits of both databases, and few enough distinct statements to keep prepared.
const ROWS: usize = 500;

/// Writes certificates with their signed bytes sealed under the keys of their holders.
pub async fn insert(
    db: &impl ConnectionTrait,
    vault: &Vault,
    certificates: &[NewCertificate<'_>],
) -> Result<(), StoreError> {
    let backend = db.get_database_backend();
    let full = insert_sql(backend, ROWS);
    for chunk in certificates.chunks(ROWS) {
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * COLUMNS.len());
        for c in chunk {
            push_row(&mut values, vault, c)?;
        }
        let sql = if chunk.len() == ROWS {
            full.clone()
        } else {
            insert_sql(backend, chunk.len())
        };
        db.execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
    }
    Ok(())
}

/// Places without numbers on SQLite: to bind a numbered one its name is looked up along a list, so that the work grows
/// with the square of the places.
fn insert_sql(backend: DbBackend, rows: usize) -> String {
    let mut sql = format!("INSERT INTO certificate ({}) VALUES ", COLUMNS.join(", "));
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..COLUMNS.len() {
            if column > 0 {
                sql.push_str(", ");
            }
            if backend == DbBackend::Sqlite {
                sql.push('?');
            } else {
                sql.push('$');
                sql.push_str(&(row * COLUMNS.len() + column + 1).to_string());
            }
        }
        sql.push(')');
    }
    sql
}

fn push_row(
    values: &mut Vec<Value>,
    vault: &Vault,
    c: &NewCertificate<'_>,
) -> Result<(), StoreError> {
    let candidate = c.candidate;
    let sealed = candidate.data_key.seal(COSE, c.id.uuid(), c.cose)?;
    let small = |value: u32| {
        i32::try_from(value).map_err(|_| StoreError::inconsistent("status_list", value))
    };
    values.extend([
        Value::from(c.id.uuid()),
        c.public_id.as_bytes().to_vec().into(),
        c.certificate_no.as_str().into(),
        candidate.enrolment.uuid().into(),
        c.generation.into(),
        candidate.person.uuid().into(),
        c.batch.map(BatchId::uuid).into(),
        c.program_version.uuid().into(),
        c.admission.uuid().into(),
        c.federation.into(),
        c.kid.into(),
        CertificateStatus::Issued.as_str().into(),
        time::millis(c.issued_at).into(),
        time::millis(c.issued_at).into(),
        c.expires_at.map(time::millis).into(),
        small(c.status_list)?.into(),
        small(c.status_index)?.into(),
        c.leaf_index.0.cast_signed().into(),
        candidate.name.mask().into(),
        holder_index(vault, &c.certificate_no, &candidate.name)
            .to_vec()
            .into(),
        vault.version(KeyKind::BlindIndex).into(),
        c.cose_sha256.to_vec().into(),
        sealed.into(),
        1_i32.into(),
    ]);
    Ok(())
}

#[derive(FromQueryResult)]
struct FederationRow {
    federation: String,
}

/// The federation that issues for a cohort in scope.
pub async fn cohort_scope(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: CohortId,
) -> Result<Option<String>, StoreError> {
    let (condition, value) = scope.sql("k.site_region", "a.institution_id", 2);
    let sql = format!(
        "SELECT a.federation FROM cohort k JOIN admission a ON a.id = k.admission_id WHERE k.id = $1 AND {condition}"
    );
    let values = std::iter::once(Value::from(id.uuid())).chain(value);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(FederationRow::find_by_statement(statement)
        .one(db)
        .await?
        .map(|row| row.federation))
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Enrolments of a cohort that were admitted at all, in order.
pub async fn enrolments_of_cohort(
    db: &impl ConnectionTrait,
    id: CohortId,
) -> Result<Vec<EnrolmentId>, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT id FROM enrolment WHERE cohort_id = $1 AND state NOT IN ('applied', 'rejected') ORDER BY id",
        [id.uuid().into()],
    );
    Ok(IdRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(|row| row.id.into())
        .collect())
}

/// The cohort of an enrolment.
pub async fn cohort_of_enrolment(
    db: &impl ConnectionTrait,
    id: EnrolmentId,
) -> Result<Option<CohortId>, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT cohort_id AS id FROM enrolment WHERE id = $1",
        [id.uuid().into()],
    );
    Ok(IdRow::find_by_statement(statement)
        .one(db)
        .await?
        .map(|row| row.id.into()))
}
