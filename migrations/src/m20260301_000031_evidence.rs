//! Employment evidence, register snapshots, follow-ups, conflicts, exclusions, surveys (workflow.md 4 and 5).

crate::migration!(
    "
-- One episode of work of a person; who claims it stands in episode_claim.
CREATE TABLE employment_episode (
  id UUID NOT NULL PRIMARY KEY,
  person_id UUID NOT NULL REFERENCES person (id),
  work_type TEXT NOT NULL,
  employer TEXT NOT NULL,
  work_region TEXT REFERENCES region (code),
  start_on TEXT NOT NULL,
  last_day TEXT,
  related_admission_id UUID REFERENCES admission (id),
  state TEXT NOT NULL,
  contest TEXT,
  contest_due_on TEXT,
  claimed_on TEXT NOT NULL,
  due_on TEXT,
  confirmed_on TEXT,
  decided_on TEXT,
  created_at INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
CREATE INDEX employment_episode_person ON employment_episode (person_id, employer);

CREATE TABLE episode_claim (
  episode_id UUID NOT NULL REFERENCES employment_episode (id),
  enrolment_id UUID NOT NULL REFERENCES enrolment (id),
  institution_id UUID NOT NULL REFERENCES institution (id),
  site_region TEXT NOT NULL,
  claimed_at INSTANT NOT NULL,
  PRIMARY KEY (episode_id, enrolment_id)
);
CREATE INDEX episode_claim_enrolment ON episode_claim (enrolment_id);

CREATE TABLE register_snapshot (
  id UUID NOT NULL PRIMARY KEY,
  source TEXT NOT NULL,
  federation TEXT NOT NULL,
  as_of TEXT NOT NULL,
  sha256 BYTES NOT NULL,
  row_count INTEGER NOT NULL,
  fault_count INTEGER NOT NULL,
  known_count INTEGER NOT NULL,
  written_count INTEGER NOT NULL,
  uploaded_by UUID NOT NULL,
  uploaded_at INSTANT NOT NULL
);
CREATE UNIQUE INDEX register_snapshot_once ON register_snapshot (source, federation, sha256);

-- text_index: keyed digest of a contract's text, to find the same text under several names.
CREATE TABLE episode_evidence (
  id UUID NOT NULL PRIMARY KEY,
  episode_id UUID NOT NULL REFERENCES employment_episode (id),
  source TEXT NOT NULL,
  snapshot_id UUID REFERENCES register_snapshot (id),
  file_id UUID,
  text_index BYTES,
  recorded_by UUID NOT NULL,
  recorded_on TEXT NOT NULL,
  recorded_at INSTANT NOT NULL
);
CREATE INDEX episode_evidence_episode ON episode_evidence (episode_id);
CREATE INDEX episode_evidence_text ON episode_evidence (text_index);

CREATE TABLE register_outage (
  id UUID NOT NULL PRIMARY KEY,
  federation TEXT NOT NULL REFERENCES federation (code),
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  from_on TEXT NOT NULL,
  until_on TEXT NOT NULL,
  declared_by UUID NOT NULL,
  declared_at INSTANT NOT NULL
);

CREATE TABLE follow_up (
  id UUID NOT NULL PRIMARY KEY,
  episode_id UUID NOT NULL REFERENCES employment_episode (id),
  after_days INTEGER NOT NULL,
  due_on TEXT NOT NULL,
  outcome TEXT,
  done_by UUID,
  done_at INSTANT
);
CREATE UNIQUE INDEX follow_up_once ON follow_up (episode_id, after_days);
CREATE INDEX follow_up_due ON follow_up (due_on) WHERE outcome IS NULL;

-- One row for each side: nobody is told who the other is.
CREATE TABLE evidence_conflict (
  id UUID NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  pair_id UUID NOT NULL,
  enrolment_id UUID NOT NULL REFERENCES enrolment (id),
  episode_id UUID REFERENCES employment_episode (id),
  institution_id UUID NOT NULL,
  site_region TEXT NOT NULL,
  state TEXT NOT NULL,
  words TEXT,
  found_at INSTANT NOT NULL,
  closed_by UUID,
  closed_at INSTANT
);
CREATE UNIQUE INDEX evidence_conflict_once ON evidence_conflict (kind, pair_id, enrolment_id);
CREATE INDEX evidence_conflict_institution ON evidence_conflict (institution_id, state);

CREATE TABLE enrolment_exclusion (
  enrolment_id UUID NOT NULL PRIMARY KEY REFERENCES enrolment (id),
  code TEXT NOT NULL,
  on_date TEXT NOT NULL,
  document_id UUID NOT NULL REFERENCES official_document (id),
  approved_by UUID NOT NULL,
  approved_at INSTANT NOT NULL
);

CREATE TABLE survey_invitation (
  id UUID NOT NULL PRIMARY KEY,
  enrolment_id UUID NOT NULL UNIQUE REFERENCES enrolment (id),
  token_mac BYTES NOT NULL UNIQUE,
  state TEXT NOT NULL,
  sent_at INSTANT NOT NULL,
  ends_at INSTANT NOT NULL,
  opened_at INSTANT,
  answered_on TEXT,
  reminders INTEGER NOT NULL,
  contactable BOOL NOT NULL
);
CREATE INDEX survey_invitation_ends ON survey_invitation (state, ends_at);

-- enrolment_id is taken away when the survey of the class has closed; the keyed index stays for an audit.
CREATE TABLE survey_response (
  id UUID NOT NULL PRIMARY KEY,
  enrolment_id UUID,
  enrolment_index BYTES NOT NULL,
  admission_id UUID NOT NULL REFERENCES admission (id),
  items TEXT NOT NULL,
  submitted_on TEXT NOT NULL,
  seq INTEGER NOT NULL,
  mode TEXT NOT NULL,
  answered_by TEXT NOT NULL,
  seconds INTEGER NOT NULL,
  device_index BYTES,
  network_index BYTES,
  flags TEXT NOT NULL,
  state TEXT NOT NULL
);
CREATE UNIQUE INDEX survey_response_once ON survey_response (enrolment_index, seq);
CREATE INDEX survey_response_admission ON survey_response (admission_id);
CREATE INDEX survey_response_device ON survey_response (admission_id, device_index);

CREATE TABLE survey_suspension (
  admission_id UUID NOT NULL PRIMARY KEY REFERENCES admission (id),
  reason TEXT NOT NULL,
  since INSTANT NOT NULL,
  suspended_by UUID NOT NULL
);
"
);
