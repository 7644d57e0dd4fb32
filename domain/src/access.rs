//! Who acts: roles, levels of the federation, capacities, and the actor that every act stores
//! (field.md 3-5, workflow.md "Rules for every lifecycle").

use crate::ids::{AccountId, InstitutionId, PostId, StaffPersonId};

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
    /// What a post may do. The later roles (manager, reviewer, assessor, trainee, employer) join this list.
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
        /// Auditor of a federation (A): reads the audit, does no business (field.md 5).
        Auditor = "auditor",
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
    /// Letter of the transition tables: I, X, C, P, N, A.
    pub const fn letter(self) -> char {
        match self {
            Self::InstitutionOperator => 'I',
            Self::CountyOfficer => 'X',
            Self::PrefectureOfficer => 'C',
            Self::ProvinceOfficer => 'P',
            Self::NationalOfficer => 'N',
            Self::Auditor => 'A',
        }
    }

    /// Whether the role belongs to a federation.
    pub const fn is_federation(self) -> bool {
        !matches!(self, Self::InstitutionOperator)
    }

    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::InstitutionOperator => "培训机构经办人",
            Self::CountyOfficer => "县级残联经办人",
            Self::PrefectureOfficer => "市级残联经办人",
            Self::ProvinceOfficer => "省级残联经办人",
            Self::NationalOfficer => "中国残联经办人",
            Self::Auditor => "审计员",
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
            Self::Auditor => "auditor",
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
    /// Own post, delegated or substitute.
    pub capacity: Capacity,
}
