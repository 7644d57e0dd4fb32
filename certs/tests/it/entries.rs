//! Leaf entries: every kind goes out and comes back, and nothing else does.

use certs::keys::{KeyState, Signer};
use certs::log::{EntryFault, LeafEntry, Word};
use ciborium::Value;
use domain::certificate::{CertificateReason, CertificateStatus};

use crate::arrange::{at, claims, issuer, signed};

pub(crate) fn every_kind() -> Vec<LeafEntry> {
    let at = at("2026-03-08T02:00:00.123Z");
    let word = |text: &str| text.parse::<Word>().expect("a word");
    let federation = || "370000".parse().expect("a federation code");
    let issuer = issuer();
    vec![
        LeafEntry::Issue {
            at,
            certificate: signed().sha256(),
            key_id: issuer.key_id().clone(),
            institution: claims().institution,
            federation: federation(),
            program: claims().program,
        },
        LeafEntry::CertificateStatus {
            at,
            certificate: signed().sha256(),
            status: CertificateStatus::Revoked,
            reason: CertificateReason::FraudByInstitution,
        },
        LeafEntry::InstitutionDecision {
            at,
            institution: claims().institution,
            federation: federation(),
            transition: word("T08"),
            from: word("public_notice"),
            to: word("provisional"),
        },
        LeafEntry::KeyState {
            at,
            key_id: issuer.key_id().clone(),
            public_key: issuer.public_key().clone(),
            state: KeyState::Compromised {
                at: super::arrange::at("2026-03-01T00:00:00.001Z"),
            },
        },
        LeafEntry::Policy {
            at,
            policy: word("CN-BASE@2026.1"),
            sha256: [5; 32],
        },
        LeafEntry::ProgramPublication {
            at,
            program: claims().program,
            version: 2,
            federation: federation(),
            to: word("published"),
        },
        LeafEntry::AuditHead {
            at,
            sha256: [7; 32],
        },
        LeafEntry::Grade {
            at,
            institution: claims().institution,
            federation: federation(),
            grade: word("A"),
            policy: word("CN-BASE@2026.1"),
            results: [8; 32],
            freeze: "2026-03-31".parse().expect("a date"),
        },
        LeafEntry::Bulletin {
            at,
            federation: federation(),
            to: word("published"),
            sha256: [9; 32],
            number: word("B37-2026-1"),
        },
        LeafEntry::Succession {
            at,
            last: "verify.example.cn/log\n9\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n\u{2014} verify.example.cn/log AAAAAA==\n"
                .to_owned(),
        },
        LeafEntry::LotList {
            at,
            lot: [10; 16],
            sha256: [11; 32],
            count: 4,
        },
    ]
}

fn fields(entry: &LeafEntry) -> Vec<(Value, Value)> {
    ciborium::from_reader::<Value, _>(entry.encode().as_slice())
        .expect("CBOR")
        .into_map()
        .expect("a map")
}

fn cbor(map: Vec<(Value, Value)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&Value::Map(map), &mut bytes).expect("written");
    bytes
}

#[test]
fn every_kind_comes_back_as_it_was() {
    for (kind, entry) in (1..).zip(every_kind()) {
        assert_eq!(entry.kind(), kind);
        assert_eq!(LeafEntry::decode(&entry.encode()), Ok(entry.clone()));
        assert!(entry.encode().len() < 300);
    }
}

#[test]
fn every_status_and_reason_has_a_number_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for status in CertificateStatus::ALL {
        for reason in CertificateReason::ALL {
            let entry = LeafEntry::CertificateStatus {
                at: at("2026-03-08T02:00:00Z"),
                certificate: [1; 32],
                status: *status,
                reason: *reason,
            };
            assert_eq!(LeafEntry::decode(&entry.encode()).as_ref(), Ok(&entry));
            assert!(seen.insert(entry.encode()), "{status} {reason}");
        }
    }
    for (place, beyond) in [(4, 0), (4, 5), (5, 0), (5, 9)] {
        let mut fields = fields(&every_kind()[1]);
        fields[place].1 = Value::from(beyond);
        assert_eq!(LeafEntry::decode(&cbor(fields)), Err(EntryFault::Fields));
    }
}

#[test]
fn a_missing_strange_or_additional_field_is_refused() {
    for entry in every_kind() {
        let whole = fields(&entry);
        for place in 0..whole.len() {
            let mut fewer = whole.clone();
            fewer.remove(place);
            assert!(
                LeafEntry::decode(&cbor(fewer)).is_err(),
                "kind {} without field {place}",
                entry.kind()
            );
            let mut strange = whole.clone();
            strange[place].1 = Value::Array(Vec::new());
            assert!(
                LeafEntry::decode(&cbor(strange)).is_err(),
                "kind {} with a strange field {place}",
                entry.kind()
            );
        }
        let mut more = whole;
        more.push((Value::from(25), Value::from("张伟")));
        assert_eq!(LeafEntry::decode(&cbor(more)), Err(EntryFault::Fields));
    }
}

#[test]
fn a_succession_holds_a_signed_checkpoint_and_nothing_else() {
    let last = |note: &str| {
        LeafEntry::decode(
            &LeafEntry::Succession {
                at: at("2026-03-08T02:00:00Z"),
                last: note.to_owned(),
            }
            .encode(),
        )
    };
    let text = "verify.example.cn/log\n9\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n";
    let own = "\u{2014} verify.example.cn/log AAAAAA==\n";
    let witness = "\u{2014} zj.example.cn/w AAAAAA==\n";
    assert!(last(&format!("{text}{own}")).is_ok());
    assert!(last(&format!("{text}{own}{witness}")).is_ok());
    for note in [
        String::new(),
        "张伟 37010219080502757X\n".to_owned(),
        text.to_owned(),
        format!("{text}{witness}"),
        format!("{text}{own}张伟\n"),
        format!("{text}{own}\u{2014} 张伟 AAAAAA==\n"),
        format!("{text}{own}\n"),
        format!("{}{own}", text.replace("\n9\n", "\n09\n")),
        format!("{}{own}", text.replace("=\n\n", "=\n张伟\n\n")),
        format!("{text}{}", own.trim_end()),
    ] {
        assert_eq!(last(&note), Err(EntryFault::Fields), "{note:?}");
    }
}

#[test]
fn other_versions_and_kinds_are_refused() {
    let change = |key: usize, value: i64| {
        let mut fields = fields(&every_kind()[4]);
        fields[key].1 = Value::from(value);
        LeafEntry::decode(&cbor(fields))
    };
    assert_eq!(change(0, 2), Err(EntryFault::Version));
    assert_eq!(change(1, 0), Err(EntryFault::Kind));
    assert_eq!(change(1, 12), Err(EntryFault::Kind));
    assert_eq!(change(1, 7), Err(EntryFault::Fields));
    assert_eq!(change(2, -1), Err(EntryFault::Fields));
    assert_eq!(LeafEntry::decode(&[0x80]), Err(EntryFault::Encoding));
    assert_eq!(LeafEntry::decode(&[]), Err(EntryFault::Encoding));
    assert_eq!(
        LeafEntry::decode(&vec![0; 65_536]),
        Err(EntryFault::TooLong)
    );
}

#[test]
fn no_identity_number_telephone_or_name_is_a_word() {
    for bad in [
        "37010219080502757X",
        "13800138000",
        "张伟",
        "Zhang Wei",
        "",
        "T08\n",
        &"a".repeat(41),
    ] {
        assert!(bad.parse::<Word>().is_err(), "{bad:?}");
    }
    for good in ["T08", "public_notice", "CN-BASE@2026.1", "D"] {
        assert_eq!(good.parse::<Word>().expect("a word").as_str(), good);
    }
}

#[test]
fn an_entry_says_nothing_of_the_holder() {
    let entry = every_kind().remove(0).encode();
    let holder = claims().holder;
    let holder = holder.expose().as_bytes();
    assert!(!entry.windows(holder.len()).any(|window| window == holder));
    let number = claims().certificate_no;
    assert!(
        !entry
            .windows(number.as_str().len())
            .any(|window| window == number.as_str().as_bytes())
    );
}
