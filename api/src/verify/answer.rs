//! What a verifier may be told.

use certs::certificate::Claims;
use certs::keys::KeyId;
use certs::verdict::{Check, Lang, Standing, State, Verdict};
use chrono::{DateTime, Utc};
use domain::{CertificateNo, PersonName, PublicId};

use super::PastDay;

/// What the registry states about a certificate that it knows: nothing here is personal but the masked name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// The id on the paper.
    pub public_id: PublicId,
    /// Number.
    pub certificate_no: CertificateNo,
    /// Masked name of the holder.
    pub holder_masked: String,
    /// Kind of certificate.
    pub certificate_type: String,
    /// Program code.
    pub program_code: String,
    /// Name of the program.
    pub program_name: String,
    /// Name of the occupation.
    pub occupation_name: String,
    /// Hours of the program.
    pub hours: i32,
    /// Skill level, 0 none (`docs/formats.md` 2.1).
    pub skill_level: i32,
    /// Name of the institution today. Like the other names here it tells of no disability: else the code stands in its place.
    pub institution_name: String,
    /// Its credit code.
    pub credit_code: String,
    /// Its standing today.
    pub institution_today: Standing,
    /// Since when.
    pub institution_since: DateTime<Utc>,
    /// Issuing federation.
    pub federation: String,
    /// The area of the issuing federation; its name would tell of a disability.
    pub issuing_area: String,
    /// Number of the certificate that this one replaces.
    pub replaces: Option<CertificateNo>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When it ends, exclusive.
    pub expires_at: Option<DateTime<Utc>>,
    /// Key id.
    pub kid: String,
    /// Fingerprint of that key for people: SHA-256 of its bytes, the first 16 in groups of two.
    pub key_print: Option<String>,
    /// Position in the public log.
    pub leaf_index: u64,
    /// Size of the newest tree that covers it.
    pub tree_size: u64,
    /// Whether the holder agrees that the full name is shown.
    pub name_consent: bool,
    /// The certificate that replaces it, where its holder agrees that it is linked.
    pub replaced_by: Option<PublicId>,
    /// Whether an appeal against its suspension or revocation runs.
    pub under_appeal: bool,
}

/// The answer to one question: the verdict, and what may be shown beside it.
///
/// The verdict stays inside, because it carries the full name of the holder: [`Answer::holder_full`] gives that name only to
/// somebody who presented the signed data, which holds it already, or with the holder's consent.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) verdict: Verdict,
    pub(super) presented: bool,
    pub(super) withheld: bool,
    /// SHA-256 of the signed bytes that the registry keeps under this id, which its public log holds too.
    pub(super) registered: Option<[u8; 32]>,
    pub(super) past: Option<PastDay>,
    /// The certificate; `None` when the registry does not know it, or when what was presented is not what it knows.
    pub certificate: Option<KnownCertificate>,
}

impl Answer {
    /// A verdict from the presented bytes and a file of keys, where no registry could be asked.
    pub fn offline(verdict: Verdict) -> Self {
        Self {
            verdict,
            presented: true,
            withheld: false,
            registered: None,
            past: None,
            certificate: None,
        }
    }

    /// What the signed data says; only for who presented it.
    pub fn signed_claims(&self) -> Option<&Claims> {
        let claims = self.verdict.claims.as_ref().filter(|_| self.presented)?;
        Some(claims.claims())
    }

    /// The key that signed what was presented.
    pub fn signing_key(&self) -> Option<&KeyId> {
        let claims = self.verdict.claims.as_ref().filter(|_| self.presented)?;
        Some(claims.key_id())
    }

    /// The state, one of nine.
    pub fn state(&self) -> State {
        self.verdict.state
    }

    /// Whether the certificate is valid.
    pub fn is_valid(&self) -> bool {
        self.verdict.is_valid()
    }

    /// The heading.
    pub fn heading(&self, lang: Lang) -> &'static str {
        self.verdict.heading(lang)
    }

    /// The sentence under the heading, with its dates.
    pub fn sentence(&self, lang: Lang) -> String {
        self.verdict.sentence(lang)
    }

    /// What to do next.
    pub fn next_step(&self, lang: Lang) -> String {
        self.verdict.next_step(lang)
    }

    /// All checks in order.
    pub fn checks(&self) -> &[Check; 7] {
        &self.verdict.checks
    }

    /// The moment for which the status speaks.
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        self.verdict.as_of
    }

    /// When it was checked.
    pub fn checked_at(&self) -> DateTime<Utc> {
        self.verdict.checked_at
    }

    /// The id of the certificate, where one is known.
    pub fn public_id(&self) -> Option<PublicId> {
        self.verdict.public_id
    }

    /// The signed full name; only when the signed data itself was presented and is the registered one, or when the holder
    /// agrees that it is shown.
    pub fn holder_full(&self) -> Option<&PersonName> {
        let known = self.certificate.as_ref()?;
        if !self.presented && !known.name_consent {
            return None;
        }
        self.verdict.claims.as_ref().map(|claims| &claims.holder)
    }

    /// Whether the registry shows nothing of this certificate to the public any more, its holder having died.
    pub fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// The state on the past day that was asked for, where there is one to tell.
    pub fn past(&self) -> Option<PastDay> {
        self.past
    }

    /// Whether signed data was presented, as opposed to an id or a number.
    pub fn was_presented(&self) -> bool {
        self.presented
    }
}
