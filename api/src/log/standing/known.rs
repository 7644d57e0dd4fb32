//! Checkpoints of this log that are known outside of its database.

use std::path::Path;
use std::time::Duration;

use certs::log::{Checkpoint, SignedCheckpoint};

use crate::app::App;
use crate::log::monitor::{MonitorState, Source};
use crate::witness::log_id;

/// A place that takes longer counts as not reached.
const PATIENCE: Duration = Duration::from_secs(4);

/// A checkpoint with the log's own signature, and where it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// Where.
    pub(crate) place: String,
    /// What.
    pub(crate) signed: SignedCheckpoint,
}

/// Reads the file, and asks witnesses and mirrors at once; who does not answer, or shows what the log has not signed, is
/// left out.
pub(crate) async fn gather(app: &App, file: &Path) -> Vec<Known> {
    let mut known = Vec::new();
    if let Ok(note) = std::fs::read_to_string(file) {
        known.extend(read(app, &file.display().to_string(), &note));
    }
    let id = log_id(&app.keyring.log_origin());
    let witnesses = app.config.witnesses.all.iter();
    let places = witnesses
        .map(|witness| format!("{}/checkpoint/{id}", witness.url))
        .chain(app.config.witnesses.mirrors.iter().cloned());
    let mut asked = tokio::task::JoinSet::new();
    for place in places {
        asked.spawn(async move {
            let note = tokio::time::timeout(PATIENCE, newest(&place)).await;
            (place, note.ok().flatten())
        });
    }
    while let Some(answer) = asked.join_next().await {
        let Ok((place, note)) = answer else { continue };
        if let Some(note) = note {
            known.extend(read(app, &place, &note));
        } else {
            tracing::warn!(place, "no checkpoint of the log can be had here");
        }
    }
    known
}

/// The note of a place: a witness's address or a file show it themselves, a log or a copy of one under a name.
pub(super) async fn newest(place: &str) -> Option<String> {
    let source = Source::parse(place).ok()?;
    if let Source::Folder(folder) = &source
        && let Some(state) = MonitorState::existing(folder)
    {
        return state.newest();
    }
    let path = match &source {
        Source::Http { base, .. } if base.contains("/checkpoint/") => "",
        Source::Folder(file) if file.is_file() => "",
        _ => "checkpoint",
    };
    let bytes = source.get(path).await.ok()?;
    String::from_utf8(bytes).ok()
}

pub(super) fn read(app: &App, place: &str, note: &str) -> Option<Known> {
    let log = app.keyring.log();
    match Checkpoint::verify(note, &log.origin, log.signer.public_key()) {
        Ok(signed) => Some(Known {
            place: place.to_owned(),
            signed,
        }),
        Err(fault) => {
            tracing::warn!(place, "not a checkpoint that this log has signed: {fault}");
            None
        }
    }
}
