//! Cases, papers, services, terms, alarms, results, appeals, bars, and what an exit does.

entity! {
    institution_case = "institution_case" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        number: String, admission_id: Uuid, kind: String, state: String, stage: String, stage_since: i64,
        stage_role: String, stage_by: Uuid, cause: Option<String>, findings: String,
        evidence_sha256: Option<Vec<u8>>, term_until: Option<String>, extended: bool, attempts: i32, fraud: bool,
        exit_proposed_by: Option<Uuid>, outcome: Option<String>, opened_at: i64, closed_at: Option<i64>, revision: i32,
    }
    case_paper = "case_paper" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        case_id: Uuid, kind: String, text: String, passed: Option<bool>, members: String, held_on: String,
        evidence_sha256: Option<Vec<u8>>, document_id: Option<Uuid>, file_id: Option<Uuid>, made_at: i64,
        made_by: Uuid, role: String,
    }
    admission_report = "admission_report" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, kind: String, favourable: bool, text: String, members: String, held_on: String,
        document_id: Option<Uuid>, made_at: i64, made_by: Uuid, role: String,
    }
    service = "service" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, act: String, timeline_id: Uuid, method: String, served_on: String, receipt: String,
        recorded_by: Uuid, recorded_at: i64,
    }
    term = "term" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, object_kind: String, object_id: Uuid, kind: String, holder: String, starts_on: String,
        due_on: String, calendar: String, extension_reason: Option<String>, met_on: Option<String>,
        cut_from: Option<String>,
    }
    alarm = "alarm" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, source_id: Uuid, kind: String, act: String, level: String, due_on: String, raised_at: i64,
    }
    grade_result = "grade_result" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, run_id: Uuid, kind: String, freeze_on: String, grade: Option<String>, emp_sig_low: bool,
        sat_milli: Option<i32>, sat_suspended: bool, shown_on: String,
        notice_on: Option<String>, notice_until: Option<String>, decided_on: Option<String>,
        previous_grade: Option<String>, entered_by: Uuid, entered_at: i64,
    }
    appeal = "appeal" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        number: String, admission_id: Uuid, case_id: Option<Uuid>, against: String, timeline_id: Uuid,
        hearing_role: String, deciders: String, points: String, wish: String, state: String, in_time: bool,
        stayed: bool, stayed_state: Option<String>, stayed_grade: Option<String>, extended: bool,
        outcome: Option<String>, decision: Option<String>, redo: String, document_id: Option<Uuid>, lodged_by: Uuid,
        lodged_at: i64, state_since: i64, revision: i32, object_kind: String, object_id: Option<Uuid>,
        appellant: String, person_id: Option<Uuid>,
    }
    responsible_person = "responsible_person" {
        #[sea_orm(primary_key, auto_increment = false)] admission_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] person_index: Vec<u8>,
        capacity: String, since: String, blind_version: i32,
    }
    person_bar = "person_bar" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        person_index: Vec<u8>, case_id: Option<Uuid>, until: String, lifted_at: Option<i64>, made_at: i64,
        blind_version: i32,
    }
    bar = "bar" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        institution_id: Uuid, case_id: Option<Uuid>, until: String, lifted_at: Option<i64>, made_at: i64,
    }
    interest = "interest" {
        #[sea_orm(primary_key, auto_increment = false)] staff_person_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] institution_id: Uuid,
        reason: String, declared_at: i64,
    }
    withdrawal = "withdrawal" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        admission_id: Uuid, case_id: Uuid, reason: String, state: String, answer: Option<String>, asked_by: Uuid,
        asked_at: i64, ended_by: Option<Uuid>, ended_at: Option<i64>,
    }
    class_plan = "class_plan" {
        #[sea_orm(primary_key, auto_increment = false)] case_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] cohort_id: Uuid,
        plan: String, receiving: Option<String>, hours_taught: i32, due_on: String, ended_at: Option<i64>,
    }
    closed_offer = "closed_offer" {
        #[sea_orm(primary_key, auto_increment = false)] case_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] offer_id: Uuid,
        state_before: String,
    }
    certificate_review = "certificate_review" {
        #[sea_orm(primary_key, auto_increment = false)] case_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] certificate_id: Uuid,
        due_on: String,
    }
    fraud_cohort = "fraud_cohort" {
        #[sea_orm(primary_key, auto_increment = false)] case_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)] cohort_id: Uuid,
    }
    site_licence = "site_licence" {
        #[sea_orm(primary_key, auto_increment = false)] site_id: Uuid,
        places: i32, document_id: Uuid, recorded_by: Uuid, recorded_at: i64,
    }
    batch_review = "batch_review" {
        #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
        batch_id: Uuid, reasons: String, reason: String, reviewed_by: Uuid, reviewed_at: i64,
    }
}
