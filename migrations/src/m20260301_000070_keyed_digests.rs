//! No plain digest of a list of persons stands in the database; indexes that cannot change over tell their key's version
//! (trust.md PI-2, PI-3).

crate::migration!(
    "
-- Lists of persons can be guessed from a plain digest. That of a register tells whether the same file comes again: from now
-- on under the blind-index key. Those of before go: a file of before may be imported once more. Nobody read the others.
DROP INDEX register_snapshot_once;
ALTER TABLE register_snapshot DROP COLUMN sha256;
ALTER TABLE register_snapshot ADD COLUMN file_index BYTES;
ALTER TABLE register_snapshot ADD COLUMN blind_version INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX register_snapshot_once ON register_snapshot (source, federation, file_index);
ALTER TABLE register_draft DROP COLUMN sha256;
ALTER TABLE roster DROP COLUMN sha256;

-- Version 0: before versions were kept, any.
ALTER TABLE responsible_person ADD COLUMN blind_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE person_bar ADD COLUMN blind_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE survey_response ADD COLUMN blind_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX survey_response_version ON survey_response (blind_version, id);
"
);
