//! Opening certificates raises an alarm of its own beside that of reading values, and rows of persons that leave in files
//! are added up for an account and a day.

crate::migration!(
    "
ALTER TABLE read_alarm ADD COLUMN kind TEXT NOT NULL DEFAULT 'values';
DROP INDEX read_alarm_once;
CREATE UNIQUE INDEX read_alarm_once ON read_alarm (account_id, day, kind);

CREATE TABLE export_total (
  account_id UUID NOT NULL,
  day TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  PRIMARY KEY (account_id, day)
);
"
);
