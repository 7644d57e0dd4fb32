//! Keys, the public log, status lists, batches, certificates, share links.

entity! {
    registry_key = "registry_key" {
        #[sea_orm(primary_key, auto_increment = false)] kid: String,
        purpose: String, federation: Option<String>, algorithm: String, public_key: Vec<u8>, state: String,
        not_before: i64, not_after: i64, compromised_at: Option<i64>, created_at: i64, origin: Option<String>,
    }
    trust_list = "trust_list" {
        #[sea_orm(primary_key, auto_increment = false)] version: i64,
        issued_at: i64, valid_until: i64, sha256: Vec<u8>, body: Vec<u8>,
    }
    log_leaf = "log_leaf" {
        #[sea_orm(primary_key, auto_increment = false)] leaf_index: i64,
        kind: i32, entry: Vec<u8>, at: i64,
    }
    log_tile = "log_tile" {
        #[sea_orm(primary_key, auto_increment = false)] level: i32,
        #[sea_orm(primary_key, auto_increment = false)] tile_index: i64,
        hashes: Vec<u8>,
    }
    log_checkpoint = "log_checkpoint" {
        #[sea_orm(primary_key, auto_increment = false)] size: i64,
        root: Vec<u8>, note: String, at: i64,
    }
    log_witnessed = "log_witnessed" {
        #[sea_orm(primary_key, auto_increment = false)] size: i64,
        note: String, quorum: i32, at: i64,
    }
    signed_status_list = "signed_status_list" {
        #[sea_orm(primary_key, auto_increment = false)] list: i32,
        #[sea_orm(primary_key, auto_increment = false)] kind: String,
        #[sea_orm(primary_key, auto_increment = false)] form: String,
        revision: i64, at: i64, kid: String, body: String,
    }
    status_list = "status_list" {
        #[sea_orm(primary_key, auto_increment = false)] id: i32,
        size: i32, used: i32, seed_enc: Vec<u8>, created_at: i64, revision: i64,
    }
    certificate_batch = "certificate_batch" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        cohort_id: Uuid, state: String, proposed_by: Uuid, proposed_at: i64, decided_by: Option<Uuid>,
        decided_at: Option<i64>, reason: Option<String>, tree_size: Option<i64>, revision: i32,
    }
    certificate_batch_item = "certificate_batch_item" {
        #[sea_orm(primary_key, auto_increment = false)] batch_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] enrolment_id: Uuid,
    }
    certificate = "certificate" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        public_id: Vec<u8>, certificate_no: String, enrolment_id: Uuid, generation: i32, person_id: Uuid,
        batch_id: Option<Uuid>, program_version_id: Uuid, admission_id: Uuid, federation: String, kid: String,
        status: String, status_since: i64, status_reason: Option<String>, suspended_until: Option<String>,
        superseded_by: Option<Uuid>, issued_at: i64, expires_at: Option<i64>, status_list: i32, status_index: i32,
        leaf_index: i64, holder_masked: String, holder_index: Vec<u8>, cose_sha256: Vec<u8>, cose_enc: Vec<u8>,
        revision: i32,
    }
    share_link = "share_link" {
        #[sea_orm(primary_key, auto_increment = false)] token_sha256: Vec<u8>,
        certificate_id: Uuid, created_by: Uuid, created_at: i64, expires_at: i64, revoked_at: Option<i64>,
    }
    share_access = "share_access" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        token_sha256: Vec<u8>, file: String, at: i64,
    }
}
