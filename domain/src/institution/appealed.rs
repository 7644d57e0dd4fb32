//! What an appeal lies against: a decision on an institution (grading.md 7), or one of the other acts that workflow.md 6
//! names, which concern a trainee.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::InstitutionTransition as T;
use super::appeal::variable;
use crate::access::{Role, UnknownCode};
use crate::{named, text_enum};

text_enum! {
    /// An act that concerns a trainee and can be appealed against (workflow.md 6).
    Grievance("act that can be appealed against") {
        /// An applicant was refused.
        EnrolmentRefusal = "enrolment_refusal",
        /// The result of an assessment.
        AssessmentResult = "assessment_result",
        /// The county corrected attendance after its lock.
        AttendanceCorrection = "attendance_correction",
        /// A certificate was put on hold.
        CertificateSuspension = "certificate_suspension",
        /// A certificate is to be revoked, or was.
        CertificateRevocation = "certificate_revocation",
        /// An episode of work was held not to be so.
        OutcomeVoid = "outcome_void",
    }
}

named!(Grievance {
    EnrolmentRefusal = "不予录取" / "refusal of enrolment",
    AssessmentResult = "考核结果" / "assessment result",
    AttendanceCorrection = "考勤更正" / "correction of attendance",
    CertificateSuspension = "证书暂停使用" / "suspension of the certificate",
    CertificateRevocation = "证书撤销" / "revocation of the certificate",
    OutcomeVoid = "就业记录作废" / "outcome declared void",
});

impl Grievance {
    /// Who is concerned: the trainee always; the institution where the act is not its own and touches what it claims.
    pub const fn concerns(self, role: Role) -> bool {
        match role {
            Role::Trainee => true,
            Role::InstitutionOperator => !self.is_of_institution(),
            _ => false,
        }
    }

    /// Whether the institution itself decided: it is then the other side of the appeal.
    pub const fn is_of_institution(self) -> bool {
        matches!(self, Self::EnrolmentRefusal | Self::AssessmentResult)
    }

    /// Kind of the thing whose timeline holds the act.
    pub const fn object_kind(self) -> &'static str {
        match self {
            Self::EnrolmentRefusal | Self::AssessmentResult | Self::AttendanceCorrection => {
                "enrolment"
            }
            Self::CertificateSuspension | Self::CertificateRevocation => "certificate",
            Self::OutcomeVoid => "episode",
        }
    }

    /// The acts in a timeline that are the decision. A revocation can be appealed against from the day on which it is
    /// announced (workflow.md 3).
    pub const fn acts(self) -> &'static [&'static str] {
        match self {
            Self::EnrolmentRefusal => &["reject"],
            Self::AssessmentResult => &["confirm_assessment"],
            Self::AttendanceCorrection => &["correct_attendance"],
            Self::CertificateSuspension => &["suspend"],
            Self::CertificateRevocation => &["propose_revoke", "revoke"],
            Self::OutcomeVoid => &["uphold"],
        }
    }

    /// The acts by which an upheld appeal is carried out.
    pub const fn remedies(self) -> &'static [&'static str] {
        match self {
            Self::EnrolmentRefusal => &["admit"],
            Self::AssessmentResult => &["confirm_assessment"],
            Self::AttendanceCorrection => &["correct_attendance"],
            Self::CertificateSuspension => &["resume"],
            Self::CertificateRevocation => &["supersede", "refuse_proposal"],
            Self::OutcomeVoid => &["dismiss"],
        }
    }

    /// What has to be redone when the appeal is upheld.
    pub const fn redo(self) -> &'static str {
        match self {
            Self::EnrolmentRefusal => "录取该学员 / admit the trainee",
            Self::AssessmentResult => "重新评定并确认考核结果 / mark and confirm the result anew",
            Self::AttendanceCorrection => "重新更正考勤 / correct the attendance anew",
            Self::CertificateSuspension => "恢复证书 / take the certificate off hold",
            Self::CertificateRevocation => {
                "驳回撤销提议,或换发新证书 / refuse the proposed revocation, or issue a new certificate"
            }
            Self::OutcomeVoid => "恢复就业记录 / restore the episode",
        }
    }

    /// The level that hears: one above who decided. What an institution decided is heard by the federation of the place,
    /// what the county decided by the prefecture, or by the province where there is none.
    pub const fn heard_by(self, decided_by: Role, local: Role, has_prefecture: bool) -> Role {
        match decided_by {
            Role::InstitutionOperator | Role::InstitutionManager => local,
            Role::CountyOfficer if has_prefecture => Role::PrefectureOfficer,
            Role::CountyOfficer | Role::PrefectureOfficer => Role::ProvinceOfficer,
            _ => Role::NationalOfficer,
        }
    }
}

/// What an appeal lies against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appealed {
    /// A decision on an institution.
    Transition(T),
    /// Another act.
    Grievance(Grievance),
}

impl Appealed {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transition(one) => one.as_str(),
            Self::Grievance(one) => one.as_str(),
        }
    }

    /// Chinese word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Transition(one) => one.zh(),
            Self::Grievance(one) => one.zh(),
        }
    }

    /// English word on pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Transition(one) => one.en(),
            Self::Grievance(one) => one.en(),
        }
    }

    /// The transition, where it is one.
    pub const fn transition(self) -> Option<T> {
        match self {
            Self::Transition(one) => Some(one),
            Self::Grievance(_) => None,
        }
    }

    /// The other act, where it is one.
    pub const fn grievance(self) -> Option<Grievance> {
        match self {
            Self::Transition(_) => None,
            Self::Grievance(one) => Some(one),
        }
    }

    /// Whether a decision of appeal may vary it; the other acts stand or fall.
    pub const fn is_variable(self) -> bool {
        match self {
            Self::Transition(one) => variable(one),
            Self::Grievance(_) => false,
        }
    }
}

impl From<T> for Appealed {
    fn from(one: T) -> Self {
        Self::Transition(one)
    }
}

impl PartialEq<T> for Appealed {
    fn eq(&self, other: &T) -> bool {
        self.transition() == Some(*other)
    }
}

impl std::fmt::Display for Appealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Appealed {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let transition = text.parse().map(Self::Transition);
        transition.or_else(|_: UnknownCode| text.parse().map(Self::Grievance))
    }
}

impl Serialize for Appealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Appealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_above_hears_and_an_institution_is_heard_by_the_federation_of_its_place() {
        use Role as R;
        let hears =
            |by, prefecture| Grievance::OutcomeVoid.heard_by(by, R::CountyOfficer, prefecture);
        assert_eq!(hears(R::InstitutionOperator, true), R::CountyOfficer);
        assert_eq!(hears(R::CountyOfficer, true), R::PrefectureOfficer);
        assert_eq!(hears(R::CountyOfficer, false), R::ProvinceOfficer);
        assert_eq!(hears(R::PrefectureOfficer, true), R::ProvinceOfficer);
        assert_eq!(hears(R::ProvinceOfficer, true), R::NationalOfficer);
        assert_eq!(hears(R::NationalOfficer, true), R::NationalOfficer);
    }

    #[test]
    fn an_institution_appeals_against_no_act_of_its_own_and_a_trainee_against_every_one() {
        let of = |role| -> Vec<Grievance> {
            let all = Grievance::ALL.iter().copied();
            all.filter(|one| one.concerns(role)).collect()
        };
        assert_eq!(of(Role::Trainee), Grievance::ALL);
        assert_eq!(
            of(Role::InstitutionOperator),
            [
                Grievance::AttendanceCorrection,
                Grievance::CertificateSuspension,
                Grievance::CertificateRevocation,
                Grievance::OutcomeVoid
            ]
        );
        assert!(of(Role::CountyOfficer).is_empty());
    }

    #[test]
    fn the_code_of_a_transition_or_another_act_reads_back() {
        for text in ["T20", "enrolment_refusal", "outcome_void"] {
            let one: Appealed = text.parse().expect("an act");
            assert_eq!(one.as_str(), text);
        }
        assert!("T99".parse::<Appealed>().is_err());
        assert!("statement_line".parse::<Appealed>().is_err());
    }
}
