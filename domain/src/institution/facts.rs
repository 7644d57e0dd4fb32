//! Everything a transition may depend on, read under lock in the same transaction.

use chrono::NaiveDate;

use super::{Cause, Grade, InstitutionState, InstitutionTransition};
use crate::access::Role;
use crate::assessment::Severity;
use crate::ids::StaffPersonId;

/// Who acts, and who acted before: one rule of separation compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persons {
    /// Who acts.
    pub actor: StaffPersonId,
    /// Whether the act takes effect now: false while a first person only proposes.
    pub deciding: bool,
    /// Whether the actor declared an interest in the institution.
    pub interested: bool,
    /// Who proposed the exit (T19).
    pub exit_proposed_by: Option<StaffPersonId>,
}

/// What the request says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Whether it gives a reason.
    pub reason: bool,
    /// The cause.
    pub cause: Option<Cause>,
    /// Whether it names evidence by its hash.
    pub evidence: bool,
    /// Whether it rests on an official document.
    pub document: bool,
    /// Whether it names the minutes of the collective discussion (集体讨论).
    pub minutes: bool,
    /// T13, T17: last day of the term.
    pub until: Option<NaiveDate>,
    /// T13, T17: whether it lists what to put right.
    pub findings: bool,
    /// T11 `data_late`: when the data was due.
    pub data_due_on: Option<NaiveDate>,
    /// T19: whether it offers a hearing.
    pub hearing_offered: bool,
    /// T11, T16: what the assessment says that it rests on.
    pub finding: Option<FindingFacts>,
}

/// A third-party assessment that a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingFacts {
    /// Its gravest finding.
    pub worst: Option<Severity>,
    /// Whether it is final.
    pub stands: bool,
}

/// Whether a grade is final (field.md 9: T11 on a D waits until T10 is).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finality {
    /// There is no grade, or nobody can appeal against it any more.
    #[default]
    Final,
    /// It was not served, so the term of appeal has not begun.
    NotServed,
    /// The term of appeal runs until this day.
    Until(NaiveDate),
    /// An appeal is open.
    Appealed,
}

/// What the runs said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResultFacts {
    /// The grade of the annual result that waits for its decision.
    pub pending: Option<Grade>,
    /// Since when its notice runs, and its last day.
    pub notice_until: Option<NaiveDate>,
    /// Objections to it that nobody has decided.
    pub open_objections: u64,
    /// Objections to it that were accepted: its figures are wrong, and a correcting run replaces them.
    pub accepted_objections: u64,
    /// Whether the grade in force is final.
    pub finality: Finality,
    /// EMP significantly low in two successive quarterly runs.
    pub emp_low_twice: bool,
    /// Satisfaction under the threshold.
    pub sat_low: bool,
    /// Satisfaction suspended.
    pub sat_suspended: bool,
    /// D in two successive annual runs.
    pub d_twice: bool,
}

/// An inspection after a rectification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Who inspected.
    pub by: StaffPersonId,
    /// Whether the prefecture did.
    pub by_prefecture: bool,
    /// Whether it proposes acceptance.
    pub passed: bool,
}

/// The stage that the open case is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// Which level warned.
    pub warned_by: Option<Role>,
    /// Whether the decision of the stage was served.
    pub served: bool,
    /// Last day for the institution's reply or plan; it runs from service.
    pub answer_due: Option<NaiveDate>,
    /// When the institution answered.
    pub answered_on: Option<NaiveDate>,
    /// Last day of the term to rectify.
    pub term_until: Option<NaiveDate>,
    /// The newest inspection of the stage.
    pub inspection: Option<Inspection>,
    /// Whether a prefecture federation looks after the place.
    pub has_prefecture: bool,
    /// How often another attempt was allowed.
    pub attempts: u32,
    /// Whether the suspension stands because nothing was rectified (T15).
    pub suspended_unrectified: bool,
    /// Latest last day that the policy leaves a term to rectify.
    pub latest_term: Option<NaiveDate>,
}

/// What an exit needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExitFacts {
    /// Whether a hearing was held or waived, and its record is on file.
    pub heard: bool,
    /// Codes of running classes whose trainees nobody has arranged for.
    pub unarranged: Vec<String>,
    /// Codes of running classes with a plan that the reference does not leave open.
    pub wrong_plans: Vec<String>,
    /// Running classes.
    pub running_cohorts: u64,
    /// Whether a case of fraud is open.
    pub open_fraud: bool,
    /// The last day on which a course was held, or the day of admission.
    pub last_course_on: Option<NaiveDate>,
    /// Since which day no course would be long enough (today less the months of the policy).
    pub dormant_before: Option<NaiveDate>,
    /// Until when the province may still act before the nation does.
    pub province_until: Option<NaiveDate>,
    /// Whether the institution asked to leave.
    pub withdrawal_asked: bool,
    /// The state before the exit was proposed.
    pub before: Option<InstitutionState>,
    /// Whether the appeal against the exit was upheld: only the body of appeal says so.
    pub appeal_upheld: bool,
}

/// Everything a transition may depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionFacts {
    /// Present state.
    pub state: InstitutionState,
    /// Grade in force.
    pub grade: Option<Grade>,
    /// Today in China.
    pub today: NaiveDate,
    /// Until when the present state waits.
    pub due_on: Option<NaiveDate>,
    /// Last day of the notice.
    pub notice_until: Option<NaiveDate>,
    /// Whether completion was asked for before.
    pub returned_before: bool,
    /// Objections that nobody has decided.
    pub open_objections: u64,
    /// Objections of the present notice that were accepted.
    pub accepted_objections: u64,
    /// Sites that the institution has entered.
    pub sites: u64,
    /// Role of the place's lowest federation.
    pub local_role: Role,
    /// Whose effect an appeal stays.
    pub stayed: Option<InstitutionTransition>,
    /// Whether an appeal stays the annual grade, alone or beside a stay of the state.
    pub grade_stayed: bool,
    /// T25: the state that is restored.
    pub restores: Option<InstitutionState>,
    /// Who acts.
    pub persons: Persons,
    /// What the request says.
    pub given: Given,
    /// What the runs said.
    pub results: ResultFacts,
    /// The open case.
    pub case: CaseFacts,
    /// What an exit needs.
    pub exit: ExitFacts,
    /// Days after which late data is a cause to warn.
    pub data_late_days: u32,
}
