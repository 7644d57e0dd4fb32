//! What keeps a registry that was restored, or whose log or own keys were renewed, from saying anything twice.

crate::migration!(
    "
-- Numbers below which none is given any more: after a recovery nobody knows which were used (trust.md KY-6, BK-4).
CREATE TABLE number_floor (
  -- `trust_list`, `trust_bundle`
  name TEXT NOT NULL PRIMARY KEY,
  least INT8 NOT NULL
);

-- Certificates whose leaves were recovered while their records were not: nobody may call them unlogged.
CREATE TABLE lost_certificate (
  sha256 BYTES NOT NULL PRIMARY KEY,
  leaf_index INT8 NOT NULL,
  logged_at INSTANT NOT NULL
);

-- Name of the log of a log key; empty for the first, whose name is configured.
ALTER TABLE registry_key ADD COLUMN origin TEXT;

-- The log key that signs; its successor signs from the leaf on that says so.
ALTER TABLE log_head ADD COLUMN kid TEXT NOT NULL DEFAULT 'log';
"
);
