//! Since when a quorum of witnesses vouches for a tree of the log: by their cosignatures, not by a column
//! (trust.md LG-9, KY-4).
//!
//! Who writes the database can put any row and any time into it, and cannot sign for a witness. So a verdict reads the note of
//! the row: a log of the trust list signed it, the witnesses of its time cosigned it, and its tree is of one history with the
//! one in which leaves are proven. What was checked once is not read again.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use certs::log::{Checkpoint, Hash, TileId};
use certs::trust_list::{SignedTrustList, TrustList};
use chrono::{DateTime, Utc};
use store::PublicSnapshot;
use store::witnessed::WitnessedRow;

use super::append::Tiles;
use super::proven;
use crate::app::App;
use crate::problem::Problem;
use crate::trust::list;

/// Checkpoints whose times are kept.
const KEPT: usize = 65_536;
/// Checkpoints that are read at once.
const AT_ONCE: usize = 64;
/// Checkpoints that do not hold, for which one question looks further: the rest of them waits for the next question.
const SEARCHES: usize = 16;
/// Checkpoints for which an alarm is remembered, so that one row does not fill the log.
const TOLD: usize = 10_000;

/// What this process has checked.
#[derive(Debug, Default)]
pub struct Cosigned(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// When a quorum had cosigned the checkpoint of this size.
    times: HashMap<u64, DateTime<Utc>>,
    told: HashSet<u64>,
}

impl Cosigned {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, size: u64, at: DateTime<Utc>) {
        let mut kept = self.kept();
        if kept.times.len() >= KEPT
            && let Some(other) = kept.times.keys().next().copied()
        {
            kept.times.remove(&other);
        }
        kept.times.insert(size, at);
    }

    /// Raises the alarm about a checkpoint, once for each.
    fn tell(&self, size: u64) {
        let mut kept = self.kept();
        if kept.told.len() < TOLD && kept.told.insert(size) {
            tracing::error!(
                size,
                "A checkpoint is kept as cosigned, and no quorum of the witnesses has cosigned it: what it covers counts as not witnessed"
            );
        }
    }
}

/// When a quorum had cosigned the checkpoints of these sizes, or the first after one of them that it has: a row may be of
/// witnesses that the list does not name any more, or not yet. Without those that none covers.
pub(crate) async fn times(
    app: &App,
    db: &PublicSnapshot,
    sizes: &[u64],
) -> Result<HashMap<u64, DateTime<Utc>>, Problem> {
    let (mut times, mut unknown) = (HashMap::new(), Vec::new());
    {
        let kept = app.cosigned.kept();
        for size in sizes {
            match kept.times.get(size) {
                Some(at) => {
                    times.insert(*size, *at);
                }
                None => unknown.push(*size),
            }
        }
    }
    if unknown.is_empty() {
        return Ok(times);
    }
    unknown.sort_unstable();
    unknown.dedup();
    if let Some(list) = list::by_own_root(app, db).await? {
        for some in unknown.chunks(AT_ONCE) {
            let rows = store::witnessed::of_sizes(db, some).await?;
            for (size, at) in checked(app, db, &list, &rows).await? {
                app.cosigned.keep(size, at);
                times.insert(size, at);
            }
        }
        let wrong = unknown.iter().filter(|size| !times.contains_key(*size));
        let wrong: Vec<u64> = wrong.copied().collect();
        let mut later = Vec::new();
        for (place, size) in wrong.iter().enumerate() {
            app.cosigned.tell(*size);
            // In order of size: what covers one covers those before it, and neighbours are not looked for again.
            if later.iter().all(|(other, _)| other <= size) {
                if place >= SEARCHES {
                    break;
                }
                let rows = store::witnessed::after(db, *size, AT_ONCE).await?;
                later = checked(app, db, &list, &rows).await?;
                later.sort_unstable();
            }
            if let Some((_, at)) = later.iter().find(|(other, _)| other > size) {
                app.cosigned.keep(*size, *at);
                times.insert(*size, *at);
            }
        }
    }
    Ok(times)
}

/// Those of these checkpoints that hold, each with its time.
async fn checked(
    app: &App,
    db: &PublicSnapshot,
    list: &SignedTrustList,
    rows: &[WitnessedRow],
) -> Result<Vec<(u64, DateTime<Utc>)>, Problem> {
    let cosigned: Vec<(u64, Hash, DateTime<Utc>)> = rows
        .iter()
        .filter_map(|row| cosigned(list.list(), row))
        .collect();
    if cosigned.is_empty() {
        return Ok(Vec::new());
    }
    // Whichever checkpoint this log's own key has signed: leaves are proven under such a one.
    let (size, root) = proven::anchor(app, db, 0).await?;
    let mut wanted: Vec<TileId> = cosigned
        .iter()
        .flat_map(|(other, ..)| certs::log::consistency_tiles(size.min(*other), size.max(*other)))
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let tiles = Tiles::read(db, &wanted).await?;
    let one_history = |(other, other_root, _): &(u64, Hash, DateTime<Utc>)| {
        let (old, new) = if *other <= size {
            ((*other, other_root), (size, &root))
        } else {
            ((size, &root), (*other, other_root))
        };
        certs::log::consistency_proof(&tiles, old.0, new.0).is_ok_and(|proof| {
            certs::log::verify_consistency(old.0, old.1, new.0, new.1, &proof).is_ok()
        })
    };
    Ok(cosigned
        .iter()
        .filter(|one| one_history(one))
        .map(|(size, _, at)| (*size, *at))
        .collect())
}

/// Size, root and time of a checkpoint that its log and its witnesses have signed.
fn cosigned(list: &TrustList, row: &WitnessedRow) -> Option<(u64, Hash, DateTime<Utc>)> {
    let signed = list
        .log_keys()
        .find_map(|(origin, key)| Checkpoint::verify(&row.note, origin, &key.public_key).ok())?;
    let at = list.cosigned_at(&signed).ok()??;
    let checkpoint = signed.checkpoint;
    (checkpoint.size == row.size).then_some((checkpoint.size, checkpoint.root, at))
}
