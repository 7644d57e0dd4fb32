//! Every combination, every word, and what is never printed.

use certs::certificate;
use certs::keys::KeyState;
use certs::qr::qr_text;
use certs::verdict::{
    CertificateState, CheckName, Facts, InstitutionFact, Lang, LogFact, Outcome, Presented, Reason,
    Standing, State, StatusFact, judge,
};
use domain::certificate::CertificateReason;

use super::{all_well, authorised, judged, known, logged, now};
use crate::arrange::{at, claims, keys, keys_with, signed};

#[test]
fn only_one_combination_in_thousands_is_valid_without_every_needed_check() {
    // Every combination of facts and key states: "valid" needs signature, key, status and institution not failing.
    let compromised = KeyState::Compromised {
        at: at("2026-04-01T00:00:00Z"),
    };
    let key_states = [
        KeyState::Pending,
        KeyState::Active,
        KeyState::Retired,
        compromised,
    ];
    let stale = StatusFact::Known {
        state: CertificateState::Issued,
        sha256: None,
        as_of: now(),
        fresh_until: now(),
    };
    let mut statuses = vec![
        None,
        Some(StatusFact::NotFound { as_of: now() }),
        Some(StatusFact::Recorded { as_of: now() }),
        Some(stale),
    ];
    statuses.extend(
        [
            known(CertificateState::Issued),
            known(CertificateState::Suspended { until: None }),
            known(CertificateState::Revoked {
                at: Some(now()),
                reason: Some(CertificateReason::Correction),
            }),
            known(CertificateState::Superseded { at: Some(now()) }),
        ]
        .map(Some),
    );
    let logs = [
        None,
        Some(logged()),
        Some(LogFact::Pending),
        Some(LogFact::NotLogged),
    ];
    let not_admitted = Some(InstitutionFact {
        at_issue: Standing::NotAdmitted,
        apart: Some(false),
        today: Standing::NotAdmitted,
    });
    let genuine = signed().into_bytes();
    let mut altered = genuine.clone();
    altered[100] ^= 4;
    let mut valid = 0;
    for bytes in [&genuine, &altered] {
        for state in key_states {
            for status in &statuses {
                for log in logs {
                    for institution in [None, Some(authorised()), not_admitted] {
                        let facts = Facts {
                            status: *status,
                            log,
                            institution,
                        };
                        let verdict =
                            judge(Presented::Cose(bytes), &keys_with(state), &facts, now());
                        let passed = |name| verdict.check(name).outcome == Outcome::Passed;
                        if verdict.is_valid() {
                            valid += 1;
                            for name in [
                                CheckName::Format,
                                CheckName::Signature,
                                CheckName::Key,
                                CheckName::Status,
                                CheckName::Expiry,
                            ] {
                                assert!(passed(name), "valid without {name:?}: {facts:?}");
                            }
                            assert_ne!(
                                verdict.check(CheckName::LogInclusion).outcome,
                                Outcome::Failed
                            );
                            assert_ne!(
                                verdict.check(CheckName::Institution).outcome,
                                Outcome::Failed
                            );
                        }
                        for lang in [Lang::Zh, Lang::En] {
                            assert!(
                                !verdict.sentence(lang).is_empty()
                                    && !verdict.next_step(lang).is_empty()
                            );
                        }
                    }
                }
            }
        }
    }
    // Active and retired: with or without log and institution; compromised: covered by the log.
    assert_eq!(valid, 2 * 2 * 2 + 2);
}

#[test]
fn every_word_is_there_in_both_languages_and_codes_are_unique() {
    let codes: std::collections::BTreeSet<_> =
        Reason::PLAIN.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), Reason::PLAIN.len());
    for reason in Reason::PLAIN {
        assert!(
            reason.zh().ends_with('。') && reason.en().ends_with('.'),
            "{reason:?}"
        );
    }
    let headings: std::collections::BTreeSet<_> = State::ALL
        .iter()
        .map(|state| (state.zh(), state.en(), state.code()))
        .collect();
    assert_eq!(headings.len(), 9);
    for state in State::ALL {
        assert_eq!(serde_json::to_value(state).expect("JSON"), state.code());
        assert!(!state.next_step_zh().is_empty() && !state.next_step_en().is_empty());
    }
    for name in CheckName::ALL {
        assert_eq!(serde_json::to_value(name).expect("JSON"), name.code());
    }
}

#[test]
fn nothing_printed_for_a_log_shows_a_full_name() {
    let host = "verify.example.cn".parse().expect("a host");
    let text = qr_text(&host, &claims().public_id, signed().as_bytes());
    let decoded = certificate::decode(signed().as_bytes()).expect("read");
    let parsed = certs::qr::parse_qr_text(&text).expect("read");
    let printed = format!(
        "{:?} {:?} {:?} {:?}",
        signed(),
        decoded,
        parsed,
        judged(&keys(), &all_well())
    );
    let fragment = text.split('#').nth(1).expect("the signed part");
    assert!(
        printed.contains("买**·**") && !printed.contains("买买提") && !printed.contains(fragment)
    );
    assert!(
        !printed.contains(
            &format!("{:?}", claims().holder.expose().as_bytes()).replace(['[', ']'], "")
        )
    );
}
