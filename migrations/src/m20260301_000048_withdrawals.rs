//! Requests of institutions to leave (T22): each is granted, declined, taken back, or falls with a graver decision.

crate::migration!(
    "
CREATE TABLE withdrawal (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  -- The case that it was filed in: one of its own, or the one that was open.
  case_id UUID NOT NULL REFERENCES institution_case (id),
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  answer TEXT,
  asked_by UUID NOT NULL,
  asked_at INSTANT NOT NULL,
  ended_by UUID,
  ended_at INSTANT
);
CREATE UNIQUE INDEX withdrawal_open ON withdrawal (admission_id) WHERE state = 'open';
-- Requests from before stood as the stage of their case.
INSERT INTO withdrawal (id, admission_id, case_id, reason, state, asked_by, asked_at)
  SELECT id, admission_id, id, '', 'open', stage_by, opened_at FROM institution_case
  WHERE state = 'open' AND stage = 'T22';
"
);
