//! The documentation page of the API, made from the OpenAPI document; it needs neither network nor script.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::Value;

use crate::app::App;
use crate::extract::Path;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::Problem;

struct Operation {
    method: String,
    path: String,
    summary: String,
    /// Name, place, required, description.
    parameters: Vec<(String, String, bool, String)>,
    /// Name, required, description.
    fields: Vec<(String, bool, String)>,
    answers: String,
}

struct Tag {
    name: String,
    operations: Vec<Operation>,
}

#[derive(Template)]
#[template(path = "developers.html")]
struct DevelopersPage {
    f: Frame,
    tags: Arc<Vec<Tag>>,
    /// The tag whose operations are shown; without one the tags are listed.
    shown: Option<usize>,
}

/// Routes of this feature, for the text of the document.
pub(crate) fn routes(document: &str) -> Router<App> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let tags = Arc::new(tags(&document));
    let all = Arc::clone(&tags);
    let list = move |State(app): State<App>, visit: Visit| {
        let tags = Arc::clone(&all);
        async move { show(&app, &visit, tags, None) }
    };
    let one = move |State(app): State<App>, visit: Visit, Path(name): Path<String>| {
        let tags = Arc::clone(&tags);
        async move {
            let at = tags
                .iter()
                .position(|tag| tag.name == name)
                .ok_or_else(Problem::not_found)?;
            show(&app, &visit, tags, Some(at))
        }
    };
    let router = both(Router::new(), "/developers", get(list));
    both(router, "/developers/{tag}", get(one))
}

fn show(
    app: &App,
    visit: &Visit,
    tags: Arc<Vec<Tag>>,
    shown: Option<usize>,
) -> Result<Response, Problem> {
    let words = visit.lang.pick("接口", "API");
    let tag = shown.and_then(|at| tags.get(at));
    let title = tag.map_or_else(|| words.to_owned(), |tag| format!("{words}: {}", tag.name));
    let mut f =
        Frame::new(app, visit, Brand::Registry, title).under("/", visit.lang.pick("首页", "Home"));
    if tag.is_some() {
        f = f.under("/developers", words);
    }
    page(
        StatusCode::OK,
        &DevelopersPage { f, tags, shown },
        Caching::Minute,
    )
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_default()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn tags(document: &Value) -> Vec<Tag> {
    let mut tags: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
            tags.entry(tag).or_default().push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(&operation["summary"]),
                parameters: parameters(operation),
                fields: fields(document, operation),
                answers: operation["responses"]
                    .as_object()
                    .map(|all| all.keys().cloned().collect::<Vec<_>>().join(" · "))
                    .unwrap_or_default(),
            });
        }
    }
    tags.into_iter()
        .map(|(name, operations)| Tag { name, operations })
        .collect()
}

fn parameters(operation: &Value) -> Vec<(String, String, bool, String)> {
    let list = operation["parameters"].as_array().into_iter().flatten();
    list.map(|one| {
        let required = one["required"].as_bool().unwrap_or(false);
        (
            text(&one["name"]),
            text(&one["in"]),
            required,
            text(&one["description"]),
        )
    })
    .collect()
}

fn fields(document: &Value, operation: &Value) -> Vec<(String, bool, String)> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    else {
        return Vec::new();
    };
    let schema = &document["components"]["schemas"][name];
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(field, value)| {
            (
                field.clone(),
                required.contains(&field.as_str()),
                text(&value["description"]),
            )
        })
        .collect()
}
