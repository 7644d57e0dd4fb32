//! The JSON of a verdict: the server and the command line write the same.

use certs::verdict::{Check, Lang, Standing, State};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::SkillLevel;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// Both forms.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// One check of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckBody {
    /// `format`, `signature`, `key`, `log_inclusion`, `status`, `expiry`, `institution`.
    pub name: &'static str,
    /// `passed`, `failed`, `not_run`; a check that did not run never counts as passed.
    pub outcome: &'static str,
    /// Stable code of the reason.
    pub reason: &'static str,
    /// What is checked.
    pub label: Words,
    /// Why it ended so.
    pub detail: Words,
}

impl From<&Check> for CheckBody {
    fn from(check: &Check) -> Self {
        Self {
            name: check.name.code(),
            outcome: check.outcome.code(),
            reason: check.reason.code(),
            label: Words::new(check.name.zh(), check.name.en()),
            detail: Words::new(check.sentence(Lang::Zh), check.sentence(Lang::En)),
        }
    }
}

/// How fresh a verdict is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FreshnessBody {
    /// The moment for which the status speaks; null when no status was looked up.
    pub as_of: Option<String>,
    /// When the check was made.
    pub checked_at: String,
}

/// An institution in a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct InstitutionBody {
    /// Name today; the credit code where the name would tell of a disability.
    pub name: String,
    /// Unified social credit code.
    pub credit_code: String,
    /// Today: `authorised`, `suspended`, `exited`, `not_admitted`; no part of the verdict.
    pub standing: &'static str,
    /// Since when.
    pub since: String,
}

/// A certificate in a verdict; nothing personal but the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CertificateBody {
    /// The id on the paper.
    pub id: String,
    /// Number.
    pub certificate_no: String,
    /// Name of the holder: masked, in full only for who presented the signed data, or with the holder's consent.
    pub holder: String,
    /// Whether `holder` is masked.
    pub holder_masked: bool,
    /// Kind of certificate.
    pub certificate_type: String,
    /// Program code.
    pub program_code: String,
    /// Name of the program; its code where the name would tell of a disability.
    pub program: String,
    /// Name of the occupation; its code where the name would tell of a disability.
    pub occupation: String,
    /// Hours of the program.
    pub hours: i32,
    /// Skill level, where the program leads to one.
    pub skill_level: Option<&'static str>,
    /// The institution that trained.
    pub institution: InstitutionBody,
    /// Code of the issuing federation.
    pub federation: String,
    /// The area of the issuing authority.
    pub issuing_area: String,
    /// When it was issued.
    pub issued_at: String,
    /// When it ends, exclusive; null when it does not expire.
    pub expires_at: Option<String>,
    /// The key that signed it.
    pub kid: String,
    /// Position in the public log.
    pub log_index: u64,
    /// Size of the newest signed tree.
    pub tree_size: u64,
    /// Number of the certificate in whose place this one was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// Id of the certificate that replaces it, where its holder agrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// There and true while an appeal against its suspension or revocation runs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub under_appeal: bool,
}

/// The state on the day that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PastBody {
    /// The day in China; what held at its end is told.
    pub on: String,
    /// `valid`, `revoked`, `expired`, `suspended`, `superseded`.
    pub state: &'static str,
    /// The same in words.
    pub heading: Words,
}

impl From<super::PastDay> for PastBody {
    fn from(past: super::PastDay) -> Self {
        Self {
            on: past.on.to_string(),
            state: past.state.code(),
            heading: Words::new(past.state.zh(), past.state.en()),
        }
    }
}

/// A verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VerificationBody {
    /// `valid`, `revoked`, `expired`, `suspended`, `superseded`, `not_genuine`, `not_found`, `indeterminate`, `recorded`.
    pub state: &'static str,
    /// Whether `state` is `valid`.
    pub valid: bool,
    /// Heading.
    pub heading: Words,
    /// The sentence under it.
    pub sentence: Words,
    /// What to do next.
    pub next_step: Words,
    /// All checks in order.
    pub checks: Vec<CheckBody>,
    /// The state on the day that was asked for with `on`; `state` is that of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_day: Option<PastBody>,
    /// How fresh it is.
    pub freshness: FreshnessBody,
    /// The id of the certificate, where one is known.
    pub id: Option<String>,
    /// The certificate; null when the registry does not know it, or when what was presented is not what it knows.
    pub certificate: Option<CertificateBody>,
    /// There and true where the registry shows nothing of the certificate to the public any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

/// An instant as the API writes it.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The code of a standing.
pub const fn standing_code(standing: Standing) -> &'static str {
    match standing {
        Standing::Authorised => "authorised",
        Standing::Suspended => "suspended",
        Standing::Exited => "exited",
        Standing::NotAdmitted => "not_admitted",
    }
}

impl From<&Answer> for VerificationBody {
    fn from(answer: &Answer) -> Self {
        let state: State = answer.state();
        Self {
            state: state.code(),
            valid: answer.is_valid(),
            heading: Words::new(answer.heading(Lang::Zh), answer.heading(Lang::En)),
            sentence: Words::new(answer.sentence(Lang::Zh), answer.sentence(Lang::En)),
            next_step: Words::new(answer.next_step(Lang::Zh), answer.next_step(Lang::En)),
            checks: answer.checks().iter().map(CheckBody::from).collect(),
            on_day: answer.past().map(PastBody::from),
            freshness: FreshnessBody {
                as_of: answer.as_of().map(instant),
                checked_at: instant(answer.checked_at()),
            },
            id: answer.public_id().map(|id| id.to_string()),
            certificate: CertificateBody::of(answer),
            withheld: answer.is_withheld(),
        }
    }
}

impl CertificateBody {
    fn of(answer: &Answer) -> Option<Self> {
        let known = answer.certificate.as_ref()?;
        let full = answer.holder_full();
        let level = u8::try_from(known.skill_level)
            .ok()
            .and_then(|level| SkillLevel::try_from(level).ok());
        Some(Self {
            id: known.public_id.to_string(),
            certificate_no: known.certificate_no.as_str().to_owned(),
            holder: full.map_or_else(
                || known.holder_masked.clone(),
                |name| name.expose().to_owned(),
            ),
            holder_masked: full.is_none(),
            certificate_type: known.certificate_type.clone(),
            program_code: known.program_code.clone(),
            program: known.program_name.clone(),
            occupation: known.occupation_name.clone(),
            hours: known.hours,
            skill_level: level.map(SkillLevel::as_str),
            institution: InstitutionBody {
                name: known.institution_name.clone(),
                credit_code: known.credit_code.clone(),
                standing: standing_code(known.institution_today),
                since: instant(known.institution_since),
            },
            federation: known.federation.clone(),
            issuing_area: known.issuing_area.clone(),
            issued_at: instant(known.issued_at),
            expires_at: known.expires_at.map(instant),
            kid: known.kid.clone(),
            log_index: known.leaf_index,
            tree_size: known.tree_size,
            replaces: known
                .replaces
                .as_ref()
                .map(|number| number.as_str().to_owned()),
            replaced_by: known.replaced_by.map(|id| id.to_string()),
            under_appeal: known.under_appeal,
        })
    }
}
