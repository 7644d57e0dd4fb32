//! Asking for what one does not have yet: `If-None-Match`.

use axum::http::{HeaderMap, header};

/// Whether the client has what stands under this tag (RFC 9110, 13.1.2): `*`, or a list of tags, compared weakly, since a
/// proxy that packs an answer makes its tag a weak one.
pub(crate) fn knows(headers: &HeaderMap, tag: &str) -> bool {
    fn opaque(tag: &str) -> &str {
        tag.strip_prefix("W/").unwrap_or(tag)
    }
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|one| one == "*" || opaque(one) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn tags_are_compared_weakly_in_lists_and_several_lines() {
        let asked = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(line));
            }
            knows(&headers, "\"ab\"")
        };
        assert!(asked(&["\"ab\""]) && asked(&["W/\"ab\""]) && asked(&["*"]));
        assert!(asked(&["\"x\", W/\"ab\""]) && asked(&["\"x\"", "\"ab\""]));
        for other in [
            "ab",
            "\"AB\"",
            "w/\"ab\"",
            "W/ \"ab\"",
            "\"*\"",
            "\"x\",",
            "",
        ] {
            assert!(!asked(&[other]), "{other}");
        }
        assert!(!asked(&[]));
    }
}
