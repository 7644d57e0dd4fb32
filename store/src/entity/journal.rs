//! Timelines, proposals, documents, idempotency records, audit.

entity! {
    official_document = "official_document" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        number: String, issuer: String, made_on: String, published_on: Option<String>, sha256: Option<Vec<u8>>,
    }
    timeline = "timeline" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        object_kind: String, object_id: Uuid, at: i64, effective_on: String, act: String, from_state: Option<String>,
        to_state: Option<String>, reason_code: Option<String>, reason: Option<String>, document_id: Option<Uuid>,
        policy: String, evidence: String, staff_person_id: Option<Uuid>, account_id: Option<Uuid>,
        post_id: Option<Uuid>, role: String, organisation: Option<String>, capacity: String,
        second_person_id: Option<Uuid>, leaf_index: Option<i64>,
    }
    proposal = "proposal" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        object_kind: String, object_id: Uuid, act: String, request: String, object_revision: i32, state: String,
        proposed_by: Uuid, proposed_post: Uuid, proposed_at: i64, due_at: Option<i64>, decided_by: Option<Uuid>,
        decided_at: Option<i64>, reason: Option<String>,
    }
    idempotency = "idempotency" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] idempotency_key: String,
        request_sha256: Vec<u8>, status: i32, receipt: String, at: i64,
    }
    audit = "audit" {
        #[sea_orm(primary_key, auto_increment = false)] seq: i64,
        at: i64, request_id: String, staff_person_id: Option<Uuid>, account_id: Option<Uuid>, post_id: Option<Uuid>,
        role: Option<String>, federation: Option<String>, institution_id: Option<Uuid>, capacity: Option<String>,
        network: String, act: String, object_kind: String, object_id: String, outcome: String, times: i64,
        detail: String, before_sha256: Option<Vec<u8>>, after_sha256: Option<Vec<u8>>,
        previous_hash: Vec<u8>, hash: Vec<u8>,
    }
    audit_anchor = "audit_anchor" {
        #[sea_orm(primary_key, auto_increment = false)] leaf_index: i64,
        anchored_on: String, at: i64, seq: i64, hash: Vec<u8>,
    }
    official_document_file = "official_document_file" {
        #[sea_orm(primary_key, auto_increment = false)] document_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] file_id: Uuid,
    }
    evidence_file = "evidence_file" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        stored_name: String, media_type: String, size_bytes: i64, uploaded_sha256: Vec<u8>,
        stored_sha256: Vec<u8>, account_id: Uuid, federation: Option<String>, institution_id: Option<Uuid>,
        uploaded_at: i64, sealed_version: i32, removed_at: Option<i64>, purged_at: Option<i64>,
    }
}
