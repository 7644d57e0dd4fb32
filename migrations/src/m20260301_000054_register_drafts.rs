//! Files of registers that were looked at and wait for the confirmation of whoever uploaded them.

crate::migration!(
    "
-- One for each account: the next upload takes the place of the one before. The file lies sealed in the folder of files until
-- it is imported or replaced; row_count and known_count are what the preview told.
CREATE TABLE register_draft (
  account_id UUID NOT NULL PRIMARY KEY REFERENCES account (id),
  id UUID NOT NULL,
  source TEXT NOT NULL,
  as_of TEXT NOT NULL,
  sha256 BYTES NOT NULL,
  stored_name TEXT,
  row_count INTEGER NOT NULL,
  known_count INTEGER NOT NULL,
  made_at INSTANT NOT NULL,
  snapshot_id UUID REFERENCES register_snapshot (id)
);
"
);
