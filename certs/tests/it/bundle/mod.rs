//! The trust bundle of `docs/formats.md` section 18: what it holds, what is refused, and verdicts by it alone.

mod deltas;
mod form;
mod judged;

use certs::bundle::{
    Bundle, BundleInstitution, Content, ListStatus, Places, StandingChange, delta,
};
use certs::certificate;
use certs::keys::{KeyState, Signer, SoftwareSigner};
use certs::log::{Checkpoint, Hash, WitnessPolicy};
use certs::qr::qr_text;
use certs::trust_list::{KeyPurpose, Roots, TrustList, TrustedKey};
use certs::verdict::{Presented, Standing, Verdict};
use chrono::{DateTime, TimeDelta, Utc};

use crate::arrange::{at, claims, host, issuer, signer};

pub(crate) fn root() -> SoftwareSigner {
    signer("root", 1)
}

pub(crate) fn status_key() -> SoftwareSigner {
    signer("status", 4)
}

fn roots() -> Roots {
    Roots::one(root().key_id().clone(), root().public_key().clone())
}

fn trusted(
    purpose: KeyPurpose,
    signer: &SoftwareSigner,
    state: KeyState,
) -> (certs::keys::KeyId, TrustedKey) {
    let key = TrustedKey {
        purpose,
        public_key: signer.public_key().clone(),
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2027-01-01T00:00:00Z"),
        state,
    };
    (signer.key_id().clone(), key)
}

fn trust_list_with(version: u64, state: KeyState) -> Vec<u8> {
    let origin = "verify.example.cn/log".parse().expect("an origin");
    let federation = "370000".parse().expect("a federation");
    let list = TrustList {
        version,
        issued_at: at("2026-03-01T00:00:00Z"),
        valid_until: at("2026-12-01T00:00:00Z"),
        keys: [
            trusted(KeyPurpose::Root, &root(), KeyState::Active),
            trusted(KeyPurpose::Status, &status_key(), KeyState::Active),
            trusted(KeyPurpose::Log(origin), &signer("log", 3), KeyState::Active),
            trusted(KeyPurpose::Issuer(federation), &issuer(), state),
        ]
        .into(),
        witnesses: WitnessPolicy::default(),
        earlier_witnesses: Vec::new(),
    };
    list.sign(&root()).expect("signed").as_bytes().to_vec()
}

fn checkpoint() -> String {
    let checkpoint = Checkpoint {
        origin: "verify.example.cn/log".parse().expect("an origin"),
        size: 1,
        root: Hash::leaf(b"one"),
    };
    checkpoint.sign(&signer("log", 3)).expect("signed").note
}

fn issued_at() -> DateTime<Utc> {
    at("2026-04-01T00:00:00Z")
}

/// The bundle of the vectors: the certificate of [`claims`] is in force in it.
pub(crate) fn content() -> Content {
    let change = |since: &str, standing| StandingChange {
        since: at(since),
        standing,
    };
    let standing = [(
        "370000".parse().expect("a federation"),
        vec![
            change("2026-02-01T08:00:00Z", Standing::Authorised),
            change("2026-03-20T08:00:00Z", Standing::Suspended),
        ],
    )];
    let institution = BundleInstitution {
        name: "济南某某职业培训学校".to_owned(),
        standing: standing.into(),
    };
    let list = ListStatus {
        size: 131_072,
        revoked: Places::new([0, 1, 131, 70_000]),
        superseded: Places::new([7, 131_071]),
        suspended: Places::new([70_002]),
    };
    Content {
        number: 12,
        issued_at: issued_at(),
        valid_until: at("2026-04-08T00:00:00Z"),
        trust_list: trust_list_with(5, KeyState::Active),
        checkpoint: checkpoint(),
        lists: [
            (3, list),
            (
                4,
                ListStatus {
                    size: 131_072,
                    ..ListStatus::default()
                },
            ),
        ]
        .into(),
        federations: [("370000".parse().expect("a federation"), "山东省".to_owned())].into(),
        programs: [(
            "P3700012".parse().expect("a program"),
            "面点制作".to_owned(),
        )]
        .into(),
        institutions: [("521101053269910274".parse().expect("a code"), institution)].into(),
    }
}

pub(crate) fn signed(content: &Content) -> Vec<u8> {
    content.sign(&status_key()).expect("signed")
}

pub(crate) fn opened(content: &Content) -> Bundle {
    Bundle::open(&signed(content), &roots()).expect("it opens")
}

fn text_of(claims: &certificate::Claims) -> String {
    let signed = certificate::sign(claims, &issuer()).expect("signed");
    qr_text(&host(), &claims.public_id, signed.as_bytes())
}

fn text() -> String {
    text_of(&claims())
}

fn now() -> DateTime<Utc> {
    at("2026-04-02T00:00:00Z")
}

fn judged(content: &Content, text: &str, now: DateTime<Utc>) -> Verdict {
    opened(content).judge(Presented::Text(text), now)
}

fn with_list(list: ListStatus) -> Content {
    let mut content = content();
    content.lists.insert(3, list);
    content
}

pub(crate) fn later() -> Content {
    let mut content = content();
    content.number = 15;
    content.issued_at += TimeDelta::days(3);
    content.valid_until += TimeDelta::days(3);
    let list = content.lists.get_mut(&3).expect("list 3");
    list.revoked = Places::new([0, 1, 131, 70_000, 70_002]);
    list.suspended = Places::new([5]);
    content.lists.insert(
        5,
        ListStatus {
            size: 131_072,
            revoked: Places::new([9]),
            ..ListStatus::default()
        },
    );
    content.programs.insert(
        "P3700013".parse().expect("a program"),
        "盲人按摩".to_owned(),
    );
    content
        .programs
        .remove(&"P3700012".parse().expect("a program"));
    content.federations.clear();
    for one in content.institutions.values_mut() {
        one.name = "济南某某培训学校".to_owned();
    }
    content
}

/// What the vectors hold: two bundles, the delta, and verdicts.
pub(crate) fn vector() -> serde_json::Value {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let (first, second) = (signed(&content()), signed(&later()));
    let verdicts: Vec<_> = [now(), at("2026-04-08T00:00:00Z"), at("2026-03-31T23:54:00Z")]
        .iter()
        .map(|moment| {
            let verdict = judged(&content(), &text(), *moment);
            let checks: Vec<_> = verdict.checks.iter().map(|check| check.reason.code()).collect();
            serde_json::json!({ "at": moment.to_rfc3339(), "state": verdict.state.code(), "reasons": checks })
        })
        .collect();
    serde_json::json!({
        "root_seed": hex(&[1; 32]), "status_seed": hex(&[4; 32]), "log_seed": hex(&[3; 32]), "issuer_seed": hex(&[7; 32]),
        "root_public_key": hex(root().public_key().as_bytes()),
        "bundle": hex(&first), "sha256": hex(opened(&content()).sha256()),
        "later": hex(&second), "later_sha256": hex(opened(&later()).sha256()),
        "delta": hex(&made(&content(), &later())),
        "qr_text": text(), "verdicts": verdicts,
    })
}

pub(crate) fn made(from: &Content, to: &Content) -> Vec<u8> {
    delta(&opened(from), &opened(to), &signed(to)).expect("a delta")
}
