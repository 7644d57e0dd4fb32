//! `mingzheng log recover`: takes the leaves that a restored database lost from whoever kept a copy of the log (trust.md BK-4).
//!
//! What is read is believed only when it continues the database's own tree to a checkpoint that the log has signed. Leaves,
//! tiles, head and checkpoints come back exactly as they were published, so nothing is ever signed twice for a size. What the
//! leaves tell of certificates and keys is done again; what they only commit to (the holders' data) has to be entered anew and
//! is listed.

use std::collections::{BTreeMap, BTreeSet};

use certs::log::{Edge, Hash, LeafEntry, SignedCheckpoint};
use chrono::{DateTime, Utc};
use domain::ids::LeafIndex;
use serde::Serialize;
use store::audit::AuditEntry;
use store::log::{CheckpointRow, Head, Leaf, TileRow};
use store::witnessed::WitnessedRow;

use super::reapply::{self, Applied};
use super::{gather, known, left_out};
use crate::app::App;
use crate::log::append::{Tiles, hash};
use crate::log::monitor::{MonitorError, MonitorState, Names, Source, Tried, log_checkpoints};
use crate::problem::Problem;

/// Why nothing was recovered; each sentence tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The database knows another tree.
    #[error(
        "数据库与已公布的日志(在 {place},{known} 条)分叉,不能恢复;请关闭这个日志,由后继日志接替(mingzheng key create-own log) / the database and the published log ({known} leaves, seen at {place}) have forked: nothing can be recovered; close this log and open its successor (mingzheng key create-own log)"
    )]
    Forked {
        /// Size of the checkpoint.
        known: u64,
        /// Where it was seen.
        place: String,
    },
    /// Nobody has the leaves.
    #[error(
        "没有一处副本能补足到 {known} 条:{tried};请给出镜像、日志监测方的状态目录或日志的文件副本,若都没有,请关闭这个日志,由后继日志接替(mingzheng key create-own log) / no copy reaches the {known} published leaves: {tried}; name a mirror, the state folder of a monitor, or a copy of the log's files; if there is none, close this log and open its successor (mingzheng key create-own log)"
    )]
    NoCopy {
        /// Leaves of the newest known checkpoint.
        known: u64,
        /// What was wrong with each place.
        tried: String,
    },
    /// A place cannot be read as one.
    #[error("{0}")]
    Place(&'static str),
    /// The database.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// What was done.
#[derive(Debug, Serialize)]
pub struct Recovered {
    /// Leaves before.
    pub from: u64,
    /// Leaves now.
    pub size: u64,
    /// Root of the tree now, hexadecimal.
    pub root: String,
    /// Where the leaves came from; none when nothing was missing.
    pub source: Option<String>,
    /// Signed checkpoints taken back.
    pub checkpoints: usize,
    /// What the leaves told and was done again.
    pub applied: Applied,
}

/// What a copy gives.
struct Found {
    place: String,
    leaves: Vec<Leaf>,
    update: certs::log::TreeUpdate,
    checkpoints: Vec<SignedCheckpoint>,
}

/// Recovers from the places given and the configured mirrors.
pub async fn recover(app: &App, places: &[String]) -> Result<Recovered, RecoverError> {
    let reader = app.store.reader();
    let head = store::log::head(reader).await.map_err(Problem::from)?;
    let mut wanted = gather(app, &app.standing.file).await;
    let mut all: Vec<String> = places.to_vec();
    all.extend(app.config.witnesses.mirrors.iter().cloned());
    for place in &all {
        Source::parse(place).map_err(RecoverError::Place)?;
        if let Some(note) = known::newest(place).await {
            wanted.extend(known::read(app, place, &note));
        }
    }
    if let Some(behind) = super::hold(app, &wanted).await?
        && behind.forked
    {
        return Err(RecoverError::Forked {
            known: behind.known,
            place: behind.place,
        });
    }
    let target = wanted
        .iter()
        .max_by_key(|known| known.signed.checkpoint.size)
        .filter(|known| known.signed.checkpoint.size > head.size);
    let Some(target) = target else {
        app.standing.compare(app).await?;
        return Ok(Recovered {
            from: head.size,
            size: head.size,
            root: data_encoding::HEXLOWER.encode(&head.root),
            source: None,
            checkpoints: 0,
            applied: Applied::default(),
        });
    };
    let target = &target.signed;
    let mut tried = Vec::new();
    for place in &all {
        match read_copy(app, place, &head, target).await? {
            Ok(found) => {
                let recovered = write(app, &head, target, found).await?;
                app.standing.compare(app).await?;
                return Ok(recovered);
            }
            Err(fault) => tried.push(format!("{place}: {fault}")),
        }
    }
    Err(RecoverError::NoCopy {
        known: target.checkpoint.size,
        tried: if tried.is_empty() {
            "- ".to_owned()
        } else {
            tried.join("; ")
        },
    })
}

/// The missing leaves from one copy, if with them the tree is the one that the log has signed.
async fn read_copy(
    app: &App,
    place: &str,
    head: &Head,
    target: &SignedCheckpoint,
) -> Result<Result<Found, String>, Problem> {
    let source = Source::parse(place).map_err(Problem::internal)?;
    let entries = match entries(&source, head.size, target.checkpoint.size).await {
        Ok(entries) => entries,
        Err(fault) => return Ok(Err(fault.to_string())),
    };
    let mut leaves = Vec::with_capacity(entries.len());
    for (index, bytes) in (head.size..).zip(entries) {
        let entry = match LeafEntry::decode(&bytes) {
            Ok(entry) => entry,
            Err(fault) => return Ok(Err(format!("leaf {index}: {fault}"))),
        };
        leaves.push(Leaf {
            index: LeafIndex(index),
            kind: entry.kind(),
            at: entry.at(),
            entry: bytes,
        });
    }
    let listed = checkpoints(app, &source, head.size).await;
    let sizes: BTreeSet<u64> = listed.iter().map(|one| one.checkpoint.size).collect();
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| Hash::leaf(&leaf.entry)).collect();
    // Once leaf by leaf for the roots at the sizes in between, once at a stroke for the tiles.
    let mut roots = BTreeMap::new();
    let mut walk = edge(app, head).await?;
    for hash in &hashes {
        walk.append(std::slice::from_ref(hash));
        if sizes.contains(&walk.size()) {
            roots.insert(walk.size(), walk.root());
        }
    }
    if walk.root() != target.checkpoint.root {
        return Ok(Err(
            "这里的记录不是日志签名的那些 / its leaves are not those that the log has signed"
                .to_owned(),
        ));
    }
    let update = edge(app, head).await?.append(&hashes);
    let mut checkpoints: BTreeMap<u64, SignedCheckpoint> = listed
        .into_iter()
        .filter(|one| roots.get(&one.checkpoint.size) == Some(&one.checkpoint.root))
        .map(|one| (one.checkpoint.size, one))
        .collect();
    checkpoints.insert(target.checkpoint.size, target.clone());
    Ok(Ok(Found {
        place: place.to_owned(),
        leaves,
        update,
        checkpoints: checkpoints.into_values().collect(),
    }))
}

async fn edge(app: &App, head: &Head) -> Result<Edge, Problem> {
    if head.size == 0 {
        return Ok(Edge::empty());
    }
    let tiles = Tiles::read(app.store.reader(), &Edge::tiles(head.size)).await?;
    Edge::load(&tiles, head.size, &hash(&head.root)?).map_err(Problem::internal)
}

/// The entries of a copy from one index up to a size.
async fn entries(source: &Source, from: u64, size: u64) -> Result<Vec<Vec<u8>>, MonitorError> {
    if let Source::Folder(folder) = source
        && let Some(state) = MonitorState::existing(folder)
    {
        if state.size() < size {
            return Err(MonitorError::Usage(
                "只保存到更早的记录 / it keeps fewer leaves",
            ));
        }
        let range = usize::try_from(from).unwrap_or(usize::MAX)
            ..usize::try_from(size).unwrap_or(usize::MAX);
        let kept = state.entries().get(range).unwrap_or_default();
        return Ok(kept.to_vec());
    }
    let tried = Tried::download(source, from, size).await?;
    Ok(tried.entries().map(<[u8]>::to_vec).collect())
}

/// The checkpoints of a copy after a size; only the newest is needed, the others are taken back where they are kept.
async fn checkpoints(app: &App, source: &Source, after: u64) -> Vec<SignedCheckpoint> {
    let log = app.keyring.log();
    let (origin, key) = (&log.origin, log.signer.public_key());
    if let Source::Folder(folder) = source
        && let Some(state) = MonitorState::existing(folder)
    {
        let sizes: Vec<u64> = state.checkpoint_sizes().filter(|s| *s > after).collect();
        let notes = sizes.iter().filter_map(|size| state.checkpoint(*size).ok());
        return notes
            .filter_map(|note| certs::log::Checkpoint::verify(&note, origin, key).ok())
            .collect();
    }
    log_checkpoints(source, &Names::one(origin, key), after)
        .await
        .unwrap_or_default()
        .found
}

async fn write(
    app: &App,
    head: &Head,
    target: &SignedCheckpoint,
    found: Found,
) -> Result<Recovered, Problem> {
    let now = app.now();
    let tx = app.store.write().await?;
    let locked = store::log::lock_head(&tx).await?;
    if locked.size != head.size {
        return Err(store::StoreError::Stale.into());
    }
    let root = target.checkpoint.root;
    let last = found.leaves.last().map_or(head.at, |leaf| leaf.at);
    store::log::insert_leaves(&tx, &found.leaves).await?;
    let tiles: Vec<TileRow> = found
        .update
        .tiles
        .iter()
        .map(|tile| TileRow {
            level: tile.id.level,
            index: tile.id.index,
            hashes: tile.to_bytes(),
        })
        .collect();
    store::log::put_tiles(&tx, &tiles).await?;
    store::log::move_head(&tx, head.size, found.update.size, root.as_bytes(), last).await?;
    for signed in &found.checkpoints {
        put_checkpoint(&tx, app, signed, &found.leaves, head.size).await?;
    }
    let applied = reapply::apply(&tx, app, &found.leaves, now).await?;
    left_out::numbers(&tx).await?;
    let name = app.keyring.log_origin();
    let detail = format!("{} > {}", head.size, found.update.size);
    let origin = crate::audit::origin::Origin::current();
    let audit = AuditEntry {
        at: now,
        request_id: &origin.request_id,
        actor: None,
        account: None,
        network: &origin.network,
        act: "log_recovered",
        object_kind: "log",
        object_id: name.as_str(),
        outcome: store::audit::DONE,
        times: 1,
        detail: &detail,
        after: Some(*root.as_bytes()),
    };
    store::audit::append(&tx, &audit).await?;
    store::commit(tx).await?;
    Ok(Recovered {
        from: head.size,
        size: found.update.size,
        root: data_encoding::HEXLOWER.encode(root.as_bytes()),
        source: Some(found.place),
        checkpoints: found.checkpoints.len(),
        applied,
    })
}

/// Keeps a checkpoint with the log's own line, and with the witnesses' where their quorum is among them.
async fn put_checkpoint(
    tx: &store::WriteTx,
    app: &App,
    signed: &SignedCheckpoint,
    leaves: &[Leaf],
    from: u64,
) -> Result<(), Problem> {
    let size = signed.checkpoint.size;
    let place = usize::try_from(size - from - 1).unwrap_or(usize::MAX);
    // A checkpoint was committed with its last leaf.
    let at: DateTime<Utc> = leaves
        .get(place)
        .map(|leaf| leaf.at)
        .ok_or_else(|| Problem::internal("a checkpoint beyond the recovered leaves"))?;
    let row = CheckpointRow {
        size,
        root: signed.checkpoint.root.as_bytes().to_vec(),
        note: signed.alone(),
        at,
    };
    store::log::put_checkpoint(tx, &row).await?;
    let policy = &app.config.witnesses.policy;
    if let Ok(Some(at)) = policy.reached(&signed.note) {
        let row = WitnessedRow {
            size,
            note: signed.note.clone(),
            quorum: u32::try_from(policy.quorum()).unwrap_or(u32::MAX),
            at,
        };
        store::witnessed::put(tx, &row).await?;
    }
    Ok(())
}
