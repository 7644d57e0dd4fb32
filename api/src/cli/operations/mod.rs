//! Commands that are operations of the API, carried out in this process by the same routes: evidence of employment,
//! surveys, gradings, bulletins. `table.rs` says which; permissions, checks and answers are those of the API.

mod table;

use std::path::PathBuf;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use clap::{Arg, ArgMatches, Args as _, Command, Error, FromArgMatches, Subcommand};
use serde_json::Value;
use tower::ServiceExt as _;

use super::registry::{ActingArgs, CommandError, Printing, RegistryArgs, denied};
use crate::access::sign_in;
use crate::app::App;
use crate::extract::RequestId;
use crate::problem::{Code, Problem};
use table::{NOUNS, OPERATIONS};

/// Most of an answer that is read.
const MOST: usize = 256 * 1024 * 1024;

/// One command: an operation of the API under a noun and a verb.
#[derive(Debug)]
pub(super) struct Operation {
    noun: &'static str,
    verb: &'static str,
    /// What it does, Chinese and English.
    about: &'static str,
    method: Method,
    /// Its path; what stands in braces is an argument.
    path: &'static str,
    /// Parameters of the query: options.
    query: &'static [&'static str],
    body: Carries,
    /// Whether the revision in force goes with it; then the path without its last part shows it.
    revised: bool,
    /// Whether anybody may ask.
    anybody: bool,
}

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    Nothing,
    /// A JSON file as in the API.
    Json,
    /// A table: CSV or workbook.
    Table,
}

impl Operation {
    /// Names of the arguments in its path.
    fn places(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.verb).about(self.about);
        if !self.anybody {
            command = ActingArgs::augment_args(command);
        }
        for place in self.places() {
            command = command.arg(Arg::new(place).required(true));
        }
        for name in self.query {
            command = command.arg(Arg::new(*name).long(*name));
        }
        let file = |help| {
            Arg::new("file")
                .required(true)
                .value_parser(clap::value_parser!(PathBuf))
                .help(help)
        };
        match self.body {
            Carries::Nothing => command,
            Carries::Json => {
                command.arg(file("内容同接口的 JSON 文件 / a JSON file as in the API"))
            }
            Carries::Table => command.arg(file("XLSX 或 CSV 文件 / a workbook or CSV")),
        }
    }
}

/// A command as it was given.
#[derive(Debug)]
pub struct OperationCommand {
    operation: &'static Operation,
    path: String,
    query: Vec<(&'static str, String)>,
    file: Option<PathBuf>,
    acting: Option<ActingArgs>,
}

impl FromArgMatches for OperationCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let missing = || Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (noun, matches) = matches.subcommand().ok_or_else(missing)?;
        let (verb, matches) = matches.subcommand().ok_or_else(missing)?;
        let operation = OPERATIONS
            .iter()
            .find(|one| one.noun == noun && one.verb == verb)
            .ok_or_else(missing)?;
        let given = |name: &str| matches.get_one::<String>(name).cloned();
        let mut path = operation.path.to_owned();
        for place in operation.places() {
            let value = given(place).unwrap_or_default();
            // One part of the path, whatever stands in it.
            let value: String = form_urlencoded(&value);
            path = path.replace(&format!("{{{place}}}"), &value);
        }
        Ok(Self {
            operation,
            path,
            query: operation
                .query
                .iter()
                .filter_map(|name| Some((*name, given(name)?)))
                .collect(),
            file: match operation.body {
                Carries::Nothing => None,
                Carries::Json | Carries::Table => matches.get_one::<PathBuf>("file").cloned(),
            },
            acting: if operation.anybody {
                None
            } else {
                Some(ActingArgs::from_arg_matches(matches)?)
            },
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for OperationCommand {
    fn augment_subcommands(command: Command) -> Command {
        NOUNS.iter().fold(command, |command, (noun, about)| {
            let verbs = OPERATIONS.iter().filter(|one| one.noun == *noun);
            let noun = Command::new(*noun)
                .about(*about)
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommands(verbs.map(Operation::command));
            command.subcommand(noun)
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        NOUNS.iter().any(|(noun, _)| *noun == name)
    }
}

fn form_urlencoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value
        .bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// Carries it out and prints the answer.
pub async fn run(
    command: OperationCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let mut app = registry.open().await?;
    let Some(acting) = &command.acting else {
        return print.value(&ask(&app, &command, None).await?);
    };
    app.dry_run = acting.dry_run;
    let presence = acting.sign_in(&app).await?;
    let (token, _) = sign_in::access_token(&app, &presence.session)?;
    let answer = ask(&app, &command, Some(&token)).await;
    sign_in::sign_out(&app, &presence.actors[0], presence.session.id).await?;
    if let Err(CommandError::Problem(problem)) = &answer
        && problem.code() == Code::Forbidden
    {
        let act = format!(
            "command {} {}",
            command.operation.noun, command.operation.verb
        );
        denied(&app, &presence, act).await;
    }
    print.value(&answer?)
}

async fn ask(
    app: &App,
    command: &OperationCommand,
    token: Option<&str>,
) -> Result<Value, CommandError> {
    let operation = command.operation;
    let query = serde_urlencoded::to_string(&command.query).map_err(Problem::internal)?;
    let address = if query.is_empty() {
        command.path.clone()
    } else {
        format!("{}?{query}", command.path)
    };
    let mut request = Request::builder()
        .method(operation.method.clone())
        .uri(address)
        .header(header::ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    if operation.method != Method::GET {
        let given = command
            .acting
            .as_ref()
            .and_then(|acting| acting.key.clone());
        let key = given.unwrap_or_else(|| app.random.id(app.now()).to_string());
        request = request.header("idempotency-key", key);
    }
    if operation.revised {
        let (shown, _) = command.path.rsplit_once('/').unwrap_or_default();
        let asked = Request::builder()
            .uri(shown)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", token.unwrap_or_default()),
            )
            .body(Body::empty())
            .map_err(Problem::internal)?;
        let (headers, _) = answer(app, asked).await?;
        if let Some(tag) = headers.get(header::ETAG) {
            request = request.header(header::IF_MATCH, tag);
        }
    }
    let body = match &command.file {
        None => Body::empty(),
        Some(file) => {
            let kind = match operation.body {
                Carries::Json => "application/json",
                _ => "application/octet-stream",
            };
            request = request.header(header::CONTENT_TYPE, kind);
            Body::from(std::fs::read(file)?)
        }
    };
    let request = request
        .body(body)
        .map_err(|error| CommandError::Usage(error.to_string()))?;
    let (_, bytes) = answer(app, request).await?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&bytes).map_err(Problem::internal)?)
}

/// One request through the routes, without the border of a server: nobody else is asking here.
async fn answer(
    app: &App,
    mut request: Request<Body>,
) -> Result<(HeaderMap, axum::body::Bytes), CommandError> {
    request.extensions_mut().insert(RequestId(String::new()));
    let routes = crate::server::openapi::routes().0.with_state(app.clone());
    let mut response = match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Err(problem.into());
    }
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = axum::body::to_bytes(response.into_body(), MOST)
        .await
        .map_err(Problem::internal)?;
    if status.is_success() {
        Ok((headers, bytes))
    } else if status == StatusCode::NOT_FOUND {
        Err(Problem::not_found().into())
    } else {
        Err(Problem::new(Code::MalformedRequest).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document of the API knows every one of them, with the arguments that the command has.
    #[test]
    fn every_command_is_an_operation_of_the_document() {
        let document = serde_json::to_value(crate::server::openapi::document()).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let shape = |path: &str| -> String {
            let parts = path
                .split('/')
                .map(|part| if part.starts_with('{') { "{}" } else { part });
            parts.collect::<Vec<_>>().join("/")
        };
        let mut seen = std::collections::BTreeSet::new();
        for one in OPERATIONS {
            let name = format!("{} {}", one.noun, one.verb);
            assert!(seen.insert(name.clone()), "{name} stands twice");
            assert!(NOUNS.iter().any(|(noun, _)| *noun == one.noun), "{name}");
            let method = one.method.as_str().to_lowercase();
            let (_, path) = paths
                .iter()
                .find(|(path, of)| shape(path) == shape(one.path) && of.get(&method).is_some())
                .unwrap_or_else(|| panic!("{name}: no such operation"));
            let operation = &path[&method];
            let carries = operation["requestBody"]["content"].as_object();
            let wanted = match carries.and_then(|content| content.keys().next()) {
                None => Carries::Nothing,
                Some(kind) if kind == "application/json" => Carries::Json,
                Some(_) => Carries::Table,
            };
            assert_eq!(one.body, wanted, "{name}");
            let has = |kind: &str, name: &str| {
                operation["parameters"].as_array().is_some_and(|all| {
                    all.iter()
                        .any(|one| one["in"] == kind && one["name"] == name)
                })
            };
            assert_eq!(one.revised, has("header", "If-Match"), "{name}");
            for parameter in one.query {
                assert!(has("query", parameter), "{name} --{parameter}");
            }
            let open = operation["security"].as_array().is_none_or(|all| {
                all.iter()
                    .any(|one| one.as_object().is_some_and(serde_json::Map::is_empty))
            });
            assert_eq!(one.anybody, open, "{name}");
        }
    }
}
