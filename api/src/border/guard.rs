//! The layer before every route.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body::{self, Pace, Paced, Unread};
use super::held::holding;
use super::metrics::Refused;
use super::{Border, Class, Peer, Source};
use crate::access::browser::Cookie;
use crate::access::sign_in;
use crate::app::App;
use crate::config::border::Border as Figures;
use crate::problem::{Code, Problem};

/// On a response whose form its handler chose by `Accept` itself: it stands, also where it fits none of the ranges.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Negotiated;

/// Lets a request in, or answers what is wrong with it (trust.md RL-1, OV-1..3, ERR-1).
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let class = Class::of(request.method(), request.uri().path(), request.headers());
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    let accept = Accept::of(request.headers());
    match admit(&app, class, request, next).await {
        Ok(response) if response.extensions().get::<Negotiated>().is_some() => response,
        Ok(response) if read && response.status().is_success() && !accept.takes(&response) => {
            Problem::new(Code::NotAcceptable).into_response()
        }
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(
    app: &App,
    class: Option<Class>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let border: &Border = &app.border;
    let figures = &border.figures;
    sizes(&request, figures)?;
    let source = match request.extensions().get::<Peer>() {
        Some(Peer(peer)) => Source::of_request(peer.ip(), request.headers(), &figures.proxies),
        None => Source::of(std::net::Ipv6Addr::UNSPECIFIED.into()),
    };
    request.extensions_mut().insert(source);
    let Some(class) = class else {
        return Ok(next.run(request).await);
    };
    border.limiters.take(class, source).map_err(|seconds| {
        border.metrics.refused(class, Refused::Rate);
        Problem::new(Code::TooManyRequests).retry_after(seconds)
    })?;
    writes_accept_json(&request, class)?;
    let millis = Duration::from_millis;
    let is_batch = class == Class::Lookup && is_batch(request.uri().path());
    let pace = Pace {
        whole: millis(match class {
            Class::Import => figures.timeouts.upload_ms,
            _ if is_batch => figures.timeouts.photographs_ms,
            _ => figures.timeouts.body_ms,
        }),
        grace: millis(figures.timeouts.rate_grace_ms),
        rate: figures.timeouts.body_bytes_per_second,
    };
    let most = body_limit(class, request.uri().path(), figures);
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let signed_in = class == Class::Import && is_signed_in(app, request.headers()).await;
    if let Some(length) = declared.filter(|length| *length > most as u64) {
        let near = length <= (most as u64).saturating_mul(4);
        if near && (class != Class::Import || signed_in) {
            // Read to its end and dropped, so that the answer reaches somebody who is still sending; it takes no memory,
            // and no longer than a body may take. What a stranger sends where only files of staff belong is not read.
            body::discard(request.into_body(), pace).await;
        }
        return Err(Problem::new(Code::TooLarge));
    }
    let slow = |border: &Border| {
        border.metrics.refused(class, Refused::Slow);
        Problem::new(Code::RequestTimeout)
    };
    let overloaded = |border: &Border| {
        border.metrics.refused(class, Refused::Overload);
        Problem::new(Code::Overloaded).retry_after(crate::server::AFTER)
    };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if is_batch || class == Class::Import && !signed_in {
        // Left to the handler: it reads photographs one by one as they come, and knows who else may send a file; a
        // stranger's is not read at all.
        let (paced, was_slow) = Paced::new(body, pace);
        let place = if is_batch {
            border.pools.enter_batch().await
        } else {
            border.pools.enter(class).await
        };
        let place = place.map_err(|_| overloaded(border))?;
        let request = Request::from_parts(parts, Body::new(paced));
        let whole = if is_batch {
            figures.timeouts.photographs_ms
        } else {
            figures.timeouts.upload_ms
        };
        let work = millis(whole + figures.timeouts.handler_ms);
        let response = tokio::time::timeout(work, holding(place, next.run(request))).await;
        return match response {
            Ok(response) if was_slow.get() && response.status().is_client_error() => {
                Err(slow(border))
            }
            Ok(response) => Ok(response),
            Err(_) => Err(overloaded(border)),
        };
    }
    let memory = if class == Class::Import {
        &border.upload_memory
    } else {
        &border.memory
    };
    let (bytes, memory) =
        body::read(body, pace, most, memory)
            .await
            .map_err(|unread| match unread {
                Unread::Large => Problem::new(Code::TooLarge),
                Unread::Broken => Problem::new(Code::MalformedRequest),
                Unread::Slow => slow(border),
                Unread::NoMemory => overloaded(border),
            })?;
    let place = border
        .pools
        .enter(class)
        .await
        .map_err(|_| overloaded(border))?;
    let request = Request::from_parts(parts, Body::from(bytes));
    let work = millis(if class == Class::Import || is_long(&path) {
        figures.timeouts.upload_ms
    } else {
        figures.timeouts.handler_ms
    });
    tokio::time::timeout(work, holding((place, memory), next.run(request)))
        .await
        .map_err(|_| overloaded(border))
}

/// Whether a token of ours or the cookie of a session that goes on comes with it: then a file is read before a place is
/// taken, so that a slow line holds none. A cookie tells nothing by itself: its session is looked up, after the source's
/// budget of uploads was asked.
async fn is_signed_in(app: &App, headers: &HeaderMap) -> bool {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let Some(token) = token {
        return app.sessions.read(token, app.now()).is_ok();
    }
    match Cookie::Session.of(app, headers) {
        Some(cookie) => sign_in::presence_of_cookie(app, &cookie)
            .await
            .is_ok_and(|presence| presence.is_some()),
        None => false,
    }
}

/// Acts on as many rows as an import has: signing a batch, printing it.
fn is_long(path: &str) -> bool {
    path.starts_with("/api/v1/certificate-batches/")
        && (path.ends_with("/approve") || path.ends_with("/certificates.pdf"))
}

fn sizes(request: &Request, figures: &Figures) -> Result<(), Problem> {
    let url = request
        .uri()
        .path_and_query()
        .map_or(0, |url| url.as_str().len());
    if url > figures.sizes.url_bytes {
        return Err(Problem::new(Code::UrlTooLong));
    }
    let lines: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if lines > figures.sizes.header_bytes {
        return Err(Problem::new(Code::HeadersTooLarge));
    }
    Ok(())
}

fn body_limit(class: Class, path: &str, figures: &Figures) -> usize {
    match class {
        Class::Import => figures.sizes.upload_bytes,
        Class::Verify if path == "/api/v1/verifications" => figures.sizes.verify_bytes,
        // A table or photographs of an employer.
        Class::Lookup if is_batch(path) => figures.sizes.photographs_bytes,
        _ => figures.sizes.json_bytes,
    }
}

fn is_batch(path: &str) -> bool {
    path == "/verify/batch" || path == "/en/verify/batch"
}

/// An act answers with JSON; whoever takes none is told before it has happened.
fn writes_accept_json(request: &Request, class: Class) -> Result<(), Problem> {
    let reads = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if reads || class == Class::Import || !request.uri().path().starts_with("/api/") {
        return Ok(());
    }
    if Accept::of(request.headers()).takes_type("application/json") {
        Ok(())
    } else {
        Err(Problem::new(Code::NotAcceptable))
    }
}

/// What `Accept` asks for.
struct Accept(Option<Vec<(String, bool)>>);

impl Accept {
    fn of(headers: &HeaderMap) -> Self {
        let lines: Vec<&str> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .filter(|line| !line.trim().is_empty())
            .collect();
        if lines.is_empty() {
            return Self(None);
        }
        let ranges = lines.iter().flat_map(|line| line.split(',')).map(|range| {
            let mut pieces = range.split(';').map(str::trim);
            let kind = pieces.next().unwrap_or("").to_ascii_lowercase();
            let none = pieces.any(|piece| {
                piece
                    .strip_prefix("q=")
                    .is_some_and(|quality| quality.trim_matches(['0', '.']).is_empty())
            });
            (kind, !none)
        });
        Self(Some(ranges.collect()))
    }

    fn takes(&self, response: &Response) -> bool {
        let kind = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or("");
        kind.is_empty() || self.takes_type(kind.split(';').next().unwrap_or("").trim())
    }

    /// The most particular range that fits decides.
    fn takes_type(&self, kind: &str) -> bool {
        let Some(ranges) = &self.0 else {
            return true;
        };
        let family = kind.split('/').next().unwrap_or("");
        [kind.to_owned(), format!("{family}/*"), "*/*".to_owned()]
            .iter()
            .find_map(|wanted| ranges.iter().find(|(range, _)| range == wanted))
            .is_some_and(|(_, taken)| *taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_most_particular_range_of_accept_decides() {
        let takes = |accept: &'static str, kind: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            Accept::of(&headers).takes_type(kind)
        };
        assert!(Accept::of(&HeaderMap::new()).takes_type("image/png"));
        assert!(takes("*/*", "image/png"));
        assert!(takes("text/html, */*;q=0.8", "application/json"));
        assert!(takes("application/*", "application/json"));
        assert!(!takes("text/html", "application/json"));
        assert!(!takes("application/json;q=0, */*", "application/json"));
        assert!(takes("APPLICATION/JSON; charset=utf-8", "application/json"));
    }
}
