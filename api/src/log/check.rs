//! `mingzheng log check`: rehashes every leaf, rebuilds every tile and root, and compares with all that was signed.

use certs::keys::PublicKey;
use certs::log::{Checkpoint, Edge, Hash, LeafEntry, Origin};
use domain::ids::LeafIndex;
use serde::Serialize;

use super::append::hash;
use crate::app::App;
use crate::problem::Problem;

/// What the check found.
#[derive(Debug, Serialize)]
pub struct LogCheck {
    /// Leaves read.
    pub leaves: u64,
    /// Checkpoints compared.
    pub checkpoints: u64,
    /// Root of the rebuilt tree, hexadecimal.
    pub root: String,
    /// Every fault; empty when all is well.
    pub faults: Vec<String>,
}

/// Reads the whole log in order; `progress` hears how many leaves were read.
pub async fn check(app: &App, mut progress: impl FnMut(u64)) -> Result<LogCheck, Problem> {
    const STEP: u64 = 2000;
    let reader = app.store.reader();
    let head = store::log::head(reader).await?;
    let logs = crate::trust::own_keys::logs(reader, app).await?;
    let mut faults = Vec::new();
    let mut edge = Edge::empty();
    let mut checked = 0_u64;
    let mut pending = store::log::checkpoints_after(reader, 0, 10_000)
        .await?
        .into_iter()
        .peekable();
    let mut next = 0_u64;
    while next < head.size {
        let leaves = store::log::leaves(reader, LeafIndex(next), STEP).await?;
        if leaves.is_empty() {
            faults.push(format!("leaf {next} is missing"));
            break;
        }
        for leaf in leaves {
            if leaf.index.0 != next {
                faults.push(format!("leaf {next} is missing"));
            }
            match LeafEntry::decode(&leaf.entry) {
                Ok(entry) if entry.kind() == leaf.kind => {}
                // Who looks for leaves of a kind would pass it over.
                Ok(entry) => faults.push(format!(
                    "leaf {} is kept as of kind {}, and is of kind {}",
                    leaf.index.0,
                    leaf.kind,
                    entry.kind()
                )),
                Err(fault) => faults.push(format!("leaf {}: {fault}", leaf.index.0)),
            }
            let update = edge.append(&[Hash::leaf(&leaf.entry)]);
            next = leaf.index.0 + 1;
            while pending.peek().is_some_and(|row| row.size <= next) {
                let Some(row) = pending.next() else { break };
                checked += 1;
                if row.size != next || row.root != update.root.as_bytes() {
                    faults.push(format!(
                        "checkpoint of size {} does not fit the leaves",
                        row.size
                    ));
                }
                verify_note(&logs, &row.note, row.size, &row.root, &mut faults);
                if pending.peek().is_none() {
                    pending = store::log::checkpoints_after(reader, row.size, 10_000)
                        .await?
                        .into_iter()
                        .peekable();
                }
            }
        }
        progress(next);
    }
    if head.size > 0 && edge.root() != hash(&head.root)? {
        faults.push("the head does not fit the leaves".to_owned());
    }
    Ok(LogCheck {
        leaves: next,
        checkpoints: checked,
        root: data_encoding::HEXLOWER.encode(edge.root().as_bytes()),
        faults,
    })
}

fn verify_note(
    logs: &[(Origin, PublicKey)],
    note: &str,
    size: u64,
    root: &[u8],
    faults: &mut Vec<String>,
) {
    // The log whose name it bears; without one the newest tells what is wrong.
    let found = logs
        .iter()
        .find(|(origin, _)| note.lines().next() == Some(origin.as_str()));
    let Some((origin, key)) = found.or(logs.last()) else {
        faults.push(format!(
            "the note of checkpoint {size} is of no log of the table"
        ));
        return;
    };
    match Checkpoint::verify(note, origin, key) {
        Ok(signed)
            if signed.checkpoint.size == size && signed.checkpoint.root.as_bytes() == root => {}
        Ok(_) => faults.push(format!("the note of checkpoint {size} says something else")),
        Err(fault) => faults.push(format!("the note of checkpoint {size}: {fault}")),
    }
}
