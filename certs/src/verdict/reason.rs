//! Why a check ended as it did: a stable code, and a sentence in Chinese and in English.

use crate::certificate::FormatFault;
use crate::qr::QrFault;

macro_rules! reasons {
    ($($variant:ident $code:literal $zh:literal $en:literal,)*) => {
        /// Reason of a check's outcome.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason {
            /// The bytes are not exactly a certificate.
            Format(FormatFault),
            /// The text is not exactly that of a QR code.
            Qr(QrFault),
            $(#[doc = $en] $variant,)*
        }

        impl Reason {
            /// Every reason without a fault of its own inside.
            pub const PLAIN: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable code for machines.
            pub fn code(self) -> &'static str {
                match self {
                    Self::Format(fault) => fault.code(),
                    Self::Qr(fault) => fault.code(),
                    $(Self::$variant => $code,)*
                }
            }

            /// The sentence in Chinese.
            pub fn zh(self) -> &'static str {
                match self {
                    Self::Format(_) => "内容不符合证书格式,可能被改动或不完整。",
                    Self::Qr(QrFault::NotOurs | QrFault::TooLong | QrFault::Host) => "这不是证书二维码的内容。",
                    Self::Qr(_) => "二维码内容不完整或被改动,请重新扫描。",
                    $(Self::$variant => $zh,)*
                }
            }

            /// The sentence in English.
            pub fn en(self) -> &'static str {
                match self {
                    Self::Format(_) => "The content is not that of a certificate; it may be altered or incomplete.",
                    Self::Qr(QrFault::NotOurs | QrFault::TooLong | QrFault::Host) => "This is not the content of a certificate's QR code.",
                    Self::Qr(_) => "The QR code is incomplete or altered; scan it again.",
                    $(Self::$variant => $en,)*
                }
            }
        }
    };
}

reasons! {
    WellFormed "well_formed" "格式正确。" "The form is correct.",
    IdMismatch "id_mismatch" "网址中的编号与签名内容不一致。" "The id in the address is not the signed one.",
    NotPresented "not_presented" "没有出示签名数据。" "No signed data was presented.",
    NotReached "not_reached" "前面的步骤没有通过,未进行这一步。" "An earlier step did not pass, so this one was not made.",
    SignatureHolds "signature_holds" "签名真实,内容未被改动。" "The signature is true; the content is unaltered.",
    SignatureMismatch "signature_mismatch" "签名不符,内容可能被改动。" "The signature does not match; the content may be altered.",
    AlgorithmMismatch "algorithm_mismatch" "签名算法与密钥不符。" "The algorithm is not that of the key.",
    KeyUnknown "key_unknown" "不认识签发密钥,请更新密钥清单后再查。" "The signing key is unknown; update the list of keys and check again.",
    KeyPending "key_pending" "签发密钥尚未启用。" "The signing key is not yet in use.",
    KeyActive "key_active" "签发密钥有效。" "The signing key is in use.",
    KeyRetired "key_retired" "签发密钥已停用,停用前签发的证书仍然有效。" "The signing key is retired; what it signed before stays good.",
    KeyOutsidePeriod "key_outside_period" "签发时间不在密钥使用期内。" "It was issued outside of the key's period.",
    KeyCompromisedCovered "key_compromised_covered" "签发密钥后来泄露;公开日志证明本证书在此之前已签发。" "The signing key was compromised later; the public log shows that this certificate was issued before.",
    KeyCompromised "key_compromised" "签发密钥已泄露,公开日志不能证明本证书在此之前签发。" "The signing key was compromised, and the public log does not show that this certificate was issued before.",
    KeyCompromisedNoProof "key_compromised_no_proof" "签发密钥已泄露,需要联网核对公开日志。" "The signing key was compromised; the public log has to be asked.",
    Logged "logged" "已列入公开日志(以登记平台的提交时间为准)。" "It stands in the public log (by the registry's own commit time).",
    LoggedWitnessed "logged_witnessed" "已列入公开日志,并有见证方联署。" "It stands in the public log, cosigned by witnesses.",
    LogPending "log_pending" "已写入日志,等待见证方联署。" "It was appended to the log and waits for the witnesses.",
    LogNotChecked "log_not_checked" "没有核对公开日志。" "The public log was not checked.",
    NotLogged "not_logged" "公开日志中没有这张证书,不是本平台签发。" "The public log does not hold this certificate: the registry did not issue it.",
    LogUnproven "log_unproven" "登记的日志记录与已签名的日志不符,不能证明本平台签发过这张证书。" "The stored entry is not what the signed log holds: nothing proves that the registry issued this certificate.",
    InForce "in_force" "查验时未被撤销、暂停或换发。" "Not revoked, suspended or replaced when checked.",
    Revoked "revoked" "已被撤销。" "It was revoked.",
    Suspended "suspended" "正在核查,暂停使用。" "It is on hold while it is reviewed.",
    Superseded "superseded" "已换发新证。" "It was replaced by a new certificate.",
    DiffersFromRegistered "differs_from_registered" "与登记的证书内容不一致。" "It is not the certificate that is registered under this id.",
    NotRegistered "not_registered" "登记平台没有查到这张证书。" "The registry does not know this certificate.",
    RecordedOnly "recorded_only" "仅有原发证单位的登记记录,没有电子签名。" "There is only a record of the issuing office, no electronic signature.",
    StatusStale "status_stale" "撤销状态的数据已过期,请联网再查。" "The status data is out of date; check again with a network.",
    StatusNotCovered "status_not_covered" "状态数据早于这张证书的签发,未能核对撤销状态;请更新离线包或联网再查。" "The status data is older than this certificate; update the bundle, or check with a network.",
    StatusNotChecked "status_not_checked" "没有联网,未能核对撤销状态。" "The status could not be checked without a network.",
    NoExpiry "no_expiry" "长期有效,没有截止日期。" "It does not expire.",
    NotExpired "not_expired" "在有效期内。" "It has not ended.",
    IssuedLater "issued_later" "签发时间晚于现在,请核对本机的日期和时间。" "It was issued later than now; check the date and time of this machine.",
    Expired "expired" "已过有效期。" "It has ended.",
    InstitutionAuthorised "institution_authorised" "培训机构在签发时具备资格。" "The institution was authorised when it was issued.",
    InstitutionSinceSuspended "institution_since_suspended" "培训机构在签发时具备资格;现已暂停,不影响本证书。" "The institution was authorised then; it is suspended now, which does not affect this certificate.",
    InstitutionSinceExited "institution_since_exited" "培训机构在签发时具备资格;现已退出,不影响本证书。" "The institution was authorised then; it has left since, which does not affect this certificate.",
    InstitutionApart "institution_apart" "签发时培训机构已暂停或退出;本证书属于换发,或属于退出后授完的班级,签发有效。" "The institution was suspended or had left then; this certificate replaces another, or its class was taught to its end, and is good.",
    InstitutionUnclear "institution_unclear" "签发时培训机构已暂停或退出;本证书是否属于换发或授完班级,要联网查验。" "The institution was suspended or had left then; whether this certificate replaces another or its class was taught to its end, the registry tells.",
    InstitutionNotAuthorised "institution_not_authorised" "培训机构在签发时不具备资格,请联系发证单位。" "The institution was not authorised then; ask the issuing office.",
    InstitutionNotChecked "institution_not_checked" "没有核对培训机构的资格。" "The institution was not checked.",
}
