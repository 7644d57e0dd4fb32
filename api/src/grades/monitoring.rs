//! Monitoring between runs: one person's new evidence changes that person's enrolments and the sums of their institutions,
//! and costs the same however large the country is.

use std::collections::BTreeMap;

use domain::grading::grade;
use domain::ids::PersonId;
use serde_json::Value;
use store::ConnectionTrait;
use store::grading::monitoring::{self, Counted};
use store::grading::snapshot::{self, Pseudonyms, Whom};

use super::freeze::province_of;
use super::policies::in_force;
use crate::app::App;
use crate::problem::Problem;

/// Judges the enrolments of one person anew, as of a day, and moves the sums.
pub async fn update(app: &App, person: PersonId) -> Result<(), Problem> {
    let tx = app.store.write().await?;
    update_in(app, &tx, person).await?;
    Ok(store::commit(tx).await?)
}

/// The same inside a transaction.
pub async fn update_in(
    app: &App,
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<(), Problem> {
    let pseudonyms = Pseudonyms::new(&app.random.bytes::<32>());
    let people = [person.uuid()];
    let province = |region: &str| province_of(app, region);
    let found = snapshot::read(
        db,
        app.store.vault(),
        &pseudonyms,
        app.today(),
        Whom::Persons(&people),
        &province,
    )
    .await?;
    let strata: BTreeMap<String, u8> = found
        .snapshot
        .enrolments
        .iter()
        .map(|row| {
            let band = u8::from(row.level > 2);
            (row.id.to_string(), (row.category - 1) * 2 + band)
        })
        .collect();
    let loaded = in_force(db, None).await?;
    let (_, evidence) = super::freeze::evidence_of(&found)?;
    let bytes = grade(&evidence, &loaded.policy)
        .to_json(true)
        .map_err(Problem::internal)?;
    let results: Value = serde_json::from_slice(&bytes).map_err(Problem::internal)?;
    let mut counted = Vec::new();
    for (enrolment, admission) in monitoring::persons_enrolments(db, person.uuid()).await? {
        let id = pseudonyms.enrolment(enrolment).to_string();
        let judged = &results["enrolments"][&id];
        let mut outcome = BTreeMap::new();
        let counts = judged["attached"] == true && judged["in_window"] == true;
        if counts && judged["exclusion"].is_null() {
            outcome.insert("EMP".to_owned(), judged["converted"] == true);
            for name in ["STB3", "STB6", "STB12"] {
                if let Some(stable) = judged[name].as_bool() {
                    outcome.insert(name.to_owned(), stable);
                }
            }
        }
        counted.push(Counted {
            enrolment,
            admission,
            stratum: strata.get(&id).copied().unwrap_or(7),
            outcome,
        });
    }
    Ok(monitoring::put(db, &counted).await?)
}
