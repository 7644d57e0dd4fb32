//! The public log as files (C2SP tlog-tiles): anybody downloads all of it, rebuilds the root, and holds every checkpoint
//! that was ever signed against it (trust.md LG-7, LG-11).

use std::collections::BTreeMap;

use certs::log::{
    Checkpoint, Hash, LeafEntry, SignedCheckpoint, TileId, bundle_path, parse_vkey, read_bundle,
    verify_consistency,
};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Client, Database, Story, on_both};

on_both! {
    everything_is_downloaded_and_every_checkpoint_ever_signed_fits_it;
    what_the_log_does_not_have_is_not_found;
}

const YEAR: &str = "public, max-age=31536000, immutable";

/// One certificate, put on hold and resumed until the log is longer than a tile.
async fn long_log(database: Database) -> (Story, String) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let id = text(&issued["certificates"][0]["id"]);
    let certificate = text(&story.certificate(&id).await["id"]);
    let resource = format!("/api/v1/certificates/{certificate}");
    let officer = story.who("province-1");
    while story.server.leaves().await < 270 {
        for (act, reason) in [("suspend", "under_review"), ("resume", "cleared")] {
            let request = json!({ "act": act, "reason_code": reason });
            officer.act(&resource, "changes", &request).await.good();
        }
    }
    (story, id)
}

async fn file(anybody: &Client, path: &str) -> Answer {
    let answer = anybody.get(&format!("/log/{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

/// The tree from its leaves, straight from RFC 6962 section 2.1.
fn tree(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [one] => *one,
        leaves => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Hash::node(&tree(left), &tree(right))
        }
    }
}

/// All entries by bundles; each tile of level 0 is compared on the way.
async fn download(anybody: &Client, size: u64) -> Vec<Vec<u8>> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    for index in 0..size.div_ceil(256) {
        let id = TileId { level: 0, index };
        let width = id.width(size);
        let bundle = file(anybody, &format!("tile/{}", bundle_path(index, width))).await;
        assert_eq!(bundle.header("content-type"), "application/octet-stream");
        assert_eq!(bundle.header("cache-control"), YEAR);
        assert_eq!(bundle.header("access-control-allow-origin"), "*");
        let read = read_bundle(&bundle.bytes).expect("a bundle");
        assert_eq!(read.len(), usize::from(width));
        let hashes = file(anybody, &format!("tile/{}", id.path(width))).await;
        assert_eq!(hashes.header("content-type"), "application/octet-stream");
        assert_eq!(hashes.header("cache-control"), YEAR);
        let (hashes, rest) = hashes.bytes.as_chunks::<32>();
        assert!(rest.is_empty() && hashes.len() == read.len());
        for (entry, hash) in read.iter().zip(hashes) {
            assert_eq!(
                Hash::leaf(entry).as_bytes(),
                hash,
                "an entry under its hash"
            );
        }
        entries.extend(read.into_iter().map(<[u8]>::to_vec));
    }
    entries
}

async fn everything_is_downloaded_and_every_checkpoint_ever_signed_fits_it(database: Database) {
    let (story, id) = long_log(database).await;
    let anybody = story.who("anybody");
    let vkey = file(anybody, "vkey").await.text();
    let (origin, key) = parse_vkey(vkey.trim_end()).expect("a verifier key line");
    let newest = file(anybody, "checkpoint").await;
    assert_eq!(newest.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(newest.header("cache-control"), "public, max-age=2");
    let newest = Checkpoint::verify(&newest.text(), &origin, &key).expect("signed by the log");
    let size = newest.checkpoint.size;
    assert_eq!(size, story.server.leaves().await);

    let entries = download(anybody, size).await;
    let hashes: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
    assert_eq!(tree(&hashes), newest.checkpoint.root);
    let one = file(anybody, "tile/1/000.p/1").await;
    assert_eq!(
        one.bytes,
        tree(&hashes[..256]).as_bytes(),
        "a node above a full tile"
    );
    for entry in &entries {
        LeafEntry::decode(entry).expect("an entry of this log");
    }

    let mut kept: BTreeMap<u64, SignedCheckpoint> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = file(anybody, &format!("checkpoints?after={after}&limit=100"))
            .await
            .json();
        for note in page["checkpoints"].as_array().expect("notes") {
            let signed = Checkpoint::verify(&text(note), &origin, &key).expect("signed");
            kept.insert(signed.checkpoint.size, signed);
        }
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert!(kept.len() > 100, "{} checkpoints", kept.len());
    for (size, signed) in &kept {
        let leaves = &hashes[..usize::try_from(*size).expect("a size")];
        assert_eq!(
            tree(leaves),
            signed.checkpoint.root,
            "the tree of size {size}"
        );
    }
    for (old, signed) in kept.iter().step_by(17) {
        let answer = file(anybody, &format!("consistency/{old}/{size}"))
            .await
            .json();
        let proof: Vec<Hash> = hashes_of(&answer["consistency_proof"]);
        verify_consistency(
            *old,
            &signed.checkpoint.root,
            size,
            &newest.checkpoint.root,
            &proof,
        )
        .unwrap_or_else(|fault| panic!("from {old} to {size}: {fault}"));
    }
    let proof = anybody
        .get(&format!("/api/v1/certificates/{id}/proof.tlog"))
        .await
        .text();
    let logged = certs::log::verify_tlog_proof(&proof, &origin, &key).expect("a proof");
    assert_eq!(
        logged.entry.encode(),
        entries[usize::try_from(logged.index).expect("an index")]
    );
    let checked = api::log::check::check(&story.server.app, |_| ())
        .await
        .expect("checked");
    assert_eq!(
        (checked.leaves, checked.faults),
        (size, Vec::<String>::new())
    );

    // The same by a program that shares no code with this one.
    let said = tests::interop::foreign_log(&story.server.url("/log"), vkey.trim_end(), &proof);
    if let Some(said) = said {
        assert_eq!(said["size"], size);
        assert_eq!(said["root"], newest.checkpoint.root.to_string());
        assert_eq!(said["checkpoints"], kept.len());
        assert_eq!(said["proof_index"], logged.index);
    }
}

fn hashes_of(list: &Value) -> Vec<Hash> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|hash| {
            let bytes = BASE64.decode(text(hash).as_bytes()).expect("base64");
            Hash::try_from(bytes.as_slice()).expect("32 bytes")
        })
        .collect()
}

async fn what_the_log_does_not_have_is_not_found(database: Database) {
    let story = Story::staffed(database).await;
    let anybody = story.who("anybody");
    let size = story.server.leaves().await;
    assert!((1..255).contains(&size));
    for good in [
        format!("tile/0/000.p/{size}"),
        "tile/entries/000.p/1".to_owned(),
    ] {
        file(anybody, &good).await;
    }
    for bad in [
        format!("tile/0/000.p/{}", size + 1),
        format!("tile/entries/000.p/{}", size + 1),
        "tile/0/000".to_owned(),
        "tile/entries/000".to_owned(),
        "tile/0/000.p/0".to_owned(),
        "tile/0/000.p/01".to_owned(),
        "tile/0/000.p/256".to_owned(),
        "tile/0/000.p/-1".to_owned(),
        "tile/0/0.p/1".to_owned(),
        "tile/0/x000/000.p/1".to_owned(),
        "tile/0/x999/x999/x999/x999/x999/x999/999".to_owned(),
        "tile/00/000.p/1".to_owned(),
        "tile/1/000.p/1".to_owned(),
        "tile/63/000".to_owned(),
        "tile/64/000".to_owned(),
        "tile/999/000".to_owned(),
        "tile/data/000".to_owned(),
        "tile/0/001".to_owned(),
        "tile/0/%2e%2e/checkpoint".to_owned(),
        format!("consistency/1/{}", size + 1),
        format!("consistency/{size}/1"),
        format!("proof/{size}"),
    ] {
        anybody
            .get(&format!("/log/{bad}"))
            .await
            .problem(404, "not-found");
    }
    let answer = file(anybody, &format!("consistency/{size}/{size}"))
        .await
        .json();
    assert_eq!(answer["consistency_proof"], json!([]));
}
