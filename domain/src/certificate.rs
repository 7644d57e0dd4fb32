//! Lifecycle of a certificate (workflow.md section 3). Signed content never changes; status does.

use chrono::{DateTime, NaiveDate, Utc};

use crate::access::Role;

crate::text_enum! {
    /// Stored status of a certificate. `expired` is computed from its date, never stored.
    CertificateStatus("certificate status") {
        /// In force.
        Issued = "issued",
        /// On hold while something is checked.
        Suspended = "suspended",
        /// No longer valid, for good.
        Revoked = "revoked",
        /// Replaced by a new one.
        Superseded = "superseded",
    }
}

crate::text_enum! {
    /// What an officer does to an issued certificate.
    CertificateAct("certificate act") {
        /// Put on hold: suspicion of fraud, at most the days of the policy.
        Suspend = "suspend",
        /// Take off hold.
        Resume = "resume",
        /// Revoke, by two persons.
        Revoke = "revoke",
        /// Replace by a corrected one.
        Supersede = "supersede",
    }
}

crate::text_enum! {
    /// Why; shown to others as a class, never as a story.
    CertificateReason("reason") {
        /// Issued in error.
        IssuedInError = "issued_in_error",
        /// Fraud by the holder.
        FraudByHolder = "fraud_by_holder",
        /// Fraud by the institution; the holder is not at fault.
        FraudByInstitution = "fraud_by_institution",
        /// The assessment was annulled.
        AssessmentAnnulled = "assessment_annulled",
        /// The key was compromised; reissued free of charge.
        KeyCompromise = "key_compromise",
        /// Correction or reissue.
        Correction = "correction",
        /// Under review.
        UnderReview = "under_review",
        /// Nothing was found, or the review ended.
        Cleared = "cleared",
    }
}

impl CertificateStatus {
    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Issued => "已签发",
            Self::Suspended => "暂停使用",
            Self::Revoked => "已撤销",
            Self::Superseded => "已换发",
        }
    }
}

/// Why an act on a certificate is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefusal {
    /// The table has no such arrow.
    #[error("a certificate that is {from} cannot be changed by {act}")]
    Transition {
        /// Present status.
        from: CertificateStatus,
        /// The act.
        act: CertificateAct,
    },
    /// The reason does not belong to the act.
    #[error("the reason {reason} does not belong to {act}")]
    Reason {
        /// The reason.
        reason: CertificateReason,
        /// The act.
        act: CertificateAct,
    },
    /// The level may not.
    #[error("{act} does not belong to this level")]
    Level {
        /// The act.
        act: CertificateAct,
    },
}

impl CertificateRefusal {
    /// What to do, in Chinese.
    pub fn zh(self) -> String {
        match self {
            Self::Transition { from, act } => {
                let allowed: Vec<&str> = CertificateAct::ALL
                    .iter()
                    .filter(|other| target(from, **other).is_some())
                    .map(|other| other.zh())
                    .collect();
                let rest = if allowed.is_empty() {
                    "这是最终状态".to_owned()
                } else {
                    format!("可以办理:{}", allowed.join("、"))
                };
                format!("证书当前为“{}”,不能{};{rest}。", from.zh(), act.zh())
            }
            Self::Reason { act, .. } => format!("这个原因不适用于{}。", act.zh()),
            Self::Level { act } => format!("{}由省级残联或中国残联办理。", act.zh()),
        }
    }

    /// What to do, in English.
    pub fn en(self) -> String {
        match self {
            Self::Transition { from, act } => {
                let allowed: Vec<&str> = CertificateAct::ALL
                    .iter()
                    .filter(|other| target(from, **other).is_some())
                    .map(|other| other.as_str())
                    .collect();
                let rest = if allowed.is_empty() {
                    "this state is final".to_owned()
                } else {
                    format!("possible: {}", allowed.join(", "))
                };
                format!("The certificate is {from}; it cannot be changed by {act}; {rest}.")
            }
            Self::Reason { reason, act } => {
                format!("The reason {reason} does not belong to {act}.")
            }
            Self::Level { act } => {
                format!("{act} belongs to the province-level or the national federation.")
            }
        }
    }
}

impl CertificateAct {
    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Suspend => "暂停使用",
            Self::Resume => "恢复",
            Self::Revoke => "撤销",
            Self::Supersede => "换发",
        }
    }

    /// Whether the act needs two persons.
    pub const fn two_persons(self) -> bool {
        matches!(self, Self::Revoke)
    }

    const fn accepts(self, reason: CertificateReason) -> bool {
        use CertificateReason as R;
        match self {
            Self::Suspend => matches!(reason, R::UnderReview),
            Self::Resume => matches!(reason, R::Cleared),
            Self::Revoke => matches!(
                reason,
                R::IssuedInError
                    | R::FraudByHolder
                    | R::FraudByInstitution
                    | R::AssessmentAnnulled
                    | R::KeyCompromise
            ),
            Self::Supersede => matches!(reason, R::Correction | R::KeyCompromise),
        }
    }

    const fn belongs_to(self, role: Role) -> bool {
        match self {
            Self::Suspend | Self::Revoke => {
                matches!(role, Role::ProvinceOfficer | Role::NationalOfficer)
            }
            Self::Resume | Self::Supersede => matches!(role, Role::ProvinceOfficer),
        }
    }
}

const fn target(from: CertificateStatus, act: CertificateAct) -> Option<CertificateStatus> {
    use CertificateAct as A;
    use CertificateStatus as S;
    match (from, act) {
        (S::Issued, A::Suspend) => Some(S::Suspended),
        (S::Suspended, A::Resume) => Some(S::Issued),
        (S::Issued | S::Suspended, A::Revoke) => Some(S::Revoked),
        (S::Issued, A::Supersede) => Some(S::Superseded),
        _ => None,
    }
}

/// The status after an act, or why not.
pub fn change(
    from: CertificateStatus,
    act: CertificateAct,
    reason: CertificateReason,
    role: Role,
) -> Result<CertificateStatus, CertificateRefusal> {
    if !act.belongs_to(role) {
        return Err(CertificateRefusal::Level { act });
    }
    let to = target(from, act).ok_or(CertificateRefusal::Transition { from, act })?;
    if !act.accepts(reason) {
        return Err(CertificateRefusal::Reason { reason, act });
    }
    Ok(to)
}

/// Last moment of validity: the end of the day before the same date so many months later, in China.
pub fn expires_at(issued_on: NaiveDate, validity_months: u32) -> Option<DateTime<Utc>> {
    let end = issued_on.checked_add_months(chrono::Months::new(validity_months))?;
    // Midnight in China is 16:00 UTC of the day before.
    Some(end.and_hms_opt(0, 0, 0)?.and_utc() - chrono::Duration::hours(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_status_and_act_is_decided_by_the_table() {
        use CertificateAct as A;
        use CertificateReason as R;
        use CertificateStatus as S;
        let allowed = [
            (S::Issued, A::Suspend, S::Suspended),
            (S::Suspended, A::Resume, S::Issued),
            (S::Issued, A::Revoke, S::Revoked),
            (S::Suspended, A::Revoke, S::Revoked),
            (S::Issued, A::Supersede, S::Superseded),
        ];
        for from in S::ALL {
            for act in A::ALL {
                let reason = match act {
                    A::Suspend => R::UnderReview,
                    A::Resume => R::Cleared,
                    A::Revoke => R::IssuedInError,
                    A::Supersede => R::Correction,
                };
                let expected = allowed
                    .iter()
                    .find(|(f, a, _)| f == from && a == act)
                    .map(|(_, _, to)| *to);
                assert_eq!(
                    change(*from, *act, reason, Role::ProvinceOfficer).ok(),
                    expected,
                    "{from} {act}"
                );
            }
        }
    }

    #[test]
    fn a_level_that_may_not_is_refused_before_anything_else() {
        for role in [
            Role::InstitutionOperator,
            Role::CountyOfficer,
            Role::PrefectureOfficer,
        ] {
            assert!(matches!(
                change(
                    CertificateStatus::Issued,
                    CertificateAct::Revoke,
                    CertificateReason::IssuedInError,
                    role
                ),
                Err(CertificateRefusal::Level { .. })
            ));
        }
    }

    #[test]
    fn validity_ends_with_the_day_before_in_china() {
        let issued = NaiveDate::from_ymd_opt(2026, 3, 8).expect("a date");
        let end = expires_at(issued, 36).expect("a moment");
        assert_eq!(end.to_rfc3339(), "2029-03-07T16:00:00+00:00");
    }
}
