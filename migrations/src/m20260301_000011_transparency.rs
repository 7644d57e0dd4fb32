//! Checkpoints with their witnesses, and status lists as they were signed.

crate::migration!(
    "
-- A checkpoint that a quorum of witnesses has cosigned, with their lines.
CREATE TABLE log_witnessed (
  size INT8 NOT NULL PRIMARY KEY REFERENCES log_checkpoint (size),
  note TEXT NOT NULL,
  quorum INTEGER NOT NULL,
  -- When the quorum was reached, by the witnesses' own clocks.
  at INSTANT NOT NULL
);

-- A status list is made anew when its bits change or its validity nears the end, and given as it was signed until then.
ALTER TABLE status_list ADD COLUMN revision INT8 NOT NULL DEFAULT 0;
CREATE TABLE signed_status_list (
  list INTEGER NOT NULL REFERENCES status_list (id),
  -- `revocation`, `suspension`, `token`
  kind TEXT NOT NULL,
  -- `jwt`, `json`
  form TEXT NOT NULL,
  -- Revision of the list whose bits these are.
  revision INT8 NOT NULL,
  at INSTANT NOT NULL,
  kid TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (list, kind, form)
);
CREATE INDEX certificate_status_list ON certificate (status_list);
"
);
