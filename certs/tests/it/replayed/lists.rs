//! Status lists of both forms. Which bytes a list compresses to depends on the build, so the kept lists are read, not made anew.

use std::collections::{BTreeMap, BTreeSet};

use certs::credential::{
    CredentialFault, LIST_VALIDITY, MIN_BITS, StatusBitmap, StatusPurpose, TokenStatus, badge_jwt,
    status_list_jwt, token_status_list, verify_status_list, verify_token_status_list,
};
use certs::keys::{KeyRecord, KeySet, KeyState, Signer, SoftwareSigner};
use certs::qr::Host;
use certs::verdict::{CertificateState, Facts, StatusFact};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{FOLDER, judged, reason_of, table, written};
use crate::arrange::{at, claims, facts, host, opened, record, signer};
use crate::bundle::status_key;
use crate::vectors::{kept, lines_of, updating};

const FILE: &str = "lists.jsonl";
/// When the lists were made.
const MADE: &str = "2026-05-01T04:00:00Z";
/// An hour later.
const NOW: &str = "2026-05-01T05:00:00Z";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    /// `bitstring` or `token`.
    form: String,
    list: String,
    /// Number of the list that is wanted, and what its bits mean.
    number: u32,
    purpose: String,
    /// Which keys are known: a name that [`keys`] knows.
    keys: String,
    at: String,
    fault: String,
    /// The verdict of the genuine certificate without this list.
    state: String,
    reason: String,
}

/// Keys of status lists, by name.
fn keys(name: &str) -> KeySet {
    let key = status_key();
    let known = |state| record(&key, state);
    let of = |record: KeyRecord| [(key.key_id().clone(), record)].into_iter().collect();
    match name {
        "none" => KeySet::default(),
        "active" => of(known(KeyState::Active)),
        "pending" => of(known(KeyState::Pending)),
        "compromised" => of(known(KeyState::Compromised {
            at: at("2026-04-01T00:00:00Z"),
        })),
        "not yet" => of(KeyRecord {
            not_before: at("2026-06-01T00:00:00Z"),
            ..known(KeyState::Active)
        }),
        "ended" => of(KeyRecord {
            not_after: at("2026-05-01T00:00:00Z"),
            ..known(KeyState::Retired)
        }),
        other => panic!("no keys are called {other}"),
    }
}

fn bits(set: &[u32]) -> StatusBitmap {
    let mut bits = StatusBitmap::new(MIN_BITS).expect("a bitmap");
    for index in set {
        bits.set(*index, true).expect("in range");
    }
    bits
}

/// The list of a form, without the genuine certificate in it.
fn made(
    form: &str,
    host: &Host,
    number: u32,
    signer: &SoftwareSigner,
    at: DateTime<Utc>,
) -> String {
    let revoked = bits(&[0, 9]);
    if form == "bitstring" {
        status_list_jwt(
            host,
            StatusPurpose::Revocation,
            number,
            &revoked,
            at,
            signer,
        )
    } else {
        token_status_list(host, number, &revoked, &bits(&[]), at, signer)
    }
    .expect("signed")
}

/// A token with this header and payload, signed by the key of status lists.
fn token(header: &str, payload: &str) -> String {
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = status_key().sign(signed.as_bytes()).expect("signed");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn cases() -> Vec<Line> {
    ["bitstring", "token"]
        .into_iter()
        .flat_map(of_form)
        .collect()
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn of_form(form: &str) -> Vec<Line> {
    let good = made(form, &host(), 3, &status_key(), at(MADE));
    let line = |name: &str, list: &str, fault: &str| Line {
        name: format!("{form}: {name}"),
        form: form.to_owned(),
        list: list.to_owned(),
        number: 3,
        purpose: "revocation".to_owned(),
        keys: "active".to_owned(),
        at: NOW.to_owned(),
        fault: fault.to_owned(),
        state: "indeterminate".to_owned(),
        reason: "status_not_checked".to_owned(),
    };
    let later = |name: &str, at: &str| Line {
        at: at.to_owned(),
        ..line(name, &good, "expired")
    };
    let known = |name: &str, keys: &str, fault: &str| Line {
        keys: keys.to_owned(),
        ..line(name, &good, fault)
    };
    let (header, payload) = opened(&good);
    let parts: Vec<&str> = good.split('.').collect();
    // What only the key's owner could make, and what anybody can who leaves the signature as it was.
    let resigned = |from: &str, to: &str| {
        assert!(payload.contains(from), "{from}");
        token(&header, &payload.replacen(from, to, 1))
    };
    let left = |from: &str, to: &str| {
        let altered = resigned(from, to);
        format!(
            "{}.{}",
            altered.rsplit_once('.').expect("three parts").0,
            parts[2]
        )
    };
    let (end, longer) = ("\"exp\":1777694400", "\"exp\":1809230400");
    let other_form = if form == "bitstring" {
        "token"
    } else {
        "bitstring"
    };
    let elsewhere: Host = "status.example.org".parse().expect("a host");
    let stranger = signer("status", 44);
    let mut cases = vec![
        later("at the end of its day", "2026-05-02T04:00:00Z"),
        later("two days old", "2026-05-03T00:00:00Z"),
        later("a week old", "2026-05-08T04:00:00Z"),
        later("half a year old", "2026-11-01T04:00:00Z"),
        Line {
            at: "2026-05-01T03:54:59Z".to_owned(),
            ..line("from the future", &good, "issued_later")
        },
        Line {
            number: 4,
            ..line("in place of list 4", &good, "other_list")
        },
        Line {
            number: 30,
            ..line("in place of list 30", &good, "other_list")
        },
        line(
            "of another registry",
            &made(form, &elsewhere, 3, &signer("status", 34), at(MADE)),
            "key_id_invalid",
        ),
        line(
            "of another registry, with our key",
            &made(form, &elsewhere, 3, &status_key(), at(MADE)),
            "key_id_invalid",
        ),
        line(
            "by another key of the same name",
            &made(form, &host(), 3, &stranger, at(MADE)),
            "signature_mismatch",
        ),
        line(
            "by a key that nobody knows",
            &made(form, &host(), 3, &signer("status-9", 44), at(MADE)),
            "key_unknown",
        ),
        line(
            "by the key of an issuer",
            &made(form, &host(), 3, &crate::arrange::issuer(), at(MADE)),
            "key_unknown",
        ),
        known("no key is known", "none", "key_unknown"),
        known("the key is pending", "pending", "key_pending"),
        known("the key was stolen", "compromised", "key_compromised"),
        known(
            "before the time of the key",
            "not yet",
            "key_outside_period",
        ),
        known("after the time of the key", "ended", "key_outside_period"),
        line(
            "with a longer validity",
            &left(end, longer),
            "signature_mismatch",
        ),
        line(
            "with a longer validity, signed again",
            &resigned(end, longer),
            "payload",
        ),
        line(
            "with a field more",
            &resigned("{", "{\"note\":\"valid\","),
            "payload",
        ),
        line("with a blank", &resigned("{", "{ "), "payload"),
        line(
            "of the other form",
            &made(other_form, &host(), 3, &status_key(), at(MADE)),
            "type",
        ),
        line(
            "without its signature",
            &format!("{}.{}.", parts[0], parts[1]),
            "signature_mismatch",
        ),
        line(
            "without its last part",
            &format!("{}.{}", parts[0], parts[1]),
            "parts",
        ),
        line("with four parts", &format!("{good}.AA"), "parts"),
        line("with a blank at its end", &format!("{good} "), "base64"),
        line("with padding", &format!("{good}=="), "base64"),
        line("nothing", "", "parts"),
        line("a text", "valid", "parts"),
        line(
            "a page",
            "<!DOCTYPE html><title>404. Not. Found</title>",
            "base64",
        ),
        line(
            "that nobody signed",
            &format!(
                "{}.{}.",
                BASE64URL_NOPAD.encode(header.replacen("EdDSA", "none", 1).as_bytes()),
                parts[1]
            ),
            "algorithm_unknown",
        ),
        line(
            "with a critical header",
            &token(&header.replacen('{', "{\"crit\":[\"exp\"],", 1), &payload),
            "critical_header",
        ),
        line(
            "by a badge in its place",
            &badge_jwt(&facts(), &status_key()).expect("signed"),
            if form == "bitstring" {
                "payload"
            } else {
                "type"
            },
        ),
    ];
    if form == "bitstring" {
        let suspension = status_list_jwt(
            &host(),
            StatusPurpose::Suspension,
            3,
            &bits(&[]),
            at(MADE),
            &status_key(),
        );
        cases.extend([
            line(
                "of holds in place of revocations",
                &suspension.expect("signed"),
                "other_list",
            ),
            Line {
                purpose: "suspension".to_owned(),
                ..line("in place of the list of holds", &good, "other_list")
            },
            line(
                "whose purpose was changed",
                &resigned(
                    "\"statusPurpose\":\"revocation\"",
                    "\"statusPurpose\":\"suspension\"",
                ),
                "payload",
            ),
            line(
                "with damaged bits",
                &resigned("\"encodedList\":\"u", "\"encodedList\":\"uAAAA"),
                "bits",
            ),
        ]);
    } else {
        cases.extend([
            line(
                "with another width",
                &resigned("\"bits\":2", "\"bits\":1"),
                "payload",
            ),
            line(
                "with damaged bits",
                &resigned("\"lst\":\"", "\"lst\":\"AAAA"),
                "bits",
            ),
        ]);
    }
    cases
}

/// What a list that was read says of the genuine certificate.
fn read(line: &Line) -> Result<Facts, &'static str> {
    let known = keys(&line.keys);
    let now = at(&line.at);
    let place = claims().status_index;
    let (revoked, as_of) = if line.form == "bitstring" {
        let purpose = line.purpose.parse().expect("a purpose");
        let list = verify_status_list(&line.list, &host(), purpose, line.number, &known, now)
            .map_err(CredentialFault::code)?;
        (list.bits().get(place) != Some(false), list.as_of())
    } else {
        let list = verify_token_status_list(&line.list, &host(), line.number, &known, now)
            .map_err(CredentialFault::code)?;
        (list.get(place) != Some(TokenStatus::Valid), list.as_of())
    };
    let state = if revoked {
        CertificateState::Revoked {
            at: None,
            reason: None,
        }
    } else {
        CertificateState::Issued
    };
    Ok(Facts {
        status: Some(StatusFact::Known {
            state,
            sha256: None,
            as_of,
            fresh_until: as_of + LIST_VALIDITY,
        }),
        ..Facts::default()
    })
}

#[test]
fn every_list_gets_its_own_reason_and_none_makes_a_certificate_valid() {
    written();
    if updating() {
        kept(FOLDER, FILE, table(&cases()).as_bytes());
    }
    let lines: Vec<Line> = lines_of(FOLDER, FILE);
    let names: BTreeSet<&String> = lines.iter().map(|line| &line.name).collect();
    let cases = cases();
    let made: BTreeMap<&String, &Line> = cases.iter().map(|line| (&line.name, line)).collect();
    assert_eq!(names.len(), lines.len(), "a name occurs twice");
    assert_eq!(
        names,
        made.keys().copied().collect(),
        "write the lists anew"
    );
    let mut wrong = Vec::new();
    for line in &lines {
        // The kept list, and the same list as this build compresses it.
        for line in [line, made[&line.name]] {
            let read = read(line);
            let fault = read.as_ref().err().copied().unwrap_or("none");
            let verdict = judged(&read.unwrap_or_default(), &line.at);
            assert!(!verdict.is_valid(), "{} makes it valid", line.name);
            let found = (fault, verdict.state.code(), reason_of(&verdict));
            let expected = (
                line.fault.as_str(),
                line.state.as_str(),
                line.reason.as_str(),
            );
            if found != expected {
                wrong.push(format!("{}: {found:?}, not {expected:?}", line.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines.len() >= 60, "{} lists", lines.len());
}

/// Otherwise none of them could be read, and the test above would prove nothing. It also says what is left to a replay: within
/// its day an older list is as good as a newer one, to whoever does not ask for the newest.
#[test]
fn the_same_list_within_its_day_makes_the_genuine_certificate_valid() {
    for form in ["bitstring", "token"] {
        let mut line = of_form(form).remove(0);
        for minutes in [0, 5, 24 * 60 - 1] {
            line.at = (at(MADE) + TimeDelta::minutes(minutes)).to_rfc3339();
            let facts = read(&line).expect("it is read");
            assert!(judged(&facts, &line.at).is_valid(), "{form} {minutes}");
        }
    }
}
