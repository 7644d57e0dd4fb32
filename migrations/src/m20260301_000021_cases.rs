//! Cases (warning to exit), their papers, services, terms, alarms; results of grading runs; appeals; bars; declared
//! interests; plans for running classes; certificates under review; licensed places; reviews of held batches.

crate::migration!(
    "
-- The state before an exit was proposed, and what an appeal stays (grading.md 7).
ALTER TABLE admission ADD COLUMN exit_before TEXT;
ALTER TABLE admission ADD COLUMN stayed TEXT;

CREATE TABLE institution_case (
  id UUID NOT NULL PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  admission_id UUID NOT NULL REFERENCES admission (id),
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  -- The transition that the case stands at, since when, and by which level and persons.
  stage TEXT NOT NULL,
  stage_since INSTANT NOT NULL,
  stage_role TEXT NOT NULL,
  stage_by UUID NOT NULL,
  cause TEXT,
  findings TEXT NOT NULL,
  evidence_sha256 BYTES,
  term_until TEXT,
  extended BOOL NOT NULL,
  attempts INTEGER NOT NULL,
  fraud BOOL NOT NULL,
  exit_proposed_by UUID,
  outcome TEXT,
  opened_at INSTANT NOT NULL,
  closed_at INSTANT,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX institution_case_open ON institution_case (admission_id) WHERE state = 'open';
CREATE INDEX institution_case_admission ON institution_case (admission_id, opened_at);

-- Replies, plans, reports, inspections, hearings and their waivers, extensions.
CREATE TABLE case_paper (
  id UUID NOT NULL PRIMARY KEY,
  case_id UUID NOT NULL REFERENCES institution_case (id),
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  passed BOOL,
  members TEXT NOT NULL,
  held_on TEXT NOT NULL,
  evidence_sha256 BYTES,
  document_id UUID REFERENCES official_document (id),
  file_id UUID,
  made_at INSTANT NOT NULL,
  made_by UUID NOT NULL,
  role TEXT NOT NULL
);
CREATE INDEX case_paper_case ON case_paper (case_id, kind, made_at);

-- Service of a decision (送达): a party's terms run from it (field.md 7).
CREATE TABLE service (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  act TEXT NOT NULL,
  timeline_id UUID NOT NULL UNIQUE,
  method TEXT NOT NULL,
  served_on TEXT NOT NULL,
  receipt TEXT NOT NULL,
  recorded_by UUID NOT NULL,
  recorded_at INSTANT NOT NULL
);
CREATE INDEX service_admission ON service (admission_id, act);

CREATE TABLE term (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  object_kind TEXT NOT NULL,
  object_id UUID NOT NULL,
  kind TEXT NOT NULL,
  holder TEXT NOT NULL,
  starts_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  calendar TEXT NOT NULL,
  extension_reason TEXT,
  met_on TEXT
);
CREATE INDEX term_open ON term (due_on) WHERE met_on IS NULL;
CREATE INDEX term_object ON term (object_id, kind);
CREATE INDEX term_admission ON term (admission_id);

CREATE TABLE alarm (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  source_id UUID NOT NULL,
  kind TEXT NOT NULL,
  act TEXT NOT NULL,
  level TEXT NOT NULL,
  due_on TEXT NOT NULL,
  raised_at INSTANT NOT NULL,
  UNIQUE (source_id, kind, level)
);
CREATE INDEX alarm_admission ON alarm (admission_id);

CREATE TABLE appeal (
  id UUID NOT NULL PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  admission_id UUID NOT NULL REFERENCES admission (id),
  case_id UUID REFERENCES institution_case (id),
  against TEXT NOT NULL,
  timeline_id UUID NOT NULL,
  hearing_role TEXT NOT NULL,
  deciders TEXT NOT NULL,
  points TEXT NOT NULL,
  wish TEXT NOT NULL,
  state TEXT NOT NULL,
  in_time BOOL NOT NULL,
  -- What was stayed: state and grade that the decision had given.
  stayed BOOL NOT NULL,
  stayed_state TEXT,
  stayed_grade TEXT,
  extended BOOL NOT NULL,
  outcome TEXT,
  decision TEXT,
  redo TEXT NOT NULL,
  document_id UUID REFERENCES official_document (id),
  lodged_by UUID NOT NULL,
  lodged_at INSTANT NOT NULL,
  state_since INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX appeal_once ON appeal (timeline_id) WHERE state <> 'withdrawn';
CREATE INDEX appeal_admission ON appeal (admission_id, lodged_at);

-- Whom a decision bars from applying, in every province (field.md 2).
CREATE TABLE bar (
  id UUID NOT NULL PRIMARY KEY,
  institution_id UUID NOT NULL REFERENCES institution (id),
  case_id UUID REFERENCES institution_case (id),
  until TEXT NOT NULL,
  lifted_at INSTANT,
  made_at INSTANT NOT NULL
);
CREATE INDEX bar_institution ON bar (institution_id);

CREATE TABLE interest (
  staff_person_id UUID NOT NULL,
  institution_id UUID NOT NULL REFERENCES institution (id),
  reason TEXT NOT NULL,
  declared_at INSTANT NOT NULL,
  PRIMARY KEY (staff_person_id, institution_id)
);

-- What becomes of the trainees of a running class when its institution leaves.
CREATE TABLE class_plan (
  case_id UUID NOT NULL REFERENCES institution_case (id),
  cohort_id UUID NOT NULL REFERENCES cohort (id),
  plan TEXT NOT NULL,
  receiving TEXT,
  hours_taught INTEGER NOT NULL,
  due_on TEXT NOT NULL,
  PRIMARY KEY (case_id, cohort_id)
);
CREATE INDEX class_plan_cohort ON class_plan (cohort_id);

-- Offers that an exit closed, with their state before, so that a return can open them again.
CREATE TABLE closed_offer (
  case_id UUID NOT NULL REFERENCES institution_case (id),
  offer_id UUID NOT NULL REFERENCES offer (id),
  state_before TEXT NOT NULL,
  PRIMARY KEY (case_id, offer_id)
);

-- Certificates to be reviewed after an exit for fraud: each restored or revoked with a reason.
CREATE TABLE certificate_review (
  case_id UUID NOT NULL REFERENCES institution_case (id),
  certificate_id UUID NOT NULL REFERENCES certificate (id),
  due_on TEXT NOT NULL,
  PRIMARY KEY (case_id, certificate_id)
);

CREATE TABLE fraud_cohort (
  case_id UUID NOT NULL REFERENCES institution_case (id),
  cohort_id UUID NOT NULL REFERENCES cohort (id),
  PRIMARY KEY (case_id, cohort_id)
);

-- Places that the licence of a site allows, as the federation recorded them.
CREATE TABLE site_licence (
  site_id UUID NOT NULL PRIMARY KEY REFERENCES site (id),
  places INTEGER NOT NULL,
  document_id UUID NOT NULL REFERENCES official_document (id),
  recorded_by UUID NOT NULL,
  recorded_at INSTANT NOT NULL
);

-- A batch that was held and then let through by a second officer with a reason.
CREATE TABLE batch_review (
  id UUID NOT NULL PRIMARY KEY,
  batch_id UUID NOT NULL REFERENCES certificate_batch (id),
  reasons TEXT NOT NULL,
  reason TEXT NOT NULL,
  reviewed_by UUID NOT NULL,
  reviewed_at INSTANT NOT NULL
);
CREATE INDEX batch_review_batch ON batch_review (batch_id);
"
);
