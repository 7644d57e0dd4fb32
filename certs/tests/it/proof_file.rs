//! Proof files and entry bundles.

use certs::keys::Signer;
use certs::log::{
    Checkpoint, Edge, EntryFault, Hash, LeafEntry, Origin, ProofFault, TileId, TlogProofFault,
    bundle_path, inclusion_proof, read_bundle, verify_tlog_proof, write_bundle, write_tlog_proof,
};
use certs::verdict::{Facts, LogFact, Presented, State, judge};
use std::collections::BTreeMap;

use crate::arrange::{at, keys_with, signed, signer};
use crate::entries::every_kind;

fn origin() -> Origin {
    "verify.example.cn/log".parse().expect("an origin")
}

/// The proof file of one entry in a log of every kind, twice.
fn proof_file(index: u64) -> String {
    let entries = [every_kind(), every_kind()].concat();
    let hashes: Vec<Hash> = entries.iter().map(LeafEntry::leaf_hash).collect();
    let mut edge = Edge::empty();
    let update = edge.append(&hashes);
    let tiles: BTreeMap<TileId, Vec<Hash>> = update
        .tiles
        .into_iter()
        .map(|tile| (tile.id, tile.hashes))
        .collect();
    let checkpoint = Checkpoint {
        origin: origin(),
        size: update.size,
        root: update.root,
    };
    let checkpoint = checkpoint.sign(&signer("log", 3)).expect("signed");
    let proof = inclusion_proof(&tiles, index, update.size).expect("stored");
    let entry = &entries[usize::try_from(index).expect("small")];
    write_tlog_proof(entry, index, &proof, &checkpoint)
}

#[test]
fn a_proof_file_proves_what_was_logged() {
    let log = signer("log", 3);
    for (index, entry) in (0..).zip(every_kind()) {
        let logged =
            verify_tlog_proof(&proof_file(index), &origin(), log.public_key()).expect("proven");
        assert_eq!(
            (
                logged.entry,
                logged.index,
                logged.checkpoint.checkpoint.size
            ),
            (entry, index, 22)
        );
    }
    let text = proof_file(0);
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "));
    assert!(text.contains("\nindex 0\n") && text.contains("\n\nverify.example.cn/log\n22\n"));
}

#[test]
fn an_altered_proof_file_proves_nothing() {
    let log = signer("log", 3);
    let text = proof_file(0);
    let fault =
        |text: &str| verify_tlog_proof(text, &origin(), log.public_key()).expect_err("refused");
    assert_eq!(
        fault(&text.replace("\nindex 0\n", "\nindex 1\n")),
        TlogProofFault::Proof(ProofFault::Root)
    );
    assert_eq!(
        fault(&text.replace("\nindex 0\n", "\nindex 00\n")),
        TlogProofFault::Format
    );
    assert_eq!(fault(&text.replace("@v1", "@v2")), TlogProofFault::Format);
    assert_eq!(
        fault(&text.replace("\nextra ", "\nextra A")),
        TlogProofFault::Format
    );
    assert!(matches!(
        fault(&text.replace("\n22\n", "\n23\n")),
        TlogProofFault::Checkpoint(_)
    ));
    assert_eq!(fault(&text.replace('\n', "\r\n")), TlogProofFault::Format);
    let without_a_hash: Vec<_> = text
        .split('\n')
        .enumerate()
        .filter(|(line, _)| *line != 3)
        .map(|(_, line)| line)
        .collect();
    assert_eq!(
        fault(&without_a_hash.join("\n")),
        TlogProofFault::Proof(ProofFault::Length)
    );
    for at in text.char_indices().map(|(at, _)| at) {
        let _ = fault(&text[..at]);
    }
    let other = signer("log", 4);
    assert!(verify_tlog_proof(&text, &origin(), other.public_key()).is_err());
}

#[test]
fn a_logged_thing_that_is_no_entry_is_refused() {
    let leaf = b"anything";
    let mut edge = Edge::empty();
    let update = edge.append(&[Hash::leaf(leaf)]);
    let checkpoint = Checkpoint {
        origin: origin(),
        size: 1,
        root: update.root,
    }
    .sign(&signer("log", 3))
    .expect("signed");
    let extra = data_encoding::BASE64.encode(leaf);
    let text = format!(
        "c2sp.org/tlog-proof@v1\nextra {extra}\nindex 0\n\n{}",
        checkpoint.note
    );
    let log = signer("log", 3);
    let fault = verify_tlog_proof(&text, &origin(), log.public_key());
    assert_eq!(fault, Err(TlogProofFault::Entry(EntryFault::Encoding)));
}

#[test]
fn a_proof_saves_a_certificate_whose_key_was_compromised_later() {
    let log = signer("log", 3);
    let logged = verify_tlog_proof(&proof_file(0), &origin(), log.public_key()).expect("proven");
    let facts = Facts {
        log: LogFact::proven(&logged),
        ..Facts::default()
    };
    let verdict = |compromised: &str| {
        let keys = keys_with(certs::keys::KeyState::Compromised {
            at: at(compromised),
        });
        judge(
            Presented::Cose(signed().as_bytes()),
            &keys,
            &facts,
            at("2026-05-01T00:00:00Z"),
        )
        .state
    };
    assert_eq!(verdict("2026-03-07T00:00:00Z"), State::NotGenuine);
    // The status was not looked up: the key is cleared, the answer still open.
    assert_eq!(verdict("2026-04-01T00:00:00Z"), State::Indeterminate);
    let other = verify_tlog_proof(&proof_file(1), &origin(), log.public_key()).expect("proven");
    assert_eq!(LogFact::proven(&other), None);
}

#[test]
fn a_bundle_holds_its_entries() {
    let entries: Vec<Vec<u8>> = every_kind().iter().map(LeafEntry::encode).collect();
    let bundle = write_bundle(entries.iter().map(Vec::as_slice)).expect("short entries");
    assert_eq!(read_bundle(&bundle).expect("whole"), entries);
    assert_eq!(read_bundle(&[]), Some(vec![]));
    for cut in [1, bundle.len() - 1] {
        assert_eq!(read_bundle(&bundle[..cut]), None);
    }
    assert_eq!(write_bundle([vec![0; 65_536].as_slice()]), None);
    assert_eq!(bundle_path(1_234_067, 256), "entries/x001/x234/067");
    assert_eq!(bundle_path(0, 3), "entries/000.p/3");
}
