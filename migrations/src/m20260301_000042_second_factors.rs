//! Several second factors for an account, each with a name that its owner gave it (trust.md AU-5).

crate::migration!(
    "
ALTER TABLE totp ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE passkey ADD COLUMN name TEXT NOT NULL DEFAULT '';
DROP INDEX passkey_account;
CREATE INDEX passkey_of_account ON passkey (account_id);
"
);
