//! What can go wrong in the store, in the registry's own words; the driver's words stop here.

use std::borrow::Cow;

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// Failure of a store function.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A uniqueness rule of the schema refused the row; the word names the rule ("certificate number").
    #[error("duplicate {0}")]
    Duplicate(&'static str),
    /// Another transaction changed the row first.
    #[error("the record was changed by somebody else")]
    Stale,
    /// The database does not answer now; trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A row that the domain refuses: a defect or a damaged database, never a default.
    #[error("inconsistent row in {table}: {id}")]
    Inconsistent {
        /// Table of the row.
        table: &'static str,
        /// Its key.
        id: String,
    },
    /// A ciphertext that does not open: moved, damaged, or another key.
    #[error("a sealed value in {0} does not open")]
    Sealed(&'static str),
    /// Anything else from the database.
    #[error("database: {0}")]
    Db(DbErr),
}

impl StoreError {
    /// A row of `table` that the domain refuses.
    #[expect(clippy::needless_pass_by_value, reason = "ids are small and copied")]
    pub fn inconsistent(table: &'static str, id: impl ToString) -> Self {
        Self::Inconsistent {
            table,
            id: id.to_string(),
        }
    }

    /// Whether somebody else held a lock for longer than one is waited for.
    pub fn is_lock_timeout(&self) -> bool {
        self.code().as_deref() == Some("55P03")
    }

    /// Whether the database gave up because a lock, a statement or a transaction took longer than one is waited for: the
    /// same may well be done a moment later.
    pub fn is_out_of_time(&self) -> bool {
        self.trouble() == Some(Trouble::OutOfTime)
    }

    /// Whether the database is away, full, or takes no writes now; nothing is wrong with what was asked.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable(_)) || self.trouble() == Some(Trouble::Away)
    }

    /// Whether two transactions stood in each other's way, so that the whole of this one may be tried again at once.
    pub fn is_retryable(&self) -> bool {
        self.trouble() == Some(Trouble::Raced)
    }

    fn driver(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Db(
                DbErr::Exec(RuntimeErr::SqlxError(error))
                | DbErr::Query(RuntimeErr::SqlxError(error)),
            ) => Some(error),
            _ => None,
        }
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        self.driver()?.as_database_error()?.code()
    }

    fn trouble(&self) -> Option<Trouble> {
        match self.driver()? {
            sqlx::Error::Database(error) => trouble_of(&error.code()?),
            // The connection broke, or the pool is closed under the request.
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Some(Trouble::Away),
            _ => None,
        }
    }
}

/// What passes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// A lock, a statement or a transaction took too long.
    OutOfTime,
    /// Stopped, starting, out of room or of connections, or a server that only reads.
    Away,
    /// A deadlock, or a transaction that another one overtook.
    Raced,
}

/// Of a SQLSTATE of PostgreSQL, five characters, or a result code of SQLite, a number whose low byte is the kind.
fn trouble_of(code: &str) -> Option<Trouble> {
    match code {
        "55P03" | "57014" | "25P03" => return Some(Trouble::OutOfTime),
        "40001" | "40P01" => return Some(Trouble::Raced),
        "25006" | "57P01" | "57P02" | "57P03" => return Some(Trouble::Away),
        _ => {}
    }
    if code.len() == 5 {
        // 53: too little memory, room or connections; 08: the connection broke.
        return (code.starts_with("53") || code.starts_with("08")).then_some(Trouble::Away);
    }
    match code.parse::<i32>().ok()? & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED
        5 | 6 => Some(Trouble::OutOfTime),
        // SQLITE_FULL: the disk or the file
        13 => Some(Trouble::Away),
        _ => None,
    }
}

/// Index and constraint names of the schema, and the registry's word for what they keep unique.
const UNIQUE_WORDS: &[(&str, &str, &str)] = &[
    (
        "person_identifier_current",
        "person_identifier.kind, person_identifier.blind_index",
        "identifier of a person",
    ),
    ("account_name_key", "account.name", "account name"),
    (
        "institution_credit_code",
        "institution.credit_code",
        "credit code",
    ),
    (
        "admission_open",
        "admission.institution_id, admission.federation",
        "open application",
    ),
    ("program_code_key", "program.code", "program code"),
    (
        "program_version_program_id_version_key",
        "program_version.program_id, program_version.version",
        "program version",
    ),
    (
        "offer_open",
        "offer.program_version_id, offer.admission_id, offer.site_id",
        "offer",
    ),
    (
        "certificate_type_pkey",
        "certificate_type.code",
        "certificate type",
    ),
    ("cohort_code_key", "cohort.code", "cohort code"),
    (
        "enrolment_once",
        "enrolment.cohort_id, enrolment.person_id",
        "enrolment",
    ),
    (
        "certificate_public_id",
        "certificate.public_id",
        "public id",
    ),
    (
        "certificate_number",
        "certificate.certificate_no",
        "certificate number",
    ),
    (
        "certificate_enrolment",
        "certificate.enrolment_id, certificate.generation",
        "certificate of the enrolment",
    ),
    (
        "proposal_open",
        "proposal.object_id, proposal.act",
        "open proposal",
    ),
    (
        "account_person_person_id_key",
        "account_person.person_id",
        "account of the trainee",
    ),
    (
        "passkey_pkey",
        "passkey.credential_id",
        "key of an authenticator",
    ),
    (
        "passkey_account",
        "passkey.account_id",
        "key of an authenticator",
    ),
    (
        "idempotency_pkey",
        "idempotency.account_id, idempotency.idempotency_key",
        "idempotency key",
    ),
    (
        "person_request_open",
        "person_request.person_id, person_request.kind",
        "open request of the person",
    ),
    (
        "key_rotation_version",
        "key_rotation.kind, key_rotation.to_version",
        "key rotation",
    ),
    (
        "institution_case_open",
        "institution_case.admission_id",
        "open case",
    ),
    (
        "withdrawal_open",
        "withdrawal.admission_id",
        "open request to leave",
    ),
    (
        "institution_case_number_key",
        "institution_case.number",
        "number of the case",
    ),
    (
        "appeal_once",
        "appeal.timeline_id, appeal.appellant",
        "appeal of the decision",
    ),
    (
        "assessment_open",
        "assessment.admission_id",
        "open assessment of the institution",
    ),
    ("appeal_number_key", "appeal.number", "number of the appeal"),
    (
        "service_timeline_id_key",
        "service.timeline_id",
        "service of the decision",
    ),
    (
        "grade_result_admission_id_run_id_key",
        "grade_result.admission_id, grade_result.run_id",
        "result of the run",
    ),
    ("registry_key_pkey", "registry_key.kid", "key id"),
    ("log_checkpoint_pkey", "log_checkpoint.size", "checkpoint"),
    ("log_leaf_pkey", "log_leaf.leaf_index", "log leaf"),
];

/// An update that was meant for one row: `Stale` when the row is not as it was expected any more.
pub(crate) fn one_row(affected: u64) -> Result<(), StoreError> {
    if affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(text)) = error.sql_err() {
            let word = UNIQUE_WORDS
                .iter()
                .find(|(index, columns, _)| text.contains(index) || text.ends_with(columns))
                .map_or("record", |(_, _, word)| word);
            return Self::Duplicate(word);
        }
        match error {
            DbErr::ConnectionAcquire(inner) => Self::Unavailable(inner.to_string()),
            DbErr::Conn(RuntimeErr::Internal(text)) => Self::Unavailable(text),
            DbErr::Conn(inner) => Self::Unavailable(inner.to_string()),
            other => Self::Db(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sea_orm::{ConnectionTrait as _, DbBackend};

    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn a_code_says_whether_it_passes_by_itself() {
        for (wanted, codes) in [
            (
                Some(Trouble::OutOfTime),
                "55P03 57014 25P03 5 6 261 262 517 773",
            ),
            (
                Some(Trouble::Away),
                "25006 57P01 57P02 57P03 53000 53100 53200 53300 08006 13",
            ),
            (Some(Trouble::Raced), "40001 40P01"),
            (None, "23505 42P01 22P05 XX000 1 10 11 19 787 2067"),
        ] {
            for code in codes.split(' ') {
                assert_eq!(trouble_of(code), wanted, "{code}");
            }
        }
    }

    #[test]
    fn a_broken_connection_is_no_fault_of_ours() {
        let broken = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
        let error = DbErr::Exec(RuntimeErr::SqlxError(Arc::new(broken())));
        assert!(StoreError::from(error).is_away());
        let other = DbErr::Exec(RuntimeErr::SqlxError(Arc::new(sqlx::Error::RowNotFound)));
        assert!(!StoreError::from(other).is_away());
    }

    /// What the driver itself hands over, of a real server.
    #[tokio::test]
    async fn codes_of_a_server_are_found_where_the_driver_keeps_them() {
        let fixture = Fixture::open().await;
        let db = fixture.store.writer();
        if db.get_database_backend() != DbBackend::Postgres {
            return;
        }
        for code in ["40001", "40P01", "53100", "57P03", "25006"] {
            let sql = format!("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$");
            let error = db.execute_unprepared(&sql).await.expect_err("raised");
            let error = StoreError::from(error);
            assert_eq!(error.is_retryable(), code.starts_with("40"), "{code}");
            assert_eq!(error.is_away(), !code.starts_with("40"), "{code}");
        }
    }
}
