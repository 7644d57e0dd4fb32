//! Whether the process lives and whether it can work (trust.md HL-1). What exactly is wrong is told inside only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::App;
use crate::problem::{Code, Problem};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer holds: whoever asks meanwhile costs nothing. Anybody may ask, as often as they like.
const HOLDS: Duration = Duration::from_secs(1);

/// When something was found, and what.
type Found = (Instant, Vec<Check>);

/// What was found when the process looked last. One looks at a time, and the others wait for what it finds.
#[derive(Clone, Default)]
pub struct Readiness {
    found: Arc<Mutex<Option<Found>>>,
    looks: Arc<AtomicU64>,
}

impl Readiness {
    /// How often the process looked.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    async fn found(&self, app: &App) -> Vec<Check> {
        let mut found = Arc::clone(&self.found).lock_owned().await;
        if let Some((at, checks)) = found.as_ref()
            && at.elapsed() < HOLDS
        {
            return checks.clone();
        }
        let (app, looks) = (app.clone(), Arc::clone(&self.looks));
        // A task of its own: it ends with an answer for the next, also when who asked hangs up.
        let looking = tokio::spawn(async move {
            looks.fetch_add(1, Ordering::Relaxed);
            let checks = look(&app).await;
            *found = Some((Instant::now(), checks.clone()));
            checks
        });
        looking.await.unwrap_or_else(|error| {
            vec![Check::of(
                "serving",
                Err(format!("it was not found out: {error}")),
            )]
        })
    }
}

/// Routes for everybody: yes or no.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/livez", get(|| async { plain("ok\n") }))
        .route("/readyz", get(ready))
        .route("/readyz/verification", get(ready_to_verify))
}

/// Routes for the operator's own network: figures and reasons.
pub fn inside(app: App) -> Router {
    Router::new()
        .route("/livez", get(|| async { plain("ok\n") }))
        .route("/readyz", get(ready_inside))
        .route("/metrics", get(metrics))
        .with_state(app)
}

fn plain(text: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        text,
    )
        .into_response()
}

async fn metrics(State(app): State<App>) -> Response {
    let behind = app.standing.behind();
    app.border
        .metrics
        .log_behind(behind.map_or(0, |behind| behind.known.saturating_sub(behind.size)));
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(header::CONTENT_TYPE, kind)],
        app.border.metrics.text(&app.border),
    )
        .into_response()
}

async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    if checks(&app).await.iter().all(|check| check.good) {
        Ok(plain("ready\n"))
    } else {
        Err(Problem::new(Code::Unavailable).retry_after(5))
    }
}

/// Whether certificates can be verified here: also while nothing can be issued.
async fn ready_to_verify(State(app): State<App>) -> Result<Response, Problem> {
    if checks(&app)
        .await
        .iter()
        .all(|check| check.good || check.issuing)
    {
        Ok(plain("ready\n"))
    } else {
        Err(Problem::new(Code::Unavailable).retry_after(5))
    }
}

async fn ready_inside(State(app): State<App>) -> Response {
    let checks = checks(&app).await;
    let good = checks.iter().all(|check| check.good);
    let status = if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::json!({ "ready": good, "checks": checks });
    (status, axum::Json(body)).into_response()
}

/// One thing that must be so.
#[derive(Clone, Debug, Serialize)]
struct Check {
    name: &'static str,
    good: bool,
    /// It keeps from issuing, not from verifying.
    #[serde(skip)]
    issuing: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Check {
    fn of(name: &'static str, outcome: Result<(), String>) -> Self {
        Self {
            name,
            good: outcome.is_ok(),
            issuing: false,
            reason: outcome.err(),
        }
    }

    fn for_issuing(name: &'static str, outcome: Result<(), String>) -> Self {
        Self {
            issuing: true,
            ..Self::of(name, outcome)
        }
    }
}

async fn checks(app: &App) -> Vec<Check> {
    let serving = if app.border.is_stopping() {
        Err("told to stop".to_owned())
    } else {
        Ok(())
    };
    if serving.is_err() {
        return vec![Check::of("serving", serving)];
    }
    // What costs nothing is looked at each time.
    let mut checks = vec![Check::of("serving", serving)];
    checks.extend(app.readiness.found(app).await);
    checks.insert(
        checks.len() - 1,
        Check::for_issuing("standing", standing(app)),
    );
    checks
}

async fn look(app: &App) -> Vec<Check> {
    let schema = match app.store.pending_migrations().await {
        Ok(0) => Ok(()),
        Ok(pending) => Err(format!("{pending} migrations are missing")),
        Err(error) => Err(error.to_string()),
    };
    let database = match tokio::time::timeout(PATIENCE, app.store.takes_writes()).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        // One that waits behind a long act of another writer is alive.
        Err(_) => match tokio::time::timeout(PATIENCE, app.store.snapshot()).await {
            Ok(outcome) => outcome.map(|_| ()).map_err(|error| error.to_string()),
            Err(_) => Err("no answer".to_owned()),
        },
    };
    vec![
        Check::of("database", database),
        Check::of("schema", schema),
        Check::for_issuing("signer", signer(app)),
        Check::for_issuing("log", log(app).await),
        Check::for_issuing("disk", disk(app)),
    ]
}

/// The log key signs, and its signature holds.
fn signer(app: &App) -> Result<(), String> {
    const WORDS: &[u8] = b"mingzheng readiness";
    let signer = app.keyring.log().signer;
    let signature = signer.sign(WORDS).map_err(|error| error.to_string())?;
    signer
        .public_key()
        .verify(WORDS, &signature)
        .map_err(|error| error.to_string())
}

/// The newest checkpoint is that of the head.
async fn log(app: &App) -> Result<(), String> {
    let db = app
        .store
        .snapshot()
        .await
        .map_err(|error| error.to_string())?;
    let head = store::log::head(&db)
        .await
        .map_err(|error| error.to_string())?;
    let checkpoint = store::log::latest_checkpoint(&db)
        .await
        .map_err(|error| error.to_string())?
        .map_or(0, |checkpoint| checkpoint.size);
    if checkpoint == head.size {
        Ok(())
    } else {
        Err(format!("head {}, checkpoint {checkpoint}", head.size))
    }
}

/// Nobody knows more of the log than the database (trust.md LG-7).
fn standing(app: &App) -> Result<(), String> {
    match app.standing.behind() {
        None if app.standing.is_ahead() => {
            Err("the clock is before those of the witnesses: set it right".to_owned())
        }
        None => Ok(()),
        Some(behind) => Err(format!(
            "{} leaves, {} published at {}{}: run `mingzheng log recover`",
            behind.size,
            behind.known,
            behind.place,
            if behind.forked { ", another tree" } else { "" },
        )),
    }
}

/// Room on the disk of the keys, which is that of the database with SQLite.
fn disk(app: &App) -> Result<(), String> {
    let disk = rustix::fs::statvfs(app.keyring.folder()).map_err(|error| error.to_string())?;
    let percent = disk.f_bavail.saturating_mul(100) / disk.f_blocks.max(1);
    let least = app.config.disk_free_percent;
    if percent >= least {
        Ok(())
    } else {
        Err(format!("{percent} percent free, {least} are needed"))
    }
}
