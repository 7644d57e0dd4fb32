//! Numbers of the workflow as versioned data (grading.md: "policy data, never constants in code").

use serde::{Deserialize, Serialize};

use crate::institution::Grade;

/// Deadlines and limits; `wd` are working days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkflowPolicy {
    policy_id: String,
    version: String,
    /// Deadlines and limits.
    pub workflow: Workflow,
}

/// The numbers, each with the rule it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// T02: the county asks for completion within so many wd; silence means complete.
    pub completeness_wd: u32,
    /// T03: the institution completes within so many wd.
    pub completion_wd: u32,
    /// T04: county opinion.
    pub county_opinion_wd: u32,
    /// T04: prefecture visit.
    pub prefecture_visit_wd: u32,
    /// T04: province decision.
    pub province_decision_wd: u32,
    /// T06: notice of intent to admit.
    pub admission_notice_wd: u32,
    /// T05: days before a refused institution may apply again.
    pub reapply_days: u32,
    /// T08: cohorts that a provisional institution may run at once.
    pub provisional_max_cohorts: u32,
    /// T08: trainees that a provisional institution may have at once.
    pub provisional_max_trainees: u32,
    /// T16: longest emergency suspension in days.
    pub emergency_suspension_days: u32,
    /// T16: hours within which the second person confirms.
    pub second_confirm_hours: u32,
    /// Cohort: county confirms an announced cohort within.
    pub cohort_confirm_wd: u32,
    /// Cohort: acceptance after the end.
    pub acceptance_wd: u32,
    /// Cohort: share of trainees called at acceptance, per mille.
    pub acceptance_sample_permille: u32,
    /// Cohort: least number of trainees called.
    pub acceptance_sample_min: u32,
    /// Completion: least locked attendance, per mille of planned hours (design decision 10).
    pub completion_permille: u32,
    /// Cohort: least hours taught, per mille of planned hours.
    pub hours_taught_permille: u32,
    /// Certificate: longest suspension.
    pub certificate_suspension_wd: u32,
    /// Program: return of a filed version within.
    pub program_return_wd: u32,
    /// Program: expert opinion within.
    pub program_opinion_wd: u32,
    /// Program: notice before publication.
    pub program_notice_wd: u32,
    /// T09, T10: notice of grading results.
    pub results_notice_wd: u32,
    /// T10: the institution sees its figures so long before the notice.
    pub figures_shown_wd: u32,
    /// T11: the institution replies to a warning within, from service.
    pub reply_wd: u32,
    /// T13, T17: the institution hands in its plan within, from service.
    pub plan_wd: u32,
    /// T13, T17: longest term to rectify.
    pub rectification_days: u32,
    /// T13: its one extension.
    pub rectification_extension_days: u32,
    /// T14: inspection after the institution reports, or after the term.
    pub inspection_wd: u32,
    /// Grade A: an inspection every so many months.
    pub inspection_a_months: u32,
    /// Grade B: an inspection every so many months.
    pub inspection_b_months: u32,
    /// Grade C: an inspection every so many months.
    pub inspection_c_months: u32,
    /// Grade C: places do not grow beyond the most at once in so many months before it (our choice).
    pub growth_months: u32,
    /// T16: the institution is heard within.
    pub emergency_hearing_wd: u32,
    /// T19: the institution may ask for a hearing within, from service.
    pub exit_hearing_wd: u32,
    /// T20: notice of exit.
    pub exit_notice_wd: u32,
    /// T19: inaction of the province after which the nation may propose.
    pub inaction_wd: u32,
    /// T19: months without a course.
    pub dormancy_months: u32,
    /// T11: days after which late data is a cause to warn.
    pub data_late_days: u32,
    /// T11: mean satisfaction in thousandths below which a warning is due.
    pub warning_sat_milli: u32,
    /// T24: bar after an exit for dormancy.
    pub bar_dormancy_months: u32,
    /// T24: bar after an exit for performance.
    pub bar_performance_months: u32,
    /// T24: bar after failed rectification.
    pub bar_rectification_months: u32,
    /// T24: bar after fraud.
    pub bar_fraud_months: u32,
    /// T24: bar after forged certificates.
    pub bar_forgery_months: u32,
    /// Exit: days of a teach-out.
    pub teach_out_days: u32,
    /// Exit: share of the hours from which a class is taught to its end, per mille.
    pub teach_out_permille: u32,
    /// Exit: share of the hours from which on the class that takes a trainee over answers for completion, per mille.
    pub takeover_permille: u32,
    /// Exit for fraud: review of the certificates concerned.
    pub fraud_review_wd: u32,
    /// Appeal: lodged within, from service.
    pub appeal_lodge_wd: u32,
    /// Appeal: accepted or refused within.
    pub appeal_accept_wd: u32,
    /// Appeal: decided within, from acceptance.
    pub appeal_decide_wd: u32,
    /// Appeal: its one extension.
    pub appeal_extension_wd: u32,
    /// Appeal against the refusal of an enrolment: lodged within.
    pub enrolment_objection_wd: u32,
    /// Certificate: its holder is told of a revocation so long before it.
    pub revocation_notice_wd: u32,
    /// Decisions: served on the institution within (our choice).
    pub service_wd: u32,
    /// Alarms: an act is announced as due so long before its last day (our choice).
    pub reminder_wd: u32,
    /// Alarms: silence so long after an alarm raises it one level further up (our choice).
    pub escalation_wd: u32,
    /// Issue: most hours that a class teaches in a day, else the batch is held (our choice).
    pub issue_daily_hours: u32,
    /// Issue: days over which an institution's certificates are counted (our choice).
    pub issue_burst_days: u32,
    /// Issue: more certificates than this in those days hold a batch (our choice).
    pub issue_burst_certificates: u32,
    /// Issue: identical scores are looked at from so many trainees on (our choice).
    pub issue_scores_min: u32,
    /// Issue: share of identical scores from which a batch is held, per mille (our choice).
    pub issue_scores_permille: u32,
    /// Youngest trainee in years.
    pub min_age: u32,
}

impl Workflow {
    /// Months from one inspection to the next (grading.md 7): a D is warned at once, and a provisional institution has
    /// caps instead.
    pub const fn inspection_months(&self, grade: Option<Grade>) -> Option<u32> {
        match grade {
            Some(Grade::A) => Some(self.inspection_a_months),
            Some(Grade::B) => Some(self.inspection_b_months),
            Some(Grade::C) => Some(self.inspection_c_months),
            Some(Grade::D | Grade::P) | None => None,
        }
    }
}

impl WorkflowPolicy {
    /// Reads a policy file; unknown fields are refused.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Id ("CN-BASE").
    pub fn id(&self) -> &str {
        &self.policy_id
    }

    /// Version ("2026.1").
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Id and version ("CN-BASE@2026.1").
    pub fn name(&self) -> String {
        format!("{}@{}", self.policy_id, self.version)
    }
}

/// The numbers of classes, as the cohort rules take them.
impl From<&WorkflowPolicy> for crate::cohort::CohortRules {
    fn from(policy: &WorkflowPolicy) -> Self {
        let numbers = &policy.workflow;
        Self {
            min_age_years: numbers.min_age,
            completion_permille: numbers.completion_permille,
            taught_permille: numbers.hours_taught_permille,
            confirm_working_days: numbers.cohort_confirm_wd,
            accept_working_days: numbers.acceptance_wd,
            sample_permille: numbers.acceptance_sample_permille,
            sample_min: numbers.acceptance_sample_min,
            provisional_cohorts: numbers.provisional_max_cohorts,
            provisional_trainees: numbers.provisional_max_trainees,
            ..Self::default()
        }
    }
}

/// Numbers of employment evidence and of the survey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidencePolicy {
    policy_id: String,
    version: String,
    /// Evidence and publication.
    pub evidence: EvidenceNumbers,
    /// The survey.
    pub survey: crate::survey::SurveyNumbers,
    /// Third-party assessment.
    pub assessment: crate::assessment::AssessmentNumbers,
    /// The annual grading.
    pub annual: AnnualNumbers,
    /// From how many people on figures are shown.
    pub display: crate::statistics::Display,
}

/// The calendar of the annual grading (grading.md 2): freeze and results, as month and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnualNumbers {
    /// The freeze date.
    pub freeze: (u32, u32),
    /// The run is computed so many wd after it (our choice).
    pub run_wd: u32,
    /// Results are published by this day.
    pub results_by: (u32, u32),
}

/// The numbers of evidence; `wd` are working days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceNumbers {
    /// The county verifies a claim within so many wd (field.md 10).
    pub verify_wd: u32,
    /// A contest is decided within so many wd.
    pub contest_wd: u32,
    /// Follow-up so many days after the first day of work.
    pub follow_up_days: Vec<u32>,
    /// A job that ends so many days after a check wants a look.
    pub ended_after_check_days: u32,
    /// Two full-time jobs for more than so many days at once are a contest (our choice).
    pub double_job_days: u32,
    /// The link of a follow-up message works for so many days (our choice).
    pub follow_up_link_days: u32,
    /// Institutions see their figures so many wd before the notice of results.
    pub figures_wd: u32,
    /// Notice of results.
    pub results_notice_wd: u32,
}

impl EvidencePolicy {
    /// Reads a policy file; unknown fields are refused.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Id ("CN-BASE").
    pub fn id(&self) -> &str {
        &self.policy_id
    }

    /// Version ("2026.1").
    pub fn version(&self) -> &str {
        &self.version
    }
}
