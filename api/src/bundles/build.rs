//! From the rows of one moment to a signed bundle.

use std::collections::BTreeMap;

use certs::bundle::{
    Bundle, BundleInstitution, BundleSignFault, Content, ListStatus, Places, StandingChange,
};
use certs::keys::Signer;
use certs::verdict::Standing;
use chrono::{DateTime, SubsecRound as _, Utc};
use domain::certificate::CertificateStatus;
use domain::{CreditCode, FederationCode};
use serde::Serialize;
use store::bundles::{BundleRow, InstitutionSteps};

use super::{KEPT, VALIDITY};
use crate::app::App;
use crate::certificates::status_index;
use crate::neutral::{area, neutral};
use crate::problem::Problem;
use crate::trust::{list, own_keys};
use crate::verify::standing;

/// A bundle that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Built {
    /// Its number.
    pub number: u64,
    /// The moment for which it speaks.
    pub issued_at: DateTime<Utc>,
    /// End of its validity.
    pub valid_until: DateTime<Utc>,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Length.
    pub bytes: usize,
    /// Length of the status part.
    pub status_bytes: usize,
}

/// Makes and keeps the next bundle.
pub async fn build(app: &App) -> Result<Built, Problem> {
    app.standing.ensure(app).await?;
    let head = store::log::head(app.store.reader()).await?;
    app.standing.gate(&head.kid)?;
    let roots = list::roots(app.store.reader()).await?;
    // It may sign a new one, so it comes before the rows are read.
    let trust_list = list::current(app).await?;
    let trust_list_version = trust_list.version;
    // A change that is under way may have an earlier time than now, and commit after the rows are read. So the log's clock is
    // moved on first: what is not among the rows has a later time than the head that is read with them.
    let tx = app.store.write().await?;
    let now = app.now().trunc_subsecs(3);
    store::log::move_clock(&tx, now).await?;
    store::commit(tx).await?;
    let checkpoint = crate::log::published::checkpoint(app).await?;
    let db = app.store.public_snapshot().await?;
    let issued_at = store::log::head(&db).await?.at;
    let number = store::bundles::newest(&db)
        .await?
        .map_or(1, |newest| newest.number + 1)
        .max(store::recovery::floor(&db, super::NUMBERS).await?);
    let signer = own_keys::status_signer(app, &db).await?;
    let content = Content {
        number,
        issued_at,
        valid_until: (now + VALIDITY).min(trust_list.valid_until),
        trust_list: trust_list.body,
        checkpoint: checkpoint.map_or_else(String::new, |checkpoint| checkpoint.note),
        lists: lists(app, &db).await?,
        federations: parsed(store::bundles::federations(&db).await?, area)?,
        programs: parsed(store::bundles::programs(&db).await?, neutral)?,
        institutions: institutions(store::bundles::institutions(&db).await?)?,
    };
    db.end().await?;
    let signing = std::sync::Arc::clone(&signer);
    let (content, bytes, sha256) = tokio::task::spawn_blocking(move || {
        let bytes = sign(signing.as_ref(), &content)?;
        // What nobody could open is not published.
        let opened = Bundle::open(&bytes, &roots).map_err(Problem::internal)?;
        Ok::<_, Problem>((content, bytes, *opened.sha256()))
    })
    .await
    .map_err(Problem::internal)??;
    let built = Built {
        number,
        issued_at,
        valid_until: content.valid_until,
        sha256: data_encoding::HEXLOWER.encode(&sha256),
        bytes: bytes.len(),
        status_bytes: content.status_bytes(),
    };
    let row = BundleRow {
        number,
        issued_at,
        valid_until: content.valid_until,
        kid: signer.key_id().to_string(),
        trust_list: trust_list_version,
        sha256,
    };
    let tx = app.store.write().await?;
    // Another node may have made this number meanwhile: then its bundle is the one.
    store::bundles::insert(&tx, &row, bytes).await?;
    store::bundles::prune(&tx, KEPT).await?;
    store::commit(tx).await?;
    Ok(built)
}

fn sign(signer: &dyn Signer, content: &Content) -> Result<Vec<u8>, Problem> {
    content.sign(signer).map_err(|fault| match fault {
        BundleSignFault::Content(fault) => Problem::internal(fault),
        BundleSignFault::Sign(fault) => Problem::internal(fault),
    })
}

/// Status of all certificates: for each list the places that are set, decoys among them.
async fn lists(
    app: &App,
    db: &store::PublicSnapshot,
) -> Result<BTreeMap<u32, ListStatus>, Problem> {
    #[derive(Default)]
    struct Sets {
        size: u32,
        sets: [Vec<u32>; 3],
    }
    let mut all: BTreeMap<u32, Sets> = BTreeMap::new();
    for list in store::certificates::all_status_lists(db, app.store.vault()).await? {
        let decoys = status_index::decoys(&list);
        let (revoked, superseded) = status_index::split(&list, decoys.revoked);
        let sets = [revoked, superseded, decoys.suspended];
        all.insert(
            list.id,
            Sets {
                size: list.size,
                sets,
            },
        );
    }
    let mut stray = None;
    store::bundles::not_in_force(db, |list, place, status| {
        let set = match status {
            CertificateStatus::Issued => return,
            CertificateStatus::Revoked => 0,
            CertificateStatus::Superseded => 1,
            CertificateStatus::Suspended => 2,
        };
        match all.get_mut(&list) {
            Some(sets) => sets.sets[set].push(place),
            None => stray = Some(list),
        }
    })
    .await?;
    if let Some(list) = stray {
        return Err(Problem::internal(format!(
            "a certificate in list {list}, which does not exist"
        )));
    }
    Ok(all
        .into_iter()
        .map(
            |(
                number,
                Sets {
                    size,
                    sets: [revoked, superseded, suspended],
                },
            )| {
                let list = ListStatus {
                    size,
                    revoked: Places::new(revoked),
                    superseded: Places::new(superseded),
                    suspended: Places::new(suspended),
                };
                (number, list)
            },
        )
        .collect())
}

fn parsed<K: std::str::FromStr + Ord>(
    rows: Vec<(String, String)>,
    shown: fn(&str) -> Option<String>,
) -> Result<BTreeMap<K, String>, Problem> {
    rows.into_iter()
        .filter_map(|(code, name)| Some((code, shown(&name)?)))
        .map(|(code, name)| {
            let bad = || Problem::internal(format!("{code} in the table is not a code"));
            Ok((code.parse().map_err(|_| bad())?, name))
        })
        .collect()
}

fn institutions(
    rows: Vec<(String, InstitutionSteps)>,
) -> Result<BTreeMap<CreditCode, BundleInstitution>, Problem> {
    let mut all = BTreeMap::new();
    for (code, steps) in rows {
        let bad = || Problem::internal(format!("{code} in the table is not a code"));
        let mut by_federation: BTreeMap<FederationCode, Vec<StandingChange>> = BTreeMap::new();
        for (federation, steps) in steps.by_federation {
            let changes = changes(
                steps
                    .into_iter()
                    .map(|step| (step.at, standing(&step.state))),
            );
            if !changes.is_empty() {
                by_federation.insert(federation.parse().map_err(|_| bad())?, changes);
            }
        }
        // Who was never admitted anywhere trained nobody, and is not for everybody to read.
        if !by_federation.is_empty() {
            let institution = BundleInstitution {
                name: neutral(&steps.name).unwrap_or_default(),
                standing: by_federation,
            };
            let code =
                CreditCode::parse_allowing_organisation_checksum(&code).map_err(|_| bad())?;
            all.insert(code, institution);
        }
    }
    Ok(all)
}

/// Only what changes the standing; before the first admission there is none.
fn changes(steps: impl Iterator<Item = (DateTime<Utc>, Standing)>) -> Vec<StandingChange> {
    let mut changes: Vec<StandingChange> = Vec::new();
    for (at, standing) in steps {
        let before = changes
            .last()
            .map_or(Standing::NotAdmitted, |last| last.standing);
        if standing != before {
            changes.push(StandingChange {
                since: at.trunc_subsecs(0),
                standing,
            });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use Standing::{Authorised, Exited, NotAdmitted, Suspended};

    use super::*;

    #[test]
    fn standing_begins_with_the_first_admission_and_tells_changes_only() {
        let at = |day: u32| {
            DateTime::from_timestamp(i64::from(day) * 86_400, 5_000_000).expect("a moment")
        };
        let told = |steps: &[Standing]| -> Vec<Standing> {
            let steps = (1..).zip(steps).map(|(day, standing)| (at(day), *standing));
            let changes = changes(steps);
            assert!(
                changes
                    .iter()
                    .all(|change| change.since.timestamp_subsec_nanos() == 0)
            );
            changes.iter().map(|change| change.standing).collect()
        };
        assert_eq!(told(&[NotAdmitted, NotAdmitted]), []);
        assert_eq!(
            told(&[
                NotAdmitted,
                Authorised,
                Authorised,
                Suspended,
                Authorised,
                Exited,
                NotAdmitted
            ]),
            [Authorised, Suspended, Authorised, Exited, NotAdmitted]
        );
    }
}
