//! Extractors of our own, so that even a malformed request is a problem document (trust.md ERR-1).

mod strict;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

/// Largest JSON body, in bytes (trust.md OV-3).
pub const JSON_LIMIT: usize = 256 * 1024;
/// Deepest nesting of a JSON body.
const JSON_DEPTH: usize = 32;

/// Number of this request, told to people who ask about a fault.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Language of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// Chinese, the first language of the registry.
    Zh,
    /// English.
    En,
}

impl Locale {
    /// From the path for pages (`/en/...`), else from `Accept-Language`; Chinese unless English is asked for first.
    pub fn of(headers: &HeaderMap, path: &str) -> Self {
        if path == "/en" || path.starts_with("/en/") {
            return Self::En;
        }
        if !path.starts_with("/api/") {
            return Self::Zh;
        }
        let asked = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("");
        let weight = |prefix: &str| {
            asked
                .split(',')
                .filter_map(|part| {
                    let mut pieces = part.trim().split(';');
                    let tag = pieces.next()?.trim().to_ascii_lowercase();
                    let quality = pieces
                        .find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok())
                        .unwrap_or(1.0);
                    tag.starts_with(prefix).then_some(quality)
                })
                .fold(0.0_f32, f32::max)
        };
        if weight("en") > weight("zh") {
            Self::En
        } else {
            Self::Zh
        }
    }

    /// One of two texts.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Locale {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers, parts.uri.path()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(|| Self(String::new())))
    }
}

/// A header that stands once, or not at all; sent twice, two readers would believe two things.
pub(crate) fn once<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let mut all = headers.get_all(name).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(Problem::new(Code::MalformedRequest).with_detail(
            "同一个请求头出现了两次,请只保留一个。",
            "A header stands twice; keep one.",
        ));
    }
    Ok(first.and_then(|value| value.to_str().ok()))
}

/// The media type of a body, without its parameters, in lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Result<String, Problem> {
    let kind = once(headers, "content-type")?.unwrap_or("");
    let essence = kind.split(';').next().unwrap_or("").trim();
    Ok(essence.to_ascii_lowercase())
}

/// A JSON body, every unknown field refused by its type.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if media_type(request.headers())? != "application/json" {
            return Err(Problem::new(Code::UnsupportedMediaType));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Problem::new(Code::TooLarge))?;
        if bytes.len() > JSON_LIMIT {
            return Err(Problem::new(Code::TooLarge));
        }
        json(&bytes).map(Self)
    }
}

/// Parses JSON text with the limits of the border; faults carry a pointer.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = json_value(bytes)?;
    // A NUL would reach the database as an error of its own.
    if let Some(pointer) = find_nul(&value, String::new()) {
        return Err(Problem::field(
            pointer,
            "nul",
            "请去掉不可见的空字符(NUL)。",
            "Remove the NUL character.",
        ));
    }
    serde_path_to_error::deserialize(value).map_err(|error| wrong_value("", &error))
}

/// The same for a request whose texts never reach the database unparsed: a NUL is left to the parser of its item.
pub(crate) fn json_with_nul<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_path_to_error::deserialize(json_value(bytes)?).map_err(|error| wrong_value("", &error))
}

fn json_value(bytes: &[u8]) -> Result<serde_json::Value, Problem> {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH {
            return Err(Problem::new(Code::MalformedRequest).with_detail(
                "JSON 嵌套过深(最多 32 层)。",
                "The JSON is nested too deeply (at most 32).",
            ));
        }
    }
    match serde_json::from_slice::<strict::Strict>(bytes) {
        Ok(strict::Strict(value)) => Ok(value),
        Err(error) if error.to_string().contains(strict::TWICE) => Err(Problem::field(
            "",
            "duplicate-field",
            "同一个字段出现了两次,请只保留一个。",
            "A field stands twice in one object; keep one.",
        )),
        Err(error) if is_number_fault(bytes, &error) => Err(Problem::field(
            "",
            "number",
            "数字超出范围,或不是数字(NaN、Infinity)。",
            "A number is out of range, or none (NaN, Infinity).",
        )),
        Err(error) => Err(Problem::new(Code::MalformedRequest).with_detail(
            format!(
                "JSON 无法读取:第 {} 行第 {} 列附近。",
                error.line(),
                error.column()
            ),
            format!(
                "The JSON cannot be read near line {}, column {}.",
                error.line(),
                error.column()
            ),
        )),
    }
}

/// `1e999`, `NaN`, `Infinity`: numbers that cannot be, rather than JSON that cannot be read (trust.md ERR-1).
fn is_number_fault(bytes: &[u8], error: &serde_json::Error) -> bool {
    if error.to_string().starts_with("number out of range") {
        return true;
    }
    let line = bytes
        .split(|byte| *byte == b'\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let at = line
        .get(error.column().saturating_sub(1)..)
        .unwrap_or_default();
    let here = at.strip_prefix(b"-").unwrap_or(at);
    [&b"NaN"[..], b"Infinity"]
        .iter()
        .any(|word| here.starts_with(word))
}

/// A value that has not the type it should have; `at` is the pointer of what was parsed.
pub(crate) fn wrong_value(
    at: &str,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> Problem {
    let pointer = format!("{at}{}", pointer_of(error.path()));
    let text = error.inner().to_string();
    let (code, zh) = if text.starts_with("unknown field") {
        ("unknown-field", "这个字段不存在,请删去。")
    } else if text.starts_with("missing field") {
        ("missing-field", "缺少必填字段。")
    } else if text.starts_with("unknown variant") {
        ("unknown-value", "这个值不在允许的范围内。")
    } else {
        ("wrong-type", "这个值的类型或写法不对。")
    };
    Problem::field(pointer, code, zh, &without_values(&text))
}

/// The message of the parser without the value that was sent: it may be personal.
fn without_values(text: &str) -> String {
    if text.starts_with("unknown field")
        || text.starts_with("missing field")
        || text.starts_with("unknown variant")
    {
        return text.chars().take(300).collect();
    }
    let expected = text.split("expected ").nth(1).unwrap_or("another type");
    // Names of our types tell an asker nothing.
    let expected = if expected.starts_with("struct ") {
        "an object"
    } else {
        expected
    };
    format!(
        "Wrong type or form: expected {}",
        expected.chars().take(200).collect::<String>()
    )
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

fn find_nul(value: &serde_json::Value, pointer: String) -> Option<String> {
    match value {
        serde_json::Value::String(text) => text.contains('\0').then_some(pointer),
        serde_json::Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_nul(item, format!("{pointer}/{index}"))),
        serde_json::Value::Object(fields) => fields.iter().find_map(|(key, item)| {
            if key.contains('\0') {
                Some(pointer.clone())
            } else {
                find_nul(item, format!("{pointer}/{key}"))
            }
        }),
        _ => None,
    }
}

/// A path parameter that parses, or 404: an address that cannot be is not there.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(value) = axum::extract::Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        Ok(Self(value))
    }
}

/// Query parameters; a wrong one is said, not ignored.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::field(
                "",
                "nul",
                "请去掉不可见的空字符(NUL)。",
                "Remove the NUL character.",
            ));
        }
        let axum::extract::Query(value) = axum::extract::Query::from_request_parts(parts, state)
            .await
            .map_err(|error| {
                let text = error.to_string();
                let told = text.rsplit(": ").next().unwrap_or("wrong value").to_owned();
                Problem::field(
                    "",
                    "query",
                    "地址中的查询条件有误。",
                    &format!("Wrong query: {told}"),
                )
            })?;
        Ok(Self(value))
    }
}

/// Key under which a repeated POST gets the first answer again (trust.md ID-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for IdempotencyKey {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let good =
            (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::new(Code::IdempotencyKeyMissing))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        once(&parts.headers, "idempotency-key")?
            .ok_or_else(|| Problem::new(Code::IdempotencyKeyMissing))?
            .parse()
    }
}

/// The revision that the asker saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i32);

impl IfMatch {
    /// Refuses when the record has moved on.
    pub fn check(self, revision: i32) -> Result<(), Problem> {
        if self.0 == revision {
            Ok(())
        } else {
            Err(Problem::new(Code::PreconditionFailed))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let value = once(&parts.headers, "if-match")?
            .ok_or_else(|| Problem::new(Code::PreconditionRequired))?;
        value
            .trim()
            .trim_matches('"')
            .parse()
            .map(Self)
            .map_err(|_| Problem::new(Code::PreconditionFailed))
    }
}

/// `ETag` of a revision.
pub fn etag(revision: i32) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, format!("\"{revision}\""))]
}
