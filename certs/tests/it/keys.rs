//! Keys: weak ones, their file, and signatures that are not the one.

use std::time::Instant;

use certs::keys::{
    Algorithm, BadPublicKey, KeyFileFault, KeyId, PublicKey, SignError, Signer, SoftwareSigner,
    open_secret, seal_secret,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use certs::keys::{KeyState, PublicKeyFile};
use certs::log::vkey;

use crate::arrange::{at, issuer, record, signer};

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .expect("hex")
}

#[test]
fn key_ids_are_short_ascii() {
    for good in ["k3726", "k3726-2", "log.2026_1", "a", &"k".repeat(32)] {
        assert_eq!(good.parse::<KeyId>().expect("a key id").as_str(), good);
    }
    for bad in ["", "k 1", "k#1", "k/1", "密钥", "k\n", &"k".repeat(33)] {
        assert!(bad.parse::<KeyId>().is_err(), "{bad:?}");
    }
}

#[test]
fn small_order_and_non_canonical_keys_are_refused() {
    // The eight points of small order in their canonical encodings (RFC 7748 and 8032 arithmetic; libsodium's list).
    let weak = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];
    for key in weak {
        assert_eq!(
            PublicKey::from_bytes(Algorithm::Ed25519, &hex(key)),
            Err(BadPublicKey::Weak),
            "{key}"
        );
    }
    // The same points with y written as y + p.
    for key in [
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert_eq!(
            PublicKey::from_bytes(Algorithm::Ed25519, &hex(key)),
            Err(BadPublicKey::Encoding),
            "{key}"
        );
    }
    assert_eq!(
        PublicKey::from_bytes(Algorithm::Ed25519, &[1; 31]),
        Err(BadPublicKey::Encoding)
    );
}

#[test]
fn the_vector_of_rfc_8032_signs_the_same() {
    // RFC 8032 section 7.1, TEST 2.
    let seed: [u8; 32] = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
        .try_into()
        .expect("32 bytes");
    let signer =
        SoftwareSigner::from_seed("k1".parse().expect("a kid"), zeroize::Zeroizing::new(seed));
    assert_eq!(
        signer.public_key().as_bytes(),
        hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    );
    let signature = signer.sign(&[0x72]).expect("signed");
    assert_eq!(
        signature,
        hex(concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ))
    );
    assert!(signer.public_key().verify(&[0x73], &signature).is_err());
}

#[test]
fn a_signature_with_s_above_the_group_order_is_refused() {
    let signer = issuer();
    let mut signature = signer.sign(b"text").expect("signed");
    // L, added to s: the equation still holds, the encoding does not (malleability).
    let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0_u16;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).expect("a byte");
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert!(signer.public_key().verify(b"text", &signature).is_err());
}

#[test]
fn a_signer_whose_public_key_is_not_its_own_publishes_nothing() {
    struct Broken(SoftwareSigner, PublicKey);
    impl Signer for Broken {
        fn key_id(&self) -> &KeyId {
            self.0.key_id()
        }
        fn public_key(&self) -> &PublicKey {
            &self.1
        }
        fn sign_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
            self.0.sign_unchecked(message)
        }
    }
    let broken = Broken(issuer(), signer("k3726", 9).public_key().clone());
    assert_eq!(broken.sign(b"text"), Err(SignError::SelfCheck));
    assert_eq!(
        broken.sign_all(&[b"text".to_vec()]),
        Err(SignError::SelfCheck)
    );
    assert!(certs::certificate::sign(&crate::arrange::claims(), &broken).is_err());
}

#[test]
fn a_key_file_opens_with_its_passphrase_only() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let signer = SoftwareSigner::generate("k3726".parse().expect("a kid"), &mut rng);
    let begun = Instant::now();
    let pem = signer
        .to_encrypted_pem("口令-correct horse".as_bytes(), &mut rng)
        .expect("written");
    assert!(
        begun.elapsed().as_secs() < 5,
        "scrypt took {:?}",
        begun.elapsed()
    );
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));

    let id: KeyId = "k3726".parse().expect("a kid");
    let opened =
        SoftwareSigner::from_encrypted_pem(id.clone(), &pem, "口令-correct horse".as_bytes())
            .expect("opened");
    assert_eq!(opened.public_key(), signer.public_key());
    assert_eq!(opened.sign(b"text"), signer.sign(b"text"));

    let fault = |pem: &str, passphrase: &[u8]| {
        SoftwareSigner::from_encrypted_pem(id.clone(), pem, passphrase).err()
    };
    assert_eq!(fault(&pem, b"wrong"), Some(KeyFileFault::Passphrase));
    assert_eq!(fault("", b""), Some(KeyFileFault::Format));
    assert_eq!(
        fault(&pem.replace("ENCRYPTED ", ""), b""),
        Some(KeyFileFault::Format)
    );
    let middle = pem.len() / 2;
    let other = if &pem[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let damaged = [&pem[..middle], other, &pem[middle + 1..]].concat();
    assert!(fault(&damaged, "口令-correct horse".as_bytes()).is_some());
}

#[test]
fn the_file_of_a_secret_opens_with_its_passphrase_only() {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let secret = [7; 32];
    let pem = seal_secret(&secret, b"the right passphrase", &mut rng).expect("written");
    assert!(pem.starts_with("-----BEGIN MINGZHENG ENCRYPTED SECRET-----\n"));
    let opened = open_secret(&pem, b"the right passphrase").expect("opened");
    assert_eq!(*opened, secret);
    let fault = |pem: &str, passphrase: &[u8]| open_secret(pem, passphrase).err();
    assert_eq!(fault(&pem, b"wrong"), Some(KeyFileFault::Passphrase));
    assert_eq!(fault("", b""), Some(KeyFileFault::Format));
    // A signing key is no such file, and the other way round.
    let key = issuer().to_encrypted_pem(b"x", &mut rng).expect("written");
    assert_eq!(fault(&key, b"x"), Some(KeyFileFault::Format));
    let id: KeyId = "k3726".parse().expect("a kid");
    assert_eq!(
        SoftwareSigner::from_encrypted_pem(id, &pem, b"the right passphrase").err(),
        Some(KeyFileFault::Format)
    );
    let again = seal_secret(&secret, b"the right passphrase", &mut rng).expect("written");
    assert_ne!(*pem, *again, "another salt");
}

#[test]
fn two_key_files_of_one_key_differ() {
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    let signer = issuer();
    let first = signer
        .to_encrypted_pem(b"passphrase", &mut rng)
        .expect("written");
    let second = signer
        .to_encrypted_pem(b"passphrase", &mut rng)
        .expect("written");
    assert_ne!(*first, *second);
}

fn file() -> PublicKeyFile {
    let compromised = KeyState::Compromised {
        at: at("2026-04-01T00:00:00.5Z"),
    };
    let keys = [
        ("k3726", 7, KeyState::Active),
        ("k1126", 1, KeyState::Retired),
        ("k6626-2", 2, compromised),
    ];
    let keys = keys.map(|(kid, seed, state)| {
        (
            kid.parse().expect("a kid"),
            record(&signer(kid, seed), state),
        )
    });
    let log = signer("log", 3);
    let origin = "verify.example.cn/log".parse().expect("an origin");
    PublicKeyFile {
        keys: keys.into_iter().collect(),
        log_vkey: Some(vkey(&origin, log.public_key())),
    }
}

#[test]
fn a_file_of_public_keys_comes_back_as_it_was() {
    assert_eq!(
        PublicKeyFile::parse(&file().to_json()).expect("read"),
        file()
    );
    // The bare list, as a registry answers it.
    let whole: serde_json::Value = serde_json::from_str(&file().to_json()).expect("JSON");
    let list = PublicKeyFile::parse(&whole["keys"].to_string()).expect("read");
    assert_eq!((list.keys, list.log_vkey), (file().keys, None));
    let empty = PublicKeyFile::default();
    assert_eq!(PublicKeyFile::parse(&empty.to_json()).expect("read"), empty);
}

#[test]
fn a_wrong_file_of_public_keys_is_refused_and_says_where() {
    let text = file().to_json();
    let message = |text: &str| PublicKeyFile::parse(text).expect_err("refused").to_string();
    assert!(message("{").contains("line 1"));
    assert!(message(&text.replace("\"version\": 1", "\"version\": 2")).contains("version"));
    assert!(
        message(&text.replace("\"version\"", "\"unknown\": 1, \"version\"")).contains("line 2")
    );
    assert!(message(&text.replace("k6626-2", "k3726")).contains("k3726 occurs twice"));
    // Ids are written in order: k1126 is the first.
    for (from, to) in [
        ("\"EdDSA\"", "\"RS256\""),
        ("\"retired\"", "\"compromised\""),
        ("\"retired\"", "\"unknown\""),
        ("2027-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00Z", "tomorrow"),
        ("\"k1126\"", "\"k 1126\""),
    ] {
        let altered = text.replacen(from, to, 1);
        assert_ne!(altered, text);
        assert!(
            message(&altered).contains("key number 1"),
            "{from}: {}",
            message(&altered)
        );
    }
    assert!(
        message(&text.replace("verify.example.cn", "other.example.cn"))
            .contains("verifier key line")
    );
    assert!(message(&" ".repeat(5_000_000)).contains("too large"));
}

#[test]
fn key_states_go_forward_only() {
    let compromised = |text| KeyState::Compromised { at: at(text) };
    let (first, second) = (
        compromised("2026-04-01T00:00:00Z"),
        compromised("2026-05-01T00:00:00Z"),
    );
    let states = [
        KeyState::Pending,
        KeyState::Active,
        KeyState::Retired,
        first,
        second,
    ];
    let allowed: Vec<(usize, usize)> = (0..5)
        .flat_map(|from| (0..5).map(move |to| (from, to)))
        .filter(|(from, to)| states[*from].may_become(states[*to]))
        .collect();
    assert_eq!(
        allowed,
        [
            (0, 1),
            (0, 2),
            (0, 3),
            (0, 4),
            (1, 2),
            (1, 3),
            (1, 4),
            (2, 3),
            (2, 4),
            (4, 3)
        ]
    );
}
