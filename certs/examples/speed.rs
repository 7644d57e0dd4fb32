//! How fast this crate is on one core, each figure beside the limit it cannot pass: `cargo run --release -p certs --example speed`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use certs::certificate::{self, Claims};
use certs::keys::{KeyRecord, KeySet, KeyState, Signer, SoftwareSigner};
use certs::log::{Edge, Hash, LeafEntry, inclusion_proof};
use certs::qr;
use chrono::DateTime;
use domain::{CertificateNo, PublicId};
use zeroize::Zeroizing;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let signer = SoftwareSigner::from_seed("k3726".parse()?, Zeroizing::new([7; 32]));
    let claims = Claims {
        issued_at: DateTime::from_timestamp(1_772_935_200, 0).ok_or("a moment")?,
        expires_at: None,
        holder: "张三丰".parse()?,
        certificate_no: CertificateNo::mint("37", 2026, &[1, 2, 3, 4, 5, 6, 7, 8])?,
        program: "P3700012".parse()?,
        institution: "521101053269910274".parse()?,
        level: None,
        status_list: 1,
        status_index: 70_001,
        public_id: PublicId::from_bytes([9; 16]),
    };
    let signed = certificate::sign(&claims, &signer)?;
    let record = KeyRecord {
        public_key: signer.public_key().clone(),
        federation: "370000".parse()?,
        not_before: DateTime::UNIX_EPOCH,
        not_after: DateTime::from_timestamp(1_900_000_000, 0).ok_or("a moment")?,
        state: KeyState::Active,
    };
    let keys: KeySet = [(signer.key_id().clone(), record)].into_iter().collect();
    let message = vec![7; 150];
    let signature = signer.sign(&message)?;

    rate("ed25519 sign, unchecked", || {
        signer.sign_unchecked(&message).map(drop).is_ok()
    });
    rate("ed25519 verify, strict", || {
        signer.public_key().verify(&message, &signature).is_ok()
    });
    rate("certificate sign (with its check)", || {
        certificate::sign(&claims, &signer).map(drop).is_ok()
    });
    for workers in [1, 2] {
        let batch = vec![claims.clone(); 10_000];
        let begun = Instant::now();
        let signed = certificate::sign_all(&batch, &signer, workers.try_into()?)?;
        let rate = f64::from(u32::try_from(signed.len())?) / begun.elapsed().as_secs_f64();
        println!(
            "{:<40} {rate:>12.0} /s",
            format!("certificates of a batch, {workers} threads")
        );
    }
    rate("certificate decode", || {
        certificate::decode(signed.as_bytes()).map(drop).is_ok()
    });
    rate("certificate decode and verify", || {
        certificate::verify(signed.as_bytes(), &keys)
            .map(drop)
            .is_ok()
    });

    let entry = LeafEntry::Issue {
        at: claims.issued_at,
        certificate: signed.sha256(),
        key_id: signer.key_id().clone(),
        institution: claims.institution.clone(),
        federation: "370000".parse()?,
        program: claims.program.clone(),
    };
    rate("leaf entry encode and hash", || {
        entry.leaf_hash().as_bytes()[0] < 255 || black_box(true)
    });
    let leaves = vec![entry.leaf_hash(); 10_000];
    let mut edge = Edge::empty();
    let mut tiles = BTreeMap::new();
    let begun = Instant::now();
    for _ in 0..100 {
        let update = edge.append(&leaves);
        tiles.extend(update.tiles.into_iter().map(|tile| (tile.id, tile.hashes)));
    }
    println!(
        "{:<40} {:>12.0} /s",
        "tree append, batches of 10,000",
        1e6 / begun.elapsed().as_secs_f64()
    );
    let root = edge.root();
    rate("edge loaded from tiles (1 million leaves)", || {
        Edge::load(&tiles, edge.size(), &root).is_ok()
    });
    rate("inclusion proof (1 million leaves)", || {
        inclusion_proof(&tiles, 777_777, edge.size()).is_ok()
    });
    rate("node hash", || {
        Hash::node(&leaves[0], &leaves[1]).as_bytes()[0] < 255 || black_box(true)
    });

    let text = qr::qr_text(
        &"verify.example.cn".parse()?,
        &claims.public_id,
        signed.as_bytes(),
    );
    rate("QR text read", || qr::parse_qr_text(&text).is_ok());
    rate("QR as SVG", || qr::svg(&text, qr::Level::Q).is_ok());
    rate("QR as PNG", || qr::png(&text, qr::Level::Q, 8).is_ok());
    let picture = qr::png(&text, qr::Level::Q, 8)?;
    rate("QR picture read", || qr::read_image(&picture).is_ok());
    Ok(())
}

/// Runs for half a second and prints how often a second.
fn rate(name: &str, mut work: impl FnMut() -> bool) {
    let begun = Instant::now();
    let mut count = 0_u32;
    while begun.elapsed() < Duration::from_millis(500) {
        assert!(black_box(work()), "{name} failed");
        count += 1;
    }
    println!(
        "{name:<40} {:>12.0} /s",
        f64::from(count) / begun.elapsed().as_secs_f64()
    );
}
