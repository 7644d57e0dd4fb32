//! The one source of every credential: what is public about a certificate.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    CertificateNo, CreditCode, FederationCode, OccupationCode, PersonName, ProgramCode, PublicId,
    SkillLevel,
};

use crate::qr::Host;

/// Parts of a name that tell, or let one guess, that the holder is disabled (trust.md PI-5). Compared in lower case.
const TELLING: &[&str] = &[
    // Whole words first: they say more to whoever has to change a name.
    "残疾",
    "残联",
    "残",
    "盲",
    "聋",
    "哑",
    "智力",
    "肢体",
    "精神",
    "特殊教育",
    "特教",
    "阳光家园",
    "失明",
    "失聪",
    "视障",
    "听障",
    "言语障碍",
    "视力障碍",
    "听力障碍",
    "智障",
    "身心障碍",
    "孤独症",
    "自闭",
    "脑瘫",
    "唐氏",
    "disab",
    "blind",
    "deaf",
    "handicap",
    "impair",
    "autis",
];
/// Longest name in characters, as of an organisation.
const MAX_NAME: usize = 100;

/// The first part of a text that tells, or lets one guess, that somebody is disabled.
pub fn telling(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    TELLING.iter().find(|part| lower.contains(**part)).copied()
}

/// A name of a program, occupation or institution that may stand in a credential: it tells nothing about disability.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NeutralName(String);

/// A name that may not stand in a credential; the code takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "名称为空、过长或涉及残疾,凭证中只写代码 / the name is empty, too long, or tells of a disability: credentials give the code only"
)]
pub struct TellingName;

impl NeutralName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NeutralName {
    type Err = TellingName;

    fn from_str(text: &str) -> Result<Self, TellingName> {
        let plain = text.trim() == text && !text.chars().any(char::is_control);
        if plain && (1..=MAX_NAME).contains(&text.chars().count()) && telling(text).is_none() {
            Ok(Self(text.to_owned()))
        } else {
            Err(TellingName)
        }
    }
}

impl fmt::Display for NeutralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The occupation that a program leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupation {
    /// Its code.
    pub code: OccupationCode,
    /// Its name, where it may be told.
    pub name: Option<NeutralName>,
}

/// Everything public about a certificate. The key is that of the signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Host of the verify page and of did:web.
    pub host: Host,
    /// The random public id.
    pub public_id: PublicId,
    /// Number printed on the certificate.
    pub certificate_no: CertificateNo,
    /// The holder's full name.
    pub holder: PersonName,
    /// The program that was completed.
    pub program: ProgramCode,
    /// Its name, where it may be told.
    pub program_name: Option<NeutralName>,
    /// The occupation it leads to, where there is one.
    pub occupation: Option<Occupation>,
    /// Skill level, where the program leads to one.
    pub level: Option<SkillLevel>,
    /// Length of the program in teaching hours.
    pub hours: u32,
    /// The institution that trained.
    pub institution: CreditCode,
    /// Its name, where it may be told.
    pub institution_name: Option<NeutralName>,
    /// The issuing federation; credentials give its number only.
    pub federation: FederationCode,
    /// When it was issued; whole seconds.
    pub issued_at: DateTime<Utc>,
    /// From when the credential is valid; whole seconds. The issue, or the beginning of the later key that speaks for the
    /// certificate since its own was compromised; never before the issue.
    pub valid_from: DateTime<Utc>,
    /// When it ends, exclusive; `None`: it does not expire.
    pub expires_at: Option<DateTime<Utc>>,
    /// Number of the status list.
    pub status_list: u32,
    /// Index in the status list.
    pub status_index: u32,
}

/// The neutral name of the scheme, of the issuer and of a credential (design decision 2).
pub(super) const SCHEME: &str = "全国职业培训证书";

impl CertificateFacts {
    /// Address of the certificate's page, and id of its credential.
    pub fn url(&self) -> String {
        format!("{}/v/{}", base(&self.host), self.public_id)
    }
}

/// `https://HOST`.
pub(super) fn base(host: &Host) -> String {
    format!("https://{host}")
}

/// `dateTimeStamp` of the VC data model, in whole seconds of UTC.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(super) fn parse_stamp(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}
