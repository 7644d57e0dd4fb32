//! Opinions, visits and inspections of institutions, each by the level that owes it.

crate::migration!(
    "
-- members: JSON, who was there. A correction is a further report.
CREATE TABLE admission_report (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  kind TEXT NOT NULL,
  favourable BOOL NOT NULL,
  text TEXT NOT NULL,
  members TEXT NOT NULL,
  held_on TEXT NOT NULL,
  document_id UUID REFERENCES official_document (id),
  made_at INSTANT NOT NULL,
  made_by UUID NOT NULL,
  role TEXT NOT NULL
);
CREATE INDEX admission_report_admission ON admission_report (admission_id, kind);
"
);
