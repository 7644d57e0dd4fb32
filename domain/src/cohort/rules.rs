//! Numbers of policy for classes.

use serde::{Deserialize, Serialize};

use crate::policy::Workflow;

/// Numbers of policy for classes; a province may override them inside the stated bounds (design decision 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CohortRules {
    /// Youngest age of a trainee on the first class day, in years.
    pub min_age_years: u32,
    /// Attended share of the planned hours that completes, in thousandths.
    pub completion_permille: u32,
    /// Attended hours from which an enrolment counts at all (grading.md "Attached").
    pub attach_min_hours: u32,
    /// Or this share of the planned hours, whichever comes first.
    pub attach_min_permille: u32,
    /// Taught share of the planned hours that lets a class finish.
    pub taught_permille: u32,
    /// Taught share after which the list is frozen.
    pub freeze_permille: u32,
    /// Working days in which the county confirms an announcement.
    pub confirm_working_days: u32,
    /// Working days in which the county accepts a finished class.
    pub accept_working_days: u32,
    /// How often a finished class may be sent back.
    pub send_back_limit: u32,
    /// Share of the trainees that are called before acceptance, in thousandths.
    pub sample_permille: u32,
    /// At least so many are called, or all of them.
    pub sample_min: u32,
    /// Classes that a provisional institution may have open at once.
    pub provisional_cohorts: u32,
    /// Places that a provisional institution may have open at once.
    pub provisional_trainees: u32,
    /// Days from the last class day to the end of the last outcome window.
    pub archive_days: u32,
    /// Resits of a failed assessment.
    pub resits: u32,
    /// Days from the failed assessment in which a resit may be held.
    pub resit_days: u32,
}

/// The numbers of workflow.md section 2 and grading.md section 7.
impl Default for CohortRules {
    fn default() -> Self {
        Self {
            min_age_years: 16,
            completion_permille: 800,
            attach_min_hours: 8,
            attach_min_permille: 100,
            taught_permille: 900,
            freeze_permille: 100,
            confirm_working_days: 5,
            accept_working_days: 20,
            send_back_limit: 2,
            sample_permille: 100,
            sample_min: 5,
            provisional_cohorts: 3,
            provisional_trainees: 90,
            archive_days: 425,
            resits: 2,
            resit_days: 180,
        }
    }
}

/// The numbers that the workflow policy has; the others are those of the reference.
impl From<&Workflow> for CohortRules {
    fn from(policy: &Workflow) -> Self {
        Self {
            min_age_years: policy.min_age,
            completion_permille: policy.completion_permille,
            taught_permille: policy.hours_taught_permille,
            confirm_working_days: policy.cohort_confirm_wd,
            accept_working_days: policy.acceptance_wd,
            sample_permille: policy.acceptance_sample_permille,
            sample_min: policy.acceptance_sample_min,
            provisional_cohorts: policy.provisional_max_cohorts,
            provisional_trainees: policy.provisional_max_trainees,
            ..Self::default()
        }
    }
}

impl CohortRules {
    /// How many trainees must be called before acceptance.
    pub fn sample_size(&self, trainees: u32) -> u32 {
        let share = u64::from(trainees) * u64::from(self.sample_permille);
        let share = u32::try_from(share.div_ceil(1000)).unwrap_or(u32::MAX);
        share.max(self.sample_min).min(trainees)
    }

    /// Whether so many hours are enough to finish.
    pub fn taught_enough(&self, hours_taught: u32, planned_hours: u32) -> bool {
        at_least(hours_taught, planned_hours, self.taught_permille)
    }

    /// Whether the list of trainees is frozen: more than a tenth of the hours were taught.
    pub fn list_frozen(&self, hours_taught: u32, planned_hours: u32) -> bool {
        u64::from(hours_taught) * 1000 > u64::from(planned_hours) * u64::from(self.freeze_permille)
    }
}

/// Whether `part` is at least so many thousandths of `whole`.
pub(crate) fn at_least(part: u32, whole: u32, permille: u32) -> bool {
    u64::from(part) * 1000 >= u64::from(whole) * u64::from(permille)
}
