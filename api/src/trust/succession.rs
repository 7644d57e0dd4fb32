//! A log is closed and its successor opened (trust.md KY-2, BK-4): the log key is changed by two persons.
//!
//! The successor has a key and a name of its own and begins with the leaves of the old log, so every certificate keeps its
//! index. The old log ends with the leaves that tell the change, under its own key where that can still sign; then the
//! successor's first own leaf holds the last checkpoint of the old one, signatures and all. Where leaves were lost that
//! checkpoint is of a greater size than the leaf's index, and everybody sees how many are missing; and no place of a status
//! list and no number that may have been given since the backup is given again.

use certs::keys::{KeyId, KeyState, PublicKey};
use certs::log::{LeafEntry, is_signed_checkpoint};
use chrono::{DateTime, SubsecRound as _, Utc};
use domain::ids::LeafIndex;
use store::certificates::KeyRow;

use crate::act::Act;
use crate::certificates::keys;
use crate::log::standing::left_out;
use crate::problem::Problem;

/// What the change left behind.
pub(super) struct Succeeded {
    /// Leaf that tells that the successor is in use.
    pub(super) leaf: LeafIndex,
    /// Time of it.
    pub(super) at: DateTime<Utc>,
}

/// Closes the log under its key and goes on under the key of `next`, which is pending.
pub(super) async fn succeed(act: &mut Act, next: &KeyRow) -> Result<Succeeded, Problem> {
    let (kid, record) = keys::record(next)?;
    let olds = store::certificates::active_own_keys(&act.tx, "log").await?;
    let behind = act.app.standing.behind();
    let lost = behind.is_some();
    let at = act.begin_closing().await?.at().trunc_subsecs(3);
    let mut leaves = Vec::new();
    if lost {
        // When it was made its log took no leaf any more.
        leaves.push(leaf(at, &kid, &record.public_key, KeyState::Pending));
    }
    let position = leaves.len() as u64;
    leaves.push(leaf(at, &kid, &record.public_key, KeyState::Active));
    set_state(act, next, KeyState::Active).await?;
    for old in &olds {
        let (old_kid, old_record) = keys::record(old)?;
        leaves.push(leaf(
            at,
            &old_kid,
            &old_record.public_key,
            KeyState::Retired,
        ));
        set_state(act, old, KeyState::Retired).await?;
    }
    if let Some(behind) = &behind {
        // Before anything is published: nobody knows what was given since the backup.
        left_out::for_good(&act.tx, &act.app, behind, act.now).await?;
    }
    let before = store::log::latest_checkpoint(&act.tx).await?;
    let appender = act.begin_closing().await?;
    // A log that lost leaves signs nothing more: its sizes are taken.
    let signs = !lost && appender.can_sign();
    let first = appender.push_all(leaves)?;
    let closed = if signs {
        act.close_log().await?.map(|signed| signed.note)
    } else {
        None
    };
    // A file: what is not a checkpoint does not get into the log.
    let known = act.app.standing.known();
    let known = known.filter(|note| lost && is_signed_checkpoint(note));
    let last = closed
        .or(known)
        .or(before.map(|row| row.note))
        .ok_or_else(|| Problem::internal("a log without a checkpoint has nothing to succeed"))?;
    act.go_on_with(&kid).await?;
    let at = act.begin_closing().await?.at();
    act.log(LeafEntry::Succession { at, last }).await?;
    Ok(Succeeded {
        leaf: LeafIndex(first.0 + position),
        at,
    })
}

fn leaf(at: DateTime<Utc>, kid: &KeyId, public_key: &PublicKey, state: KeyState) -> LeafEntry {
    LeafEntry::KeyState {
        at,
        key_id: kid.clone(),
        public_key: public_key.clone(),
        state,
    }
}

async fn set_state(act: &Act, row: &KeyRow, to: KeyState) -> Result<(), Problem> {
    // A log key: its period is that of its log, and what it signed stays under its checkpoints.
    Ok(store::certificates::set_key_state(
        &act.tx,
        &row.kid,
        &row.state,
        to.as_str(),
        None,
        row.not_after,
    )
    .await?)
}
