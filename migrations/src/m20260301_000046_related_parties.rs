//! Employers that belong to a training institution (grading.md 3: work for a related party).

crate::migration!(
    "
CREATE TABLE related_party (
  id UUID NOT NULL PRIMARY KEY,
  institution_id UUID NOT NULL REFERENCES institution (id),
  employer TEXT NOT NULL,
  relation TEXT NOT NULL,
  from_on TEXT NOT NULL,
  until_on TEXT,
  document_id UUID NOT NULL REFERENCES official_document (id),
  recorded_by UUID NOT NULL,
  recorded_at INSTANT NOT NULL,
  ended_by UUID,
  ended_at INSTANT
);
CREATE INDEX related_party_institution ON related_party (institution_id, employer);
CREATE INDEX employment_episode_employer ON employment_episode (employer);
"
);
