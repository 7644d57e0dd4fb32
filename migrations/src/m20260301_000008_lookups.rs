//! Wrong facts in questions by number and name: how many a number has had on a civil day (trust.md EN-3).

crate::migration!(
    "
-- The number stands here only as a keyed hash: what strangers asked about is not readable in a dump.
CREATE TABLE lookup_miss (
  number_index BYTES NOT NULL,
  day TEXT NOT NULL,
  wrong INT8 NOT NULL,
  PRIMARY KEY (number_index, day)
);
CREATE INDEX lookup_miss_day ON lookup_miss (day);
"
);
