//! Open Badges 3.0 (1EdTech) on VC data model 2.0, secured as a VC-JWT (VC-JOSE-COSE; `docs/formats.md` section 10).

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::facts::CertificateFacts;
use super::fault::{CredentialFault, check_times};
use super::jws;
use crate::keys::{KeyId, KeySet, SignError, Signer};
use crate::qr::Host;

mod read;
mod wire;

use wire::Badge;

/// `typ` of the VC-JWT.
pub const BADGE_TYP: &str = "vc+jwt";
/// Longest VC-JWT in characters; a usual one has about 4000.
pub const MAX_BADGE: usize = 16 * 1024;

/// The credential as JSON, without a proof: what `certs-ld` signs, and what a VC-JWT holds besides its registered claims.
pub fn badge_json(facts: &CertificateFacts) -> Value {
    serde_json::to_value(Badge::of(facts)).expect("structs of text and numbers have a JSON form")
}

/// The credential as a VC-JWT; `nbf` and `exp` are its `validFrom` and `validUntil`.
pub fn badge_jwt(facts: &CertificateFacts, signer: &dyn Signer) -> Result<String, SignError> {
    let badge = Badge::of(facts).with_claims(facts);
    jws::sign(BADGE_TYP, &facts.host, &badge, signer)
}

/// What a VC-JWT states, under a key that may sign it, in its time. Its status has to be looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedBadge {
    facts: CertificateFacts,
    key_id: KeyId,
}

impl VerifiedBadge {
    /// What it states.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// The key that signed.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }
}

/// Leaves out the content: it holds a name.
impl fmt::Debug for VerifiedBadge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedBadge({} {})", self.facts.public_id, self.key_id)
    }
}

/// Reads a VC-JWT of the registry at `host`: exactly one text is accepted for what it states.
pub fn verify_badge(
    text: &str,
    host: &Host,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<VerifiedBadge, CredentialFault> {
    let token = jws::verify(text, BADGE_TYP, MAX_BADGE, host, keys)?;
    let badge: Badge =
        serde_json::from_slice(&token.payload).map_err(|_| CredentialFault::Payload)?;
    let facts = read::facts(&badge, host).ok_or(CredentialFault::Payload)?;
    // Whatever this reader does not compare by itself is compared here: other words, members, order, notation.
    if jws::json_bytes(&Badge::of(&facts).with_claims(&facts)) != token.payload {
        return Err(CredentialFault::Payload);
    }
    if facts.valid_from < facts.issued_at {
        return Err(CredentialFault::Payload);
    }
    check_times(token.key, facts.valid_from, facts.expires_at, now)?;
    Ok(VerifiedBadge {
        facts,
        key_id: token.key_id,
    })
}
