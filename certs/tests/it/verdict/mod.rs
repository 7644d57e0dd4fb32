//! The verdict: what is said, and what is never said.

mod keys;
mod presented;
mod status;
mod whole;

use certs::keys::KeySet;
use certs::verdict::{
    CertificateState, CheckName, Facts, InstitutionFact, Lang, LogFact, Outcome, Presented,
    Standing, State, StatusFact, Verdict, judge,
};
use chrono::{DateTime, Utc};

use crate::arrange::{at, keys, signed};

const NOW: &str = "2026-05-01T04:00:00Z";

fn now() -> DateTime<Utc> {
    at(NOW)
}

fn known(state: CertificateState) -> StatusFact {
    StatusFact::Known {
        state,
        sha256: Some(signed().sha256()),
        as_of: now(),
        fresh_until: at("2026-05-01T04:05:00Z"),
    }
}

fn logged() -> LogFact {
    LogFact::Included {
        sha256: signed().sha256(),
        index: 5,
        tree_size: 9,
        covered_at: at("2026-03-08T02:00:01Z"),
        witnessed: false,
    }
}

fn authorised() -> InstitutionFact {
    InstitutionFact {
        at_issue: Standing::Authorised,
        apart: Some(false),
        today: Standing::Authorised,
    }
}

/// Everything was looked up and is well.
fn all_well() -> Facts {
    Facts {
        status: Some(known(CertificateState::Issued)),
        log: Some(logged()),
        institution: Some(authorised()),
    }
}

fn judged(keys: &KeySet, facts: &Facts) -> Verdict {
    judge(Presented::Cose(signed().as_bytes()), keys, facts, now())
}

fn reason(verdict: &Verdict, name: CheckName) -> (&'static str, Outcome) {
    let check = verdict.check(name);
    (check.reason.code(), check.outcome)
}

#[test]
fn all_is_well() {
    let verdict = judged(&keys(), &all_well());
    assert_eq!(verdict.state, State::Valid);
    assert!(
        verdict
            .checks
            .iter()
            .all(|check| check.outcome == Outcome::Passed)
    );
    assert_eq!(verdict.checks.map(|check| check.name), CheckName::ALL);
    assert_eq!(
        verdict
            .claims
            .as_ref()
            .map(|claims| claims.holder.expose().to_owned()),
        Some("买买提·艾力".to_owned())
    );
    assert_eq!(verdict.sentence(Lang::Zh), "本平台签发,查验时未被撤销。");
    assert_eq!(
        verdict.sentence(Lang::En),
        "Issued by this registry and not revoked when checked."
    );
}
