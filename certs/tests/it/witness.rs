//! Cosignatures and the decision of a witness, by the C2SP specifications.

use certs::keys::Signer as _;
use certs::log::{
    BadQuorum, Checkpoint, CheckpointFault, Edge, Hash, Origin, SeenTree, Submission, TileId,
    TilePath, WitnessKey, WitnessPolicy, WitnessRefusal, consistency_proof, cosign, cosignatures,
    parse_vkey, parse_witness_vkey, with_lines, witness_vkey,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

use crate::arrange::signer;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).expect("an instant")
}

fn origin() -> Origin {
    "verify.example.cn/log".parse().expect("an origin")
}

/// Trees of the sizes 1 to 40, and the tiles of the last.
fn trees() -> (Vec<Hash>, BTreeMap<TileId, Vec<Hash>>) {
    let mut edge = Edge::empty();
    let mut roots = vec![Hash::empty()];
    let mut tiles = BTreeMap::new();
    for leaf in 0_u8..40 {
        let update = edge.append(&[Hash::leaf(&[leaf])]);
        roots.push(update.root);
        tiles.extend(update.tiles.into_iter().map(|tile| (tile.id, tile.hashes)));
    }
    (roots, tiles)
}

fn note(size: usize, root: Hash) -> String {
    let checkpoint = Checkpoint {
        origin: origin(),
        size: size as u64,
        root,
    };
    checkpoint.sign(&signer("log", 3)).expect("signed").note
}

fn witness(name: &str, seed: u8) -> WitnessKey {
    WitnessKey {
        name: name.parse().expect("a name"),
        key: signer("w", seed).public_key().clone(),
    }
}

#[test]
fn a_cosignature_has_the_form_of_the_specification_and_counts_once() {
    let key = signer("log", 3);
    let (roots, _) = trees();
    let signed = note(9, roots[9]);
    let checkpoint = Checkpoint::verify(&signed, &origin(), key.public_key())
        .expect("signed")
        .checkpoint;
    let names = ["w1.example", "w2.example", "w3.example"];
    let keys: Vec<WitnessKey> = (10..)
        .zip(names)
        .map(|(seed, name)| witness(name, seed))
        .collect();
    let line = |number: u8, seconds| {
        let at_key = &keys[usize::from(number)];
        cosign(
            &checkpoint,
            &at_key.name,
            at(seconds),
            &signer("w", 10 + number),
        )
        .expect("signed")
    };
    let first = line(0, 1_679_315_147);
    assert!(first.starts_with("\u{2014} w1.example ") && first.ends_with('\n'));
    let bytes = data_encoding::BASE64
        .decode(
            first
                .trim_end()
                .rsplit(' ')
                .next()
                .expect("a value")
                .as_bytes(),
        )
        .expect("base64");
    assert_eq!(bytes.len(), 4 + 8 + 64);
    assert_eq!(bytes[4..12], 1_679_315_147_u64.to_be_bytes());
    // The message of tlog-cosignature, section "Ed25519 signed message".
    let text = signed.split_once("\n\n").expect("a note").0;
    let message = format!("cosignature/v1\ntime 1679315147\n{text}\n");
    assert!(keys[0].key.verify(message.as_bytes(), &bytes[12..]).is_ok());

    let all = [
        first.clone(),
        line(0, 1_679_315_148),
        line(1, 1_679_315_150),
    ];
    let cosigned = with_lines(&signed, all.iter().map(String::as_str));
    assert!(Checkpoint::verify(&cosigned, &origin(), key.public_key()).is_ok());
    let found = cosignatures(&cosigned, &keys).expect("they hold");
    assert_eq!(found.len(), 2, "a witness counts once");
    assert_eq!(
        with_lines(&cosigned, [first.as_str()]),
        cosigned,
        "a line is not added twice"
    );

    let policy = WitnessPolicy::new(keys.clone(), 2).expect("two of three");
    assert_eq!(policy.reached(&cosigned), Ok(Some(at(1_679_315_150))));
    assert_eq!(
        policy.reached(&with_lines(&signed, [first.as_str()])),
        Ok(None)
    );
    let none = WitnessPolicy::default();
    assert_eq!((none.quorum(), none.reached(&cosigned)), (0, Ok(None)));

    // Moved to another checkpoint, or at another time, it does not hold; of a stranger it is ignored.
    let moved = with_lines(&note(10, roots[10]), [first.as_str()]);
    assert_eq!(
        cosignatures(&moved, &keys),
        Err(CheckpointFault::Cosignature)
    );
    assert_eq!(cosignatures(&moved, &keys[1..]), Ok(Vec::new()));
}

#[test]
fn a_quorum_is_more_than_half_of_different_witnesses() {
    let of = |count: u8, quorum| {
        let names = ["a.example", "b.example", "c.example", "d.example"];
        let keys = (10..10 + count)
            .zip(names)
            .map(|(seed, name)| witness(name, seed))
            .collect();
        WitnessPolicy::new(keys, quorum).err()
    };
    for (count, quorum, fault) in [
        (0, 0, None),
        (0, 1, Some(BadQuorum::Size)),
        (1, 0, Some(BadQuorum::Size)),
        (1, 1, None),
        (3, 1, Some(BadQuorum::Size)),
        (3, 2, None),
        (3, 3, None),
        (3, 4, Some(BadQuorum::Size)),
        (4, 2, Some(BadQuorum::Size)),
        (4, 3, None),
    ] {
        assert_eq!(of(count, quorum), fault, "{quorum} of {count}");
    }
    let twice = vec![witness("a.example", 10), witness("b.example", 10)];
    assert_eq!(WitnessPolicy::new(twice, 2).err(), Some(BadQuorum::Twice));
}

#[test]
fn a_key_line_of_a_witness_is_not_one_of_a_log() {
    let key = witness("w1.example/a", 10);
    let line = witness_vkey(&key.name, &key.key);
    assert_eq!(parse_witness_vkey(&line), Ok(key));
    assert!(parse_vkey(&line).is_err());
    let log = certs::log::vkey(&origin(), signer("log", 3).public_key());
    assert!(parse_witness_vkey(&log).is_err());
    for bad in [
        "",
        "w1",
        "w1+00000000+",
        &line[..line.len() - 1],
        &line.replace("w1", "w2"),
    ] {
        assert!(parse_witness_vkey(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_witness_follows_one_history_and_answers_by_the_numbers_of_the_specification() {
    let log = signer("log", 3);
    let (roots, tiles) = trees();
    let submit =
        |old: usize, size: usize, seen: Option<usize>, proof: Option<Vec<Hash>>, root: Hash| {
            let proof = proof.unwrap_or_else(|| match old {
                0 => Vec::new(),
                old => consistency_proof(&tiles, old as u64, size as u64).unwrap_or_default(),
            });
            let submission = Submission {
                old: old as u64,
                proof,
                note: note(size, root),
            };
            let again = Submission::parse(&submission.to_text());
            assert_eq!(again.as_ref(), Ok(&submission));
            let seen = seen.map(|size| SeenTree {
                size: size as u64,
                root: roots[size],
            });
            submission
                .judge(&origin(), log.public_key(), seen)
                .map(|checkpoint| checkpoint.size)
        };
    for old in 0..40_usize {
        for (size, root) in roots.iter().enumerate().take(41).skip(old.max(1)) {
            let seen = (old > 0).then_some(old);
            assert_eq!(
                submit(old, size, seen, None, *root),
                Ok(size as u64),
                "{old} to {size}"
            );
        }
    }
    let wrong = Hash::leaf(b"another tree");
    let cases = [
        (
            submit(8, 9, Some(10), None, roots[9]),
            WitnessRefusal::Stale { size: 10 },
        ),
        (
            submit(0, 9, Some(8), None, roots[9]),
            WitnessRefusal::Stale { size: 8 },
        ),
        (
            submit(8, 9, None, None, roots[9]),
            WitnessRefusal::Stale { size: 0 },
        ),
        (
            submit(9, 8, Some(9), Some(Vec::new()), roots[8]),
            WitnessRefusal::Malformed,
        ),
        (
            submit(9, 9, Some(9), None, wrong),
            WitnessRefusal::Fork { size: 9 },
        ),
        (
            submit(9, 9, Some(9), Some(vec![wrong]), roots[9]),
            WitnessRefusal::Inconsistent,
        ),
        (
            submit(8, 12, Some(8), None, wrong),
            WitnessRefusal::Inconsistent,
        ),
        (
            submit(7, 12, Some(7), Some(Vec::new()), roots[12]),
            WitnessRefusal::Inconsistent,
        ),
        (
            submit(0, 12, None, Some(vec![wrong]), roots[12]),
            WitnessRefusal::Inconsistent,
        ),
    ];
    for (number, (answer, refusal)) in cases.into_iter().enumerate() {
        assert_eq!(answer, Err(refusal), "case {number}");
    }
    let statuses: Vec<u16> = [
        WitnessRefusal::Malformed,
        WitnessRefusal::Unsigned,
        WitnessRefusal::UnknownLog,
        WitnessRefusal::Stale { size: 1 },
        WitnessRefusal::Fork { size: 1 },
        WitnessRefusal::Inconsistent,
    ]
    .map(WitnessRefusal::http_status)
    .into();
    assert_eq!(statuses, [400, 403, 404, 409, 409, 422]);
    // By another key, and of another log.
    let good = Submission {
        old: 0,
        proof: Vec::new(),
        note: note(9, roots[9]),
    };
    let stranger = signer("log", 4);
    assert_eq!(
        good.judge(&origin(), stranger.public_key(), None),
        Err(WitnessRefusal::Unsigned)
    );
    let other: Origin = "other.example/log".parse().expect("an origin");
    assert_eq!(
        good.judge(&other, log.public_key(), None),
        Err(WitnessRefusal::UnknownLog)
    );
}

#[test]
fn a_submission_has_one_form() {
    let (roots, _) = trees();
    let note = note(9, roots[9]);
    assert!(Submission::parse(&format!("old 0\n\n{note}")).is_ok());
    let hash = data_encoding::BASE64.encode(roots[1].as_bytes());
    let many = format!("{hash}\n").repeat(64);
    for bad in [
        String::new(),
        format!("old 0\n{note}"),
        format!("old 00\n\n{note}"),
        format!("old -1\n\n{note}"),
        format!("old 18446744073709551616\n\n{note}"),
        format!("0\n\n{note}"),
        format!("old 1\nnot base64\n\n{note}"),
        format!("old 1\n{}\n\n{note}", &hash[..20]),
        format!("old 1\n{many}\n{note}"),
        format!("old 0\n\n{}", "x".repeat(30_000)),
    ] {
        assert_eq!(
            Submission::parse(&bad),
            Err(WitnessRefusal::Malformed),
            "{bad:.40}"
        );
    }
}

#[test]
fn the_path_of_a_tile_has_one_form() {
    let hashes = |level, index, width| {
        Some(TilePath::Hashes {
            id: TileId { level, index },
            width,
        })
    };
    assert_eq!(TilePath::parse("0/000"), hashes(0, 0, 256));
    assert_eq!(
        TilePath::parse("1/x001/x234/067.p/8"),
        hashes(1, 1_234_067, 8)
    );
    assert_eq!(TilePath::parse("63/999"), hashes(63, 999, 256));
    let entries = Some(TilePath::Entries {
        index: 1000,
        width: 255,
    });
    assert_eq!(TilePath::parse("entries/x001/000.p/255"), entries);
    for bad in [
        "",
        "0",
        "0/",
        "0/0",
        "0/0000",
        "00/000",
        "64/000",
        "-1/000",
        "0/x000/000",
        "0/001/002",
        "0/x001/x002",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/",
        "0/000.p/1/",
        "data/000",
        "0/000/",
        "0/ 00",
        "0/+00",
        "0/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(TilePath::parse(bad), None, "{bad}");
    }
}
