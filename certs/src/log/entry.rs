//! What a leaf of the log says (`docs/formats.md` section 5). Nothing personal, and no hash of anything personal.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use ciborium::Value;
use domain::certificate::{CertificateReason, CertificateStatus};
use domain::{CreditCode, FederationCode, ProgramCode};

use crate::cbor::{self, CborFault, Fields};
use crate::keys::{Algorithm, KeyId, KeyState, PublicKey};

use super::{Hash, Word};

/// Longest entry: its length is a `uint16` in an entry bundle.
const MAX_BYTES: usize = 65_535;
const VERSION_1: u64 = 1;

mod key {
    pub(super) const VERSION: i64 = 0;
    pub(super) const KIND: i64 = 1;
    pub(super) const AT: i64 = 2;
    pub(super) const CERTIFICATE: i64 = 3;
    pub(super) const KEY_ID: i64 = 4;
    pub(super) const INSTITUTION: i64 = 5;
    pub(super) const FEDERATION: i64 = 6;
    pub(super) const PROGRAM: i64 = 7;
    pub(super) const STATUS: i64 = 8;
    pub(super) const REASON: i64 = 9;
    pub(super) const TRANSITION: i64 = 10;
    pub(super) const FROM: i64 = 11;
    pub(super) const TO: i64 = 12;
    pub(super) const PUBLIC_KEY: i64 = 13;
    pub(super) const ALGORITHM: i64 = 14;
    pub(super) const KEY_STATE: i64 = 15;
    pub(super) const POLICY: i64 = 16;
    pub(super) const SHA256: i64 = 17;
    pub(super) const PROGRAM_VERSION: i64 = 18;
    pub(super) const FREEZE: i64 = 19;
    pub(super) const NUMBER: i64 = 20;
    pub(super) const COMPROMISED_AT: i64 = 21;
    pub(super) const NOTE: i64 = 22;
    pub(super) const LOT: i64 = 23;
    pub(super) const COUNT: i64 = 24;
}

/// An entry of the log. A kind that is not listed cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafEntry {
    /// A certificate was issued.
    Issue {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The certificate hash.
        certificate: [u8; 32],
        /// The key that signed it.
        key_id: KeyId,
        /// The institution that trained.
        institution: CreditCode,
        /// The issuing federation.
        federation: FederationCode,
        /// The program.
        program: ProgramCode,
    },
    /// The status of a certificate changed.
    CertificateStatus {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The certificate hash.
        certificate: [u8; 32],
        /// What it became; `Issued` is a resumption.
        status: CertificateStatus,
        /// Why.
        reason: CertificateReason,
    },
    /// A transition of an institution's admission.
    InstitutionDecision {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The institution.
        institution: CreditCode,
        /// The admitting federation.
        federation: FederationCode,
        /// Which transition, such as `T08`.
        transition: Word,
        /// State before.
        from: Word,
        /// State after.
        to: Word,
    },
    /// A signing key changed its state.
    KeyState {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The key's name.
        key_id: KeyId,
        /// The key, with its algorithm.
        public_key: PublicKey,
        /// Its new state; the moment of a compromise is not that of the entry.
        state: KeyState,
    },
    /// A policy file came into force.
    Policy {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// Its id, such as `CN-BASE@2026.1`.
        policy: Word,
        /// SHA-256 of the file.
        sha256: [u8; 32],
    },
    /// A program version changed its state.
    ProgramPublication {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The program.
        program: ProgramCode,
        /// Its version.
        version: u32,
        /// The publishing federation.
        federation: FederationCode,
        /// State after.
        to: Word,
    },
    /// A grade was published.
    Grade {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The institution.
        institution: CreditCode,
        /// The admitting federation.
        federation: FederationCode,
        /// `A` to `D`, or `P`.
        grade: Word,
        /// The policy it was computed by.
        policy: Word,
        /// SHA-256 of the results R of the run.
        results: [u8; 32],
        /// Freeze date of the run.
        freeze: chrono::NaiveDate,
    },
    /// A bulletin changed its state.
    Bulletin {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The federation that speaks.
        federation: FederationCode,
        /// State after.
        to: Word,
        /// SHA-256 of its text.
        sha256: [u8; 32],
        /// Its number.
        number: Word,
    },
    /// This log takes over from another one, whose leaves it begins with (trust.md KY-2).
    Succession {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The last signed checkpoint of that log, byte for byte ([`super::is_signed_checkpoint`]). Its size is greater than the index of this leaf exactly when
        /// leaves were lost.
        last: String,
    },
    /// The head of the audit chain.
    AuditHead {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The head.
        sha256: [u8; 32],
    },
    /// A list was fixed from which somebody will be drawn by lot (section 19).
    LotList {
        /// When, in milliseconds.
        at: DateTime<Utc>,
        /// The draw: id of the assessment.
        lot: [u8; 16],
        /// SHA-256 of the list.
        sha256: [u8; 32],
        /// How many stand on it.
        count: u32,
    },
}

/// Why bytes are no entry of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Not the deterministic encoding of one map.
    #[error("日志条目编码不规范 / not the deterministic encoding of an entry")]
    Encoding,
    /// Longer than 65,535 bytes.
    #[error("日志条目过长 / the entry is too long")]
    TooLong,
    /// Another version.
    #[error("日志条目版本未知 / unknown version of an entry")]
    Version,
    /// A kind that this version does not know.
    #[error("日志条目种类未知 / unknown kind of entry")]
    Kind,
    /// A field is missing, superfluous or has a wrong value.
    #[error("日志条目字段不符 / wrong fields in an entry")]
    Fields,
}

impl From<CborFault> for EntryFault {
    fn from(_: CborFault) -> Self {
        Self::Encoding
    }
}

impl LeafEntry {
    /// When it happened.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Issue { at, .. }
            | Self::CertificateStatus { at, .. }
            | Self::InstitutionDecision { at, .. }
            | Self::KeyState { at, .. }
            | Self::Policy { at, .. }
            | Self::ProgramPublication { at, .. }
            | Self::Grade { at, .. }
            | Self::Bulletin { at, .. }
            | Self::Succession { at, .. }
            | Self::AuditHead { at, .. }
            | Self::LotList { at, .. } => *at,
        }
    }

    /// Number of the kind.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Issue { .. } => 1,
            Self::CertificateStatus { .. } => 2,
            Self::InstitutionDecision { .. } => 3,
            Self::KeyState { .. } => 4,
            Self::Policy { .. } => 5,
            Self::ProgramPublication { .. } => 6,
            Self::AuditHead { .. } => 7,
            Self::Grade { .. } => 8,
            Self::Bulletin { .. } => 9,
            Self::Succession { .. } => 10,
            Self::LotList { .. } => 11,
        }
    }

    /// The bytes that are hashed and served.
    pub fn encode(&self) -> Vec<u8> {
        let digest = |bytes: &[u8; 32]| Value::from(bytes.as_slice());
        let fields: Vec<(i64, Value)> = match self {
            Self::Issue {
                certificate,
                key_id,
                institution,
                federation,
                program,
                ..
            } => vec![
                (key::CERTIFICATE, digest(certificate)),
                (key::KEY_ID, key_id.as_str().into()),
                (key::INSTITUTION, institution.as_str().into()),
                (key::FEDERATION, federation.as_str().into()),
                (key::PROGRAM, program.as_str().into()),
            ],
            Self::CertificateStatus {
                certificate,
                status,
                reason,
                ..
            } => vec![
                (key::CERTIFICATE, digest(certificate)),
                (key::STATUS, status_number(*status).into()),
                (key::REASON, reason_number(*reason).into()),
            ],
            Self::InstitutionDecision {
                institution,
                federation,
                transition,
                from,
                to,
                ..
            } => vec![
                (key::INSTITUTION, institution.as_str().into()),
                (key::FEDERATION, federation.as_str().into()),
                (key::TRANSITION, transition.as_str().into()),
                (key::FROM, from.as_str().into()),
                (key::TO, to.as_str().into()),
            ],
            Self::KeyState {
                key_id,
                public_key,
                state,
                ..
            } => {
                let mut fields = vec![
                    (key::KEY_ID, key_id.as_str().into()),
                    (key::PUBLIC_KEY, public_key.as_bytes().into()),
                    (key::ALGORITHM, public_key.algorithm().as_str().into()),
                    (key::KEY_STATE, state.as_str().into()),
                ];
                if let KeyState::Compromised { at } = state {
                    fields.push((key::COMPROMISED_AT, at.timestamp_millis().into()));
                }
                fields
            }
            Self::Policy { policy, sha256, .. } => vec![
                (key::POLICY, policy.as_str().into()),
                (key::SHA256, digest(sha256)),
            ],
            Self::ProgramPublication {
                program,
                version,
                federation,
                to,
                ..
            } => vec![
                (key::FEDERATION, federation.as_str().into()),
                (key::PROGRAM, program.as_str().into()),
                (key::TO, to.as_str().into()),
                (key::PROGRAM_VERSION, (*version).into()),
            ],
            Self::AuditHead { sha256, .. } => vec![(key::SHA256, digest(sha256))],
            Self::Succession { last, .. } => vec![(key::NOTE, last.as_str().into())],
            Self::LotList {
                lot, sha256, count, ..
            } => vec![
                (key::SHA256, digest(sha256)),
                (key::LOT, Value::from(lot.as_slice())),
                (key::COUNT, (*count).into()),
            ],
            Self::Grade {
                institution,
                federation,
                grade,
                policy,
                results,
                freeze,
                ..
            } => vec![
                (key::INSTITUTION, institution.as_str().into()),
                (key::FEDERATION, federation.as_str().into()),
                (key::TO, grade.as_str().into()),
                (key::POLICY, policy.as_str().into()),
                (key::SHA256, digest(results)),
                (key::FREEZE, freeze.to_string().into()),
            ],
            Self::Bulletin {
                federation,
                to,
                sha256,
                number,
                ..
            } => vec![
                (key::FEDERATION, federation.as_str().into()),
                (key::TO, to.as_str().into()),
                (key::SHA256, digest(sha256)),
                (key::NUMBER, number.as_str().into()),
            ],
        };
        let head = [
            (key::VERSION, VERSION_1.into()),
            (key::KIND, self.kind().into()),
            (key::AT, self.at().timestamp_millis().into()),
        ];
        cbor::encode(&cbor::map(head.into_iter().chain(fields)))
    }

    /// The leaf hash.
    pub fn leaf_hash(&self) -> Hash {
        Hash::leaf(&self.encode())
    }

    /// Reads an entry strictly.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryFault> {
        if bytes.len() > MAX_BYTES {
            return Err(EntryFault::TooLong);
        }
        let mut fields = Fields::new(cbor::decode(bytes)?).ok_or(EntryFault::Encoding)?;
        if fields.uint(key::VERSION) != Some(VERSION_1) {
            return Err(EntryFault::Version);
        }
        let kind = fields.uint(key::KIND).ok_or(EntryFault::Kind)?;
        let mut reader = Reader(fields);
        let at = reader.instant(key::AT)?;
        let entry = match kind {
            1 => Self::Issue {
                at,
                certificate: reader.digest(key::CERTIFICATE)?,
                key_id: reader.parsed(key::KEY_ID)?,
                institution: reader.institution()?,
                federation: reader.parsed(key::FEDERATION)?,
                program: reader.parsed(key::PROGRAM)?,
            },
            2 => Self::CertificateStatus {
                at,
                certificate: reader.digest(key::CERTIFICATE)?,
                status: reader.numbered(key::STATUS, CertificateStatus::ALL, status_number)?,
                reason: reader.numbered(key::REASON, CertificateReason::ALL, reason_number)?,
            },
            3 => Self::InstitutionDecision {
                at,
                institution: reader.institution()?,
                federation: reader.parsed(key::FEDERATION)?,
                transition: reader.parsed(key::TRANSITION)?,
                from: reader.parsed(key::FROM)?,
                to: reader.parsed(key::TO)?,
            },
            4 => Self::KeyState {
                at,
                key_id: reader.parsed(key::KEY_ID)?,
                public_key: reader.public_key()?,
                state: reader.key_state()?,
            },
            5 => Self::Policy {
                at,
                policy: reader.parsed(key::POLICY)?,
                sha256: reader.digest(key::SHA256)?,
            },
            6 => Self::ProgramPublication {
                at,
                program: reader.parsed(key::PROGRAM)?,
                version: reader.number(key::PROGRAM_VERSION)?,
                federation: reader.parsed(key::FEDERATION)?,
                to: reader.parsed(key::TO)?,
            },
            7 => Self::AuditHead {
                at,
                sha256: reader.digest(key::SHA256)?,
            },
            8 => Self::Grade {
                at,
                institution: reader.institution()?,
                federation: reader.parsed(key::FEDERATION)?,
                grade: reader.parsed(key::TO)?,
                policy: reader.parsed(key::POLICY)?,
                results: reader.digest(key::SHA256)?,
                freeze: reader.parsed(key::FREEZE)?,
            },
            9 => Self::Bulletin {
                at,
                federation: reader.parsed(key::FEDERATION)?,
                to: reader.parsed(key::TO)?,
                sha256: reader.digest(key::SHA256)?,
                number: reader.parsed(key::NUMBER)?,
            },
            10 => Self::Succession {
                at,
                last: reader
                    .0
                    .text(key::NOTE)
                    .filter(|note| super::is_signed_checkpoint(note))
                    .ok_or(EntryFault::Fields)?,
            },
            11 => Self::LotList {
                at,
                lot: reader.bytes(key::LOT)?,
                sha256: reader.digest(key::SHA256)?,
                count: reader.number(key::COUNT)?,
            },
            _ => return Err(EntryFault::Kind),
        };
        // Field types normalise; only what comes back byte for byte is an entry of ours.
        if reader.0.is_empty() && entry.encode() == bytes {
            Ok(entry)
        } else {
            Err(EntryFault::Fields)
        }
    }
}

/// The number of a status in the log.
fn status_number(status: CertificateStatus) -> u8 {
    match status {
        CertificateStatus::Issued => 1,
        CertificateStatus::Suspended => 2,
        CertificateStatus::Revoked => 3,
        CertificateStatus::Superseded => 4,
    }
}

/// The number of a reason in the log.
fn reason_number(reason: CertificateReason) -> u8 {
    match reason {
        CertificateReason::IssuedInError => 1,
        CertificateReason::FraudByHolder => 2,
        CertificateReason::FraudByInstitution => 3,
        CertificateReason::AssessmentAnnulled => 4,
        CertificateReason::KeyCompromise => 5,
        CertificateReason::Correction => 6,
        CertificateReason::UnderReview => 7,
        CertificateReason::Cleared => 8,
    }
}

struct Reader(Fields);

impl Reader {
    fn uint(&mut self, key: i64) -> Option<u64> {
        self.0.uint(key)
    }

    fn parsed<T: FromStr>(&mut self, key: i64) -> Result<T, EntryFault> {
        self.0
            .text(key)
            .and_then(|text| text.parse().ok())
            .ok_or(EntryFault::Fields)
    }

    fn numbered<T: Copy>(
        &mut self,
        key: i64,
        all: &[T],
        number: fn(T) -> u8,
    ) -> Result<T, EntryFault> {
        let found = self
            .uint(key)
            .and_then(|found| all.iter().find(|value| u64::from(number(**value)) == found));
        found.copied().ok_or(EntryFault::Fields)
    }

    /// Some real codes of 2015 and 2016 break the inner check; they were admitted with a reason (identifiers.md section 2).
    fn institution(&mut self) -> Result<CreditCode, EntryFault> {
        let code = self.0.text(key::INSTITUTION).ok_or(EntryFault::Fields)?;
        CreditCode::parse_allowing_organisation_checksum(&code).map_err(|_| EntryFault::Fields)
    }

    fn number(&mut self, key: i64) -> Result<u32, EntryFault> {
        self.uint(key)
            .and_then(|number| number.try_into().ok())
            .ok_or(EntryFault::Fields)
    }

    fn digest(&mut self, key: i64) -> Result<[u8; 32], EntryFault> {
        self.bytes(key)
    }

    fn bytes<const N: usize>(&mut self, key: i64) -> Result<[u8; N], EntryFault> {
        self.0
            .bytes(key)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(EntryFault::Fields)
    }

    fn instant(&mut self, key: i64) -> Result<DateTime<Utc>, EntryFault> {
        let millis = self.uint(key).and_then(|millis| i64::try_from(millis).ok());
        millis
            .and_then(DateTime::from_timestamp_millis)
            .ok_or(EntryFault::Fields)
    }

    fn public_key(&mut self) -> Result<PublicKey, EntryFault> {
        let algorithm: Algorithm = self.parsed(key::ALGORITHM)?;
        let bytes = self.0.bytes(key::PUBLIC_KEY).ok_or(EntryFault::Fields)?;
        PublicKey::from_bytes(algorithm, &bytes).map_err(|_| EntryFault::Fields)
    }

    fn key_state(&mut self) -> Result<KeyState, EntryFault> {
        let compromised_at = self.instant(key::COMPROMISED_AT).ok();
        let word = self.0.text(key::KEY_STATE).ok_or(EntryFault::Fields)?;
        KeyState::from_word(&word, compromised_at).ok_or(EntryFault::Fields)
    }
}
