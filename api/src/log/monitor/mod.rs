//! `mingzheng log monitor`: downloads a log, rebuilds its tree, holds every checkpoint ever kept against it, and lists what was
//! issued in a name (trust.md LG-11). It needs no registry, only the log's verifier key line.
//!
//! What was downloaded is believed only once it hashes to a checkpoint that the log has signed; then it is kept, and every
//! later run starts from it. Two signed checkpoints that do not belong to one tree are kept as evidence.

mod compare;
mod issued;
mod keep;
mod names;
mod source;

pub use issued::{Filter, Issued};
pub use names::Takeover;
pub use source::{Source, SourceFault};

pub(crate) use compare::Tried;
pub(crate) use keep::Kept as MonitorState;
pub(crate) use names::Names;

use std::collections::BTreeSet;
use std::path::Path;

use certs::log::{LeafEntry, SignedCheckpoint, WitnessPolicy};
use serde::Serialize;

use compare::Rebuilt;
use keep::Kept;

/// What to watch.
#[derive(Debug)]
pub struct Watch<'a> {
    /// Where the log is.
    pub log: Source,
    /// Its verifier key line.
    pub vkey: &'a str,
    /// Those of the logs that it took over from, where there are any.
    pub before: &'a [String],
    /// Folder of what is kept between runs.
    pub state: &'a Path,
    /// Further places that show checkpoints of it: witnesses, mirrors, files.
    pub also: &'a [Source],
    /// Witnesses whose quorum the newest checkpoint must have; none: not looked at.
    pub witnesses: WitnessPolicy,
    /// What to list.
    pub filter: Filter,
}

/// Why nothing can be said about the log.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// A place does not answer.
    #[error("无法读取 {place} / cannot be read: {fault}")]
    Source {
        /// Which place.
        place: String,
        /// Why.
        fault: SourceFault,
    },
    /// The state folder.
    #[error("状态目录无法读写 / the state folder: {0}")]
    State(#[from] std::io::Error),
    /// A wrong argument.
    #[error("{0}")]
    Usage(&'static str),
}

/// Something that an honest log never does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Stable code: `fork`, `shrunk`, `hidden`, `lost`, `wrong-entries`, `unreadable-entry`, `not-signed`, `no-quorum`.
    pub code: &'static str,
    /// Size of the tree that it is about.
    pub size: u64,
    /// Where it was seen.
    pub place: String,
    /// In words, Chinese.
    pub zh: String,
    /// In words, English.
    pub en: String,
}

impl Alarm {
    fn new(code: &'static str, size: u64, place: &str, zh: &str, en: &str) -> Self {
        Self {
            code,
            size,
            place: place.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// What a run found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the log.
    pub origin: String,
    /// Size of the newest tree that was checked.
    pub size: u64,
    /// Its root, hexadecimal.
    pub root: String,
    /// Entries downloaded in this run.
    pub downloaded: u64,
    /// Checkpoints held against the tree: those of all earlier runs, those that the log keeps, those of other places.
    pub checkpoints: usize,
    /// Issuances in the names asked for, with what became of them.
    pub issued: Vec<Issued>,
    /// Where the log took over from another one.
    pub takeovers: Vec<Takeover>,
    /// What an honest log never does; empty when all is well.
    pub alarms: Vec<Alarm>,
    /// Files of evidence, in the state folder.
    pub evidence: Vec<String>,
}

/// A checkpoint and where it was seen.
struct Seen {
    place: String,
    signed: SignedCheckpoint,
}

/// One run.
pub async fn run(watch: &Watch<'_>) -> Result<Report, MonitorError> {
    let names = Names::parse(watch.vkey, watch.before)?;
    let mut kept = Kept::open(watch.state, &names)?;
    let mut alarms = Vec::new();
    // Other places first: whatever they show, the log must show as well by now.
    let mut seen = Vec::new();
    for place in watch.also {
        let note = read(place, "").await?;
        match names.verify(&note) {
            Ok(signed) => seen.push(Seen {
                place: place.to_string(),
                signed,
            }),
            Err(fault) => alarms.push(not_signed(&place.to_string(), &fault.to_string())),
        }
    }
    let note = read(&watch.log, "checkpoint").await?;
    let newest = match names.newest().verify(&note) {
        Ok(signed) => signed,
        Err(fault) => {
            alarms.push(not_signed(&watch.log.to_string(), &fault.to_string()));
            return Ok(report(
                &names,
                &kept,
                None,
                0,
                Vec::new(),
                alarms,
                Vec::new(),
            ));
        }
    };
    quorum(watch, &newest, &mut alarms);
    let size = newest.checkpoint.size;
    if size < kept.size() {
        alarms.push(Alarm::new(
            "shrunk",
            size,
            &watch.log.to_string(),
            "日志比上次看到的小:有记录被隐去或回退。",
            "The log is smaller than it was: entries were hidden or rolled back.",
        ));
    }
    let Listed {
        found: listed,
        strange,
    } = log_checkpoints(&watch.log, &names, kept.size()).await?;
    // One that a witness has seen and that waits for the others is not hidden: the log tells of it.
    seen.retain(|one| {
        let checkpoint = &one.signed.checkpoint;
        checkpoint.size <= size || !listed.iter().any(|known| known.checkpoint == *checkpoint)
    });
    let own = listed
        .into_iter()
        .filter(|signed| signed.checkpoint.size <= size);
    seen.extend(own.map(|signed| Seen {
        place: watch.log.to_string(),
        signed,
    }));
    let tried = Tried::download(&watch.log, kept.size(), size).await?;
    let downloaded = tried.count();
    let mut wanted: BTreeSet<u64> = kept.checkpoint_sizes().collect();
    wanted.extend(seen.iter().map(|one| one.signed.checkpoint.size));
    wanted.insert(size);
    let rebuilt = Rebuilt::of(&kept, &tried, &names, wanted.into_iter());
    for fault in strange
        .into_iter()
        // A log that this one took over from, whose key line was not given: its checkpoints cannot be judged.
        .filter(|(origin, _)| {
            !rebuilt
                .takeovers
                .iter()
                .any(|one| one.from == *origin && !one.checked)
        })
        .map(|(_, fault)| fault)
        .chain(rebuilt.false_takeovers.iter().cloned())
    {
        alarms.push(not_signed(&watch.log.to_string(), &fault));
    }
    for one in &rebuilt.takeovers {
        if !one.whole && one.index >= kept.size() {
            alarms.push(Alarm::new(
                "lost",
                one.size,
                &watch.log.to_string(),
                &format!(
                    "第 {} 条起接续日志 {},其中有记录已遗失。",
                    one.index, one.from
                ),
                &format!(
                    "From entry {} on it goes on for the log {}, of which leaves were lost.",
                    one.index, one.from
                ),
            ));
        }
    }
    for (index, fault) in &rebuilt.unreadable {
        alarms.push(Alarm::new(
            "unreadable-entry",
            index + 1,
            &watch.log.to_string(),
            &format!("第 {index} 条记录无法读取:{fault}"),
            &format!("Entry {index} cannot be read: {fault}"),
        ));
    }
    let mut evidence = Vec::new();
    let genuine = size < kept.size() || rebuilt.root_at(size) == Some(newest.checkpoint.root);
    if genuine {
        kept.add_entries(&tried)?;
        kept.go_on_as(names.origin())?;
    } else {
        let whole = Tried::download(&watch.log, 0, size).await?;
        let place = watch.log.to_string();
        if let Some(index) = whole.differs_from(&kept, &newest.checkpoint.root) {
            let mut alarm = compare::fork(size, &place);
            alarm.zh.push_str(&format!("第 {index} 条起不同。"));
            alarm
                .en
                .push_str(&format!(" They differ from entry {index} on."));
            alarms.push(alarm);
            let last = kept.checkpoint_sizes().last();
            evidence.extend(last.map(Kept::note_name));
        } else {
            alarms.push(Alarm::new(
                "wrong-entries",
                size,
                &place,
                "下载的记录与日志签名的检查点不符。",
                "The entries that were downloaded do not hash to the checkpoint that the log signed.",
            ));
        }
    }
    seen.push(Seen {
        place: watch.log.to_string(),
        signed: newest,
    });
    let held = kept.checkpoint_sizes().count() + seen.len();
    compare::hold(
        &mut kept,
        &rebuilt,
        genuine,
        seen,
        &mut alarms,
        &mut evidence,
    )?;
    let issued = issued::list(&kept, &watch.filter);
    kept.note_reported(watch.filter.names())?;
    Ok(Report {
        checkpoints: held,
        ..report(
            &names,
            &kept,
            Some(&rebuilt),
            downloaded,
            issued,
            alarms,
            evidence,
        )
    })
}

fn report(
    names: &Names,
    kept: &Kept,
    rebuilt: Option<&Rebuilt>,
    downloaded: u64,
    issued: Vec<Issued>,
    alarms: Vec<Alarm>,
    evidence: Vec<String>,
) -> Report {
    let size = kept.size();
    let root = rebuilt.and_then(|rebuilt| rebuilt.root_at(size));
    Report {
        origin: names.origin().to_string(),
        takeovers: rebuilt
            .map(|rebuilt| rebuilt.takeovers.clone())
            .unwrap_or_default(),
        size,
        root: root.map(|root| root.to_string()).unwrap_or_default(),
        downloaded,
        checkpoints: 0,
        issued,
        alarms,
        evidence,
    }
}

async fn read(place: &Source, path: &str) -> Result<String, MonitorError> {
    let failed = |fault| MonitorError::Source {
        place: place.to_string(),
        fault,
    };
    let bytes = place.get(path).await.map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| failed(SourceFault::Form))
}

fn not_signed(place: &str, fault: &str) -> Alarm {
    Alarm::new(
        "not-signed",
        0,
        place,
        &format!("不是这个日志签名的检查点:{fault}"),
        &format!("Not a checkpoint that the log has signed: {fault}"),
    )
}

fn quorum(watch: &Watch<'_>, newest: &SignedCheckpoint, alarms: &mut Vec<Alarm>) {
    let needed = watch.witnesses.quorum();
    if needed == 0 || matches!(watch.witnesses.reached(&newest.note), Ok(Some(_))) {
        return;
    }
    alarms.push(Alarm::new(
        "no-quorum",
        newest.checkpoint.size,
        &watch.log.to_string(),
        &format!("最新检查点没有 {needed} 家见证方的联署。"),
        &format!("The newest checkpoint is not cosigned by {needed} witnesses."),
    ));
}

/// What a log keeps of its checkpoints.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// Those that it or a predecessor has signed.
    pub(crate) found: Vec<SignedCheckpoint>,
    /// The first lines of the others, and what is wrong with them.
    strange: Vec<(String, String)>,
}

/// What a log itself keeps of its checkpoints after a size; a log that keeps none is as good.
pub(crate) async fn log_checkpoints(
    log: &Source,
    names: &Names,
    mut after: u64,
) -> Result<Listed, MonitorError> {
    #[derive(serde::Deserialize)]
    struct Page {
        checkpoints: Vec<String>,
        next: Option<u64>,
    }
    let mut listed = Listed::default();
    loop {
        let path = format!("checkpoints?after={after}&limit=1000");
        let bytes = match log.get(&path).await {
            Ok(bytes) => bytes,
            Err(SourceFault::NotThere) => return Ok(listed),
            Err(fault) => {
                return Err(MonitorError::Source {
                    place: log.to_string(),
                    fault,
                });
            }
        };
        let Ok(page) = serde_json::from_slice::<Page>(&bytes) else {
            return Ok(listed);
        };
        for note in &page.checkpoints {
            match names.verify(note) {
                Ok(signed) => listed.found.push(signed),
                Err(fault) => {
                    let origin = note.lines().next().unwrap_or_default().to_owned();
                    listed.strange.push((origin, fault.to_string()));
                }
            }
        }
        match page.next.filter(|next| *next > after) {
            Some(next) => after = next,
            None => return Ok(listed),
        }
    }
}

/// An entry with its index.
type Entry = (u64, LeafEntry);
