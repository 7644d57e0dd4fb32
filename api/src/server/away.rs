//! Who would find no place, and none to wait for, is told so before anything else is done (trust.md OV-1).
//!
//! At five times the capacity four of five requests end here, and what each of them costs is taken from the fifth. So
//! their answers are made once for each kind and kept; only the reference number is put into each.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;

use super::{cors, layers};
use crate::app::App;
use crate::border::Class;
use crate::extract::Locale;
use crate::frame::wants_large;
use crate::problem::{self, Code, Problem};

/// Stands for the reference number in what is kept.
const NUMBER: &str = "QQQQQQQQ";
/// Seconds after which it is worth trying again.
pub(crate) const AFTER: u32 = 2;
/// Headers of one answer that no other has, at most.
const OWN_HEADERS: usize = 4;
/// A longer body goes on to the border, which reads it to its end: whoever still sends would not hear the answer.
const SHORT: u64 = 16 * 1024;

/// Answers that were made: documents, pages of the check, other pages; each in two languages, pages also in large letters.
#[derive(Default)]
pub(super) struct Away([OnceLock<Kept>; 12]);

/// An answer in the pieces around its reference number.
struct Kept {
    headers: HeaderMap,
    pieces: Vec<String>,
}

/// A request that finds no place.
pub(super) struct Turned {
    method: Method,
    path: String,
    locale: Locale,
    large: bool,
}

impl Turned {
    /// `None` for a request that may come in.
    pub(super) fn of<B>(app: &App, request: &Request<B>) -> Option<Self> {
        let (headers, path) = (request.headers(), request.uri().path());
        let class = Class::of(request.method(), path, headers)?;
        if !app.border.is_full(class) || !is_short(headers) {
            return None;
        }
        app.border.metrics.turned_away(class);
        Some(Self {
            method: request.method().clone(),
            path: path.to_owned(),
            locale: Locale::of(headers, path),
            large: wants_large(headers),
        })
    }
}

impl Away {
    /// The answer; `None` when none can be made, and the longer way has to be gone.
    pub(super) async fn answer(&self, app: &App, turned: Turned) -> Option<Response> {
        let Turned {
            method,
            path,
            locale,
            large,
        } = turned;
        let kind = match path.as_str() {
            path if problem::is_machine_path(path) => 0,
            path if crate::errors_pages::is_check(path) => 1,
            _ => 2,
        };
        let place = kind * 4 + usize::from(locale == Locale::En) * 2 + usize::from(large);
        let slot = self.0.get(place)?;
        if slot.get().is_none() {
            // Another request may have made the same meanwhile.
            let _ = slot.set(kept(app, locale, large, kind).await?);
        }
        let kept = slot.get()?;
        let id = layers::number(app);
        let mut response = Response::new(Body::from(kept.pieces.join(&id)));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        *response.headers_mut() = kept.headers.clone();
        cors::mark(&method, &path, response.headers_mut());
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(layers::REQUEST_ID, id);
        }
        Some(response)
    }
}

fn is_short(headers: &HeaderMap) -> bool {
    match headers.get(header::CONTENT_LENGTH) {
        None => !headers.contains_key(header::TRANSFER_ENCODING),
        Some(length) => length
            .to_str()
            .ok()
            .and_then(|length| length.parse::<u64>().ok())
            .is_some_and(|length| length <= SHORT),
    }
}

/// The answer as every other way would have made it.
async fn kept(app: &App, locale: Locale, large: bool, kind: usize) -> Option<Kept> {
    let path = match kind {
        0 => "/api/",
        1 => "/verify",
        _ => "/",
    };
    let problem = Problem::new(Code::Overloaded).retry_after(AFTER);
    let mut made = problem::rendered(app, &problem, locale, large, path, NUMBER);
    layers::standing(made.headers_mut());
    let (parts, body) = made.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.ok()?;
    let text = String::from_utf8(bytes.into()).ok()?;
    let mut headers = parts.headers;
    // It is that of the answer with the number in it.
    headers.remove(header::CONTENT_LENGTH);
    // A place for what each answer has of its own: a copy then keeps its size.
    headers.insert(layers::REQUEST_ID, HeaderValue::from_static(NUMBER));
    headers.reserve(OWN_HEADERS);
    Some(Kept {
        headers,
        pieces: text.split(NUMBER).map(str::to_owned).collect(),
    })
}
