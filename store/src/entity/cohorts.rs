//! Cohorts, rosters, enrolments, attendance, assessments.

entity! {
    cohort = "cohort" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        code: String, offer_id: Uuid, admission_id: Uuid, institution_id: Uuid, program_version_id: Uuid,
        site_region: String, name: String, track: String, state: String, start_on: String, end_on: String,
        planned_hours: i32, hours_taught: i32, places: i32, price_fen: i64, teachers: String,
        confirmed_on: Option<String>, due_on: Option<String>, returned_count: i32, state_since: i64, revision: i32,
    }
    roster = "roster" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        cohort_id: Uuid, file_type: String, row_count: i32, good_count: i32, fault_count: i32,
        skipped_count: i32, import: String, added_count: i32, changed_count: i32, unchanged_count: i32,
        imported: bool, faults: String, uploaded_by: Uuid, uploaded_at: i64,
    }
    enrolment = "enrolment" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        cohort_id: Uuid, person_id: Uuid, state: String, hukou_region: String, phone_enc: Option<Vec<u8>>,
        contact: String, needs: String, note_enc: Option<Vec<u8>>, employed_at_enrolment: bool, consent_on: String, row_digest: Vec<u8>,
        applied_at: i64, state_since: i64, exit_reason: Option<String>, revision: i32,
        last_attended_on: Option<String>,
    }
    attendance_total = "attendance_total" {
        #[sea_orm(primary_key, auto_increment = false)] enrolment_id: Uuid,
        minutes: i32, state: String, recorded_by: Uuid, recorded_at: i64, locked_at: Option<i64>,
    }
    assessment_result = "assessment_result" {
        #[sea_orm(primary_key, auto_increment = false)] enrolment_id: Uuid,
        passed: bool, score: Option<i32>, held_on: String, attempt: i32, adjustments: String, state: String,
        marked_by: Uuid, marked_at: i64, confirmed_by: Option<Uuid>, confirmed_at: Option<i64>,
    }
}
