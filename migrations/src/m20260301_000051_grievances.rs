//! Appeals against other acts than decisions on an institution: of trainees, and of institutions about them.

crate::migration!(
    "
-- The thing that the act concerned, who is appealing, and whose trainee it is about.
ALTER TABLE appeal ADD COLUMN object_kind TEXT NOT NULL DEFAULT 'admission';
ALTER TABLE appeal ADD COLUMN object_id UUID;
ALTER TABLE appeal ADD COLUMN appellant TEXT NOT NULL DEFAULT 'institution_operator';
ALTER TABLE appeal ADD COLUMN person_id UUID;
-- What a trainee says, sealed under the person's key; points and wish are empty then.
ALTER TABLE appeal ADD COLUMN words_enc BYTES;
DROP INDEX appeal_once;
-- Trainee and institution may each appeal against the same act.
CREATE UNIQUE INDEX appeal_once ON appeal (timeline_id, appellant) WHERE state <> 'withdrawn';
CREATE INDEX appeal_person ON appeal (person_id);
CREATE INDEX appeal_object ON appeal (object_id);
-- A stay of the annual grade and one of the state may hold at once; stayed names that of the state then.
ALTER TABLE admission ADD COLUMN grade_stayed BOOL NOT NULL DEFAULT FALSE;
UPDATE admission SET grade_stayed = TRUE WHERE stayed = 'T10';
"
);
