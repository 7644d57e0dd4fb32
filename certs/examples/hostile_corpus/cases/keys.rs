//! Genuine bytes, or bytes that a thief of the key signed, where key, log, status or time forbid to call them valid.

use certs::certificate::Claims;

use super::Case;
use super::arrange::{at, claims, genuine, issuer, qr, signed_by};

pub(super) fn cases() -> Vec<Case> {
    let genuine = || qr(&genuine());
    let case = |name: &str, keys, facts, state, reason| Case {
        keys,
        facts,
        state,
        ..Case::new(name, genuine(), reason)
    };
    let mut cases = vec![
        case(
            "no key is known",
            "none",
            "registry",
            "indeterminate",
            "key_unknown",
        ),
        case(
            "only other names are known",
            "other_kids",
            "registry",
            "indeterminate",
            "key_unknown",
        ),
        case(
            "unknown key, not found",
            "none",
            "not_found",
            "indeterminate",
            "not_registered",
        ),
        case(
            "another key has its name",
            "another_key",
            "registry",
            "not_genuine",
            "signature_mismatch",
        ),
        case(
            "key pending",
            "pending",
            "registry",
            "indeterminate",
            "key_pending",
        ),
        case(
            "key pending, offline",
            "pending",
            "offline",
            "indeterminate",
            "key_pending",
        ),
        case(
            "key not yet in its period",
            "not_yet",
            "registry",
            "not_genuine",
            "key_outside_period",
        ),
        case(
            "key past its period",
            "ended",
            "registry",
            "not_genuine",
            "key_outside_period",
        ),
        case(
            "retired key, issued after it",
            "retired_ended",
            "registry",
            "not_genuine",
            "key_outside_period",
        ),
        case(
            "key compromised, not logged before",
            "compromised",
            "logged_late",
            "not_genuine",
            "key_compromised",
        ),
        case(
            "key compromised, not logged at all",
            "compromised",
            "not_logged",
            "not_genuine",
            "key_compromised",
        ),
        case(
            "key compromised, log waits",
            "compromised",
            "log_pending",
            "not_genuine",
            "key_compromised",
        ),
        case(
            "key compromised, offline",
            "compromised",
            "offline",
            "indeterminate",
            "key_compromised_no_proof",
        ),
        case(
            "key compromised, list only",
            "compromised",
            "list",
            "indeterminate",
            "key_compromised_no_proof",
        ),
        case(
            "not in the log",
            "active",
            "not_logged",
            "not_genuine",
            "not_logged",
        ),
        case(
            "not in the log, key retired",
            "retired",
            "not_logged",
            "not_genuine",
            "not_logged",
        ),
        case(
            "waits for witnesses",
            "active",
            "log_pending",
            "indeterminate",
            "log_pending",
        ),
        case("revoked", "active", "revoked", "revoked", "revoked"),
        case(
            "revoked, key retired",
            "retired",
            "revoked",
            "revoked",
            "revoked",
        ),
        case("on hold", "active", "suspended", "suspended", "suspended"),
        case(
            "replaced",
            "active",
            "superseded",
            "superseded",
            "superseded",
        ),
        case(
            "status out of date",
            "active",
            "stale",
            "indeterminate",
            "status_stale",
        ),
        case(
            "not found",
            "active",
            "not_found",
            "not_found",
            "not_registered",
        ),
        case(
            "only recorded",
            "active",
            "recorded",
            "indeterminate",
            "recorded_only",
        ),
        case(
            "no status",
            "active",
            "offline",
            "indeterminate",
            "log_not_checked",
        ),
        case(
            "institution not admitted then",
            "active",
            "not_authorised",
            "indeterminate",
            "institution_not_authorised",
        ),
        case(
            "institution suspended then",
            "active",
            "suspended_then",
            "indeterminate",
            "institution_not_authorised",
        ),
        Case {
            at: "2026-03-08T01:54:59Z",
            state: "indeterminate",
            ..Case::new("clock before the issue", genuine(), "issued_later")
        },
    ];
    cases.extend(thief());
    cases
}

/// What somebody with the key signs over an id that the registry knows, or for another time.
fn thief() -> Vec<Case> {
    let forged = |claims: Claims| signed_by(&claims, &issuer());
    let other = || {
        forged(Claims {
            holder: "张伟".parse().expect("a name"),
            ..claims()
        })
    };
    let differs = "differs_from_registered";
    let ended = Claims {
        expires_at: Some(at("2026-04-01T00:00:00Z")),
        ..claims()
    };
    let backdated = Claims {
        issued_at: at("2025-12-31T23:59:59Z"),
        ..claims()
    };
    let postdated = Claims {
        issued_at: at("2027-01-01T00:00:00Z"),
        ..claims()
    };
    let future = Claims {
        issued_at: at("2026-12-01T00:00:00Z"),
        ..claims()
    };
    vec![
        Case::new("another name under a known id", other(), differs),
        Case {
            facts: "revoked",
            ..Case::new("another name under a revoked id", other(), differs)
        },
        Case {
            facts: "not_found",
            ..Case::new("another name, status not found", other(), differs)
        },
        Case {
            keys: "retired",
            ..Case::new("another name, key retired", other(), differs)
        },
        Case {
            keys: "compromised",
            ..Case::new("another name, key compromised", other(), differs)
        },
        Case::new(
            "no level under a known id",
            forged(Claims {
                level: None,
                ..claims()
            }),
            differs,
        ),
        Case {
            facts: "list",
            state: "expired",
            ..Case::new("ended", forged(ended), "expired")
        },
        Case {
            facts: "list",
            ..Case::new(
                "backdated before the key",
                forged(backdated),
                "key_outside_period",
            )
        },
        Case {
            facts: "list",
            ..Case::new(
                "dated after the key",
                forged(postdated),
                "key_outside_period",
            )
        },
        Case {
            facts: "list",
            state: "indeterminate",
            ..Case::new("dated in the future", forged(future), "log_not_checked")
        },
    ]
}
