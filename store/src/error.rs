//! What can go wrong in the store, in the registry's own words; the driver's words stop here.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

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
        self.is_of(&["55P03"])
    }

    /// Whether the database gave up because a lock, a statement or a transaction took longer than one is waited for: the
    /// same may well be done a moment later.
    pub fn is_out_of_time(&self) -> bool {
        self.is_of(&["55P03", "57014", "25P03"])
    }

    fn is_of(&self, codes: &[&str]) -> bool {
        let Self::Db(
            DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)),
        ) = self
        else {
            return false;
        };
        let code = error
            .as_database_error()
            .and_then(sea_orm::sqlx::error::DatabaseError::code);
        code.is_some_and(|code| codes.contains(&code.as_ref()))
    }

    /// Whether the whole transaction may be tried again (serialisation failure, deadlock, busy).
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Db(error) => {
                let text = error.to_string();
                ["40001", "40P01", "database is locked"]
                    .iter()
                    .any(|code| text.contains(code))
            }
            _ => false,
        }
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
