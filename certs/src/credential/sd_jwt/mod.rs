//! SD-JWT VC (IETF SD-JWT RFC 9901, SD-JWT VC; `docs/formats.md` section 13): the holder shows some claims and keeps others.
//!
//! Neither `sd-jwt-rs` nor `sd-jwt-payload` is used: the first takes the private key itself, both make their own salts, and
//! neither reads strictly enough to be worth a second JWT library. The reference implementations in Python and JavaScript are
//! tried against this one in `tests/interop/`.

use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::did::{did, jwk};
use super::facts::{CertificateFacts, base};
use super::fault::{CredentialFault, check_times};
use super::jws;
use super::token_status::token_status_url;
use crate::keys::{KeyId, KeySet, PublicKey, SignError, Signer};
use crate::qr::Host;

mod binding;
mod disclose;
mod metadata;

pub use binding::Binding;
pub use disclose::{Disclosable, Disclosed};
pub use metadata::type_metadata;

use disclose::Disclosure;

/// `typ` of an SD-JWT VC.
pub const SD_JWT_TYP: &str = "dc+sd-jwt";
/// Longest presentation in characters.
pub const MAX_SD_JWT: usize = 16 * 1024;
/// Bytes of a salt: 128 bits (RFC 9901 section 9.3).
const SALT: usize = 16;

/// One random salt for each claim that can be disclosed. Each credential needs fresh ones: whoever knows a salt can guess a
/// claim that was kept back.
#[derive(Clone)]
pub struct Salts([[u8; SALT]; Disclosable::COUNT]);

impl Salts {
    /// Draws them.
    pub fn draw(rng: &mut impl CryptoRng) -> Self {
        let mut salts = [[0; SALT]; Disclosable::COUNT];
        for salt in &mut salts {
            rng.fill_bytes(salt);
        }
        Self(salts)
    }

    /// Takes them as they are kept or fixed.
    pub fn from_bytes(salts: [[u8; 16]; Disclosable::COUNT]) -> Self {
        Self(salts)
    }
}

/// The signed part: what is never kept back, and the digests of the rest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iss: String,
    iat: i64,
    nbf: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    vct: String,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
    #[serde(rename = "_sd_alg")]
    sd_alg: String,
    #[serde(rename = "_sd")]
    sd: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status_list: StatusReference,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusReference {
    idx: u32,
    uri: String,
}

/// RFC 7800: the holder's key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    jwk: Value,
}

/// The type of the credential: an address below the host with a neutral name.
fn vct(host: &Host) -> String {
    format!("{}/vct/training-certificate/1", base(host))
}

fn digest(text: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(text.as_bytes()))
}

/// The credential with all its disclosures, for the holder: `JWT~disclosure~…~`.
///
/// A claim that the certificate does not have leaves a digest of nothing, so that nobody sees which claims there are.
/// `holder` is the key of a wallet, if there is one: a verifier can then ask for a proof that the presenter has it.
pub fn sd_jwt(
    facts: &CertificateFacts,
    holder: Option<&PublicKey>,
    salts: &Salts,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let mut sd = Vec::with_capacity(Disclosable::COUNT);
    let mut disclosures = Vec::with_capacity(Disclosable::COUNT);
    for (claim, salt) in Disclosable::ALL.into_iter().zip(&salts.0) {
        if let Some(value) = claim.value_of(facts) {
            let text = Disclosure::new(claim, salt, value).encode();
            sd.push(digest(&text));
            disclosures.push(text);
        } else {
            sd.push(digest(&BASE64URL_NOPAD.encode(salt)));
        }
    }
    // Sorted, so that the place of a digest tells nothing (RFC 9901 section 4.2.4.1).
    sd.sort_unstable();
    let payload = Payload {
        iss: did(&facts.host),
        iat: facts.valid_from.timestamp(),
        nbf: facts.valid_from.timestamp(),
        exp: facts.expires_at.map(|end| end.timestamp()),
        vct: vct(&facts.host),
        status: status(&facts.host, facts.status_list, facts.status_index),
        cnf: holder.map(|key| Confirmation { jwk: jwk(key) }),
        sd_alg: "sha-256".to_owned(),
        sd,
    };
    let jwt = jws::sign(SD_JWT_TYP, &facts.host, &payload, signer)?;
    Ok(join(&jwt, disclosures.iter().map(String::as_str)))
}

fn status(host: &Host, list: u32, idx: u32) -> Status {
    Status {
        status_list: StatusReference {
            idx,
            uri: token_status_url(host, list),
        },
    }
}

fn join<'t>(jwt: &str, disclosures: impl Iterator<Item = &'t str>) -> String {
    let mut text = format!("{jwt}~");
    for disclosure in disclosures {
        text.push_str(disclosure);
        text.push('~');
    }
    text
}

/// Keeps the chosen disclosures. Needs no key and checks no signature; a claim that the credential does not have is left out.
pub fn present(sd_jwt: &str, chosen: &[Disclosable]) -> Result<String, CredentialFault> {
    let parts = Parts::of(sd_jwt)?;
    if parts.binding.is_some() {
        return Err(CredentialFault::Binding);
    }
    let mut kept = Vec::new();
    for text in parts.disclosures {
        if chosen.contains(&Disclosure::decode(text)?.claim) {
            kept.push(text);
        }
    }
    Ok(join(parts.jwt, kept.into_iter()))
}

/// The parts between the tildes.
struct Parts<'t> {
    jwt: &'t str,
    disclosures: Vec<&'t str>,
    /// The key binding JWT after the last tilde.
    binding: Option<&'t str>,
    /// What the key binding covers: the text with its last tilde.
    bound: &'t str,
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Result<Self, CredentialFault> {
        if text.len() > MAX_SD_JWT {
            return Err(CredentialFault::TooLong);
        }
        let (before, binding) = text.rsplit_once('~').ok_or(CredentialFault::Parts)?;
        let mut parts = before.split('~');
        let jwt = parts.next().ok_or(CredentialFault::Parts)?;
        let disclosures: Vec<_> = parts.collect();
        if disclosures.len() > Disclosable::COUNT {
            return Err(CredentialFault::Parts);
        }
        Ok(Self {
            jwt,
            disclosures,
            binding: (!binding.is_empty()).then_some(binding),
            bound: &text[..=before.len()],
        })
    }
}

/// What a presentation states, under a key that may sign it, in its time. Its status has to be looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedSdJwt {
    /// What the holder chose to show.
    pub disclosed: Disclosed,
    /// From when it is valid: the issue of the certificate, or the beginning of a later key that speaks for it.
    pub valid_from: DateTime<Utc>,
    /// When it ends, exclusive.
    pub expires_at: Option<DateTime<Utc>>,
    /// Number of the status list.
    pub status_list: u32,
    /// Index in the status list.
    pub status_index: u32,
    /// The key that signed.
    pub key_id: KeyId,
    /// Whether the presenter has proven to have the holder's key.
    pub bound: bool,
}

/// Leaves out the content: it may hold a name.
impl fmt::Debug for VerifiedSdJwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedSdJwt")
            .field("status_list", &self.status_list)
            .field("status_index", &self.status_index)
            .field("key_id", &self.key_id)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

/// Reads a presentation: every disclosure must be signed for, in exactly this registry's form.
///
/// With `binding` the presenter must prove to have the holder's key; without it a proof is refused as not asked for.
pub fn verify_sd_jwt(
    text: &str,
    host: &Host,
    keys: &KeySet,
    binding: Option<&Binding<'_>>,
    now: DateTime<Utc>,
) -> Result<VerifiedSdJwt, CredentialFault> {
    let parts = Parts::of(text)?;
    let token = jws::verify(parts.jwt, SD_JWT_TYP, MAX_SD_JWT, host, keys)?;
    let payload: Payload =
        serde_json::from_slice(&token.payload).map_err(|_| CredentialFault::Payload)?;
    let status_list = check_payload(&payload, host, &token.payload)?;
    let instant = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(CredentialFault::Payload);
    let valid_from = instant(payload.iat)?;
    let expires_at = payload.exp.map(instant).transpose()?;
    check_times(token.key, valid_from, expires_at, now)?;
    let disclosed = check_disclosures(&parts.disclosures, &payload.sd)?;
    match (binding, parts.binding) {
        (None, None) => {}
        (Some(asked), Some(proof)) => {
            let holder = payload.cnf.as_ref().ok_or(CredentialFault::Binding)?;
            binding::verify(proof, parts.bound, &holder.jwk, asked, now)?;
        }
        _ => return Err(CredentialFault::Binding),
    }
    Ok(VerifiedSdJwt {
        disclosed,
        valid_from,
        expires_at,
        status_list,
        status_index: payload.status.status_list.idx,
        key_id: token.key_id,
        bound: binding.is_some(),
    })
}

/// Number of the status list, once everything else is what this registry writes.
fn check_payload(payload: &Payload, host: &Host, signed: &[u8]) -> Result<u32, CredentialFault> {
    let uri = &payload.status.status_list.uri;
    let list = uri
        .rsplit_once('/')
        .and_then(|(_, number)| number.parse().ok())
        .filter(|number| token_status_url(host, *number) == *uri)
        .ok_or(CredentialFault::Payload)?;
    let well_formed = payload.iss == did(host)
        && payload.vct == vct(host)
        && payload.iat == payload.nbf
        && payload.sd_alg == "sha-256"
        && payload.sd.len() == Disclosable::COUNT
        && payload.sd.is_sorted_by(|earlier, later| earlier < later)
        // A second text of the same payload: blanks, escapes, `null`.
        && jws::json_bytes(payload) == signed;
    well_formed.then_some(list).ok_or(CredentialFault::Payload)
}

fn check_disclosures(texts: &[&str], signed: &[String]) -> Result<Disclosed, CredentialFault> {
    let mut disclosed = Disclosed::default();
    for text in texts {
        if !signed.contains(&digest(text)) {
            return Err(CredentialFault::DisclosureUnreferenced);
        }
        let disclosure = Disclosure::decode(text)?;
        disclosed.add(&disclosure)?;
    }
    Ok(disclosed)
}
