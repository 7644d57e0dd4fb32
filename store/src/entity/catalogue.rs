//! Institutions, admissions, sites, objections, certificate types, programs, offers.

entity! {
    institution = "institution" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        name: String, spellings: String, credit_code: String, created_at: i64,
    }
    institution_history = "institution_history" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        institution_id: Uuid, kind: String, value: String, valid_from: String, valid_until: Option<String>,
        proof: Option<String>,
    }
    admission = "admission" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        institution_id: Uuid, federation: String, site_region: String, address: String, phone: String,
        state: String, state_before: Option<String>, exit_before: Option<String>, stayed: Option<String>, grade_stayed: bool,
        grade: Option<String>, origin: String, applied_at: i64,
        state_since: i64, due_on: Option<String>, returned_count: i32, notice_until: Option<String>,
        suspended_until: Option<String>, bar_until: Option<String>, previous_admission_id: Option<Uuid>,
        revision: i32,
    }
    objection = "objection" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        object_kind: String, object_id: Uuid, text: String, raised_at: i64, state: String,
        answer: Option<String>, decided_at: Option<i64>, number: Option<String>, sender_enc: Option<Vec<u8>>,
        answer_due: Option<String>,
    }
    site = "site" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        institution_id: Uuid, name: String, region: String, address: String, provisions: String, created_at: i64,
    }
    certificate_type = "certificate_type" {
        #[sea_orm(primary_key, auto_increment = false)] code: String,
        name: String, name_en: String, description: String, federation: String, validity_months: Option<i32>,
        created_at: i64,
    }
    program = "program" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        code: String, federation: String, institution_id: Option<Uuid>, origin_federation: Option<String>,
        created_at: i64,
    }
    program_version = "program_version" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        program_id: Uuid, version: i32, state: String, name: String, spellings: String, purpose: String, occupation_code: String,
        occupation_edition: String, skill_level: i32, hours: i32, content: String, entry_conditions: String,
        assessment_rule: String, certificate_type: Option<String>, accessible_forms: String, suited_needs: String,
        market_demand: Option<String>, notice_until: Option<String>, published_on: Option<String>,
        superseded_on: Option<String>, retired_on: Option<String>, state_since: i64, revision: i32,
    }
    offer = "offer" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        program_version_id: Uuid, admission_id: Uuid, site_id: Uuid, state: String, state_since: i64, revision: i32,
    }
}
