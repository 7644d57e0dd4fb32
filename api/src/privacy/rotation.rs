//! Changing the keys of the vault while the registry runs: many small transactions, resumable after a kill
//! (trust.md PI-1, PI-2).
//!
//! 1. The key file of the next version is made (or found, when an earlier run was interrupted right after).
//! 2. A row of `key_rotation` says that the version is in use; every process that meets it reads the file.
//! 3. Batch by batch the rows change over. Rows of both versions open throughout.
//! 4. When none is left the rotation is finished, and the old file may be put away after all processes restarted. Under an
//!    older blind-index key rows stay beside which nothing is sealed to index anew (`kept`): its file stays with them.
//!
//! Every write transaction asks for the newest master key first (`Store::write`), and the end waits for those that began
//! before they could know it, so that nothing is left under the old one.

use domain::PersonName;
use domain::ids::CertificateId;
use serde::Serialize;
use store::audit::AuditEntry;
use store::rotation;
use store::vault::KeyKind;

use crate::app::App;
use crate::problem::Problem;

mod master;

/// How fast, and how far at most.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Rows in one transaction.
    pub rows: u64,
    /// Transactions of this run; all that are needed when not given.
    pub most: Option<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            rows: 200,
            most: None,
        }
    }
}

/// Where a rotation stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// Which key.
    pub key: &'static str,
    /// The version that seals now.
    pub version: i32,
    /// Whether this run went on with an earlier one.
    pub resumed: bool,
    /// Rows that changed over in this run.
    pub rows: u64,
    /// Whether none of an older version is left.
    pub finished: bool,
    /// Rows of an older version that could not change over: others held them, or their file is not in the folder.
    #[serde(skip_serializing_if = "is_none")]
    pub left: u64,
    /// Rows that no change reaches, since nothing is sealed beside them: while there are any, the file of the old key stays.
    #[serde(skip_serializing_if = "is_none")]
    pub kept: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_none(left: &u64) -> bool {
    *left == 0
}

/// Changes a key, or goes on with a change that was interrupted.
pub async fn rotate(app: &App, kind: KeyKind, pace: Pace) -> Result<Rotated, Problem> {
    let (id, version, resumed) = begin(app, kind).await?;
    let mut report = Rotated {
        key: kind.as_str(),
        version,
        resumed,
        rows: 0,
        finished: false,
        left: 0,
        kept: 0,
    };
    if kind == KeyKind::Master {
        return master::change(app, id, pace, report).await;
    }
    let mut left = pace.most;
    while left != Some(0) {
        let done = batch(app, id, pace.rows).await?;
        report.rows += done;
        if done == 0 {
            report.finished = true;
            report.kept = rotation::kept(app.store.reader(), app.store.vault()).await?;
            break;
        }
        left = left.map(|left| left - 1);
    }
    Ok(report)
}

async fn begin(app: &App, kind: KeyKind) -> Result<(uuid::Uuid, i32, bool), Problem> {
    let vault = app.store.vault();
    let newest = rotation::newest(app.store.reader(), kind).await?;
    if let Some(open) = newest.as_ref().filter(|rotation| !rotation.finished) {
        vault.learn(kind, open.to_version)?;
        return Ok((open.id, open.to_version, true));
    }
    if let (KeyKind::Master, Some(done)) = (kind, &newest) {
        // A finished change that left something behind is not finished: it comes before the next.
        vault.learn(kind, done.to_version)?;
        if rotation::older(app.store.reader(), vault).await? > 0 {
            return Ok((done.id, done.to_version, true));
        }
    }
    let version = newest.map_or(1, |rotation| rotation.to_version) + 1;
    // Before the transaction: inside it no file is written.
    let key = app
        .keyring
        .make_vault_key(kind, version, &app.random)
        .map_err(Problem::internal)?;
    let (now, id) = (app.now(), app.random.id(app.now()));
    let tx = app.store.write().await?;
    rotation::begin(&tx, id, kind, version, now).await?;
    audit(&tx, app, id, kind, "begin_key_rotation", version).await?;
    store::commit(tx).await?;
    vault.add(kind, version, &key);
    Ok((id, version, false))
}

/// A piece of a change of the blind-index key.
async fn batch(app: &App, id: uuid::Uuid, rows: u64) -> Result<u64, Problem> {
    let vault = app.store.vault();
    let holders = holders(app, rows).await?;
    let tx = app.store.write().await?;
    let mut done = match rotation::reindex_identifiers(&tx, vault, rows).await? {
        0 => match store::phones::reindex(&tx, vault, rows).await? {
            0 => match rotation::reindex_responses(&tx, vault, rows).await? {
                0 => rotation::forget_row_digests(&tx, id, rows).await?,
                some => some,
            },
            some => some,
        },
        some => some,
    };
    for (certificate, number, name) in &holders {
        rotation::reindex_holder(&tx, vault, *certificate, number, name).await?;
        done += 1;
    }
    if done == 0 {
        finish(&tx, app, id, KeyKind::BlindIndex).await?;
    } else {
        rotation::progress(&tx, id, done).await?;
    }
    store::commit(tx).await?;
    Ok(done)
}

/// Notes that none of an older version is left.
async fn finish(
    tx: &store::WriteTx,
    app: &App,
    id: uuid::Uuid,
    kind: KeyKind,
) -> Result<(), Problem> {
    rotation::finish(tx, id, app.now()).await?;
    let version = app.store.vault().version(kind);
    audit(tx, app, id, kind, "finish_key_rotation", version).await
}

/// Certificates to index anew, with the name that their signed bytes tell.
async fn holders(
    app: &App,
    rows: u64,
) -> Result<Vec<(CertificateId, domain::CertificateNo, PersonName)>, Problem> {
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let stale = rotation::stale_holders(reader, vault, rows.min(1_000)).await?;
    let ids: Vec<CertificateId> = stale.iter().map(|(id, _)| *id).collect();
    let bytes: std::collections::HashMap<CertificateId, Vec<u8>> =
        store::certificates::signed_bytes_of(reader, vault, &ids)
            .await?
            .into_iter()
            .collect();
    stale
        .into_iter()
        .filter_map(|(id, number)| Some((id, number, bytes.get(&id)?)))
        .map(|(id, number, cose)| {
            // Our own stored bytes: only the name is taken from them, no verdict rests on it.
            let decoded = certs::certificate::decode(cose).map_err(Problem::internal)?;
            Ok((id, number, decoded.unverified_claims().holder.clone()))
        })
        .collect()
}

async fn audit(
    tx: &store::WriteTx,
    app: &App,
    id: uuid::Uuid,
    kind: KeyKind,
    act: &str,
    version: i32,
) -> Result<(), Problem> {
    let entry = AuditEntry {
        request_id: &id.simple().to_string(),
        act,
        object_kind: "key",
        object_id: &format!("{}.{version}", kind.as_str()),
        ..AuditEntry::at(app.now())
    };
    Ok(store::audit::append(tx, &entry).await?)
}
