//! The two things that a witness answers: `add-checkpoint`, and the newest checkpoint that it has cosigned.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use certs::keys::{Signer as _, SoftwareSigner};
use certs::log::{
    MAX_SUBMISSION, Origin, SeenTree, Submission, WitnessRefusal, cosign, with_lines,
};

use super::folder::{Folder, WatchedLog, WitnessError, log_id};
use crate::clock::Clock;

/// A running witness.
pub struct Watch {
    folder: Folder,
    name: Origin,
    signer: SoftwareSigner,
    clock: Arc<dyn Clock>,
    /// Held for as long as it runs.
    _only: std::fs::File,
    /// By the id of the log. One lock for each: comparing and storing are one step (C2SP tlog-witness).
    logs: HashMap<String, Mutex<WatchedLog>>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watch({} logs)", self.logs.len())
    }
}

impl Watch {
    /// Opens a witness's folder.
    pub fn open(
        folder: Folder,
        passphrase_file: &std::path::Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WitnessError> {
        let (name, signer) = folder.open(passphrase_file)?;
        let only = folder.lock()?;
        let logs = folder.logs()?;
        if logs.is_empty() {
            return Err(WitnessError::Usage(
                "没有要见证的日志,请先运行 witness watch / no log is watched: run `mingzheng witness watch` first",
            ));
        }
        let logs = logs
            .into_iter()
            .map(|log| (log_id(&log.origin), Mutex::new(log)))
            .collect();
        Ok(Self {
            folder,
            _only: only,
            name,
            signer,
            clock,
            logs,
        })
    }

    /// The witness's verifier key line.
    pub fn vkey(&self) -> String {
        certs::log::witness_vkey(&self.name, self.signer.public_key())
    }

    /// Decides about a submission; what is cosigned has been stored.
    fn add(&self, body: &str) -> Result<Result<String, WitnessRefusal>, WitnessError> {
        let submission = match Submission::parse(body) {
            Ok(submission) => submission,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let found = submission
            .origin()
            .and_then(|origin| self.logs.get(&log_id(&origin)));
        let Some(log) = found else {
            return Ok(Err(WitnessRefusal::UnknownLog));
        };
        let mut log = log
            .lock()
            .map_err(|_| std::io::Error::other("a thread ended while it stored a tree"))?;
        let checkpoint = match submission.judge(&log.origin, &log.key, Some(log.seen)) {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => {
                if refusal.is_evidence() {
                    tracing::error!(log = log.origin.as_str(), seen = log.seen.size, "{refusal}");
                    self.folder.keep_evidence(body)?;
                }
                return Ok(Err(refusal));
            }
        };
        let line = cosign(&checkpoint, &self.name, self.clock.now(), &self.signer)
            .map_err(std::io::Error::other)?;
        let next = WatchedLog {
            seen: SeenTree {
                size: checkpoint.size,
                root: checkpoint.root,
            },
            note: Some(with_lines(&submission.note, [line.as_str()])),
            ..log.clone()
        };
        self.folder.store(&next)?;
        *log = next;
        Ok(Ok(line))
    }
}

/// The routes of a witness.
pub fn router(watch: Arc<Watch>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/checkpoint/{log}", get(checkpoint))
        .layer(DefaultBodyLimit::max(MAX_SUBMISSION))
        .with_state(watch)
}

async fn add_checkpoint(State(watch): State<Arc<Watch>>, body: String) -> Response {
    // Files are written and synced in between.
    let added = tokio::task::spawn_blocking(move || watch.add(&body)).await;
    match added {
        Ok(Ok(Ok(line))) => plain(StatusCode::OK, "text/plain; charset=utf-8", line),
        Ok(Ok(Err(refusal))) => {
            let status =
                StatusCode::from_u16(refusal.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
            match refusal {
                WitnessRefusal::Stale { size } | WitnessRefusal::Fork { size } => {
                    plain(status, "text/x.tlog.size", format!("{size}\n"))
                }
                _ => plain(status, "text/plain; charset=utf-8", format!("{refusal}\n")),
            }
        }
        Ok(Err(error)) => {
            tracing::error!("nothing was cosigned: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The newest checkpoint of a log that this witness has cosigned; the log is named by SHA-256 of its origin, hexadecimal.
/// Monitors compare it with what the log shows them.
async fn checkpoint(State(watch): State<Arc<Watch>>, Path(log): Path<String>) -> Response {
    let note = watch
        .logs
        .get(&log)
        .and_then(|log| log.lock().ok()?.note.clone());
    match note {
        Some(note) => plain(StatusCode::OK, "text/plain; charset=utf-8", note),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn plain(status: StatusCode, kind: &'static str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, text).into_response()
}
