//! The audit for people: search, whether the chain holds, a file to take away (pages.md 6.7).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use store::audit::AuditRow;

use super::check::{self, AuditCheck};
use super::json::{self, AuditQuery};
use crate::access::browser::OnPage;
use crate::access::pages::staff_page;
use crate::access::permissions::ReadAudit;
use crate::app::App;
use crate::exports::Form;
use crate::extract::Query;
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::Problem;

/// Rows on one page.
const ROWS: u64 = 50;
/// Rows that a page may recompute while somebody waits; beyond, the command line does it.
const CHECKED_ROWS: i64 = 100_000;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/admin/audit", get(audit));
    let router = both(router, "/admin/audit.csv", get(audit_file::<false>));
    both(router, "/admin/audit.xlsx", get(audit_file::<true>))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditPageQuery {
    #[serde(default)]
    object: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    cursor: Option<i64>,
    #[serde(default)]
    verify: String,
}

struct Row {
    seq: i64,
    at: String,
    who: String,
    role: String,
    act: String,
    object: String,
    change: String,
    outcome: String,
    class: &'static str,
    icon: &'static str,
    times: i64,
    network: String,
    request: String,
}

/// What became of the check of the chain.
enum Verdict {
    NotAsked,
    TooLong(i64),
    Found(AuditCheck),
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    query: AuditQuery,
    rows: Vec<Row>,
    next: Option<String>,
    csv: String,
    xlsx: String,
    verify: String,
    verdict: Verdict,
}

async fn audit(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ReadAudit>,
    Query(asked): Query<AuditPageQuery>,
) -> Result<Response, Problem> {
    let query = AuditQuery {
        object: asked.object,
        account: asked.account,
        act: asked.act,
        outcome: asked.outcome,
        from: asked.from,
        until: asked.until,
    };
    let filter = query.filter()?;
    let (rows, next) = json::page(&app, &by.actor, &filter, asked.cursor, ROWS).await?;
    let verdict = if asked.verify.is_empty() {
        Verdict::NotAsked
    } else {
        let head = store::audit::head(app.store.reader()).await?;
        if head.seq > CHECKED_ROWS {
            Verdict::TooLong(head.seq)
        } else {
            Verdict::Found(check::check(&app, |_| ()).await?)
        }
    };
    let f = Frame::new(
        &app,
        &visit,
        Brand::Registry,
        visit.lang.pick("审计记录", "Audit"),
    )
    .under("/", visit.lang.pick("首页", "Home"));
    let text = query.text();
    let link = |more: &str| {
        let parts: Vec<&str> = [text.as_str(), more]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        format!("{}?{}", f.href("/admin/audit"), parts.join("&"))
    };
    let view = AuditPage {
        next: next.map(|seq| link(&format!("cursor={seq}"))),
        csv: format!("{}?{text}", f.href("/admin/audit.csv")),
        xlsx: format!("{}?{text}", f.href("/admin/audit.xlsx")),
        verify: link("verify=yes"),
        rows: rows.into_iter().map(|row| shown(&f, row)).collect(),
        query,
        verdict,
        f,
    };
    staff_page(&app, StatusCode::OK, &view, None)
}

/// The rows of the page's filter as a file: a browser shows no bearer token to the API.
async fn audit_file<const WORKBOOK: bool>(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ReadAudit>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    let form = if WORKBOOK { Form::Xlsx } else { Form::Csv };
    json::file(&app, &by.actor, &query, form, visit.lang).await
}

fn shown(f: &Frame, row: AuditRow) -> Row {
    let done = row.outcome == store::audit::DONE;
    let role = row
        .role
        .as_deref()
        .and_then(|role| role.parse::<domain::access::Role>().ok());
    let place = row
        .federation
        .clone()
        .or_else(|| row.institution.map(|id| id.to_string()));
    Row {
        seq: row.seq,
        at: chrono::DateTime::from_timestamp_millis(row.at)
            .map(|at| f.moment(at))
            .unwrap_or_default(),
        who: row
            .account
            .map_or_else(|| "-".to_owned(), |id| id.to_string()),
        role: match (role, place) {
            (Some(role), Some(place)) => format!("{} {place}", f.t(role.zh(), role.en())),
            (Some(role), None) => f.t(role.zh(), role.en()).to_owned(),
            _ => String::new(),
        },
        act: row.act,
        object: format!("{} {}", row.object_kind, row.object_id)
            .trim()
            .to_owned(),
        change: row.detail,
        outcome: row.outcome,
        class: if done { "good" } else { "bad" },
        icon: if done { "✔" } else { "✖" },
        times: row.times,
        network: row.network,
        request: row.request_id,
    }
}
