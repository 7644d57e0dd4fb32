//! Trainees are found by the number that they told the federation alone; what an institution wrote in its roster finds
//! nobody (trust.md PI-4, field.md 15).

crate::migration!(
    "
DROP TABLE phone_index;
-- Goes with the number. Numbers of before are indexed by the worker: the key lies outside the database. Version 0: not yet.
ALTER TABLE verified_contact ADD COLUMN blind_index BYTES;
ALTER TABLE verified_contact ADD COLUMN blind_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX verified_contact_blind ON verified_contact (blind_index);
CREATE INDEX verified_contact_version ON verified_contact (blind_version, person_id);
"
);
