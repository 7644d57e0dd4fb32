//! Accredited assessors, assessments, candidates, relations, samples.

entity! {
    assessor = "assessor" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        staff_person_id: Uuid, organisation: String, credit_code: String, federation: String, valid_from: String,
        valid_until: String, document_id: Uuid, accredited_by: Uuid, accredited_at: i64, withdrawn_on: Option<String>,
        revision: i32,
    }
    assessment = "assessment" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, state: String, state_since: i64, due_on: Option<String>, period_from: String,
        period_until: String, listed_size: i64, list_sha256: Vec<u8>, draw_size: Option<i64>,
        draw_root: Option<Vec<u8>>, assessor_id: Option<Uuid>, accepted_size: Option<i64>, sample_size: Option<i64>,
        sample_root: Option<Vec<u8>>, population: Option<i32>, population_sha256: Option<Vec<u8>>,
        report_score: Option<i32>, report: Option<String>, findings: Option<String>, reported_on: Option<String>,
        reply: Option<String>, final_score: Option<i32>, final_answer: Option<String>, final_on: Option<String>,
        counts_until: Option<String>, annulled_reason: Option<String>, commissioned_by: Uuid, commissioned_at: i64,
        revision: i32, published_on: Option<String>, consequence: Option<String>, consequence_on: Option<String>,
    }
    assessment_candidate = "assessment_candidate" {
        #[sea_orm(primary_key, auto_increment = false)] assessment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] assessor_id: Uuid,
        place: Option<i32>, standing: String,
    }
    assessment_relation = "assessment_relation" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        assessment_id: Uuid, staff_person_id: Uuid, institution_id: Uuid, kind: String, ended_on: Option<String>,
        words: String, conflicts: bool, declared_on: String,
    }
    assessment_sample = "assessment_sample" {
        #[sea_orm(primary_key, auto_increment = false)] assessment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] assessor_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] enrolment_id: Uuid,
        place: i32,
    }
    assessment_visit = "assessment_visit" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        assessment_id: Uuid, assessor_id: Uuid, place: String, arrived_at: i64, left_at: i64, members: String,
        record: String, answer_until: String, countersignature: String, reason: Option<String>,
        answered_by: Option<Uuid>, answered_on: Option<String>, recorded_by: Uuid, recorded_at: i64,
    }
    assessment_supplement = "assessment_supplement" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        assessment_id: Uuid, assessor_id: Uuid, text: String, added_on: String, added_by: Uuid, added_at: i64,
    }
    assessment_draft = "assessment_draft" {
        #[sea_orm(primary_key, auto_increment = false)] assessment_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] assessor_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] item: String,
        text: String, saved_at: i64,
    }
}
