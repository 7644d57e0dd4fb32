//! Certificates under a compromised key: which of them the log covers from before, and their replacement.

use chrono::{DateTime, Utc};
use domain::certificate::CertificateStatus;
use domain::ids::{CertificateId, CohortId, EnrolmentId, LeafIndex, PersonId};
use domain::{CertificateNo, PublicId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use super::public_id;
use crate::scope::Scope;
use crate::{StoreError, time};

/// From when on a certificate counts as witnessed, as verification counts it: the cosignatures of the first checkpoint that
/// covers it; the commit of that checkpoint only where no quorum is asked for and none ever answered.
///
/// Here by the time in the row, so that a database can count a million of them; verification reads the cosignatures
/// themselves. This only lists and chooses what is replaced, and vouches for nothing: with a false time a good certificate is
/// replaced, or one that no verdict calls genuine waits for its replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Moment of the compromise.
    pub before: DateTime<Utc>,
    /// Whether a quorum of witnesses is asked for.
    pub witnessed: bool,
}

impl Coverage {
    /// SQL that is 1 where the certificate `c` was covered before, else 0; the moment is parameter `$place`.
    fn sql(self, place: usize) -> String {
        let witnessed = "(SELECT w.at FROM log_witnessed w WHERE w.size > c.leaf_index ORDER BY w.size LIMIT 1)";
        let committed = "(SELECT k.at FROM log_checkpoint k WHERE k.size > c.leaf_index ORDER BY k.size LIMIT 1)";
        let at = if self.witnessed {
            witnessed.to_owned()
        } else {
            format!("COALESCE({witnessed}, {committed})")
        };
        format!("CASE WHEN {at} < ${place} THEN 1 ELSE 0 END")
    }

    fn value(self) -> Value {
        time::millis(self.before).into()
    }
}

/// A certificate under the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Its id inside the registry.
    pub id: CertificateId,
    /// The id on the paper.
    pub public_id: PublicId,
    /// Number.
    pub certificate_no: CertificateNo,
    /// Masked name of the holder.
    pub holder_masked: String,
    /// Name of the training institution.
    pub institution: String,
    /// Issuing federation.
    pub federation: String,
    /// Status.
    pub status: CertificateStatus,
    /// Time of issue.
    pub issued_at: DateTime<Utc>,
    /// Leaf of its issuance.
    pub leaf_index: LeafIndex,
    /// Whether the log covers it from before the compromise: then it stays valid.
    pub covered: bool,
    /// The id on the paper of the certificate that replaces it.
    pub replaced_by: Option<PublicId>,
}

#[derive(FromQueryResult)]
struct AffectedRow {
    id: Uuid,
    public_id: Vec<u8>,
    certificate_no: String,
    holder_masked: String,
    institution: String,
    federation: String,
    status: String,
    issued_at: i64,
    leaf_index: i64,
    covered: i32,
    replaced_by: Option<Vec<u8>>,
}

/// Certificates under a key in the scope, in order of id, after the given one.
pub async fn affected(
    db: &impl ConnectionTrait,
    scope: &Scope,
    kid: &str,
    coverage: Coverage,
    after: Option<CertificateId>,
    limit: u64,
) -> Result<Vec<Affected>, StoreError> {
    let (within, value) = super::within(scope, 5);
    let sql = format!(
        "SELECT c.id, c.public_id, c.certificate_no, c.holder_masked, i.name AS institution, c.federation, c.status,
           c.issued_at, c.leaf_index, {} AS covered, n.public_id AS replaced_by
         FROM certificate c JOIN admission a ON a.id = c.admission_id JOIN institution i ON i.id = a.institution_id
         LEFT JOIN certificate n ON n.id = c.superseded_by
         WHERE c.kid = $2 AND c.id > $3 AND {within} ORDER BY c.id LIMIT $4",
        coverage.sql(1)
    );
    let mut values = vec![
        coverage.value(),
        kid.into(),
        after.map_or(Uuid::nil(), CertificateId::uuid).into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    values.extend(value);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    AffectedRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("certificate", row.id);
            Ok(Affected {
                id: row.id.into(),
                public_id: public_id(&row.public_id).ok_or_else(bad)?,
                certificate_no: row.certificate_no.parse().map_err(|_| bad())?,
                status: row.status.parse().map_err(|_| bad())?,
                issued_at: time::instant(row.issued_at)?,
                leaf_index: LeafIndex(row.leaf_index.cast_unsigned()),
                covered: row.covered == 1,
                replaced_by: match &row.replaced_by {
                    Some(bytes) => Some(public_id(bytes).ok_or_else(bad)?),
                    None => None,
                },
                holder_masked: row.holder_masked,
                institution: row.institution,
                federation: row.federation,
            })
        })
        .collect()
}

/// How many certificates a compromise concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AffectedCounts {
    /// All under the key, whatever their status.
    pub total: u64,
    /// Covered by the log from before: they stay valid.
    pub covered: u64,
    /// Not covered, replaced already.
    pub replaced: u64,
    /// Not covered, on hold: replaced once they are resumed.
    pub on_hold: u64,
    /// Not covered, ended or revoked: nothing to replace.
    pub over: u64,
    /// Not covered and in force: to be reissued.
    pub to_reissue: u64,
}

#[derive(FromQueryResult)]
struct CountRow {
    covered: i32,
    status: String,
    ended: i32,
    number: i64,
}

/// Counts them in the scope.
pub async fn affected_counts(
    db: &impl ConnectionTrait,
    scope: &Scope,
    kid: &str,
    coverage: Coverage,
    now: DateTime<Utc>,
) -> Result<AffectedCounts, StoreError> {
    let (within, value) = super::within(scope, 4);
    let sql = format!(
        "SELECT covered, status, ended, COUNT(*) AS number FROM (
           SELECT {} AS covered, c.status, CASE WHEN c.expires_at <= $3 THEN 1 ELSE 0 END AS ended
           FROM certificate c WHERE c.kid = $2 AND {within}
         ) AS one GROUP BY covered, status, ended",
        coverage.sql(1)
    );
    let mut values = vec![coverage.value(), kid.into(), time::millis(now).into()];
    values.extend(value);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let mut counts = AffectedCounts::default();
    for row in CountRow::find_by_statement(statement).all(db).await? {
        let number = row.number.cast_unsigned();
        let status: CertificateStatus = row
            .status
            .parse()
            .map_err(|_| StoreError::inconsistent("certificate", kid))?;
        counts.total += number;
        let place = match status {
            _ if row.covered == 1 => &mut counts.covered,
            CertificateStatus::Superseded => &mut counts.replaced,
            CertificateStatus::Revoked => &mut counts.over,
            _ if row.ended == 1 => &mut counts.over,
            CertificateStatus::Suspended => &mut counts.on_hold,
            CertificateStatus::Issued => &mut counts.to_reissue,
        };
        *place += number;
    }
    Ok(counts)
}

/// A certificate that is to be replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// Its id.
    pub id: CertificateId,
    /// Its enrolment.
    pub enrolment: EnrolmentId,
    /// Its trainee.
    pub person: PersonId,
    /// Its cohort.
    pub cohort: CohortId,
    /// Hash of its signed bytes.
    pub cose_sha256: [u8; 32],
    /// Its end, which the new one keeps.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its status list.
    pub status_list: u32,
    /// Its revision.
    pub revision: i32,
}

#[derive(FromQueryResult)]
struct SupersededRow {
    id: Uuid,
    enrolment_id: Uuid,
    person_id: Uuid,
    cohort_id: Uuid,
    cose_sha256: Vec<u8>,
    expires_at: Option<i64>,
    status_list: i32,
    revision: i32,
}

/// The next certificates of a federation that are in force, not covered, and not replaced; locked on PostgreSQL.
pub async fn to_reissue(
    db: &impl ConnectionTrait,
    scope: &Scope,
    kid: &str,
    coverage: Coverage,
    now: DateTime<Utc>,
    after: Option<CertificateId>,
    limit: u64,
) -> Result<Vec<Superseded>, StoreError> {
    let backend = db.get_database_backend();
    let lock = if backend == DbBackend::Postgres {
        " FOR UPDATE OF c"
    } else {
        ""
    };
    let (within, value) = super::within(scope, 6);
    let sql = format!(
        "SELECT c.id, c.enrolment_id, e.person_id, e.cohort_id, c.cose_sha256, c.expires_at, c.status_list, c.revision
         FROM certificate c JOIN enrolment e ON e.id = c.enrolment_id
         WHERE c.kid = $2 AND c.id > $3 AND c.status = 'issued' AND (c.expires_at IS NULL OR c.expires_at > $4)
           AND {} = 0 AND {within} ORDER BY c.id LIMIT $5{lock}",
        coverage.sql(1)
    );
    let mut values = vec![
        coverage.value(),
        kid.into(),
        after.map_or(Uuid::nil(), CertificateId::uuid).into(),
        time::millis(now).into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    values.extend(value);
    let statement = Statement::from_sql_and_values(backend, sql, values);
    SupersededRow::find_by_statement(statement)
        .all(db)
        .await?
        .into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("certificate", row.id);
            Ok(Superseded {
                id: row.id.into(),
                enrolment: row.enrolment_id.into(),
                person: row.person_id.into(),
                cohort: row.cohort_id.into(),
                cose_sha256: row.cose_sha256.as_slice().try_into().map_err(|_| bad())?,
                expires_at: time::optional_instant(row.expires_at)?,
                status_list: u32::try_from(row.status_list).map_err(|_| bad())?,
                revision: row.revision,
            })
        })
        .collect()
}

/// Rows a statement: below the bind limits of both databases.
const ROWS: usize = 200;

/// Marks certificates as replaced, each by the certificate beside it; `Stale` when one of them changed meanwhile.
pub async fn supersede_all(
    db: &impl ConnectionTrait,
    replaced: &[(&Superseded, CertificateId)],
    at: DateTime<Utc>,
    reason: &str,
) -> Result<(), StoreError> {
    let backend = db.get_database_backend();
    for chunk in replaced.chunks(ROWS) {
        let mut values: Vec<Value> = vec![time::millis(at).into(), reason.into()];
        let (mut cases, mut ids) = (String::new(), Vec::new());
        for (old, new) in chunk {
            let place = values.len() + 1;
            cases.push_str(&format!(" WHEN ${place} THEN ${}", place + 1));
            ids.push(format!("(id = ${place} AND revision = ${})", place + 2));
            values.extend([old.id.uuid().into(), new.uuid().into(), old.revision.into()]);
        }
        let sql = format!(
            "UPDATE certificate SET status = 'superseded', status_since = $1, status_reason = $2, suspended_until = NULL,
               revision = revision + 1, superseded_by = CASE id{cases} END WHERE {}",
            ids.join(" OR ")
        );
        let done = db
            .execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
        if done.rows_affected() != chunk.len() as u64 {
            return Err(StoreError::Stale);
        }
    }
    Ok(())
}
