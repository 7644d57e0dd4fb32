//! Evidence files of persons who were erased: the row stays, the bytes go.

crate::migration!(
    "
-- removed_at: nobody opens it from then on. purged_at: its bytes are gone from the folder.
ALTER TABLE evidence_file ADD COLUMN removed_at INSTANT;
ALTER TABLE evidence_file ADD COLUMN purged_at INSTANT;
CREATE INDEX evidence_file_removed ON evidence_file (removed_at) WHERE removed_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX episode_evidence_file ON episode_evidence (file_id) WHERE file_id IS NOT NULL;
"
);
