//! Monitoring between runs: one person's new evidence changes that person's enrolments and the sums of their institutions,
//! and costs the same however large the country is.

use std::collections::HashMap;

use domain::grading::{Counted as JudgedAs, Day, grade};
use domain::ids::PersonId;
use store::ConnectionTrait;
use store::grading::monitoring::{self, Counted};
use store::grading::snapshot::{self, Pseudonyms, Whom};
use store::scope::NATIONAL;
use uuid::Uuid;

use super::freeze::province_of;
use super::policies::in_force;
use crate::app::App;
use crate::problem::Problem;

/// Judges the enrolments of one person anew, as of a day, and moves the sums.
pub async fn update(app: &App, person: PersonId) -> Result<(), Problem> {
    let tx = app.store.write().await?;
    update_in(app, &tx, &[person]).await?;
    Ok(store::commit(tx).await?)
}

/// The same for some people, inside a transaction.
pub async fn update_in(
    app: &App,
    db: &impl ConnectionTrait,
    people: &[PersonId],
) -> Result<(), Problem> {
    if people.is_empty() {
        return Ok(());
    }
    // The sums move by the difference to what stands there: two who judge one person at once take turns.
    store::persons::lock(db, people).await?;
    let pseudonyms = Pseudonyms::new(&app.random.bytes::<32>());
    let people: Vec<Uuid> = people.iter().map(|person| person.uuid()).collect();
    let province = |region: &str| province_of(app, region);
    let found = snapshot::read(
        db,
        app.store.vault(),
        &pseudonyms,
        app.today(),
        Whom::Persons(&people),
        &province,
        app.policy.workflow.takeover_permille,
    )
    .await?;
    let loaded = in_force(db, NATIONAL, app.today()).await?;
    let (_, evidence) = super::freeze::evidence_of(&found)?;
    let run = grade(&evidence, &loaded.policy);
    let judged: HashMap<&str, JudgedAs<'_>> =
        run.employment().map(|one| (one.enrolment, one)).collect();
    let looks: HashMap<&str, Option<Day>> = run.next_looks().collect();
    let mut counted = Vec::new();
    for (enrolment, admission) in monitoring::enrolments_of(db, &people).await? {
        let id = pseudonyms.enrolment(enrolment).to_string();
        let judged = judged.get(id.as_str());
        let rates = judged.map_or(&[][..], |one| &one.rates);
        counted.push(Counted {
            enrolment,
            admission,
            stratum: judged.map_or(7, |one| one.stratum),
            outcome: rates
                .iter()
                .map(|(indicator, success)| (indicator.as_str().to_owned(), *success))
                .collect(),
            look_on: looks
                .get(id.as_str())
                .copied()
                .flatten()
                .map(|day| day.to_string()),
        });
    }
    Ok(monitoring::put(db, &counted).await?)
}

/// People of one transaction of the daily look.
const TOGETHER: u64 = 100;

/// Judges anew whom a day that has come may count otherwise: the window moves, and stability is known after its grace.
pub(crate) async fn by_day(app: &App) -> Result<(), Problem> {
    loop {
        let due = monitoring::due(app.store.reader(), app.today(), TOGETHER).await?;
        if due.is_empty() {
            return Ok(());
        }
        let tx = app.store.write().await?;
        update_in(app, &tx, &due).await?;
        store::commit(tx).await?;
    }
}
