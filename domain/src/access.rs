//! Who acts: roles, levels of the federation, capacities, and the actor that every act stores
//! (field.md 3-5, workflow.md "Rules for every lifecycle").

use crate::ids::{AccountId, InstitutionId, PersonId, PostId, StaffPersonId};

/// A code that the enum does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {0}")]
pub struct UnknownCode(pub &'static str);

/// Gives an enum its stable text form: `as_str`, `Display`, `FromStr`, `ALL`, serde by that text.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),* }

        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stable code used in tables, the API and files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::access::UnknownCode;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text { $($text => Ok(Self::$variant),)* _ => Err($crate::access::UnknownCode($what)) }
            }
        }
    };
}

text_enum! {
    /// What a post is for (workflow.md 7, field.md 4 and 5). Who administers accounts has no business powers, who
    /// audits reads only, who confirms proposes nothing.
    Role("role") {
        /// Staff of a training institution.
        InstitutionOperator = "institution_operator",
        /// County federation (X in the transition tables).
        CountyOfficer = "county_officer",
        /// Prefecture federation (C).
        PrefectureOfficer = "prefecture_officer",
        /// Province-level federation, the corps included (P).
        ProvinceOfficer = "province_officer",
        /// China Disabled Persons' Federation (N).
        NationalOfficer = "national_officer",
        /// Head of a training institution: sees what is its own and administers its operators.
        InstitutionManager = "institution_manager",
        /// Second person of a federation: confirms what another proposed, proposes nothing.
        Reviewer = "reviewer",
        /// Accredited third-party assessor: sees what is assigned.
        Assessor = "assessor",
        /// Reads everything of the area, writes nothing.
        Auditor = "auditor",
        /// Administers the accounts of a federation and those below it; no business.
        AccountAdmin = "account_admin",
        /// A trainee, for their own record.
        Trainee = "trainee",
        /// An employer who checks many certificates.
        Employer = "employer",
    }
}

text_enum! {
    /// In which capacity a post acts (field.md 4).
    Capacity("capacity") {
        /// The holder of the post.
        Own = "own",
        /// By a delegation with a document.
        Delegated = "delegated",
        /// In place of an absent colleague.
        Substitute = "substitute",
    }
}

text_enum! {
    /// Through which tie a federation sees a record (field.md 3).
    ScopeCapacity("scope capacity") {
        /// The training takes place there.
        Site = "site",
        /// The trainee's household is registered there.
        Household = "household",
        /// The trainee works there.
        Workplace = "workplace",
        /// It pays.
        Payer = "payer",
    }
}

impl Role {
    /// Letter of the transition tables (I, X, C, P, N) and of the permission table.
    pub const fn letter(self) -> char {
        match self {
            Self::InstitutionOperator => 'I',
            Self::CountyOfficer => 'X',
            Self::PrefectureOfficer => 'C',
            Self::ProvinceOfficer => 'P',
            Self::NationalOfficer => 'N',
            Self::InstitutionManager => 'M',
            Self::Reviewer => 'R',
            Self::Assessor => 'A',
            Self::Auditor => 'U',
            Self::AccountAdmin => 'D',
            Self::Trainee => 'T',
            Self::Employer => 'E',
        }
    }

    /// Whether the role belongs to a federation.
    pub const fn is_federation(self) -> bool {
        matches!(
            self,
            Self::CountyOfficer
                | Self::PrefectureOfficer
                | Self::ProvinceOfficer
                | Self::NationalOfficer
                | Self::Reviewer
                | Self::Auditor
                | Self::AccountAdmin
        )
    }

    /// Whether the role belongs to a training institution.
    pub const fn is_institution(self) -> bool {
        matches!(self, Self::InstitutionOperator | Self::InstitutionManager)
    }

    /// Whether the role approves, signs, exports or sees personal data of others, so that its holder must prove a
    /// second factor (trust.md AU-5).
    pub const fn needs_second_factor(self) -> bool {
        !matches!(self, Self::Trainee | Self::Employer)
    }

    /// Whether a post of this role may sit in a federation of this level (`county`, `prefecture`, `province`,
    /// `national`).
    pub fn fits_level(self, level: &str) -> bool {
        match self {
            Self::CountyOfficer => level == "county" || level == "prefecture",
            Self::PrefectureOfficer => level == "prefecture",
            Self::ProvinceOfficer => level == "province",
            Self::NationalOfficer => level == "national",
            Self::Reviewer | Self::Auditor | Self::AccountAdmin => true,
            _ => false,
        }
    }

    /// The officers' role of a level: a reviewer confirms with the powers of this role.
    pub fn officer_of(level: &str) -> Option<Self> {
        match level {
            "county" => Some(Self::CountyOfficer),
            "prefecture" => Some(Self::PrefectureOfficer),
            "province" => Some(Self::ProvinceOfficer),
            "national" => Some(Self::NationalOfficer),
            _ => None,
        }
    }

    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::InstitutionOperator => "培训机构经办人",
            Self::CountyOfficer => "县级残联经办人",
            Self::PrefectureOfficer => "市级残联经办人",
            Self::ProvinceOfficer => "省级残联经办人",
            Self::NationalOfficer => "中国残联经办人",
            Self::InstitutionManager => "培训机构负责人",
            Self::Reviewer => "残联复核人",
            Self::Assessor => "第三方评估人员",
            Self::Auditor => "审计人员",
            Self::AccountAdmin => "账号管理员",
            Self::Trainee => "学员",
            Self::Employer => "用人单位",
        }
    }

    /// The English word on pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::InstitutionOperator => "institution operator",
            Self::CountyOfficer => "county federation officer",
            Self::PrefectureOfficer => "prefecture federation officer",
            Self::ProvinceOfficer => "province federation officer",
            Self::NationalOfficer => "national federation officer",
            Self::InstitutionManager => "institution manager",
            Self::Reviewer => "federation reviewer",
            Self::Assessor => "third-party assessor",
            Self::Auditor => "auditor",
            Self::AccountAdmin => "account administrator",
            Self::Trainee => "trainee",
            Self::Employer => "employer",
        }
    }
}

/// Who acts, as every stored act remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The human being; two-person acts compare this.
    pub person: StaffPersonId,
    /// The sign-in used; idempotency keys are scoped to it.
    pub account: AccountId,
    /// The post acted from.
    pub post: PostId,
    /// The post's role.
    pub role: Role,
    /// The federation of the post, as six digits (`000000` national); `None` for institution staff.
    pub federation: Option<String>,
    /// The institution of the post; `None` for federation staff and before the first application.
    pub institution: Option<InstitutionId>,
    /// The trainee behind the account; `None` for staff.
    pub trainee: Option<PersonId>,
    /// Own post, delegated or substitute.
    pub capacity: Capacity,
}
