//! The master key: data keys of persons, then the registry's own secrets, then the sealed files, then another look.

use std::time::Duration;

use store::rotation::{self, FILES, OldFile, Place, SealedFiles};
use store::vault::{KeyKind, secret_version};
use uuid::Uuid;

use super::{Pace, Rotated, finish};
use crate::app::App;
use crate::problem::Problem;

/// How often everything is gone through again because rows of the old version were left: somebody held them.
const ROUNDS: u32 = 20;
/// How long between two rounds.
const PAUSE: Duration = Duration::from_millis(200);

/// Where this run stands. What is left is told by the rows, so that nothing of it is kept.
#[derive(Default)]
struct Job {
    secrets: Place,
    /// Kinds of files that were gone through, and the last file.
    kinds: usize,
    file: Option<Uuid>,
}

/// Changes over what is under an older version, so many pieces as the pace allows.
pub(super) async fn change(
    app: &App,
    id: Uuid,
    pace: Pace,
    mut report: Rotated,
) -> Result<Rotated, Problem> {
    let mut left = pace.most;
    let (mut job, mut rounds) = (Job::default(), 0);
    while left != Some(0) {
        if let Some(done) = job.piece(app, id, pace.rows).await? {
            report.rows += done;
            left = left.map(|left| left - 1);
            continue;
        }
        report.left = end(app, id).await?;
        if report.left == 0 {
            report.finished = true;
            break;
        }
        rounds += 1;
        if rounds == ROUNDS {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        job = Job::default();
    }
    Ok(report)
}

/// Finishes the change if none is left of an older version, and answers how many are: counted when nobody who could not
/// know the new key writes any more.
async fn end(app: &App, id: Uuid) -> Result<u64, Problem> {
    let tx = app.store.write().await?;
    if !rotation::all_learned(&tx).await? {
        store::rollback(tx).await?;
        return Ok(1);
    }
    let older = rotation::older(&tx, app.store.vault()).await?;
    if older > 0 {
        store::rollback(tx).await?;
        return Ok(older);
    }
    finish(&tx, app, id, KeyKind::Master).await?;
    store::commit(tx).await?;
    Ok(0)
}

impl Job {
    /// The next piece; `None` behind the last one.
    async fn piece(&mut self, app: &App, id: Uuid, rows: u64) -> Result<Option<u64>, Problem> {
        let vault = app.store.vault();
        let tx = app.store.write().await?;
        let mut done = rotation::rewrap_persons(&tx, vault, rows).await?;
        if done == 0 {
            done = rotation::reseal_secrets(&tx, vault, &mut self.secrets, rows).await?;
        }
        if done > 0 {
            rotation::progress(&tx, id, done).await?;
            store::commit(tx).await?;
            return Ok(Some(done));
        }
        store::rollback(tx).await?;
        while let Some(of) = FILES.get(self.kinds) {
            let reader = app.store.reader();
            let files = rotation::old_files(reader, vault, *of, self.file, rows).await?;
            let Some(last) = files.last() else {
                (self.kinds, self.file) = (self.kinds + 1, None);
                continue;
            };
            self.file = Some(last.id);
            let mut done = 0;
            for file in &files {
                done += u64::from(reseal(app, id, *of, file).await?);
            }
            return Ok(Some(done));
        }
        Ok(None)
    }
}

/// Seals a file anew under another name, then tells its row, then takes the old one away: killed between two steps it
/// leaves a file that no row names, never a row that names no file. `false` when there is nothing to seal.
async fn reseal(app: &App, id: Uuid, of: SealedFiles, old: &OldFile) -> Result<bool, Problem> {
    let Ok(sealed) = app.files.read(&old.stored_name).await else {
        // Its row was changed or taken away meanwhile, or the file is lost: the next look tells.
        return Ok(false);
    };
    let vault = app.store.vault();
    let newest = vault.version(KeyKind::Master);
    let mut name = None;
    if secret_version(&sealed) != Some(newest) {
        let (vault, label, row) = (app.store.clone(), of.label, old.id);
        // Tens of megabytes: not on a thread that answers.
        let new = tokio::task::spawn_blocking(move || {
            let vault = vault.vault();
            let plain = zeroize::Zeroizing::new(vault.open_registry_secret(label, row, &sealed)?);
            vault.seal_registry_secret(label, row, &plain)
        })
        .await
        .map_err(Problem::internal)??;
        let fresh = data_encoding::HEXLOWER.encode(&app.random.bytes::<16>());
        app.files.write(&fresh, &new).await?;
        name = Some(fresh);
    }
    let stored_name = name.as_deref().unwrap_or(&old.stored_name);
    let noted = note(app, id, of, old, stored_name, newest).await;
    let over = match (&noted, &name) {
        (Ok(true), Some(_)) => Some(old.stored_name.as_str()),
        (_, Some(fresh)) => Some(fresh.as_str()),
        (_, None) => None,
    };
    if let Some(over) = over {
        app.files.remove(over).await;
    }
    noted
}

async fn note(
    app: &App,
    id: Uuid,
    of: SealedFiles,
    old: &OldFile,
    stored_name: &str,
    version: i32,
) -> Result<bool, Problem> {
    let tx = app.store.write().await?;
    let noted = rotation::file_resealed(&tx, of, old, stored_name, version).await?;
    if noted {
        rotation::progress(&tx, id, 1).await?;
    }
    store::commit(tx).await?;
    Ok(noted)
}
