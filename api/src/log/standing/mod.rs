//! Whether this database may extend the log (trust.md LG-7, BK-4).
//!
//! A database that was restored from a backup does not know what was published after the backup was made. Were it to go on,
//! it would sign a second history. So before the first leaf of a process its head is held against every checkpoint that is
//! known elsewhere: the file of the newest one that this node has seen, the witnesses, the mirrors. One that is newer, or of
//! another tree, closes the log for writing; certificates are still verified. `mingzheng log recover` takes back what is missing.

mod known;
pub(crate) mod left_out;
pub mod quorum;
mod reapply;
pub mod recover;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use certs::log::{Hash, SignedCheckpoint};

pub(crate) use known::{Known, gather};

use super::append::{Tiles, hash};
use super::published;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::trust::own_keys;

/// How often the newest checkpoint is written to the file beside the database.
const EVERY: Duration = Duration::from_millis(500);
/// Name of that file in the data folder.
const FILE: &str = "published.note";

/// What is known elsewhere and not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Leaves in the database.
    pub size: u64,
    /// Leaves of the checkpoint that is known elsewhere.
    pub known: u64,
    /// Where it was seen.
    pub place: String,
    /// It is of another tree: nothing can be recovered, the log has to be closed.
    pub forked: bool,
    /// The log key; once another one signs, nothing is missing any more.
    pub kid: String,
}

#[derive(Debug)]
enum State {
    /// Nothing was compared as yet: nothing is signed.
    NotCompared,
    /// Nobody knows more.
    Level,
    Behind(Behind),
}

/// The standing of this process's database, and the file of what it has published.
#[derive(Debug)]
pub struct Standing {
    file: PathBuf,
    state: Mutex<State>,
    /// One comparison at a time.
    comparing: tokio::sync::Mutex<()>,
    /// Size in the file.
    written: Mutex<u64>,
    /// Whether the clock of this process is far before those of the witnesses (trust.md CL-1).
    ahead: AtomicBool,
}

impl Standing {
    /// Not compared yet.
    pub fn new(data: &Path) -> Self {
        Self {
            file: data.join(FILE),
            state: Mutex::new(State::NotCompared),
            comparing: tokio::sync::Mutex::default(),
            written: Mutex::default(),
            ahead: AtomicBool::default(),
        }
    }

    /// Whether the clock is far before those of the witnesses: then nothing is signed.
    pub fn is_ahead(&self) -> bool {
        self.ahead.load(Ordering::Relaxed)
    }

    /// What the witnesses' own times tell.
    pub(super) fn set_ahead(&self, ahead: bool) {
        if self.ahead.swap(ahead, Ordering::Relaxed) != ahead {
            if ahead {
                tracing::error!(
                    "The clock is more than 60 s before those of the witnesses: nothing is signed until it is right"
                );
            } else {
                tracing::info!("The clock agrees with those of the witnesses again");
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known elsewhere and not here.
    pub fn behind(&self) -> Option<Behind> {
        match &*self.state() {
            State::Behind(behind) => Some(behind.clone()),
            State::NotCompared | State::Level => None,
        }
    }

    /// Whether the log that lost leaves was closed: its successor goes on.
    fn is_succeeded(&self, app: &App) -> bool {
        let kid = app.keyring.log().signer.key_id().clone();
        self.behind()
            .is_some_and(|behind| behind.kid != kid.as_str())
    }

    /// Whether a comparison was made.
    pub fn is_compared(&self) -> bool {
        !matches!(*self.state(), State::NotCompared)
    }

    /// Refuses to sign with this log key unless the database was compared and nobody knows more.
    pub(crate) fn gate(&self, kid: &str) -> Result<(), Problem> {
        match &*self.state() {
            State::Level => Ok(()),
            // The log was closed, and its successor goes on from what the database has.
            State::Behind(behind) if behind.kid != kid => Ok(()),
            State::Behind(_) => Err(Problem::new(Code::LogBehind)),
            State::NotCompared => Err(Problem::internal(
                "the log was to be extended before its head was compared",
            )),
        }
    }

    /// Compares once for each process: later calls cost nothing.
    pub async fn ensure(&self, app: &App) -> Result<(), Problem> {
        if self.is_compared() {
            return Ok(());
        }
        let _one = self.comparing.lock().await;
        if self.is_compared() {
            return Ok(());
        }
        self.compare(app).await.map(|_| ())
    }

    /// Compares the head with all that is known elsewhere; answers what is known and not here.
    pub async fn compare(&self, app: &App) -> Result<Option<Behind>, Problem> {
        own_keys::refresh(app).await?;
        // Before the head is read: what somebody has seen of this database is in it.
        let known = gather(app, &self.file).await;
        let found = hold(app, &known).await?;
        if let Some(behind) = &found {
            tracing::error!(
                size = behind.size,
                known = behind.known,
                place = behind.place,
                forked = behind.forked,
                "The database is behind the published log, as after the restore of a backup: nothing is signed. Run `mingzheng log recover`"
            );
            // Kept beside the database: the next process knows it without asking anybody.
            let newest = known
                .iter()
                .max_by_key(|known| known.signed.checkpoint.size);
            if let Some(newest) = newest {
                self.write(&newest.signed);
            }
        }
        if found.is_none() {
            // It may hold the last checkpoint of a log that was succeeded.
            *self.written.lock().unwrap_or_else(PoisonError::into_inner) = 0;
        }
        *self.state() = match &found {
            Some(behind) => State::Behind(behind.clone()),
            None => State::Level,
        };
        Ok(found)
    }

    /// Writes the newest published checkpoint to the file, so that a database put back later is noticed without anybody's help.
    pub async fn note(&self, app: &App) -> Result<(), Problem> {
        if self.behind().is_some() {
            return Ok(());
        }
        if let Some(newest) = published::newest(app).await? {
            let size = newest.checkpoint.size;
            let written = *self.written.lock().unwrap_or_else(PoisonError::into_inner);
            if size > written {
                self.write(&newest);
            }
        }
        Ok(())
    }

    /// The newest published checkpoint that is known, of whatever tree.
    pub(crate) fn known(&self) -> Option<String> {
        std::fs::read_to_string(&self.file).ok()
    }

    fn write(&self, signed: &SignedCheckpoint) {
        let beside = self.file.with_extension("new");
        let done = std::fs::write(&beside, &signed.note)
            .and_then(|()| std::fs::rename(&beside, &self.file));
        match done {
            Ok(()) => {
                let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
                *written = signed.checkpoint.size;
            }
            Err(error) => tracing::warn!("the newest checkpoint is not kept in its file: {error}"),
        }
    }
}

/// Keeps the file until it is dropped.
pub async fn work(app: App) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A database that does not answer is told by readiness.
        let _ = own_keys::refresh(&app).await;
        if app.standing.is_succeeded(&app) {
            let _ = app.standing.compare(&app).await;
        }
        let _ = app.standing.note(&app).await;
        quorum::watch(&app).await;
    }
}

/// Holds the head against what is known; the worst is answered.
async fn hold(app: &App, known: &[Known]) -> Result<Option<Behind>, Problem> {
    let reader = app.store.reader();
    let head = store::log::head(reader).await?;
    let mut worst: Option<Behind> = None;
    for one in known {
        let checkpoint = &one.signed.checkpoint;
        let behind = |forked| Behind {
            kid: head.kid.clone(),
            size: head.size,
            known: checkpoint.size,
            place: one.place.clone(),
            forked,
        };
        let found = if checkpoint.size > head.size {
            Some(behind(false))
        } else if root_at(app, checkpoint.size).await? == checkpoint.root {
            None
        } else {
            Some(behind(true))
        };
        if let Some(found) = found
            && worst
                .as_ref()
                .is_none_or(|worst| (found.forked, found.known) > (worst.forked, worst.known))
        {
            worst = Some(found);
        }
    }
    Ok(worst)
}

/// Root of the tree of the first leaves.
async fn root_at(app: &App, size: u64) -> Result<Hash, Problem> {
    let reader = app.store.reader();
    if let Some(row) = store::log::checkpoint(reader, size).await? {
        return hash(&row.root);
    }
    let tiles = Tiles::read(reader, &certs::log::root_tiles(size)).await?;
    certs::log::root(&tiles, size).map_err(Problem::internal)
}
