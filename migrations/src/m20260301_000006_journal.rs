//! Timelines, two-person proposals, documents, idempotency records.

crate::migration!(
    "
CREATE TABLE official_document (
  id UUID NOT NULL PRIMARY KEY,
  number TEXT NOT NULL,
  issuer TEXT NOT NULL,
  made_on TEXT NOT NULL,
  published_on TEXT,
  sha256 BYTES
);

-- Who, when, from, to, why, under which policy: one row for each act on anything (workflow.md).
CREATE TABLE timeline (
  id UUID NOT NULL PRIMARY KEY,
  object_kind TEXT NOT NULL,
  object_id UUID NOT NULL,
  at INSTANT NOT NULL,
  effective_on TEXT NOT NULL,
  act TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT,
  reason_code TEXT,
  reason TEXT,
  document_id UUID REFERENCES official_document (id),
  policy TEXT NOT NULL,
  evidence TEXT NOT NULL,
  staff_person_id UUID,
  account_id UUID,
  post_id UUID,
  role TEXT NOT NULL,
  organisation TEXT,
  capacity TEXT NOT NULL,
  second_person_id UUID,
  leaf_index INT8
);
CREATE INDEX timeline_object ON timeline (object_id, id);

CREATE TABLE proposal (
  id UUID NOT NULL PRIMARY KEY,
  object_kind TEXT NOT NULL,
  object_id UUID NOT NULL,
  act TEXT NOT NULL,
  request TEXT NOT NULL,
  object_revision INTEGER NOT NULL,
  state TEXT NOT NULL,
  proposed_by UUID NOT NULL,
  proposed_post UUID NOT NULL,
  proposed_at INSTANT NOT NULL,
  due_at INSTANT,
  decided_by UUID,
  decided_at INSTANT,
  reason TEXT
);
CREATE UNIQUE INDEX proposal_open ON proposal (object_id, act) WHERE state = 'open';

CREATE TABLE idempotency (
  account_id UUID NOT NULL,
  idempotency_key TEXT NOT NULL,
  request_sha256 BYTES NOT NULL,
  status INTEGER NOT NULL,
  receipt TEXT NOT NULL,
  at INSTANT NOT NULL,
  PRIMARY KEY (account_id, idempotency_key)
);
CREATE INDEX idempotency_at ON idempotency (at);
"
);
