//! Cohorts, rosters, enrolments, attendance totals, assessment results.

crate::migration!(
    "
CREATE TABLE cohort (
  id UUID NOT NULL PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  offer_id UUID NOT NULL REFERENCES offer (id),
  admission_id UUID NOT NULL REFERENCES admission (id),
  institution_id UUID NOT NULL REFERENCES institution (id),
  program_version_id UUID NOT NULL REFERENCES program_version (id),
  site_region TEXT NOT NULL REFERENCES region (code),
  name TEXT NOT NULL,
  track TEXT NOT NULL,
  state TEXT NOT NULL,
  start_on TEXT NOT NULL,
  end_on TEXT NOT NULL,
  planned_hours INTEGER NOT NULL,
  hours_taught INTEGER NOT NULL,
  places INTEGER NOT NULL,
  price_fen INT8 NOT NULL,
  teachers TEXT NOT NULL,
  confirmed_on TEXT,
  due_on TEXT,
  returned_count INTEGER NOT NULL,
  state_since INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
CREATE INDEX cohort_admission ON cohort (admission_id);
CREATE INDEX cohort_institution ON cohort (institution_id);
CREATE INDEX cohort_site_region ON cohort (site_region);

CREATE TABLE roster (
  id UUID NOT NULL PRIMARY KEY,
  cohort_id UUID NOT NULL REFERENCES cohort (id),
  sha256 BYTES NOT NULL,
  file_type TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  good_count INTEGER NOT NULL,
  fault_count INTEGER NOT NULL,
  skipped_count INTEGER NOT NULL,
  import TEXT NOT NULL,
  added_count INTEGER NOT NULL,
  changed_count INTEGER NOT NULL,
  unchanged_count INTEGER NOT NULL,
  imported BOOL NOT NULL,
  faults TEXT NOT NULL,
  uploaded_by UUID NOT NULL,
  uploaded_at INSTANT NOT NULL
);
CREATE INDEX roster_cohort ON roster (cohort_id);

CREATE TABLE enrolment (
  id UUID NOT NULL PRIMARY KEY,
  cohort_id UUID NOT NULL REFERENCES cohort (id),
  person_id UUID NOT NULL REFERENCES person (id),
  state TEXT NOT NULL,
  hukou_region TEXT NOT NULL REFERENCES region (code),
  phone_enc BYTES,
  contact TEXT NOT NULL,
  needs TEXT NOT NULL,
  note_enc BYTES,
  employed_at_enrolment BOOL NOT NULL,
  consent_on TEXT NOT NULL,
  row_digest BYTES NOT NULL,
  applied_at INSTANT NOT NULL,
  state_since INSTANT NOT NULL,
  exit_reason TEXT,
  revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX enrolment_once ON enrolment (cohort_id, person_id);
CREATE INDEX enrolment_person ON enrolment (person_id);

CREATE TABLE attendance_total (
  enrolment_id UUID NOT NULL PRIMARY KEY REFERENCES enrolment (id),
  minutes INTEGER NOT NULL,
  state TEXT NOT NULL,
  recorded_by UUID NOT NULL,
  recorded_at INSTANT NOT NULL,
  locked_at INSTANT
);

CREATE TABLE assessment_result (
  enrolment_id UUID NOT NULL PRIMARY KEY REFERENCES enrolment (id),
  passed BOOL NOT NULL,
  score INTEGER,
  held_on TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  adjustments TEXT NOT NULL,
  state TEXT NOT NULL,
  marked_by UUID NOT NULL,
  marked_at INSTANT NOT NULL,
  confirmed_by UUID,
  confirmed_at INSTANT
);
"
);
