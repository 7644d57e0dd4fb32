//! `/admin/accounts`: the accounts that an administrator looks after, and what they do with one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::access::{Actor, Role};
use domain::ids::{AccountId, InstitutionId};
use serde::{Deserialize, Serialize};
use store::account_list::{self as rows, ListedAccount};
use store::one_time_tokens::ContactKind;

use super::{frame, staff_page};
use crate::access::account_list;
use crate::access::accounts::{self, ChangePostRequest};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::invitations::{self, ContactRequest, InviteRequest};
use crate::access::permissions::ManageAccounts;
use crate::access::standing::{self, EnableAccountRequest};
use crate::app::App;
use crate::extract::{IdempotencyKey, Locale, Path, Query};
use crate::frame::{Frame, Visit};
use crate::problem::{Code, Problem};

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

pub(super) async fn list_page(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageAccounts>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let search = Some(query.q.trim()).filter(|text| !text.is_empty());
    let (rows, next) =
        account_list::page(&app, &by.actor, search, query.cursor.as_deref(), None).await?;
    let f = frame(&app, &visit, visit.lang.pick("账号", "Accounts"), false).at_desk();
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

/// What was typed about a post, and what is wrong with it.
#[derive(Default)]
struct PostForm {
    roles: Vec<(&'static str, &'static str)>,
    role: String,
    federation: String,
    institution: String,
    /// Whether the reader administers one institution alone, so that there is nothing to choose.
    own: bool,
    faults: Vec<(String, String)>,
}

impl PostForm {
    fn of(lang: Locale, actor: &Actor, form: Option<&OwnForm>) -> Self {
        let own = actor.role == Role::InstitutionManager;
        let typed = |name: &str| form.map_or("", |form| form.text(name)).to_owned();
        Self {
            roles: Role::ALL
                .iter()
                .filter(|role| **role != Role::Trainee)
                .filter(|role| !own || **role == Role::InstitutionOperator)
                .map(|role| (role.as_str(), lang.pick(role.zh(), role.en())))
                .collect(),
            role: typed("role"),
            federation: typed("federation"),
            institution: typed("institution"),
            own,
            faults: Vec::new(),
        }
    }

    /// The post that was typed. Institutions are known to people by their credit code.
    async fn read(
        app: &App,
        actor: &Actor,
        form: &OwnForm,
    ) -> Result<(Role, Option<String>, Option<InstitutionId>), Problem> {
        if actor.role == Role::InstitutionManager {
            return Ok((Role::InstitutionOperator, None, actor.institution));
        }
        let role = form.text("role").parse().map_err(|_| {
            Problem::field(
                "/role",
                "role",
                "请选择岗位。",
                "Choose the role of the post.",
            )
        })?;
        let given = |name: &str| Some(form.text(name)).filter(|text| !text.is_empty());
        let institution = match given("institution") {
            None => None,
            Some(code) => {
                let found = store::institutions::by_credit_code(app.store.reader(), code).await?;
                let none = || {
                    Problem::field(
                        "/institution",
                        "institution",
                        "没有这个统一社会信用代码的机构,请核对。",
                        "No institution has this credit code; check it.",
                    )
                };
                Some(found.ok_or_else(none)?.id)
            }
        };
        Ok((role, given("federation").map(str::to_owned), institution))
    }

    /// Takes a problem that the form can tell beside a field; others stay problems.
    fn wrong(&mut self, lang: Locale, problem: Problem) -> Result<StatusCode, Problem> {
        let place = match problem.code() {
            Code::InvalidRequest => None,
            Code::Duplicate => Some("name"),
            // Outside the area: said beside the organisation.
            Code::Forbidden if self.institution.is_empty() => Some("federation"),
            Code::Forbidden => Some("institution"),
            _ => return Err(problem),
        };
        let pick = |zh: &str, en: &str| lang.pick(zh, en).to_owned();
        self.faults = match place {
            Some("name") => vec![(
                "name".to_owned(),
                pick(
                    "已有这个登录名,请换一个。",
                    "This sign-in name is taken; choose another.",
                ),
            )],
            Some(place) => {
                let said = problem.detail();
                vec![(place.to_owned(), pick(&said.zh, &said.en))]
            }
            None => problem
                .errors()
                .iter()
                .map(|error| {
                    let id = error.pointer.trim_start_matches('/').replace('/', "-");
                    (id, pick(&error.detail.zh, &error.detail.en))
                })
                .collect(),
        };
        Ok(StatusCode::UNPROCESSABLE_ENTITY)
    }

    fn fault(&self, field: &str) -> Option<&String> {
        let found = self.faults.iter().find(|(id, _)| id == field);
        found.map(|(_, text)| text)
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    row: ListedAccount,
    /// Nobody administers their own account.
    own: bool,
    post: PostForm,
    form: String,
    key: String,
}

impl AccountPage {
    fn state(&self) -> &'static str {
        let (zh, en) = match self.row.state.as_str() {
            "active" => ("启用", "active"),
            "invited" => ("已邀请,尚未设置密码", "invited, no password chosen yet"),
            _ => ("停用", "disabled"),
        };
        self.f.lang().pick(zh, en)
    }

    fn role(&self, role: &Role) -> &'static str {
        self.f.lang().pick(role.zh(), role.en())
    }
}

async fn account_view(
    app: &App,
    visit: &Visit,
    by: &OnPage<ManageAccounts>,
    token: &FormToken,
    id: AccountId,
    post: PostForm,
) -> Result<AccountPage, Problem> {
    let row = rows::find(app.store.reader(), &by.actor, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let title = format!("{} {}", visit.lang.pick("账号", "Account"), row.name);
    Ok(AccountPage {
        f: frame(app, visit, &title, !post.faults.is_empty())
            .at_desk()
            .under("/admin/accounts", visit.lang.pick("账号", "Accounts")),
        own: id == by.actor.account,
        row,
        post,
        form: token.text.clone(),
        key: app.random.id(app.now()).to_string(),
    })
}

pub(super) async fn account_page(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageAccounts>,
    token: FormToken,
    Path(id): Path<AccountId>,
) -> Result<Response, Problem> {
    let post = PostForm::of(visit.lang, &by.actor, None);
    let view = account_view(&app, &visit, &by, &token, id, post).await?;
    staff_page(&app, StatusCode::OK, &view, None)
}

/// Disables or enables the account, takes its second factor away, or changes its post.
pub(super) async fn account_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageAccounts>,
    token: FormToken,
    Path(id): Path<AccountId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let act = form.text("act");
    // What cannot be taken back is confirmed first; a page without script has no other way to ask.
    let sure = format!("sure-{act}");
    let done = match act {
        "disable" | "remove-second-factor" if form.text(&sure).is_empty() => Err(Problem::field(
            format!("/{sure}"),
            "confirm",
            "请先勾选确认,再提交。",
            "Tick the confirmation first, then send.",
        )),
        "disable" => standing::disable(&app, &by.actor, &key, id).await,
        "enable" => {
            let request = EnableAccountRequest {
                reason: form.text("reason").to_owned(),
            };
            standing::enable(&app, &by.actor, &key, id, &request).await
        }
        "remove-second-factor" => standing::remove_second_factor(&app, &by.actor, &key, id).await,
        "post" => match PostForm::read(&app, &by.actor, &form).await {
            Ok((role, federation, institution)) => {
                let request = ChangePostRequest {
                    role,
                    federation,
                    institution,
                };
                accounts::change_post(&app, &by.actor, &key, id, &request).await
            }
            Err(problem) => Err(problem),
        },
        _ => return Err(Problem::new(Code::MalformedRequest)),
    };
    let Err(problem) = done else {
        return back(&app, &visit, &by, id).await;
    };
    let mut post = PostForm::of(visit.lang, &by.actor, Some(&form));
    let status = post.wrong(visit.lang, problem)?;
    let view = account_view(&app, &visit, &by, &token, id, post).await?;
    staff_page(&app, status, &view, None)
}

/// To the account, or to the list when its post lies outside one's area: elsewhere, or nowhere.
async fn back(
    app: &App,
    visit: &Visit,
    by: &OnPage<ManageAccounts>,
    id: AccountId,
) -> Result<Response, Problem> {
    let base = visit.lang.pick("/admin/accounts", "/en/admin/accounts");
    let found = rows::find(app.store.reader(), &by.actor, id).await?;
    let path = found.map_or(base.to_owned(), |row| format!("{base}/{}", row.id));
    Ok(Redirect::to(&path).into_response())
}

#[derive(Template)]
#[template(path = "account_invite.html")]
struct InvitePage {
    f: Frame,
    post: PostForm,
    name: String,
    person_name: String,
    same_person_as: String,
    kind: String,
    value: String,
    form: String,
    key: String,
}

fn invite_view(
    app: &App,
    visit: &Visit,
    token: &FormToken,
    post: PostForm,
    form: Option<&OwnForm>,
) -> InvitePage {
    let typed = |name: &str| form.map_or("", |form| form.text(name)).to_owned();
    let title = visit.lang.pick("邀请工作人员", "Invite a member of staff");
    InvitePage {
        f: frame(app, visit, title, !post.faults.is_empty())
            .at_desk()
            .under("/admin/accounts", visit.lang.pick("账号", "Accounts")),
        post,
        name: typed("name"),
        person_name: typed("person_name"),
        same_person_as: typed("same_person_as"),
        kind: typed("contact-kind"),
        value: typed("contact-value"),
        form: token.text.clone(),
        key: app.random.id(app.now()).to_string(),
    }
}

pub(super) async fn invite_page(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageAccounts>,
    token: FormToken,
) -> Result<Response, Problem> {
    let post = PostForm::of(visit.lang, &by.actor, None);
    let view = invite_view(&app, &visit, &token, post, None);
    staff_page(&app, StatusCode::OK, &view, None)
}

/// Invites somebody; the code goes to the address given.
pub(super) async fn invite_sent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageAccounts>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let kind: ContactKind = form
        .text("contact-kind")
        .parse()
        .map_err(|_| Problem::new(Code::MalformedRequest))?;
    let sent = match PostForm::read(&app, &by.actor, &form).await {
        Ok((role, federation, institution)) => {
            let request = InviteRequest {
                name: form.text("name").to_owned(),
                person_name: form.text("person_name").to_owned(),
                role,
                federation,
                institution,
                same_person_as: Some(form.text("same_person_as"))
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
                contact: ContactRequest {
                    kind,
                    value: form.text("contact-value").to_owned(),
                },
            };
            invitations::invite(&app, &by.actor, &key, &request).await
        }
        Err(problem) => Err(problem),
    };
    let problem = match sent {
        Ok(receipt) => {
            let made: accounts::CreatedAccount = receipt.parse()?;
            let id = made.account.parse().map_err(Problem::internal)?;
            return back(&app, &visit, &by, id).await;
        }
        Err(problem) => problem,
    };
    let mut post = PostForm::of(visit.lang, &by.actor, Some(&form));
    let status = post.wrong(visit.lang, problem)?;
    let view = invite_view(&app, &visit, &token, post, Some(&form));
    staff_page(&app, status, &view, None)
}
