//! Grading policies, frozen evidence, runs with their results, publication, bulletins (grading.md 1 and 6).

crate::migration!(
    "
-- A draft is never edited; a published one has its twin in policy and its leaf in the log.
CREATE TABLE policy_draft (
  id UUID NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  base TEXT,
  federation TEXT NOT NULL REFERENCES federation (code),
  sha256 BYTES NOT NULL,
  text TEXT NOT NULL,
  effective_on TEXT NOT NULL,
  state TEXT NOT NULL,
  drafted_by UUID NOT NULL,
  drafted_at INSTANT NOT NULL,
  revision INTEGER NOT NULL
);

-- Evidence E of a period, frozen once. key_enc makes its pseudonyms.
CREATE TABLE grading_freeze (
  id UUID NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  freeze_on TEXT NOT NULL,
  evidence_sha256 BYTES NOT NULL,
  key_enc BYTES NOT NULL,
  institution_count INT8 NOT NULL,
  enrolment_count INT8 NOT NULL,
  episode_count INT8 NOT NULL,
  without_card_count INT8 NOT NULL,
  undecided_count INT8 NOT NULL,
  taken_by UUID NOT NULL,
  taken_at INSTANT NOT NULL
);
CREATE INDEX grading_freeze_on ON grading_freeze (freeze_on);

CREATE TABLE grading_run (
  id UUID NOT NULL PRIMARY KEY,
  freeze_id UUID NOT NULL REFERENCES grading_freeze (id),
  policy TEXT NOT NULL,
  policy_text TEXT NOT NULL,
  base_text TEXT,
  policy_sha256 BYTES NOT NULL,
  results_sha256 BYTES NOT NULL,
  corrects UUID REFERENCES grading_run (id),
  computed_by UUID NOT NULL,
  computed_at INSTANT NOT NULL
);
CREATE INDEX grading_run_freeze ON grading_run (freeze_id);

-- What a run means for the state of an institution: shown to it, noticed, decided.
CREATE TABLE grade_result (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  run_id UUID NOT NULL REFERENCES grading_run (id),
  kind TEXT NOT NULL,
  freeze_on TEXT NOT NULL,
  grade TEXT,
  emp_sig_low BOOL NOT NULL,
  sat_milli INTEGER,
  sat_suspended BOOL NOT NULL,
  shown_on TEXT NOT NULL,
  notice_on TEXT,
  notice_until TEXT,
  decided_on TEXT,
  previous_grade TEXT,
  entered_by UUID NOT NULL,
  entered_at INSTANT NOT NULL,
  UNIQUE (admission_id, run_id)
);
CREATE INDEX grade_result_admission ON grade_result (admission_id, freeze_on);
CREATE INDEX grade_result_run ON grade_result (run_id);

-- Files of a freeze (evidence) and of a run (results) in compressed pieces; written once.
CREATE TABLE grading_file (
  owner_id UUID NOT NULL,
  number INTEGER NOT NULL,
  bytes BYTES NOT NULL,
  PRIMARY KEY (owner_id, number)
);

CREATE TABLE grading_result (
  run_id UUID NOT NULL REFERENCES grading_run (id),
  admission_id UUID NOT NULL REFERENCES admission (id),
  federation TEXT NOT NULL,
  grade TEXT NOT NULL,
  previous_grade TEXT,
  composite_milli INTEGER,
  rank INTEGER,
  emp_n INTEGER NOT NULL,
  entry TEXT NOT NULL,
  PRIMARY KEY (run_id, admission_id)
);
CREATE INDEX grading_result_admission ON grading_result (admission_id);
CREATE INDEX grading_result_federation ON grading_result (run_id, federation, rank);

-- The results of a run in one federation on their way to the public.
CREATE TABLE grade_publication (
  id UUID NOT NULL PRIMARY KEY,
  run_id UUID NOT NULL REFERENCES grading_run (id),
  federation TEXT NOT NULL REFERENCES federation (code),
  freeze_on TEXT NOT NULL,
  state TEXT NOT NULL,
  figures_until TEXT NOT NULL,
  notice_until TEXT,
  published_on TEXT,
  published_at INSTANT,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX grade_publication_once ON grade_publication (run_id, federation);
CREATE INDEX grade_publication_federation ON grade_publication (federation, freeze_on);

CREATE TABLE bulletin (
  id UUID NOT NULL PRIMARY KEY,
  number TEXT UNIQUE,
  kind TEXT NOT NULL,
  federation TEXT NOT NULL REFERENCES federation (code),
  run_id UUID NOT NULL REFERENCES grading_run (id),
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  sha256 BYTES NOT NULL,
  state TEXT NOT NULL,
  corrects UUID REFERENCES bulletin (id),
  notice_until TEXT,
  published_on TEXT,
  reason TEXT,
  created_at INSTANT NOT NULL,
  changed_at INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
CREATE INDEX bulletin_federation ON bulletin (federation, state);

-- What an update of the monitoring knows of each enrolment: counted since the last run, per person.
CREATE TABLE monitoring_outcome (
  enrolment_id UUID NOT NULL PRIMARY KEY REFERENCES enrolment (id),
  admission_id UUID NOT NULL,
  stratum INTEGER NOT NULL,
  outcome TEXT NOT NULL
);
CREATE INDEX monitoring_outcome_admission ON monitoring_outcome (admission_id);

CREATE TABLE monitoring_count (
  admission_id UUID NOT NULL,
  indicator TEXT NOT NULL,
  stratum INTEGER NOT NULL,
  n INT8 NOT NULL,
  observed INT8 NOT NULL,
  PRIMARY KEY (admission_id, indicator, stratum)
);
"
);
