//! Keys, batches, certificates, share links.

mod affected;
mod batches;
mod checks;
mod issuing;
mod keys;
mod past;
mod public;
mod shares;
mod status_lists;

use chrono::{DateTime, NaiveDate, Utc};
use domain::certificate::CertificateStatus;
use domain::ids::{
    AdmissionId, BatchId, CertificateId, EnrolmentId, LeafIndex, PersonId, ProgramVersionId,
};
use domain::{CertificateNo, PersonName, PublicId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value,
    sea_query::{Expr, ExprTrait, Query},
};

pub use affected::{
    Affected, AffectedCounts, Coverage, Superseded, affected, affected_counts, supersede_all,
    to_reissue,
};
pub use batches::{
    Batch, batch, batch_items, batches_of_cohort, decide_batch, insert_batch, remove_batch_items,
    waiting_in_batches,
};
pub use checks::{DayOfChecks, add_checks, checks_of_person};
pub use issuing::{
    CandidateRow, CohortForIssue, NewCertificate, candidate_of_enrolment, candidates,
    candidates_of_enrolments, cohort_for_issue, cohort_of_enrolment, cohort_scope,
    enrolments_of_cohort, insert, lock_people,
};
pub use keys::{
    KeyRow, active_issuer_key, active_own_keys, all_keys, insert_key, key, set_key_state,
};
pub use past::status_before;
pub use public::{
    PublicCertificate, own_copies, public_by_id, public_by_numbers, public_by_public_ids,
};
pub use shares::{
    ShareLink, SharedLink, insert_share, note_share_access, revoke_share, share, shares_of,
};
pub(crate) use status_lists::{SEED, row_id};
pub use status_lists::{
    SignedStatusList, StatusList, all_status_lists, changed_in_list, claim_status_indexes,
    insert_status_list, lock_status_list, open_status_list, put_signed_status_list,
    signed_status_list, status_list_count, status_list_revision, touch_status_list,
};

use crate::entity::certificates::certificate;
use crate::entity::cohorts::{cohort, enrolment};
use crate::scope::Scope;
use crate::vault::{Vault, WrappedKey};
use crate::{StoreError, time};

/// Label of the sealed signed bytes.
const COSE: &str = "certificate.cose";
/// Label of the index that compares a holder's full name without opening it.
pub(crate) const HOLDER: &str = "certificate.holder";

/// A certificate as staff see it, without the sealed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its id inside the registry.
    pub id: CertificateId,
    /// The random id on the paper.
    pub public_id: PublicId,
    /// Its number.
    pub certificate_no: CertificateNo,
    /// For which enrolment.
    pub enrolment: EnrolmentId,
    /// 1 for the first, one more for each reissue.
    pub generation: i32,
    /// The holder.
    pub person: PersonId,
    /// The batch it was issued in.
    pub batch: Option<BatchId>,
    /// Program version.
    pub program_version: ProgramVersionId,
    /// Admission of the institution.
    pub admission: AdmissionId,
    /// Issuing federation.
    pub federation: String,
    /// Key id.
    pub kid: String,
    /// Status.
    pub status: CertificateStatus,
    /// Since when.
    pub status_since: DateTime<Utc>,
    /// Why.
    pub status_reason: Option<String>,
    /// End of a suspension.
    pub suspended_until: Option<NaiveDate>,
    /// The certificate that replaced it.
    pub superseded_by: Option<CertificateId>,
    /// Signed time of issue.
    pub issued_at: DateTime<Utc>,
    /// Signed end of validity.
    pub expires_at: Option<DateTime<Utc>>,
    /// Status list and index.
    pub status_list: u32,
    /// Index in the list.
    pub status_index: u32,
    /// Leaf of its issuance.
    pub leaf_index: LeafIndex,
    /// Masked name of the holder.
    pub holder_masked: String,
    /// SHA-256 of the signed bytes.
    pub cose_sha256: [u8; 32],
    /// Raised by each change.
    pub revision: i32,
}

impl TryFrom<certificate::Model> for Certificate {
    type Error = StoreError;

    fn try_from(row: certificate::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("certificate", row.id);
        Ok(Self {
            id: row.id.into(),
            public_id: public_id(&row.public_id).ok_or_else(bad)?,
            certificate_no: row.certificate_no.parse().map_err(|_| bad())?,
            enrolment: row.enrolment_id.into(),
            generation: row.generation,
            person: row.person_id.into(),
            batch: row.batch_id.map(Into::into),
            program_version: row.program_version_id.into(),
            admission: row.admission_id.into(),
            status: row.status.parse().map_err(|_| bad())?,
            status_since: time::instant(row.status_since)?,
            suspended_until: time::optional_date(row.suspended_until.as_deref())?,
            superseded_by: row.superseded_by.map(Into::into),
            issued_at: time::instant(row.issued_at)?,
            expires_at: time::optional_instant(row.expires_at)?,
            status_list: u32::try_from(row.status_list).map_err(|_| bad())?,
            status_index: u32::try_from(row.status_index).map_err(|_| bad())?,
            leaf_index: LeafIndex(row.leaf_index.cast_unsigned()),
            cose_sha256: row.cose_sha256.as_slice().try_into().map_err(|_| bad())?,
            holder_masked: row.holder_masked,
            federation: row.federation,
            kid: row.kid,
            status_reason: row.status_reason,
            revision: row.revision,
        })
    }
}

pub(crate) fn public_id(bytes: &[u8]) -> Option<PublicId> {
    Some(PublicId::from_bytes(bytes.try_into().ok()?))
}

/// A certificate in scope, locked when inside a write transaction on PostgreSQL.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: CertificateId,
) -> Result<Option<Certificate>, StoreError> {
    in_scope(scope)
        .filter(certificate::Column::Id.eq(id.uuid()))
        .one(db)
        .await?
        .map(Certificate::try_from)
        .transpose()
}

/// The same, by the id on the paper.
pub async fn find_by_public_id(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: &PublicId,
) -> Result<Option<Certificate>, StoreError> {
    in_scope(scope)
        .filter(certificate::Column::PublicId.eq(id.as_bytes().to_vec()))
        .one(db)
        .await?
        .map(Certificate::try_from)
        .transpose()
}

/// The same, by number.
pub async fn find_by_number(
    db: &impl ConnectionTrait,
    scope: &Scope,
    number: &CertificateNo,
) -> Result<Option<Certificate>, StoreError> {
    in_scope(scope)
        .filter(certificate::Column::CertificateNo.eq(number.as_str()))
        .one(db)
        .await?
        .map(Certificate::try_from)
        .transpose()
}

/// A certificate without scope: for its holder's share link, and for the registry itself.
pub async fn any(
    db: &impl ConnectionTrait,
    id: CertificateId,
) -> Result<Option<Certificate>, StoreError> {
    certificate::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Certificate::try_from)
        .transpose()
}

/// Certificates in scope after an id, oldest first; of one cohort when named.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    batch: Option<BatchId>,
    after: Option<CertificateId>,
    limit: u64,
) -> Result<Vec<Certificate>, StoreError> {
    let mut query = in_scope(scope);
    if let Some(batch) = batch {
        query = query.filter(certificate::Column::BatchId.eq(batch.uuid()));
    }
    if let Some(after) = after {
        query = query.filter(certificate::Column::Id.gt(after.uuid()));
    }
    query
        .order_by_asc(certificate::Column::Id)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(Certificate::try_from)
        .collect()
}

/// Certificates of a batch in the order of their leaves.
pub async fn of_batch(
    db: &impl ConnectionTrait,
    batch: BatchId,
) -> Result<Vec<Certificate>, StoreError> {
    certificate::Entity::find()
        .filter(certificate::Column::BatchId.eq(batch.uuid()))
        .filter(certificate::Column::Generation.eq(1))
        .order_by_asc(certificate::Column::LeafIndex)
        .all(db)
        .await?
        .into_iter()
        .map(Certificate::try_from)
        .collect()
}

fn in_scope(scope: &Scope) -> sea_orm::Select<certificate::Entity> {
    let query = certificate::Entity::find();
    if scope.sees_all() {
        return query;
    }
    // A certificate lies where its class was taught: at a second site that may be another county than the main one's. Two
    // look-ups by primary key for each certificate, so that those in order of id are still read in that order.
    let class = Query::select()
        .expr(Expr::val(1))
        .from(enrolment::Entity)
        .inner_join(
            cohort::Entity,
            Expr::col((cohort::Entity, cohort::Column::Id))
                .equals((enrolment::Entity, enrolment::Column::CohortId)),
        )
        .and_where(
            Expr::col((enrolment::Entity, enrolment::Column::Id))
                .equals((certificate::Entity, certificate::Column::EnrolmentId)),
        )
        .cond_where(scope.condition(
            (cohort::Entity, cohort::Column::SiteRegion),
            (cohort::Entity, cohort::Column::InstitutionId),
        ))
        .to_owned();
    query.filter(Expr::exists(class))
}

/// The same as a condition on a certificate `c` in SQL text, with at most one value at `$number`.
fn within(scope: &Scope, number: usize) -> (String, Option<Value>) {
    let (class, value) = scope.sql("w.site_region", "w.institution_id", number);
    if value.is_none() {
        return (class, None);
    }
    let sql = format!(
        "EXISTS (SELECT 1 FROM enrolment l JOIN cohort w ON w.id = l.cohort_id WHERE l.id = c.enrolment_id AND {class})"
    );
    (sql, value)
}

/// A change of status.
#[derive(Clone, Debug)]
pub struct StatusChange<'a> {
    /// New status.
    pub status: CertificateStatus,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: &'a str,
    /// End of a suspension.
    pub suspended_until: Option<NaiveDate>,
    /// The certificate that replaces it.
    pub superseded_by: Option<CertificateId>,
}

/// Changes the status of a certificate that still has this revision; `Stale` otherwise.
pub async fn change_status(
    db: &impl ConnectionTrait,
    id: CertificateId,
    revision: i32,
    change: &StatusChange<'_>,
) -> Result<(), StoreError> {
    let done = certificate::Entity::update_many()
        .col_expr(
            certificate::Column::Status,
            Expr::val(change.status.as_str()),
        )
        .col_expr(
            certificate::Column::StatusSince,
            Expr::val(time::millis(change.at)),
        )
        .col_expr(certificate::Column::StatusReason, Expr::val(change.reason))
        .col_expr(
            certificate::Column::SuspendedUntil,
            Expr::val(change.suspended_until.map(|d| d.to_string())),
        )
        .col_expr(
            certificate::Column::SupersededBy,
            Expr::val(change.superseded_by.map(CertificateId::uuid)),
        )
        .col_expr(certificate::Column::Revision, Expr::val(revision + 1))
        .filter(certificate::Column::Id.eq(id.uuid()))
        .filter(certificate::Column::Revision.eq(revision))
        .exec(db)
        .await?;
    crate::error::one_row(done.rows_affected)
}

/// The signed bytes of a certificate, opened with the key of its holder; `None` when that was destroyed.
pub async fn signed_bytes(
    db: &impl ConnectionTrait,
    vault: &Vault,
    id: CertificateId,
) -> Result<Option<Vec<u8>>, StoreError> {
    use crate::entity::people::person;
    let Some(row) = certificate::Entity::find_by_id(id.uuid()).one(db).await? else {
        return Ok(None);
    };
    let holder = person::Entity::find_by_id(row.person_id)
        .one(db)
        .await?
        .ok_or_else(|| StoreError::inconsistent("certificate", id))?;
    if holder.data_key.is_empty() {
        return Ok(None);
    }
    let wrapped = WrappedKey {
        bytes: holder.data_key,
        version: holder.data_key_version,
    };
    let key = vault.open_data_key(holder.id, &wrapped)?;
    key.open(COSE, row.id, &row.cose_enc).map(Some)
}

#[derive(sea_orm::FromQueryResult)]
struct SealedRow {
    id: uuid::Uuid,
    person_id: uuid::Uuid,
    cose_enc: Vec<u8>,
    data_key: Vec<u8>,
    data_key_version: i32,
}

/// The signed bytes of at most a thousand certificates, in no order; one whose holder's key was destroyed is left out.
pub async fn signed_bytes_of(
    db: &impl ConnectionTrait,
    vault: &Vault,
    ids: &[CertificateId],
) -> Result<Vec<(CertificateId, Vec<u8>)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let sql = format!(
        "SELECT c.id, c.person_id, c.cose_enc, h.data_key, h.data_key_version
         FROM certificate c JOIN person h ON h.id = c.person_id WHERE c.id IN ({})",
        places.join(", ")
    );
    let values = ids.iter().map(|id| Value::from(id.uuid()));
    let statement = sea_orm::Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = <SealedRow as sea_orm::FromQueryResult>::find_by_statement(statement)
        .all(db)
        .await?;
    rows.into_iter()
        .filter(|row| !row.data_key.is_empty())
        .map(|row| {
            let wrapped = WrappedKey {
                bytes: row.data_key,
                version: row.data_key_version,
            };
            let key = vault.open_data_key(row.person_id, &wrapped)?;
            Ok((row.id.into(), key.open(COSE, row.id, &row.cose_enc)?))
        })
        .collect()
}

/// Index under which a holder's full name is compared with what somebody types.
pub fn holder_index(vault: &Vault, number: &CertificateNo, name: &PersonName) -> [u8; 32] {
    vault.blind_index(HOLDER, &holder_text(number, name))
}

/// The same under the key version of a row.
pub fn holder_index_at(
    vault: &Vault,
    version: i32,
    number: &CertificateNo,
    name: &PersonName,
) -> Result<[u8; 32], StoreError> {
    vault.blind_index_at(version, HOLDER, &holder_text(number, name))
}

fn holder_text(number: &CertificateNo, name: &PersonName) -> String {
    format!("{}\0{}", number.as_str(), name.expose())
}

/// The certificate whose issuance is this leaf.
pub async fn by_leaf(
    db: &impl ConnectionTrait,
    leaf: LeafIndex,
) -> Result<Option<Certificate>, StoreError> {
    certificate::Entity::find()
        .filter(certificate::Column::LeafIndex.eq(leaf.0.cast_signed()))
        .one(db)
        .await?
        .map(Certificate::try_from)
        .transpose()
}
