//! Why a trust list is refused.

use crate::keys::{KeyId, SignError};

/// Why a trust list is not made, not read or not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustListFault {
    /// More than 2 MiB.
    #[error("密钥清单过大 / the trust list is too large")]
    TooLong,
    /// Not exactly one COSE_Sign1.
    #[error("不是签名的密钥清单 / not a signed trust list")]
    Form,
    /// Another document of ours, or a certificate.
    #[error("签名内容不是密钥清单 / the signed document is no trust list")]
    ContentType,
    /// Signed by a key that the verifier does not trust as a root.
    #[error("密钥清单由不认识的根密钥 {0} 签名 / signed by the unknown root key {0}")]
    UnknownRoot(KeyId),
    /// The signature does not fit.
    #[error("密钥清单的签名不符 / the signature of the trust list does not match")]
    Signature,
    /// The signing key is no active root of the list itself.
    #[error("签名的密钥不是清单中在用的根密钥 / the signing key is no active root of the list")]
    SignerNotRoot,
    /// A form that this program does not know; update it.
    #[error("密钥清单格式版本未知,请更新程序 / unknown form of the trust list, update the program")]
    UnknownForm,
    /// Fields that are missing, superfluous or of a wrong type.
    #[error("密钥清单字段不符 / wrong fields in the trust list")]
    Fields,
    /// Versions begin with 1.
    #[error("密钥清单版本号应从 1 起 / versions of a trust list begin with 1")]
    Version,
    /// It ends before it begins.
    #[error("密钥清单的有效期不对 / the trust list ends before it was issued")]
    Dates,
    /// A key with a wrong or contradictory entry.
    #[error("密钥清单中密钥 {0} 的内容有误 / the entry of key {0} is wrong")]
    Key(KeyId),
    /// One key under two names.
    #[error("密钥清单中同一公钥出现两次 / one public key occurs twice")]
    SameKeyTwice,
    /// Witnesses and quorum do not fit.
    #[error("密钥清单中的见证方或联署数不对 / the witnesses or their quorum are wrong")]
    Witnesses,
    /// Witnesses of an earlier list are left out or told otherwise.
    #[error(
        "见证方的历史在新清单中缺失或被改写 / the history of the witnesses is missing or changed in the new list"
    )]
    WitnessesRegressed,
    /// A newer list was seen.
    #[error(
        "已见过更新的密钥清单(第 {seen} 版),不接受第 {found} 版 / version {seen} was seen, version {found} is refused"
    )]
    Older {
        /// Version that was accepted before.
        seen: u64,
        /// Version of this list.
        found: u64,
    },
    /// Two lists of one version: the root signs two histories.
    #[error(
        "密钥清单第 {0} 版有两份不同内容,请勿使用并报告 / two different lists of version {0}: use neither and report it"
    )]
    Forked(u64),
    /// A key was left out, exchanged, or its state went back.
    #[error(
        "密钥 {0} 在新清单中缺失、被更换或状态倒退 / key {0} is missing, exchanged or went back in the new list"
    )]
    Regressed(KeyId),
    /// A line that is no root key.
    #[error("根密钥行有误 / not a line of a root key")]
    RootLine,
    /// The root key did not sign.
    #[error(transparent)]
    Sign(SignError),
}
