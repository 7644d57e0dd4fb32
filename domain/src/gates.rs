//! The gates before a certificate (workflow.md section 3, trust.md AZ-5): checked for each trainee of a batch, inside
//! the issuing transaction, under lock. Only [`certificate_gates`] makes an [`Eligible`], so nothing is signed that a
//! gate refused.

use crate::cohort::{CohortRules, CohortState, Standing};
use crate::completion::{Assessment, AssessmentState, Attendance, AttendanceState};
use crate::enrolment::EnrolmentState;
use crate::ids::EnrolmentId;

/// Everything the gates of one trainee look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// State of its cohort.
    pub cohort: CohortState,
    /// Planned hours of the cohort.
    pub planned_hours: u32,
    /// State of the enrolment.
    pub state: EnrolmentState,
    /// Attendance, if any was recorded.
    pub attendance: Option<Attendance>,
    /// Assessment, if there is one.
    pub assessment: Option<Assessment>,
    /// Whether the person has a valid identity number today.
    pub citizen_id_valid: bool,
    /// Whether the person withdrew the consent to the training and gave none since.
    pub consent_withdrawn: bool,
    /// Whether a certificate for this enrolment exists already, in whatever state.
    pub already_certified: bool,
    /// Code of the certificate type, `None` where the program is not certifiable.
    pub certificate_type: Option<String>,
    /// Whether the program version was published once (running cohorts keep a superseded or retired one).
    pub program_published: bool,
    /// Standing of the institution now.
    pub standing: Standing,
}

/// One trainee for whom every gate is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligible {
    enrolment: EnrolmentId,
    certificate_type: String,
}

impl Eligible {
    /// The enrolment.
    pub const fn enrolment(&self) -> EnrolmentId {
        self.enrolment
    }

    /// Code of the certificate type.
    pub fn certificate_type(&self) -> &str {
        &self.certificate_type
    }
}

crate::text_enum! {
    /// A gate that is shut.
    GateFailure("gate failure") {
        /// The cohort is not accepted.
        CohortNotAccepted = "cohort-not-accepted",
        /// The trainee did not complete.
        EnrolmentNotCompleted = "enrolment-not-completed",
        /// Attendance is missing or can still change.
        AttendanceNotLocked = "attendance-not-locked",
        /// Attendance is below the policy's share.
        AttendanceInsufficient = "attendance-insufficient",
        /// No assessment result.
        AssessmentMissing = "assessment-missing",
        /// The result is not confirmed.
        AssessmentNotConfirmed = "assessment-not-confirmed",
        /// The result is a failure.
        AssessmentNotPassed = "assessment-not-passed",
        /// No valid identity number.
        CitizenIdNotValid = "citizen-id-not-valid",
        /// The person withdrew the consent to the training.
        ConsentWithdrawn = "consent-withdrawn",
        /// The name has a character that the fonts of the paper lack.
        NameNotPrintable = "name-not-printable",
        /// A name that every certificate of the class carries has a character that the fonts of the paper lack.
        ClassNotPrintable = "class-not-printable",
        /// A certificate for this enrolment exists.
        AlreadyCertified = "already-certified",
        /// The program leads to no certificate.
        ProgramNotCertifiable = "program-not-certifiable",
        /// The program was never published.
        ProgramNotPublished = "program-not-published",
        /// The institution is suspended.
        InstitutionSuspended = "institution-suspended",
        /// The institution left the catalogue.
        InstitutionExited = "institution-exited",
        /// The institution was never admitted.
        InstitutionNotAdmitted = "institution-not-admitted",
        /// The batch names nobody.
        BatchEmpty = "batch-empty",
        /// The batch names somebody twice.
        BatchDuplicate = "batch-duplicate",
    }
}

impl GateFailure {
    /// The sentence in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::CohortNotAccepted => "班期尚未通过验收,验收后才能签发证书。",
            Self::EnrolmentNotCompleted => "学员未结业,不能签发证书。",
            Self::AttendanceNotLocked => "学员考勤未锁定,请先锁定考勤。",
            Self::AttendanceInsufficient => "学员出勤学时不足,不能签发证书。",
            Self::AssessmentMissing => "学员没有考核结果,请先录入并确认。",
            Self::AssessmentNotConfirmed => "学员考核结果未确认,请先由另一人确认。",
            Self::AssessmentNotPassed => "学员考核未通过,不能签发证书。",
            Self::CitizenIdNotValid => "学员没有有效的公民身份号码,请先核实身份。",
            Self::ConsentWithdrawn => "学员已撤回参加培训的同意,重新同意之前不能签发证书。",
            Self::NameNotPrintable => "姓名中有证书字体没有的字,补装字体后再签发。",
            Self::ClassNotPrintable => {
                "培训项目、职业、机构或证书种类的名称中有证书字体没有的字,补装字体后再签发。"
            }
            Self::AlreadyCertified => "该学员本班期的证书已签发,如需更正请办理换发。",
            Self::ProgramNotCertifiable => "该培训项目不颁发证书。",
            Self::ProgramNotPublished => "该培训项目未发布,不能签发证书。",
            Self::InstitutionSuspended => "机构已被暂停,恢复之前不能签发证书。",
            Self::InstitutionExited => "机构已退出目录,不能再签发证书。",
            Self::InstitutionNotAdmitted => "机构未准入,不能签发证书。",
            Self::BatchEmpty => "批次中没有学员,请至少选择一名。",
            Self::BatchDuplicate => "批次中有重复的学员,请去掉重复项。",
        }
    }

    /// The sentence in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::CohortNotAccepted => {
                "The cohort is not accepted; certificates follow acceptance."
            }
            Self::EnrolmentNotCompleted => {
                "The trainee did not complete; no certificate can be issued."
            }
            Self::AttendanceNotLocked => "Attendance of the trainee is not locked; lock it first.",
            Self::AttendanceInsufficient => "The trainee attended too few hours for a certificate.",
            Self::AssessmentMissing => {
                "The trainee has no assessment result; enter and confirm it first."
            }
            Self::AssessmentNotConfirmed => {
                "The result is not confirmed; another person must confirm it first."
            }
            Self::AssessmentNotPassed => "The trainee did not pass; no certificate can be issued.",
            Self::CitizenIdNotValid => {
                "The trainee has no valid identity number; verify the identity first."
            }
            Self::ConsentWithdrawn => {
                "The trainee withdrew the consent to the training; no certificate is issued until they give it again."
            }
            Self::NameNotPrintable => {
                "The name has a character that the fonts of the paper lack; install a font that has it."
            }
            Self::ClassNotPrintable => {
                "The name of programme, occupation, institution or kind of certificate has a character that the fonts of the paper lack; install a font that has it."
            }
            Self::AlreadyCertified => {
                "A certificate for this enrolment exists; to correct it, reissue it."
            }
            Self::ProgramNotCertifiable => "The program leads to no certificate.",
            Self::ProgramNotPublished => {
                "The program was never published; no certificate can be issued."
            }
            Self::InstitutionSuspended => {
                "The institution is suspended; no certificate until it is resumed."
            }
            Self::InstitutionExited => {
                "The institution has left the catalogue; no further certificate can be issued."
            }
            Self::InstitutionNotAdmitted => {
                "The institution is not admitted; no certificate can be issued."
            }
            Self::BatchEmpty => "The batch names nobody; choose at least one trainee.",
            Self::BatchDuplicate => "The batch names a trainee twice; remove the repetition.",
        }
    }
}

/// Every gate for one trainee; all failures at once.
pub fn certificate_gates(
    facts: &CertificateFacts,
    rules: &CohortRules,
) -> Result<Eligible, Vec<GateFailure>> {
    let mut failures = cohort_gates(
        facts.cohort,
        facts.certificate_type.is_some(),
        facts.program_published,
        facts.standing,
    );
    if facts.state != EnrolmentState::Completed {
        failures.push(GateFailure::EnrolmentNotCompleted);
    }
    match facts.attendance {
        Some(total) if total.state == AttendanceState::Locked => {
            if !total.is_sufficient(facts.planned_hours, rules) {
                failures.push(GateFailure::AttendanceInsufficient);
            }
        }
        Some(_) | None => failures.push(GateFailure::AttendanceNotLocked),
    }
    match &facts.assessment {
        None => failures.push(GateFailure::AssessmentMissing),
        Some(result) => {
            if result.state != AssessmentState::Confirmed {
                failures.push(GateFailure::AssessmentNotConfirmed);
            }
            if !result.passed {
                failures.push(GateFailure::AssessmentNotPassed);
            }
        }
    }
    if !facts.citizen_id_valid {
        failures.push(GateFailure::CitizenIdNotValid);
    }
    if facts.consent_withdrawn {
        failures.push(GateFailure::ConsentWithdrawn);
    }
    if facts.already_certified {
        failures.push(GateFailure::AlreadyCertified);
    }
    match &facts.certificate_type {
        Some(certificate_type) if failures.is_empty() => Ok(Eligible {
            enrolment: facts.enrolment,
            certificate_type: certificate_type.clone(),
        }),
        _ => Err(failures),
    }
}

/// The gates of a whole batch: its cohort, program and institution, and the list itself.
pub fn batch_gates(
    cohort: CohortState,
    certifiable: bool,
    program_published: bool,
    standing: Standing,
    enrolments: &[EnrolmentId],
) -> Result<(), Vec<GateFailure>> {
    let mut failures = cohort_gates(cohort, certifiable, program_published, standing);
    if enrolments.is_empty() {
        failures.push(GateFailure::BatchEmpty);
    }
    let distinct: std::collections::HashSet<_> = enrolments.iter().collect();
    if distinct.len() != enrolments.len() {
        failures.push(GateFailure::BatchDuplicate);
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}

fn cohort_gates(
    cohort: CohortState,
    certifiable: bool,
    program_published: bool,
    standing: Standing,
) -> Vec<GateFailure> {
    let mut failures = Vec::new();
    if cohort != CohortState::Accepted {
        failures.push(GateFailure::CohortNotAccepted);
    }
    if !certifiable {
        failures.push(GateFailure::ProgramNotCertifiable);
    }
    if !program_published {
        failures.push(GateFailure::ProgramNotPublished);
    }
    match standing {
        Standing::Suspended => failures.push(GateFailure::InstitutionSuspended),
        Standing::Exited => failures.push(GateFailure::InstitutionExited),
        Standing::NotAdmitted => failures.push(GateFailure::InstitutionNotAdmitted),
        Standing::Provisional | Standing::Full | Standing::NoNewClasses => {}
    }
    failures
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn open() -> CertificateFacts {
        CertificateFacts {
            enrolment: EnrolmentId::new(Uuid::from_u128(1)),
            cohort: CohortState::Accepted,
            planned_hours: 100,
            state: EnrolmentState::Completed,
            attendance: Some(Attendance {
                minutes: 4800,
                state: AttendanceState::Locked,
            }),
            assessment: Some(Assessment {
                passed: true,
                score: Some(85),
                held_on: "2026-04-20".parse().expect("a date"),
                attempt: 1,
                state: AssessmentState::Confirmed,
            }),
            citizen_id_valid: true,
            consent_withdrawn: false,
            already_certified: false,
            certificate_type: Some("MZ-T-01".to_owned()),
            program_published: true,
            standing: Standing::Full,
        }
    }

    /// Shuts one gate and tells what blocks.
    fn shut(change: impl FnOnce(&mut CertificateFacts)) -> Vec<GateFailure> {
        let mut facts = open();
        change(&mut facts);
        certificate_gates(&facts, &CohortRules::default()).expect_err("a shut gate blocks")
    }

    #[test]
    fn a_trainee_with_every_gate_open_is_eligible() {
        let eligible = certificate_gates(&open(), &CohortRules::default()).expect("eligible");
        assert_eq!(
            (eligible.enrolment(), eligible.certificate_type()),
            (open().enrolment, "MZ-T-01")
        );
    }

    #[test]
    fn each_gate_alone_blocks() {
        use GateFailure as F;
        for state in CohortState::ALL
            .iter()
            .filter(|state| **state != CohortState::Accepted)
        {
            assert_eq!(
                shut(|f| f.cohort = *state),
                [F::CohortNotAccepted],
                "{state}"
            );
        }
        for state in EnrolmentState::ALL
            .iter()
            .filter(|state| **state != EnrolmentState::Completed)
        {
            assert_eq!(
                shut(|f| f.state = *state),
                [F::EnrolmentNotCompleted],
                "{state}"
            );
        }
        assert_eq!(shut(|f| f.attendance = None), [F::AttendanceNotLocked]);
        let recorded = Attendance {
            minutes: 4800,
            state: AttendanceState::Recorded,
        };
        assert_eq!(
            shut(|f| f.attendance = Some(recorded)),
            [F::AttendanceNotLocked]
        );
        let short = Attendance {
            minutes: 4799,
            state: AttendanceState::Locked,
        };
        assert_eq!(
            shut(|f| f.attendance = Some(short)),
            [F::AttendanceInsufficient]
        );
        assert_eq!(shut(|f| f.assessment = None), [F::AssessmentMissing]);
        assert_eq!(
            shut(|f| f.assessment.as_mut().expect("a result").state = AssessmentState::Marked),
            [F::AssessmentNotConfirmed]
        );
        assert_eq!(
            shut(|f| f.assessment.as_mut().expect("a result").passed = false),
            [F::AssessmentNotPassed]
        );
        assert_eq!(shut(|f| f.citizen_id_valid = false), [F::CitizenIdNotValid]);
        assert_eq!(shut(|f| f.consent_withdrawn = true), [F::ConsentWithdrawn]);
        assert_eq!(shut(|f| f.already_certified = true), [F::AlreadyCertified]);
        assert_eq!(
            shut(|f| f.certificate_type = None),
            [F::ProgramNotCertifiable]
        );
        assert_eq!(
            shut(|f| f.program_published = false),
            [F::ProgramNotPublished]
        );
        assert_eq!(
            shut(|f| f.standing = Standing::Suspended),
            [F::InstitutionSuspended]
        );
        assert_eq!(
            shut(|f| f.standing = Standing::Exited),
            [F::InstitutionExited]
        );
        assert_eq!(
            shut(|f| f.standing = Standing::NotAdmitted),
            [F::InstitutionNotAdmitted]
        );
    }

    #[test]
    fn an_institution_under_rectification_may_still_certify_what_was_accepted() {
        for standing in [Standing::Provisional, Standing::NoNewClasses] {
            let mut facts = open();
            facts.standing = standing;
            assert!(certificate_gates(&facts, &CohortRules::default()).is_ok());
        }
    }

    #[test]
    fn all_shut_gates_are_named_at_once() {
        let failures = shut(|f| {
            f.cohort = CohortState::Finished;
            f.attendance = None;
            f.assessment = None;
        });
        let expected = [
            GateFailure::CohortNotAccepted,
            GateFailure::AttendanceNotLocked,
            GateFailure::AssessmentMissing,
        ];
        assert_eq!(failures, expected);
    }

    #[test]
    fn a_batch_names_somebody_and_nobody_twice() {
        let one = open().enrolment;
        let batch = |list: &[EnrolmentId]| {
            batch_gates(CohortState::Accepted, true, true, Standing::Full, list)
        };
        assert_eq!(batch(&[one]), Ok(()));
        assert_eq!(batch(&[]), Err(vec![GateFailure::BatchEmpty]));
        assert_eq!(batch(&[one, one]), Err(vec![GateFailure::BatchDuplicate]));
        assert_eq!(
            batch_gates(
                CohortState::Finished,
                false,
                true,
                Standing::Suspended,
                &[one]
            ),
            Err(vec![
                GateFailure::CohortNotAccepted,
                GateFailure::ProgramNotCertifiable,
                GateFailure::InstitutionSuspended
            ])
        );
    }

    #[test]
    fn sentences_name_no_person_and_differ() {
        let zh: std::collections::HashSet<_> = GateFailure::ALL.iter().map(|f| f.zh()).collect();
        let en: std::collections::HashSet<_> = GateFailure::ALL.iter().map(|f| f.en()).collect();
        assert_eq!(
            (zh.len(), en.len()),
            (GateFailure::ALL.len(), GateFailure::ALL.len())
        );
    }
}
