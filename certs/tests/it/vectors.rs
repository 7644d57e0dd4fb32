//! Fixed vectors in `certs/tests/vectors/`: the formats may not drift. `UPDATE_VECTORS=1` writes them anew, for a new version.

use std::collections::BTreeSet;
use std::path::PathBuf;

use certs::credential::{
    Disclosable, MIN_BITS, StatusBitmap, StatusPurpose, badge_jwt, did_document, jwks, present,
    sd_jwt, status_list_jwt, token_status_list, verify_badge, verify_sd_jwt, verify_status_list,
    verify_token_status_list,
};
use certs::keys::{Signer, SoftwareSigner};
use certs::log::{Checkpoint, Edge, Hash, LeafEntry, vkey};
use certs::qr::{parse_qr_text, qr_text};
use certs::{certificate, keys::KeyId};
use data_encoding::HEXLOWER;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::arrange::{at, claims, facts, host, issuer, keys, salts, signed, signer};
use crate::entries::every_kind;

pub(crate) fn compare(name: &str, made: &Value) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    if updating() {
        let text = serde_json::to_string_pretty(made).expect("JSON");
        std::fs::write(&file, text + "\n").expect("written");
    }
    let text = std::fs::read_to_string(&file).expect("the vector file is in the repository");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        &kept, made,
        "{name} changed: that is a new version of a format"
    );
}

/// Whether the files are written anew.
pub(crate) fn updating() -> bool {
    std::env::var_os("UPDATE_VECTORS").is_some()
}

fn path_of(folder: &str, name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(folder)
        .join(name)
}

/// A file of a folder of cases.
pub(crate) fn read(folder: &str, name: &str) -> Vec<u8> {
    let read = std::fs::read(path_of(folder, name));
    read.unwrap_or_else(|error| panic!("{folder}/{name} is in the repository: {error}"))
}

/// The cases of a table, one a line.
pub(crate) fn lines_of<T: DeserializeOwned>(folder: &str, name: &str) -> Vec<T> {
    let text = String::from_utf8(read(folder, name)).expect("UTF-8");
    let parse = |line| serde_json::from_str(line).expect("a case");
    text.lines().map(parse).collect()
}

/// Names of the files of a folder of cases.
pub(crate) fn files_of(folder: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(path_of(folder, "")).expect("the folder");
    files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("ASCII")
        })
        .collect()
}

/// The kept file is byte for byte the one made; `UPDATE_VECTORS=1` keeps this one.
pub(crate) fn kept(folder: &str, name: &str, made: &[u8]) {
    if updating() {
        std::fs::create_dir_all(path_of(folder, "")).expect("a folder");
        std::fs::write(path_of(folder, name), made).expect("written");
    }
    assert!(
        read(folder, name) == made,
        "{folder}/{name} is not what the generator makes"
    );
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

#[test]
fn certificates_keep_their_bytes() {
    let host = "verify.example.cn".parse().expect("a host");
    let mut with_expiry = claims();
    with_expiry.expires_at = Some(at("2031-03-08T00:00:00Z"));
    with_expiry.level = None;
    let vectors: Vec<Value> = [claims(), with_expiry]
        .iter()
        .map(|claims| {
            let signed = certificate::sign(claims, &issuer()).expect("signed");
            json!({
                "seed": hex(&[7; 32]),
                "kid": "k3726",
                "public_key": hex(issuer().public_key().as_bytes()),
                "claims": {
                    "issued_at": claims.issued_at.timestamp(),
                    "expires_at": claims.expires_at.map(|end| end.timestamp()),
                    "holder": claims.holder.expose(),
                    "certificate_no": claims.certificate_no.as_str(),
                    "program": claims.program.as_str(),
                    "institution": claims.institution.as_str(),
                    "level": claims.level.map_or(0, domain::SkillLevel::to_u8),
                    "status_list": claims.status_list,
                    "status_index": claims.status_index,
                    "public_id": hex(claims.public_id.as_bytes()),
                },
                "cose": hex(signed.as_bytes()),
                "sha256": hex(&signed.sha256()),
                "qr_text": qr_text(&host, &claims.public_id, signed.as_bytes()),
            })
        })
        .collect();
    for vector in &vectors {
        let text = parse_qr_text(vector["qr_text"].as_str().expect("text")).expect("a QR text");
        assert!(certificate::verify(&text.cose.expect("signed part"), &keys()).is_ok());
    }
    compare("certificate.json", &Value::from(vectors));
}

#[test]
fn log_entries_keep_their_bytes() {
    let mut edge = Edge::empty();
    let vectors: Vec<Value> = every_kind()
        .iter()
        .map(|entry| {
            let bytes = entry.encode();
            assert_eq!(LeafEntry::decode(&bytes).as_ref(), Ok(entry));
            let update = edge.append(&[entry.leaf_hash()]);
            json!({ "kind": entry.kind(), "entry": hex(&bytes), "leaf_hash": entry.leaf_hash().to_string(),
                "tree_size": update.size, "root_hash": update.root.to_string() })
        })
        .collect();
    compare("log_entries.json", &Value::from(vectors));
}

#[test]
fn checkpoints_keep_their_bytes() {
    let key = signer("log", 3);
    let origin: certs::log::Origin = "verify.example.cn/log".parse().expect("an origin");
    let checkpoint = Checkpoint {
        origin: origin.clone(),
        size: 1,
        root: Hash::leaf(signed().as_bytes()),
    };
    let signed = checkpoint.sign(&key).expect("signed");
    let vector = json!({
        "seed": hex(&[3; 32]),
        "vkey": vkey(&origin, key.public_key()),
        "size": signed.checkpoint.size,
        "root_hash": signed.checkpoint.root.to_string(),
        "note": signed.note,
    });
    compare("checkpoint.json", &vector);
}

#[test]
fn key_files_of_others_and_ours_open() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/key_files.json");
    let text = std::fs::read_to_string(file).expect("the vector file is in the repository");
    let vectors: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    assert!(vectors.len() >= 3);
    let id: KeyId = "k3726".parse().expect("a kid");
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().expect("text").to_owned();
        let signer = SoftwareSigner::from_encrypted_pem(
            id.clone(),
            &text("pem"),
            text("passphrase").as_bytes(),
        )
        .map(|signer| hex(signer.public_key().as_bytes()));
        match vector["fault"].as_str() {
            None => assert_eq!(
                signer.expect("opened"),
                text("public_key"),
                "{}",
                text("made_by")
            ),
            Some(fault) => assert_eq!(
                format!("{:?}", signer.expect_err("refused")),
                fault,
                "{}",
                text("made_by")
            ),
        }
    }
}

#[test]
fn credentials_keep_their_text() {
    let badge = badge_jwt(&facts(), &issuer()).expect("signed");
    let wallet = signer("wallet", 21);
    let whole = sd_jwt(&facts(), None, &salts(), &issuer()).expect("signed");
    let bound = sd_jwt(&facts(), Some(wallet.public_key()), &salts(), &issuer()).expect("signed");
    let shown = present(&whole, &[Disclosable::Name, Disclosable::Level]).expect("presented");
    let now = at("2026-05-01T04:00:00Z");
    assert!(verify_badge(&badge, &host(), &keys(), now).is_ok());
    for text in [&whole, &bound, &shown] {
        assert!(verify_sd_jwt(text, &host(), &keys(), None, now).is_ok());
    }
    let salts: Vec<String> = (1..=9).map(|number| hex(&[number; 16])).collect();
    let vector = json!({
        "seed": hex(&[7; 32]),
        "kid": "k3726",
        "host": host().as_str(),
        "badge_jwt": badge,
        "salts": salts,
        "sd_jwt": whole,
        "sd_jwt_name_and_level": shown,
        "sd_jwt_with_holder_key": bound,
        "holder_key": hex(wallet.public_key().as_bytes()),
        "did_document": did_document(&host(), &keys(), None),
        "jwks": jwks(&host(), &keys(), None),
    });
    compare("credential.json", &vector);
}

/// Which bytes a list compresses to depends on the build, so the kept lists are read, not made anew.
#[test]
fn status_lists_of_this_version_stay_readable() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/status_list.json");
    let made = at("2026-05-01T04:00:00Z");
    let mut bits = StatusBitmap::new(MIN_BITS).expect("a bitmap");
    for index in [0, 70_001, 131_071] {
        bits.set(index, true).expect("in range");
    }
    let none = StatusBitmap::new(MIN_BITS).expect("a bitmap");
    if updating() {
        let revocation = StatusPurpose::Revocation;
        let vector = json!({
            "made": "2026-05-01T04:00:00Z",
            "number": 3,
            "set": [0, 70_001, 131_071],
            "encoded_list": bits.encode(),
            "jwt": status_list_jwt(&host(), revocation, 3, &bits, made, &issuer()).expect("signed"),
            "token": token_status_list(&host(), 3, &bits, &none, made, &issuer()).expect("signed"),
        });
        let text = serde_json::to_string_pretty(&vector).expect("JSON");
        std::fs::write(&file, text + "\n").expect("written");
    }
    let text = std::fs::read_to_string(&file).expect("the vector file is in the repository");
    let vector: Value = serde_json::from_str(&text).expect("JSON");
    let text = |name: &str| vector[name].as_str().expect("text").to_owned();
    assert_eq!(
        StatusBitmap::decode(&text("encoded_list")).as_ref(),
        Ok(&bits)
    );
    let list = verify_status_list(
        &text("jwt"),
        &host(),
        StatusPurpose::Revocation,
        3,
        &keys(),
        made,
    );
    assert_eq!(list.expect("genuine").bits(), &bits);
    let list = verify_token_status_list(&text("token"), &host(), 3, &keys(), made);
    let list = list.expect("genuine");
    for index in [0, 1, 70_001, 131_071] {
        let revoked = list.get(index) == Some(certs::credential::TokenStatus::Invalid);
        assert_eq!(Some(revoked), bits.get(index));
    }
}

#[test]
fn trust_bundles_keep_their_bytes() {
    compare("trust_bundle.json", &crate::bundle::vector());
}
