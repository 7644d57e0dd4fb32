//! The OpenAPI document, made from the handlers themselves.

use axum::Router;
use axum::http::header;
use axum::routing::get;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;

use super::answers;
use crate::app::App;
use crate::problem::ProblemBody;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Mingzheng 明证",
        description = "National registry of vocational training for disabled people: catalogue, cohorts, certificates, verification. \
            Errors are problem documents (RFC 9457); POST needs Idempotency-Key; changes need If-Match.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    modifiers(&Bearer),
)]
struct Document;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Routes of every feature with a document of them.
pub fn routes() -> (Router<App>, OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(public())
        .merge(desks())
        .split_for_parts();
    answers::document(&mut document);
    (router, document)
}

/// The document of the whole service, whichever part this process gives.
pub(crate) fn document() -> OpenApi {
    routes().1
}

/// What anybody may ask: none of it needs a signed-in person (design decision 27).
pub(super) fn public() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(crate::verify::routes())
        .merge(crate::catalogue::json::routes())
        .merge(crate::catalogue::downloads::routes())
        .merge(crate::certificates::public_routes())
        .merge(crate::trust::json::public_routes())
        .merge(crate::programs::json::public_routes())
        .merge(crate::cohorts::public_routes())
        .merge(crate::reference::json::routes())
        .merge(crate::log::json::routes())
        .merge(crate::grades::public_routes())
        .merge(crate::bulletins::public_routes())
        .merge(crate::notices::public_routes())
        .merge(crate::bundles::json::routes())
        .merge(crate::assessments::public_routes())
}

/// What is done at the desks.
pub(super) fn desks() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(crate::access::json::routes())
        .merge(crate::institutions::json::routes())
        .merge(crate::programs::json::routes())
        .merge(crate::offers::json::routes())
        .merge(crate::cohorts::routes())
        .merge(crate::certificates::routes())
        .merge(crate::trust::json::routes())
        .merge(crate::privacy::routes())
        .merge(crate::proposals::routes())
        .merge(crate::exports::bulk::routes())
        .merge(crate::cases::routes())
        .merge(crate::assessments::routes())
        .merge(crate::audit::json::routes())
        .merge(crate::files::json::routes())
        .merge(crate::cohorts::export::routes())
        .merge(crate::certificates::export::routes())
        .merge(crate::papers::json::routes())
        .merge(crate::grades::routes())
        .merge(crate::outcomes::routes())
        .merge(crate::surveys::routes())
        .merge(crate::bulletins::routes())
}

/// The document as the text that is served and kept in `openapi/openapi.json`.
pub fn text(document: &OpenApi) -> String {
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Serves the document.
pub(super) fn file(text: String) -> Router<App> {
    let text: axum::body::Bytes = text.into();
    Router::new().route(
        "/api/openapi.json",
        get(move || {
            let text = text.clone();
            async move { ([(header::CONTENT_TYPE, "application/json")], text) }
        }),
    )
}
