//! The last day that somebody who left a class attended.

crate::migration!(
    "
-- Only of those who left (withdrawn): until when they came, which is often before somebody recorded that they left.
ALTER TABLE enrolment ADD COLUMN last_attended_on TEXT;
"
);
