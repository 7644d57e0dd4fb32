//! Checkpoints and verifier keys as C2SP signed notes.

use certs::keys::{Algorithm, PublicKey, Signer};
use certs::log::{Checkpoint, CheckpointFault, Hash, Origin, parse_vkey, vkey};

use crate::arrange::signer;

fn origin() -> Origin {
    "verify.example.cn/log".parse().expect("an origin")
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: origin(),
        size: 42,
        root: Hash::leaf(b"root"),
    }
}

#[test]
fn a_signed_checkpoint_verifies_and_has_the_form_of_a_note() {
    let key = signer("log", 3);
    let signed = checkpoint().sign(&key).expect("signed");
    assert_eq!(
        Checkpoint::verify(&signed.note, &origin(), key.public_key()),
        Ok(signed.clone())
    );
    let lines: Vec<_> = signed.note.split('\n').collect();
    assert_eq!(lines[..2], ["verify.example.cn/log", "42"]);
    assert_eq!(lines[3], "");
    assert!(lines[4].starts_with("\u{2014} verify.example.cn/log "));
    assert_eq!(lines[5..], [""]);
}

#[test]
fn a_known_verifier_key_is_read_and_written_alike() {
    // From the documentation of golang.org/x/mod/sumdb/note.
    let line = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let (name, key) = parse_vkey(line).expect("a verifier key");
    assert_eq!(name.as_str(), "PeterNeumann");
    assert_eq!(vkey(&name, &key), line);
}

#[test]
fn a_note_signed_by_another_implementation_is_checked_by_the_same_rules() {
    // The text, key and signature of golang.org/x/mod/sumdb/note's example: the signature covers text and line feed.
    let key = data_encoding::BASE64
        .decode(b"ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        .expect("base64");
    let key = PublicKey::from_bytes(Algorithm::Ed25519, &key[1..]).expect("a key");
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let signature = data_encoding::BASE64
        .decode(line.as_bytes())
        .expect("base64");
    assert_eq!(signature[..4], [0xc7, 0x4f, 0x20, 0xa3]);
    assert_eq!(key.verify(text.as_bytes(), &signature[4..]), Ok(()));
}

#[test]
fn a_witness_line_beside_the_log_s_own_is_accepted() {
    let key = signer("log", 3);
    let signed = checkpoint().sign(&key).expect("signed");
    let witnessed = format!("{}\u{2014} witness.example.cn AAAAAAECAwQ=\n", signed.note);
    assert!(Checkpoint::verify(&witnessed, &origin(), key.public_key()).is_ok());
    let crowd = format!(
        "{}{}",
        signed.note,
        "\u{2014} witness.example.cn AAAAAAECAwQ=\n".repeat(16)
    );
    assert_eq!(
        Checkpoint::verify(&crowd, &origin(), key.public_key()),
        Err(CheckpointFault::Format)
    );
}

#[test]
fn altered_checkpoints_are_refused() {
    let key = signer("log", 3);
    let note = checkpoint().sign(&key).expect("signed").note;
    let fault =
        |note: &str| Checkpoint::verify(note, &origin(), key.public_key()).expect_err("refused");
    assert_eq!(
        fault(&note.replace("\n42\n", "\n43\n")),
        CheckpointFault::Signature
    );
    assert_eq!(
        fault(&note.replace("\n42\n", "\n042\n")),
        CheckpointFault::Format
    );
    assert_eq!(
        fault(&note.replace("\n42\n", "\n+42\n")),
        CheckpointFault::Format
    );
    assert_eq!(
        fault(&note.replace("\n42\n", "\n-1\n")),
        CheckpointFault::Format
    );
    assert_eq!(
        fault(&note.replace("\n42\n", "\n99999999999999999999\n")),
        CheckpointFault::Format
    );
    assert_eq!(
        fault(&note.replace("\n42\n", "\n42\nextension\n")),
        CheckpointFault::Format
    );
    assert_eq!(fault(&note.replace('\n', "\r\n")), CheckpointFault::Format);
    assert_eq!(fault(note.trim_end()), CheckpointFault::Format);
    assert_eq!(
        fault(note.split("\u{2014}").next().expect("text")),
        CheckpointFault::Format
    );
    assert_eq!(
        fault(&note.replace('\u{2014}', "-")),
        CheckpointFault::Format
    );
    assert_eq!(fault(""), CheckpointFault::Format);
    assert_eq!(fault("\n\n"), CheckpointFault::Format);
    assert_eq!(fault(&"x".repeat(20_000)), CheckpointFault::Format);
    for at in note.char_indices().map(|(at, _)| at) {
        let _ = Checkpoint::verify(&note[..at], &origin(), key.public_key())
            .expect_err("a part of a checkpoint");
    }
}

#[test]
fn another_key_or_another_log_does_not_pass() {
    let key = signer("log", 3);
    let note = checkpoint().sign(&key).expect("signed").note;
    let other_key = signer("log", 4);
    assert_eq!(
        Checkpoint::verify(&note, &origin(), other_key.public_key()),
        Err(CheckpointFault::Unsigned)
    );
    let other: Origin = "other.example.cn/log".parse().expect("an origin");
    assert_eq!(
        Checkpoint::verify(&note, &other, key.public_key()),
        Err(CheckpointFault::OtherLog)
    );
}

#[test]
fn origins_have_no_blanks_and_no_plus() {
    for bad in ["", "a b", "a+b", "a\nb", "a\u{3000}b", &"x".repeat(256)] {
        assert!(bad.parse::<Origin>().is_err(), "{bad:?}");
    }
}

#[test]
fn altered_verifier_keys_are_refused() {
    let key = signer("log", 3);
    let line = vkey(&origin(), key.public_key());
    assert_eq!(parse_vkey(&line), Ok((origin(), key.public_key().clone())));
    for bad in [
        String::new(),
        line.replace('+', ""),
        line.replacen("verify", "Verify", 1),
        line.replace("+A", "+B"),
        format!("{line}A"),
        line[..line.len() - 1].to_owned(),
    ] {
        assert!(parse_vkey(&bad).is_err(), "{bad}");
    }
}
