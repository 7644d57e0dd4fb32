//! Persons with dated identifiers and names, staff, accounts, posts.
//!
//! Every personal value is a ciphertext under its person's own data key, which is wrapped by the master key
//! outside the database (trust.md PI-1, PI-6); equality search goes by blind index (PI-2).

crate::migration!(
    "
CREATE TABLE person (
  id UUID NOT NULL PRIMARY KEY,
  data_key BYTES NOT NULL,
  data_key_version INTEGER NOT NULL,
  created_at INSTANT NOT NULL
);

CREATE TABLE person_identifier (
  id UUID NOT NULL PRIMARY KEY,
  person_id UUID NOT NULL REFERENCES person (id),
  kind TEXT NOT NULL,
  value_enc BYTES NOT NULL,
  blind_index BYTES NOT NULL,
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  proof TEXT
);
CREATE UNIQUE INDEX person_identifier_current ON person_identifier (kind, blind_index) WHERE valid_until IS NULL;
CREATE INDEX person_identifier_person ON person_identifier (person_id);

CREATE TABLE person_name (
  id UUID NOT NULL PRIMARY KEY,
  person_id UUID NOT NULL REFERENCES person (id),
  name_enc BYTES NOT NULL,
  valid_from TEXT NOT NULL,
  valid_until TEXT,
  proof TEXT
);
CREATE INDEX person_name_person ON person_name (person_id);

CREATE TABLE staff_person (
  id UUID NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INSTANT NOT NULL
);

CREATE TABLE account (
  id UUID NOT NULL PRIMARY KEY,
  staff_person_id UUID NOT NULL REFERENCES staff_person (id),
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  state TEXT NOT NULL,
  token_epoch INTEGER NOT NULL,
  created_at INSTANT NOT NULL
);

CREATE TABLE post (
  id UUID NOT NULL PRIMARY KEY,
  staff_person_id UUID NOT NULL REFERENCES staff_person (id),
  role TEXT NOT NULL,
  federation TEXT REFERENCES federation (code),
  institution_id UUID,
  valid_from TEXT NOT NULL,
  valid_until TEXT
);
CREATE INDEX post_staff_person ON post (staff_person_id);
"
);
