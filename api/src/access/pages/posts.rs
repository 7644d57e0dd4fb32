//! Choosing between posts, and the list of accounts for their administrator.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::Role;
use serde::{Deserialize, Serialize};
use store::account_list::ListedAccount;

use super::{frame, staff_page};
use crate::access::account_list;
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::permissions::{ManageAccounts, ManageOwnAccess};
use crate::access::posts::{self, OwnPost};
use crate::app::App;
use crate::extract::Query;
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
        f: frame(&app, &visit, title, false).under("/desk", visit.lang.pick("工作台", "Desk")),
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

/// What the list is narrowed to.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    f: Frame,
    q: String,
    rows: Vec<ListedAccount>,
    next: Option<String>,
}

impl AccountsPage {
    fn role(&self, role: &Role) -> &'static str {
        self.f.lang().pick(role.zh(), role.en())
    }

    fn state(&self, code: &str) -> &'static str {
        match code {
            "active" => self.f.t("启用", "active"),
            "invited" => self.f.t("已邀请", "invited"),
            _ => self.f.t("停用", "disabled"),
        }
    }
}

pub(super) async fn accounts_page(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageAccounts>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let search = Some(query.q.trim()).filter(|text| !text.is_empty());
    let (rows, next) =
        account_list::page(&app, &by.actor, search, query.cursor.as_deref(), None).await?;
    let f = frame(&app, &visit, visit.lang.pick("账号", "Accounts"), false)
        .under("/desk", visit.lang.pick("工作台", "Desk"));
    let next = next.map(|cursor| {
        let query = ListQuery {
            q: query.q.clone(),
            cursor: Some(cursor),
        };
        let text = serde_urlencoded::to_string(&query).unwrap_or_default();
        format!("{}?{text}", f.href("/admin/accounts"))
    });
    let view = AccountsPage {
        f,
        q: query.q,
        rows,
        next,
    };
    staff_page(&app, StatusCode::OK, &view, None)
}
