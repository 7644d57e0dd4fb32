//! Keys: unknown, out of their time, compromised, and the log that decides then.

use certs::certificate::{self, SignedCertificate};
use certs::keys::{KeySet, KeyState, Signer};
use certs::verdict::{
    CertificateState, CheckName, Facts, Lang, LogFact, Outcome, Presented, State, StatusFact, judge,
};

use super::{all_well, judged, logged, now, reason};
use crate::arrange::{at, claims, issuer, keys, keys_with, record, signer};

/// All is well for another certificate than the usual one.
pub(super) fn for_certificate(signed: &SignedCertificate) -> Facts {
    let sha256 = signed.sha256();
    let LogFact::Included {
        index,
        tree_size,
        covered_at,
        witnessed,
        ..
    } = logged()
    else {
        panic!("included")
    };
    let status = StatusFact::Known {
        state: CertificateState::Issued,
        sha256: Some(sha256),
        as_of: at("2026-04-30T15:00:00Z"),
        fresh_until: at("2026-05-02T00:00:00Z"),
    };
    Facts {
        status: Some(status),
        log: Some(LogFact::Included {
            sha256,
            index,
            tree_size,
            covered_at,
            witnessed,
        }),
        ..all_well()
    }
}

#[test]
fn an_unknown_key_says_nothing() {
    let verdict = judged(&KeySet::new(), &all_well());
    assert_eq!(verdict.state, State::Indeterminate);
    assert_eq!(verdict.claims, None);
    assert_eq!(
        reason(&verdict, CheckName::Signature),
        ("key_unknown", Outcome::NotRun)
    );
    assert_eq!(
        verdict.sentence(Lang::Zh),
        "不认识签发密钥,请更新密钥清单后再查。这不说明证书真假。"
    );
    // Not even "not found": another trust list may know the key.
    let facts = Facts {
        status: Some(StatusFact::NotFound { as_of: now() }),
        ..Facts::default()
    };
    assert_eq!(judged(&KeySet::new(), &facts).state, State::Indeterminate);
}

#[test]
fn keys_are_judged_by_period_and_state() {
    assert_eq!(
        judged(&keys_with(KeyState::Retired), &all_well()).state,
        State::Valid
    );
    assert_eq!(
        judged(&keys_with(KeyState::Pending), &all_well()).state,
        State::Indeterminate
    );

    let issuer = issuer();
    let mut record = record(&issuer, KeyState::Active);
    record.not_after = claims().issued_at;
    let ended: KeySet = [(issuer.key_id().clone(), record)].into_iter().collect();
    let verdict = judged(&ended, &all_well());
    assert_eq!(verdict.state, State::NotGenuine);
    assert_eq!(
        reason(&verdict, CheckName::Key),
        ("key_outside_period", Outcome::Failed)
    );
}

#[test]
fn a_compromised_key_needs_the_log_from_before() {
    let keys = keys_with(KeyState::Compromised {
        at: at("2026-04-01T00:00:00Z"),
    });
    assert_eq!(judged(&keys, &all_well()).state, State::Valid);

    let no_proof = judged(
        &keys,
        &Facts {
            log: None,
            ..all_well()
        },
    );
    assert_eq!(no_proof.state, State::Indeterminate);
    assert_eq!(
        no_proof.sentence(Lang::Zh),
        "签发密钥已泄露,需要联网核对公开日志。这不说明证书真假。"
    );

    let LogFact::Included {
        sha256,
        index,
        tree_size,
        witnessed,
        ..
    } = logged()
    else {
        panic!("included")
    };
    let late = LogFact::Included {
        sha256,
        index,
        tree_size,
        witnessed,
        covered_at: at("2026-04-01T00:00:00Z"),
    };
    for log in [late, LogFact::Pending] {
        let verdict = judged(
            &keys,
            &Facts {
                log: Some(log),
                ..all_well()
            },
        );
        assert_eq!(verdict.state, State::NotGenuine);
        assert_eq!(
            reason(&verdict, CheckName::Key),
            ("key_compromised", Outcome::Failed)
        );
    }
}

#[test]
fn a_true_signature_that_is_not_logged_is_not_genuine() {
    let verdict = judged(
        &keys(),
        &Facts {
            log: Some(LogFact::NotLogged),
            ..all_well()
        },
    );
    assert_eq!(verdict.state, State::NotGenuine);
    assert_eq!(
        verdict.sentence(Lang::Zh),
        "公开日志中没有这张证书,不是本平台签发。"
    );
    assert!(
        verdict.claims.is_some(),
        "the signature holds, so the page may say what it says"
    );
}

#[test]
fn a_thief_of_the_key_cannot_reuse_the_id_of_a_genuine_certificate() {
    let mut forged = claims();
    forged.holder = "张三".parse().expect("a name");
    let forged = certificate::sign(&forged, &issuer()).expect("signed by the stolen key");
    for facts in [
        all_well(),
        Facts {
            log: None,
            ..all_well()
        },
        Facts {
            status: None,
            ..all_well()
        },
    ] {
        let verdict = judge(Presented::Cose(forged.as_bytes()), &keys(), &facts, now());
        assert_eq!(verdict.state, State::NotGenuine);
    }
}

#[test]
fn waiting_for_witnesses_is_not_yet_valid() {
    let verdict = judged(
        &keys(),
        &Facts {
            log: Some(LogFact::Pending),
            ..all_well()
        },
    );
    assert_eq!(verdict.state, State::Indeterminate);
    assert_eq!(
        reason(&verdict, CheckName::LogInclusion),
        ("log_pending", Outcome::NotRun)
    );
}

#[test]
fn another_key_of_the_same_name_is_told_as_a_false_signature() {
    let other = signer("k3726", 8);
    let keys: KeySet = [(other.key_id().clone(), record(&other, KeyState::Active))]
        .into_iter()
        .collect();
    assert_eq!(judged(&keys, &all_well()).state, State::NotGenuine);
}
