//! Verdicts by a bundle alone.

use std::collections::BTreeMap;

use certs::bundle::{Content, ListStatus, Places, StandingChange};
use certs::keys::KeyState;
use certs::verdict::{CheckName, Lang, Outcome, Standing, State};
use chrono::TimeDelta;

use super::{content, issued_at, judged, now, text, text_of, trust_list_with, with_list};
use crate::arrange::{at, claims};

#[test]
fn a_fresh_bundle_says_valid_and_that_the_log_was_not_checked() {
    let verdict = judged(&content(), &text(), now());
    assert_eq!(verdict.state, State::Valid);
    let log = verdict.check(CheckName::LogInclusion);
    assert_eq!(log.outcome, Outcome::NotRun);
    assert_eq!(verdict.as_of, Some(issued_at()));
    let sentence = verdict.sentence(Lang::Zh);
    assert!(
        sentence.contains("撤销状态截至 2026年4月1日 08:00"),
        "{sentence}"
    );
    assert!(sentence.contains("未核对公开日志"), "{sentence}");
    assert!(
        verdict
            .sentence(Lang::En)
            .contains("public log was not checked")
    );
    let institution = verdict.check(CheckName::Institution);
    assert_eq!(institution.outcome, Outcome::Passed);
    assert_eq!(institution.reason.code(), "institution_since_suspended");
}

#[test]
fn an_old_bundle_never_says_valid() {
    let end = content().valid_until;
    assert_eq!(
        judged(&content(), &text(), end - TimeDelta::milliseconds(1)).state,
        State::Valid
    );
    for later in [end, end + TimeDelta::days(400)] {
        let verdict = judged(&content(), &text(), later);
        assert_eq!(verdict.state, State::Indeterminate);
        assert_eq!(
            verdict.sentence(Lang::Zh),
            "签名真实,撤销状态截至 2026年4月1日 08:00。"
        );
        assert_eq!(verdict.check(CheckName::Signature).outcome, Outcome::Passed);
        assert_eq!(verdict.check(CheckName::Status).outcome, Outcome::NotRun);
    }
    // A clock that was set back does not make a bundle fresh for ever.
    let before = judged(&content(), &text(), issued_at() - TimeDelta::minutes(6));
    assert_eq!(before.state, State::Indeterminate);
    assert_eq!(
        judged(&content(), &text(), issued_at() - TimeDelta::minutes(4)).state,
        State::Valid
    );
    // Nor does a bundle outlive the trust list in it.
    let long = Content {
        valid_until: at("2027-06-01T00:00:00Z"),
        ..content()
    };
    assert_eq!(
        judged(&long, &text(), at("2026-11-30T00:00:00Z")).state,
        State::Valid
    );
    assert_eq!(
        judged(&long, &text(), at("2026-12-01T00:00:00Z")).state,
        State::Indeterminate
    );
}

#[test]
fn what_is_set_for_good_holds_however_old_the_bundle_is() {
    let place = Places::new([claims().status_index]);
    let list = |list: ListStatus| ListStatus {
        size: 131_072,
        ..list
    };
    let revoked = with_list(list(ListStatus {
        revoked: place.clone(),
        ..ListStatus::default()
    }));
    let superseded = with_list(list(ListStatus {
        superseded: place.clone(),
        ..ListStatus::default()
    }));
    let suspended = with_list(list(ListStatus {
        suspended: place,
        ..ListStatus::default()
    }));
    for later in [now(), at("2029-01-01T00:00:00Z")] {
        let verdict = judged(&revoked, &text(), later);
        assert_eq!(verdict.state, State::Revoked);
        assert_eq!(verdict.sentence(Lang::Zh), "曾经签发,已被撤销,不再有效。");
        assert_eq!(judged(&superseded, &text(), later).state, State::Superseded);
    }
    assert_eq!(judged(&suspended, &text(), now()).state, State::Suspended);
    assert_eq!(
        judged(&suspended, &text(), at("2029-01-01T00:00:00Z")).state,
        State::Indeterminate
    );
}

#[test]
fn a_bundle_says_nothing_about_a_certificate_that_is_newer_or_elsewhere() {
    let mut newer = claims();
    newer.issued_at = issued_at() + TimeDelta::seconds(1);
    let mut elsewhere = claims();
    elsewhere.status_list = 9;
    let mut beyond = claims();
    beyond.status_index = 131_072;
    for claims in [newer, elsewhere, beyond] {
        let verdict = judged(&content(), &text_of(&claims), now());
        assert_eq!(verdict.state, State::Indeterminate);
        assert_eq!(
            verdict.check(CheckName::Status).reason.code(),
            "status_not_covered"
        );
        assert!(
            verdict.sentence(Lang::Zh).starts_with("签名真实"),
            "{}",
            verdict.sentence(Lang::Zh)
        );
    }
}

#[test]
fn a_stolen_key_leaves_it_open_without_a_proof() {
    let stolen = KeyState::Compromised {
        at: at("2026-02-01T00:00:00Z"),
    };
    let content = Content {
        trust_list: trust_list_with(6, stolen),
        ..content()
    };
    assert_eq!(judged(&content, &text(), now()).state, State::Indeterminate);
}

#[test]
fn standing_is_that_of_the_moment_of_issue_with_the_federation_that_issued() {
    let of = |changes: &[(&str, Standing)], issued: &str| {
        let mut content = content();
        let changes = changes
            .iter()
            .map(|(since, standing)| StandingChange {
                since: at(since),
                standing: *standing,
            })
            .collect();
        for one in content.institutions.values_mut() {
            one.standing =
                BTreeMap::from([("370000".parse().expect("a code"), Vec::clone(&changes))]);
        }
        let mut claims = claims();
        claims.issued_at = at(issued);
        judged(&content, &text_of(&claims), now())
            .check(CheckName::Institution)
            .reason
            .code()
    };
    let admitted = [
        ("2026-02-01T08:00:00Z", Standing::Authorised),
        ("2026-03-01T08:00:00Z", Standing::Exited),
    ];
    assert_eq!(
        of(&admitted, "2026-01-31T00:00:00Z"),
        "institution_not_authorised"
    );
    assert_eq!(
        of(&admitted, "2026-02-01T08:00:00Z"),
        "institution_since_exited"
    );
    // Within the second of the change the certificate may have come first.
    assert_eq!(
        of(&admitted, "2026-03-01T08:00:00Z"),
        "institution_since_exited"
    );
    assert_eq!(of(&admitted, "2026-03-01T08:00:01Z"), "institution_unclear");
    assert_eq!(
        of(&admitted[..1], "2026-03-01T08:00:01Z"),
        "institution_authorised"
    );
    // Another federation's admission does not count.
    let mut content = content();
    for one in content.institutions.values_mut() {
        let changes = one.standing.pop_first().expect("one").1;
        one.standing
            .insert("330000".parse().expect("a code"), changes);
    }
    let verdict = judged(&content, &text(), now());
    assert_eq!(
        verdict.check(CheckName::Institution).reason.code(),
        "institution_not_authorised"
    );
    content.institutions.clear();
    let verdict = judged(&content, &text(), now());
    assert_eq!(
        verdict.check(CheckName::Institution).reason.code(),
        "institution_not_checked"
    );
}
