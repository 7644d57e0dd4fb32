//! Bitstring Status List credentials (W3C Bitstring Status List 1.0; `docs/formats.md` section 12).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bitmap::{BitmapFault, StatusBitmap};
use super::did::did;
use super::facts::{base, parse_stamp, stamp};
use super::fault::{CredentialFault, check_times};
use super::jws;
use crate::keys::{KeyId, KeySet, SignError, Signer};
use crate::qr::Host;

/// How long a list is good: a day, so that an old copy cannot be replayed for long.
pub const LIST_VALIDITY: TimeDelta = TimeDelta::days(1);
/// How long a list may be kept before it is fetched anew: five minutes, the standard's own default.
pub const LIST_TTL: TimeDelta = TimeDelta::minutes(5);
/// Longest token of a list in characters.
pub const MAX_LIST: usize = 3 * 1024 * 1024;

/// What a set bit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusPurpose {
    /// Revoked or replaced: for good.
    Revocation,
    /// On hold.
    Suspension,
}

impl StatusPurpose {
    /// Both, in the order of a credential's entries.
    pub const ALL: [Self; 2] = [Self::Revocation, Self::Suspension];

    /// The word of the standard.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }
}

impl FromStr for StatusPurpose {
    type Err = CredentialFault;

    fn from_str(text: &str) -> Result<Self, CredentialFault> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or(CredentialFault::OtherList)
    }
}

impl fmt::Display for StatusPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Address of a list, and its id.
pub fn status_list_url(host: &Host, purpose: StatusPurpose, number: u32) -> String {
    format!("{}/status/{purpose}/{number}", base(host))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct List {
    #[serde(rename = "@context")]
    context: Vec<String>,
    id: String,
    #[serde(rename = "type")]
    kind: Vec<String>,
    issuer: String,
    valid_from: String,
    valid_until: String,
    credential_subject: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Subject {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    status_purpose: String,
    ttl: i64,
    encoded_list: String,
}

impl List {
    fn new(
        host: &Host,
        purpose: StatusPurpose,
        number: u32,
        encoded_list: String,
        at: DateTime<Utc>,
    ) -> Self {
        let url = status_list_url(host, purpose, number);
        Self {
            context: vec!["https://www.w3.org/ns/credentials/v2".to_owned()],
            kind: vec![
                "VerifiableCredential".to_owned(),
                "BitstringStatusListCredential".to_owned(),
            ],
            issuer: did(host),
            valid_from: stamp(at),
            valid_until: stamp(at + LIST_VALIDITY),
            credential_subject: Subject {
                id: format!("{url}#list"),
                kind: "BitstringStatusList".to_owned(),
                status_purpose: purpose.as_str().to_owned(),
                ttl: LIST_TTL.num_milliseconds(),
                encoded_list,
            },
            id: url,
            iss: None,
            jti: None,
            nbf: None,
            exp: None,
        }
    }

    fn with_claims(self, at: DateTime<Utc>) -> Self {
        Self {
            iss: Some(self.issuer.clone()),
            jti: Some(self.id.clone()),
            nbf: Some(at.timestamp()),
            exp: Some((at + LIST_VALIDITY).timestamp()),
            ..self
        }
    }
}

/// The list as JSON without a proof: what `certs-ld` signs. `at`: the moment for which it speaks.
pub fn status_list_json(
    host: &Host,
    purpose: StatusPurpose,
    number: u32,
    bits: &StatusBitmap,
    at: DateTime<Utc>,
) -> Value {
    serde_json::to_value(List::new(host, purpose, number, bits.encode(), at))
        .expect("structs of text and numbers have a JSON form")
}

/// The list as a VC-JWT.
pub fn status_list_jwt(
    host: &Host,
    purpose: StatusPurpose,
    number: u32,
    bits: &StatusBitmap,
    at: DateTime<Utc>,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let list = List::new(host, purpose, number, bits.encode(), at).with_claims(at);
    jws::sign(super::BADGE_TYP, host, &list, signer)
}

/// A list whose signature holds, in its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedStatusList {
    bits: StatusBitmap,
    as_of: DateTime<Utc>,
    key_id: KeyId,
}

impl VerifiedStatusList {
    /// The bits.
    pub fn bits(&self) -> &StatusBitmap {
        &self.bits
    }

    /// The moment for which it speaks.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// End of its validity, exclusive.
    pub fn fresh_until(&self) -> DateTime<Utc> {
        self.as_of + LIST_VALIDITY
    }

    /// The key that signed.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }
}

/// Reads the list of one purpose and number; any other, and an old one, is refused.
pub fn verify_status_list(
    text: &str,
    host: &Host,
    purpose: StatusPurpose,
    number: u32,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<VerifiedStatusList, CredentialFault> {
    let token = jws::verify(text, super::BADGE_TYP, MAX_LIST, host, keys)?;
    let list: List =
        serde_json::from_slice(&token.payload).map_err(|_| CredentialFault::Payload)?;
    if list.id != status_list_url(host, purpose, number) {
        return Err(CredentialFault::OtherList);
    }
    let as_of = parse_stamp(&list.valid_from).ok_or(CredentialFault::Payload)?;
    let bits = StatusBitmap::decode(&list.credential_subject.encoded_list)
        .map_err(|_: BitmapFault| CredentialFault::Bits)?;
    let encoded = list.credential_subject.encoded_list;
    let written = List::new(host, purpose, number, encoded, as_of).with_claims(as_of);
    if jws::json_bytes(&written) != token.payload {
        return Err(CredentialFault::Payload);
    }
    check_times(token.key, as_of, Some(as_of + LIST_VALIDITY), now)?;
    Ok(VerifiedStatusList {
        bits,
        as_of,
        key_id: token.key_id,
    })
}
