//! `/desk/second-factors`: one's own second factors, to be named and taken away; adding leads to the pages that enrol.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use store::factors::FactorId;

use super::{frame, staff_page};
use crate::access::browser::{FormToken, OnPage, OwnForm, prove_address};
use crate::access::factors;
use crate::access::permissions::ChangeOwnFactors;
use crate::app::App;
use crate::frame::{Frame, Visit};
use crate::problem::{Code, Problem};

/// Address of the page.
pub(super) const HERE: &str = "/desk/second-factors";

struct Row {
    id: String,
    kind: &'static str,
    name: String,
    added: String,
    used: Option<String>,
}

#[derive(Template)]
#[template(path = "second_factors.html")]
struct FactorsPage {
    f: Frame,
    rows: Vec<Row>,
    /// Whether there is an authenticator of codes, of which an account has one.
    codes: bool,
    recovery_codes_left: u64,
    form: String,
    /// Id of the part that is at fault, and the words.
    fault: Option<(String, String)>,
}

impl FactorsPage {
    fn why(&self, id: &str) -> Option<&str> {
        let fault = self.fault.as_ref().filter(|(at, _)| at == id);
        fault.map(|(_, words)| words.as_str())
    }
}

async fn view(
    app: &App,
    visit: &Visit,
    by: &OnPage<ChangeOwnFactors>,
    form: &FormToken,
    fault: Option<(String, String)>,
) -> Result<FactorsPage, Problem> {
    let own = factors::own(app, &by.actor).await?;
    let title = visit.lang.pick("我的第二因素", "My second factors");
    let f = frame(app, visit, title, fault.is_some()).at_desk();
    let rows: Vec<Row> = own
        .factors
        .into_iter()
        .map(|one| Row {
            kind: match one.id {
                FactorId::Codes => f.t("动态口令", "Authenticator of codes"),
                FactorId::Key(_) => f.t("安全密钥", "Security key"),
            },
            id: one.id.to_string(),
            name: one.name,
            added: f.moment(one.added_at),
            used: one.used_at.map(|at| f.moment(at)),
        })
        .collect();
    Ok(FactorsPage {
        codes: rows.iter().any(|row| row.id == FactorId::Codes.to_string()),
        rows,
        recovery_codes_left: own.recovery_codes_left,
        form: form.text.clone(),
        fault,
        f,
    })
}

pub(super) async fn factors_page(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ChangeOwnFactors>,
    form: FormToken,
) -> Result<Response, Problem> {
    let page = view(&app, &visit, &by, &form, None).await?;
    staff_page(&app, StatusCode::OK, &page, None)
}

/// Names a factor or takes one away.
pub(super) async fn factors_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ChangeOwnFactors>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let id: FactorId = form.text("id").parse().map_err(|_| Problem::not_found())?;
    let act = form.text("act");
    let done = match act {
        "name" => factors::name(&app, &by.actor, &id, form.text("name")).await,
        // What cannot be taken back is confirmed first; a page without script has no other way to ask.
        "remove" if form.text("sure").is_empty() => Err(Problem::field(
            "/sure",
            "confirm",
            "请先勾选确认,再提交。",
            "Tick the confirmation first, then send.",
        )),
        "remove" => factors::remove(&app, &by.actor, &by.presence.session, &id).await,
        _ => return Err(Problem::new(Code::MalformedRequest)),
    };
    let Err(problem) = done else {
        let back = visit.lang.pick(HERE, "/en/desk/second-factors").to_owned();
        return Ok(Redirect::to(&back).into_response());
    };
    if !matches!(
        problem.code(),
        Code::InvalidRequest | Code::LastSecondFactor
    ) {
        return Err(problem);
    }
    let status = match problem.code() {
        Code::LastSecondFactor => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let said = problem
        .errors()
        .first()
        .map_or_else(|| problem.detail(), |error| error.detail.clone());
    let words = visit.lang.pick(&said.zh, &said.en).to_owned();
    let part = if act == "name" { "name" } else { "sure" };
    let fault = Some((format!("{part}-{id}"), words));
    let page = view(&app, &visit, &by, &token, fault).await?;
    staff_page(&app, status, &page, None)
}

/// Whoever has a factor shows it before another is added: leads there and back.
pub(super) fn prove_first<P>(
    visit: &Visit,
    by: &OnPage<P>,
    problem: Problem,
    back: &str,
) -> Result<Response, Problem> {
    let address = prove_address(visit.lang, &by.presence, &problem).ok_or(problem)?;
    let base = visit.lang.pick("", "/en");
    Ok(Redirect::to(&format!("{address}?to={base}{back}")).into_response())
}
