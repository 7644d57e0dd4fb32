//! Who may see which personal value for which purpose, consents, requests of persons, and the numbers of retention
//! (workflow.md 8, field.md 15-17, 个人信息保护法).

use serde::{Deserialize, Serialize};

use crate::access::Role;

crate::text_enum! {
    /// A personal value of a trainee.
    PersonalField("personal field") {
        /// Full name.
        Name = "name",
        /// Identity number.
        CitizenId = "citizen_id",
        /// Disability certificate number.
        DisabilityCard = "disability_card",
        /// Category of disability.
        DisabilityCategory = "disability_category",
        /// Level of disability.
        DisabilityLevel = "disability_level",
        /// Telephone of the contact.
        Phone = "phone",
        /// Note of the institution about needs.
        Note = "note",
    }
}

crate::text_enum! {
    /// What a personal value is read for: a closed list, each with the values it needs.
    ReadPurpose("purpose") {
        /// Compare the person with their identity document.
        IdentityCheck = "identity_check",
        /// Check the disability certificate in its register.
        CardCheck = "card_check",
        /// Call trainees at acceptance.
        AcceptanceCall = "acceptance_call",
        /// Reach a trainee about attendance.
        AttendanceContact = "attendance_contact",
        /// Arrange what a trainee needs.
        Accommodation = "accommodation",
        /// Correct a name or a number.
        Correction = "correction",
        /// Answer a request of the person.
        PersonRequest = "person_request",
        /// Answer a complaint.
        Complaint = "complaint",
        /// Draw a sample for a check from above.
        AuditSample = "audit_sample",
        /// Call again the trainees drawn for a third-party assessment; the assessor's alone, noted by the assessment.
        ThirdPartyAssessment = "third_party_assessment",
        /// Hand over a certificate with its full name; noted by the registry, not asked for.
        CertificateFile = "certificate_file",
        /// Open a file that proves somebody's work; noted by the registry, not asked for.
        EvidenceFile = "evidence_file",
    }
}

/// How much of a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Whole,
    /// The first six and the last four characters.
    Ends,
}

impl ReadPurpose {
    /// Whether people may name this purpose; the others the registry notes itself.
    pub const fn may_be_asked(self) -> bool {
        !matches!(
            self,
            Self::CertificateFile | Self::EvidenceFile | Self::ThirdPartyAssessment
        )
    }

    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::IdentityCheck => "核对身份",
            Self::CardCheck => "核对残疾人证",
            Self::AcceptanceCall => "验收回访",
            Self::AttendanceContact => "联系学员",
            Self::Accommodation => "安排合理便利",
            Self::Correction => "更正信息",
            Self::PersonRequest => "办理本人申请",
            Self::Complaint => "处理投诉",
            Self::AuditSample => "抽查",
            Self::ThirdPartyAssessment => "第三方评估回访",
            Self::CertificateFile => "打开证书文件",
            Self::EvidenceFile => "查看就业证明材料",
        }
    }

    /// The English word on pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::IdentityCheck => "checking identity",
            Self::CardCheck => "checking the disability certificate",
            Self::AcceptanceCall => "call at acceptance",
            Self::AttendanceContact => "contacting the trainee",
            Self::Accommodation => "arranging accommodation",
            Self::Correction => "correcting data",
            Self::PersonRequest => "answering a request of the person",
            Self::Complaint => "answering a complaint",
            Self::AuditSample => "sample check",
            Self::ThirdPartyAssessment => "call for a third-party assessment",
            Self::CertificateFile => "opening a certificate's file",
            Self::EvidenceFile => "looking at what proves work",
        }
    }
}

impl PersonalField {
    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Name => "姓名",
            Self::CitizenId => "公民身份号码",
            Self::DisabilityCard => "残疾人证号",
            Self::DisabilityCategory => "残疾类别",
            Self::DisabilityLevel => "残疾等级",
            Self::Phone => "电话",
            Self::Note => "备注",
        }
    }

    /// The English word on pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CitizenId => "identity number",
            Self::DisabilityCard => "disability certificate number",
            Self::DisabilityCategory => "disability category",
            Self::DisabilityLevel => "disability level",
            Self::Phone => "telephone",
            Self::Note => "note",
        }
    }
}

/// What a role may see of a value for a purpose; `None` is nothing (workflow.md 7 and 8).
///
/// An institution sees name and telephone of its own trainees and never number, certificate, category or level. The
/// national level sees single cases for a complaint or a sample.
pub fn may_see(role: Role, purpose: ReadPurpose, field: PersonalField) -> Option<Shown> {
    use PersonalField as F;
    use ReadPurpose as R;
    use Shown::{Ends, Whole};
    let of_purpose = match (purpose, field) {
        (R::CertificateFile | R::EvidenceFile | R::ThirdPartyAssessment, _) => None,
        (_, F::Name)
        | (R::PersonRequest, _)
        | (R::IdentityCheck | R::Correction | R::CardCheck, F::CitizenId)
        | (R::CardCheck, F::DisabilityCard)
        | (R::CardCheck | R::Accommodation, F::DisabilityCategory | F::DisabilityLevel)
        | (R::AcceptanceCall | R::AttendanceContact | R::Complaint, F::Phone)
        | (R::Accommodation, F::Note) => Some(Whole),
        (R::AcceptanceCall | R::Complaint | R::AuditSample, F::CitizenId) => Some(Ends),
        _ => None,
    };
    match role {
        Role::InstitutionOperator => of_purpose
            .filter(|_| purpose == R::AttendanceContact && matches!(field, F::Name | F::Phone)),
        Role::CountyOfficer | Role::PrefectureOfficer | Role::ProvinceOfficer => of_purpose,
        Role::NationalOfficer => {
            of_purpose.filter(|_| matches!(purpose, R::Complaint | R::AuditSample))
        }
        // Whom to call, and nothing else (workflow.md 5).
        Role::Assessor => {
            let needs = matches!(field, F::Name | F::Phone);
            (purpose == R::ThirdPartyAssessment && needs).then_some(Whole)
        }
        // Reviewers confirm, auditors read the audit, account administrators have no business: none of them needs a value.
        Role::InstitutionManager
        | Role::Reviewer
        | Role::Auditor
        | Role::AccountAdmin
        | Role::Employer
        | Role::Trainee => None,
    }
}

/// A value with its middle hidden: the first six and the last four characters.
pub fn ends(value: &str) -> String {
    let count = value.chars().count();
    value
        .chars()
        .enumerate()
        .map(|(at, one)| {
            if count > 10 && (at < 6 || at + 4 >= count) {
                one
            } else {
                '*'
            }
        })
        .collect()
}

crate::text_enum! {
    /// What a person agrees to, apart from each other (PIPL art. 29).
    ConsentPurpose("consent purpose") {
        /// Training, assessment and certificate.
        Training = "training",
        /// Being asked later about work and satisfaction.
        OutcomeFollowUp = "outcome_follow_up",
        /// The full name on the public page of one's certificate.
        ShowFullName = "show_full_name",
        /// A link from a replaced certificate to the new one.
        LinkReplacement = "link_replacement",
    }
}

impl ConsentPurpose {
    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Training => "参加培训、考核和取得证书",
            Self::OutcomeFollowUp => "培训后了解就业和满意情况",
            Self::ShowFullName => "在证书查验页显示我的全名",
            Self::LinkReplacement => "从旧证书可以看到换发的新证书",
        }
    }

    /// The English word on pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Training => "training, assessment and certificate",
            Self::OutcomeFollowUp => "being asked about work and satisfaction afterwards",
            Self::ShowFullName => "my full name on the public page of my certificate",
            Self::LinkReplacement => "a link from a replaced certificate to the new one",
        }
    }

    /// Who receives the data, in Chinese.
    pub const fn receiver_zh(self) -> &'static str {
        match self {
            Self::Training => "培训机构和残联",
            Self::OutcomeFollowUp => "残联和第三方评估机构",
            Self::ShowFullName | Self::LinkReplacement => "扫码查验的人",
        }
    }

    /// Who receives the data, in English.
    pub const fn receiver_en(self) -> &'static str {
        match self {
            Self::Training => "the training institution and the federation",
            Self::OutcomeFollowUp => "the federation and third-party assessors",
            Self::ShowFullName | Self::LinkReplacement => "whoever checks the certificate",
        }
    }

    /// What follows from refusing or withdrawing, in one Chinese sentence.
    pub const fn consequence_zh(self) -> &'static str {
        match self {
            Self::Training => {
                "撤回后不再为您办理新的培训和证书;已取得的证书仍然有效,依法应保存的记录继续保存。"
            }
            Self::OutcomeFollowUp => "撤回后我们不再联系您,您的电话会被删除;证书和补贴不受影响。",
            Self::ShowFullName => "不同意时查验页只显示隐去的姓名,证书同样有效。",
            Self::LinkReplacement => "不同意时旧证书只显示“已换发”,新证书由您自己出示。",
        }
    }

    /// The same in English.
    pub const fn consequence_en(self) -> &'static str {
        match self {
            Self::Training => {
                "After withdrawal there is no new training or certificate; certificates you hold stay valid, and records that the law wants kept are kept."
            }
            Self::OutcomeFollowUp => {
                "After withdrawal we do not contact you and delete your telephone number; certificate and subsidy are not affected."
            }
            Self::ShowFullName => {
                "Without it the page shows your masked name; the certificate is just as valid."
            }
            Self::LinkReplacement => {
                "Without it the old certificate says that it was replaced; you show the new one yourself."
            }
        }
    }
}

crate::text_enum! {
    /// Who gave a consent (field.md 15).
    GivenBy("giver of consent") {
        /// The person.
        Own = "self",
        /// A guardian.
        Guardian = "guardian",
        /// The village, for a person without a guardian at hand.
        Village = "village",
    }
}

crate::text_enum! {
    /// How a consent or a request came.
    Channel("channel") {
        /// On a page.
        Web = "web",
        /// On paper, with a scan.
        Paper = "paper",
        /// By voice, with a recording.
        Voice = "voice",
    }
}

crate::text_enum! {
    /// What a person asks for (PIPL art. 44-47).
    RequestKind("kind of request") {
        /// To see what is held.
        Access = "access",
        /// A copy that machines can read.
        Copy = "copy",
        /// To correct a wrong value.
        Correction = "correction",
        /// To delete.
        Deletion = "deletion",
    }
}

crate::text_enum! {
    /// Where a request stands.
    RequestState("state of a request") {
        /// Nobody has taken it.
        Open = "open",
        /// Somebody works on it.
        Assigned = "assigned",
        /// Granted.
        Granted = "granted",
        /// Granted but for what the law wants kept.
        GrantedInPart = "granted_in_part",
        /// Refused, with a reason.
        Refused = "refused",
    }
}

crate::text_enum! {
    /// Why a request ended as it did.
    OutcomeCode("outcome") {
        /// Done as asked.
        Done = "done",
        /// A legal duty to keep stands against it.
        LegalDuty = "legal_duty",
        /// The asker is not shown to be the person.
        NotThePerson = "not_the_person",
        /// What was said is right already, or its proof does not hold.
        Unproven = "unproven",
    }
}

impl RequestState {
    /// Whether it is decided.
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Granted | Self::GrantedInPart | Self::Refused)
    }
}

/// Numbers of personal data as versioned data; `wd` are working days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyPolicy {
    policy_id: String,
    version: String,
    /// The numbers.
    pub privacy: PrivacyNumbers,
}

/// The numbers, each with the rule it serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyNumbers {
    /// A request of a person is decided within so many wd (workflow.md 8).
    pub request_wd: u32,
    /// More persons than this read by one account in a day outside tasks raise an alarm.
    pub bulk_read_persons: u32,
    /// More persons than this whose certificates one account opens in a day raise an alarm; handing them over is daily work.
    pub bulk_file_persons: u32,
    /// Years for which a certificate and whose it is are kept.
    pub certificate_years: u32,
    /// Years for which records of payments are kept.
    pub payment_years: u32,
    /// Days from the end of a class to the end of its last outcome window.
    pub outcome_window_days: u32,
    /// Days after that window for which contact data is kept.
    pub contact_days: u32,
    /// Days for which the report of a roster that was only checked is kept.
    pub draft_roster_days: u32,
    /// Days for which openings of share links are kept.
    pub share_access_days: u32,
    /// Days for which reads of personal values are kept.
    pub read_log_days: u32,
    /// Days for which first answers are kept for repeated requests.
    pub idempotency_days: u32,
    /// Days after the answer for which it is kept who sent an objection.
    pub objector_days: u32,
    /// Days for which a consent that ended is kept as proof, by purpose.
    pub consent_proof_days: ConsentDays,
}

/// Days by purpose of consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentDays {
    /// Training.
    pub training: u32,
    /// Follow-up.
    pub outcome_follow_up: u32,
    /// Full name.
    pub show_full_name: u32,
    /// Link.
    pub link_replacement: u32,
}

impl ConsentDays {
    /// The days of a purpose.
    pub const fn of(&self, purpose: ConsentPurpose) -> u32 {
        match purpose {
            ConsentPurpose::Training => self.training,
            ConsentPurpose::OutcomeFollowUp => self.outcome_follow_up,
            ConsentPurpose::ShowFullName => self.show_full_name,
            ConsentPurpose::LinkReplacement => self.link_replacement,
        }
    }
}

impl PrivacyPolicy {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_institution_never_sees_number_certificate_category_or_level() {
        for purpose in ReadPurpose::ALL {
            for field in PersonalField::ALL {
                let seen = may_see(Role::InstitutionOperator, *purpose, *field);
                assert!(
                    seen.is_none() || matches!(field, PersonalField::Name | PersonalField::Phone),
                    "{purpose} {field}"
                );
            }
        }
    }

    #[test]
    fn disability_data_needs_a_purpose_that_needs_it() {
        let county = |purpose, field| may_see(Role::CountyOfficer, purpose, field);
        for purpose in ReadPurpose::ALL {
            let needs = matches!(purpose, ReadPurpose::CardCheck | ReadPurpose::PersonRequest);
            assert_eq!(
                county(*purpose, PersonalField::DisabilityCard).is_some(),
                needs,
                "{purpose}"
            );
        }
        assert_eq!(
            county(ReadPurpose::AcceptanceCall, PersonalField::CitizenId),
            Some(Shown::Ends)
        );
        assert_eq!(
            county(ReadPurpose::IdentityCheck, PersonalField::CitizenId),
            Some(Shown::Whole)
        );
        assert_eq!(
            may_see(
                Role::NationalOfficer,
                ReadPurpose::IdentityCheck,
                PersonalField::CitizenId
            ),
            None
        );
    }

    #[test]
    fn an_assessor_sees_whom_to_call_and_nobody_else_sees_for_that_purpose() {
        for role in Role::ALL {
            for purpose in ReadPurpose::ALL {
                for field in PersonalField::ALL {
                    let seen = may_see(*role, *purpose, *field).is_some();
                    let assessor = *role == Role::Assessor;
                    let calls = *purpose == ReadPurpose::ThirdPartyAssessment;
                    if assessor || calls {
                        let whom = matches!(field, PersonalField::Name | PersonalField::Phone);
                        assert_eq!(seen, assessor && calls && whom, "{role} {purpose} {field}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_ends_of_a_number_are_six_and_four() {
        assert_eq!(ends("330106190501010011"), "330106********0011");
        assert_eq!(ends("13800138"), "********", "a short value shows nothing");
    }
}
