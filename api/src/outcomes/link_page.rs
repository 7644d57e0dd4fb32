//! `/f/{token}`: a trainee answers a follow-up by one tap, without an account and without a script.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::evidence::FollowUpOutcome;

use super::acts::FollowUpRequest;
use super::messages;
use crate::access::browser::{Cookie, FormToken, OwnForm};
use crate::access::pages::staff_page;
use crate::app::App;
use crate::cases::pages::forms::day;
use crate::extract::Path;
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::{Code, Problem};

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    both(Router::new(), "/f/{token}", get(show).post(send))
}

#[derive(Template)]
#[template(path = "follow_up.html")]
struct FollowUpPage {
    f: Frame,
    /// `ask`, `done`, `used`, `late`.
    stage: &'static str,
    title: String,
    start_on: String,
    fault: Option<String>,
    form: String,
    address: String,
}

async fn page(
    app: &App,
    visit: &Visit,
    token: &str,
    form: FormToken,
    stage: Option<&'static str>,
    fault: Option<String>,
) -> Result<Response, Problem> {
    let (_, asked) = messages::asked(app, token).await?;
    let title = visit
        .lang
        .pick("就业回访", "Follow-up of your work")
        .to_owned();
    let f = Frame::new(app, visit, Brand::Registry, title.clone());
    let late = asked.ends_at <= app.now();
    let (status, stage) = match stage {
        Some(stage) => (StatusCode::OK, stage),
        None if asked.used || asked.answered => (StatusCode::OK, "used"),
        None if late => (StatusCode::GONE, "late"),
        None if fault.is_some() => (StatusCode::UNPROCESSABLE_ENTITY, "ask"),
        None => (StatusCode::OK, "ask"),
    };
    let view = FollowUpPage {
        stage,
        start_on: f.date(asked.start_on),
        title,
        fault,
        form: form.text.clone(),
        address: visit.path.clone(),
        f,
    };
    let mut response = staff_page(app, status, &view, None)?;
    if let Some(cookie) = form.cookie {
        Cookie::Form.set(app, &mut response, &cookie);
    }
    Ok(response)
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(token): Path<String>,
    form: FormToken,
) -> Result<Response, Problem> {
    page(&app, &visit, &token, form, None, None).await
}

async fn send(
    State(app): State<App>,
    visit: Visit,
    Path(token): Path<String>,
    token_of_form: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let (link, asked) = messages::asked(&app, &token).await?;
    if asked.used || asked.answered || asked.ends_at <= app.now() {
        return page(&app, &visit, &token, token_of_form, None, None).await;
    }
    let outcome: FollowUpOutcome = form
        .text("outcome")
        .parse()
        .map_err(|_| Problem::new(Code::MalformedRequest))?;
    let last_day = match day(&form, "last_day") {
        Ok(day) => day.filter(|_| outcome == FollowUpOutcome::Left),
        Err(problem) => return wrong(&app, &visit, &token, token_of_form, &problem).await,
    };
    let request = FollowUpRequest { outcome, last_day };
    match messages::answer(&app, &link, &asked, &request).await {
        Ok(()) => page(&app, &visit, &token, token_of_form, Some("done"), None).await,
        Err(problem) if problem.code() == Code::InvalidRequest => {
            wrong(&app, &visit, &token, token_of_form, &problem).await
        }
        Err(problem) => Err(problem),
    }
}

async fn wrong(
    app: &App,
    visit: &Visit,
    token: &str,
    form: FormToken,
    problem: &Problem,
) -> Result<Response, Problem> {
    let said = problem.errors().first().map(|error| {
        let text = visit.lang.pick(&error.detail.zh, &error.detail.en);
        text.to_owned()
    });
    page(app, visit, token, form, None, said).await
}
