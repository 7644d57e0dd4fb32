//! No growth in places at grade C (grading.md 7): what an institution had at once before the grade is what it may have.

use chrono::{Months, NaiveDate};
use domain::cohort::{CohortState, HeldPlaces, PlacesCap, most_at_once};
use domain::ids::{AdmissionId, CohortId};
use domain::institution::Grade;
use store::cases::results;
use store::cohorts::OfferFacts;

use crate::act::Act;
use crate::problem::Problem;

/// What a class on these days may add to; `None` where the grade sets no bound, or where no class was held before it, so
/// that there is nothing to compare with.
pub(super) async fn cap(
    act: &Act,
    offer: &OfferFacts,
    (start_on, end_on): (NaiveDate, NaiveDate),
    own: Option<CohortId>,
) -> Result<Option<PlacesCap>, Problem> {
    if offer.grade != Some(Grade::C) {
        return Ok(None);
    }
    let all = store::cohorts::held_places(&act.tx, offer.admission).await?;
    let since = since(act, offer.admission).await?;
    let held: Vec<HeldPlaces> = all
        .iter()
        .filter(|(_, state, _)| *state != CohortState::Planned)
        .map(|(_, _, places)| *places)
        .collect();
    let months = Months::new(act.app.policy.workflow.growth_months);
    let from = since.checked_sub_months(months).unwrap_or(since);
    let most = match most_at_once(&held, from, since) {
        // Nothing in that time: whatever it had earlier.
        0 => most_at_once(&held, NaiveDate::MIN, since),
        most => most,
    };
    if most == 0 {
        return Ok(None);
    }
    let open: Vec<HeldPlaces> = all
        .iter()
        .filter(|(id, state, _)| state.is_open() && own != Some(*id))
        .map(|(_, _, places)| *places)
        .collect();
    let others = most_at_once(&open, start_on, end_on);
    Ok(Some(PlacesCap { most, others }))
}

/// Since when it has been at grade C: the first of the decisions in a row that gave it.
async fn since(act: &Act, admission: AdmissionId) -> Result<NaiveDate, Problem> {
    let all = results::of(&act.tx, admission).await?;
    let first = all
        .iter()
        .rev()
        .filter(|one| one.row.decided)
        .take_while(|one| one.row.grade == Some(Grade::C))
        .filter_map(|one| one.decided_on)
        .last();
    Ok(first.unwrap_or(act.today))
}
