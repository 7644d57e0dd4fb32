//! `/admin/keys`: every key with its state, what waits for a second person, and what was done; no script (pages.md 6).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use certs::keys::KeyId;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use store::certificates::KeyRow;
use store::journal::TimelineEntry;

use super::own_keys::{self, NewOwnKeyRequest};
use super::states::{self, KIND, KeyChangeRequest};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{ManageKeys, Permission as _, SeeKeys};
use crate::app::App;
use crate::certificates::keys::{self, NewKeyRequest, timeline_id};
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit, both};
use crate::problem::{Code, Problem};

/// Proposals that are read to find those on keys.
const MOST_WAITING: u64 = 500;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/admin/keys", get(list).post(create));
    both(router, "/admin/keys/{kid}", get(show).post(propose))
}

fn frame(app: &App, visit: &Visit, title: &str) -> Frame {
    Frame::desk(app, visit, title)
}

/// A key as the pages show it.
struct Key {
    kid: String,
    purpose: &'static str,
    federation: String,
    state: String,
    state_word: &'static str,
    since: String,
    until: String,
    compromised_at: Option<String>,
    public_key: String,
    origin: Option<String>,
}

impl Key {
    fn of(app: &App, f: &Frame, row: &KeyRow) -> Result<Self, Problem> {
        Ok(Self {
            kid: row.kid.clone(),
            purpose: match row.purpose.as_str() {
                "root" => f.t("根密钥", "root"),
                "log" => f.t("日志密钥", "log"),
                "status" => f.t("状态列表密钥", "status lists"),
                _ => f.t("签发密钥", "issuer"),
            },
            federation: match row.federation.as_deref() {
                Some(store::scope::NATIONAL) | None => f.t("全国", "national").to_owned(),
                Some(code) => crate::institutions::profile::federation_name(app, code),
            },
            state_word: state_word(f, &row.state),
            state: row.state.clone(),
            since: f.date((row.not_before + Duration::hours(8)).date_naive()),
            until: f.date((row.not_after + Duration::hours(8)).date_naive()),
            compromised_at: row.compromised_at.map(|at| f.moment(at)),
            public_key: data_encoding::HEXLOWER.encode(&row.public_key),
            origin: match row.purpose.as_str() {
                "log" => Some(own_keys::origin_of(app, row)?.as_str().to_owned()),
                _ => None,
            },
        })
    }
}

fn state_word(f: &Frame, state: &str) -> &'static str {
    match state {
        "pending" => f.t("待启用", "pending"),
        "active" => f.t("启用", "active"),
        "retired" => f.t("停用", "retired"),
        "compromised" => f.t("泄露", "compromised"),
        _ => f.t("其他", "other"),
    }
}

/// A change that waits for its second person.
struct Waiting {
    id: String,
    kid: String,
    to: &'static str,
    proposer: String,
    proposed_at: String,
    own: bool,
    key: String,
}

async fn waiting(app: &App, f: &Frame, by: &OnPage<SeeKeys>) -> Result<Vec<Waiting>, Problem> {
    let found = crate::proposals::list(app, &by.actor, None, MOST_WAITING).await?;
    let of_keys = found.into_iter().filter(|one| one.object_kind == KIND);
    Ok(of_keys
        .map(|one| Waiting {
            id: one.id.to_string(),
            kid: one.subject,
            to: state_word(f, &one.act),
            proposer: one.proposer,
            proposed_at: f.moment(one.proposed_at),
            own: one.proposed_by == by.actor.person,
            // Sending the same page twice decides once.
            key: app.random.id(app.now()).to_string(),
        })
        .collect())
}

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage {
    f: Frame,
    keys: Vec<Key>,
    waiting: Vec<Waiting>,
    /// Whether the reader may do more than read.
    may: bool,
    year: i32,
    form: String,
    key: String,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeKeys>,
    form: FormToken,
) -> Result<Response, Problem> {
    let f = frame(&app, &visit, visit.lang.pick("密钥", "Keys"));
    let rows = store::certificates::all_keys(app.store.reader()).await?;
    let keys = rows.iter().map(|row| Key::of(&app, &f, row));
    let view = KeysPage {
        keys: keys.collect::<Result<_, Problem>>()?,
        waiting: waiting(&app, &f, &by).await?,
        may: ManageKeys::allows(by.actor.role),
        year: keys::year_of(app.now()),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

/// Makes a key: of an issuer, or a successor of one of the registry's own.
async fn create(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageKeys>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let receipt = match form.text("act") {
        "issuer" => {
            let request = NewKeyRequest {
                federation: form.text("federation").to_owned(),
                year: form
                    .text("year")
                    .parse()
                    .map_err(|_| Problem::field("/year", "year", "年份不对。", "Not a year."))?,
            };
            keys::create_issuer_key(&app, &by.actor, &key, &request).await?
        }
        "own" => {
            let origin = Some(form.text("origin").to_owned()).filter(|text| !text.is_empty());
            let request = NewOwnKeyRequest {
                purpose: form.text("purpose").to_owned(),
                origin,
            };
            own_keys::create(&app, &by.actor, &key, &request).await?
        }
        _ => return Err(Problem::new(Code::MalformedRequest)),
    };
    let made: keys::KeyReceipt = receipt.parse()?;
    let address = format!(
        "{}/{}",
        visit.lang.pick("/admin/keys", "/en/admin/keys"),
        made.kid
    );
    Ok(Redirect::to(&address).into_response())
}

/// A line of a key's history.
struct Past {
    at: String,
    act: &'static str,
    from: &'static str,
    to: &'static str,
    reason: String,
    by: &'static str,
    leaf: Option<u64>,
}

impl Past {
    fn of(f: &Frame, entry: &TimelineEntry) -> Self {
        let state =
            |state: &Option<String>| state.as_deref().map_or("", |word| state_word(f, word));
        Self {
            at: f.moment(entry.at),
            act: match entry.act.as_str() {
                "create" => f.t("新建", "made"),
                "propose_state" => f.t("提出变更", "change proposed"),
                "change_state" => f.t("批准变更", "change approved"),
                _ => f.t("其他", "other"),
            },
            from: state(&entry.from),
            to: state(if entry.act == "propose_state" {
                &entry.reason_code
            } else {
                &entry.to
            }),
            reason: entry.reason.clone().unwrap_or_default(),
            by: entry
                .role
                .parse::<domain::access::Role>()
                .map_or("", |role| f.lang().pick(role.zh(), role.en())),
            leaf: entry.leaf_index.map(|leaf| leaf.0),
        }
    }
}

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage {
    f: Frame,
    k: Key,
    waiting: Vec<Waiting>,
    past: Vec<Past>,
    /// States that it may be proposed for, by the reader.
    next: Vec<(&'static str, &'static str)>,
    form: String,
    key: String,
    fault: Option<String>,
    reason: String,
    at: String,
}

async fn page(
    app: &App,
    visit: &Visit,
    by: &OnPage<SeeKeys>,
    form: &FormToken,
    kid: &KeyId,
    refused: Option<(&Problem, &OwnForm)>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let row = store::certificates::key(reader, kid.as_str())
        .await?
        .ok_or_else(Problem::not_found)?;
    let f = frame(app, visit, kid.as_str()).under("/admin/keys", visit.lang.pick("密钥", "Keys"));
    let past = store::journal::timeline(reader, timeline_id(kid)).await?;
    let mut waiting = waiting(app, &f, by).await?;
    waiting.retain(|one| one.kid == kid.as_str());
    let steps: &[&'static str] = match row.state.as_str() {
        "pending" => &["active", "retired", "compromised"],
        "active" => &["retired", "compromised"],
        "retired" | "compromised" => &["compromised"],
        _ => &[],
    };
    let may = ManageKeys::allows(by.actor.role) && waiting.is_empty();
    let next = steps.iter().filter(|_| may);
    let typed = |name: &str| refused.map_or("", |(_, form)| form.text(name)).to_owned();
    let view = KeyPage {
        k: Key::of(app, &f, &row)?,
        waiting,
        past: past.iter().rev().map(|entry| Past::of(&f, entry)).collect(),
        next: next.map(|state| (*state, state_word(&f, state))).collect(),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        fault: refused.map(|(problem, _)| {
            let first = problem.errors().first();
            let said = first.map_or_else(|| problem.detail(), |one| one.detail.clone());
            visit.lang.pick(&said.zh, &said.en).to_owned()
        }),
        reason: typed("reason"),
        at: typed("at"),
        f,
    };
    let status = match refused {
        Some((problem, _)) => problem.code().status(),
        None => StatusCode::OK,
    };
    staff_page(app, status, &view, Some(form))
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeKeys>,
    form: FormToken,
    Path(kid): Path<String>,
) -> Result<Response, Problem> {
    let kid: KeyId = kid.parse().map_err(|_| Problem::not_found())?;
    page(&app, &visit, &by, &form, &kid, None).await
}

/// A moment as people type it: Beijing time.
fn moment(text: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || {
        Problem::field(
            "/compromised_at",
            "moment",
            "泄露时间请写成 2026-03-02 10:00(北京时间)。",
            "Write the moment as 2026-03-02 10:00 (Beijing time).",
        )
    };
    ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|local| Some(local.and_utc() - Duration::hours(8)))
        .ok_or_else(wrong)
}

/// Proposes a change; another person approves it on the desk, or here.
async fn propose(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageKeys>,
    token: FormToken,
    Path(kid): Path<String>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let kid: KeyId = kid.parse().map_err(|_| Problem::not_found())?;
    let key: IdempotencyKey = form.text("key").parse()?;
    let state = form.text("state").to_owned();
    let asked = async {
        let request = KeyChangeRequest {
            compromised_at: match state.as_str() {
                "compromised" => moment(form.text("at"))?,
                _ => None,
            },
            reason: Some(form.text("reason").to_owned()).filter(|text| !text.is_empty()),
            state,
        };
        states::propose(&app, &by.actor, &key, &kid, &request).await
    };
    match asked.await {
        Ok(_) => {
            let address = format!("{}/{kid}", visit.lang.pick("/admin/keys", "/en/admin/keys"));
            Ok(Redirect::to(&address).into_response())
        }
        Err(problem)
            if matches!(
                problem.code(),
                Code::InvalidRequest | Code::TransitionRefused | Code::OpenProposal
            ) =>
        {
            let by = by.only_reading();
            page(&app, &visit, &by, &token, &kid, Some((&problem, &form))).await
        }
        Err(problem) => Err(problem),
    }
}
