//! Trust bundles as they were signed, and how often a certificate was checked (docs/formats.md section 18, trust.md EN-5).

crate::migration!(
    "
CREATE TABLE trust_bundle (
  number INT8 NOT NULL PRIMARY KEY,
  issued_at INSTANT NOT NULL,
  valid_until INSTANT NOT NULL,
  kid TEXT NOT NULL,
  trust_list INT8 NOT NULL,
  sha256 BYTES NOT NULL,
  body BYTES NOT NULL
);

-- A bundle asks for the few certificates that are not in force, among all.
CREATE INDEX certificate_not_in_force ON certificate (status_list, status_index) WHERE status <> 'issued';

-- How often a certificate was checked on a day in China: a number, nothing about who checked.
CREATE TABLE certificate_check (
  certificate_id UUID NOT NULL REFERENCES certificate (id),
  day TEXT NOT NULL,
  checks INT8 NOT NULL,
  PRIMARY KEY (certificate_id, day)
);
"
);
