//! A trainee's own pages: record, consents, who read it (pages.md 4.2, 4.3). No script, readable at 320 pixels.
//!
//! Each view is made from what the use cases answer, so that a signed-in session of another kind only brings the actor.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::access::{Actor, Role};
use domain::evidence::EpisodeState;
use domain::institution::appealed::Appealed;
use domain::privacy::{ConsentPurpose, PersonalField, ReadPurpose};
use uuid::Uuid;

use super::consents::{self, ConsentRequest};
use super::me::{self, OwnCertificate, OwnRecord, OwnTraining};
use super::{desk_requests, own_appeals, own_certificate, own_requests, own_work};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{ManageOwnConsent, SeeOwnRecord};
use crate::app::App;
use crate::extract::{IdempotencyKey, Query};
use crate::fields::{PageQuery, page as cut};
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/me", get(own));
    let router = both(
        router,
        "/me/consents",
        get(own_consents).post(change_consent),
    );
    let router = both(router, "/me/copy", get(own_copy));
    let router = both(
        router,
        "/me/requests",
        get(own_requests::show).post(own_requests::send),
    );
    let router = both(
        router,
        "/me/appeals",
        get(own_appeals::show).post(own_appeals::send),
    );
    let router = both(router, "/me/work", get(own_work::show).post(own_work::send));
    let router = both(
        router,
        "/me/appeals/{id}/withdraw",
        axum::routing::post(own_appeals::withdraw),
    );
    let router = both(router, "/desk/requests", get(desk_requests::list));
    let router = both(
        router,
        "/desk/requests/{id}",
        get(desk_requests::show).post(desk_requests::act),
    );
    let router = both(
        router,
        "/me/certificates/{id}",
        get(own_certificate::show).post(own_certificate::send),
    );
    let router = both(
        router,
        "/me/certificates/{id}/{file}",
        get(super::own_files::open),
    );
    both(router, "/me/reads", get(own_reads))
}

/// A key for the form of a page: sending the same page twice acts once.
pub(super) fn request_key(app: &App) -> String {
    app.random.id(app.now()).to_string()
}

pub(super) fn frame(app: &App, visit: &Visit, words: (&str, &str)) -> Frame {
    let title = visit.lang.pick(words.0, words.1).to_owned();
    let frame =
        Frame::new(app, visit, Brand::Registry, title).under("/", visit.lang.pick("首页", "Home"));
    if visit.path == "/me" {
        frame
    } else {
        frame.under("/me", visit.lang.pick("我的信息", "My record"))
    }
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    f: Frame,
    name: String,
    citizen_id: String,
    certificates: Vec<OwnCertificate>,
    /// Forms in which they can be had here.
    forms: Vec<super::own_files::Offered>,
    trainings: Vec<OwnTraining>,
}

/// The page of a trainee's own record.
pub async fn own_page(app: &App, visit: &Visit, actor: &Actor) -> Result<Response, Problem> {
    let record = me::record(app, actor).await?;
    let newest = |kind: &str| {
        record
            .values
            .iter()
            .rev()
            .find(|value| value.kind == kind && value.until.is_none())
            .map(|value| value.value.clone())
            .unwrap_or_default()
    };
    let view = MePage {
        f: frame(app, visit, ("我的信息", "My record")),
        name: newest("name"),
        citizen_id: domain::privacy::ends(&newest("citizen_id")),
        certificates: record.certificates,
        forms: super::own_files::offered(app, visit.lang),
        trainings: record.trainings,
    };
    staff_page(app, StatusCode::OK, &view, None)
}

async fn own(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeOwnRecord>,
) -> Result<Response, Problem> {
    own_page(&app, &visit, &by.actor).await
}

#[derive(Template)]
#[template(path = "me_copy.html")]
struct CopyPage {
    f: Frame,
    r: OwnRecord,
    app: App,
}

impl CopyPage {
    fn word(&self, kind: &str) -> &'static str {
        kind.parse::<PersonalField>()
            .map_or("", |field| self.f.lang().pick(field.zh(), field.en()))
    }

    fn state(&self, state: &str) -> &'static str {
        state
            .parse::<EpisodeState>()
            .map_or("", |one| self.f.lang().pick(one.zh(), one.en()))
    }

    fn against(&self, against: &str) -> &'static str {
        against
            .parse::<Appealed>()
            .map_or("", |one| self.f.lang().pick(one.zh(), one.en()))
    }

    fn purpose(&self, purpose: &str) -> &'static str {
        purpose
            .parse::<ConsentPurpose>()
            .map_or("", |one| self.f.lang().pick(one.zh(), one.en()))
    }

    fn office<'a>(&'a self, code: &'a str) -> &'a str {
        self.app.regions.full_name(code)
    }

    /// Whose word a consent or a withdrawal is, and how it came.
    fn said(&self, given_by: &str, channel: &str) -> String {
        let lang = self.f.lang();
        let by = match given_by {
            "guardian" => lang.pick("监护人", "a guardian"),
            "village" => lang.pick("村(居)", "the village"),
            _ => lang.pick("本人", "oneself"),
        };
        let how = match channel {
            "paper" => lang.pick("书面", "on paper"),
            "voice" => lang.pick("口头", "by voice"),
            _ => lang.pick("网上", "on the web"),
        };
        format!("{by} · {how}")
    }

    fn request(&self, kind: &str, state: &str) -> String {
        let lang = self.f.lang();
        let kind = kind
            .parse()
            .map_or("", |kind| own_requests::kind_words(lang, kind));
        let state = state
            .parse()
            .map_or("", |state| own_requests::state_words(lang, state));
        format!("{kind} · {state}")
    }
}

/// Everything that is held, to read and to print; `/api/v1/me/record` is the same for machines.
pub async fn copy_page(app: &App, visit: &Visit, actor: &Actor) -> Result<Response, Problem> {
    let view = CopyPage {
        f: frame(app, visit, ("我的信息副本", "A copy of my data")),
        r: me::record(app, actor).await?,
        app: app.clone(),
    };
    staff_page(app, StatusCode::OK, &view, None)
}

async fn own_copy(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeOwnRecord>,
) -> Result<Response, Problem> {
    copy_page(&app, &visit, &by.actor).await
}

struct ConsentRow {
    code: &'static str,
    words: &'static str,
    receiver: &'static str,
    consequence: &'static str,
    given: bool,
    by: &'static str,
    /// The federation that recorded it, where it did not come by the web.
    recorded: String,
    until: String,
    key: String,
}

#[derive(Template)]
#[template(path = "me_consents.html")]
struct ConsentsPage {
    f: Frame,
    rows: Vec<ConsentRow>,
    form: String,
}

/// The page of consents.
pub async fn consents_page(
    app: &App,
    visit: &Visit,
    actor: &Actor,
    form: FormToken,
) -> Result<Response, Problem> {
    let f = frame(app, visit, ("谁能看到我的信息", "Who may see my data"));
    let all = consents::of_trainee(app, actor).await?;
    let today = app.today();
    let rows = all
        .iter()
        .map(|one| {
            let held = one
                .consents
                .iter()
                .rev()
                .find(|consent| consent.holds(today));
            ConsentRow {
                code: one.purpose.as_str(),
                words: f.lang().pick(one.purpose.zh(), one.purpose.en()),
                receiver: f
                    .lang()
                    .pick(one.purpose.receiver_zh(), one.purpose.receiver_en()),
                consequence: f
                    .lang()
                    .pick(one.purpose.consequence_zh(), one.purpose.consequence_en()),
                given: one.given,
                by: match held.map(|consent| consent.given_by.as_str()) {
                    Some("guardian") => f.lang().pick("由监护人代为同意", "given by a guardian"),
                    Some("village") => f
                        .lang()
                        .pick("由村(居)代为办理", "given through the village"),
                    _ => "",
                },
                recorded: held
                    .or(one.consents.last())
                    .and_then(|consent| consent.recorded_by.as_deref())
                    .map_or_else(String::new, |code| app.regions.full_name(code).to_owned()),
                until: held
                    .and_then(|consent| consent.until)
                    .map_or_else(String::new, |day| f.date(day)),
                key: app.random.id(app.now()).to_string(),
            }
        })
        .collect();
    let form = form.text;
    staff_page(app, StatusCode::OK, &ConsentsPage { f, rows, form }, None)
}

async fn own_consents(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeOwnRecord>,
    form: FormToken,
) -> Result<Response, Problem> {
    consents_page(&app, &visit, &by.actor, form).await
}

async fn change_consent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageOwnConsent>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let purpose: ConsentPurpose = form.text("purpose").parse().map_err(|_| {
        Problem::field(
            "/purpose",
            "purpose",
            "请回到页面重新点击按钮。",
            "Go back to the page and press the button again.",
        )
    })?;
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = ConsentRequest {
        purpose,
        until: None,
    };
    if form.text("act") == "withdraw" {
        consents::withdraw(&app, &by.actor, &key, &request).await?;
    } else {
        consents::give(&app, &by.actor, &key, &request).await?;
    }
    let to = visit.lang.pick("/me/consents", "/en/me/consents");
    Ok(Redirect::to(to).into_response())
}

struct ReadRow {
    at: String,
    place: String,
    role: &'static str,
    purpose: &'static str,
    words: String,
    fields: String,
}

#[derive(Template)]
#[template(path = "me_reads.html")]
struct ReadsPage {
    f: Frame,
    rows: Vec<ReadRow>,
    next: Option<String>,
}

/// The page of reads.
pub async fn reads_page(
    app: &App,
    visit: &Visit,
    actor: &Actor,
    query: &PageQuery,
) -> Result<Response, Problem> {
    let limit = query.limit()?;
    let before: Option<Uuid> = query.before()?;
    let mut reads = me::reads(app, actor, before, limit + 1).await?;
    let next = cut(&mut reads, limit, |read| read.id.to_string());
    let f = frame(app, visit, ("谁看过我的信息", "Who read my data"));
    let rows = reads
        .iter()
        .map(|read| {
            let role = read
                .role
                .parse::<Role>()
                .map_or("", |role| f.lang().pick(role.zh(), role.en()));
            let place = read
                .organisation
                .as_deref()
                .filter(|code| code.len() == 6)
                .map_or_else(String::new, |code| app.regions.full_name(code).to_owned());
            let purpose = read.purpose.parse::<ReadPurpose>();
            let fields: Vec<&str> = read
                .fields
                .iter()
                .filter_map(|code| code.parse::<PersonalField>().ok())
                .map(|field| f.lang().pick(field.zh(), field.en()))
                .collect();
            ReadRow {
                at: f.moment(read.at),
                place,
                role,
                purpose: purpose.map_or("", |one| f.lang().pick(one.zh(), one.en())),
                words: read.words.clone().unwrap_or_default(),
                fields: fields.join(f.lang().pick("、", ", ")),
            }
        })
        .collect();
    let next = next.map(|cursor| format!("{}?cursor={cursor}", f.href("/me/reads")));
    staff_page(app, StatusCode::OK, &ReadsPage { f, rows, next }, None)
}

async fn own_reads(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeOwnRecord>,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    reads_page(&app, &visit, &by.actor, &query).await
}
