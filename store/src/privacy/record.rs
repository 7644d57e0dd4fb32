//! Everything that is held about one person, for the person.

use chrono::{DateTime, NaiveDate, Utc};
use domain::PublicId;
use domain::ids::PersonId;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{data_key, statement};
use crate::vault::Vault;
use crate::{StoreError, time};

/// A name or an identifier with its dates.
#[derive(Clone, PartialEq, Eq)]
pub struct Dated {
    /// `name`, `citizen_id`, `disability_card`.
    pub kind: String,
    /// The value.
    pub value: String,
    /// First day.
    pub from: NaiveDate,
    /// First day on which it no longer held.
    pub until: Option<NaiveDate>,
    /// What proved it.
    pub proof: Option<String>,
}

/// Shows the kind only.
impl std::fmt::Debug for Dated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dated({})", self.kind)
    }
}

/// One class of the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Training {
    /// The enrolment.
    pub enrolment: Uuid,
    /// Name of the class.
    pub class: String,
    /// Institution.
    pub institution: String,
    /// Program.
    pub program: String,
    /// State of the enrolment.
    pub state: String,
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day.
    pub end_on: NaiveDate,
    /// Household region.
    pub region: String,
    /// Whose telephone.
    pub contact: String,
    /// Telephone.
    pub phone: Option<String>,
    /// Note of the institution.
    pub note: Option<String>,
    /// Needs, as a JSON list.
    pub needs: String,
    /// Whether the person had work.
    pub employed_at_enrolment: bool,
    /// Minutes attended.
    pub minutes: Option<i32>,
    /// Pass or fail.
    pub passed: Option<bool>,
    /// Score.
    pub score: Option<i32>,
    /// When it was applied for.
    pub applied_at: DateTime<Utc>,
}

/// Shows the id only.
impl std::fmt::Debug for Training {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Training({})", self.enrolment)
    }
}

/// A certificate of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCertificate {
    /// The id on the paper.
    pub public_id: PublicId,
    /// Number.
    pub number: String,
    /// Status.
    pub status: String,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Program.
    pub program: String,
    /// Number of the certificate that it replaced.
    pub replaces: Option<String>,
}

/// The record.
#[derive(Debug)]
pub struct Record {
    /// Names and identifiers, all of them.
    pub values: Vec<Dated>,
    /// Classes.
    pub trainings: Vec<Training>,
    /// Certificates.
    pub certificates: Vec<OwnCertificate>,
}

#[derive(FromQueryResult)]
struct ValueRow {
    id: Uuid,
    kind: String,
    sealed: Vec<u8>,
    valid_from: String,
    valid_until: Option<String>,
    proof: Option<String>,
}

#[derive(FromQueryResult)]
struct TrainingRow {
    id: Uuid,
    class: String,
    institution: String,
    program: String,
    state: String,
    start_on: String,
    end_on: String,
    hukou_region: String,
    contact: String,
    phone_enc: Option<Vec<u8>>,
    note_enc: Option<Vec<u8>>,
    needs: String,
    employed_at_enrolment: bool,
    minutes: Option<i32>,
    passed: Option<bool>,
    score: Option<i32>,
    applied_at: i64,
}

#[derive(FromQueryResult)]
struct CertificateRow {
    public_id: Vec<u8>,
    certificate_no: String,
    status: String,
    issued_at: i64,
    expires_at: Option<i64>,
    program: String,
    replaces: Option<String>,
}

/// Everything that is held about a person; `None` when they are not there or were erased.
pub async fn of_person(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: PersonId,
) -> Result<Option<Record>, StoreError> {
    let Some(key) = data_key(db, vault, person.uuid()).await? else {
        return Ok(None);
    };
    let id = || [sea_orm::Value::from(person.uuid())];
    let mut values = Vec::new();
    for (sql, label) in [
        (
            "SELECT id, 'name' AS kind, name_enc AS sealed, valid_from, valid_until, proof FROM person_name
             WHERE person_id = $1 ORDER BY valid_from, id",
            crate::persons::NAME,
        ),
        (
            "SELECT id, kind, value_enc AS sealed, valid_from, valid_until, proof FROM person_identifier
             WHERE person_id = $1 ORDER BY valid_from, id",
            crate::persons::IDENTIFIER_VALUE,
        ),
        (
            "SELECT person_id AS id, 'verified_phone' AS kind, phone_enc AS sealed, recorded_on AS valid_from,
             CAST(NULL AS TEXT) AS valid_until, means AS proof FROM verified_contact WHERE person_id = $1",
            crate::contacts::PHONE,
        ),
    ] {
        for row in ValueRow::find_by_statement(statement(db, sql, id())).all(db).await? {
            values.push(Dated {
                value: key.open_text(label, row.id, &row.sealed)?.to_string(),
                kind: row.kind,
                from: time::date(&row.valid_from)?,
                until: time::optional_date(row.valid_until.as_deref())?,
                proof: row.proof,
            });
        }
    }
    let sql = "SELECT e.id, k.name AS class, i.name AS institution, v.name AS program, e.state, k.start_on, k.end_on,
          e.hukou_region, e.contact, e.phone_enc, e.note_enc, e.needs, e.employed_at_enrolment, w.minutes, r.passed,
          r.score, e.applied_at
        FROM enrolment e JOIN cohort k ON k.id = e.cohort_id JOIN institution i ON i.id = k.institution_id
        JOIN program_version v ON v.id = k.program_version_id
        LEFT JOIN attendance_total w ON w.enrolment_id = e.id LEFT JOIN assessment_result r ON r.enrolment_id = e.id
        WHERE e.person_id = $1 ORDER BY k.start_on, e.id";
    let mut trainings = Vec::new();
    for row in TrainingRow::find_by_statement(statement(db, sql, id()))
        .all(db)
        .await?
    {
        let open = |label, sealed: &Option<Vec<u8>>| {
            super::open_text(Some(&key), label, row.id, sealed.as_deref())
        };
        trainings.push(Training {
            enrolment: row.id,
            phone: open(crate::enrolments::PHONE, &row.phone_enc)?,
            note: open(crate::enrolments::NOTE, &row.note_enc)?,
            start_on: time::date(&row.start_on)?,
            end_on: time::date(&row.end_on)?,
            applied_at: time::instant(row.applied_at)?,
            class: row.class,
            institution: row.institution,
            program: row.program,
            state: row.state,
            region: row.hukou_region,
            contact: row.contact,
            needs: row.needs,
            employed_at_enrolment: row.employed_at_enrolment,
            minutes: row.minutes,
            passed: row.passed,
            score: row.score,
        });
    }
    let sql = "SELECT c.public_id, c.certificate_no, c.status, c.issued_at, c.expires_at, v.name AS program,
          (SELECT MIN(q.certificate_no) FROM certificate q WHERE q.enrolment_id = c.enrolment_id AND q.superseded_by = c.id) AS replaces
        FROM certificate c JOIN program_version v ON v.id = c.program_version_id
        WHERE c.person_id = $1 ORDER BY c.issued_at, c.id";
    let mut certificates = Vec::new();
    for row in CertificateRow::find_by_statement(statement(db, sql, id()))
        .all(db)
        .await?
    {
        let bytes = row.public_id.as_slice().try_into();
        let bytes =
            bytes.map_err(|_| StoreError::inconsistent("certificate", &row.certificate_no))?;
        certificates.push(OwnCertificate {
            public_id: PublicId::from_bytes(bytes),
            number: row.certificate_no,
            replaces: row.replaces,
            status: row.status,
            issued_at: time::instant(row.issued_at)?,
            expires_at: time::optional_instant(row.expires_at)?,
            program: row.program,
        });
    }
    Ok(Some(Record {
        values,
        trainings,
        certificates,
    }))
}
