-- PostgreSQL: roles of a registry that do not own its tables (docs/security.md, "审计 / Audit").
--
-- The owner of the tables, who may make roles, runs this in the registry's database after each `mingzheng migrate`:
--
--     psql -v ON_ERROR_STOP=1 -d mingzheng -f docs/grants.sql
--     psql -d mingzheng -c "CREATE ROLE registry_1 LOGIN PASSWORD '...' IN ROLE mingzheng_service"
--
-- `serve` then connects as `registry_1`. Only the owner can take triggers away or change a table, and the service is not it:
-- whoever gets into the service adds to the audit and the log, and changes nothing that stands in them.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mingzheng_service') THEN
    CREATE ROLE mingzheng_service NOLOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mingzheng_reports') THEN
    CREATE ROLE mingzheng_reports NOLOGIN;
  END IF;
END $$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO mingzheng_service, mingzheng_reports;

-- The service reads and writes, and neither empties nor changes tables.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO mingzheng_service;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO mingzheng_service;
REVOKE TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA public FROM mingzheng_service;

-- What is only ever added to: the audit, the public log with its checkpoints and trust lists, the timelines, the files of a
-- grading, the policies. Which schema it is, is the owner's to change.
REVOKE UPDATE, DELETE ON
  audit, audit_anchor, log_leaf, log_checkpoint, log_witnessed, timeline, trust_list, grading_file, policy, seaql_migrations
  FROM mingzheng_service;
REVOKE INSERT ON seaql_migrations FROM mingzheng_service;

-- For figures: read-only, and nothing that belongs to a person, sealed or not.
GRANT SELECT ON
  region, federation, federation_area, occupation, policy, institution, admission, site, certificate_type, program,
  program_version, offer, grading_run, grading_result, grade_publication, bulletin, monitoring_count, log_head, log_leaf,
  log_checkpoint, log_witnessed, trust_list
  TO mingzheng_reports;
-- A class without the names of its teachers.
GRANT SELECT (id, code, offer_id, admission_id, institution_id, program_version_id, site_region, name, track, state, start_on,
  end_on, planned_hours, hours_taught, places, price_fen, confirmed_on, state_since) ON cohort TO mingzheng_reports;
ALTER ROLE mingzheng_reports SET default_transaction_read_only = on;
