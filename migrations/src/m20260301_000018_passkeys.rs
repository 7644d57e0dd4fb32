//! Keys of authenticators (WebAuthn) as a second factor, and the challenges that wait for their answers (trust.md AU-5).

crate::migration!(
    "
CREATE TABLE passkey (
  credential_id BYTES NOT NULL PRIMARY KEY,
  account_id UUID NOT NULL REFERENCES account (id),
  public_key BYTES NOT NULL,
  counter INT8 NOT NULL,
  transports TEXT NOT NULL,
  added_at INSTANT NOT NULL,
  used_at INSTANT
);
-- One kind of second factor and one key for each account, as with TOTP.
CREATE UNIQUE INDEX passkey_account ON passkey (account_id);

-- At most one for each session: a new one takes the place of the one before.
CREATE TABLE passkey_challenge (
  session_id UUID NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  challenge BYTES NOT NULL,
  ends_at INSTANT NOT NULL
);
"
);
