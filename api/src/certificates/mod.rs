//! Certificates: batches, issuing, files, changes of status, share links.

pub mod batches;
pub mod change;
pub(crate) mod credentials;
mod discovery;
mod embedded;
pub(crate) mod export;
pub mod files;
pub mod hold;
pub mod issue;
pub mod json;
pub mod keys;
pub(crate) mod own_shares;
pub(crate) mod revocation;
pub mod share;
pub mod status;
pub mod telephone;
pub(crate) mod telephone_page;
/// For those who make rows of their own.
pub use status_index::place as status_place;
pub(crate) mod status_index;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    json::routes()
        .merge(files::routes())
        .merge(credentials::routes())
        .merge(telephone::routes())
}

/// Routes that anybody may use: keys, status lists, and the log proof of a certificate.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    json::public_routes()
        .merge(files::public_routes())
        .merge(status::public_routes())
        .merge(discovery::public_routes())
}
