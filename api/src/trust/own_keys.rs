//! The registry's own keys become known, once: each is a row and a leaf of the log before it is on the trust list.

use certs::keys::{KeyState, Signer};
use certs::log::LeafEntry;
use chrono::{DateTime, Duration, Utc};
use store::certificates::KeyRow;

use crate::app::App;
use crate::problem::Problem;

/// They are changed when there is a reason to, not by the calendar: the log key lives as long as the log.
const DAYS: &[(&str, i64)] = &[("root", 7305), ("log", 18_263), ("status", 3652)];

/// Makes known what is not: the root key, the log key, and the key of status lists, which is one of its own so that a stolen
/// one signs no certificate. Answers the leaves that the caller logs.
pub(crate) async fn register(
    tx: &store::WriteTx,
    app: &App,
    at: DateTime<Utc>,
) -> Result<Vec<LeafEntry>, Problem> {
    let mut leaves = Vec::new();
    for (purpose, days) in DAYS {
        let signer = signer(app, purpose);
        let (key_id, public_key) = (signer.key_id().clone(), signer.public_key().clone());
        if let Some(row) = store::certificates::key(tx, key_id.as_str()).await? {
            if row.public_key == public_key.as_bytes() && row.purpose == *purpose {
                continue;
            }
            return Err(Problem::internal(format!(
                "the key file {key_id}.pem is not the key of the table"
            )));
        }
        let row = KeyRow {
            kid: key_id.as_str().to_owned(),
            purpose: (*purpose).to_owned(),
            federation: Some(store::scope::NATIONAL.to_owned()),
            algorithm: public_key.algorithm().as_str().to_owned(),
            public_key: public_key.as_bytes().to_vec(),
            state: KeyState::Active.as_str().to_owned(),
            not_before: at - Duration::days(1),
            not_after: at + Duration::days(*days),
            compromised_at: None,
            origin: None,
        };
        store::certificates::insert_key(tx, &row, at).await?;
        leaves.push(LeafEntry::KeyState {
            at,
            key_id,
            public_key,
            state: KeyState::Active,
        });
    }
    Ok(leaves)
}

fn signer<'a>(app: &'a App, purpose: &str) -> &'a dyn Signer {
    match purpose {
        "root" => app.keyring.root_signer(),
        "log" => app.keyring.log_signer(),
        _ => app.keyring.status_signer(),
    }
}
