//! What a clerk with a doubtful number asks: `mingzheng id check KIND VALUE`.

use chrono::NaiveDate;

use super::{
    BadIdentifier, CitizenId, CreditCode, DisabilityCardNo, ELicenceId, OccupationCode, Phone,
    RegionCode,
};

crate::text_enum! {
    /// Kinds that can be checked, by the names of the standards.
    CheckKind("kind") {
        /// 公民身份号码; also `citizen_id`.
        ResidentId = "resident_id",
        /// 统一社会信用代码.
        Uscc = "uscc",
        /// 残疾人证号; also `disability_card`.
        DisabilityCertificate = "disability_certificate",
        /// 电子证照标识.
        Elicence = "elicence",
        /// 职业编码.
        OccupationCode = "occupation_code",
        /// 行政区划代码; also `region`.
        AreaCode = "area_code",
        /// 电话.
        Phone = "phone",
    }
}

impl CheckKind {
    /// Reads a kind or one of its other names.
    pub fn find(text: &str) -> Option<Self> {
        match text {
            "citizen_id" => Some(Self::ResidentId),
            "disability_card" => Some(Self::DisabilityCertificate),
            "region" => Some(Self::AreaCode),
            "credit_code" => Some(Self::Uscc),
            other => other.parse().ok(),
        }
    }
}

/// Outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Checked {
    /// Kind.
    pub kind: &'static str,
    /// Whether every check passed.
    pub valid: bool,
    /// Normalised text when valid.
    pub normalized: Option<String>,
    /// Name of the first failing check.
    pub error: Option<&'static str>,
    /// The fault, for a sentence.
    #[serde(skip)]
    pub fault: Option<BadIdentifier>,
}

/// Checks one text. A correct number proves nothing about existence.
pub fn check(kind: CheckKind, text: &str, today: NaiveDate) -> Checked {
    let outcome = match kind {
        CheckKind::ResidentId => CitizenId::parse_at(text, today).map(|id| id.expose().to_owned()),
        CheckKind::Uscc => text
            .parse()
            .map(|code: CreditCode| code.as_str().to_owned()),
        CheckKind::DisabilityCertificate => text.parse().map(|card: DisabilityCardNo| {
            let suffix = card.reissue().map_or_else(String::new, |n| format!("B{n}"));
            format!("{}{suffix}", card.expose())
        }),
        CheckKind::Elicence => text.parse().map(|id: ELicenceId| id.as_str().to_owned()),
        CheckKind::OccupationCode => text
            .parse()
            .map(|code: OccupationCode| code.as_str().to_owned()),
        CheckKind::AreaCode => text
            .parse()
            .map(|code: RegionCode| code.as_str().to_owned()),
        CheckKind::Phone => Phone::parse_organisation(text).map(|phone| phone.expose().to_owned()),
    };
    match outcome {
        Ok(normalized) => Checked {
            kind: kind.as_str(),
            valid: true,
            normalized: Some(normalized),
            error: None,
            fault: None,
        },
        Err(bad) => Checked {
            kind: kind.as_str(),
            valid: false,
            normalized: None,
            error: Some(bad.check.as_str()),
            fault: Some(bad),
        },
    }
}
