//! Cases against institutions: papers, service, terms, results of grading runs, appeals, alarms (grading.md 7, workflow.md
//! 6, field.md 6-11).

pub mod alarms;
pub mod appeal_acts;
pub mod appeals;
pub(crate) mod causes;
mod documents;
pub(crate) mod effects;
pub mod elsewhere;
pub(crate) mod facts;
pub mod grievances;
pub(crate) mod inspections;
pub mod json;
pub mod json_appeals;
mod json_grievances;
pub(crate) mod json_leaving;
mod json_reports;
pub(crate) mod lapse;
pub mod pages;
pub mod papers;
pub mod reports;
pub mod results;
pub mod services;
pub(crate) mod stays;
pub(crate) mod terms;
pub mod withdrawals;

use chrono::Datelike as _;
use domain::ids::AdmissionId;
use store::institutions::Admission;
use store::scope::Scope;
use utoipa_axum::router::OpenApiRouter;

use crate::act::Act;
use crate::app::App;
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
        .merge(json_appeals::routes())
        .merge(json_grievances::routes())
        .merge(json_leaving::routes())
        .merge(json_reports::routes())
}

/// The next number of a case or an appeal: federation, year, number in the year. Two at once collide in the index, and
/// the later one tries again.
pub(crate) async fn number(
    act: &Act,
    federation: &str,
    of_appeal: bool,
) -> Result<String, Problem> {
    let letter = if of_appeal { "S" } else { "A" };
    let prefix = format!("{federation}-{letter}{}-", act.today.year());
    let taken = store::cases::count_numbers(&act.tx, &prefix, of_appeal).await?;
    Ok(format!("{prefix}{:04}", taken + 1))
}

/// The admission in the actor's scope, locked.
pub(crate) async fn locked(act: &Act, id: AdmissionId) -> Result<Admission, Problem> {
    store::institutions::lock(&act.tx, &Scope::of(&act.actor), id)
        .await?
        .ok_or_else(Problem::not_found)
}
