//! From a bundle to the facts of a verdict.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Bundle, StandingChange};
use crate::certificate::VerifiedClaims;
use crate::verdict::{
    CertificateState, Examination, Facts, InstitutionFact, LogFact, Presented, Standing,
    StatusFact, Verdict, examine,
};

impl Bundle {
    /// The verdict about what somebody presents, by this bundle alone. The log is not asked: a bundle holds a checkpoint, no
    /// proof of a certificate, and the verdict says so (design decision 13).
    pub fn judge(&self, presented: Presented<'_>, now: DateTime<Utc>) -> Verdict {
        self.judge_with(examine(presented, self.issuers()), None, now)
    }

    /// The same with what a proof file shows of the log.
    pub fn judge_with(
        &self,
        examined: Examination,
        log: Option<LogFact>,
        now: DateTime<Utc>,
    ) -> Verdict {
        let mut facts = examined
            .claims()
            .map_or_else(Facts::default, |claims| self.facts(claims, now));
        facts.log = log;
        examined.judge(&facts, now)
    }

    /// What the bundle says about a certificate whose signature holds.
    pub fn facts(&self, claims: &VerifiedClaims, now: DateTime<Utc>) -> Facts {
        Facts {
            status: Some(self.status(claims, now)),
            log: None,
            institution: self.standing(claims),
        }
    }

    fn status(&self, claims: &VerifiedClaims, now: DateTime<Utc>) -> StatusFact {
        let as_of = self.content.issued_at;
        let list = self.content.lists.get(&claims.status_list);
        let Some(list) = list.filter(|list| claims.status_index < list.size) else {
            return StatusFact::NotCovered { as_of };
        };
        let place = claims.status_index;
        let state = if list.revoked.contains(place) {
            CertificateState::Revoked {
                at: None,
                reason: None,
            }
        } else if list.superseded.contains(place) {
            CertificateState::Superseded { at: None }
        } else if claims.issued_at > as_of {
            // Its place was free then: that it was not set says nothing.
            return StatusFact::NotCovered { as_of };
        } else if list.suspended.contains(place) {
            CertificateState::Suspended { until: None }
        } else {
            CertificateState::Issued
        };
        StatusFact::Known {
            state,
            sha256: None,
            as_of,
            // A bundle from the future is as bad as an old one.
            fresh_until: if self.is_fresh(now) {
                self.content.valid_until
            } else {
                now
            },
        }
    }

    /// Standing with the federation whose key signed. `None` where the bundle does not know the institution.
    fn standing(&self, claims: &VerifiedClaims) -> Option<InstitutionFact> {
        let federation = &self.issuers.find(claims.key_id())?.federation;
        if claims.issued_at > self.content.issued_at {
            return None;
        }
        let changes = self
            .institution(&claims.institution)?
            .standing
            .get(federation);
        let changes = changes.map_or(&[][..], Vec::as_slice);
        Some(InstitutionFact {
            at_issue: best_within_second(changes, claims.issued_at),
            apart: None,
            today: changes
                .last()
                .map_or(Standing::NotAdmitted, |change| change.standing),
        })
    }
}

/// A certificate tells its second only; what changed within it may have come before or after.
fn best_within_second(changes: &[StandingChange], second: DateTime<Utc>) -> Standing {
    let end = second + TimeDelta::seconds(1);
    let before = changes.iter().rev().find(|change| change.since < second);
    let within = changes
        .iter()
        .filter(|change| second <= change.since && change.since < end);
    before
        .into_iter()
        .chain(within)
        .map(|change| change.standing)
        .min_by_key(|standing| match standing {
            Standing::Authorised => 0,
            Standing::Suspended => 1,
            Standing::Exited => 2,
            Standing::NotAdmitted => 3,
        })
        .unwrap_or(Standing::NotAdmitted)
}
