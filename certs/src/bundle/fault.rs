//! Why bytes are no trust bundle, or one that may not be used.

use crate::cbor::CborFault;

/// A form that is not exactly that of `docs/formats.md` section 18, or a bundle that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// More than 32 MiB.
    #[error("离线包过大 / the bundle is larger than 32 MiB")]
    TooLarge,
    /// Not deterministic CBOR in a tagged COSE_Sign1.
    #[error("不是离线包,或文件已损坏 / not a trust bundle, or a damaged file")]
    Encoding,
    /// Not the header of a bundle: another kind of signed file.
    #[error("这是另一种签名文件,不是离线包 / another kind of signed file, not a trust bundle")]
    Header,
    /// A version of the form that this program does not know.
    #[error("离线包格式版本未知,请更新程序 / unknown version of the form, update the program")]
    Version,
    /// A field is missing, has the wrong type, or a value that contradicts another.
    #[error("离线包内容不完整或自相矛盾({0})/ field {0} of the bundle is missing or wrong")]
    Field(u8),
    /// A field that this version does not know.
    #[error("离线包含有未知内容 / the bundle holds an unknown field")]
    Unknown,
    /// The signature does not fit.
    #[error("离线包签名不符,请重新下载 / the signature of the bundle does not match")]
    Signature,
    /// The trust list names no such key for bundles.
    #[error(
        "离线包的签名密钥不在信任清单中 / the trust list does not name the key that signed the bundle"
    )]
    Key,
    /// The trust list inside does not hold under the root key.
    #[error("离线包中的信任清单未通过核验 / the trust list in the bundle does not hold")]
    TrustList,
    /// A later one was seen before.
    #[error(
        "离线包第 {offered} 号早于已用过的第 {seen} 号,已拒绝 / bundle {offered} is older than {seen}, which was used before"
    )]
    Older {
        /// Number of the newest one used.
        seen: u64,
        /// Number of this one.
        offered: u64,
    },
    /// Another bundle of the same number was used before.
    #[error(
        "离线包第 {0} 号与已用过的同号离线包内容不同,已拒绝,请向登记平台反映 / another bundle {0} was used before: refused, report it"
    )]
    Forked(u64),
    /// The trust list inside holds, but a later one was seen before, in a bundle or by itself.
    #[error(
        "离线包中的密钥清单为第 {offered} 版,早于见过的第 {seen} 版,已拒绝 / the trust list in the bundle has version {offered}, older than {seen}, which was seen before"
    )]
    OlderList {
        /// Version of the newest one seen.
        seen: u64,
        /// Version of this one.
        offered: u64,
    },
    /// The trust list inside holds, but another list of the same version was seen before.
    #[error(
        "离线包中第 {0} 版密钥清单与见过的同版清单内容不同,已拒绝,请向登记平台反映 / another trust list of version {0} was seen before: refused, report it"
    )]
    ForkedList(u64),
}

impl BundleFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "bundle_too_large",
            Self::Encoding => "bundle_encoding",
            Self::Header => "bundle_header",
            Self::Version => "bundle_version",
            Self::Field(_) => "bundle_field",
            Self::Unknown => "bundle_unknown_field",
            Self::Signature => "bundle_signature",
            Self::Key => "bundle_key",
            Self::TrustList => "bundle_trust_list",
            Self::Older { .. } => "bundle_older",
            Self::Forked(_) => "bundle_forked",
            Self::OlderList { .. } => "bundle_older_list",
            Self::ForkedList(_) => "bundle_forked_list",
        }
    }
}

impl From<CborFault> for BundleFault {
    fn from(_: CborFault) -> Self {
        Self::Encoding
    }
}

/// Why a delta was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeltaFault {
    /// The bytes are no delta.
    #[error("不是离线包的增量文件,或文件已损坏 / not a delta of a bundle, or a damaged file")]
    Form(BundleFault),
    /// It starts from another bundle.
    #[error(
        "增量从第 {0} 号离线包开始,与手中的不同 / the delta starts from bundle {0}, which is not this one"
    )]
    Start(u64),
    /// What comes out is not the bundle that it promises.
    #[error(
        "增量的结果与声明不符,请下载完整的离线包 / the result is not the bundle that the delta promises: fetch the whole"
    )]
    Result,
    /// It would lead backwards.
    #[error("增量指向更早的离线包 / the delta leads to an older bundle")]
    Backwards,
}

impl DeltaFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Form(_) => "delta_form",
            Self::Start(_) => "delta_start",
            Self::Result => "delta_result",
            Self::Backwards => "delta_backwards",
        }
    }
}

impl From<BundleFault> for DeltaFault {
    fn from(fault: BundleFault) -> Self {
        Self::Form(fault)
    }
}
