//! Classes of requests: each has a limit and a pool of its own.

use axum::http::{HeaderMap, Method, header};

/// What kind of work a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Scans, verification by JSON, log, keys, status lists.
    Verify,
    /// Questions by number and name.
    Lookup,
    /// Sign-in.
    SignIn,
    /// Uploads.
    Import,
    /// Files to take away.
    Export,
    /// Everything else.
    Other,
}

impl Class {
    /// Every class, in the order of [`Self::index`].
    pub const ALL: &'static [Self] = &[
        Self::Verify,
        Self::Lookup,
        Self::SignIn,
        Self::Import,
        Self::Export,
        Self::Other,
    ];

    /// Position in [`Self::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// Name in metrics and configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Lookup => "lookup",
            Self::SignIn => "sign_in",
            Self::Import => "import",
            Self::Export => "export",
            Self::Other => "other",
        }
    }

    /// The class of a request; none for the questions of the operator, which are answered whatever happens.
    pub fn of(method: &Method, path: &str, headers: &HeaderMap) -> Option<Self> {
        let path = path
            .strip_prefix("/en")
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path);
        if matches!(path, "/livez" | "/readyz" | "/readyz/verification") {
            return None;
        }
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let page = under(path, &["/v", "/V", "/verify"]);
        // Anybody may object without an account: as dear as a question by number.
        let objects = under(path, &["/notices", "/api/v1/notices"]);
        Some(if !reads && (page || objects) {
            Self::Lookup
        } else if !reads && under(path, SIGN_IN) {
            Self::SignIn
        } else if page || under(path, VERIFY) {
            Self::Verify
        } else if !reads && is_upload(headers) {
            Self::Import
        } else if (reads && is_file(path)) || is_approved_file(path) {
            Self::Export
        } else {
            Self::Other
        })
    }
}

const VERIFY: &[&str] = &[
    "/api/v1/verifications",
    "/api/v1/keys",
    "/api/v1/trust-list",
    "/log",
    "/status",
    "/trust",
    "/.well-known",
];
/// Where secrets are guessed: passwords, codes, and codes for a new password.
const SIGN_IN: &[&str] = &[
    "/api/v1/sessions",
    "/api/v1/passwords",
    "/api/v1/password-resets",
    "/sign-in",
    "/signin",
    "/login",
    "/password",
];
const FILES: &[&str] = &[
    ".xlsx", ".csv", ".pdf", ".zip", ".png", ".svg", ".brf", "/export",
];
/// Ends of files that are made of a registry's data where they stand under these.
const DATA: &[&str] = &[".json", ".jwt", ".sdjwt", ".txt"];
const DATA_UNDER: &[&str] = &[
    "/api/v1/certificates",
    "/api/v1/grading-runs",
    "/api/v1/files",
    "/me",
    "/org",
];

fn under(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        path.strip_prefix(place)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn is_file(path: &str) -> bool {
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    !path.starts_with("/assets/")
        && (ends(FILES)
            || path.contains("/export/")
            || under(path, &["/api/v1/files"])
            || (under(path, DATA_UNDER) && ends(DATA)))
}

/// A file that was approved is taken by a POST, since it is taken once.
fn is_approved_file(path: &str) -> bool {
    under(path, &["/api/v1/exports", "/desk/exports"]) && path.ends_with("/file")
}

/// A body that is neither JSON nor a plain form is a file: it may be large and slow.
fn is_upload(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    let small = essence.eq_ignore_ascii_case("application/json")
        || essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let empty = headers
        .get(header::CONTENT_LENGTH)
        .is_none_or(|length| length == "0")
        && !headers.contains_key(header::TRANSFER_ENCODING);
    !small && !empty
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn class(method: &Method, path: &str, kind: &str) -> Option<Class> {
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_str(kind).expect("a type"),
            );
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("9"));
        }
        Class::of(method, path, &headers)
    }

    #[test]
    fn a_request_belongs_to_the_class_of_its_work() {
        let json = "application/json";
        let form = "application/x-www-form-urlencoded";
        for (method, path, kind, wanted) in [
            (Method::GET, "/livez", "", None),
            (Method::GET, "/V/ABC", "", Some(Class::Verify)),
            (Method::GET, "/en/v/ABC", "", Some(Class::Verify)),
            (Method::POST, "/en/v/ABC", form, Some(Class::Lookup)),
            (Method::POST, "/verify", form, Some(Class::Lookup)),
            (
                Method::POST,
                "/notices/B33-2026-001/objections/new",
                form,
                Some(Class::Lookup),
            ),
            (
                Method::POST,
                "/api/v1/verifications",
                json,
                Some(Class::Verify),
            ),
            (Method::GET, "/log/checkpoint", "", Some(Class::Verify)),
            (Method::GET, "/logarithm", "", Some(Class::Other)),
            (Method::POST, "/api/v1/sessions", json, Some(Class::SignIn)),
            (Method::POST, "/api/v1/passwords", json, Some(Class::SignIn)),
            (
                Method::POST,
                "/api/v1/password-resets",
                json,
                Some(Class::SignIn),
            ),
            (Method::POST, "/password", form, Some(Class::SignIn)),
            (
                Method::POST,
                "/en/password/forgotten",
                form,
                Some(Class::SignIn),
            ),
            (Method::GET, "/password", "", Some(Class::Other)),
            (
                Method::POST,
                "/api/v1/cohorts/x/rosters",
                "text/csv",
                Some(Class::Import),
            ),
            (
                Method::POST,
                "/api/v1/cohorts/x/acts",
                json,
                Some(Class::Other),
            ),
            (
                Method::POST,
                "/api/v1/cohorts/x/attendance/lock",
                "",
                Some(Class::Other),
            ),
            (
                Method::GET,
                "/api/v1/rosters/template.xlsx",
                "",
                Some(Class::Export),
            ),
            (Method::GET, "/", "", Some(Class::Other)),
            (
                Method::POST,
                "/api/v1/exports/x/file",
                json,
                Some(Class::Export),
            ),
            (Method::POST, "/api/v1/exports", json, Some(Class::Other)),
            (
                Method::GET,
                "/.well-known/did.json",
                "",
                Some(Class::Verify),
            ),
        ] {
            assert_eq!(class(&method, path, kind), wanted, "{method} {path}");
        }
    }

    /// What is neither a page nor JSON of the document is a file to take away, or belongs to verification.
    #[test]
    fn every_file_of_the_document_is_an_export() {
        let text = include_str!("../../../openapi/openapi.json");
        let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let mut seen = 0;
        for (path, operations) in document["paths"].as_object().expect("paths") {
            let Some(content) = operations["get"]["responses"]["200"]["content"].as_object() else {
                continue;
            };
            let schema = |kind: &String| kind == "application/schema+json";
            let data = path.contains("/grading-runs/{id}/") && path.contains('.');
            if content
                .keys()
                .all(|kind| kind == "application/json" || schema(kind))
                && !data
            {
                continue;
            }
            let path = path.replace("{form}", "xlsx").replace(['{', '}'], "");
            let found = class(&Method::GET, &path, "");
            let wanted = if under(&path, VERIFY) {
                Class::Verify
            } else if path.ends_with("/proof.tlog") {
                // A few lines out of the log.
                Class::Other
            } else {
                Class::Export
            };
            assert_eq!(found, Some(wanted), "{path}");
            seen += usize::from(wanted == Class::Export);
        }
        assert!(seen >= 15, "{seen}");
    }
}
