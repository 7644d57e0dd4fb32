//! From checks and facts to the verdict.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    CertificateState, Check, CheckName, Examination, Facts, KeyStanding, LogFact, Outcome, Reason,
    Standing, State, StatusFact, Verdict,
};
use crate::keys::KeyState;

/// How far the clock of a verifier may lie behind the registry's.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

impl Examination {
    /// Adds what was looked up and decides.
    ///
    /// In this order: what is altered or signed without right is not genuine; what cannot be known is not guessed; then the
    /// status, the dates, and only then valid.
    pub fn judge(self, facts: &Facts, now: DateTime<Utc>) -> Verdict {
        let checks = [
            self.format,
            self.signature,
            self.key_check(facts),
            self.log_check(facts),
            self.status_check(facts, now),
            self.expiry_check(now),
            institution_check(facts),
        ];
        let (status, as_of) = match facts.status {
            Some(StatusFact::Known { state, as_of, .. }) => (Some(state), Some(as_of)),
            Some(
                StatusFact::NotFound { as_of }
                | StatusFact::Recorded { as_of }
                | StatusFact::NotCovered { as_of },
            ) => (None, Some(as_of)),
            None => (None, None),
        };
        Verdict {
            state: self.state(facts, &checks),
            checks,
            public_id: self.public_id(),
            claims: self.claims,
            as_of,
            checked_at: now,
            status,
            institution_today: facts.institution.map(|institution| institution.today),
        }
    }

    fn state(&self, facts: &Facts, checks: &[Check; 7]) -> State {
        let [format, signature, key, log, status, expiry, institution] = checks;
        let failed = |check: &Check| check.outcome == Outcome::Failed;
        if failed(format) || failed(signature) {
            return State::NotGenuine;
        }
        if self.claims.is_none() {
            return match facts.status {
                // With a key that is unknown nothing that was looked up can be tied to these bytes.
                _ if self.key_unknown => State::Indeterminate,
                Some(StatusFact::NotFound { .. }) => State::NotFound,
                Some(StatusFact::Recorded { .. }) => State::Recorded,
                Some(StatusFact::Known { .. } | StatusFact::NotCovered { .. }) | None => {
                    State::Indeterminate
                }
            };
        }
        if failed(log) || status.reason == Reason::DiffersFromRegistered {
            return State::NotGenuine;
        }
        match key.reason {
            Reason::KeyPending => return State::Indeterminate,
            _ if failed(key) => return State::NotGenuine,
            _ if key.outcome == Outcome::NotRun => return State::Indeterminate,
            _ => {}
        }
        match facts.status {
            // The office's list does not tell what became of a certificate that the registry signed.
            None | Some(StatusFact::Recorded { .. } | StatusFact::NotCovered { .. }) => {
                return State::Indeterminate;
            }
            Some(StatusFact::NotFound { .. }) => return State::NotFound,
            Some(StatusFact::Known { state, .. }) => match state {
                // Neither is ever undone, so an old answer is enough.
                CertificateState::Revoked { .. } => return State::Revoked,
                CertificateState::Superseded { .. } => return State::Superseded,
                _ if status.reason == Reason::StatusStale => return State::Indeterminate,
                CertificateState::Suspended { .. } => return State::Suspended,
                CertificateState::Issued => {}
            },
        }
        if log.reason == Reason::LogPending
            || failed(institution)
            || expiry.outcome == Outcome::NotRun
        {
            State::Indeterminate
        } else if failed(expiry) {
            State::Expired
        } else {
            State::Valid
        }
    }

    fn key_check(&self, facts: &Facts) -> Check {
        let (outcome, reason) = match (&self.claims, self.key) {
            (Some(claims), Some(key)) => key_outcome(key, claims.issued_at, facts.log),
            _ if self.key_unknown => (Outcome::NotRun, Reason::KeyUnknown),
            _ => (Outcome::NotRun, Reason::NotReached),
        };
        Check {
            name: CheckName::Key,
            outcome,
            reason,
        }
    }

    fn log_check(&self, facts: &Facts) -> Check {
        let (outcome, reason) = match facts.log {
            _ if self.claims.is_none() => (Outcome::NotRun, Reason::NotReached),
            None => (Outcome::NotRun, Reason::LogNotChecked),
            Some(LogFact::Included { sha256, .. }) if self.differs(&sha256) => {
                (Outcome::Failed, Reason::DiffersFromRegistered)
            }
            Some(LogFact::Included {
                witnessed: true, ..
            }) => (Outcome::Passed, Reason::LoggedWitnessed),
            Some(LogFact::Included {
                witnessed: false, ..
            }) => (Outcome::Passed, Reason::Logged),
            Some(LogFact::Pending) => (Outcome::NotRun, Reason::LogPending),
            Some(LogFact::NotLogged) => (Outcome::Failed, Reason::NotLogged),
            Some(LogFact::Unproven) => (Outcome::Failed, Reason::LogUnproven),
        };
        Check {
            name: CheckName::LogInclusion,
            outcome,
            reason,
        }
    }

    fn status_check(&self, facts: &Facts, now: DateTime<Utc>) -> Check {
        let (outcome, reason) = match facts.status {
            None => (Outcome::NotRun, Reason::StatusNotChecked),
            Some(StatusFact::NotFound { .. }) => (Outcome::Failed, Reason::NotRegistered),
            Some(StatusFact::Recorded { .. }) => (Outcome::NotRun, Reason::RecordedOnly),
            Some(StatusFact::NotCovered { .. }) => (Outcome::NotRun, Reason::StatusNotCovered),
            Some(StatusFact::Known {
                sha256: Some(sha256),
                ..
            }) if self.differs(&sha256) => (Outcome::Failed, Reason::DiffersFromRegistered),
            Some(StatusFact::Known {
                state, fresh_until, ..
            }) => match state {
                CertificateState::Revoked { .. } => (Outcome::Failed, Reason::Revoked),
                CertificateState::Superseded { .. } => (Outcome::Failed, Reason::Superseded),
                _ if now >= fresh_until => (Outcome::NotRun, Reason::StatusStale),
                CertificateState::Suspended { .. } => (Outcome::Failed, Reason::Suspended),
                CertificateState::Issued => (Outcome::Passed, Reason::InForce),
            },
        };
        Check {
            name: CheckName::Status,
            outcome,
            reason,
        }
    }

    /// Whether another certificate is known under the same id.
    fn differs(&self, sha256: &[u8; 32]) -> bool {
        self.claims
            .as_ref()
            .is_some_and(|claims| claims.sha256() != sha256)
    }

    fn expiry_check(&self, now: DateTime<Utc>) -> Check {
        let (outcome, reason) = match &self.claims {
            None => (Outcome::NotRun, Reason::NotReached),
            // Either the clock here is wrong or the claim is: dates say nothing then.
            Some(claims) if claims.issued_at > now + CLOCK_TOLERANCE => {
                (Outcome::NotRun, Reason::IssuedLater)
            }
            Some(claims) => match claims.expires_at {
                None => (Outcome::Passed, Reason::NoExpiry),
                Some(end) if now < end => (Outcome::Passed, Reason::NotExpired),
                Some(_) => (Outcome::Failed, Reason::Expired),
            },
        };
        Check {
            name: CheckName::Expiry,
            outcome,
            reason,
        }
    }
}

fn key_outcome(
    key: KeyStanding,
    issued_at: DateTime<Utc>,
    log: Option<LogFact>,
) -> (Outcome, Reason) {
    if issued_at < key.not_before || issued_at >= key.not_after {
        return (Outcome::Failed, Reason::KeyOutsidePeriod);
    }
    match key.state {
        KeyState::Pending => (Outcome::NotRun, Reason::KeyPending),
        KeyState::Active => (Outcome::Passed, Reason::KeyActive),
        KeyState::Retired => (Outcome::Passed, Reason::KeyRetired),
        // The time of the log counts, not the claimed time of issue, which a thief chooses (trust.md KY-4).
        KeyState::Compromised { at } => match log {
            Some(LogFact::Included { covered_at, .. }) if covered_at < at => {
                (Outcome::Passed, Reason::KeyCompromisedCovered)
            }
            Some(_) => (Outcome::Failed, Reason::KeyCompromised),
            None => (Outcome::NotRun, Reason::KeyCompromisedNoProof),
        },
    }
}

fn institution_check(facts: &Facts) -> Check {
    let (outcome, reason) = match facts
        .institution
        .map(|institution| (institution.at_issue, institution.today, institution.apart))
    {
        None => (Outcome::NotRun, Reason::InstitutionNotChecked),
        Some((Standing::Authorised, Standing::Authorised, _)) => {
            (Outcome::Passed, Reason::InstitutionAuthorised)
        }
        Some((Standing::Authorised, Standing::Suspended, _)) => {
            (Outcome::Passed, Reason::InstitutionSinceSuspended)
        }
        Some((Standing::Authorised, Standing::Exited | Standing::NotAdmitted, _)) => {
            (Outcome::Passed, Reason::InstitutionSinceExited)
        }
        Some((Standing::Suspended | Standing::Exited, _, Some(true))) => {
            (Outcome::Passed, Reason::InstitutionApart)
        }
        // The registry issues nothing else then, but a list of standings does not tell it.
        Some((Standing::Suspended | Standing::Exited, _, None)) => {
            (Outcome::NotRun, Reason::InstitutionUnclear)
        }
        Some(_) => (Outcome::Failed, Reason::InstitutionNotAuthorised),
    };
    Check {
        name: CheckName::Institution,
        outcome,
        reason,
    }
}
