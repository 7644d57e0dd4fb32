//! The verdict: what is said, and what is never said.

use certs::certificate::{self, SignedCertificate};
use certs::keys::{KeySet, KeyState, Signer};
use certs::qr::qr_text;
use certs::verdict::{
    CertificateState, CheckName, Facts, InstitutionFact, Lang, LogFact, Outcome, Presented, Reason,
    Standing, State, StatusFact, Verdict, examine, judge,
};
use chrono::{DateTime, Utc};
use domain::certificate::CertificateReason;

use crate::arrange::{at, claims, issuer, keys, keys_with, record, signed, signer};

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

#[test]
fn the_text_of_the_qr_code_gives_the_same_answer() {
    let host = "verify.example.cn".parse().expect("a host");
    let text = qr_text(&host, &claims().public_id, signed().as_bytes());
    assert_eq!(
        judge(Presented::Text(&text), &keys(), &all_well(), now()),
        judged(&keys(), &all_well())
    );
}

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

/// All is well for another certificate than the usual one.
fn for_certificate(signed: &SignedCertificate) -> Facts {
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
fn what_is_altered_is_not_genuine_and_shows_no_claims() {
    let mut bytes = signed().into_bytes();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let verdict = judge(Presented::Cose(&bytes), &keys(), &all_well(), now());
    assert_eq!(verdict.state, State::NotGenuine);
    assert_eq!(verdict.claims, None);
    assert_eq!(
        reason(&verdict, CheckName::Signature),
        ("signature_mismatch", Outcome::Failed)
    );
    assert_eq!(
        reason(&verdict, CheckName::Key),
        ("not_reached", Outcome::NotRun)
    );
    assert_eq!(verdict.sentence(Lang::Zh), "签名不符,内容可能被改动。");
}

#[test]
fn a_flipped_bit_never_leaves_a_valid_certificate() {
    let genuine = signed().into_bytes();
    for bit in (0..genuine.len() * 8).step_by(3) {
        let mut altered = genuine.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let verdict = judge(Presented::Cose(&altered), &keys(), &all_well(), now());
        assert!(
            matches!(verdict.state, State::NotGenuine | State::Indeterminate),
            "bit {bit}: {:?}",
            verdict.state
        );
        assert_eq!(verdict.claims, None);
    }
}

#[test]
fn a_text_that_is_no_certificate_is_not_genuine() {
    for text in [
        "你好",
        "https://example.cn/",
        "HTTPS://HOST/V/AEBAGBAFAYDQQCIKBMGA2DQPCA#AAAA",
    ] {
        let verdict = judge(Presented::Text(text), &keys(), &Facts::default(), now());
        assert_eq!(verdict.state, State::NotGenuine, "{text}");
        assert_eq!(verdict.check(CheckName::Format).outcome, Outcome::Failed);
    }
}

#[test]
fn an_address_with_another_id_than_the_signed_one_is_not_genuine() {
    let host = "verify.example.cn".parse().expect("a host");
    let other = domain::PublicId::from_bytes([9; 16]);
    let text = qr_text(&host, &other, signed().as_bytes());
    let verdict = judge(Presented::Text(&text), &keys(), &all_well(), now());
    assert_eq!(verdict.state, State::NotGenuine);
    assert_eq!(
        reason(&verdict, CheckName::Format),
        ("id_mismatch", Outcome::Failed)
    );
}

#[test]
fn an_address_with_an_id_only_is_looked_up() {
    let host = "verify.example.cn".parse().expect("a host");
    let text = qr_text(&host, &claims().public_id, &[]);
    let examination = examine(Presented::Text(&text), &keys());
    assert!(examination.is_id_only());
    assert_eq!(examination.public_id(), Some(claims().public_id));
    let facts = Facts {
        status: Some(StatusFact::NotFound { as_of: now() }),
        ..Facts::default()
    };
    assert_eq!(examination.judge(&facts, now()).state, State::NotFound);
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

#[test]
fn a_registered_record_without_signature_is_recorded_and_never_valid() {
    let facts = Facts {
        status: Some(StatusFact::Recorded { as_of: now() }),
        ..Facts::default()
    };
    let verdict = judge(Presented::Nothing, &keys(), &facts, now());
    assert_eq!(verdict.state, State::Recorded);
    assert!(
        verdict
            .checks
            .iter()
            .all(|check| check.outcome == Outcome::NotRun)
    );
    assert!(!verdict.is_valid());
}

#[test]
fn not_found_gives_its_three_reasons() {
    let facts = Facts {
        status: Some(StatusFact::NotFound { as_of: now() }),
        ..Facts::default()
    };
    let verdict = judge(Presented::Nothing, &keys(), &facts, now());
    assert_eq!(verdict.state, State::NotFound);
    assert_eq!(
        verdict.sentence(Lang::Zh),
        "可能的原因:编号输错、尚未入库、不属于本平台。"
    );
    // A true signature that a lagging copy of the registry does not know yet.
    assert_eq!(
        judged(&keys(), &Facts { log: None, ..facts }).state,
        State::NotFound
    );
}

#[test]
fn nothing_looked_up_and_nothing_shown_says_nothing() {
    let verdict = judge(Presented::Nothing, &keys(), &Facts::default(), now());
    assert_eq!(verdict.state, State::Indeterminate);
    assert_eq!(verdict.sentence(Lang::Zh), "这不说明证书真假。");
}

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
fn another_key_of_the_same_name_is_told_as_a_false_signature() {
    let other = signer("k3726", 8);
    let keys: KeySet = [(other.key_id().clone(), record(&other, KeyState::Active))]
        .into_iter()
        .collect();
    assert_eq!(judged(&keys, &all_well()).state, State::NotGenuine);
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
