//! Identity numbers of rosters that are registered under another name, by account and day: who asks about many of them
//! finds out who is registered.

crate::migration!(
    "
-- The number as a keyed hash, so that a dump does not tell what was asked about; rows of days that are over are deleted.
CREATE TABLE roster_mismatch (
  account_id UUID NOT NULL,
  day TEXT NOT NULL,
  number_index BYTES NOT NULL,
  PRIMARY KEY (account_id, day, number_index)
);
"
);
