//! `evidence_sha256`: SHA-256 over the RFC 8785 bytes of E as it is written, with its arrays sorted.

use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::read::{FIELDS, row_node};
use crate::grading::day::Day;
use crate::grading::fault::{Faults, Path};
use crate::grading::json::Node;

/// The file as it stands in the text.
pub(super) struct Tables<'a> {
    /// Outages, institutions, cohorts, enrolments, episodes, surveys.
    pub(super) rows: [Vec<&'a RawValue>; 6],
    pub(super) freeze: Option<Day>,
    pub(super) format: Option<i64>,
}

/// The table that has no ids: sorted by the bytes of its rows.
const OUTAGES: usize = 0;
/// The table whose rows hold a list without ids.
const EPISODES: usize = 4;

/// The digest; `orders` tells for each table which row of the text comes when. Nothing without a freeze date.
///
/// A field that was left out stays left out: a file keeps its digest when a later version of the format adds fields.
pub(super) fn digest(tables: &Tables<'_>, orders: &[Vec<u32>; 6]) -> Option<[u8; 32]> {
    let freeze = tables.freeze?;
    let mut names = FIELDS;
    names.sort_unstable();
    let mut sha = Sha256::new();
    let mut bytes = Vec::new();
    let mut before = b'{';
    for name in names {
        let at = FIELDS.iter().position(|one| *one == name)?;
        bytes.clear();
        if name == "format" && tables.format.is_none() {
            continue;
        }
        bytes.push(before);
        bytes.extend_from_slice(format!("\"{name}\":").as_bytes());
        before = b',';
        match name {
            "format" => bytes.extend_from_slice(tables.format?.to_string().as_bytes()),
            "freeze" => bytes.extend_from_slice(format!("\"{freeze}\"").as_bytes()),
            _ => {
                sha.update(&bytes);
                table(&tables.rows[at], &orders[at], at, &mut sha)?;
                continue;
            }
        }
        sha.update(&bytes);
    }
    sha.update(b"}");
    Some(sha.finalize().into())
}

fn table(rows: &[&RawValue], order: &[u32], at: usize, sha: &mut Sha256) -> Option<()> {
    sha.update(b"[");
    if at == OUTAGES {
        let outages = rows.iter().map(|raw| Some(node(raw)?.canonical()));
        let mut outages: Vec<_> = outages.collect::<Option<_>>()?;
        outages.sort_unstable();
        sha.update(outages.join(&b','));
    } else {
        let mut bytes = Vec::new();
        for (count, &row) in order.iter().enumerate() {
            let mut node = node(rows[row as usize])?;
            if at == EPISODES {
                sort_proof(&mut node);
            }
            bytes.clear();
            if count > 0 {
                bytes.push(b',');
            }
            node.write_canonical(&mut bytes);
            sha.update(&bytes);
        }
    }
    sha.update(b"]");
    Some(())
}

/// The pieces of evidence of an episode have no order.
fn sort_proof(episode: &mut Node<'_>) {
    let Node::Object(fields) = episode else {
        return;
    };
    for (name, value) in fields {
        if let Node::List(pieces) = value
            && name == "evidence"
            && pieces.len() > 1
        {
            pieces.sort_by_cached_key(Node::canonical);
        }
    }
}

/// Each row was read once already, so nothing new can be wrong with it.
fn node(raw: &RawValue) -> Option<Node<'_>> {
    row_node(raw, &Path::Root, &mut Faults::default())
}
