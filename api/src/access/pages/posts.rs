//! Choosing between posts.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Role;

use super::{frame, staff_page};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::permissions::ManageOwnAccess;
use crate::access::posts::{self, OwnPost};
use crate::app::App;
use crate::frame::{Frame, Visit};
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "posts.html")]
struct PostsPage {
    f: Frame,
    posts: Vec<OwnPost>,
    form: String,
    /// Whether none is chosen.
    all: bool,
}

impl PostsPage {
    fn role(&self, code: &str) -> &'static str {
        code.parse::<Role>()
            .map_or("", |role| self.f.lang().pick(role.zh(), role.en()))
    }
}

pub(super) async fn posts_page(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    form: FormToken,
) -> Result<Response, Problem> {
    let title = visit.lang.pick("选择岗位", "Choose a post");
    let view = PostsPage {
        f: frame(&app, &visit, title, false).at_desk(),
        posts: posts::own(&app, &by.presence).await?,
        form: form.text,
        all: by.presence.session.post.is_none(),
    };
    staff_page(&app, StatusCode::OK, &view, None)
}

pub(super) async fn posts_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnAccess>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let post = match form.text("post") {
        "" => None,
        text => Some(text.parse().map_err(|_| Problem::not_found())?),
    };
    posts::choose(&app, &by.presence.session, post).await?;
    Ok(Redirect::to(visit.lang.pick("/desk", "/en/desk")).into_response())
}
