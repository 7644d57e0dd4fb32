//! What every operation may answer besides its result: written once, so that the document is as true as the border.

use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder};

use crate::problem::Code;

/// Statuses of problems, with the codes that come with them.
const STATUSES: &[u16] = &[
    400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 422, 428, 429, 431, 503,
];

/// Puts the problems of each operation into the document, in place of the handlers' `4XX`.
pub(super) fn document(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Default::default);
    for status in STATUSES {
        components
            .responses
            .insert(name(*status), RefOr::T(response(*status)));
    }
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("DELETE", &mut item.delete),
            ("PATCH", &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                complete(method, path, operation);
            }
        }
    }
}

fn complete(method: &str, path: &str, operation: &mut Operation) {
    let parameters: Vec<(ParameterIn, String, bool)> = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some((
                parameter.parameter_in.clone(),
                parameter.name.to_ascii_lowercase(),
                parameter.required == Required::True,
            )),
            RefOr::Ref(_) => None,
        })
        .collect();
    let has = |place: &ParameterIn| parameters.iter().any(|(at, _, _)| at == place);
    let header = |wanted: &str| parameters.iter().any(|(_, name, _)| name == wanted);
    let acts = method != "GET";
    let mut statuses = vec![406, 414, 429, 431, 503];
    if operation.security.is_some() {
        statuses.extend([401, 403]);
    }
    // A wrong password, and a session that is over.
    if ["/api/v1/sessions", "/api/v1/sessions/refresh"].contains(&path) {
        statuses.push(401);
    }
    // A code that was used, or never was.
    if ["/api/v1/sessions/code", "/api/v1/passwords"].contains(&path) {
        statuses.push(410);
    }
    // What is not public as yet: a ranking, institutions to compare, the comparison of provinces.
    let ranking = path.starts_with("/api/v1/rankings");
    if has(&ParameterIn::Path) || operation.security.is_some() || ranking {
        statuses.push(404);
    }
    // A copy is given once its request was granted.
    if path.ends_with("/copy") {
        statuses.push(409);
    }
    if has(&ParameterIn::Query) || acts {
        statuses.push(422);
    }
    if acts {
        statuses.extend([400, 408, 413, 415]);
    }
    // Whoever acts under a key may use it twice, and may come too late.
    if acts && (operation.security.is_some() || header("idempotency-key")) {
        statuses.push(409);
    }
    if header("if-match") {
        statuses.extend([412, 428]);
    }
    operation.responses.responses.remove("4XX");
    for status in statuses {
        operation
            .responses
            .responses
            .entry(status.to_string())
            .or_insert_with(|| {
                RefOr::Ref(Ref::new(format!("#/components/responses/{}", name(status))))
            });
    }
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

fn response(status: u16) -> Response {
    let codes: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| code.status().as_u16() == status)
        .map(|code| code.as_str())
        .collect();
    ResponseBuilder::new()
        .description(format!("A problem document: {}", codes.join(", ")))
        .content(
            "application/problem+json",
            Content::new(Some(RefOr::Ref(Ref::from_schema_name("ProblemBody")))),
        )
        .build()
}
