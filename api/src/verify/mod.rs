//! Verifying a certificate: by its QR text, by the id on it, or by number and full name (pages.md 3.5, 3.6).
//!
//! The verdict itself is [`certs::verdict`]; here is what the registry looks up for it. Nothing that was sent in is kept or
//! written to a log.

mod answer;
mod batch;
mod budget;
pub mod counted;
pub mod json;
mod lookup;
pub(crate) mod offline;
pub mod pages;
mod past;
pub mod wire;

pub use answer::{Answer, KnownCertificate};
pub(crate) use budget::{answer_within, within_budget};
pub use lookup::{
    MOST_QUESTIONS, Question, answer_all, by_id, by_number_and_name, by_text, name_matches,
};
pub(crate) use lookup::{covered_from_before, standing};
pub use past::PastDay;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
}
