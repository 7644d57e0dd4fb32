//! The claims that a holder shows or keeps, and the text of a disclosure (RFC 9901 section 4.2.1).

use data_encoding::BASE64URL_NOPAD;
use domain::{
    CertificateNo, CreditCode, FederationCode, OccupationCode, PersonName, ProgramCode, SkillLevel,
};
use serde_json::{Value, json};

use super::super::facts::{CertificateFacts, NeutralName};
use super::super::fault::CredentialFault;
use super::super::jws;

/// A claim that the holder may show or keep. Validity, type, status and the holder's key are always shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disclosable {
    /// The holder's full name.
    Name,
    /// Certificate number.
    CertificateNumber,
    /// Address of the certificate's page.
    VerifyUrl,
    /// Program, code and name.
    Programme,
    /// Occupation, code and name.
    Occupation,
    /// Skill level, code and word.
    Level,
    /// Teaching hours.
    Hours,
    /// Training institution, code and name.
    Institution,
    /// Number of the issuing federation.
    IssuingOffice,
}

impl Disclosable {
    /// How many there are.
    pub const COUNT: usize = 9;
    /// All of them, in the order of their salts.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Name,
        Self::CertificateNumber,
        Self::VerifyUrl,
        Self::Programme,
        Self::Occupation,
        Self::Level,
        Self::Hours,
        Self::Institution,
        Self::IssuingOffice,
    ];

    /// Name of the claim.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CertificateNumber => "certificate_number",
            Self::VerifyUrl => "verify_url",
            Self::Programme => "programme",
            Self::Occupation => "occupation",
            Self::Level => "level",
            Self::Hours => "hours",
            Self::Institution => "institution",
            Self::IssuingOffice => "issuing_office",
        }
    }

    /// The claim of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.as_str() == text)
    }

    /// Its label for people, Chinese and English.
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("姓名", "Name"),
            Self::CertificateNumber => ("证书编号", "Certificate number"),
            Self::VerifyUrl => ("查验网址", "Verification page"),
            Self::Programme => ("培训项目", "Programme"),
            Self::Occupation => ("职业", "Occupation"),
            Self::Level => ("职业技能等级", "Skill level"),
            Self::Hours => ("学时", "Hours"),
            Self::Institution => ("培训机构", "Training institution"),
            Self::IssuingOffice => ("发证单位代码", "Issuing office code"),
        }
    }

    pub(super) fn value_of(self, facts: &CertificateFacts) -> Option<Value> {
        let named = |code: &str, name: Option<&NeutralName>| match name {
            Some(name) => json!({ "code": code, "name": name.as_str() }),
            None => json!({ "code": code }),
        };
        Some(match self {
            Self::Name => Value::from(facts.holder.expose()),
            Self::CertificateNumber => Value::from(facts.certificate_no.as_str()),
            Self::VerifyUrl => Value::from(facts.url()),
            Self::Programme => named(facts.program.as_str(), facts.program_name.as_ref()),
            Self::Occupation => {
                let occupation = facts.occupation.as_ref()?;
                named(occupation.code.as_str(), occupation.name.as_ref())
            }
            Self::Level => {
                let level = facts.level?;
                json!({ "code": level.to_u8(), "name": level.zh() })
            }
            Self::Hours => Value::from(facts.hours),
            Self::Institution => named(facts.institution.as_str(), facts.institution_name.as_ref()),
            Self::IssuingOffice => Value::from(facts.federation.as_str()),
        })
    }
}

/// Salt, claim and value.
pub(super) struct Disclosure {
    salt: String,
    pub(super) claim: Disclosable,
    value: Value,
}

impl Disclosure {
    pub(super) fn new(claim: Disclosable, salt: &[u8], value: Value) -> Self {
        Self {
            salt: BASE64URL_NOPAD.encode(salt),
            claim,
            value,
        }
    }

    pub(super) fn encode(&self) -> String {
        let array = (&self.salt, self.claim.as_str(), &self.value);
        BASE64URL_NOPAD.encode(&jws::json_bytes(&array))
    }

    /// Only what [`Disclosure::encode`] writes; `_sd`, `...` and claims that are never disclosed are no claims here.
    pub(super) fn decode(text: &str) -> Result<Self, CredentialFault> {
        let bytes = jws::base64(text)?;
        let (salt, claim, value): (String, String, Value) =
            serde_json::from_slice(&bytes).map_err(|_| CredentialFault::Disclosure)?;
        let disclosure = Self {
            salt,
            claim: Disclosable::parse(&claim).ok_or(CredentialFault::Disclosure)?,
            value,
        };
        if disclosure.encode() == text {
            Ok(disclosure)
        } else {
            Err(CredentialFault::Disclosure)
        }
    }
}

/// What a holder showed; `None`: kept back, or not stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosed {
    /// The holder's full name.
    pub name: Option<PersonName>,
    /// Certificate number.
    pub certificate_number: Option<CertificateNo>,
    /// Address of the certificate's page.
    pub verify_url: Option<String>,
    /// Program with its name.
    pub programme: Option<(ProgramCode, Option<NeutralName>)>,
    /// Occupation with its name.
    pub occupation: Option<(OccupationCode, Option<NeutralName>)>,
    /// Skill level.
    pub level: Option<SkillLevel>,
    /// Teaching hours.
    pub hours: Option<u32>,
    /// Institution with its name.
    pub institution: Option<(CreditCode, Option<NeutralName>)>,
    /// The issuing federation.
    pub issuing_office: Option<FederationCode>,
}

impl Disclosed {
    pub(super) fn add(&mut self, disclosure: &Disclosure) -> Result<(), CredentialFault> {
        let value = &disclosure.value;
        let text = value.as_str();
        match disclosure.claim {
            Disclosable::Name => once(&mut self.name, text.and_then(|text| text.parse().ok())),
            Disclosable::CertificateNumber => once(
                &mut self.certificate_number,
                text.and_then(|text| text.parse().ok()),
            ),
            Disclosable::VerifyUrl => once(&mut self.verify_url, text.map(str::to_owned)),
            Disclosable::Programme => {
                once(&mut self.programme, coded(value, |code| code.parse().ok()))
            }
            Disclosable::Occupation => {
                once(&mut self.occupation, coded(value, |code| code.parse().ok()))
            }
            Disclosable::Level => once(&mut self.level, level(value)),
            Disclosable::Hours => once(
                &mut self.hours,
                value.as_u64().and_then(|hours| hours.try_into().ok()),
            ),
            Disclosable::Institution => once(
                &mut self.institution,
                coded(value, |code| {
                    CreditCode::parse_allowing_organisation_checksum(code).ok()
                }),
            ),
            Disclosable::IssuingOffice => once(
                &mut self.issuing_office,
                text.and_then(|text| text.parse().ok()),
            ),
        }
    }
}

fn once<T>(place: &mut Option<T>, value: Option<T>) -> Result<(), CredentialFault> {
    if place.is_some() {
        return Err(CredentialFault::DisclosureTwice);
    }
    *place = Some(value.ok_or(CredentialFault::Disclosure)?);
    Ok(())
}

type Coded<C> = (C, Option<NeutralName>);

fn coded<C>(value: &Value, parse: impl Fn(&str) -> Option<C>) -> Option<Coded<C>> {
    let members = value.as_object()?;
    let code = parse(members.get("code")?.as_str()?)?;
    match (members.len(), members.get("name")) {
        (1, None) => Some((code, None)),
        (2, Some(name)) => Some((code, Some(name.as_str()?.parse().ok()?))),
        _ => None,
    }
}

fn level(value: &Value) -> Option<SkillLevel> {
    let code = value.get("code")?.as_u64()?;
    let level = SkillLevel::try_from(u8::try_from(code).ok()?).ok()?;
    (value.as_object()?.len() == 2 && value.get("name")?.as_str()? == level.zh()).then_some(level)
}
