//! What the presented bytes say by themselves: form, signature, key.

use domain::PublicId;

use super::{Check, CheckName, KeyStanding, Outcome, Reason};
use crate::certificate::{self, SignatureFault, VerifiedClaims};
use crate::keys::KeySet;
use crate::qr::{QrText, parse_qr_text};

/// What a verifier holds in hand.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// Text: from a QR code, pasted, or the bare base32 of a certificate.
    Text(&'a str),
    /// A tagged COSE_Sign1: from a file, or the registry's own copy found by id or by number and name.
    Cose(&'a [u8]),
    /// Nothing but an id or a number, and the registry has no signed bytes for it.
    Nothing,
}

/// The outcome of the checks that need no look-up.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The id in the text, before anything is verified: what to look up.
    pub(super) stated_id: Option<PublicId>,
    pub(super) claims: Option<VerifiedClaims>,
    pub(super) key: Option<KeyStanding>,
    pub(super) format: Check,
    pub(super) signature: Check,
    /// Only set where the key could not be judged without facts.
    pub(super) key_unknown: bool,
    /// The text was well-formed but carried no signed part.
    pub(super) id_only: bool,
}

impl Examination {
    /// The id to look up: the signed one, or the one in the text.
    pub fn public_id(&self) -> Option<PublicId> {
        self.claims
            .as_ref()
            .map(|claims| claims.public_id)
            .or(self.stated_id)
    }

    /// The claims, where the signature holds.
    pub fn claims(&self) -> Option<&VerifiedClaims> {
        self.claims.as_ref()
    }

    /// Whether the text held only an address with an id: the registry's own copy of the certificate should be examined instead.
    pub fn is_id_only(&self) -> bool {
        self.id_only
    }
}

/// Checks form, signature and key of what was presented.
pub fn examine(presented: Presented<'_>, keys: &KeySet) -> Examination {
    match presented {
        Presented::Cose(bytes) => examine_cose(bytes, None, keys),
        Presented::Nothing => Examination::blank(),
        Presented::Text(text) => match parse_qr_text(text) {
            Err(fault) => Examination::blank().with_format(Outcome::Failed, Reason::Qr(fault)),
            Ok(QrText {
                cose: Some(bytes),
                public_id,
                ..
            }) => examine_cose(&bytes, public_id, keys),
            Ok(QrText {
                cose: None,
                public_id,
                ..
            }) => Examination {
                stated_id: public_id,
                id_only: true,
                ..Examination::blank()
            },
        },
    }
}

fn examine_cose(bytes: &[u8], stated_id: Option<PublicId>, keys: &KeySet) -> Examination {
    let blank = Examination {
        stated_id,
        ..Examination::blank()
    };
    let decoded = match certificate::decode(bytes) {
        Err(fault) => return blank.with_format(Outcome::Failed, Reason::Format(fault)),
        Ok(decoded) => decoded,
    };
    if stated_id.is_some_and(|id| id != decoded.unverified_claims().public_id) {
        return blank.with_format(Outcome::Failed, Reason::IdMismatch);
    }
    let well_formed = blank.with_format(Outcome::Passed, Reason::WellFormed);
    let Some(record) = keys.find(decoded.key_id()) else {
        return Examination {
            key_unknown: true,
            ..well_formed.with_signature(Outcome::NotRun, Reason::KeyUnknown)
        };
    };
    let key = KeyStanding {
        not_before: record.not_before,
        not_after: record.not_after,
        state: record.state,
    };
    match decoded.verify_with(&record.public_key) {
        Ok(claims) => Examination {
            claims: Some(claims),
            key: Some(key),
            ..well_formed.with_signature(Outcome::Passed, Reason::SignatureHolds)
        },
        Err(fault) => {
            let reason = match fault {
                SignatureFault::AlgorithmMismatch => Reason::AlgorithmMismatch,
                _ => Reason::SignatureMismatch,
            };
            well_formed.with_signature(Outcome::Failed, reason)
        }
    }
}

impl Examination {
    fn blank() -> Self {
        let not_presented = |name| Check {
            name,
            outcome: Outcome::NotRun,
            reason: Reason::NotPresented,
        };
        Self {
            stated_id: None,
            claims: None,
            key: None,
            format: not_presented(CheckName::Format),
            signature: not_presented(CheckName::Signature),
            key_unknown: false,
            id_only: false,
        }
    }

    fn with_format(self, outcome: Outcome, reason: Reason) -> Self {
        Self {
            format: Check {
                name: CheckName::Format,
                outcome,
                reason,
            },
            ..self
        }
    }

    fn with_signature(self, outcome: Outcome, reason: Reason) -> Self {
        Self {
            signature: Check {
                name: CheckName::Signature,
                outcome,
                reason,
            },
            ..self
        }
    }
}
