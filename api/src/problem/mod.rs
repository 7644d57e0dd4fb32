//! The one error that people see (RFC 9457): its code is stable, its detail tells what to do.
//!
//! A handler returns a [`Problem`]; the outermost layer renders it as a problem document or an error page in the
//! asker's language, so that handlers and extractors need not know either.

mod codes;
mod render;

use axum::response::{IntoResponse, Response};
use domain::identifiers::BadIdentifier;
use store::StoreError;

pub use codes::Code;
pub use render::{ProblemBody, ProblemError, render};
pub(crate) use render::{is_machine_path, rendered};

/// Chinese and English form of one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Sentence {
    /// Both forms.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            zh: zh.into(),
            en: en.into(),
        }
    }
}

/// One fault of a request, at a JSON pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the request.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// What to do.
    pub detail: Sentence,
}

/// What the API answers instead of a result.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    detail: Option<Sentence>,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
    scope: Option<&'static str>,
    cause: Option<String>,
}

impl Problem {
    /// A problem with the standing sentence of its code.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Inner {
            code,
            detail: None,
            errors: Vec::new(),
            retry_after: None,
            scope: None,
            cause: None,
        }))
    }

    /// The thing asked for is not there, or not in the asker's scope.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound)
    }

    /// One wrong field.
    pub fn field(pointer: impl Into<String>, code: impl Into<String>, zh: &str, en: &str) -> Self {
        Self::new(Code::InvalidRequest).with_error(pointer, code, zh, en)
    }

    /// A value that is no identifier, at a pointer.
    pub fn identifier(pointer: impl Into<String>, bad: &BadIdentifier) -> Self {
        Self::new(Code::InvalidRequest).with_identifier(pointer, bad)
    }

    /// An internal failure: the cause goes to the server's log once, never to the asker.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(Code::Internal);
        problem.0.cause = Some(cause.to_string());
        problem
    }

    /// Says more than the standing sentence.
    #[must_use]
    pub fn with_detail(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.0.detail = Some(Sentence::new(zh, en));
        self
    }

    /// Adds one fault of the request.
    #[must_use]
    pub fn with_error(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<String>,
        zh: &str,
        en: &str,
    ) -> Self {
        self.0.errors.push(FieldError {
            pointer: pointer.into(),
            code: code.into(),
            detail: Sentence::new(zh, en),
        });
        self
    }

    /// Adds a value that is no identifier.
    #[must_use]
    pub fn with_identifier(self, pointer: impl Into<String>, bad: &BadIdentifier) -> Self {
        self.with_error(pointer, bad.check.as_str(), &bad.zh(), &bad.en())
    }

    /// Adds many faults.
    #[must_use]
    pub fn with_errors(mut self, errors: impl IntoIterator<Item = FieldError>) -> Self {
        self.0.errors.extend(errors);
        self
    }

    /// When to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// When to try again, in seconds.
    pub fn retry_seconds(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// Names the permission that was asked for: `WWW-Authenticate` tells it (RFC 6750 section 3).
    #[must_use]
    pub fn asking_for(mut self, permission: &'static str) -> Self {
        self.0.scope = Some(permission);
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The faults of the request.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// Each fault beside the name of its field, for the form that was sent.
    pub(crate) fn by_field(&self, lang: crate::extract::Locale) -> Vec<(String, String)> {
        let told = self.0.errors.iter().map(|error| {
            let field = error.pointer.trim_start_matches('/').to_owned();
            let detail = lang.pick(&error.detail.zh, &error.detail.en);
            (field, detail.to_owned())
        });
        told.collect()
    }

    /// Whether nothing particular was said about this case.
    pub fn has_standing_detail(&self) -> bool {
        self.0.detail.is_none()
    }

    /// The sentence for people.
    pub fn detail(&self) -> Sentence {
        self.0
            .detail
            .clone()
            .unwrap_or_else(|| Sentence::new(self.0.code.zh(), self.0.code.en()))
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let detail = self.detail();
        write!(f, "{}: {} / {}", self.0.code.as_str(), detail.zh, detail.en)?;
        for error in &self.0.errors {
            write!(
                f,
                "\n  {} [{}] {} / {}",
                error.pointer, error.code, error.detail.zh, error.detail.en
            )?;
        }
        match &self.0.cause {
            Some(cause) => write!(f, "\n  {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// Leaves the problem for the outermost layer, which knows language and form.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.code.status().into_response();
        if let Some(cause) = &self.0.cause {
            tracing::error!(code = self.0.code.as_str(), "{cause}");
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(what) => Self::new(Code::Duplicate).with_detail(
                format!("已有相同的记录({what}),没有重复写入。"),
                format!("A record with the same {what} exists; nothing was written twice."),
            ),
            StoreError::Stale => Self::new(Code::Conflict),
            other if other.is_out_of_time() || other.is_away() || other.is_retryable() => {
                let seconds = if other.is_retryable() { 1 } else { 5 };
                let mut problem = Self::new(Code::Unavailable).retry_after(seconds);
                problem.0.cause = Some(other.to_string());
                problem
            }
            other => Self::internal(other),
        }
    }
}
