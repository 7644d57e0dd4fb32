//! Why bytes are no certificate, one variant and one stable code per fault.

use crate::cbor::CborFault;

/// A form that is not exactly that of `docs/formats.md` section 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum FormatFault {
    /// More than 4096 bytes.
    #[error("内容过长 / longer than 4096 bytes")]
    TooLong,
    /// The bytes end too early.
    #[error("内容不完整 / the bytes end too early")]
    Truncated,
    /// No CBOR tag 18, or another tag.
    #[error("不是证书签名格式 / not a tagged COSE_Sign1")]
    Tag,
    /// An item of indefinite length.
    #[error("编码不规范:不定长 / an item of indefinite length")]
    Indefinite,
    /// A longer encoding than needed, or keys out of order.
    #[error("编码不规范 / not the deterministic encoding")]
    NonCanonical,
    /// A map key twice.
    #[error("编码不规范:键重复 / a map key occurs twice")]
    DuplicateKey,
    /// Bytes after the end.
    #[error("末尾有多余内容 / bytes follow after the end")]
    Trailing,
    /// Not CBOR, or types that a certificate never holds.
    #[error("无法解析 / not CBOR of a certificate")]
    Malformed,
    /// Not the four parts of a COSE_Sign1 with the right types.
    #[error("签名结构不完整 / not the four parts of a COSE_Sign1")]
    Structure,
    /// Something stands in the unprotected header.
    #[error("含有未受签名保护的内容 / the unprotected header is not empty")]
    Unprotected,
    /// No `alg`.
    #[error("缺少签名算法 / the algorithm is missing")]
    AlgorithmMissing,
    /// An `alg` that no key here has.
    #[error("不支持的签名算法 / unknown algorithm")]
    AlgorithmUnknown,
    /// No `kid`.
    #[error("缺少密钥编号 / the key id is missing")]
    KeyIdMissing,
    /// A `kid` that is no key id.
    #[error("密钥编号格式错误 / not a key id")]
    KeyIdInvalid,
    /// `crit` names headers to be understood.
    #[error("含有无法理解的关键头 / a critical header")]
    CriticalHeader,
    /// Another header.
    #[error("含有未知的头 / an unknown header")]
    HeaderUnknown,
    /// The signature has the wrong length.
    #[error("签名长度错误 / wrong length of the signature")]
    SignatureLength,
    /// A claim is missing.
    #[error("缺少证书内容项 / a claim is missing")]
    ClaimMissing(Claim),
    /// A claim has the wrong type or a value that its type refuses.
    #[error("证书内容项不合规 / a claim is invalid")]
    ClaimInvalid(Claim),
    /// A claim that this version does not know.
    #[error("含有未知的证书内容项 / an unknown claim")]
    ClaimUnknown,
}

/// A claim, as faults name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// `exp`.
    ExpiresAt,
    /// `iat`.
    IssuedAt,
    /// The map of our own claims.
    Registry,
    /// Name of the holder.
    Holder,
    /// Certificate number.
    CertificateNo,
    /// Program code.
    Program,
    /// Credit code of the institution.
    Institution,
    /// Skill level.
    Level,
    /// Status list number.
    StatusList,
    /// Index in the status list.
    StatusIndex,
    /// Public id.
    PublicId,
}

impl FormatFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Truncated => "truncated",
            Self::Tag => "tag",
            Self::Indefinite => "indefinite_length",
            Self::NonCanonical => "non_canonical",
            Self::DuplicateKey => "duplicate_key",
            Self::Trailing => "trailing_bytes",
            Self::Malformed => "malformed",
            Self::Structure => "structure",
            Self::Unprotected => "unprotected_header",
            Self::AlgorithmMissing => "algorithm_missing",
            Self::AlgorithmUnknown => "algorithm_unknown",
            Self::KeyIdMissing => "key_id_missing",
            Self::KeyIdInvalid => "key_id_invalid",
            Self::CriticalHeader => "critical_header",
            Self::HeaderUnknown => "header_unknown",
            Self::SignatureLength => "signature_length",
            Self::ClaimMissing(_) => "claim_missing",
            Self::ClaimInvalid(_) => "claim_invalid",
            Self::ClaimUnknown => "claim_unknown",
        }
    }
}

impl From<CborFault> for FormatFault {
    fn from(fault: CborFault) -> Self {
        match fault {
            CborFault::Truncated => Self::Truncated,
            CborFault::Indefinite => Self::Indefinite,
            CborFault::NonCanonical => Self::NonCanonical,
            CborFault::DuplicateKey => Self::DuplicateKey,
            CborFault::Trailing => Self::Trailing,
            CborFault::Malformed => Self::Malformed,
        }
    }
}

/// Why a certificate's signature is not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The bytes are no certificate.
    #[error(transparent)]
    Format(#[from] FormatFault),
    /// The key is not in the trust list: neither true nor false can be said.
    #[error("签发密钥未知 / the signing key is unknown")]
    UnknownKey,
    /// `alg` is not that of the key.
    #[error("签名算法与密钥不符 / the algorithm is not that of the key")]
    AlgorithmMismatch,
    /// The signature does not fit.
    #[error("签名不符,内容可能被改动 / the signature does not match")]
    Mismatch,
}

impl SignatureFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Format(fault) => fault.code(),
            Self::UnknownKey => "key_unknown",
            Self::AlgorithmMismatch => "algorithm_mismatch",
            Self::Mismatch => "signature_mismatch",
        }
    }
}
