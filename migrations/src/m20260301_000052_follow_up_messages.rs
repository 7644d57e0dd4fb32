//! Messages to trainees before a follow-up by telephone.

crate::migration!(
    "
-- The link works once: only its keyed digest is kept.
CREATE TABLE follow_up_message (
  follow_up_id UUID NOT NULL PRIMARY KEY REFERENCES follow_up (id),
  token_mac BYTES NOT NULL UNIQUE,
  sent_at INSTANT NOT NULL,
  ends_at INSTANT NOT NULL,
  used_at INSTANT
);
"
);
