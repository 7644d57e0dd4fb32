//! Pages of assessments: the commissioner's (`/admin/assessments`), the assessor's own (`/assess`), the institution's
//! (`/org/assessments`). Each shows what its reader may see, and the acts that the table has for them (pages.md 6.8).

mod forms;
mod sheet;
mod shown;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use domain::access::Actor;
use domain::assessment::Severity;
use domain::ids::AdmissionId;
use store::assessments::Assessment;
use store::scope::Scope;

use super::held::sight;
use super::publishing;
use crate::access::browser::{FormToken, OnPage};
use crate::access::pages::staff_page;
use crate::access::permissions::{CommissionAssessments, Permission as _, SeeAssessments};
use crate::app::App;
use crate::frame::{Frame, Visit, both};
use crate::problem::Problem;

/// Assessments on one page.
const SHOWN: u64 = 100;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    let mut router = both(
        Router::new(),
        "/admin/assessments",
        get(list).post(forms::commission),
    );
    router = both(router, "/org/assessments", get(list));
    router = both(router, "/assess", get(list));
    router = both(
        router,
        "/admin/assessments/{id}",
        get(shown::show).post(forms::commissioner),
    );
    router = both(
        router,
        "/org/assessments/{id}",
        get(shown::show).post(forms::institution),
    );
    router = both(
        router,
        "/assess/{id}",
        get(shown::show).post(forms::assessor),
    );
    router = both(
        router,
        "/assess/{id}/sheet",
        get(sheet::show).post(sheet::send),
    );
    router = both(router, "/assess/{id}/sheet.xlsx", get(sheet::workbook));
    both(router, "/assess/{id}/contact", post(shown::contact))
}

/// Where somebody's assessments are.
pub(crate) const fn base(org: bool, assesses: bool) -> &'static str {
    match (org, assesses) {
        (true, _) => "/org/assessments",
        (_, true) => "/assess",
        _ => "/admin/assessments",
    }
}

/// The same for an actor.
fn base_of(actor: &Actor) -> &'static str {
    let assesses = actor.role == domain::access::Role::Assessor;
    base(actor.role.is_institution(), assesses)
}

/// The newest assessment of an admission whose grave finding nobody has answered; empty without one.
pub(crate) async fn unanswered(
    app: &App,
    actor: &Actor,
    admission: AdmissionId,
) -> Result<String, Problem> {
    let scope = Scope::of(actor);
    let found =
        store::assessments::unanswered(app.store.reader(), &sight(actor, &scope), admission)
            .await?;
    for row in found {
        if is_unanswered(&row)? {
            return Ok(row.id.to_string());
        }
    }
    Ok(String::new())
}

/// Whether a grave finding waits for its answer.
fn is_unanswered(row: &Assessment) -> Result<bool, Problem> {
    Ok(row.consequence.is_none() && publishing::worst(row)? > Some(Severity::Minor))
}

struct Line {
    href: String,
    name: String,
    state: &'static str,
    period: String,
    due: Option<String>,
    overdue: bool,
    score: Option<u8>,
}

#[derive(Template)]
#[template(path = "assessments.html")]
struct ListPage {
    f: Frame,
    rows: Vec<Line>,
    assesses: bool,
    commissions: bool,
    form: String,
    key: String,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeAssessments>,
    form: FormToken,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let title = visit.lang.pick("第三方评估", "Third-party assessments");
    let f = Frame::desk(&app, &visit, title);
    let scope = Scope::of(&by.actor);
    let found = store::assessments::list(reader, &sight(&by.actor, &scope), None, SHOWN).await?;
    let names = store::assessments::names(reader, &found).await?;
    let (seen, _) = super::json::receipts(&app, &by.actor, None, SHOWN).await?;
    let base = base_of(&by.actor);
    let today = app.today();
    let rows = found
        .iter()
        .map(|row| {
            // What the API tells of it, so that whoever stepped aside sees no more here.
            let told = seen.iter().find(|one| one.id == row.id.to_string());
            let due = row
                .due_on
                .filter(|_| told.is_some_and(|one| one.due_on.is_some()));
            Line {
                href: format!("{base}/{}", row.id),
                name: names
                    .iter()
                    .find(|(id, _)| *id == row.admission)
                    .map_or_else(String::new, |(_, name)| name.clone()),
                state: f.lang().pick(row.state.zh(), row.state.en()),
                period: format!("{} – {}", f.date(row.period_from), f.date(row.period_until)),
                overdue: due.is_some_and(|day| day < today),
                due: due.map(|day| f.date(day)),
                score: told.and_then(|one| one.score),
            }
        })
        .collect();
    let page = ListPage {
        rows,
        assesses: base == "/assess",
        commissions: CommissionAssessments::allows(by.actor.role),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}
