//! Personal data: key versions, reads and grants, consents, requests of persons, retention (trust.md PI-1 to PI-7).
//!
//! Free words about a person are sealed under that person's key, so that they end with it.

crate::migration!(
    "
-- An empty data key is a destroyed one; erased_at says since when.
ALTER TABLE person ADD COLUMN erased_at INSTANT;
ALTER TABLE person_identifier ADD COLUMN blind_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE certificate ADD COLUMN holder_version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX person_data_key_version ON person (data_key_version, id);
CREATE INDEX person_identifier_blind_version ON person_identifier (blind_version, id);
CREATE INDEX certificate_holder_version ON certificate (holder_version, id);
CREATE INDEX certificate_person ON certificate (person_id);

-- One row for each change of the master key or the blind-index key; unfinished while rows of older versions are left.
CREATE TABLE key_rotation (
  id UUID NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  to_version INTEGER NOT NULL,
  started_at INSTANT NOT NULL,
  finished_at INSTANT,
  place UUID,
  done_count INT8 NOT NULL
);
CREATE UNIQUE INDEX key_rotation_version ON key_rotation (kind, to_version);

CREATE TABLE personal_read (
  id UUID NOT NULL PRIMARY KEY,
  person_id UUID NOT NULL REFERENCES person (id),
  staff_person_id UUID NOT NULL,
  account_id UUID NOT NULL,
  post_id UUID NOT NULL,
  role TEXT NOT NULL,
  organisation TEXT,
  purpose TEXT NOT NULL,
  words_enc BYTES,
  grant_id UUID,
  at INSTANT NOT NULL,
  day TEXT NOT NULL,
  fields TEXT NOT NULL
);
CREATE INDEX personal_read_person ON personal_read (person_id, id);
CREATE INDEX personal_read_account ON personal_read (account_id, day);

-- Opening a list for a task: one reader, one list, one day (field.md 16).
CREATE TABLE purpose_grant (
  id UUID NOT NULL PRIMARY KEY,
  account_id UUID NOT NULL,
  post_id UUID NOT NULL,
  cohort_id UUID NOT NULL REFERENCES cohort (id),
  purpose TEXT NOT NULL,
  day TEXT NOT NULL,
  granted_at INSTANT NOT NULL
);
CREATE UNIQUE INDEX purpose_grant_once ON purpose_grant (account_id, cohort_id, day, purpose);

CREATE TABLE read_alarm (
  id UUID NOT NULL PRIMARY KEY,
  account_id UUID NOT NULL,
  post_id UUID NOT NULL,
  day TEXT NOT NULL,
  person_count INTEGER NOT NULL,
  raised_at INSTANT NOT NULL
);
CREATE UNIQUE INDEX read_alarm_once ON read_alarm (account_id, day);

-- What the register of disability certificates said, without number, category or level (field.md 17).
CREATE TABLE card_check (
  person_id UUID NOT NULL PRIMARY KEY REFERENCES person (id),
  outcome TEXT NOT NULL,
  valid_until TEXT,
  checked_by UUID NOT NULL,
  checked_at INSTANT NOT NULL
);

CREATE TABLE consent (
  id UUID NOT NULL PRIMARY KEY,
  person_id UUID NOT NULL REFERENCES person (id),
  enrolment_id UUID REFERENCES enrolment (id),
  purpose TEXT NOT NULL,
  given_by TEXT NOT NULL,
  relation TEXT,
  proof_enc BYTES,
  channel TEXT NOT NULL,
  scan_id UUID,
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  withdrawn_on TEXT,
  retain_until TEXT,
  recorded_at INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX consent_enrolment ON consent (enrolment_id, purpose, valid_from);
CREATE INDEX consent_person ON consent (person_id, id);

CREATE TABLE person_request (
  id UUID NOT NULL PRIMARY KEY,
  person_id UUID NOT NULL REFERENCES person (id),
  region TEXT NOT NULL REFERENCES region (code),
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  channel TEXT NOT NULL,
  words_enc BYTES,
  new_name_enc BYTES,
  proof_enc BYTES,
  received_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  assigned_post UUID,
  assigned_person UUID,
  outcome_code TEXT,
  outcome_enc BYTES,
  kept_until TEXT,
  decided_by UUID,
  decided_at INSTANT,
  revision INTEGER NOT NULL
);
CREATE INDEX person_request_person ON person_request (person_id, id);
CREATE INDEX person_request_region ON person_request (region, state, due_on);
CREATE UNIQUE INDEX person_request_open ON person_request (person_id, kind) WHERE decided_at IS NULL;
"
);
