//! Numbers of the workflow as versioned data (grading.md: "policy data, never constants in code").

use serde::{Deserialize, Serialize};

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
    /// Youngest trainee in years.
    pub min_age: u32,
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
