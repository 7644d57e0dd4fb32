//! Bundles.

use std::collections::{BTreeMap, BTreeSet};

use certs::bundle::{Bundle, BundleFault, Content, ListStatus, Places};
use certs::certificate::{self, Claims};
use certs::keys::{KeyState, SoftwareSigner};
use certs::qr::qr_text;
use certs::trust_list::{KeyPurpose, Roots, TrustList};
use certs::verdict::Presented;
use domain::PublicId;
use serde::{Deserialize, Serialize};

use super::{FOLDER, bytes_of, elsewhere, held, hex, known, list_of, reason_of, roots, written};
use crate::arrange::{at, claims, host, issuer, signer};
use crate::bundle::{content, later, made, root, signed, status_key};
use crate::vectors::lines_of;

const NOW: &str = "2026-04-05T00:00:00Z";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    name: String,
    bundle: String,
    /// Name of the bundle in `known.json` that was accepted before.
    after: Option<String>,
    /// Name of the certificate in `known.json`.
    certificate: String,
    at: String,
    /// Why the bundle is not used; `none` where it is.
    fault: String,
    /// The verdict by it; `not_used` where it is not.
    state: String,
    reason: String,
}

/// Certificates to be judged, by name.
pub(super) fn certificates() -> BTreeMap<String, String> {
    let at_place = |status_list: u32, status_index: u32, issued_at: &str| Claims {
        public_id: PublicId::from_bytes([status_index.to_be_bytes()[3]; 16]),
        status_list,
        status_index,
        issued_at: at(issued_at),
        ..claims()
    };
    let issued = "2026-03-08T02:00:00Z";
    let ended = Claims {
        expires_at: Some(at("2026-04-01T00:00:00Z")),
        ..claims()
    };
    let all: [(&str, Claims, SoftwareSigner); 9] = [
        ("genuine", claims(), issuer()),
        ("revoked", at_place(3, 131, issued), issuer()),
        ("replaced", at_place(3, 7, issued), issuer()),
        ("on hold", at_place(3, 70_002, issued), issuer()),
        (
            "of a list that is not there",
            at_place(8, 2, issued),
            issuer(),
        ),
        (
            "of a place beyond the list",
            at_place(3, 131_073, issued),
            issuer(),
        ),
        (
            "newer than the bundle",
            at_place(3, 12, "2026-04-01T12:00:00Z"),
            issuer(),
        ),
        ("ended", ended, issuer()),
        ("forged", claims(), signer("k3726", 8)),
    ];
    all.into_iter()
        .map(|(name, claims, signer)| {
            let signed = certificate::sign(&claims, &signer).expect("signed");
            (
                name.to_owned(),
                qr_text(&host(), &claims.public_id, signed.as_bytes()),
            )
        })
        .collect()
}

fn refused(name: &str, bundle: &[u8], fault: &str) -> Line {
    Line {
        name: name.to_owned(),
        bundle: hex(bundle),
        after: None,
        certificate: "genuine".to_owned(),
        at: NOW.to_owned(),
        fault: fault.to_owned(),
        state: "not_used".to_owned(),
        reason: "none".to_owned(),
    }
}

fn used(name: &str, bundle: &[u8], at: &str, state: &str, reason: &str) -> Line {
    Line {
        at: at.to_owned(),
        state: state.to_owned(),
        reason: reason.to_owned(),
        ..refused(name, bundle, "none")
    }
}

fn changed(change: impl FnOnce(&mut Content)) -> Vec<u8> {
    let mut one = content();
    change(&mut one);
    signed(&one)
}

/// A bundle with this trust list in it.
fn with_list(
    root: &SoftwareSigner,
    status: &SoftwareSigner,
    change: impl FnOnce(&mut TrustList),
) -> Content {
    let mut one = content();
    one.checkpoint.clear();
    one.trust_list = list_of(root, 5, status, change);
    one
}

fn state_of(list: &mut TrustList, purpose: &str, state: KeyState) {
    for key in list.keys.values_mut() {
        if key.purpose.as_str() == purpose {
            key.state = state;
        }
    }
}

pub(super) fn cases() -> Vec<Line> {
    let mut cases = replayed();
    cases.extend(of_others());
    cases.extend(damaged());
    cases.extend(out_of_time());
    cases.extend(standing());
    cases
}

/// Older than what was used before.
fn replayed() -> Vec<Line> {
    let held = held();
    let after = |name: &str, bundle: &[u8], after: &str, fault| Line {
        after: Some(after.to_owned()),
        ..refused(name, bundle, fault)
    };
    let number = |number| changed(|one| one.number = number);
    vec![
        after("an older one", &held["first"], "later", "bundle_older"),
        after("the one just before", &number(14), "later", "bundle_older"),
        after("the very first", &number(1), "later", "bundle_older"),
        after(
            "another of the same number",
            &held["later, another one of its number"],
            "later",
            "bundle_forked",
        ),
        after(
            "another of the same number, the other way round",
            &held["later"],
            "later, another one of its number",
            "bundle_forked",
        ),
        after(
            "a newer number with an older trust list",
            &number(40),
            "with a newer trust list",
            "bundle_older_list",
        ),
        after(
            "the later one with an older trust list",
            &held["later"],
            "with a newer trust list",
            "bundle_older_list",
        ),
        after(
            "the same version of the trust list with other content",
            &signed(&{
                let mut one = with_list(&root(), &status_key(), |list| {
                    state_of(list, "issuer", KeyState::Retired);
                });
                one.number = 41;
                one
            }),
            "later",
            "bundle_forked_list",
        ),
        after(
            "of another registry, with a great number",
            &held["of another registry"],
            "later",
            "bundle_trust_list",
        ),
    ]
}

/// Signed by keys that may not.
fn of_others() -> Vec<Line> {
    let by = |signer: &SoftwareSigner| content().sign(signer).expect("signed");
    let listed = |one: Content| signed(&one);
    let stranger = signer("status", 44);
    let mut forged_list = content();
    forged_list.trust_list = list_of(&signer("root", 31), 5, &status_key(), |_| ());
    vec![
        refused("of another registry", &elsewhere().0, "bundle_trust_list"),
        refused(
            "by another key of the same name",
            &by(&stranger),
            "bundle_signature",
        ),
        refused(
            "by a key that nobody lists",
            &by(&signer("status-9", 44)),
            "bundle_key",
        ),
        refused("by the key of an issuer", &by(&issuer()), "bundle_key"),
        refused("by the root key", &by(&root()), "bundle_key"),
        refused(
            "by the key of the log",
            &by(&signer("log", 3)),
            "bundle_key",
        ),
        refused(
            "with a trust list of another root",
            &signed(&forged_list),
            "bundle_trust_list",
        ),
        refused(
            "by a key that is retired",
            &listed(with_list(&root(), &status_key(), |list| {
                state_of(list, "status", KeyState::Retired);
            })),
            "bundle_key",
        ),
        refused(
            "by a key that is pending",
            &listed(with_list(&root(), &status_key(), |list| {
                state_of(list, "status", KeyState::Pending);
            })),
            "bundle_key",
        ),
        refused(
            "by a stolen key",
            &listed(with_list(&root(), &status_key(), |list| {
                state_of(
                    list,
                    "status",
                    KeyState::Compromised {
                        at: at("2026-02-01T00:00:00Z"),
                    },
                );
            })),
            "bundle_key",
        ),
        refused(
            "before the time of its key",
            &listed(with_list(&root(), &status_key(), |list| {
                for key in list
                    .keys
                    .values_mut()
                    .filter(|key| key.purpose == KeyPurpose::Status)
                {
                    key.not_before = at("2026-06-01T00:00:00Z");
                }
            })),
            "bundle_key",
        ),
        refused(
            "after the time of its key",
            &listed(with_list(&root(), &status_key(), |list| {
                for key in list
                    .keys
                    .values_mut()
                    .filter(|key| key.purpose == KeyPurpose::Status)
                {
                    key.not_after = at("2026-02-01T00:00:00Z");
                }
            })),
            "bundle_key",
        ),
        refused(
            "with the checkpoint of another log",
            &changed(|one| {
                one.checkpoint =
                    one.checkpoint
                        .replacen("verify.example.cn", "other.example.cn", 1);
            }),
            "bundle_field",
        ),
    ]
}

fn damaged() -> Vec<Line> {
    let good = signed(&content());
    let altered = |place: usize| {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        bytes
    };
    let at_of = |word: &[u8]| {
        good.windows(word.len())
            .position(|window| window == word)
            .expect("it stands there")
    };
    vec![
        refused("nothing", b"", "bundle_encoding"),
        refused("a text", b"hello", "bundle_encoding"),
        refused(
            "a web page",
            b"<!DOCTYPE html><title>404</title>",
            "bundle_encoding",
        ),
        refused("zeros", &[0; 64], "bundle_encoding"),
        refused("a half", &good[..good.len() / 2], "bundle_encoding"),
        refused("all but a byte", &good[..good.len() - 1], "bundle_encoding"),
        refused(
            "a byte more",
            &[&good[..], b"\0"].concat(),
            "bundle_encoding",
        ),
        refused("twice", &[&good[..], &good[..]].concat(), "bundle_encoding"),
        refused("without its tag", &good[1..], "bundle_encoding"),
        refused("with another tag", &altered(0), "bundle_encoding"),
        refused(
            "a bit of the signature",
            &altered(good.len() - 1),
            "bundle_signature",
        ),
        refused(
            "a bit of the name of a program",
            &altered(at_of("面点制作".as_bytes()) + 2),
            "bundle_signature",
        ),
        refused(
            "a bit of the name of a federation",
            &altered(at_of("山东省".as_bytes()) + 2),
            "bundle_signature",
        ),
        refused("a trust list alone", &content().trust_list, "bundle_header"),
        refused("a delta", &made(&content(), &later()), "bundle_encoding"),
        refused(
            "a certificate",
            crate::arrange::signed().as_bytes(),
            "bundle_encoding",
        ),
    ]
}

/// Used, but what it says of the status is too old or from the future.
fn out_of_time() -> Vec<Line> {
    let first = signed(&content());
    let stale = |name: &str, at: &str| used(name, &first, at, "indeterminate", "status_stale");
    vec![
        stale("at the end of its validity", "2026-04-08T00:00:00Z"),
        stale("a month later", "2026-05-01T00:00:00Z"),
        stale("in summer", "2026-08-01T00:00:00Z"),
        stale("years later", "2029-04-01T00:00:00Z"),
        stale("from the future", "2026-03-31T23:54:00Z"),
        used(
            "its trust list has ended",
            &signed(&with_list(&root(), &status_key(), |list| {
                list.valid_until = at("2026-04-02T00:00:00Z");
            })),
            NOW,
            "indeterminate",
            "status_stale",
        ),
        used(
            "its trust list is from the future",
            &signed(&with_list(&root(), &status_key(), |list| {
                list.issued_at = at("2026-11-01T00:00:00Z");
            })),
            NOW,
            "indeterminate",
            "status_stale",
        ),
        Line {
            certificate: "revoked".to_owned(),
            ..used(
                "revoked is for good",
                &first,
                "2027-05-01T00:00:00Z",
                "revoked",
                "revoked",
            )
        },
        Line {
            certificate: "replaced".to_owned(),
            ..used(
                "replaced is for good",
                &first,
                "2027-05-01T00:00:00Z",
                "superseded",
                "superseded",
            )
        },
        Line {
            certificate: "forged".to_owned(),
            ..used(
                "forged is for good",
                &first,
                "2027-05-01T00:00:00Z",
                "not_genuine",
                "signature_mismatch",
            )
        },
        Line {
            certificate: "on hold".to_owned(),
            ..used(
                "what was on hold then",
                &first,
                "2026-05-01T00:00:00Z",
                "indeterminate",
                "status_stale",
            )
        },
    ]
}

/// Used and in its time; the certificate is not in force by it, or it does not know it.
fn standing() -> Vec<Line> {
    let first = signed(&content());
    let of = |certificate: &str, state: &str, reason: &str| Line {
        certificate: certificate.to_owned(),
        ..used(
            &format!("a certificate {certificate}"),
            &first,
            NOW,
            state,
            reason,
        )
    };
    let keys = |name: &str, state, verdict, reason| {
        let bundle = with_list(&root(), &status_key(), |list| {
            state_of(list, "issuer", state);
        });
        used(name, &signed(&bundle), NOW, verdict, reason)
    };
    let stolen = KeyState::Compromised {
        at: at("2026-02-01T00:00:00Z"),
    };
    vec![
        of("revoked", "revoked", "revoked"),
        of("replaced", "superseded", "superseded"),
        of("on hold", "suspended", "suspended"),
        of("forged", "not_genuine", "signature_mismatch"),
        of("ended", "expired", "expired"),
        of(
            "of a list that is not there",
            "indeterminate",
            "status_not_covered",
        ),
        of(
            "of a place beyond the list",
            "indeterminate",
            "status_not_covered",
        ),
        of(
            "newer than the bundle",
            "indeterminate",
            "status_not_covered",
        ),
        keys(
            "its trust list has the issuer's key as stolen",
            stolen,
            "indeterminate",
            "key_compromised_no_proof",
        ),
        keys(
            "its trust list has the issuer's key as pending",
            KeyState::Pending,
            "indeterminate",
            "key_pending",
        ),
        used(
            "its trust list does not know the issuer",
            &signed(&with_list(&root(), &status_key(), |list| {
                list.keys
                    .retain(|_, key| !matches!(key.purpose, KeyPurpose::Issuer(_)));
            })),
            NOW,
            "indeterminate",
            "key_unknown",
        ),
        used(
            "no lists in it",
            &changed(|one| one.lists.clear()),
            NOW,
            "indeterminate",
            "status_not_covered",
        ),
        used(
            "the certificate revoked in it",
            &changed(|one| {
                let list = ListStatus {
                    size: 131_072,
                    revoked: Places::new([70_001]),
                    ..ListStatus::default()
                };
                one.lists.insert(3, list);
            }),
            NOW,
            "revoked",
            "revoked",
        ),
    ]
}

#[test]
fn every_bundle_gets_its_own_reason_and_none_makes_a_certificate_valid() {
    written();
    let known = known();
    let roots = Roots::parse(&known.root).expect("the root");
    let lines: Vec<Line> = lines_of(FOLDER, "bundles.jsonl");
    let mut wrong = Vec::new();
    for line in &lines {
        let seen = line.after.as_ref().map(|name| {
            let held = bytes_of(&known.bundles[name]);
            let held = Bundle::open(&held, &roots).expect("what was used before opens");
            held.accept(None).expect("the first one is taken")
        });
        let opened = Bundle::open(&bytes_of(&line.bundle), &roots)
            .and_then(|bundle| bundle.accept(seen.as_ref()).map(|_| bundle));
        let text = &known.certificates[&line.certificate];
        let found = match opened {
            Err(fault) => (fault.code(), "not_used", "none"),
            Ok(bundle) => {
                let verdict = bundle.judge(Presented::Text(text), at(&line.at));
                assert!(!verdict.is_valid(), "{} makes it valid", line.name);
                ("none", verdict.state.code(), reason_of(&verdict))
            }
        };
        let expected = (
            line.fault.as_str(),
            line.state.as_str(),
            line.reason.as_str(),
        );
        if found != expected {
            wrong.push(format!("{}: {found:?}, not {expected:?}", line.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let names: BTreeSet<&String> = lines.iter().map(|line| &line.name).collect();
    assert_eq!(names.len(), lines.len(), "a name occurs twice");
    assert!(lines.len() >= 60, "{} bundles", lines.len());
}

/// Otherwise nothing could be used or be valid, and the test above would prove nothing.
#[test]
fn the_same_bundles_in_their_time_and_order_make_the_genuine_certificate_valid() {
    let text = &known().certificates["genuine"];
    let first = super::opened("first");
    let seen = first.accept(None).expect("the first one is taken");
    assert!(first.judge(Presented::Text(text), at(NOW)).is_valid());
    let later = super::opened("later");
    assert!(later.accept(Some(&seen)).is_ok(), "a later one is taken");
    assert!(later.judge(Presented::Text(text), at(NOW)).is_valid());
    // The other registry's is sound under its own root: it is the root that decides.
    let other = Roots::parse(&known().other_root).expect("the other root");
    let bytes = bytes_of(&known().bundles["of another registry"]);
    assert!(Bundle::open(&bytes, &other).is_ok());
    assert_eq!(
        Bundle::open(&bytes, &roots()).err(),
        Some(BundleFault::TrustList)
    );
}
