//! Answers taken by officers and assessors, calls by a third party, what an audit made of flagged answers; bars of the
//! persons responsible.

crate::migration!(
    "
-- taken_by: who asked, of an answer that was not given on the web; never the trainee.
ALTER TABLE survey_response ADD COLUMN taken_by UUID;
ALTER TABLE survey_response ADD COLUMN taken_role TEXT;
ALTER TABLE survey_response ADD COLUMN audit_reason TEXT;
ALTER TABLE survey_response ADD COLUMN audited_by UUID;
ALTER TABLE survey_response ADD COLUMN audited_on TEXT;

-- The trainee is found by the keyed index of the response, which a dump does not tell.
CREATE TABLE survey_call (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  response_id UUID NOT NULL UNIQUE REFERENCES survey_response (id),
  assessor_id UUID NOT NULL REFERENCES assessor (id),
  draw_id UUID NOT NULL,
  drawn_by UUID NOT NULL,
  drawn_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  outcome TEXT,
  called_on TEXT
);
CREATE INDEX survey_call_assessor ON survey_call (assessor_id, outcome);
CREATE INDEX survey_call_admission ON survey_call (admission_id);

-- Who answers for an institution, by a keyed index of the identity number alone: neither name nor number is kept.
CREATE TABLE responsible_person (
  admission_id UUID NOT NULL REFERENCES admission (id),
  person_index BYTES NOT NULL,
  capacity TEXT NOT NULL,
  since TEXT NOT NULL,
  PRIMARY KEY (admission_id, person_index)
);
CREATE TABLE person_bar (
  id UUID NOT NULL PRIMARY KEY,
  person_index BYTES NOT NULL,
  case_id UUID REFERENCES institution_case (id),
  until TEXT NOT NULL,
  lifted_at INSTANT,
  made_at INSTANT NOT NULL
);
CREATE INDEX person_bar_index ON person_bar (person_index);
"
);
