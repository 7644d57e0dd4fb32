//! The JSON Schemas of the files that anybody recomputes from (design decision 7).

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};

const EVIDENCE: &str = include_str!("../../../seed-data/policies/evidence.schema.json");
const POLICY: &str = include_str!("../../../seed-data/policies/CN-BASE.schema.json");

pub(super) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(grading_schema))
}

/// The JSON Schema of evidence E or of a policy, by `evidence` or `policy`.
#[utoipa::path(get, path = "/api/v1/grading-schemas/{name}", tag = "grading", params(("name" = String, Path)),
    responses((status = 200, body = serde_json::Value, content_type = "application/schema+json"), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn grading_schema(Path(name): Path<String>) -> Result<Response, Problem> {
    let text = match name.as_str() {
        "evidence" => EVIDENCE,
        "policy" => POLICY,
        _ => return Err(Problem::not_found()),
    };
    Ok(([(header::CONTENT_TYPE, "application/schema+json")], text).into_response())
}
