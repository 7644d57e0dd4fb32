//! What is shown: bytes, addresses, numbers, records without a signature.

use certs::qr::qr_text;
use certs::verdict::{
    CheckName, Facts, Lang, Outcome, Presented, State, StatusFact, examine, judge,
};

use super::{all_well, judged, now, reason};
use crate::arrange::{claims, keys, signed};

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
