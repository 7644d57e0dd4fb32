//! Third-party assessment: accredited assessors, assessments with their lists of candidates, declared relations, samples.

crate::migration!(
    "
CREATE TABLE assessor (
  id UUID NOT NULL PRIMARY KEY,
  staff_person_id UUID NOT NULL REFERENCES staff_person (id),
  organisation TEXT NOT NULL,
  credit_code TEXT NOT NULL,
  federation TEXT NOT NULL REFERENCES federation (code),
  valid_from TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  document_id UUID NOT NULL REFERENCES official_document (id),
  accredited_by UUID NOT NULL,
  accredited_at INSTANT NOT NULL,
  withdrawn_on TEXT,
  revision INTEGER NOT NULL
);
CREATE INDEX assessor_person ON assessor (staff_person_id);
CREATE INDEX assessor_federation ON assessor (federation, valid_until);

-- listed_size, accepted_size: leaves of the public log when the list was fixed and the task accepted; the first checkpoint
-- beyond gives the root of the draw (docs/formats.md 19). Text of report, reply and answer hold no names of trainees.
CREATE TABLE assessment (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  state TEXT NOT NULL,
  state_since INSTANT NOT NULL,
  due_on TEXT,
  period_from TEXT NOT NULL,
  period_until TEXT NOT NULL,
  listed_size INT8 NOT NULL,
  list_sha256 BYTES NOT NULL,
  draw_size INT8,
  draw_root BYTES,
  assessor_id UUID REFERENCES assessor (id),
  accepted_size INT8,
  sample_size INT8,
  sample_root BYTES,
  population INTEGER,
  population_sha256 BYTES,
  report_score INTEGER,
  report TEXT,
  findings TEXT,
  reported_on TEXT,
  reply TEXT,
  final_score INTEGER,
  final_answer TEXT,
  final_on TEXT,
  counts_until TEXT,
  annulled_reason TEXT,
  commissioned_by UUID NOT NULL,
  commissioned_at INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX assessment_open ON assessment (admission_id) WHERE state NOT IN ('final', 'annulled', 'lapsed');
CREATE INDEX assessment_admission ON assessment (admission_id, state, final_on);
CREATE INDEX assessment_assessor ON assessment (assessor_id);

CREATE TABLE assessment_candidate (
  assessment_id UUID NOT NULL REFERENCES assessment (id),
  assessor_id UUID NOT NULL REFERENCES assessor (id),
  place INTEGER,
  standing TEXT NOT NULL,
  PRIMARY KEY (assessment_id, assessor_id)
);
CREATE INDEX assessment_candidate_assessor ON assessment_candidate (assessor_id);

CREATE TABLE assessment_relation (
  id UUID NOT NULL PRIMARY KEY,
  assessment_id UUID NOT NULL REFERENCES assessment (id),
  staff_person_id UUID NOT NULL REFERENCES staff_person (id),
  institution_id UUID NOT NULL REFERENCES institution (id),
  kind TEXT NOT NULL,
  ended_on TEXT,
  words TEXT NOT NULL,
  conflicts BOOL NOT NULL,
  declared_on TEXT NOT NULL
);
CREATE INDEX assessment_relation_person ON assessment_relation (staff_person_id, institution_id);

-- What each assessor drew; only that of the present one is open, and only while the fieldwork lasts.
CREATE TABLE assessment_sample (
  assessment_id UUID NOT NULL REFERENCES assessment (id),
  assessor_id UUID NOT NULL REFERENCES assessor (id),
  enrolment_id UUID NOT NULL REFERENCES enrolment (id),
  place INTEGER NOT NULL,
  PRIMARY KEY (assessment_id, assessor_id, enrolment_id)
);
"
);
