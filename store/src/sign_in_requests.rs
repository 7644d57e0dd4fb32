//! Codes that trainees asked for: each opens once, in time, together with its ticket, within few tries.

use chrono::{DateTime, Duration, Utc};
use domain::ids::AccountId;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::{StoreError, time};

/// Tries of one code.
const TRIES: i32 = 5;
/// For how long an ended request is kept, in hours: it counts towards the limit of its account.
const KEPT_HOURS: i64 = 24;

fn statement(
    db: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// A request to keep: the HMAC of its ticket and the HMAC of ticket and code.
#[derive(Clone, Copy, Debug)]
pub struct NewRequest<'a> {
    /// Of the ticket.
    pub ticket_mac: &'a [u8; 32],
    /// Of the ticket with the code.
    pub code_mac: &'a [u8; 32],
    /// Whom it signs in.
    pub account: AccountId,
    /// Until when.
    pub ends_at: DateTime<Utc>,
}

/// Keeps a request and forgets those of yesterday. Earlier ones of the account stay: a stranger who asks must not end
/// the code that the person is typing.
pub async fn keep(
    db: &impl ConnectionTrait,
    new: &NewRequest<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let old = time::millis(now - Duration::hours(KEPT_HOURS));
    let sql = "DELETE FROM sign_in_request WHERE ends_at < $1";
    db.execute_raw(statement(db, sql, [old.into()])).await?;
    let sql =
        "INSERT INTO sign_in_request (ticket_mac, account_id, code_mac, tries, created_at, ends_at)
        VALUES ($1, $2, $3, 0, $4, $5)";
    let values: [Value; 5] = [
        new.ticket_mac.to_vec().into(),
        new.account.uuid().into(),
        new.code_mac.to_vec().into(),
        time::millis(now).into(),
        time::millis(new.ends_at).into(),
    ];
    db.execute_raw(statement(db, sql, values)).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct CountRow {
    number: i64,
}

/// How many codes an account was sent since a moment.
pub async fn count_since(
    db: &impl ConnectionTrait,
    account: AccountId,
    since: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let sql =
        "SELECT COUNT(*) AS number FROM sign_in_request WHERE account_id = $1 AND created_at > $2";
    let values: [Value; 2] = [account.uuid().into(), time::millis(since).into()];
    let row = CountRow::find_by_statement(statement(db, sql, values))
        .one(db)
        .await?;
    Ok(row.map_or(0, |row| row.number))
}

#[derive(FromQueryResult)]
struct CodeRow {
    account_id: Uuid,
    code_mac: Vec<u8>,
}

/// Whose ticket it is, also when it opens nothing any more.
pub async fn account_of(
    db: &impl ConnectionTrait,
    ticket_macs: &[[u8; 32]],
) -> Result<Option<AccountId>, StoreError> {
    for ticket in ticket_macs {
        let sql = "SELECT account_id, code_mac FROM sign_in_request WHERE ticket_mac = $1";
        let row = CodeRow::find_by_statement(statement(db, sql, [ticket.to_vec().into()]))
            .one(db)
            .await?;
        if let Some(row) = row {
            return Ok(Some(row.account_id.into()));
        }
    }
    Ok(None)
}

/// Uses up a try of a ticket; answers the account when the code fits, which then opens nothing any more. The caller
/// commits in any case: the try counts. `code_mac` is computed under each version of the key at hand.
pub async fn take(
    db: &impl ConnectionTrait,
    ticket_macs: &[[u8; 32]],
    code_macs: &[[u8; 32]],
    now: DateTime<Utc>,
) -> Result<Option<AccountId>, StoreError> {
    for (ticket, code) in ticket_macs.iter().zip(code_macs) {
        let at = time::millis(now);
        // Counted before it is compared, in one statement: guesses at once gain nothing.
        let sql = "UPDATE sign_in_request SET tries = tries + 1
            WHERE ticket_mac = $1 AND used_at IS NULL AND ends_at > $2 AND tries < $3";
        let values: [Value; 3] = [ticket.to_vec().into(), at.into(), TRIES.into()];
        let done = db.execute_raw(statement(db, sql, values)).await?;
        if done.rows_affected() != 1 {
            continue;
        }
        let sql = "SELECT account_id, code_mac FROM sign_in_request WHERE ticket_mac = $1";
        let row = CodeRow::find_by_statement(statement(db, sql, [ticket.to_vec().into()]))
            .one(db)
            .await?;
        let Some(row) = row.filter(|row| bool::from(row.code_mac.as_slice().ct_eq(code))) else {
            return Ok(None);
        };
        let sql =
            "UPDATE sign_in_request SET used_at = $2 WHERE ticket_mac = $1 AND used_at IS NULL";
        let values: [Value; 2] = [ticket.to_vec().into(), at.into()];
        let done = db.execute_raw(statement(db, sql, values)).await?;
        return Ok((done.rows_affected() == 1).then(|| row.account_id.into()));
    }
    Ok(None)
}
