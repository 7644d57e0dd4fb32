//! Refusals in the audit, written outside the transaction that was refused.
//!
//! The first of a kind is written at once; the same account, act and outcome within the same minute is only counted, and
//! the count becomes one row when the minute is over. One account or network fills at most [`ROWS_OF_ONE`] rows a minute
//! and all together [`ROWS`], known accounts and strangers each; what is beyond is counted in one row. So a flood costs rows by
//! the minute, not by the request, and what strangers do hides nothing of those who are in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use domain::access::Actor;
use domain::ids::AccountId;
use store::audit::AuditEntry;
use uuid::Uuid;

use super::origin::{self, Origin};
use crate::app::App;
use crate::extract::RequestId;
use crate::problem::{Code, Problem};

/// Kinds of refusal of one account or network that get rows of their own in a minute.
const ROWS_OF_ONE: usize = 20;
/// Kinds of refusal of all known accounts that get rows of their own in a minute, and as many of strangers.
const ROWS: usize = 120;
/// Name of the row that counts what got none.
const FURTHER: &str = "further-refusals";

/// One refusal.
#[derive(Clone, Debug)]
pub struct Denial {
    /// Who, where known.
    pub actor: Option<Actor>,
    /// The account, where only that is known.
    pub account: Option<AccountId>,
    /// Number and network of the request.
    pub origin: Origin,
    /// What was tried.
    pub act: String,
    /// On which kind of thing.
    pub object_kind: String,
    /// On which thing.
    pub object_id: String,
    /// Code of the problem.
    pub outcome: &'static str,
}

impl Denial {
    /// A refusal in this request, of nothing yet.
    pub fn here() -> Self {
        let who = origin::recognised();
        Self {
            account: who.account,
            actor: who.actor,
            origin: Origin::current(),
            act: String::new(),
            object_kind: String::new(),
            object_id: String::new(),
            outcome: Code::Forbidden.as_str(),
        }
    }

    /// Whether whoever was refused had proved who they are; the name in a sign-in that failed proves nothing.
    fn is_known(&self) -> bool {
        self.actor.is_some()
    }

    /// The account, or else the network.
    fn who(&self) -> String {
        self.actor
            .as_ref()
            .map(|actor| actor.account)
            .or(self.account)
            .map_or_else(
                || self.origin.network.clone(),
                |account| account.to_string(),
            )
    }
}

/// What was counted in the running minute.
#[derive(Debug, Default)]
pub struct Denials(Mutex<Minute>, Mutex<Vec<(Denial, u32)>>);

#[derive(Debug, Default)]
struct Minute {
    number: i64,
    kinds: HashMap<(String, String, &'static str), Kind>,
}

#[derive(Debug)]
struct Kind {
    first: Denial,
    /// Those after the first that stand in no row yet.
    held: u32,
}

impl Denials {
    /// Keeps a refusal for the end of its minute; what an earlier minute left is kept for the worker as well.
    fn hold(&self, denial: Denial, minute: i64) {
        let rows = self.take(Some(denial), true, minute);
        self.1
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(rows);
    }

    /// What [`Denials::hold`] found and did not write.
    fn left(&self) -> Vec<(Denial, u32)> {
        std::mem::take(&mut *self.1.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a refusal; answers the rows to write now.
    fn take(&self, denial: Option<Denial>, later: bool, minute: i64) -> Vec<(Denial, u32)> {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = Vec::new();
        if now.number != minute {
            now.number = minute;
            rows.extend(
                now.kinds
                    .drain()
                    .filter(|(_, kind)| kind.held > 0)
                    .map(|(_, kind)| (kind.first, kind.held)),
            );
        }
        let Some(denial) = denial else { return rows };
        let who = denial.who();
        let key = (who.clone(), denial.act.clone(), denial.outcome);
        if let Some(kind) = now.kinds.get_mut(&key) {
            kind.held = kind.held.saturating_add(1);
            return rows;
        }
        let of_one = now.kinds.keys().filter(|(one, ..)| *one == who).count();
        let known = denial.is_known();
        let alike = now
            .kinds
            .values()
            .filter(|kind| kind.first.is_known() == known);
        if of_one >= ROWS_OF_ONE || alike.count() >= ROWS {
            let rest = Denial {
                actor: None,
                account: None,
                origin: Origin {
                    request_id: String::new(),
                    network: "various".to_owned(),
                },
                act: FURTHER.to_owned(),
                object_kind: String::new(),
                object_id: String::new(),
                outcome: Code::TooManyRequests.as_str(),
            };
            now.kinds
                .entry((String::new(), FURTHER.to_owned(), rest.outcome))
                .or_insert(Kind {
                    first: rest,
                    held: 0,
                })
                .held += 1;
            return rows;
        }
        if later {
            now.kinds.insert(
                key,
                Kind {
                    first: denial,
                    held: 1,
                },
            );
            return rows;
        }
        rows.push((denial.clone(), 1));
        now.kinds.insert(
            key,
            Kind {
                first: denial,
                held: 0,
            },
        );
        rows
    }
}

/// Writes a refusal, or counts it. A registry that cannot write says so in its own log; the refusal stands anyway.
pub async fn record(app: &App, denial: Denial) {
    write(app, app.denials.take(Some(denial), false, minute(app))).await;
}

/// Counts a refusal and writes nothing now: the answer takes as long as if there were nothing to write, so that its
/// duration does not tell whether an account exists (trust.md AU-2). The worker writes it when the minute is over.
pub fn count(app: &App, denial: Denial) {
    app.denials.hold(denial, minute(app));
}

/// Writes what was counted in minutes that are over.
pub async fn flush(app: &App) {
    let mut rows = app.denials.left();
    rows.extend(app.denials.take(None, false, minute(app)));
    write(app, rows).await;
}

/// Writes all that was counted, at the end of the process.
pub async fn flush_all(app: &App) {
    let mut rows = app.denials.left();
    rows.extend(app.denials.take(None, false, minute(app) + 1));
    write(app, rows).await;
}

fn minute(app: &App) -> i64 {
    app.now().timestamp().div_euclid(60)
}

async fn write(app: &App, rows: Vec<(Denial, u32)>) {
    if rows.is_empty() {
        return;
    }
    if let Err(problem) = try_write(app, &rows).await {
        tracing::error!(
            rows = rows.len(),
            code = problem.code().as_str(),
            "Refusals could not be written into the audit"
        );
    }
}

async fn try_write(app: &App, rows: &[(Denial, u32)]) -> Result<(), Problem> {
    let at = app.now();
    let tx = app.store.write().await?;
    for (denial, times) in rows {
        let entry = AuditEntry {
            at,
            request_id: &denial.origin.request_id,
            actor: denial.actor.as_ref(),
            account: denial.account,
            network: &denial.origin.network,
            act: &denial.act,
            object_kind: &denial.object_kind,
            object_id: &denial.object_id,
            outcome: denial.outcome,
            times: *times,
            detail: "",
            after: None,
        };
        store::audit::append(&tx, &entry).await?;
    }
    Ok(store::commit(tx).await?)
}

/// Gives every request its origin, and writes down what was refused in it.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = Origin {
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map(|id| id.0.clone())
            .unwrap_or_default(),
        network: origin::network(origin::address(request.extensions())),
    };
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let path = request.uri().path().to_owned();
    origin::scope(origin, async move {
        let response = next.run(request).await;
        let code = match response.extensions().get::<Problem>() {
            Some(problem) => Some(problem.code()),
            None => of_status(response.status()),
        };
        if let (Some(code), Some(route)) = (code, route) {
            let denial = Denial::here();
            let known = denial.actor.is_some() || denial.account.is_some();
            let told = Told::of(code, &method);
            if known && told != Told::Not {
                let (object_kind, object_id) = object(&path);
                let denial = Denial {
                    act: format!("{method} {route}"),
                    object_kind,
                    object_id,
                    outcome: code.as_str(),
                    ..denial
                };
                match told {
                    Told::AtOnce => record(&app, denial).await,
                    _ => count(&app, denial),
                }
            }
        }
        response
    })
    .await
}

/// What a page tells in its own words is no problem document, and a body that is too large is refused by the framework:
/// there the status says what it was.
fn of_status(status: StatusCode) -> Option<Code> {
    match status {
        StatusCode::FORBIDDEN => Some(Code::Forbidden),
        StatusCode::NOT_FOUND => Some(Code::NotFound),
        StatusCode::CONFLICT => Some(Code::TransitionRefused),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Code::TooLarge),
        StatusCode::TOO_MANY_REQUESTS => Some(Code::TooManyRequests),
        _ => None,
    }
}

/// How a refusal of a known account stands in the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Not at all.
    Not,
    /// Counted, and written when the minute is over: reading what is not there, or outside one's area, which look alike
    /// (trust.md AZ-2). One of them is a wrong link, many are somebody who tries ids.
    Counted,
    /// A row, and those after it in the minute are counted: refusals of its token and post, of acts, of uploads.
    AtOnce,
}

impl Told {
    fn of(code: Code, method: &Method) -> Self {
        let reads = method == Method::GET || method == Method::HEAD;
        match code.status().as_u16() {
            401 | 403 | 429 => Self::AtOnce,
            404 if reads => Self::Counted,
            404 | 409 if !reads => Self::AtOnce,
            _ => match code {
                Code::RosterFaults
                | Code::UploadType
                | Code::UploadUnreadable
                | Code::UploadEncoding
                | Code::UploadExpands
                | Code::TooLarge => Self::AtOnce,
                _ => Self::Not,
            },
        }
    }
}

/// Kind and id from a path: the last part that is an id, and the word before it. Nothing else of a path is kept: it may
/// hold anything that somebody typed.
fn object(path: &str) -> (String, String) {
    let mut found = (String::new(), String::new());
    let mut before = "";
    for part in path.split('/') {
        if let Ok(id) = part.parse::<Uuid>() {
            let word = before.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            found = (if word { before } else { "" }.to_owned(), id.to_string());
        }
        before = part;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(network: &str, act: &str) -> Denial {
        Denial {
            origin: Origin {
                request_id: "R".to_owned(),
                network: network.to_owned(),
            },
            act: act.to_owned(),
            ..Denial::here()
        }
    }

    #[test]
    fn of_a_flood_one_row_a_minute_and_its_count_are_written() {
        let all = Denials::default();
        let mut rows = 0;
        for _ in 0..1_000 {
            rows += all.take(Some(denial("n", "a")), false, 7).len();
        }
        assert_eq!(rows, 1);
        let later = all.take(None, false, 8);
        assert_eq!(later.len(), 1);
        assert_eq!(later[0].1, 999, "every refusal is counted");
        assert!(all.take(None, false, 9).is_empty(), "and only once");
    }

    #[test]
    fn many_kinds_of_many_askers_are_bounded_as_well() {
        let all = Denials::default();
        let mut rows = 0;
        for asker in 0..100 {
            for act in 0..100 {
                rows += all
                    .take(
                        Some(denial(&format!("n{asker}"), &format!("a{act}"))),
                        false,
                        7,
                    )
                    .len();
            }
        }
        // The row that counts the rest is one of them.
        assert_eq!(rows, ROWS - 1);
        let later = all.take(None, false, 8);
        assert_eq!(later.len(), 1, "the rest is one row");
        assert_eq!(usize::try_from(later[0].1), Ok(10_000 - rows));
        let one: usize = (0..100)
            .map(|act| {
                all.take(Some(denial("n", &format!("a{act}"))), false, 9)
                    .len()
            })
            .sum();
        assert_eq!(one, ROWS_OF_ONE, "nobody takes the room of the others");
    }

    #[test]
    fn strangers_leave_the_room_of_known_accounts_alone() {
        let all = Denials::default();
        for asker in 0..200 {
            all.take(Some(denial(&format!("n{asker}"), "sign_in")), false, 7);
        }
        let insider = |at: u8| Denial {
            actor: Some(Actor {
                person: Uuid::from_bytes([at; 16]).into(),
                account: Uuid::from_bytes([at; 16]).into(),
                post: Uuid::from_bytes([at; 16]).into(),
                role: domain::access::Role::CountyOfficer,
                federation: None,
                institution: None,
                capacity: domain::access::Capacity::Own,
                trainee: None,
            }),
            ..denial("n", "read")
        };
        let rows = all.take(Some(insider(1)), false, 7);
        assert_eq!(rows.len(), 1, "a row of its own");
        assert!(rows[0].0.actor.is_some(), "with its name");
        let rows: usize = (2..=200)
            .map(|at| all.take(Some(insider(at)), false, 7).len())
            .sum();
        assert_eq!(rows, ROWS - 1, "known accounts have a bound as well");
    }

    #[test]
    fn of_a_path_only_ids_are_kept() {
        let id = "01976c3e-0000-7000-8000-000000000001";
        assert_eq!(
            object(&format!("/api/v1/cohorts/{id}/rosters")),
            ("cohorts".to_owned(), id.to_owned())
        );
        assert_eq!(
            object("/api/v1/certificates/330106190501010014"),
            (String::new(), String::new())
        );
    }
}
