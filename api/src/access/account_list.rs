//! The accounts that an administrator looks after, page by page.

use axum::Json;
use axum::extract::State;
use domain::access::Actor;
use domain::ids::AccountId;
use serde::{Deserialize, Serialize};
use store::account_list::{ListedAccount, list};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::By;
use super::permissions::ManageAccounts;
use crate::app::App;
use crate::extract::Query;
use crate::fields::{Faults, PageQuery, page as cut};
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_accounts))
}

/// One page of accounts, and the cursor of the next.
pub async fn page(
    app: &App,
    actor: &Actor,
    search: Option<&str>,
    cursor: Option<&str>,
    limit: Option<u64>,
) -> Result<(Vec<ListedAccount>, Option<String>), Problem> {
    let pages = PageQuery {
        limit,
        cursor: cursor.map(str::to_owned),
    };
    let mut faults = Faults::default();
    if let Some(search) = search {
        faults.text("/q", search, 1, 64);
    }
    faults.finish()?;
    let (limit, after): (u64, Option<AccountId>) = (pages.limit()?, pages.before()?);
    let mut rows = list(app.store.reader(), actor, search, after, limit + 1).await?;
    let next = cut(&mut rows, limit, |row| row.id.to_string());
    Ok((rows, next))
}

/// A post of an account.
#[derive(Serialize, ToSchema)]
struct AccountPost {
    /// Its role.
    role: &'static str,
    /// Its federation.
    federation: Option<String>,
    /// Its institution.
    institution: Option<String>,
    /// What the organisation is called.
    organisation: String,
}

/// An account in a list.
#[derive(Serialize, ToSchema)]
struct AccountRow {
    /// Its id.
    account: String,
    /// Name to sign in with.
    name: String,
    /// Name of the person.
    person_name: String,
    /// `active`, `invited` or `disabled`.
    state: String,
    /// Whether it has a second factor.
    second_factor: bool,
    /// Its posts.
    posts: Vec<AccountPost>,
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
struct AccountsResponse {
    /// The accounts.
    items: Vec<AccountRow>,
    /// Give it as `cursor` for the next page.
    next: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AccountsQuery {
    /// A part of the sign-in name.
    q: Option<String>,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Accounts of staff that one administers.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "access", security(("bearer" = [])), params(AccountsQuery),
    responses((status = 200, body = AccountsResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_accounts(
    State(app): State<App>,
    by: By<ManageAccounts>,
    Query(query): Query<AccountsQuery>,
) -> Result<Json<AccountsResponse>, Problem> {
    let (q, cursor) = (query.q.as_deref(), query.cursor.as_deref());
    let (rows, next) = page(&app, &by.actor, q, cursor, query.limit).await?;
    let items = rows.into_iter().map(|row| AccountRow {
        account: row.id.to_string(),
        name: row.name,
        person_name: row.person_name,
        state: row.state,
        second_factor: row.second_factor,
        posts: row
            .posts
            .into_iter()
            .map(|post| AccountPost {
                role: post.role.as_str(),
                federation: post.federation,
                institution: post.institution.map(|id| id.to_string()),
                organisation: post.organisation,
            })
            .collect(),
    });
    Ok(Json(AccountsResponse {
        items: items.collect(),
        next,
    }))
}
