//! The genuine certificate, its parts to be changed, keys, and what a registry would answer. The person is invented.

use certs::certificate::{self, Claims};
use certs::keys::{KeyRecord, KeyState, PublicKeyFile, Signer, SoftwareSigner};
use certs::qr::qr_text;
use certs::verdict::{CertificateState, Facts, InstitutionFact, LogFact, Standing, StatusFact};
use chrono::{DateTime, Utc};
use ciborium::Value;
use domain::certificate::CertificateReason;
use domain::{CertificateNo, PublicId, SkillLevel};
use serde_json::{Map, json};
use zeroize::Zeroizing;

pub(super) const NOW: &str = "2026-05-01T04:00:00Z";

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

pub(super) fn signer(kid: &str, seed: u8) -> SoftwareSigner {
    SoftwareSigner::from_seed(kid.parse().expect("a kid"), Zeroizing::new([seed; 32]))
}

pub(super) fn issuer() -> SoftwareSigner {
    signer("k3726", 7)
}

pub(super) fn claims() -> Claims {
    Claims {
        issued_at: at("2026-03-08T02:00:00Z"),
        expires_at: None,
        holder: "买买提·艾力".parse().expect("a name"),
        certificate_no: CertificateNo::mint("37", 2026, &[1, 2, 3, 4, 5, 6, 7, 8])
            .expect("a certificate number"),
        program: "P3700012".parse().expect("a program code"),
        institution: "521101053269910274".parse().expect("a credit code"),
        level: Some(SkillLevel::Four),
        status_list: 3,
        status_index: 70_001,
        public_id: PublicId::from_bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
    }
}

pub(super) fn genuine() -> Vec<u8> {
    certificate::sign(&claims(), &issuer())
        .expect("signed")
        .into_bytes()
}

/// The QR text of any bytes, under the genuine id.
pub(super) fn qr(cose: &[u8]) -> String {
    let host = "verify.example.cn".parse().expect("a host");
    qr_text(&host, &claims().public_id, cose)
}

pub(super) fn signed_by(claims: &Claims, signer: &SoftwareSigner) -> String {
    let host = "verify.example.cn".parse().expect("a host");
    let cose = certificate::sign(claims, signer).expect("signed");
    qr_text(&host, &claims.public_id, cose.as_bytes())
}

pub(super) fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("written to memory");
    bytes
}

pub(super) fn int(number: i64) -> Value {
    Value::from(number)
}

/// The four parts of the genuine certificate.
pub(super) struct Parts {
    pub(super) protected: Value,
    pub(super) unprotected: Value,
    pub(super) payload: Value,
    pub(super) signature: Value,
}

impl Parts {
    pub(super) fn genuine() -> Self {
        let value: Value = ciborium::from_reader(genuine().as_slice()).expect("CBOR");
        let Value::Tag(18, body) = value else {
            panic!("tag 18")
        };
        let [protected, unprotected, payload, signature] =
            body.into_array().expect("array").try_into().expect("four");
        Self {
            protected,
            unprotected,
            payload,
            signature,
        }
    }

    pub(super) fn protected(bytes: Vec<u8>) -> Self {
        Self {
            protected: Value::Bytes(bytes),
            ..Self::genuine()
        }
    }

    pub(super) fn payload(bytes: Vec<u8>) -> Self {
        Self {
            payload: Value::Bytes(bytes),
            ..Self::genuine()
        }
    }

    pub(super) fn signature(bytes: Vec<u8>) -> Self {
        Self {
            signature: Value::Bytes(bytes),
            ..Self::genuine()
        }
    }

    pub(super) fn body(self) -> Value {
        Value::Array(vec![
            self.protected,
            self.unprotected,
            self.payload,
            self.signature,
        ])
    }

    pub(super) fn qr(self) -> String {
        qr(&cbor(&Value::Tag(18, Box::new(self.body()))))
    }
}

/// Bytes of a part of the genuine certificate.
pub(super) fn bytes_of(part: Value) -> Vec<u8> {
    part.into_bytes().expect("a byte string")
}

fn record(signer: &SoftwareSigner, from: &str, to: &str, state: KeyState) -> KeyRecord {
    KeyRecord {
        public_key: signer.public_key().clone(),
        federation: "370000".parse().expect("a federation code"),
        not_before: at(from),
        not_after: at(to),
        state,
    }
}

/// `keys.json`: key files by name.
pub(super) fn key_sets() -> String {
    let (first, last) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let compromised = KeyState::Compromised {
        at: at("2026-04-01T00:00:00Z"),
    };
    let active = |signer: &SoftwareSigner| record(signer, first, last, KeyState::Active);
    let issuer = issuer();
    let sets = [
        ("none", Vec::new()),
        (
            "active",
            vec![
                ("k3726", active(&issuer)),
                ("k1126", active(&signer("k1126", 11))),
            ],
        ),
        (
            "pending",
            vec![("k3726", record(&issuer, first, last, KeyState::Pending))],
        ),
        (
            "retired",
            vec![("k3726", record(&issuer, first, last, KeyState::Retired))],
        ),
        (
            "compromised",
            vec![("k3726", record(&issuer, first, last, compromised))],
        ),
        (
            "not_yet",
            vec![(
                "k3726",
                record(&issuer, "2026-03-08T02:00:01Z", last, KeyState::Active),
            )],
        ),
        (
            "ended",
            vec![(
                "k3726",
                record(&issuer, first, "2026-03-08T02:00:00Z", KeyState::Active),
            )],
        ),
        (
            "retired_ended",
            vec![(
                "k3726",
                record(&issuer, first, "2026-02-01T00:00:00Z", KeyState::Retired),
            )],
        ),
        ("another_key", vec![("k3726", active(&signer("k3726", 8)))]),
        (
            "other_kids",
            vec![("k3727", active(&issuer)), ("K3726", active(&issuer))],
        ),
    ];
    let sets: Map<String, serde_json::Value> = sets
        .into_iter()
        .map(|(name, keys)| {
            let keys = keys
                .into_iter()
                .map(|(id, key)| (id.parse().expect("a kid"), key))
                .collect();
            let file = PublicKeyFile {
                keys,
                log_vkey: None,
            }
            .to_json();
            (name.to_owned(), serde_json::from_str(&file).expect("JSON"))
        })
        .collect();
    serde_json::to_string_pretty(&json!(sets)).expect("JSON") + "\n"
}

/// What a registry that knows the genuine certificate answers, by name.
pub(super) fn facts(name: &str) -> Facts {
    let now = at(NOW);
    let sha256 = certificate::sha256(&genuine());
    let known = |state, sha256, fresh_until| {
        Some(StatusFact::Known {
            state,
            sha256,
            as_of: now,
            fresh_until,
        })
    };
    let later = at("2027-06-01T00:00:00Z");
    let status = |state| known(state, Some(sha256), later);
    let log = |covered_at: &str| {
        Some(LogFact::Included {
            sha256,
            index: 5,
            tree_size: 9,
            covered_at: at(covered_at),
            witnessed: true,
        })
    };
    let authorised = InstitutionFact {
        at_issue: Standing::Authorised,
        apart: Some(false),
        today: Standing::Authorised,
    };
    let well = Facts {
        status: status(CertificateState::Issued),
        log: log("2026-03-08T02:00:01Z"),
        institution: Some(authorised),
    };
    match name {
        "offline" => Facts::default(),
        "registry" => well,
        // A status list or a registry that holds no copy: it knows no hash.
        "list" => Facts {
            status: known(CertificateState::Issued, None, later),
            log: None,
            institution: None,
        },
        "revoked" => {
            let at = Some(at("2026-04-02T00:00:00Z"));
            let reason = Some(CertificateReason::FraudByHolder);
            Facts {
                status: status(CertificateState::Revoked { at, reason }),
                ..well
            }
        }
        "suspended" => Facts {
            status: status(CertificateState::Suspended { until: None }),
            ..well
        },
        "superseded" => Facts {
            status: status(CertificateState::Superseded {
                at: Some(at("2026-04-02T00:00:00Z")),
            }),
            ..well
        },
        "stale" => Facts {
            status: known(CertificateState::Issued, Some(sha256), now),
            ..well
        },
        "not_found" => Facts {
            status: Some(StatusFact::NotFound { as_of: now }),
            ..well
        },
        "recorded" => Facts {
            status: Some(StatusFact::Recorded { as_of: now }),
            ..well
        },
        "not_logged" => Facts {
            log: Some(LogFact::NotLogged),
            ..well
        },
        "log_pending" => Facts {
            log: Some(LogFact::Pending),
            ..well
        },
        "logged_late" => Facts {
            log: log("2026-04-01T00:00:00Z"),
            ..well
        },
        "not_authorised" => {
            let fact = InstitutionFact {
                at_issue: Standing::NotAdmitted,
                apart: Some(false),
                today: Standing::Authorised,
            };
            Facts {
                institution: Some(fact),
                ..well
            }
        }
        "suspended_then" => {
            let fact = InstitutionFact {
                at_issue: Standing::Suspended,
                apart: Some(false),
                today: Standing::Authorised,
            };
            Facts {
                institution: Some(fact),
                ..well
            }
        }
        other => panic!("no facts are called {other}"),
    }
}
