//! The trust bundle of `docs/formats.md` section 18: what it holds, what is refused, and verdicts by it alone.

use std::collections::BTreeMap;

use certs::bundle::{
    Bundle, BundleDelta, BundleFault, BundleInstitution, BundleSignFault, Content, DeltaFault,
    ListStatus, Places, Seen, StandingChange, delta,
};
use certs::certificate;
use certs::keys::{KeyState, Signer, SoftwareSigner};
use certs::log::{Checkpoint, Hash, WitnessPolicy};
use certs::qr::qr_text;
use certs::trust_list::{KeyPurpose, Roots, TrustList, TrustedKey};
use certs::verdict::{CheckName, Lang, Outcome, Presented, Standing, State, Verdict};
use chrono::{DateTime, TimeDelta, Utc};
use ciborium::Value;
use proptest::prelude::*;

use crate::arrange::{at, claims, host, issuer, signer};

pub(crate) fn root() -> SoftwareSigner {
    signer("root", 1)
}

pub(crate) fn status_key() -> SoftwareSigner {
    signer("status", 4)
}

fn roots() -> Roots {
    Roots::one(root().key_id().clone(), root().public_key().clone())
}

fn trusted(
    purpose: KeyPurpose,
    signer: &SoftwareSigner,
    state: KeyState,
) -> (certs::keys::KeyId, TrustedKey) {
    let key = TrustedKey {
        purpose,
        public_key: signer.public_key().clone(),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2027-01-01T00:00:00Z"),
        state,
    };
    (signer.key_id().clone(), key)
}

fn trust_list_with(version: u64, state: KeyState) -> Vec<u8> {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let federation = "370000".parse().expect("a federation");
    let list = TrustList {
        version,
        issued_at: at("2026-03-01T00:00:00Z"),
        valid_until: at("2026-12-01T00:00:00Z"),
        keys: [
            trusted(KeyPurpose::Root, &root(), KeyState::Active),
            trusted(KeyPurpose::Status, &status_key(), KeyState::Active),
            trusted(KeyPurpose::Log(origin), &signer("log", 3), KeyState::Active),
            trusted(KeyPurpose::Issuer(federation), &issuer(), state),
        ]
        .into(),
        witnesses: WitnessPolicy::default(),
    };
    list.sign(&root()).expect("signed").as_bytes().to_vec()
}

fn checkpoint() -> String {
    let checkpoint = Checkpoint {
        origin: "verify.example.cn/log".parse().expect("an origin"),
        size: 1,
        root: Hash::leaf(b"one"),
    };
    checkpoint.sign(&signer("log", 3)).expect("signed").note
}

fn issued_at() -> DateTime<Utc> {
    at("2026-04-01T00:00:00Z")
}

/// The bundle of the vectors: the certificate of [`claims`] is in force in it.
pub(crate) fn content() -> Content {
    let change = |since: &str, standing| StandingChange {
        since: at(since),
        standing,
    };
    let standing = [(
        "370000".parse().expect("a federation"),
        vec![
            change("2026-02-01T08:00:00Z", Standing::Authorised),
            change("2026-03-20T08:00:00Z", Standing::Suspended),
        ],
    )];
    let institution = BundleInstitution {
        name: "济南某某职业培训学校".to_owned(),
        standing: standing.into(),
    };
    let list = ListStatus {
        size: 131_072,
        revoked: Places::new([0, 1, 131, 70_000]),
        superseded: Places::new([7, 131_071]),
        suspended: Places::new([70_002]),
    };
    Content {
        number: 12,
        issued_at: issued_at(),
        valid_until: at("2026-04-08T00:00:00Z"),
        trust_list: trust_list_with(5, KeyState::Active),
        checkpoint: checkpoint(),
        lists: [
            (3, list),
            (
                4,
                ListStatus {
                    size: 131_072,
                    ..ListStatus::default()
                },
            ),
        ]
        .into(),
        federations: [("370000".parse().expect("a federation"), "山东省".to_owned())].into(),
        programs: [(
            "P3700012".parse().expect("a program"),
            "面点制作".to_owned(),
        )]
        .into(),
        institutions: [("521101053269910274".parse().expect("a code"), institution)].into(),
    }
}

pub(crate) fn signed(content: &Content) -> Vec<u8> {
    content.sign(&status_key()).expect("signed")
}

pub(crate) fn opened(content: &Content) -> Bundle {
    Bundle::open(&signed(content), &roots()).expect("it opens")
}

fn text_of(claims: &certificate::Claims) -> String {
    let signed = certificate::sign(claims, &issuer()).expect("signed");
    qr_text(&host(), &claims.public_id, signed.as_bytes())
}

fn text() -> String {
    text_of(&claims())
}

fn now() -> DateTime<Utc> {
    at("2026-04-02T00:00:00Z")
}

fn judged(content: &Content, text: &str, now: DateTime<Utc>) -> Verdict {
    opened(content).judge(Presented::Text(text), now)
}

fn with_list(list: ListStatus) -> Content {
    let mut content = content();
    content.lists.insert(3, list);
    content
}

fn refused(content: &Content) -> BundleFault {
    match content.sign(&status_key()) {
        Err(BundleSignFault::Content(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

// What a bundle is.

#[test]
fn a_bundle_comes_back_as_it_was_signed() {
    let bundle = opened(&content());
    assert_eq!(bundle.content(), &content());
    assert_eq!(bundle.program(&claims().program), Some("面点制作"));
    assert_eq!(bundle.trust_list().version, 5);
    assert_eq!(
        signed(bundle.content()),
        signed(&content()),
        "same content, same bytes"
    );
}

#[test]
fn content_that_contradicts_itself_is_neither_signed_nor_read() {
    type Change = fn(&mut Content);
    let wrong: [(&str, u8, Change); 8] = [
        ("number 0", 1, |content| content.number = 0),
        ("ends before it begins", 3, |content| {
            content.valid_until = content.issued_at;
        }),
        ("a place beyond the list", 6, |content| {
            content.lists.get_mut(&3).expect("list").size = 131_071;
        }),
        ("an empty list", 6, |content| {
            content.lists.insert(9, ListStatus::default());
        }),
        ("revoked and on hold at once", 6, |content| {
            content.lists.get_mut(&3).expect("list").suspended = Places::new([131]);
        }),
        ("a federation without a name", 7, |content| {
            content.federations.values_mut().for_each(String::clear);
        }),
        ("a program without a name", 8, |content| {
            content.programs.values_mut().for_each(String::clear);
        }),
        ("standing out of order", 9, |content| {
            for one in content.institutions.values_mut() {
                one.standing
                    .values_mut()
                    .for_each(|changes| changes.reverse());
            }
        }),
    ];
    for (what, field, change) in wrong {
        let mut content = content();
        change(&mut content);
        assert_eq!(refused(&content), BundleFault::Field(field), "{what}");
        // The same written by who does not look.
        let bytes = unchecked(&content);
        let read = Bundle::open(&bytes, &roots()).map(drop);
        assert_eq!(read, Err(BundleFault::Field(field)), "{what}");
    }
}

/// Signs what [`Content::sign`] would refuse: the good content with its parts exchanged in the bytes.
fn unchecked(content: &Content) -> Vec<u8> {
    with_payload(|payload| {
        let map = payload.as_map_mut().expect("a map");
        let replace = |map: &mut Vec<(Value, Value)>, key: u8, value: Value| {
            let place = map.iter().position(|(known, _)| *known == Value::from(key));
            map[place.expect("the field")].1 = value;
        };
        replace(map, 1, content.number.into());
        replace(map, 3, content.valid_until.timestamp_millis().into());
        let lists = content.lists.iter().map(|(number, list)| {
            let gaps = |places: &Places| {
                let mut bytes = Vec::new();
                let mut next = 0;
                for place in places.as_slice() {
                    let mut gap = place - next;
                    while gap >= 128 {
                        bytes.push(u8::try_from(gap % 128).expect("small") | 128);
                        gap /= 128;
                    }
                    bytes.push(u8::try_from(gap).expect("small"));
                    next = place + 1;
                }
                Value::Bytes(bytes)
            };
            let parts = [&list.revoked, &list.superseded, &list.suspended].map(gaps);
            let parts = std::iter::once(Value::from(list.size)).chain(parts);
            (Value::from(*number), Value::Array(parts.collect()))
        });
        replace(map, 6, Value::Map(lists.collect()));
        let names = |pairs: Vec<(String, String)>| {
            Value::Map(
                pairs
                    .into_iter()
                    .map(|(code, name)| (code.into(), name.into()))
                    .collect(),
            )
        };
        let federations = content.federations.iter();
        replace(
            map,
            7,
            names(
                federations
                    .map(|(code, name)| (code.to_string(), name.clone()))
                    .collect(),
            ),
        );
        let programs = content.programs.iter();
        replace(
            map,
            8,
            names(
                programs
                    .map(|(code, name)| (code.to_string(), name.clone()))
                    .collect(),
            ),
        );
        let institutions = content.institutions.iter().map(|(code, one)| {
            let standing = one.standing.iter().map(|(federation, changes)| {
                let changes = changes.iter().map(|change| {
                    let number = if change.standing == Standing::Authorised {
                        1
                    } else {
                        2
                    };
                    Value::Array(vec![change.since.timestamp().into(), number.into()])
                });
                (
                    federation.to_string().into(),
                    Value::Array(changes.collect()),
                )
            });
            let body = vec![one.name.as_str().into(), Value::Map(standing.collect())];
            (code.to_string().into(), Value::Array(body))
        });
        replace(map, 9, Value::Map(institutions.collect()));
    })
}

/// The good bundle with another payload, signed by the true key: what only its thief could make.
fn with_payload(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut whole: Value = ciborium::from_reader(signed(&content()).as_slice()).expect("CBOR");
    let Value::Tag(_, parts) = &mut whole else {
        panic!("tagged");
    };
    let parts = parts.as_array_mut().expect("four parts");
    let mut payload: Value =
        ciborium::from_reader(parts[2].as_bytes().expect("bytes").as_slice()).expect("CBOR");
    change(&mut payload);
    parts[2] = Value::Bytes(cbor(&payload));
    sign_again(parts);
    cbor(&whole)
}

fn sign_again(parts: &mut [Value]) {
    let signed = Value::Array(vec![
        "Signature1".into(),
        parts[0].clone(),
        Value::Bytes(Vec::new()),
        parts[2].clone(),
    ]);
    parts[3] = Value::Bytes(status_key().sign(&cbor(&signed)).expect("signed"));
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("written");
    bytes
}

fn open_with(change: impl Fn(&mut Vec<(Value, Value)>)) -> Result<(), BundleFault> {
    let bytes = with_payload(|payload| change(payload.as_map_mut().expect("a map")));
    Bundle::open(&bytes, &roots()).map(drop)
}

#[test]
fn what_is_not_exactly_a_bundle_is_refused() {
    let good = signed(&content());
    let open = |bytes: &[u8]| Bundle::open(bytes, &roots()).map(drop);
    assert_eq!(open(&good), Ok(()));
    for end in [0, 1, 5, 40, good.len() / 2, good.len() - 1] {
        assert_eq!(
            open(&good[..end]),
            Err(BundleFault::Encoding),
            "cut at {end}"
        );
    }
    assert_eq!(
        open(&[&good[..], &[0]].concat()),
        Err(BundleFault::Encoding)
    );
    assert_eq!(
        open(&[&[0xd3], &good[1..]].concat()),
        Err(BundleFault::Encoding),
        "another tag"
    );
    assert_eq!(open(&good[1..]), Err(BundleFault::Encoding), "no tag");
    assert_eq!(
        open(&vec![0; certs::bundle::MAX_BYTES + 1]),
        Err(BundleFault::TooLarge)
    );
    // Another document of the registry, and a certificate.
    assert_eq!(open(&content().trust_list), Err(BundleFault::Header));
    let certificate = certificate::sign(&claims(), &issuer()).expect("signed");
    assert_eq!(open(certificate.as_bytes()), Err(BundleFault::Encoding));
}

#[test]
fn payloads_of_another_form_are_refused() {
    let remove =
        |key: u8| open_with(move |map| map.retain(|(known, _)| *known != Value::from(key)));
    assert_eq!(remove(0), Err(BundleFault::Version));
    for key in 1..=9 {
        assert_eq!(remove(key), Err(BundleFault::Field(key)), "without {key}");
    }
    assert_eq!(
        open_with(|map| map[0].1 = 2.into()),
        Err(BundleFault::Version)
    );
    assert_eq!(
        open_with(|map| map.push((10.into(), 0.into()))),
        Err(BundleFault::Unknown)
    );
    assert_eq!(
        open_with(|map| map.swap(2, 3)),
        Err(BundleFault::Encoding),
        "out of order"
    );
    assert_eq!(
        open_with(|map| map.insert(2, map[1].clone())),
        Err(BundleFault::Encoding),
        "twice"
    );
    for key in 1..=9 {
        let wrong = open_with(|map| map[key].1 = Value::Array(vec![1.into()]));
        assert_eq!(
            wrong,
            Err(BundleFault::Field(u8::try_from(key).expect("small"))),
            "type of {key}"
        );
    }
    let code = |key: usize, code: &'static str| {
        open_with(move |map| {
            let inner = map[key].1.as_map_mut().expect("a map");
            inner[0].0 = code.into();
        })
    };
    assert_eq!(
        code(8, "p3700012"),
        Err(BundleFault::Field(8)),
        "a code in lower case"
    );
    assert_eq!(
        code(9, "52110105326991027X"),
        Err(BundleFault::Field(9)),
        "a code that is none"
    );
    let standing = open_with(|map| {
        let inner = map[9].1.as_map_mut().expect("a map");
        let body = inner[0].1.as_array_mut().expect("two parts");
        let changes = body[1].as_map_mut().expect("a map")[0]
            .1
            .as_array_mut()
            .expect("changes");
        changes[0].as_array_mut().expect("two")[1] = 5.into();
    });
    assert_eq!(
        standing,
        Err(BundleFault::Field(9)),
        "a standing that is none"
    );
    let gone = open_with(|map| {
        map[9].1.as_map_mut().expect("a map")[0].1 = Value::Array(Vec::new());
    });
    assert_eq!(
        gone,
        Err(BundleFault::Field(9)),
        "a removal belongs into a delta"
    );
    let note = open_with(|map| map[5].1 = checkpoint().replace("verify", "other").into());
    assert_eq!(
        note,
        Err(BundleFault::Field(5)),
        "a checkpoint of another log"
    );
}

#[test]
fn only_the_key_that_the_trust_list_names_signs_bundles() {
    let by = |signer: &SoftwareSigner| {
        let bytes = content().sign(signer).expect("signed");
        Bundle::open(&bytes, &roots()).map(drop)
    };
    assert_eq!(by(&issuer()), Err(BundleFault::Key), "an issuer key");
    assert_eq!(by(&signer("log", 3)), Err(BundleFault::Key), "the log key");
    assert_eq!(by(&signer("other", 9)), Err(BundleFault::Key), "a stranger");
    assert_eq!(
        by(&signer("status", 9)),
        Err(BundleFault::Signature),
        "a stranger by its name"
    );
    let others = Roots::one(
        root().key_id().clone(),
        signer("root", 9).public_key().clone(),
    );
    let open = Bundle::open(&signed(&content()), &others).map(drop);
    assert_eq!(open, Err(BundleFault::TrustList), "another root");
    // Every altered byte is noticed.
    let good = signed(&content());
    for place in (0..good.len()).step_by(11) {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        assert!(
            Bundle::open(&bytes, &roots()).is_err(),
            "altered at {place}"
        );
    }
}

#[test]
fn who_saw_a_bundle_takes_no_older_one() {
    let numbered = |number| {
        opened(&Content {
            number,
            ..content()
        })
    };
    let seen = numbered(12).accept(None).expect("the first");
    assert_eq!(numbered(12).accept(Some(&seen)), Ok(seen), "the same again");
    assert_eq!(
        numbered(11).accept(Some(&seen)),
        Err(BundleFault::Older {
            seen: 12,
            offered: 11
        })
    );
    let later = numbered(13).accept(Some(&seen)).expect("the next");
    assert_eq!(later.number, 13);
    let forked = opened(&Content {
        checkpoint: String::new(),
        ..content()
    });
    assert_eq!(forked.accept(Some(&seen)), Err(BundleFault::Forked(12)));
    // A later bundle with an older trust list, in which a stolen key would still be good.
    let back = opened(&Content {
        number: 13,
        trust_list: trust_list_with(4, KeyState::Active),
        ..content()
    });
    assert_eq!(back.accept(Some(&seen)), Err(BundleFault::TrustList));
    let remembered = Seen { number: 11, ..seen };
    assert!(numbered(12).accept(Some(&remembered)).is_ok());
}

// Verdicts.

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
    assert_eq!(
        of(&admitted, "2026-03-01T08:00:01Z"),
        "institution_not_authorised"
    );
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

// Deltas.

fn later() -> Content {
    let mut content = content();
    content.number = 15;
    content.issued_at += TimeDelta::days(3);
    content.valid_until += TimeDelta::days(3);
    let list = content.lists.get_mut(&3).expect("list 3");
    list.revoked = Places::new([0, 1, 131, 70_000, 70_002]);
    list.suspended = Places::new([5]);
    content.lists.insert(
        5,
        ListStatus {
            size: 131_072,
            revoked: Places::new([9]),
            ..ListStatus::default()
        },
    );
    content.programs.insert(
        "P3700013".parse().expect("a program"),
        "盲人按摩".to_owned(),
    );
    content
        .programs
        .remove(&"P3700012".parse().expect("a program"));
    content.federations.clear();
    for one in content.institutions.values_mut() {
        one.name = "济南某某培训学校".to_owned();
    }
    content
}

/// What the vectors hold: two bundles, the delta, and verdicts.
pub(crate) fn vector() -> serde_json::Value {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let (first, second) = (signed(&content()), signed(&later()));
    let verdicts: Vec<_> = [now(), at("2026-04-08T00:00:00Z"), at("2026-03-31T23:54:00Z")]
        .iter()
        .map(|moment| {
            let verdict = judged(&content(), &text(), *moment);
            let checks: Vec<_> = verdict.checks.iter().map(|check| check.reason.code()).collect();
            serde_json::json!({ "at": moment.to_rfc3339(), "state": verdict.state.code(), "reasons": checks })
        })
        .collect();
    serde_json::json!({
        "root_seed": hex(&[1; 32]), "status_seed": hex(&[4; 32]), "log_seed": hex(&[3; 32]), "issuer_seed": hex(&[7; 32]),
        "root_public_key": hex(root().public_key().as_bytes()),
        "bundle": hex(&first), "sha256": hex(opened(&content()).sha256()),
        "later": hex(&second), "later_sha256": hex(opened(&later()).sha256()),
        "delta": hex(&made(&content(), &later())),
        "qr_text": text(), "verdicts": verdicts,
    })
}

fn made(from: &Content, to: &Content) -> Vec<u8> {
    delta(&opened(from), &opened(to), &signed(to)).expect("a delta")
}

fn apply(bytes: &[u8], from: &Content) -> Result<Vec<u8>, DeltaFault> {
    BundleDelta::read(bytes)?.apply(&opened(from))
}

#[test]
fn a_delta_gives_exactly_the_later_bundle() {
    let bytes = made(&content(), &later());
    assert_eq!(apply(&bytes, &content()), Ok(signed(&later())));
    assert!(bytes.len() < signed(&later()).len());
    let mut gone = later();
    gone.number = 16;
    gone.lists.remove(&4);
    gone.institutions.clear();
    gone.trust_list = trust_list_with(6, KeyState::Retired);
    assert_eq!(apply(&made(&later(), &gone), &later()), Ok(signed(&gone)));
}

#[test]
fn a_delta_that_does_not_fit_is_refused() {
    let bytes = made(&content(), &later());
    let other = Content {
        checkpoint: String::new(),
        ..content()
    };
    assert_eq!(apply(&bytes, &other), Err(DeltaFault::Start(12)));
    assert_eq!(apply(&bytes, &later()), Err(DeltaFault::Start(12)));
    let backwards = delta(&opened(&later()), &opened(&content()), &signed(&content()));
    assert_eq!(backwards, Err(DeltaFault::Backwards));
    for end in [0, 7, bytes.len() - 1] {
        assert!(
            matches!(apply(&bytes[..end], &content()), Err(DeltaFault::Form(_))),
            "cut at {end}"
        );
    }
    let trailing = [&bytes[..], &[0]].concat();
    assert_eq!(
        apply(&trailing, &content()),
        Err(DeltaFault::Form(BundleFault::Encoding))
    );
    // Whatever byte is altered, nothing but the promised bundle comes out.
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        assert!(apply(&altered, &content()).is_err(), "altered at {place}");
    }
}

proptest! {
    #[test]
    fn any_change_of_places_comes_through_a_delta(
        one in places_of_three(), two in places_of_three(), size in prop_oneof![Just(400_u32), Just(500)],
    ) {
        let mut from = content();
        from.lists = [(3, three(&one, 400)), (4, three(&two, 400))].into();
        let mut to = later();
        to.lists = [(3, three(&two, size)), (6, three(&one, 400))].into();
        prop_assert_eq!(apply(&made(&from, &to), &from), Ok(signed(&to)));
    }

    #[test]
    fn bytes_of_anybody_are_no_bundle_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Bundle::open(&bytes, &roots()).is_err());
        prop_assert!(BundleDelta::read(&bytes).is_err());
    }
}

fn places_of_three() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0_u8..8, 400)
}

fn three(kinds: &[u8], size: u32) -> ListStatus {
    let of = |wanted: u8| {
        Places::new(
            (0..)
                .zip(kinds)
                .filter(|(_, kind)| **kind == wanted)
                .map(|(place, _)| place),
        )
    };
    ListStatus {
        size,
        revoked: of(0),
        superseded: of(1),
        suspended: of(2),
    }
}
