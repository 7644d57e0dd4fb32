//! Policies, frozen evidence, runs, results, publications, bulletins.

entity! {
    policy_draft = "policy_draft" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        name: String, base: Option<String>, federation: String, sha256: Vec<u8>, text: String,
        effective_on: String, state: String, drafted_by: Uuid, drafted_at: i64, revision: i32,
    }
    grading_freeze = "grading_freeze" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        kind: String, freeze_on: String, evidence_sha256: Vec<u8>, key_enc: Vec<u8>, institution_count: i64,
        enrolment_count: i64, episode_count: i64, without_card_count: i64, undecided_count: i64, taken_by: Uuid,
        taken_at: i64,
    }
    grading_run = "grading_run" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        freeze_id: Uuid, policy: String, policy_text: String, base_text: Option<String>, policy_sha256: Vec<u8>,
        results_sha256: Vec<u8>, corrects: Option<Uuid>, computed_by: Uuid, computed_at: i64,
    }
    grading_file = "grading_file" {
        #[sea_orm(primary_key, auto_increment = false)] owner_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] number: i32,
        bytes: Vec<u8>,
    }
    grading_result = "grading_result" {
        #[sea_orm(primary_key, auto_increment = false)] run_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] admission_id: Uuid,
        federation: String, grade: String, previous_grade: Option<String>, composite_milli: Option<i32>,
        rank: Option<i32>, emp_n: i32, entry: String, counts: Option<String>,
    }
    grade_publication = "grade_publication" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        run_id: Uuid, federation: String, freeze_on: String, state: String, figures_until: String,
        notice_until: Option<String>, published_on: Option<String>, published_at: Option<i64>, revision: i32,
    }
    bulletin = "bulletin" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        number: Option<String>, kind: String, federation: String, run_id: Option<Uuid>, decision_leaf: Option<i64>,
        title: String, body: String,
        sha256: Vec<u8>, state: String, corrects: Option<Uuid>, notice_until: Option<String>,
        published_on: Option<String>, reason: Option<String>, created_at: i64, changed_at: i64, revision: i32,
    }
}
