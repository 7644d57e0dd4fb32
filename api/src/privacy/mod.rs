//! Personal data: key rotation, reads with a purpose, consents, requests of persons, retention
//! (trust.md PI-1 to PI-8, workflow.md 8, field.md 1, 15-17).

pub mod consents;
mod desk_requests;
pub mod failures;
mod granting;
mod json;
pub mod me;
mod me_json;
mod own_appeals;
mod own_certificate;
mod own_files;
mod own_requests;
mod own_work;
pub mod pages;
pub mod reading;
pub mod recorded_consents;
pub mod requests;
pub mod retention;
pub mod rotation;

use domain::access::Actor;
use domain::ids::PersonId;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::problem::{Code, Problem};

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes().merge(me_json::routes())
}

/// The trainee who acts; staff have no record of their own here.
pub fn trainee(actor: &Actor) -> Result<PersonId, Problem> {
    actor.trainee.ok_or_else(|| Problem::new(Code::Forbidden))
}
