//! Sign-in codes that trainees ask for themselves, the chosen post of a session, exports by two persons
//! (trust.md AU-2, AU-6, PI-2, UP-5).

crate::migration!(
    "
-- By which a trainee is found by the telephone on record; goes with the number.
CREATE TABLE phone_index (
  enrolment_id UUID NOT NULL PRIMARY KEY REFERENCES enrolment (id),
  person_id UUID NOT NULL REFERENCES person (id),
  blind_index BYTES NOT NULL,
  blind_version INTEGER NOT NULL
);
CREATE INDEX phone_index_blind ON phone_index (blind_index);
CREATE INDEX phone_index_person ON phone_index (person_id);
CREATE INDEX phone_index_version ON phone_index (blind_version, enrolment_id);

-- A code that was sent: it opens together with the ticket of whoever asked, once, within few tries.
CREATE TABLE sign_in_request (
  ticket_mac BYTES NOT NULL PRIMARY KEY,
  account_id UUID NOT NULL REFERENCES account (id),
  code_mac BYTES NOT NULL,
  tries INTEGER NOT NULL,
  created_at INSTANT NOT NULL,
  ends_at INSTANT NOT NULL,
  used_at INSTANT
);
CREATE INDEX sign_in_request_account ON sign_in_request (account_id, created_at);
CREATE INDEX sign_in_request_end ON sign_in_request (ends_at);

-- The post that was chosen where a person holds several; none: whichever the act needs.
ALTER TABLE session ADD COLUMN post_id UUID;

-- A file of many persons: asked for by one, approved by another, taken once.
CREATE TABLE bulk_export (
  id UUID NOT NULL PRIMARY KEY,
  list TEXT NOT NULL,
  form TEXT NOT NULL,
  filter TEXT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  account_id UUID NOT NULL,
  post_id UUID NOT NULL,
  staff_person_id UUID NOT NULL,
  proposed_at INSTANT NOT NULL,
  approved_by UUID,
  approved_at INSTANT,
  ends_at INSTANT,
  taken_at INSTANT,
  row_count INTEGER
);
CREATE INDEX bulk_export_account ON bulk_export (account_id, id);
"
);
