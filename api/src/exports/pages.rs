//! `/desk/exports`: asking for a file of many persons, and taking it once another person has approved.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use store::bulk_exports::{BulkExport, BulkState};
use uuid::Uuid;

use super::Form;
use super::bulk::{self, ExportRequest, List};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::BulkExport as MayExport;
use crate::app::App;
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit, both};
use crate::problem::{Code, Problem};

/// Routes of this part.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/desk/exports", get(show).post(send));
    both(router, "/desk/exports/{id}/file", post(take))
}

struct Row {
    id: String,
    list: &'static str,
    form: String,
    reason: String,
    state: &'static str,
    proposed_at: String,
    until: Option<String>,
    rows: Option<i32>,
    ready: bool,
}

fn row(app: &App, f: &Frame, one: BulkExport) -> Row {
    let over = one.ends_at.is_some_and(|until| until <= app.now());
    Row {
        id: one.id.to_string(),
        list: one
            .list
            .parse::<List>()
            .map_or("", |list| f.lang().pick(list.zh(), list.en())),
        state: match (one.state, over) {
            (BulkState::Proposed, _) => f.t("等待另一人批准", "waits for another person"),
            (BulkState::Approved, false) => f.t("已批准,可领取", "approved, to be taken"),
            (BulkState::Approved, true) => f.t("已过期", "its time is over"),
            (BulkState::Refused, _) => f.t("已退回", "refused"),
            (BulkState::Taken, _) => f.t("已领取", "taken"),
        },
        ready: one.state == BulkState::Approved && !over,
        proposed_at: f.moment(one.proposed_at),
        until: one.ends_at.map(|at| f.moment(at)),
        form: one.form,
        reason: one.reason,
        rows: one.rows,
    }
}

#[derive(Template)]
#[template(path = "exports.html")]
struct ExportsPage {
    f: Frame,
    rows: Vec<Row>,
    form: String,
    key: String,
    lists: Vec<(&'static str, &'static str)>,
    forms: Vec<&'static str>,
    list: String,
    cohort: String,
    reason: String,
    faults: Vec<(String, String)>,
}

impl ExportsPage {
    fn fault(&self, field: &str) -> Option<&String> {
        let found = self.faults.iter().find(|(id, _)| id == field);
        found.map(|(_, text)| text)
    }
}

async fn view(
    app: &App,
    visit: &Visit,
    by: &OnPage<MayExport>,
    form: &FormToken,
    wrong: bool,
) -> Result<ExportsPage, Problem> {
    let title = if wrong {
        visit.lang.pick("错误:批量导出", "Error: Bulk exports")
    } else {
        visit.lang.pick("批量导出", "Bulk exports")
    };
    let f = Frame::desk(app, visit, title);
    let found = bulk::list(app, &by.actor).await?;
    Ok(ExportsPage {
        rows: found.into_iter().map(|one| row(app, &f, one)).collect(),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        lists: List::ALL
            .iter()
            .map(|list| (list.as_str(), visit.lang.pick(list.zh(), list.en())))
            .collect(),
        forms: Form::ALL.iter().map(|form| form.as_str()).collect(),
        list: String::new(),
        cohort: String::new(),
        reason: String::new(),
        faults: Vec::new(),
        f,
    })
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<MayExport>,
    form: FormToken,
) -> Result<Response, Problem> {
    let page = view(&app, &visit, &by, &form, false).await?;
    staff_page(&app, StatusCode::OK, &page, None)
}

async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<MayExport>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let malformed = || Problem::new(Code::MalformedRequest);
    let cohort = form.text("cohort");
    let no_class = || {
        Problem::field(
            "/cohort",
            "cohort",
            "请填写班期编号(班期页面上的编号)。",
            "Give the id of the class, as its page shows it.",
        )
    };
    let cohort = match cohort {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| no_class()),
    };
    let list: List = form.text("list").parse().map_err(|_| malformed())?;
    let sent = match cohort {
        Ok(cohort) => {
            let request = ExportRequest {
                list,
                form: form.text("form_of_file").parse().map_err(|_| malformed())?,
                batch: None,
                cohort: cohort.filter(|_| list == List::Enrolments),
                reason: form.text("reason").to_owned(),
            };
            bulk::propose(&app, &by.actor, &key, &request).await
        }
        Err(problem) => Err(problem),
    };
    let problem = match sent {
        Ok(_) => {
            let back = visit.lang.pick("/desk/exports", "/en/desk/exports");
            return Ok(Redirect::to(back).into_response());
        }
        Err(problem) if problem.code() == Code::InvalidRequest => problem,
        Err(problem) if problem.code() == Code::NotFound => no_class(),
        Err(problem) => return Err(problem),
    };
    let mut page = view(&app, &visit, &by, &token, true).await?;
    page.list = list.as_str().to_owned();
    page.cohort = form.text("cohort").to_owned();
    page.reason = form.text("reason").to_owned();
    page.faults = problem.by_field(visit.lang);
    staff_page(&app, StatusCode::UNPROCESSABLE_ENTITY, &page, None)
}

async fn take(
    State(app): State<App>,
    by: OnPage<MayExport>,
    Path(id): Path<Uuid>,
    _form: OwnForm,
) -> Result<Response, Problem> {
    bulk::take(&app, &by.actor, id).await
}
