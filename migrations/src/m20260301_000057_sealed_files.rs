//! Which version of the master key a file in the folder is sealed under, so that changing the key opens those alone that it
//! changes.

crate::migration!(
    "
-- 0: from before; the change of the key finds out.
ALTER TABLE evidence_file ADD COLUMN sealed_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE register_draft ADD COLUMN sealed_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX evidence_file_sealed_version ON evidence_file (sealed_version);
"
);
