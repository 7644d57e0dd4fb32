//! Connections: how they are taken, how long they may be silent, and how they end (trust.md OV-2, SH-1).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::away::{Away, Turned};
use crate::app::App;
use crate::border::{Border, Peer};

/// What the reader of heads holds: above the limit of headers and address, so that going over them is told as a problem.
const HEAD_BUFFER: usize = 64 * 1024;

/// Every connection is an open file, and a service is often started with room for a thousand of them alone: it takes as
/// many as it may. Who forbids more has said so.
fn room_for_connections(wanted: usize) {
    let room = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: room.maximum,
        maximum: room.maximum,
    };
    let _ = setrlimit(Resource::Nofile, most);
    let least = u64::try_from(wanted).unwrap_or(u64::MAX);
    if room.maximum.is_some_and(|most| most < least) {
        tracing::warn!(
            allowed = ?room.maximum, wanted,
            "fewer open files are allowed than connections: raise the limit, or lower sizes.connections"
        );
    }
}

/// Serves a router until `stop` ends: then readiness is false at once, connections are taken for the drain delay, and
/// running requests get their time to end.
pub async fn serve_router(
    app: App,
    router: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let border = Arc::clone(&app.border);
    let front = Arc::new((app, Away::default()));
    let times = &border.figures.timeouts;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(times.header_ms))
        .max_buf_size(HEAD_BUFFER);
    let ends = GracefulShutdown::new();
    room_for_connections(border.figures.sizes.connections);
    let places = Arc::new(Semaphore::new(border.figures.sizes.connections));
    let mut stop = std::pin::pin!(async {
        stop.await;
        border.stop();
        tokio::time::sleep(Duration::from_millis(times.drain_ms)).await;
    });
    loop {
        let (stream, peer) = tokio::select! {
            biased;
            () = &mut stop => break,
            taken = listener.accept() => match taken {
                Ok(taken) => taken,
                Err(error) => {
                    // No file handles, or a connection that was gone at once: neither ends the service.
                    tracing::warn!("a connection was not taken: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            drop(stream);
            continue;
        };
        let connection = connection(&http, &router, stream, Peer(peer), Arc::clone(&front));
        let connection = ends.watch(connection);
        let open = Open::new(Arc::clone(&border));
        tokio::spawn(async move {
            // An error is a client that went away, was silent for too long, or spoke no HTTP.
            let _ = connection.await;
            drop((place, open));
        });
    }
    drop(listener);
    tokio::select! {
        () = ends.shutdown() => {}
        () = tokio::time::sleep(Duration::from_millis(times.grace_ms)) => {
            tracing::warn!("requests were still running at the end and are given up");
        }
    }
    Ok(())
}

fn connection(
    http: &http1::Builder,
    router: &Router,
    stream: TcpStream,
    peer: Peer,
    front: Arc<(App, Away)>,
) -> http1::Connection<
    TokioIo<TcpStream>,
    impl hyper::service::HttpService<
        Incoming,
        ResBody = Body,
        Error = std::convert::Infallible,
        Future: Send,
    > + use<>,
> {
    let _ = stream.set_nodelay(true);
    let router = router.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        // Before anything is made for it: at five times the capacity this is what most requests cost.
        let turned = Turned::of(&front.0, &request);
        let (router, front) = (router.clone(), Arc::clone(&front));
        async move {
            let (app, away) = &*front;
            if let Some(turned) = turned
                && let Some(response) = away.answer(app, turned).await
            {
                return Ok(response);
            }
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            router.oneshot(request).await
        }
    });
    http.serve_connection(TokioIo::new(stream), service)
}

/// Counts an open connection.
struct Open(Arc<Border>);

impl Open {
    fn new(border: Arc<Border>) -> Self {
        border.metrics.connected(1);
        Self(border)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.metrics.connected(-1);
    }
}
