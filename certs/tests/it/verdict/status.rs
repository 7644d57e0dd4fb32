//! Status, time and standing, and what is said without a network.

use certs::certificate;
use certs::verdict::{
    CertificateState, CheckName, Facts, InstitutionFact, Lang, Outcome, Presented, Standing, State,
    StatusFact, judge,
};
use domain::certificate::CertificateReason;

use super::keys::for_certificate;
use super::{all_well, judged, known, now, reason};
use crate::arrange::{at, claims, issuer, keys, signed};

#[test]
fn the_status_decides_once_the_signature_holds() {
    let state = |state| {
        judged(
            &keys(),
            &Facts {
                status: Some(known(state)),
                ..all_well()
            },
        )
    };
    let revoked = state(CertificateState::Revoked {
        at: Some(at("2026-04-01T16:30:00Z")),
        reason: Some(CertificateReason::FraudByInstitution),
    });
    assert_eq!(revoked.state, State::Revoked);
    // 16:30 UTC is the next day in China.
    assert_eq!(
        revoked.sentence(Lang::Zh),
        "曾经签发,于 2026年4月2日 撤销,不再有效。原因:培训机构违规,与持证人无过错关联。"
    );
    assert_eq!(
        reason(&revoked, CheckName::Status),
        ("revoked", Outcome::Failed)
    );

    let until = "2026-06-01".parse().ok();
    let suspended = state(CertificateState::Suspended { until });
    assert_eq!(suspended.state, State::Suspended);
    assert_eq!(
        suspended.next_step(Lang::Zh),
        "请在 2026年6月1日 之后再查。"
    );

    assert_eq!(
        state(CertificateState::Superseded { at: Some(now()) }).state,
        State::Superseded
    );
}

#[test]
fn an_expired_certificate_is_genuine_but_past_its_end() {
    let mut claims = claims();
    claims.expires_at = Some(at("2026-04-30T16:00:00Z"));
    let signed = certificate::sign(&claims, &issuer()).expect("signed");
    let facts = for_certificate(&signed);
    let verdict = judge(Presented::Cose(signed.as_bytes()), &keys(), &facts, now());
    assert_eq!(verdict.state, State::Expired);
    assert_eq!(
        verdict.sentence(Lang::Zh),
        "证书是真的,有效期到 2026年4月30日。"
    );
    let before = judge(
        Presented::Cose(signed.as_bytes()),
        &keys(),
        &facts,
        at("2026-04-30T15:59:59Z"),
    );
    assert_eq!(before.state, State::Valid);
}

#[test]
fn without_a_network_and_with_the_key_only_nothing_is_called_valid() {
    let verdict = judged(&keys(), &Facts::default());
    assert_eq!(verdict.state, State::Indeterminate);
    assert_eq!(
        reason(&verdict, CheckName::Signature),
        ("signature_holds", Outcome::Passed)
    );
    assert_eq!(
        reason(&verdict, CheckName::Status),
        ("status_not_checked", Outcome::NotRun)
    );
    assert_eq!(
        verdict.sentence(Lang::Zh),
        "签名真实;没有联网,未能核对撤销状态。"
    );
    assert_eq!(verdict.as_of, None);
}

#[test]
fn a_fresh_bundle_without_a_proof_is_valid_and_says_what_was_not_checked() {
    let status = StatusFact::Known {
        state: CertificateState::Issued,
        sha256: None,
        as_of: at("2026-04-30T16:00:00Z"),
        fresh_until: at("2026-05-02T00:00:00Z"),
    };
    let verdict = judged(
        &keys(),
        &Facts {
            status: Some(status),
            log: None,
            institution: None,
        },
    );
    assert_eq!(verdict.state, State::Valid);
    assert_eq!(
        reason(&verdict, CheckName::LogInclusion),
        ("log_not_checked", Outcome::NotRun)
    );
    assert_eq!(
        verdict.sentence(Lang::Zh),
        "本平台签发,查验时未被撤销。撤销状态截至 2026年5月1日 00:00。未核对公开日志。"
    );
}

#[test]
fn a_stale_status_is_neither_valid_nor_false_but_a_revocation_stays() {
    let stale = |state| {
        let status = StatusFact::Known {
            state,
            sha256: None,
            as_of: at("2026-04-28T04:00:00Z"),
            fresh_until: now(),
        };
        judged(
            &keys(),
            &Facts {
                status: Some(status),
                ..all_well()
            },
        )
    };
    let verdict = stale(CertificateState::Issued);
    assert_eq!(verdict.state, State::Indeterminate);
    assert_eq!(
        reason(&verdict, CheckName::Status),
        ("status_stale", Outcome::NotRun)
    );
    assert_eq!(
        verdict.sentence(Lang::Zh),
        "签名真实,撤销状态截至 2026年4月28日 12:00。"
    );
    assert_eq!(
        stale(CertificateState::Suspended { until: None }).state,
        State::Indeterminate
    );
    assert_eq!(
        stale(CertificateState::Revoked {
            at: Some(now()),
            reason: Some(CertificateReason::Correction)
        })
        .state,
        State::Revoked
    );
    assert_eq!(
        stale(CertificateState::Superseded { at: Some(now()) }).state,
        State::Superseded
    );
}

#[test]
fn an_institution_that_left_later_changes_nothing() {
    for today in [Standing::Suspended, Standing::Exited] {
        let institution = Some(InstitutionFact {
            at_issue: Standing::Authorised,
            apart: Some(false),
            today,
        });
        let verdict = judged(
            &keys(),
            &Facts {
                institution,
                ..all_well()
            },
        );
        assert_eq!(verdict.state, State::Valid);
        assert_eq!(
            verdict.check(CheckName::Institution).outcome,
            Outcome::Passed
        );
        assert_eq!(verdict.institution_today, Some(today));
    }
    let institution = Some(InstitutionFact {
        at_issue: Standing::NotAdmitted,
        apart: Some(false),
        today: Standing::Authorised,
    });
    let verdict = judged(
        &keys(),
        &Facts {
            institution,
            ..all_well()
        },
    );
    assert_eq!(verdict.state, State::Indeterminate);
    assert_eq!(
        verdict.check(CheckName::Institution).outcome,
        Outcome::Failed
    );
}

/// A replacement, and a class that is taught to its end, are issued after the institution has left.
#[test]
fn what_is_lawfully_issued_after_an_exit_is_valid() {
    for at_issue in [Standing::Suspended, Standing::Exited] {
        for (apart, state, code) in [
            (Some(true), State::Valid, "institution_apart"),
            (None, State::Valid, "institution_unclear"),
            (
                Some(false),
                State::Indeterminate,
                "institution_not_authorised",
            ),
        ] {
            let institution = Some(InstitutionFact {
                at_issue,
                apart,
                today: Standing::Exited,
            });
            let facts = Facts {
                institution,
                ..all_well()
            };
            let verdict = judged(&keys(), &facts);
            let check = verdict.check(CheckName::Institution);
            assert_eq!((verdict.state, check.reason.code()), (state, code));
        }
    }
}

#[test]
fn a_clock_that_is_behind_says_nothing() {
    let verdict = |now| {
        judge(
            Presented::Cose(signed().as_bytes()),
            &keys(),
            &all_well(),
            at(now),
        )
    };
    assert_eq!(verdict("2026-03-08T01:55:00Z").state, State::Valid);
    let behind = verdict("2026-03-08T01:54:59Z");
    assert_eq!(behind.state, State::Indeterminate);
    assert_eq!(
        reason(&behind, CheckName::Expiry),
        ("issued_later", Outcome::NotRun)
    );
    assert_eq!(
        behind.sentence(Lang::Zh),
        "签发时间晚于现在,请核对本机的日期和时间。这不说明证书真假。"
    );
}
