//! The words for people: server, pages and command line say the same.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Timelike, Utc};
use domain::certificate::CertificateReason;

use super::{CertificateState, Check, CheckName, Outcome, Reason, State, Verdict};

/// Language of a page or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

impl State {
    /// All nine.
    pub const ALL: [Self; 9] = [
        Self::Valid,
        Self::Revoked,
        Self::Expired,
        Self::Suspended,
        Self::Superseded,
        Self::NotGenuine,
        Self::NotFound,
        Self::Indeterminate,
        Self::Recorded,
    ];

    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Superseded => "superseded",
            Self::NotGenuine => "not_genuine",
            Self::NotFound => "not_found",
            Self::Indeterminate => "indeterminate",
            Self::Recorded => "recorded",
        }
    }

    /// The heading in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Valid => "证书有效",
            Self::Revoked => "证书已撤销",
            Self::Expired => "证书已过有效期",
            Self::Suspended => "证书暂停使用",
            Self::Superseded => "已换发新证",
            Self::NotGenuine => "不是本平台的证书",
            Self::NotFound => "没有查到",
            Self::Indeterminate => "现在无法查验",
            Self::Recorded => "有登记记录,无电子签名",
        }
    }

    /// The heading in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Valid => "Valid",
            Self::Revoked => "Revoked",
            Self::Expired => "Expired",
            Self::Suspended => "On hold",
            Self::Superseded => "Replaced",
            Self::NotGenuine => "Not genuine",
            Self::NotFound => "Not found",
            Self::Indeterminate => "Cannot check now",
            Self::Recorded => "On record, not signed",
        }
    }

    /// The sign before the heading: each state has its own, so that it can be told without colour.
    pub fn icon(self) -> char {
        match self {
            Self::Valid => '✔',
            Self::Revoked | Self::NotGenuine => '✖',
            Self::Expired => '⏱',
            Self::Suspended => '‖',
            Self::Superseded => '↻',
            Self::NotFound => '?',
            Self::Indeterminate => '!',
            Self::Recorded => '▤',
        }
    }

    /// What to do next, in Chinese.
    pub fn next_step_zh(self) -> &'static str {
        match self {
            Self::Valid => "请核对姓名和照片是否与本人一致。",
            Self::Revoked => "请不要采信;如有疑问,请致电发证单位。",
            Self::Expired => "请持证人换领新证。",
            Self::Suspended => "请在核查结束后再查。",
            Self::Superseded => "请向持证人索取新证并查验。",
            Self::NotGenuine => "请不要采信,并向发证单位举报。",
            Self::NotFound => "请核对编号后重新输入,或致电发证单位。",
            Self::Indeterminate => "请稍后再查、离线查验,或致电发证单位。",
            Self::Recorded => "请向原发证单位核实。",
        }
    }

    /// What to do next, in English.
    pub fn next_step_en(self) -> &'static str {
        match self {
            Self::Valid => "Compare the name and the photo with the person.",
            Self::Revoked => "Do not accept it; call the issuing office if in doubt.",
            Self::Expired => "Ask the holder for a renewed one.",
            Self::Suspended => "Check again when the review has ended.",
            Self::Superseded => "Ask the holder for the new certificate and check that.",
            Self::NotGenuine => "Do not accept it, and report it to the issuing office.",
            Self::NotFound => "Type the number again, or call the issuing office.",
            Self::Indeterminate => "Try again later, check offline, or call the issuing office.",
            Self::Recorded => "Ask the office that issued it.",
        }
    }
}

impl CheckName {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Signature => "signature",
            Self::Key => "key",
            Self::LogInclusion => "log_inclusion",
            Self::Status => "status",
            Self::Expiry => "expiry",
            Self::Institution => "institution",
        }
    }

    /// The label in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Format => "格式",
            Self::Signature => "签名",
            Self::Key => "签发密钥",
            Self::LogInclusion => "公开日志",
            Self::Status => "撤销状态",
            Self::Expiry => "有效期",
            Self::Institution => "培训机构当时的资格",
        }
    }

    /// The label in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Format => "Form",
            Self::Signature => "Signature",
            Self::Key => "Signing key",
            Self::LogInclusion => "Public log",
            Self::Status => "Revocation",
            Self::Expiry => "Expiry",
            Self::Institution => "Institution at the time",
        }
    }
}

impl Outcome {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not_run",
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Passed => "通过",
            Self::Failed => "未通过",
            Self::NotRun => "未能检查",
        }
    }

    /// The word in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not checked",
        }
    }
}

impl Check {
    /// The sentence that says why.
    pub fn sentence(&self, lang: Lang) -> &'static str {
        lang.pick(self.reason.zh(), self.reason.en())
    }
}

/// What everybody may know of a reason; `None` where there is nothing to say.
fn reason_words(reason: CertificateReason, lang: Lang) -> Option<&'static str> {
    Some(match reason {
        CertificateReason::IssuedInError => lang.pick("误发", "issued in error"),
        CertificateReason::FraudByHolder => {
            lang.pick("申领时弄虚作假", "obtained by false statements")
        }
        CertificateReason::FraudByInstitution => lang.pick(
            "培训机构违规,与持证人无过错关联",
            "breach by the institution; the holder is not at fault",
        ),
        CertificateReason::AssessmentAnnulled => {
            lang.pick("考核结果被撤销", "the assessment was annulled")
        }
        CertificateReason::KeyCompromise => lang.pick(
            "签发密钥泄露,将免费重发",
            "signing key compromised; it is reissued free of charge",
        ),
        CertificateReason::Correction => lang.pick("更正或换发", "corrected or reissued"),
        CertificateReason::UnderReview => lang.pick("正在核查", "under review"),
        CertificateReason::Cleared => return None,
    })
}

impl Verdict {
    /// The heading.
    pub fn heading(&self, lang: Lang) -> &'static str {
        lang.pick(self.state.zh(), self.state.en())
    }

    /// The sentence under the heading, with its dates. Dates are China's.
    pub fn sentence(&self, lang: Lang) -> String {
        match self.state {
            State::Valid => self.valid_sentence(lang),
            State::Revoked => self.revoked_sentence(lang),
            State::Expired => match self.claims.as_ref().and_then(|claims| claims.expires_at) {
                Some(end) => {
                    let end = last_day(end);
                    lang.pick(format!("证书是真的,有效期到 {}。", date_zh(end)), format!("The certificate is genuine; it was good until {end}."))
                }
                None => lang.pick("证书是真的,已过有效期。", "The certificate is genuine and has ended.").to_owned(),
            },
            State::Suspended => lang.pick("正在核查,结果出来前不要作为依据。", "It is being reviewed; do not rely on it before the result.").to_owned(),
            State::Superseded => lang.pick("请查验新证。", "Check the new certificate.").to_owned(),
            State::NotGenuine => lang.pick(self.not_genuine().zh(), self.not_genuine().en()).to_owned(),
            State::NotFound => lang
                .pick(
                    "可能的原因:编号输错、尚未入库、不属于本平台。",
                    "Possible reasons: the number is mistyped, not yet registered, or not of this registry.",
                )
                .to_owned(),
            State::Indeterminate => self.indeterminate_sentence(lang),
            State::Recorded => lang
                .pick(
                    "原发证单位的名册中有这张证书;它不是由本平台签发,没有电子签名可以核对。",
                    "The issuing office lists this certificate; the registry did not sign it, so there is no signature to check.",
                )
                .to_owned(),
        }
    }

    /// What to do next.
    pub fn next_step(&self, lang: Lang) -> String {
        match (self.state, self.status) {
            (State::Suspended, Some(CertificateState::Suspended { until: Some(until) })) => lang
                .pick(
                    format!("请在 {} 之后再查。", date_zh(until)),
                    format!("Check again after {until}."),
                ),
            (state, _) => lang
                .pick(state.next_step_zh(), state.next_step_en())
                .to_owned(),
        }
    }

    fn valid_sentence(&self, lang: Lang) -> String {
        let genuine = lang.pick(
            "本平台签发,查验时未被撤销。",
            "Issued by this registry and not revoked when checked.",
        );
        let status = self
            .as_of
            .filter(|as_of| *as_of < self.checked_at)
            .map(|as_of| {
                lang.pick(
                    format!("撤销状态截至 {}。", moment_zh(as_of)),
                    format!(" Status as of {}.", moment_en(as_of)),
                )
            });
        let log = (self.check(CheckName::LogInclusion).outcome != Outcome::Passed)
            .then(|| lang.pick("未核对公开日志。", " The public log was not checked."));
        [
            genuine,
            status.as_deref().unwrap_or_default(),
            log.unwrap_or_default(),
        ]
        .concat()
    }

    fn revoked_sentence(&self, lang: Lang) -> String {
        let Some(CertificateState::Revoked {
            at: Some(at),
            reason,
        }) = self.status
        else {
            return lang
                .pick(
                    "曾经签发,已被撤销,不再有效。",
                    "Issued once, revoked since; no longer good.",
                )
                .to_owned();
        };
        let on = china(at).date_naive();
        let why = reason
            .and_then(|reason| reason_words(reason, lang))
            .map(|why| lang.pick(format!("原因:{why}。"), format!(" Reason: {why}.")));
        let why = why.unwrap_or_default();
        lang.pick(
            format!("曾经签发,于 {} 撤销,不再有效。{why}", date_zh(on)),
            format!("Issued once, revoked on {on}; no longer good.{why}"),
        )
    }

    fn indeterminate_sentence(&self, lang: Lang) -> String {
        let neither = lang.pick(
            "这不说明证书真假。",
            "This says nothing about whether the certificate is genuine.",
        );
        if self.claims.is_none() {
            let key_unknown = self.check(CheckName::Key).reason == Reason::KeyUnknown;
            let why = if key_unknown {
                lang.pick(Reason::KeyUnknown.zh(), Reason::KeyUnknown.en())
            } else {
                ""
            };
            return join(lang, why, neither);
        }
        let key = self.check(CheckName::Key);
        let log = self.check(CheckName::LogInclusion);
        let expiry = self.check(CheckName::Expiry);
        let institution = self.check(CheckName::Institution);
        match (self.check(CheckName::Status).reason, self.as_of) {
            _ if key.outcome != Outcome::Passed => join(lang, key.sentence(lang), neither),
            (Reason::StatusStale, Some(as_of)) => lang.pick(
                format!("签名真实,撤销状态截至 {}。", moment_zh(as_of)),
                format!(
                    "The signature is true; the status is as of {}.",
                    moment_en(as_of)
                ),
            ),
            (Reason::StatusNotCovered, _) => lang
                .pick(
                    "签名真实;证书签发在状态数据之后,未能核对撤销状态。",
                    "The signature is true; the certificate is newer than the status data, so its status could not be checked.",
                )
                .to_owned(),
            (Reason::StatusNotChecked, _) => lang
                .pick(
                    "签名真实;没有联网,未能核对撤销状态。",
                    "The signature is true; the status could not be checked without a network.",
                )
                .to_owned(),
            _ if log.reason == Reason::LogPending => join(lang, log.sentence(lang), neither),
            _ if expiry.outcome == Outcome::NotRun => join(lang, expiry.sentence(lang), neither),
            _ if institution.outcome == Outcome::Failed => institution.sentence(lang).to_owned(),
            _ => neither.to_owned(),
        }
    }

    /// The first check that failed tells why it is not genuine.
    fn not_genuine(&self) -> Reason {
        let failed = self.checks.iter().find(|check| {
            check.outcome == Outcome::Failed && check.reason != Reason::NotRegistered
        });
        failed.map_or(Reason::SignatureMismatch, |check| check.reason)
    }
}

fn join(lang: Lang, first: &str, second: &str) -> String {
    let space = if lang == Lang::En && !first.is_empty() {
        " "
    } else {
        ""
    };
    [first, space, second].concat()
}

fn china(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&FixedOffset::east_opt(8 * 3600).expect("eight hours"))
}

/// The last civil day of a period that ends at `end`, exclusive.
fn last_day(end: DateTime<Utc>) -> NaiveDate {
    china(end - chrono::TimeDelta::milliseconds(1)).date_naive()
}

fn date_zh(day: NaiveDate) -> String {
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}

fn moment_zh(at: DateTime<Utc>) -> String {
    let at = china(at);
    format!(
        "{} {:02}:{:02}",
        date_zh(at.date_naive()),
        at.hour(),
        at.minute()
    )
}

fn moment_en(at: DateTime<Utc>) -> String {
    china(at)
        .format("%Y-%m-%d %H:%M (Beijing time)")
        .to_string()
}
