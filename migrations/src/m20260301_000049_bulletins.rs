//! Bulletins on decisions beside those on runs; objections that anybody files, with a reference number; what a run left out
//! and what work it counted.

crate::migration!(
    "
-- A bulletin rests on a run, or on a decision that is a leaf of the public log: the column of the run becomes optional,
-- which SQLite does by a new table alone.
CREATE TABLE bulletin_next (
  id UUID NOT NULL PRIMARY KEY,
  number TEXT UNIQUE,
  kind TEXT NOT NULL,
  federation TEXT NOT NULL REFERENCES federation (code),
  run_id UUID REFERENCES grading_run (id),
  decision_leaf INT8,
  title TEXT NOT NULL,
  body TEXT NOT NULL,
  sha256 BYTES NOT NULL,
  state TEXT NOT NULL,
  corrects UUID REFERENCES bulletin_next (id),
  notice_until TEXT,
  published_on TEXT,
  reason TEXT,
  created_at INSTANT NOT NULL,
  changed_at INSTANT NOT NULL,
  revision INTEGER NOT NULL
);
INSERT INTO bulletin_next (id, number, kind, federation, run_id, title, body, sha256, state, corrects, notice_until,
  published_on, reason, created_at, changed_at, revision)
  SELECT id, number, kind, federation, run_id, title, body, sha256, state, corrects, notice_until,
  published_on, reason, created_at, changed_at, revision FROM bulletin ORDER BY id;
DROP TABLE bulletin;
ALTER TABLE bulletin_next RENAME TO bulletin;
CREATE INDEX bulletin_federation ON bulletin (federation, state);

-- Who objects may give a name and a way to be answered; both are sealed, and both may be missing.
ALTER TABLE objection ADD COLUMN number TEXT;
ALTER TABLE objection ADD COLUMN sender_enc BYTES;
ALTER TABLE objection ADD COLUMN answer_due TEXT;
CREATE UNIQUE INDEX objection_number ON objection (number);

-- Counts of what was left out and of the kinds of work, as JSON; runs from before have none.
ALTER TABLE grading_result ADD COLUMN counts TEXT;
"
);
