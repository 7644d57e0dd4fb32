//! What a trainee brings along from a class that an exit ended.

crate::migration!(
    "
-- The enrolment that an exit ended, and the minutes attended there, which count in the receiving class.
ALTER TABLE enrolment ADD COLUMN transferred_from UUID;
ALTER TABLE enrolment ADD COLUMN credited_minutes INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX enrolment_transferred_from ON enrolment (transferred_from) WHERE transferred_from IS NOT NULL;
"
);
