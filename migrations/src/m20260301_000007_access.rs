//! Sessions, devices, failures, second factors, one-time tokens (trust.md AU-4 to AU-6).
//!
//! Every secret that a person carries stands here as an HMAC under the blind-index key: a dump of the database opens
//! no session, and whoever can write into the database alone can make none.

crate::migration!(
    "
-- One sign-in: the family of its refresh tokens, or one browser.
CREATE TABLE session (
  id UUID NOT NULL PRIMARY KEY,
  account_id UUID NOT NULL REFERENCES account (id),
  kind TEXT NOT NULL,
  token_epoch INTEGER NOT NULL,
  device TEXT NOT NULL,
  enrolled BOOL NOT NULL,
  proved_at INSTANT,
  created_at INSTANT NOT NULL,
  last_used_at INSTANT NOT NULL,
  ends_at INSTANT NOT NULL,
  ended_at INSTANT,
  end_reason TEXT
);
CREATE INDEX session_account ON session (account_id, ended_at);

CREATE TABLE session_token (
  token_mac BYTES NOT NULL PRIMARY KEY,
  session_id UUID NOT NULL REFERENCES session (id),
  ends_at INSTANT NOT NULL,
  used_at INSTANT
);
CREATE INDEX session_token_session ON session_token (session_id);

CREATE TABLE known_device (
  token_mac BYTES NOT NULL PRIMARY KEY,
  account_id UUID NOT NULL REFERENCES account (id),
  device TEXT NOT NULL,
  first_seen_at INSTANT NOT NULL,
  last_seen_at INSTANT NOT NULL
);
CREATE INDEX known_device_account ON known_device (account_id);

-- Subject: HMAC of an account name with an address or a device, or of an address alone.
CREATE TABLE sign_in_failure (
  subject BYTES NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_at INSTANT NOT NULL,
  wait_until INSTANT NOT NULL
);

CREATE TABLE totp (
  account_id UUID NOT NULL PRIMARY KEY REFERENCES account (id),
  secret_enc BYTES NOT NULL,
  confirmed_at INSTANT,
  last_step INT8 NOT NULL
);

CREATE TABLE recovery_code (
  account_id UUID NOT NULL REFERENCES account (id),
  code_mac BYTES NOT NULL,
  used_at INSTANT,
  PRIMARY KEY (account_id, code_mac)
);

-- Invitation, password reset, sign-in code of a trainee: each opens once.
CREATE TABLE one_time_token (
  token_mac BYTES NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  account_id UUID NOT NULL REFERENCES account (id),
  created_by UUID,
  created_at INSTANT NOT NULL,
  ends_at INSTANT NOT NULL,
  used_at INSTANT
);
CREATE INDEX one_time_token_account ON one_time_token (account_id, purpose);

CREATE TABLE account_contact (
  account_id UUID NOT NULL PRIMARY KEY REFERENCES account (id),
  kind TEXT NOT NULL,
  value_enc BYTES NOT NULL
);

-- The trainee behind an account: staff accounts have no row here.
CREATE TABLE account_person (
  account_id UUID NOT NULL PRIMARY KEY REFERENCES account (id),
  person_id UUID NOT NULL UNIQUE REFERENCES person (id)
);
"
);
