//! `/admin/registers`: a file of a register is uploaded, looked at, and imported when that is confirmed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::evidence::Source;
use store::register_drafts as rows;
use store::scope::Scope;

use super::{beside, frame};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::ImportRegisters;
use crate::access::upload::OwnUpload;
use crate::app::App;
use crate::cases::pages::forms::day;
use crate::extract::IdempotencyKey;
use crate::frame::{Frame, Visit};
use crate::outcomes::drafts;
use crate::outcomes::registers::{About, column_word};
use crate::problem::{FieldError, Problem};

/// Snapshots on the page.
const SHOWN: u64 = 50;
/// Address of the page.
const PATH: &str = "/admin/registers";

/// A fault of the file.
struct FaultLine {
    row: String,
    column: &'static str,
    words: String,
}

struct SnapshotLine {
    id: String,
    source: &'static str,
    as_of: String,
    federation: String,
    rows: u32,
    known: u32,
    at: String,
}

#[derive(Template)]
#[template(path = "registers.html")]
struct RegistersPage {
    f: Frame,
    beside: Vec<(String, &'static str)>,
    sources: Vec<(&'static str, &'static str, bool)>,
    as_of: String,
    /// Whether a draft waits for its confirmation.
    draft: bool,
    /// What is wrong with the upload.
    wrong: Option<String>,
    faults: Vec<FaultLine>,
    snapshots: Vec<SnapshotLine>,
    form: String,
    key: String,
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ImportRegisters>,
    form: FormToken,
) -> Result<Response, Problem> {
    let page = page(&app, &visit, &by, &form, None).await?;
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

async fn page(
    app: &App,
    visit: &Visit,
    by: &OnPage<ImportRegisters>,
    form: &FormToken,
    failed: Option<(&Problem, &OwnForm)>,
) -> Result<RegistersPage, Problem> {
    let title = visit.lang.pick("导入登记数据", "Import a register");
    let title = match failed {
        Some(_) => format!("{}{title}", visit.lang.pick("错误:", "Error: ")),
        None => title.to_owned(),
    };
    let f = frame(app, visit, &title);
    let pick = |zh, en| f.lang().pick(zh, en);
    let reader = app.store.reader();
    let typed = |name: &str| failed.map_or("", |(_, form)| form.text(name));
    let draft = rows::of(reader, by.actor.account).await?;
    let snapshots = rows::snapshots(reader, &Scope::of(&by.actor), SHOWN).await?;
    Ok(RegistersPage {
        beside: beside(&f, &by.actor, PATH),
        sources: Source::ALL
            .iter()
            .filter(|source| source.is_imported())
            .map(|source| {
                let words = pick(source.zh(), source.en());
                (source.as_str(), words, typed("source") == source.as_str())
            })
            .collect(),
        as_of: typed("as_of").to_owned(),
        draft: draft.is_some_and(|draft| draft.snapshot.is_none()),
        wrong: failed.map(|(problem, _)| {
            let detail = problem.detail();
            f.t(&detail.zh, &detail.en).to_owned()
        }),
        faults: failed.map_or_else(Vec::new, |(problem, _)| {
            problem.errors().iter().map(|one| fault(&f, one)).collect()
        }),
        snapshots: snapshots
            .into_iter()
            .map(|one| SnapshotLine {
                id: one.id.to_string(),
                source: pick(one.source.zh(), one.source.en()),
                as_of: f.date(one.as_of),
                federation: app.regions.full_name(&one.federation).to_owned(),
                rows: one.rows,
                known: one.known,
                at: f.moment(one.at),
            })
            .collect(),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    })
}

/// Row and column of a fault, and what to do. A fault of the form has neither.
fn fault(f: &Frame, one: &FieldError) -> FaultLine {
    let words = f.t(&one.detail.zh, &one.detail.en);
    let place = one
        .pointer
        .strip_prefix("/rows/")
        .and_then(|rest| rest.split_once('/'));
    match place {
        Some((row, column)) => FaultLine {
            row: row.to_owned(),
            column: column_word(column),
            // The sentence begins with the place, which has its own cells here.
            words: words
                .split_once(':')
                .map_or(words, |(_, rest)| rest)
                .trim()
                .to_owned(),
        },
        None => FaultLine {
            row: String::new(),
            column: match one.pointer.as_str() {
                "/source" => f.t("数据来源", "Register"),
                "/as_of" => f.t("数据日期", "Day of the data"),
                _ => f.t("文件", "File"),
            },
            words: words.to_owned(),
        },
    }
}

/// Takes the upload, and looks at it.
pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ImportRegisters>,
    token: FormToken,
    upload: OwnUpload,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = upload.form.text("key").parse()?;
    let looked = match about(&upload.form) {
        Ok(about) => drafts::keep(&app, &by.actor, &key, about, upload.file).await,
        Err(problem) => Err(problem),
    };
    match looked {
        Ok(_) => Ok(to_draft(&visit)),
        Err(problem) if problem.code().status().is_client_error() => {
            let view = page(&app, &visit, &by, &token, Some((&problem, &upload.form))).await?;
            let status = problem.code().status();
            staff_page(&app, status, &view, Some(&token))
        }
        Err(problem) => Err(problem),
    }
}

fn about(form: &OwnForm) -> Result<About, Problem> {
    let source = form.text("source").parse().map_err(|_| {
        Problem::field(
            "/source",
            "missing-field",
            "请选择数据来源。",
            "Choose the register.",
        )
    })?;
    let as_of = day(form, "as_of")?.ok_or_else(|| {
        Problem::field(
            "/as_of",
            "missing-field",
            "请填写数据日期。",
            "Give the day of the data.",
        )
    })?;
    Ok(About { source, as_of })
}

#[derive(Template)]
#[template(path = "register_draft.html")]
struct DraftPage {
    f: Frame,
    id: String,
    source: &'static str,
    as_of: String,
    rows: u32,
    known: u32,
    made: String,
    /// The snapshot that it became.
    snapshot: Option<String>,
    form: String,
    key: String,
}

/// What was looked at and waits, or what it became.
pub(super) async fn draft(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ImportRegisters>,
    form: FormToken,
) -> Result<Response, Problem> {
    let Some(draft) = rows::of(app.store.reader(), by.actor.account).await? else {
        let list = visit.lang.pick(PATH, "/en/admin/registers");
        return Ok(Redirect::to(list).into_response());
    };
    let title = match draft.snapshot {
        None => visit.lang.pick("核对后导入", "Look, then import"),
        Some(_) => visit.lang.pick("已导入", "Imported"),
    };
    let f = frame(&app, &visit, title)
        .under(PATH, visit.lang.pick("导入登记数据", "Import a register"));
    let page = DraftPage {
        id: draft.id.to_string(),
        source: f.lang().pick(draft.source.zh(), draft.source.en()),
        as_of: f.date(draft.as_of),
        rows: draft.rows,
        known: draft.known,
        made: f.moment(draft.made_at),
        snapshot: draft.snapshot.map(|id| id.to_string()),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// Imports what was looked at; sent twice, it is imported once.
pub(super) async fn confirm(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ImportRegisters>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let id = form
        .text("draft")
        .parse()
        .map_err(|_| Problem::not_found())?;
    let before = rows::of(app.store.reader(), by.actor.account).await?;
    let done = before.is_some_and(|draft| draft.id == id && draft.snapshot.is_some());
    if !done {
        drafts::import(&app, &by.actor, &key, id).await?;
    }
    Ok(to_draft(&visit))
}

fn to_draft(visit: &Visit) -> Response {
    let path = visit
        .lang
        .pick("/admin/registers/draft", "/en/admin/registers/draft");
    Redirect::to(path).into_response()
}
