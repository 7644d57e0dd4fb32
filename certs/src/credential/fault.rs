//! Why text is no credential of this registry, one variant and one stable code per fault.

use crate::keys::{KeyRecord, KeyState};

/// A credential that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CredentialFault {
    /// More bytes than such a credential may have.
    #[error("内容过长 / the text is too long")]
    TooLong,
    /// Not three parts with dots between, or not the parts of an SD-JWT.
    #[error("不是凭证格式 / not the parts of a credential")]
    Parts,
    /// A part is not canonical base64url without padding.
    #[error("编码不规范 / not canonical base64url")]
    Base64,
    /// The header is not exactly that of such a credential.
    #[error("签名头不合规 / the header is not that of such a credential")]
    Header,
    /// `crit` names headers to be understood.
    #[error("含有无法理解的关键头 / a critical header")]
    CriticalHeader,
    /// `typ` is another.
    #[error("凭证类型不符 / another type of token")]
    Type,
    /// An `alg` that no key here has, `none` included.
    #[error("不支持的签名算法 / unknown algorithm")]
    Algorithm,
    /// `kid` is no key of this registry's did:web.
    #[error("密钥编号不属于本平台 / the key id is not of this registry")]
    KeyId,
    /// The key is not known.
    #[error("签发密钥未知 / the signing key is unknown")]
    UnknownKey,
    /// `alg` is not that of the key.
    #[error("签名算法与密钥不符 / the algorithm is not that of the key")]
    AlgorithmMismatch,
    /// The signature does not fit.
    #[error("签名不符,内容可能被改动 / the signature does not match")]
    Signature,
    /// Signed, but not exactly what this registry writes.
    #[error("内容不符合凭证格式 / the content is not that of such a credential")]
    Payload,
    /// The key is not yet in use.
    #[error("签发密钥尚未启用 / the signing key is not yet in use")]
    KeyPending,
    /// Issued outside of the key's period.
    #[error("签发时间不在密钥使用期内 / issued outside of the key's period")]
    KeyOutsidePeriod,
    /// The key is compromised: only the log can tell, and a credential does not carry its proof.
    #[error("签发密钥已泄露,请联网查验 / the key was compromised, ask the registry")]
    KeyCompromised,
    /// Issued later than now.
    #[error("签发时间晚于现在 / issued later than now")]
    NotYetValid,
    /// Its time has ended.
    #[error("已过有效期 / it has expired")]
    Expired,
    /// A disclosure is not in the form of this registry.
    #[error("披露内容不合规 / malformed disclosure")]
    Disclosure,
    /// A disclosure that the signed part does not reference (RFC 9901 section 7.1: reject).
    #[error("披露内容未被签名 / a disclosure that is not signed for")]
    DisclosureUnreferenced,
    /// The same disclosure or claim twice.
    #[error("披露内容重复 / a disclosure occurs twice")]
    DisclosureTwice,
    /// Key binding is missing, not asked for, or does not fit.
    #[error("持有人密钥证明缺失或不符 / the proof of the holder's key is missing or does not fit")]
    Binding,
    /// A list of another purpose, number or host.
    #[error("状态清单不是所需的那一份 / another status list")]
    OtherList,
    /// The bits of a list are damaged, too few or too many.
    #[error("状态清单的内容损坏 / damaged bits of a status list")]
    Bits,
}

impl CredentialFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Parts => "parts",
            Self::Base64 => "base64",
            Self::Header => "header",
            Self::CriticalHeader => "critical_header",
            Self::Type => "type",
            Self::Algorithm => "algorithm_unknown",
            Self::KeyId => "key_id_invalid",
            Self::UnknownKey => "key_unknown",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::Signature => "signature_mismatch",
            Self::Payload => "payload",
            Self::KeyPending => "key_pending",
            Self::KeyOutsidePeriod => "key_outside_period",
            Self::KeyCompromised => "key_compromised",
            Self::NotYetValid => "issued_later",
            Self::Expired => "expired",
            Self::Disclosure => "disclosure",
            Self::DisclosureUnreferenced => "disclosure_unreferenced",
            Self::DisclosureTwice => "disclosure_twice",
            Self::Binding => "binding",
            Self::OtherList => "other_list",
            Self::Bits => "bits",
        }
    }
}

/// Clocks may differ by this much, as in [`crate::verdict`].
const CLOCK_TOLERANCE: chrono::TimeDelta = chrono::TimeDelta::minutes(5);

/// Whether a key may speak from `valid_from` on for what is looked at `now`, and whether its time runs.
pub(super) fn check_times(
    key: &KeyRecord,
    valid_from: chrono::DateTime<chrono::Utc>,
    expires_at: Option<chrono::DateTime<chrono::Utc>>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), CredentialFault> {
    match key.state {
        KeyState::Pending => return Err(CredentialFault::KeyPending),
        KeyState::Compromised { .. } => return Err(CredentialFault::KeyCompromised),
        KeyState::Active | KeyState::Retired => {}
    }
    if valid_from < key.not_before || valid_from >= key.not_after {
        return Err(CredentialFault::KeyOutsidePeriod);
    }
    if valid_from > now + CLOCK_TOLERANCE {
        return Err(CredentialFault::NotYetValid);
    }
    if expires_at.is_some_and(|end| now >= end) {
        return Err(CredentialFault::Expired);
    }
    Ok(())
}
