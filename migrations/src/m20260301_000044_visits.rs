//! Visits of assessors with their team and the institution's countersignature, drafts of a report, published scores.

crate::migration!(
    "
-- members: JSON, each with the relations that were declared; who has a conflict does not come along.
CREATE TABLE assessment_visit (
  id UUID NOT NULL PRIMARY KEY,
  assessment_id UUID NOT NULL REFERENCES assessment (id),
  assessor_id UUID NOT NULL REFERENCES assessor (id),
  place TEXT NOT NULL,
  arrived_at INSTANT NOT NULL,
  left_at INSTANT NOT NULL,
  members TEXT NOT NULL,
  record TEXT NOT NULL,
  answer_until TEXT NOT NULL,
  countersignature TEXT NOT NULL,
  reason TEXT,
  answered_by UUID,
  answered_on TEXT,
  recorded_by UUID NOT NULL,
  recorded_at INSTANT NOT NULL
);
CREATE INDEX assessment_visit_assessment ON assessment_visit (assessment_id, assessor_id);

CREATE TABLE assessment_draft (
  assessment_id UUID NOT NULL REFERENCES assessment (id),
  assessor_id UUID NOT NULL REFERENCES assessor (id),
  item TEXT NOT NULL,
  text TEXT NOT NULL,
  saved_at INSTANT NOT NULL,
  PRIMARY KEY (assessment_id, assessor_id, item)
);

-- consequence: the act that a grave finding led to (T11, T16), or why it led to none.
ALTER TABLE assessment ADD COLUMN published_on TEXT;
ALTER TABLE assessment ADD COLUMN consequence TEXT;
ALTER TABLE assessment ADD COLUMN consequence_on TEXT;
DROP INDEX assessment_open;
CREATE UNIQUE INDEX assessment_open ON assessment (admission_id)
  WHERE state NOT IN ('final', 'published', 'annulled', 'lapsed');
"
);
