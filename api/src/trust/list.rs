//! The trust list as it is published: a new version in the transaction of each change of a key, and before the old one ends.

use std::collections::BTreeMap;

use certs::keys::KeyId;
use certs::trust_list::{KeyPurpose, Roots, SignedTrustList, TrustList, TrustedKey, root_line};
use chrono::{DateTime, Duration, SubsecRound as _, Utc};
use store::certificates::KeyRow;
use store::trust_lists::TrustListRow;
use store::{ConnectionTrait, PublicRead, WriteTx};

use crate::app::App;
use crate::certificates::keys;
use crate::problem::Problem;

use super::own_keys;

/// Name of its numbers in the table of those that are left out.
pub(crate) const NUMBERS: &str = "trust_list";
/// How long a list is good: a verifier without a network learns of a compromise at the latest then.
const VALIDITY: Duration = Duration::days(14);

/// The root keys that have signed lists: those in use, and those before them.
pub async fn roots(db: &impl ConnectionTrait) -> Result<Roots, Problem> {
    let rows = store::certificates::all_keys(db).await?;
    let signed = |row: &&KeyRow| row.purpose == "root" && row.state != "pending";
    let keys = rows.iter().filter(signed).map(|row| {
        let (kid, record) = keys::record(row)?;
        Ok((kid, record.public_key))
    });
    keys.collect::<Result<Roots, Problem>>()
}

/// The lines by which a verifier is given the root keys in use: one, or two while the older one hands over to the newer.
pub async fn line_of_root(app: &App) -> Result<String, Problem> {
    let rows = store::certificates::active_own_keys(app.store.reader(), "root").await?;
    let lines = rows.iter().map(|row| {
        let (kid, record) = keys::record(row)?;
        root_line(&kid, &record.public_key)
            .ok_or_else(|| Problem::internal("the root key has no line"))
    });
    Ok(lines.collect::<Result<Vec<_>, Problem>>()?.join("\n"))
}

/// Signs and keeps the next version; whoever calls holds the lock of the log's head, so versions follow one another.
pub(crate) async fn publish(
    tx: &WriteTx,
    app: &App,
    at: DateTime<Utc>,
) -> Result<TrustListRow, Problem> {
    let floor = store::recovery::floor(tx, NUMBERS).await?;
    let last = newest(tx).await?;
    let (version, issued_at) = match &last {
        Some(last) => {
            let last = last.list();
            let later = last.issued_at + Duration::milliseconds(1);
            (
                (last.version + 1).max(floor),
                at.trunc_subsecs(3).max(later),
            )
        }
        None => (1, at.trunc_subsecs(3)),
    };
    let mut list = TrustList {
        version,
        issued_at,
        valid_until: issued_at + VALIDITY,
        keys: trusted(tx, app).await?,
        witnesses: app.config.witnesses.policy.clone(),
        earlier_witnesses: Vec::new(),
    };
    if let Some(last) = &last {
        // From here on the former witnesses speak for what they have seen, and for nothing that comes.
        let size = store::log::lock_head(tx).await?.size;
        list.exchange_witnesses(last.list(), issued_at, size);
    }
    let signer = own_keys::root_signer(app, tx).await?;
    let mut signed = list.sign(signer.as_ref()).map_err(Problem::internal)?;
    if let Some(last) = &last {
        // Also against a table that somebody has put back: nobody would accept such a list.
        signed = signed.replace(last).map_err(Problem::internal)?;
    }
    let row = TrustListRow {
        version,
        issued_at,
        valid_until: issued_at + VALIDITY,
        sha256: signed.seen().sha256,
        body: signed.as_bytes().to_vec(),
    };
    store::trust_lists::put(tx, &row).await?;
    Ok(row)
}

/// Whether keys or witnesses are not those of the newest list.
pub(crate) async fn differs(tx: &WriteTx, app: &App) -> Result<bool, Problem> {
    Ok(match newest(tx).await? {
        Some(newest) => {
            newest.list().witnesses != app.config.witnesses.policy
                || newest.list().keys != trusted(tx, app).await?
        }
        None => true,
    })
}

/// Publishes when keys or witnesses are not those of the newest list: at the start, after a change of the configuration.
pub(crate) async fn keep_up(tx: &WriteTx, app: &App, now: DateTime<Utc>) -> Result<(), Problem> {
    let head = store::log::lock_head(tx).await?;
    if differs(tx, app).await? {
        publish(tx, app, now.max(head.at)).await?;
    }
    Ok(())
}

/// The list as it is good now; made anew when half of its time is over.
pub async fn current(app: &App) -> Result<TrustListRow, Problem> {
    let now = app.now();
    let good = |row: &TrustListRow| row.valid_until - now > VALIDITY / 2;
    if let Some(row) = store::trust_lists::latest(app.store.public()).await?
        && good(&row)
    {
        return Ok(row);
    }
    if app.standing.behind().is_some()
        && let Some(row) = store::trust_lists::latest(app.store.public()).await?
    {
        // Nothing is signed now; its own end says how long it is good.
        return Ok(row);
    }
    app.standing.ensure(app).await?;
    let tx = app.store.write().await?;
    let head = store::log::lock_head(&tx).await?;
    // Another process may have been first.
    let row = match store::trust_lists::latest(&tx).await? {
        Some(row) if good(&row) => row,
        _ => publish(&tx, app, now.max(head.at)).await?,
    };
    store::commit(tx).await?;
    Ok(row)
}

async fn newest(tx: &WriteTx) -> Result<Option<SignedTrustList>, Problem> {
    match store::trust_lists::latest(tx).await? {
        Some(row) => SignedTrustList::open(&row.body, &roots(tx).await?)
            .map(Some)
            .map_err(Problem::internal),
        None => Ok(None),
    }
}

/// The newest list, checked with the root's own key file: who writes the database alone can put no other one there.
pub(crate) async fn by_own_root(
    app: &App,
    db: &impl PublicRead,
) -> Result<Option<SignedTrustList>, Problem> {
    let Some(row) = store::trust_lists::latest(db).await? else {
        return Ok(None);
    };
    let signer = own_keys::root_signer(app, db).await?;
    let root = Roots::one(signer.key_id().clone(), signer.public_key().clone());
    let opened = SignedTrustList::open(&row.body, &root);
    if let Err(fault) = &opened {
        tracing::error!("The newest trust list is not one of this registry's root: {fault}");
    }
    Ok(opened.ok())
}

/// Every key of the table.
async fn trusted(tx: &WriteTx, app: &App) -> Result<BTreeMap<KeyId, TrustedKey>, Problem> {
    let rows = store::certificates::all_keys(tx).await?;
    rows.iter().map(|row| trusted_key(app, row)).collect()
}

fn trusted_key(app: &App, row: &KeyRow) -> Result<(KeyId, TrustedKey), Problem> {
    let (kid, record) = keys::record(row)?;
    let purpose = match row.purpose.as_str() {
        "issuer" => KeyPurpose::Issuer(record.federation),
        "log" => KeyPurpose::Log(own_keys::origin_of(app, row)?),
        "status" => KeyPurpose::Status,
        "root" => KeyPurpose::Root,
        other => {
            return Err(Problem::internal(format!(
                "key {kid} has the purpose {other}"
            )));
        }
    };
    let key = TrustedKey {
        purpose,
        public_key: record.public_key,
        not_before: record.not_before,
        not_after: record.not_after,
        state: record.state,
    };
    Ok((kid, key))
}
