//! The JSON of the credential. Every term is defined by the two contexts: in safe mode JSON-LD refuses others.

use serde::{Deserialize, Serialize};

use super::super::did::did;
use super::super::facts::{CertificateFacts, NeutralName, SCHEME, base, stamp};
use super::super::status_list::{StatusPurpose, status_list_url};

pub(super) const CONTEXTS: [&str; 2] = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
];

/// The credential; the last four members stand in a VC-JWT only.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Badge {
    #[serde(rename = "@context")]
    pub(super) context: Vec<String>,
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    pub(super) name: String,
    pub(super) issuer: Issuer,
    pub(super) valid_from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) valid_until: Option<String>,
    pub(super) awarded_date: String,
    pub(super) credential_subject: Subject,
    pub(super) credential_status: Vec<StatusEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) iss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) jti: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<i64>,
}

/// The registry under its neutral name; the issuing federation by its number.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Issuer {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) other_identifier: Vec<IdentifierEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct IdentifierEntry {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) identifier: String,
    pub(super) identifier_type: String,
}

/// The holder, by name only: no id, so that nothing links two credentials of one person.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Subject {
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    pub(super) identifier: Vec<IdentityObject>,
    pub(super) license_number: String,
    pub(super) source: Institution,
    pub(super) achievement: Achievement,
    pub(super) result: Vec<ResultValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct IdentityObject {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) hashed: bool,
    pub(super) identity_hash: String,
    pub(super) identity_type: String,
}

/// Who assessed on behalf of the issuer: the training institution.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Institution {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) other_identifier: Vec<IdentifierEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Achievement {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    pub(super) achievement_type: String,
    pub(super) human_code: String,
    pub(super) in_language: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) criteria: Criteria,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) specialization: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) other_identifier: Option<Vec<IdentifierEntry>>,
    pub(super) result_description: Vec<ResultDescription>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Criteria {
    pub(super) narrative: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ResultDescription {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    pub(super) name: String,
    pub(super) result_type: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ResultValue {
    #[serde(rename = "type")]
    pub(super) kind: Vec<String>,
    pub(super) result_description: String,
    pub(super) value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct StatusEntry {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status_purpose: String,
    pub(super) status_list_index: String,
    pub(super) status_list_credential: String,
}

impl Badge {
    pub(super) fn of(facts: &CertificateFacts) -> Self {
        Self {
            context: texts(CONTEXTS),
            id: facts.url(),
            kind: texts(["VerifiableCredential", "OpenBadgeCredential"]),
            name: SCHEME.to_owned(),
            issuer: issuer(facts),
            valid_from: stamp(facts.valid_from),
            valid_until: facts.expires_at.map(stamp),
            awarded_date: stamp(facts.issued_at),
            credential_subject: subject(facts),
            credential_status: StatusPurpose::ALL
                .map(|purpose| status_entry(facts, purpose))
                .into(),
            iss: None,
            jti: None,
            nbf: None,
            exp: None,
        }
    }

    /// Adds the registered claims that openbadgeslib requires (Open Badges 3.0 section 8.2).
    pub(super) fn with_claims(self, facts: &CertificateFacts) -> Self {
        Self {
            iss: Some(self.issuer.id.clone()),
            jti: Some(self.id.clone()),
            nbf: Some(facts.valid_from.timestamp()),
            exp: facts.expires_at.map(|end| end.timestamp()),
            ..self
        }
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).into()
}

fn issuer(facts: &CertificateFacts) -> Issuer {
    Issuer {
        id: did(&facts.host),
        kind: texts(["Profile"]),
        name: SCHEME.to_owned(),
        url: format!("{}/", base(&facts.host)),
        other_identifier: vec![entry(facts.federation.as_str(), "ext:issuing-office")],
    }
}

fn entry(identifier: &str, kind: &str) -> IdentifierEntry {
    IdentifierEntry {
        kind: "IdentifierEntry".to_owned(),
        identifier: identifier.to_owned(),
        identifier_type: kind.to_owned(),
    }
}

fn subject(facts: &CertificateFacts) -> Subject {
    let achievement = achievement(facts);
    let value = |description: &ResultDescription, value: String| ResultValue {
        kind: texts(["Result"]),
        result_description: description.id.clone(),
        value,
    };
    let hours = value(&achievement.result_description[0], facts.hours.to_string());
    let level = facts
        .level
        .map(|level| value(&achievement.result_description[1], level.zh().to_owned()));
    Subject {
        kind: texts(["AchievementSubject"]),
        identifier: vec![IdentityObject {
            kind: "IdentityObject".to_owned(),
            hashed: false,
            identity_hash: facts.holder.expose().to_owned(),
            identity_type: "name".to_owned(),
        }],
        license_number: facts.certificate_no.to_string(),
        source: Institution {
            id: format!("{}/institutions/{}", base(&facts.host), facts.institution),
            kind: texts(["Profile"]),
            name: facts.institution_name.as_ref().map(NeutralName::to_string),
            other_identifier: vec![entry(
                facts.institution.as_str(),
                "ext:unified-social-credit-code",
            )],
        },
        achievement,
        result: std::iter::once(hours).chain(level).collect(),
    }
}

fn achievement(facts: &CertificateFacts) -> Achievement {
    let id = format!("{}/programs/{}", base(&facts.host), facts.program);
    let description = |fragment: &str, name: &str, kind: &str| ResultDescription {
        id: format!("{id}#{fragment}"),
        kind: texts(["ResultDescription"]),
        name: name.to_owned(),
        result_type: kind.to_owned(),
    };
    let occupation = facts.occupation.as_ref();
    let levels = facts
        .level
        .map(|_| description("level", "职业技能等级", "PerformanceLevel"));
    Achievement {
        kind: texts(["Achievement"]),
        achievement_type: "Certificate".to_owned(),
        human_code: facts.program.to_string(),
        in_language: "zh-CN".to_owned(),
        name: program_name(facts),
        description: "完成培训项目规定的学时并通过考核。".to_owned(),
        criteria: Criteria {
            narrative: "出勤达到规定比例,考核合格。".to_owned(),
        },
        specialization: occupation
            .and_then(|occupation| occupation.name.as_ref())
            .map(NeutralName::to_string),
        other_identifier: occupation
            .map(|occupation| vec![entry(occupation.code.as_str(), "ext:occupation-code")]),
        result_description: std::iter::once(description("hours", "学时", "Result"))
            .chain(levels)
            .collect(),
        id,
    }
}

/// An achievement needs a name: the code stands in where the name may not be told.
fn program_name(facts: &CertificateFacts) -> String {
    match &facts.program_name {
        Some(name) => name.to_string(),
        None => unnamed(facts.program.as_str()),
    }
}

pub(super) fn unnamed(program: &str) -> String {
    format!("培训项目 {program}")
}

fn status_entry(facts: &CertificateFacts, purpose: StatusPurpose) -> StatusEntry {
    let list = status_list_url(&facts.host, purpose, facts.status_list);
    StatusEntry {
        id: format!("{list}#{}", facts.status_index),
        kind: "BitstringStatusListEntry".to_owned(),
        status_purpose: purpose.as_str().to_owned(),
        // Digital Bazaar refuses a number here.
        status_list_index: facts.status_index.to_string(),
        status_list_credential: list,
    }
}
