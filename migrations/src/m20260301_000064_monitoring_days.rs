//! Sums between runs move with the day, too: an enrolment enters the window, a horizon of stability is over.

crate::migration!(
    "
-- The next day on which an enrolment may count as something else although nothing new is known of it.
ALTER TABLE monitoring_outcome ADD COLUMN look_on TEXT;
CREATE INDEX monitoring_outcome_look ON monitoring_outcome (look_on) WHERE look_on IS NOT NULL;
"
);
