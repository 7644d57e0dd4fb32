//! The signed trust lists, every version of them.

crate::migration!(
    "
-- A version once signed stays: nobody can be given another list under its number.
CREATE TABLE trust_list (
  version INT8 NOT NULL PRIMARY KEY,
  issued_at INSTANT NOT NULL,
  valid_until INSTANT NOT NULL,
  sha256 BYTES NOT NULL,
  body BYTES NOT NULL
);
-- Whom a compromise concerns is asked by key.
CREATE INDEX certificate_kid ON certificate (kid, id);
"
);
