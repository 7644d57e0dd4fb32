//! `mingzheng audit check`: recomputes the chain and compares it with every head in the public log.

use std::collections::HashMap;

use certs::log::{Hash, LeafEntry};
use domain::ids::LeafIndex;
use serde::Serialize;
use store::Snapshot;
use store::audit::Anchor;

use crate::app::App;
use crate::log::proven;
use crate::problem::Problem;

/// Rows read at a time.
const STEP: u64 = 2_000;
/// Kind of the leaf that holds a head.
const AUDIT_HEAD: u8 = 7;
/// Faults told; the others are counted.
const TOLD: usize = 1_000;

/// What the check found.
#[derive(Debug, Default, Serialize)]
pub struct AuditCheck {
    /// Rows read.
    pub rows: u64,
    /// Anchored heads compared.
    pub anchors: u64,
    /// Rows up to which the public log vouches for the chain.
    pub anchored_rows: i64,
    /// Every fault, up to a thousand; empty when all is well.
    pub faults: Vec<AuditFault>,
    /// How many faults there are.
    pub faults_total: u64,
}

/// One fault and the row it is about.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct AuditFault {
    /// `changed`, `missing`, `misplaced`, `behind-head`, `rewritten`, `anchor`, `unproven`.
    pub kind: &'static str,
    /// The first row concerned.
    pub row: i64,
    /// The last row concerned.
    pub until: i64,
    /// In words.
    pub text: String,
}

impl AuditCheck {
    fn fault(&mut self, kind: &'static str, row: i64, until: i64, text: String) {
        self.faults_total += 1;
        if self.faults.len() < TOLD {
            self.faults.push(AuditFault {
                kind,
                row,
                until,
                text,
            });
        }
    }
}

/// Reads the whole audit at one moment; `progress` hears how many rows were read.
pub async fn check(app: &App, mut progress: impl FnMut(u64)) -> Result<AuditCheck, Problem> {
    let reader = app.store.snapshot().await?;
    let head = store::audit::head(&reader).await?;
    let mut found = AuditCheck::default();
    let anchors = Anchors::read(app, &reader, &mut found).await?;
    let mut anchors = anchors.0.into_iter().peekable();
    let mut vouched = 0;
    let mut previous: Vec<u8> = Vec::new();
    let mut next = 1;
    loop {
        let rows = store::audit::rows(&reader, next, STEP).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.seq > next {
                found.fault(
                    "missing",
                    next,
                    row.seq - 1,
                    format!("rows {next} to {} are missing", row.seq - 1),
                );
            }
            let unbroken = row.seq == next;
            if row.computed_hash().as_slice() != row.hash {
                found.fault(
                    "changed",
                    row.seq,
                    row.seq,
                    format!("row {} is not what was written", row.seq),
                );
            }
            if unbroken && row.previous != previous {
                found.fault(
                    "misplaced",
                    row.seq,
                    row.seq,
                    format!(
                        "row {} does not follow the row before it: inserted, moved or written anew",
                        row.seq
                    ),
                );
            }
            while let Some((anchor, leaf)) = anchors.next_if(|(anchor, _)| anchor.seq <= row.seq) {
                found.anchors += 1;
                if anchor.seq == row.seq && leaf == row.hash {
                    vouched = row.seq;
                    found.anchored_rows = vouched;
                } else {
                    found.fault(
                        "rewritten",
                        vouched + 1,
                        anchor.seq,
                        format!(
                            "rows {} to {} do not lead to the head in leaf {} of the public log",
                            vouched + 1,
                            anchor.seq,
                            anchor.leaf.0
                        ),
                    );
                }
            }
            if row.seq > head.seq {
                found.fault(
                    "behind-head",
                    row.seq,
                    row.seq,
                    format!("row {} was added behind the head", row.seq),
                );
            }
            next = row.seq + 1;
            previous = row.hash;
            found.rows += 1;
        }
        progress(found.rows);
    }
    let last = next - 1;
    if last < head.seq {
        found.fault(
            "missing",
            next,
            head.seq,
            format!("rows {next} to {} are missing at the end", head.seq),
        );
    } else if last == head.seq && previous != head.hash {
        found.fault(
            "rewritten",
            last,
            last,
            format!("row {last} does not fit the head of the chain"),
        );
    }
    for (anchor, _) in anchors {
        found.anchors += 1;
        if anchor.seq > last.max(head.seq) {
            found.fault(
                "missing",
                next,
                anchor.seq,
                format!(
                    "rows {next} to {} are missing: leaf {} of the public log vouches for them",
                    anchor.seq, anchor.leaf.0
                ),
            );
        }
    }
    Ok(found)
}

/// Anchors with the hash that the leaf itself tells.
struct Anchors(Vec<(Anchor, Vec<u8>)>);

impl Anchors {
    /// Every leaf of the kind needs its anchor and the other way round; the leaf is what counts, and only as the log's signed
    /// tree has it: its row is of the same database (trust.md LG-9).
    async fn read(app: &App, reader: &Snapshot, found: &mut AuditCheck) -> Result<Self, Problem> {
        let mut leaves: HashMap<u64, Vec<u8>> = HashMap::new();
        let mut hashes: Vec<(u64, Hash)> = Vec::new();
        let mut after: Option<LeafIndex> = None;
        loop {
            let some = store::log::leaves_of_kind(reader, AUDIT_HEAD, after, STEP).await?;
            let Some(last) = some.last() else { break };
            after = Some(last.index);
            for leaf in some {
                match LeafEntry::decode(&leaf.entry) {
                    Ok(LeafEntry::AuditHead { sha256, .. }) => {
                        leaves.insert(leaf.index.0, sha256.to_vec());
                        hashes.push((leaf.index.0, Hash::leaf(&leaf.entry)));
                    }
                    _ => found.fault(
                        "anchor",
                        0,
                        0,
                        format!("leaf {} of the public log is no head", leaf.index.0),
                    ),
                }
            }
        }
        let strangers = proven::strangers(app, reader, &hashes).await?;
        let mut all = Vec::new();
        for anchor in store::audit::anchors(reader).await? {
            match leaves.remove(&anchor.leaf.0) {
                Some(_) if strangers.contains(&anchor.leaf.0) => found.fault(
                    "unproven",
                    anchor.seq,
                    anchor.seq,
                    format!(
                        "leaf {} with the head of row {} is not what the signed tree of the public log has there",
                        anchor.leaf.0, anchor.seq
                    ),
                ),
                Some(hash) => all.push((anchor, hash)),
                None => found.fault(
                    "anchor",
                    anchor.seq,
                    anchor.seq,
                    format!(
                        "the anchor of row {} names leaf {}, which holds no head",
                        anchor.seq, anchor.leaf.0
                    ),
                ),
            }
        }
        for index in leaves.keys() {
            found.fault(
                "anchor",
                0,
                0,
                format!("the anchor of leaf {index} of the public log is missing"),
            );
        }
        Ok(Self(all))
    }
}
