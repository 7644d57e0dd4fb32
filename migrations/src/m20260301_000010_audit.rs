//! The audit chain, its anchors in the public log, and evidence files.
//!
//! Rows of the audit can be added and nothing else: triggers refuse the rest in both databases (trust.md AD-1). An owner
//! of the database can take a trigger away; then the chain of hashes and the heads in the public log tell.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// See the SQL below.
#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run(manager, TABLES).await?;
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        manager
            .get_connection()
            .execute_unprepared(if postgres { POSTGRES } else { SQLITE })
            .await
            .map(|_| ())
    }
}

const TABLES: &str = "
CREATE TABLE audit_head (
  id INTEGER NOT NULL PRIMARY KEY,
  seq INT8 NOT NULL,
  hash BYTES NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

CREATE TABLE audit (
  seq INT8 NOT NULL PRIMARY KEY,
  at INSTANT NOT NULL,
  request_id TEXT NOT NULL,
  staff_person_id UUID,
  account_id UUID,
  post_id UUID,
  role TEXT,
  federation TEXT,
  institution_id UUID,
  capacity TEXT,
  network TEXT NOT NULL,
  act TEXT NOT NULL,
  object_kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  times INT8 NOT NULL,
  detail TEXT NOT NULL,
  before_sha256 BYTES,
  after_sha256 BYTES,
  previous_hash BYTES NOT NULL,
  hash BYTES NOT NULL
);
CREATE INDEX audit_object ON audit (object_id, seq);
CREATE INDEX audit_account ON audit (account_id, seq);
CREATE INDEX audit_at ON audit (at, seq);

-- Heads of the audit chain that are leaves of the public log.
CREATE TABLE audit_anchor (
  leaf_index INT8 NOT NULL PRIMARY KEY,
  anchored_on TEXT NOT NULL,
  at INSTANT NOT NULL,
  seq INT8 NOT NULL,
  hash BYTES NOT NULL
);
CREATE INDEX audit_anchor_seq ON audit_anchor (seq);

-- Files kept outside any served folder, under a random name (trust.md UP-6).
CREATE TABLE evidence_file (
  id UUID NOT NULL PRIMARY KEY,
  stored_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size_bytes INT8 NOT NULL,
  uploaded_sha256 BYTES NOT NULL,
  stored_sha256 BYTES NOT NULL,
  account_id UUID NOT NULL,
  federation TEXT,
  institution_id UUID,
  uploaded_at INSTANT NOT NULL
);
CREATE UNIQUE INDEX evidence_file_stored_name ON evidence_file (stored_name);

CREATE TABLE official_document_file (
  document_id UUID NOT NULL REFERENCES official_document (id),
  file_id UUID NOT NULL REFERENCES evidence_file (id),
  PRIMARY KEY (document_id, file_id)
);
";

const SQLITE: &str = "
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_anchor_no_update BEFORE UPDATE ON audit_anchor BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_anchor_no_delete BEFORE DELETE ON audit_anchor BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_head_one_step BEFORE UPDATE ON audit_head WHEN NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
";

const POSTGRES: &str = "
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE FUNCTION audit_head_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1 THEN RAISE EXCEPTION 'the audit is append-only'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_anchor_no_change BEFORE UPDATE OR DELETE ON audit_anchor FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_anchor_no_truncate BEFORE TRUNCATE ON audit_anchor FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_one_step BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_head_step();
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_refuse();
REVOKE UPDATE, DELETE, TRUNCATE ON audit, audit_anchor FROM PUBLIC;
";
