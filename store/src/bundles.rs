//! Trust bundles as they were signed, and what goes into one: streamed, so that a country fits.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::certificate::CertificateStatus;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::{PublicRead, StoreError, time};

/// Rows that are read at once.
const PAGE: u64 = 10_000;

/// A bundle as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleRow {
    /// Its number.
    pub number: u64,
    /// The moment for which it speaks.
    pub issued_at: DateTime<Utc>,
    /// End of its validity, exclusive.
    pub valid_until: DateTime<Utc>,
    /// The key that signed it.
    pub kid: String,
    /// Version of the trust list in it.
    pub trust_list: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

#[derive(FromQueryResult)]
struct Row {
    number: i64,
    issued_at: i64,
    valid_until: i64,
    kid: String,
    trust_list: i64,
    sha256: Vec<u8>,
}

impl TryFrom<Row> for BundleRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("trust_bundle", row.number);
        Ok(Self {
            number: u64::try_from(row.number).map_err(|_| bad())?,
            issued_at: time::instant(row.issued_at)?,
            valid_until: time::instant(row.valid_until)?,
            trust_list: u64::try_from(row.trust_list).map_err(|_| bad())?,
            sha256: row.sha256.as_slice().try_into().map_err(|_| bad())?,
            kid: row.kid,
        })
    }
}

const COLUMNS: &str =
    "SELECT number, issued_at, valid_until, kid, trust_list, sha256 FROM trust_bundle";

/// The newest bundle.
pub async fn newest(db: &impl PublicRead) -> Result<Option<BundleRow>, StoreError> {
    let sql = format!("{COLUMNS} ORDER BY number DESC LIMIT 1");
    one(db.connection(), &sql, []).await
}

/// A bundle by its number.
pub async fn bundle(db: &impl PublicRead, number: u64) -> Result<Option<BundleRow>, StoreError> {
    let Ok(number) = i64::try_from(number) else {
        return Ok(None);
    };
    let sql = format!("{COLUMNS} WHERE number = $1");
    one(db.connection(), &sql, [number.into()]).await
}

async fn one<const N: usize>(
    db: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Option<BundleRow>, StoreError> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let row = Row::find_by_statement(statement).one(db).await?;
    row.map(BundleRow::try_from).transpose()
}

#[derive(FromQueryResult)]
struct Body {
    body: Vec<u8>,
}

/// The bytes of a bundle.
pub async fn bytes(db: &impl PublicRead, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let db = db.connection();
    let Ok(number) = i64::try_from(number) else {
        return Ok(None);
    };
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT body FROM trust_bundle WHERE number = $1",
        [number.into()],
    );
    let row = Body::find_by_statement(statement).one(db).await?;
    Ok(row.map(|row| row.body))
}

/// Keeps a bundle; `Stale` where another of its number is there already.
pub async fn insert(
    db: &impl ConnectionTrait,
    row: &BundleRow,
    body: Vec<u8>,
) -> Result<(), StoreError> {
    let number = i64::try_from(row.number)
        .map_err(|_| StoreError::inconsistent("trust_bundle", row.number))?;
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "INSERT INTO trust_bundle (number, issued_at, valid_until, kid, trust_list, sha256, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (number) DO NOTHING",
        [
            number.into(),
            time::millis(row.issued_at).into(),
            time::millis(row.valid_until).into(),
            row.kid.as_str().into(),
            i64::try_from(row.trust_list)
                .map_err(|_| StoreError::inconsistent("trust_bundle", row.number))?
                .into(),
            row.sha256.to_vec().into(),
            body.into(),
        ],
    );
    if db.execute_raw(statement).await?.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

/// Forgets all but the newest `keep` bundles. Numbers are never given again, because the newest stays.
pub async fn prune(db: &impl ConnectionTrait, keep: u32) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "DELETE FROM trust_bundle WHERE number <= (SELECT MAX(number) FROM trust_bundle) - $1",
        [i64::from(keep.max(1)).into()],
    );
    Ok(db.execute_raw(statement).await?.rows_affected())
}

#[derive(FromQueryResult)]
struct Changed {
    status_list: i32,
    status_index: i32,
    status: String,
}

/// Every certificate that is not in force, those too whose records were lost: its place, and its status.
pub async fn not_in_force(
    db: &impl PublicRead,
    mut each: impl FnMut(u32, u32, CertificateStatus),
) -> Result<(), StoreError> {
    let db = db.connection();
    for (list, index, status) in crate::recovery::lost_not_in_force(db).await? {
        each(list, index, status);
    }
    // The status stands in the text of the query, so that the index of these few is used.
    let sql = format!(
        "SELECT status_list, status_index, status FROM certificate
         WHERE status <> 'issued' AND (status_list > $1 OR (status_list = $1 AND status_index > $2))
         ORDER BY status_list, status_index LIMIT {PAGE}"
    );
    let (mut list, mut index) = (-1_i64, -1_i64);
    loop {
        let statement = Statement::from_sql_and_values(
            db.get_database_backend(),
            &sql,
            [list.into(), index.into()],
        );
        let rows = Changed::find_by_statement(statement).all(db).await?;
        for row in &rows {
            let bad = || StoreError::inconsistent("certificate", row.status_index);
            each(
                u32::try_from(row.status_list).map_err(|_| bad())?,
                u32::try_from(row.status_index).map_err(|_| bad())?,
                row.status.parse().map_err(|_| bad())?,
            );
        }
        match rows.last() {
            Some(last) if rows.len() as u64 == PAGE => {
                (list, index) = (last.status_list.into(), last.status_index.into());
            }
            _ => return Ok(()),
        }
    }
}

#[derive(FromQueryResult)]
struct Named {
    code: String,
    name: String,
}

async fn named(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<(String, String)>, StoreError> {
    let mut all = Vec::new();
    loop {
        let after = all
            .last()
            .map_or("", |(code, _): &(String, String)| code)
            .to_owned();
        let statement =
            Statement::from_sql_and_values(db.get_database_backend(), sql, [after.into()]);
        let rows = Named::find_by_statement(statement).all(db).await?;
        let last = (rows.len() as u64) < PAGE;
        all.extend(rows.into_iter().map(|row| (row.code, row.name)));
        if last {
            return Ok(all);
        }
    }
}

/// Codes and names of all federations that may issue.
pub async fn federations(db: &impl PublicRead) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!(
        "SELECT code, name FROM federation WHERE level IN ('national', 'province') AND code > $1 ORDER BY code LIMIT {PAGE}"
    );
    named(db.connection(), &sql).await
}

/// Codes of all programs that were ever published, with the name of the newest such version.
pub async fn programs(db: &impl PublicRead) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!(
        "SELECT p.code, v.name FROM program p JOIN program_version v ON v.program_id = p.id
         WHERE p.code > $1 AND v.published_on IS NOT NULL AND v.version =
           (SELECT MAX(w.version) FROM program_version w WHERE w.program_id = p.id AND w.published_on IS NOT NULL)
         ORDER BY p.code LIMIT {PAGE}"
    );
    named(db.connection(), &sql).await
}

#[derive(FromQueryResult)]
struct Step {
    credit_code: String,
    name: String,
    federation: String,
    at: i64,
    to_state: String,
}

/// A change of an institution's admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionStep {
    /// When.
    pub at: DateTime<Utc>,
    /// The state it came to.
    pub state: String,
}

/// An institution: its name, and the changes of its admissions by federation, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstitutionSteps {
    /// Name today.
    pub name: String,
    /// Changes by federation.
    pub by_federation: BTreeMap<String, Vec<AdmissionStep>>,
}

/// Every institution with an admission, in order of credit codes, with every change of state that its timeline tells.
pub async fn institutions(
    db: &impl PublicRead,
) -> Result<Vec<(String, InstitutionSteps)>, StoreError> {
    let db = db.connection();
    // Whole institutions at a time: a page is one of institutions, not of steps.
    let sql = format!(
        "SELECT i.credit_code, i.name, a.federation, h.at, h.to_state
         FROM (SELECT id, credit_code, name FROM institution WHERE credit_code > $1 ORDER BY credit_code LIMIT {PAGE}) i
         JOIN admission a ON a.institution_id = i.id
         JOIN timeline h ON h.object_id = a.id
         WHERE h.to_state IS NOT NULL AND h.to_state <> COALESCE(h.from_state, '')
         ORDER BY i.credit_code, h.at, h.id"
    );
    let last_sql = format!(
        "SELECT credit_code AS code, name FROM institution WHERE credit_code > $1 ORDER BY credit_code LIMIT {PAGE}"
    );
    let mut all: Vec<(String, InstitutionSteps)> = Vec::new();
    let mut after = String::new();
    loop {
        let page = |sql: &str| {
            Statement::from_sql_and_values(db.get_database_backend(), sql, [after.as_str().into()])
        };
        let rows = Step::find_by_statement(page(&sql)).all(db).await?;
        let codes = Named::find_by_statement(page(&last_sql)).all(db).await?;
        for row in rows {
            if all.last().is_none_or(|(code, _)| *code != row.credit_code) {
                let steps = InstitutionSteps {
                    name: row.name,
                    ..InstitutionSteps::default()
                };
                all.push((row.credit_code, steps));
            }
            if let Some((_, steps)) = all.last_mut() {
                steps
                    .by_federation
                    .entry(row.federation)
                    .or_default()
                    .push(AdmissionStep {
                        at: time::instant(row.at)?,
                        state: row.to_state,
                    });
            }
        }
        match codes.last() {
            Some(last) if codes.len() as u64 == PAGE => after.clone_from(&last.code),
            _ => return Ok(all),
        }
    }
}
