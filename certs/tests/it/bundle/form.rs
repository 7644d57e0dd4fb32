//! What is a bundle and what is not: content, bytes, signer, order.

use certs::bundle::{Bundle, BundleFault, BundleSignFault, Content, ListStatus, Places, Seen};
use certs::certificate;
use certs::keys::{KeyState, Signer, SoftwareSigner};
use certs::trust_list::Roots;
use certs::verdict::Standing;
use ciborium::Value;

use super::{checkpoint, content, opened, root, roots, signed, status_key, trust_list_with};
use crate::arrange::{claims, issuer, signer};

fn refused(content: &Content) -> BundleFault {
    match content.sign(&status_key()) {
        Err(BundleSignFault::Content(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

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
    let older_list = BundleFault::OlderList {
        seen: seen.trust_list.version,
        offered: 4,
    };
    assert_eq!(back.accept(Some(&seen)), Err(older_list));
    assert_eq!(back.accept_list(Some(&seen.trust_list)), Err(older_list));
    // An older bundle is told as that, although its list is older too.
    let long_ago = opened(&Content {
        number: 11,
        trust_list: trust_list_with(4, KeyState::Active),
        ..content()
    });
    assert_eq!(
        long_ago.accept(Some(&seen)),
        Err(BundleFault::Older {
            seen: 12,
            offered: 11
        })
    );
    let mut other = seen;
    other.trust_list.sha256[0] ^= 1;
    assert_eq!(
        numbered(13).accept(Some(&other)),
        Err(BundleFault::ForkedList(seen.trust_list.version))
    );
    let remembered = Seen { number: 11, ..seen };
    assert!(numbered(12).accept(Some(&remembered)).is_ok());
}
