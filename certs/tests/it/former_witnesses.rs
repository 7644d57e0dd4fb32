//! Proofs under witnesses that have changed: each is judged by those of its time (`docs/formats.md` section 17.3).

use certs::keys::{KeyState, Signer, SoftwareSigner};
use certs::log::{
    Checkpoint, Hash, LeafEntry, WitnessKey, WitnessPolicy, cosign, verify_tlog_proof, with_lines,
    write_tlog_proof,
};
use certs::trust_list::{
    EarlierWitnesses, KeyPurpose, Roots, SignedTrustList, TrustList, TrustListFault, TrustedKey,
};
use certs::verdict::{Facts, LogFact, Presented, State, judge};
use ciborium::Value;
use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};

use crate::arrange::{at, claims, issuer, keys_with, signed, signer};

/// When the first witnesses were exchanged, and how many leaves the log had then.
const EXCHANGED: &str = "2026-04-01T00:00:00Z";
const SIZE: u64 = 3;

fn witness(name: &str, seed: u8) -> (WitnessKey, SoftwareSigner) {
    let signer = signer("witness", seed);
    let key = WitnessKey {
        name: format!("{name}.example.cn/w").parse().expect("a name"),
        key: signer.public_key().clone(),
    };
    (key, signer)
}

/// Two of three each: `b` is in both.
fn policy(names: [(&str, u8); 3]) -> WitnessPolicy {
    let keys = names.map(|(name, seed)| witness(name, seed).0);
    WitnessPolicy::new(keys.into(), 2).expect("two of three")
}

const A: (&str, u8) = ("a", 51);
const B: (&str, u8) = ("b", 52);
const C: (&str, u8) = ("c", 53);
const D: (&str, u8) = ("d", 54);
const E: (&str, u8) = ("e", 55);

fn root() -> SoftwareSigner {
    signer("root", 1)
}

fn list_before() -> TrustList {
    let key = |purpose, signer: &SoftwareSigner| {
        let key = TrustedKey {
            purpose,
            public_key: signer.public_key().clone(),
            not_before: at("2026-01-01T00:00:00Z"),
            not_after: at("2027-01-01T00:00:00Z"),
            state: KeyState::Active,
        };
        (signer.key_id().clone(), key)
    };
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let federation = "370000".parse().expect("a federation");
    TrustList {
        version: 1,
        issued_at: at("2026-02-01T00:00:00Z"),
        valid_until: at("2027-01-01T00:00:00Z"),
        keys: [
            key(KeyPurpose::Root, &root()),
            key(KeyPurpose::Log(origin), &signer("log", 3)),
            key(KeyPurpose::Issuer(federation), &issuer()),
        ]
        .into(),
        witnesses: policy([A, B, C]),
        earlier_witnesses: Vec::new(),
    }
}

/// The list after `a` and `c` left.
fn list() -> TrustList {
    let before = list_before();
    let mut list = TrustList {
        version: 2,
        issued_at: at(EXCHANGED),
        witnesses: policy([B, D, E]),
        ..before.clone()
    };
    list.exchange_witnesses(&before, at(EXCHANGED), SIZE);
    list
}

/// A proof of the certificate in a tree of so many leaves, cosigned at these times.
fn proof(size: u64, cosigned: &[((&str, u8), &str)]) -> String {
    let claims = claims();
    let entry = LeafEntry::Issue {
        at: claims.issued_at,
        certificate: signed().sha256(),
        key_id: "k3726".parse().expect("a kid"),
        institution: claims.institution,
        federation: "370000".parse().expect("a federation"),
        program: claims.program,
    };
    // The first leaf: the others follow.
    let leaf = entry.leaf_hash();
    let others: Vec<Hash> = (1..size).map(|at| Hash::leaf(&at.to_be_bytes())).collect();
    let (root, path) = match others.as_slice() {
        [one] => (Hash::node(&leaf, one), vec![*one]),
        [one, two] => (Hash::node(&Hash::node(&leaf, one), two), vec![*one, *two]),
        [one, two, three] => {
            let right = Hash::node(two, three);
            (
                Hash::node(&Hash::node(&leaf, one), &right),
                vec![*one, right],
            )
        }
        _ => panic!("a tree of two to four"),
    };
    let checkpoint = Checkpoint {
        origin: "verify.example.cn/log".parse().expect("an origin"),
        size,
        root,
    };
    let mut signed = checkpoint.sign(&signer("log", 3)).expect("signed");
    for ((name, seed), when) in cosigned {
        let (key, signer) = witness(name, *seed);
        let line = cosign(&checkpoint, &key.name, at(when), &signer).expect("cosigned");
        signed.note = with_lines(&signed.note, [line.as_str()]);
    }
    write_tlog_proof(&entry, 0, &path, &signed)
}

/// When the quorum covered it; `None` while it waits.
fn covered(list: &TrustList, text: &str) -> Option<String> {
    match LogFact::from_proof_file(text, list).expect("a proof that holds") {
        LogFact::Included {
            covered_at,
            witnessed: true,
            ..
        } => Some(covered_at.to_rfc3339()),
        _ => None,
    }
}

const MARCH: &str = "2026-03-09T00:00:00Z";
const MAY: &str = "2026-05-01T00:00:00Z";

#[test]
fn an_old_proof_counts_by_the_witnesses_of_its_time() {
    let old = proof(SIZE, &[(A, MARCH), (C, "2026-03-10T00:00:00Z")]);
    assert_eq!(
        covered(&list(), &old).as_deref(),
        Some("2026-03-10T00:00:00+00:00")
    );
    // A list without its witnesses would let it wait for ever.
    let mut forgetful = list();
    forgetful.earlier_witnesses.clear();
    assert_eq!(covered(&forgetful, &old), None);
    // It keeps its time where the issuer's key was stolen after it.
    let verdict = |stolen: &str| {
        let facts = Facts {
            log: Some(LogFact::from_proof_file(&old, &list()).expect("it holds")),
            ..Facts::default()
        };
        let keys = keys_with(KeyState::Compromised { at: at(stolen) });
        judge(Presented::Cose(signed().as_bytes()), &keys, &facts, at(MAY)).state
    };
    assert_eq!(verdict("2026-03-09T12:00:00Z"), State::NotGenuine);
    assert_eq!(
        verdict("2026-03-20T00:00:00Z"),
        State::Indeterminate,
        "only the status is open"
    );
}

#[test]
fn a_checkpoint_alone_has_the_same_time() {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let log = signer("log", 3);
    for text in [
        proof(SIZE, &[(A, MARCH), (C, "2026-03-10T00:00:00Z")]),
        proof(4, &[(D, MAY), (E, "2026-05-02T00:00:00Z")]),
        proof(4, &[(A, MARCH), (B, MARCH), (C, MARCH)]),
        proof(SIZE, &[(A, MARCH)]),
        proof(SIZE, &[(A, MAY), (C, MAY)]),
    ] {
        let logged = verify_tlog_proof(&text, &origin, log.public_key()).expect("it holds");
        let at = list().cosigned_at(&logged.checkpoint).expect("it holds");
        assert_eq!(at.map(|at| at.to_rfc3339()), covered(&list(), &text));
    }
}

#[test]
fn a_new_proof_needs_the_witnesses_of_today() {
    let new = proof(4, &[(D, MAY), (E, "2026-05-02T00:00:00Z")]);
    assert!(covered(&list(), &new).is_some());
    for removed in [
        vec![(A, MAY), (C, MAY)],
        vec![(A, MAY), (B, MAY), (C, MAY)],
        vec![(A, MAY), (D, MAY)],
    ] {
        assert_eq!(covered(&list(), &proof(4, &removed)), None, "{removed:?}");
    }
    // Who stays counts for both, and each statement in its own time.
    let both = proof(SIZE, &[(A, MARCH), (B, MARCH), (B, MAY), (D, MAY)]);
    assert_eq!(
        covered(&list(), &both).as_deref(),
        Some("2026-03-09T00:00:00+00:00")
    );
    let half = proof(SIZE, &[(A, MARCH), (B, MAY), (D, MAY)]);
    assert_eq!(
        covered(&list(), &half).as_deref(),
        Some("2026-05-01T00:00:00+00:00"),
        "one of each does not make a quorum of either"
    );
}

#[test]
fn a_removed_witness_that_dates_back_gains_nothing_for_what_was_logged_since() {
    // Their clocks say March, but the tree is larger than it was when they left.
    let backdated = proof(4, &[(A, MARCH), (B, MARCH), (C, MARCH)]);
    assert_eq!(covered(&list(), &backdated), None);
    // Nor does one of them alone, in the tree of their time.
    assert_eq!(covered(&list(), &proof(SIZE, &[(A, MARCH)])), None);
    // A late date is not theirs to write, whatever the tree.
    let late = proof(
        SIZE,
        &[(A, "2026-04-01T00:06:00Z"), (C, "2026-04-02T00:00:00Z")],
    );
    assert_eq!(covered(&list(), &late), None);
    // Clocks may differ by five minutes.
    let close = proof(SIZE, &[(A, "2026-04-01T00:04:59Z"), (C, MARCH)]);
    assert!(covered(&list(), &close).is_some());
}

#[test]
fn a_new_witness_does_not_speak_for_the_time_before_it_was_one() {
    let early = proof(SIZE, &[(D, MARCH), (E, MARCH)]);
    assert_eq!(covered(&list(), &early), None);
    let later = proof(SIZE, &[(D, MARCH), (E, MARCH), (D, MAY), (E, MAY)]);
    assert_eq!(
        covered(&list(), &later).as_deref(),
        Some("2026-05-01T00:00:00+00:00")
    );
}

#[test]
fn what_was_logged_before_there_were_witnesses_stays_logged() {
    let mut before = list_before();
    before.witnesses = WitnessPolicy::default();
    let mut list = TrustList {
        version: 2,
        issued_at: at(EXCHANGED),
        witnesses: policy([A, B, C]),
        ..before.clone()
    };
    list.exchange_witnesses(&before, at(EXCHANGED), SIZE);
    let fact = |text: &str| LogFact::from_proof_file(text, &list).expect("it holds");
    let old = fact(&proof(SIZE, &[]));
    assert!(
        matches!(
            old,
            LogFact::Included {
                witnessed: false,
                ..
            }
        ),
        "{old:?}"
    );
    assert_eq!(fact(&proof(4, &[])), LogFact::Pending, "logged since");
    // And when there are none any more, what they cosigned still says so.
    let mut after = TrustList {
        version: 3,
        issued_at: at(MAY),
        witnesses: WitnessPolicy::default(),
        ..list.clone()
    };
    after.exchange_witnesses(&list, at(MAY), 4);
    let seen = proof(
        4,
        &[(A, "2026-04-20T00:00:00Z"), (B, "2026-04-20T00:00:00Z")],
    );
    assert!(covered(&after, &seen).is_some());
}

fn roots() -> Roots {
    Roots::one(root().key_id().clone(), root().public_key().clone())
}

fn opened(list: TrustList) -> Result<SignedTrustList, TrustListFault> {
    let signed = list.sign(&root())?;
    SignedTrustList::open(signed.as_bytes(), &roots())
}

/// The payload of the list with a change in it, signed by the root.
fn altered(change: impl FnOnce(&mut Vec<(Value, Value)>)) -> Result<(), TrustListFault> {
    let signed = list().sign(&root()).expect("signed");
    let cose = CoseSign1::from_tagged_slice(signed.as_bytes()).expect("COSE");
    let payload = cose.payload.as_deref().expect("a payload");
    let mut value: Value = ciborium::from_reader(payload).expect("CBOR");
    change(value.as_map_mut().expect("a map"));
    let mut payload = Vec::new();
    ciborium::into_writer(&value, &mut payload).expect("written to memory");
    let header = HeaderBuilder::new()
        .algorithm(coset::iana::Algorithm::EdDSA)
        .content_type(certs::trust_list::CONTENT_TYPE.to_owned())
        .key_id(b"root".to_vec())
        .build();
    let bytes = CoseSign1Builder::new()
        .protected(header)
        .payload(payload)
        .create_signature(b"", |bytes| root().sign(bytes).expect("signed"))
        .build()
        .to_tagged_vec()
        .expect("COSE");
    SignedTrustList::open(&bytes, &roots()).map(drop)
}

fn set(map: &mut Vec<(Value, Value)>, key: u64, value: Value) {
    match map.iter_mut().find(|(known, _)| *known == Value::from(key)) {
        Some((_, old)) => *old = value,
        None => map.push((key.into(), value)),
    }
}

#[test]
fn a_list_with_a_history_has_a_form_of_its_own_and_one_encoding() {
    assert_eq!(opened(list()).expect("it opens").list(), &list());
    assert_eq!(altered(|_| ()), Ok(()));
    // A reader of the first form refuses the second: it would judge old proofs wrongly. And none passes for the other.
    assert_eq!(
        altered(|map| set(map, 0, 1.into())),
        Err(TrustListFault::Fields)
    );
    assert_eq!(
        altered(|map| set(map, 0, 3.into())),
        Err(TrustListFault::UnknownForm)
    );
    assert_eq!(
        altered(|map| set(map, 7, Value::Array(Vec::new()))),
        Err(TrustListFault::Fields)
    );
    assert_eq!(
        altered(|map| map.retain(|(key, _)| *key != Value::from(7))),
        Err(TrustListFault::Fields)
    );
    let of_entry = |field: u64, value: Value| {
        altered(|map| {
            let place = map.iter().position(|(key, _)| *key == Value::from(7));
            let entries = map[place.expect("the history")].1.as_array_mut();
            let entry = entries.expect("an array")[0].as_map_mut().expect("a map");
            set(entry, field, value);
        })
    };
    assert_eq!(
        of_entry(1, 1.into()),
        Err(TrustListFault::Witnesses),
        "half is no quorum"
    );
    assert_eq!(
        of_entry(0, Value::Array(vec!["x".into()])),
        Err(TrustListFault::Witnesses)
    );
    assert_eq!(of_entry(2, "x".into()), Err(TrustListFault::Fields));
    assert_eq!(of_entry(3, "x".into()), Err(TrustListFault::Fields));
    assert_eq!(of_entry(4, 0.into()), Err(TrustListFault::Fields));
}

type Wrong = (&'static str, fn(&mut TrustList));

#[test]
fn a_history_that_contradicts_itself_is_not_signed() {
    let refused = |change: fn(&mut TrustList)| {
        let mut one = list();
        change(&mut one);
        opened(one).err()
    };
    let wrong: [Wrong; 4] = [
        ("ended in the future", |list| {
            list.earlier_witnesses[0].until = at("2026-04-01T00:00:00.001Z");
        }),
        ("exchanged for the same", |list| {
            list.witnesses = policy([A, B, C]);
        }),
        ("two that ended at once", |list| {
            let one = EarlierWitnesses {
                policy: policy([C, D, E]),
                ..list.earlier_witnesses[0].clone()
            };
            list.earlier_witnesses.push(one);
        }),
        ("a log that shrank", |list| {
            let one = EarlierWitnesses {
                policy: policy([C, D, E]),
                until: at("2026-03-01T00:00:00Z"),
                size: 9,
            };
            list.earlier_witnesses.insert(0, one);
        }),
    ];
    for (what, change) in wrong {
        assert_eq!(refused(change), Some(TrustListFault::Witnesses), "{what}");
    }
}

#[test]
fn who_keeps_whole_lists_sees_that_a_history_was_rewritten() {
    let kept = opened(list_before()).expect("it opens");
    let replaced = |list: TrustList, kept: &SignedTrustList| {
        opened(list).expect("it opens").replace(kept).map(drop)
    };
    assert_eq!(replaced(list(), &kept), Ok(()));
    let lost = Err(TrustListFault::WitnessesRegressed);
    let mut silent = list();
    silent.earlier_witnesses.clear();
    assert_eq!(replaced(silent, &kept), lost, "exchanged without a word");
    let mut other = list();
    other.earlier_witnesses[0].policy = policy([A, C, E]);
    assert_eq!(replaced(other, &kept), lost, "others are said to have been");
    let mut early = list();
    early.earlier_witnesses[0].until = at("2026-01-15T00:00:00Z");
    assert_eq!(replaced(early, &kept), lost, "ended before they were told");
    let kept = opened(list()).expect("it opens");
    let mut next = list();
    next.version = 3;
    assert_eq!(replaced(next.clone(), &kept), Ok(()));
    next.earlier_witnesses[0].size = 400;
    assert_eq!(replaced(next, &kept), lost, "a larger tree than before");
}
