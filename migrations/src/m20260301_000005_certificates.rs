//! Keys, the public log, status lists, batches, certificates, share links.

crate::migration!(
    "
CREATE TABLE registry_key (
  kid TEXT NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  federation TEXT REFERENCES federation (code),
  algorithm TEXT NOT NULL,
  public_key BYTES NOT NULL,
  state TEXT NOT NULL,
  not_before INSTANT NOT NULL,
  not_after INSTANT NOT NULL,
  compromised_at INSTANT,
  created_at INSTANT NOT NULL
);

-- The one head row; whoever extends the log locks it first.
CREATE TABLE log_head (
  id INTEGER NOT NULL PRIMARY KEY,
  size INT8 NOT NULL,
  root BYTES NOT NULL,
  at INSTANT NOT NULL
);
INSERT INTO log_head (id, size, root, at) VALUES (1, 0, '', 0);

CREATE TABLE log_leaf (
  leaf_index INT8 NOT NULL PRIMARY KEY,
  kind INTEGER NOT NULL,
  entry BYTES NOT NULL,
  at INSTANT NOT NULL
);

CREATE TABLE log_tile (
  level INTEGER NOT NULL,
  tile_index INT8 NOT NULL,
  hashes BYTES NOT NULL,
  PRIMARY KEY (level, tile_index)
);

-- The only checkpoint ever signed for a size.
CREATE TABLE log_checkpoint (
  size INT8 NOT NULL PRIMARY KEY,
  root BYTES NOT NULL,
  note TEXT NOT NULL,
  at INSTANT NOT NULL
);

CREATE TABLE status_list (
  id INTEGER NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  used INTEGER NOT NULL,
  seed_enc BYTES NOT NULL,
  created_at INSTANT NOT NULL
);

CREATE TABLE certificate_batch (
  id UUID NOT NULL PRIMARY KEY,
  cohort_id UUID NOT NULL REFERENCES cohort (id),
  state TEXT NOT NULL,
  proposed_by UUID NOT NULL,
  proposed_at INSTANT NOT NULL,
  decided_by UUID,
  decided_at INSTANT,
  reason TEXT,
  tree_size INT8,
  revision INTEGER NOT NULL
);
CREATE INDEX certificate_batch_cohort ON certificate_batch (cohort_id);

CREATE TABLE certificate_batch_item (
  batch_id UUID NOT NULL REFERENCES certificate_batch (id),
  enrolment_id UUID NOT NULL REFERENCES enrolment (id),
  PRIMARY KEY (batch_id, enrolment_id)
);

CREATE TABLE certificate (
  id UUID NOT NULL PRIMARY KEY,
  public_id BYTES NOT NULL,
  certificate_no TEXT NOT NULL,
  enrolment_id UUID NOT NULL REFERENCES enrolment (id),
  generation INTEGER NOT NULL,
  person_id UUID NOT NULL REFERENCES person (id),
  batch_id UUID REFERENCES certificate_batch (id),
  program_version_id UUID NOT NULL REFERENCES program_version (id),
  admission_id UUID NOT NULL REFERENCES admission (id),
  federation TEXT NOT NULL,
  kid TEXT NOT NULL REFERENCES registry_key (kid),
  status TEXT NOT NULL,
  status_since INSTANT NOT NULL,
  status_reason TEXT,
  suspended_until TEXT,
  superseded_by UUID,
  issued_at INSTANT NOT NULL,
  expires_at INSTANT,
  status_list INTEGER NOT NULL,
  status_index INTEGER NOT NULL,
  leaf_index INT8 NOT NULL,
  holder_masked TEXT NOT NULL,
  holder_index BYTES NOT NULL,
  cose_sha256 BYTES NOT NULL,
  cose_enc BYTES NOT NULL,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX certificate_public_id ON certificate (public_id);
CREATE UNIQUE INDEX certificate_number ON certificate (certificate_no);
CREATE UNIQUE INDEX certificate_enrolment ON certificate (enrolment_id, generation);
CREATE INDEX certificate_batch_of ON certificate (batch_id);

CREATE TABLE share_link (
  token_sha256 BYTES NOT NULL PRIMARY KEY,
  certificate_id UUID NOT NULL REFERENCES certificate (id),
  created_by UUID NOT NULL,
  created_at INSTANT NOT NULL,
  expires_at INSTANT NOT NULL,
  revoked_at INSTANT
);
CREATE INDEX share_link_certificate ON share_link (certificate_id);

CREATE TABLE share_access (
  id UUID NOT NULL PRIMARY KEY,
  token_sha256 BYTES NOT NULL REFERENCES share_link (token_sha256),
  file TEXT NOT NULL,
  at INSTANT NOT NULL
);
CREATE INDEX share_access_token ON share_access (token_sha256);
"
);
