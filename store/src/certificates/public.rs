//! What anyone may learn of a certificate: no column of these queries holds personal data in the clear.

use chrono::{DateTime, NaiveDate, Utc};
use domain::certificate::CertificateStatus;
use domain::ids::{CertificateId, LeafIndex};
use domain::{CertificateNo, PublicId};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::PublicRead;
use crate::vault::Vault;
use crate::{StoreError, time};

/// A certificate for the verification answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicCertificate {
    /// Inner id, for the reader's own further look-ups; not shown.
    pub id: CertificateId,
    /// The id on the paper.
    pub public_id: PublicId,
    /// Number.
    pub certificate_no: CertificateNo,
    /// Masked name.
    pub holder_masked: String,
    /// Index of the full name, for a comparison without opening it; none when the holder was erased.
    pub holder_index: Option<[u8; 32]>,
    /// Version of the blind-index key under which it was made.
    pub holder_version: i32,
    /// SHA-256 of the signed bytes.
    pub cose_sha256: [u8; 32],
    /// Key id.
    pub kid: String,
    /// Status.
    pub status: CertificateStatus,
    /// Since when.
    pub status_since: DateTime<Utc>,
    /// Class of the reason.
    pub status_reason: Option<String>,
    /// End of a suspension.
    pub suspended_until: Option<NaiveDate>,
    /// Whether an appeal against the suspension or revocation runs.
    pub under_appeal: bool,
    /// Time of issue.
    pub issued_at: DateTime<Utc>,
    /// End of validity.
    pub expires_at: Option<DateTime<Utc>>,
    /// Leaf of its issuance.
    pub leaf_index: LeafIndex,
    /// Program code.
    pub program_code: String,
    /// Name of the program.
    pub program_name: String,
    /// Name of the kind of certificate.
    pub certificate_type: String,
    /// Code of the kind of certificate.
    pub certificate_type_code: Option<String>,
    /// Hours of the program.
    pub hours: i32,
    /// Skill level, 0 none.
    pub skill_level: i32,
    /// Occupation code.
    pub occupation_code: String,
    /// Name of the occupation.
    pub occupation_name: String,
    /// Credit code of the institution.
    pub credit_code: String,
    /// Name of the institution today.
    pub institution_name: String,
    /// State of the institution's admission today.
    pub institution_state: String,
    /// Since when.
    pub institution_since: DateTime<Utc>,
    /// State of the institution's admission when the certificate was issued; `None` where no act tells it.
    pub institution_state_at_issue: Option<String>,
    /// Whether it replaces another certificate, or its class was taught to its end after the institution had left: then it
    /// was issued lawfully although that state allows no new classes.
    pub issued_apart: bool,
    /// The entry of the log at `leaf_index`.
    pub leaf_entry: Vec<u8>,
    /// When the first checkpoint that covers the leaf was committed.
    pub covered_at: Option<DateTime<Utc>>,
    /// Size of the first checkpoint over the leaf that is kept as cosigned: its note tells whether it is, and since when.
    pub witnessed_size: Option<u64>,
    /// Issuing federation.
    pub federation: String,
    /// Its name.
    pub federation_name: String,
    /// Number of the certificate that it replaced.
    pub replaces: Option<CertificateNo>,
    /// Whether it is shown to the public no more: its holder has died (workflow.md 3).
    pub withheld: bool,
}

#[derive(FromQueryResult)]
struct Row {
    id: uuid::Uuid,
    public_id: Vec<u8>,
    certificate_no: String,
    holder_masked: String,
    holder_index: Vec<u8>,
    holder_version: i32,
    cose_sha256: Vec<u8>,
    kid: String,
    status: String,
    status_since: i64,
    status_reason: Option<String>,
    suspended_until: Option<String>,
    appeals: i64,
    issued_at: i64,
    expires_at: Option<i64>,
    leaf_index: i64,
    program_code: String,
    program_name: String,
    certificate_type: Option<String>,
    certificate_type_code: Option<String>,
    hours: i32,
    skill_level: i32,
    occupation_code: String,
    occupation_name: String,
    credit_code: String,
    institution_name: String,
    institution_state: String,
    institution_since: i64,
    institution_state_at_issue: Option<String>,
    issued_apart: i32,
    leaf_entry: Vec<u8>,
    covered_at: Option<i64>,
    witnessed_size: Option<i64>,
    federation: String,
    federation_name: String,
    replaces: Option<String>,
    deaths: i64,
}

const SELECT: &str = "
SELECT c.id, c.public_id, c.certificate_no, c.holder_masked, c.holder_index, c.holder_version, c.cose_sha256, c.kid, c.status,
  c.status_since, c.status_reason, c.suspended_until, c.issued_at, c.expires_at, c.leaf_index, c.federation,
  p.code AS program_code, v.name AS program_name, v.hours, v.skill_level, v.occupation_code,
  o.name AS occupation_name, t.name AS certificate_type, v.certificate_type AS certificate_type_code, i.credit_code, i.name AS institution_name,
  a.state AS institution_state, a.state_since AS institution_since, f.name AS federation_name,
  l.entry AS leaf_entry,
  CASE WHEN c.status IN ('suspended', 'revoked') THEN (SELECT COUNT(*) FROM appeal q WHERE q.object_id = c.id
    AND q.object_kind = 'certificate' AND q.state IN ('lodged', 'accepted', 'heard')) ELSE 0 END AS appeals,
  CASE WHEN c.generation > 1 THEN (SELECT MIN(q.certificate_no) FROM certificate q WHERE q.enrolment_id = c.enrolment_id
    AND q.superseded_by = c.id) END AS replaces,
  (SELECT COUNT(*) FROM enrolment n JOIN enrolment_exclusion x ON x.enrolment_id = n.id
    WHERE n.person_id = c.person_id AND x.code = 'X1') AS deaths,
  (SELECT k.at FROM log_checkpoint k WHERE k.size > c.leaf_index ORDER BY k.size LIMIT 1) AS covered_at,
  (SELECT MIN(w.size) FROM log_witnessed w WHERE w.size > c.leaf_index) AS witnessed_size,
  (SELECT h.to_state FROM timeline h
    WHERE h.object_id = c.admission_id AND h.to_state IS NOT NULL AND h.to_state <> COALESCE(h.from_state, '') AND h.at <= l.at
      AND (h.leaf_index IS NULL OR h.leaf_index < c.leaf_index)
    ORDER BY h.at DESC, h.id DESC LIMIT 1) AS institution_state_at_issue,
  CASE WHEN c.generation > 1 OR EXISTS (SELECT 1 FROM enrolment n JOIN class_plan k ON k.cohort_id = n.cohort_id
    WHERE n.id = c.enrolment_id AND k.plan = 'teach_out' AND k.ended_at IS NULL) THEN 1 ELSE 0 END AS issued_apart
FROM certificate c
JOIN log_leaf l ON l.leaf_index = c.leaf_index
JOIN program_version v ON v.id = c.program_version_id
JOIN program p ON p.id = v.program_id
JOIN occupation o ON o.code = v.occupation_code AND o.edition = v.occupation_edition
LEFT JOIN certificate_type t ON t.code = v.certificate_type
JOIN admission a ON a.id = c.admission_id
JOIN institution i ON i.id = a.institution_id
JOIN federation f ON f.code = c.federation
WHERE ";

/// By the id on the paper.
pub async fn public_by_id(
    db: &impl PublicRead,
    id: &PublicId,
) -> Result<Option<PublicCertificate>, StoreError> {
    let db = db.connection();
    Ok(public_by_public_ids(db, std::slice::from_ref(id))
        .await?
        .pop())
}

/// By ids on papers, at most a thousand; in no order.
pub async fn public_by_public_ids(
    db: &impl PublicRead,
    ids: &[PublicId],
) -> Result<Vec<PublicCertificate>, StoreError> {
    let db = db.connection();
    select(
        db,
        "c.public_id",
        ids.iter().map(|id| id.as_bytes().to_vec().into()).collect(),
    )
    .await
}

/// By numbers, at most a thousand; in no order.
pub async fn public_by_numbers(
    db: &impl PublicRead,
    numbers: &[CertificateNo],
) -> Result<Vec<PublicCertificate>, StoreError> {
    let db = db.connection();
    select(
        db,
        "c.certificate_no",
        numbers
            .iter()
            .map(|number| number.as_str().into())
            .collect(),
    )
    .await
}

async fn select(
    db: &impl ConnectionTrait,
    column: &str,
    values: Vec<Value>,
) -> Result<Vec<PublicCertificate>, StoreError> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=values.len())
        .map(|number| format!("${number}"))
        .collect();
    let sql = format!("{SELECT}{column} IN ({})", places.join(", "));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Row::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(PublicCertificate::try_from)
        .collect()
}

impl TryFrom<Row> for PublicCertificate {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("certificate", row.id);
        Ok(Self {
            id: row.id.into(),
            public_id: super::public_id(&row.public_id).ok_or_else(bad)?,
            certificate_no: row.certificate_no.parse().map_err(|_| bad())?,
            holder_version: row.holder_version,
            holder_index: match row.holder_index.as_slice() {
                [] => None,
                index => Some(index.try_into().map_err(|_| bad())?),
            },
            cose_sha256: row.cose_sha256.as_slice().try_into().map_err(|_| bad())?,
            status: row.status.parse().map_err(|_| bad())?,
            status_since: time::instant(row.status_since)?,
            suspended_until: time::optional_date(row.suspended_until.as_deref())?,
            under_appeal: row.appeals > 0,
            withheld: row.deaths > 0,
            replaces: row
                .replaces
                .map(|number| number.parse().map_err(|_| bad()))
                .transpose()?,
            issued_at: time::instant(row.issued_at)?,
            expires_at: time::optional_instant(row.expires_at)?,
            leaf_index: LeafIndex(row.leaf_index.cast_unsigned()),
            institution_since: time::instant(row.institution_since)?,
            covered_at: time::optional_instant(row.covered_at)?,
            witnessed_size: row.witnessed_size.map(i64::cast_unsigned),
            institution_state_at_issue: row.institution_state_at_issue,
            issued_apart: row.issued_apart == 1,
            leaf_entry: row.leaf_entry,
            certificate_type: row
                .certificate_type
                .unwrap_or_else(|| row.program_name.clone()),
            certificate_type_code: row.certificate_type_code,
            holder_masked: row.holder_masked,
            kid: row.kid,
            status_reason: row.status_reason,
            program_code: row.program_code,
            program_name: row.program_name,
            hours: row.hours,
            skill_level: row.skill_level,
            occupation_code: row.occupation_code,
            occupation_name: row.occupation_name,
            credit_code: row.credit_code,
            institution_name: row.institution_name,
            institution_state: row.institution_state,
            federation: row.federation,
            federation_name: row.federation_name,
        })
    }
}

/// The registry's own copies of certificates that somebody holds the id of: the bytes that stand in the QR code on the paper,
/// and nothing besides.
pub async fn own_copies(
    db: &impl PublicRead,
    vault: &Vault,
    ids: &[CertificateId],
) -> Result<Vec<(CertificateId, Vec<u8>)>, StoreError> {
    super::signed_bytes_of(db.connection(), vault, ids).await
}
