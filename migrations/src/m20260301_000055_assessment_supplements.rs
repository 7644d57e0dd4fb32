//! What an assessor adds to a report that was handed in.

crate::migration!(
    "
-- A report is handed in once; what is added later stands beside it, each with its day. No names of trainees.
CREATE TABLE assessment_supplement (
  id UUID NOT NULL PRIMARY KEY,
  assessment_id UUID NOT NULL REFERENCES assessment (id),
  assessor_id UUID NOT NULL REFERENCES assessor (id),
  text TEXT NOT NULL,
  added_on TEXT NOT NULL,
  added_by UUID NOT NULL,
  added_at INSTANT NOT NULL
);
CREATE INDEX assessment_supplement_assessment ON assessment_supplement (assessment_id);
"
);
