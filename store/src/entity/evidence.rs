//! Episodes of work, registers, follow-ups, conflicts, exclusions, surveys.

entity! {
    employment_episode = "employment_episode" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        person_id: Uuid, work_type: String, employer: String, work_region: Option<String>, start_on: String,
        last_day: Option<String>, related_admission_id: Option<Uuid>, state: String, contest: Option<String>,
        contest_due_on: Option<String>, claimed_on: String, due_on: Option<String>, confirmed_on: Option<String>,
        decided_on: Option<String>, created_at: i64, revision: i32,
    }
    episode_claim = "episode_claim" {
        #[sea_orm(primary_key, auto_increment = false)] episode_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] enrolment_id: Uuid,
        institution_id: Uuid, site_region: String, claimed_at: i64,
    }
    register_snapshot = "register_snapshot" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        source: String, federation: String, as_of: String, row_count: i32, fault_count: i32, known_count: i32,
        written_count: i32, uploaded_by: Uuid, uploaded_at: i64, file_index: Option<Vec<u8>>, blind_version: i32,
    }
    register_draft = "register_draft" {
        #[sea_orm(primary_key, auto_increment = false)] account_id: Uuid,
        id: Uuid, source: String, as_of: String, stored_name: Option<String>, row_count: i32,
        known_count: i32, made_at: i64, snapshot_id: Option<Uuid>, sealed_version: i32,
    }
    episode_evidence = "episode_evidence" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        episode_id: Uuid, source: String, snapshot_id: Option<Uuid>, file_id: Option<Uuid>,
        text_index: Option<Vec<u8>>, recorded_by: Uuid, recorded_on: String, recorded_at: i64,
    }
    register_outage = "register_outage" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        federation: String, source: String, kind: String, from_on: String, until_on: String, declared_by: Uuid,
        declared_at: i64,
    }
    follow_up = "follow_up" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        episode_id: Uuid, after_days: i32, due_on: String, outcome: Option<String>, done_by: Option<Uuid>,
        done_at: Option<i64>,
    }
    evidence_conflict = "evidence_conflict" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        kind: String, pair_id: Uuid, enrolment_id: Uuid, episode_id: Option<Uuid>, institution_id: Uuid,
        site_region: String, state: String, words: Option<String>, found_at: i64, closed_by: Option<Uuid>,
        closed_at: Option<i64>,
    }
    enrolment_exclusion = "enrolment_exclusion" {
        #[sea_orm(primary_key, auto_increment = false)] enrolment_id: Uuid,
        code: String, on_date: String, document_id: Uuid, approved_by: Uuid, approved_at: i64,
    }
    survey_invitation = "survey_invitation" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        enrolment_id: Uuid, token_mac: Vec<u8>, state: String, sent_at: i64, ends_at: i64, opened_at: Option<i64>,
        answered_on: Option<String>, reminders: i32, contactable: bool,
    }
    survey_response = "survey_response" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        enrolment_id: Option<Uuid>, enrolment_index: Vec<u8>, admission_id: Uuid, items: String,
        submitted_on: String, seq: i32, mode: String, answered_by: String, seconds: i32,
        device_index: Option<Vec<u8>>, network_index: Option<Vec<u8>>, flags: String, state: String,
        taken_by: Option<Uuid>, taken_role: Option<String>, audit_reason: Option<String>, audited_by: Option<Uuid>,
        audited_on: Option<String>, blind_version: i32, urn_id: Option<Uuid>,
    }
    survey_call = "survey_call" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, response_id: Uuid, assessor_id: Uuid, draw_id: Uuid, drawn_by: Uuid, drawn_on: String,
        due_on: String, outcome: Option<String>, called_on: Option<String>,
    }
    survey_call_lapsed = "survey_call_lapsed" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, response_id: Uuid, assessor_id: Uuid, draw_id: Uuid, drawn_by: Uuid, drawn_on: String,
        due_on: String, lapsed_on: String,
    }
    survey_shown = "survey_shown" {
        #[sea_orm(primary_key, auto_increment = false)] admission_id: Uuid,
        counted: i64, sums: String, shown_on: String,
    }
    survey_suspension = "survey_suspension" {
        #[sea_orm(primary_key, auto_increment = false)] admission_id: Uuid,
        reason: String, since: i64, suspended_by: Uuid,
    }
}
