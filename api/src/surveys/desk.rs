//! Surveys at the desk: `/admin/surveys` lists classes and sends, `/admin/surveys/{cohort}` takes answers on paper, by
//! telephone and in interviews, `/assess/calls` is the list of whoever calls again.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::grading::{SurveyBy, SurveyMode};
use domain::ids::{CohortId, EnrolmentId};
use domain::privacy::ConsentPurpose;
use domain::survey::{CallOutcome, ContactMeans, SCALE, SurveyItem};
use store::scope::Scope;
use store::surveys as rows;
use uuid::Uuid;

use super::audit_pages::{self, AuditLine};
use super::calls::{self, CallItem, CallOutcomeRequest, CallReceipt};
use super::contacts::{self, VerifiedContactRequest};
use super::invite;
use super::taken::{self, TakenAnswerRequest};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{
    Assess, AuditSurveys, Permission as _, RecordConsents, RecordContacts, RunSurveys,
    TakeSurveyAnswers,
};
use crate::app::App;
use crate::assessments::sample::{Contact, ContactRequest, mask};
use crate::cases::pages::forms::day;
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit, both};
use crate::privacy::recorded_consents::{self, RecordConsentRequest};
use crate::problem::{Code, Problem};

/// Classes on one page.
const SHOWN: u64 = 100;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/admin/surveys", get(list));
    let router = both(router, "/admin/surveys/{cohort}", get(show).post(send));
    let router = both(router, "/admin/surveys/{cohort}/answers", post(take));
    let router = both(
        router,
        "/admin/surveys/{cohort}/contacts",
        post(keep_contact),
    );
    let router = both(
        router,
        "/admin/surveys/{cohort}/consents",
        post(record_consent),
    );
    both(router, "/assess/calls", get(open_calls).post(call))
}

struct ClassLine {
    href: String,
    code: String,
    name: String,
    asked: i64,
    open: i64,
    until: Option<String>,
}

#[derive(Template)]
#[template(path = "surveys_desk.html")]
struct ListPage {
    f: Frame,
    rows: Vec<ClassLine>,
    /// For those who audit.
    audits: Vec<AuditLine>,
}

fn frame(app: &App, visit: &Visit, title: &str) -> Frame {
    Frame::desk(app, visit, title.to_owned())
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<RunSurveys>,
) -> Result<Response, Problem> {
    let f = frame(&app, &visit, visit.lang.pick("满意度调查", "Surveys"));
    let scope = Scope::of(&by.actor);
    let rows = rows::classes(app.store.reader(), &scope, app.now(), SHOWN)
        .await?
        .into_iter()
        .map(|row| ClassLine {
            href: format!("/admin/surveys/{}", CohortId::new(row.id)),
            until: row
                .ends_at
                .and_then(chrono::DateTime::from_timestamp_millis)
                .map(|at| f.date(domain::calendar::today(at))),
            code: row.code,
            name: row.name,
            asked: row.asked,
            open: row.open,
        })
        .collect();
    let audits = if AuditSurveys::allows(by.actor.role) {
        audit_pages::lines(&app, &scope, &f).await?
    } else {
        Vec::new()
    };
    staff_page(&app, StatusCode::OK, &ListPage { f, rows, audits }, None)
}

struct Question {
    name: String,
    words: &'static str,
}

#[derive(Template)]
#[template(path = "survey_desk.html")]
struct ClassPage {
    f: Frame,
    path: String,
    name: String,
    code: String,
    /// Enrolment and masked name of those who did not answer.
    open: Vec<(String, String)>,
    takes: bool,
    /// Everybody who is to be asked: enrolment, masked name, whether a contact of their own is on record.
    everybody: Vec<(String, String, bool)>,
    means: Vec<(&'static str, &'static str)>,
    keeps: bool,
    /// Whether consents that came on paper or by voice are recorded here, and to what.
    records: bool,
    purposes: Vec<(&'static str, &'static str)>,
    questions: Vec<Question>,
    scale: Vec<(u8, &'static str)>,
    modes: Vec<(&'static str, &'static str)>,
    bys: Vec<(&'static str, &'static str)>,
    form: String,
    key: String,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<RunSurveys>,
    form: FormToken,
    Path(id): Path<CohortId>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let scope = Scope::of(&by.actor);
    let cohort = store::cohorts::find(reader, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let f = frame(&app, &visit, &cohort.name)
        .under("/admin/surveys", visit.lang.pick("满意度调查", "Surveys"));
    let pick = |zh, en| f.lang().pick(zh, en);
    let waiting = rows::unanswered(reader, &scope, id, app.now()).await?;
    let everybody = rows::to_ask(reader, app.store.vault(), &scope, id, app.today()).await?;
    let people: Vec<_> = everybody.iter().map(|one| one.person).collect();
    let open = store::persons::open(reader, app.store.vault(), &people, app.today()).await?;
    let page = ClassPage {
        path: format!("/admin/surveys/{id}"),
        name: cohort.name.clone(),
        code: cohort.code.clone(),
        open: waiting
            .into_iter()
            .map(|(enrolment, person)| {
                let name = mask(open.get(&person).map(|one| one.name.as_str()));
                (enrolment.to_string(), name)
            })
            .collect(),
        takes: TakeSurveyAnswers::allows(by.actor.role),
        everybody: everybody
            .into_iter()
            .map(|one| {
                let name = mask(open.get(&one.person).map(|one| one.name.as_str()));
                (one.enrolment.to_string(), name, one.contact.is_some())
            })
            .collect(),
        means: ContactMeans::ALL
            .iter()
            .map(|one| (one.as_str(), pick(one.zh(), one.en())))
            .collect(),
        keeps: RecordContacts::allows(by.actor.role),
        records: RecordConsents::allows(by.actor.role),
        purposes: ConsentPurpose::ALL
            .iter()
            .map(|one| (one.as_str(), pick(one.zh(), one.en())))
            .collect(),
        questions: (1..)
            .zip(SurveyItem::ALL)
            .map(|(at, item)| Question {
                name: format!("a{at}"),
                words: pick(item.zh(), item.en()),
            })
            .collect(),
        scale: SCALE
            .iter()
            .map(|(value, zh, en)| (*value, pick(zh, en)))
            .collect(),
        modes: SurveyMode::ALL
            .iter()
            .filter(|mode| **mode != SurveyMode::Web)
            .map(|mode| (mode.as_str(), pick(mode.zh(), mode.en())))
            .collect(),
        bys: SurveyBy::ALL
            .iter()
            .map(|by| (by.as_str(), pick(by.zh(), by.en())))
            .collect(),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

fn back(visit: &Visit, id: CohortId) -> Response {
    let base = visit.lang.pick("/admin/surveys", "/en/admin/surveys");
    Redirect::to(&format!("{base}/{id}")).into_response()
}

/// Sends the survey of a class, or reminds.
async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<RunSurveys>,
    Path(id): Path<CohortId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let again = match form.text("act") {
        "send" => false,
        "remind" => true,
        _ => return Err(Problem::new(Code::MalformedRequest)),
    };
    invite::send(&app, &by.actor, &key, id, again).await?;
    Ok(back(&visit, id))
}

/// The enrolment that the form names, of this class: a page acts on nothing that it does not show.
async fn member(app: &App, class: CohortId, form: &OwnForm) -> Result<EnrolmentId, Problem> {
    let id = form
        .text("enrolment")
        .parse()
        .map_err(|_| Problem::new(Code::MalformedRequest))?;
    store::enrolments::find(app.store.reader(), class, id)
        .await?
        .map(|found| found.id)
        .ok_or_else(Problem::not_found)
}

/// Takes an answer.
async fn take(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<TakeSurveyAnswers>,
    Path(id): Path<CohortId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    let mut items = [None; 5];
    for (at, item) in items.iter_mut().enumerate() {
        *item = form.text(&format!("a{}", at + 1)).parse().ok();
    }
    let request = TakenAnswerRequest {
        mode: form.text("mode").parse().map_err(|_| malformed())?,
        by: form.text("by").parse().map_err(|_| malformed())?,
        items,
        taken_on: day(&form, "taken_on")?,
    };
    let enrolment = member(&app, id, &form).await?;
    taken::take(&app, &by.actor, &key, enrolment, &request).await?;
    Ok(back(&visit, id))
}

/// Keeps the number that a trainee told.
async fn keep_contact(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<RecordContacts>,
    Path(id): Path<CohortId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = VerifiedContactRequest {
        phone: form.text("phone").to_owned(),
        means: form.text("means").parse().map_err(|_| malformed())?,
    };
    let enrolment = member(&app, id, &form).await?;
    contacts::record(&app, &by.actor, &key, enrolment, &request).await?;
    Ok(back(&visit, id))
}

/// Records a consent or a withdrawal that came on paper or by voice.
async fn record_consent(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<RecordConsents>,
    Path(id): Path<CohortId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    let relation = form.text("relation").trim();
    let request = RecordConsentRequest {
        given: match form.text("given") {
            "yes" => true,
            "no" => false,
            _ => return Err(malformed()),
        },
        purpose: form.text("purpose").parse().map_err(|_| malformed())?,
        until: day(&form, "until")?,
        given_by: form.text("given_by").parse().map_err(|_| malformed())?,
        relation: (!relation.is_empty()).then(|| relation.to_owned()),
        proof: form.text("proof").to_owned(),
        channel: form.text("channel").parse().map_err(|_| malformed())?,
    };
    let enrolment = member(&app, id, &form).await?;
    recorded_consents::record(&app, &by.actor, &key, enrolment, &request).await?;
    Ok(back(&visit, id))
}

#[derive(Template)]
#[template(path = "survey_calls.html")]
struct CallsPage {
    f: Frame,
    rows: Vec<CallItem>,
    scale: Vec<(u8, &'static str)>,
    contact: Option<(String, String)>,
    found: Option<&'static str>,
    form: String,
    key: String,
}

async fn calls_page(
    app: &App,
    visit: &Visit,
    by: &OnPage<Assess>,
    form: &FormToken,
    contact: Option<Contact>,
    found: Option<CallOutcome>,
) -> Result<Response, Problem> {
    let f = frame(
        app,
        visit,
        visit.lang.pick("电话回访", "Calls about surveys"),
    )
    .under("/assess", visit.lang.pick("第三方评估", "Assessments"));
    let pick = |zh, en| f.lang().pick(zh, en);
    let page = CallsPage {
        rows: calls::list(app, &by.actor).await?,
        scale: SCALE
            .iter()
            .map(|(value, zh, en)| (*value, pick(zh, en)))
            .collect(),
        contact: contact.map(|one| {
            let none = || pick("没有", "none").to_owned();
            (
                one.name.unwrap_or_else(none),
                one.phone.unwrap_or_else(none),
            )
        }),
        found: found.map(|one| pick(one.zh(), one.en())),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(app, StatusCode::OK, &page, Some(form))
}

async fn open_calls(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<Assess>,
    form: FormToken,
) -> Result<Response, Problem> {
    calls_page(&app, &visit, &by, &form, None, None).await
}

/// Reads whom to call, or records what was said.
async fn call(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<Assess>,
    token: FormToken,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let id: Uuid = form
        .text("call")
        .parse()
        .map_err(|_| Problem::not_found())?;
    if form.text("act") == "contact" {
        let request = ContactRequest {
            words: visit
                .lang
                .pick("满意度电话回访", "call about the survey")
                .to_owned(),
        };
        let found = calls::contact(&app, &by.actor, &key, id, &request).await?;
        return calls_page(&app, &visit, &by, &token, Some(found), None).await;
    }
    let request = CallOutcomeRequest {
        reached: form.text("answered") != "not_reached",
        answered: match form.text("answered") {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        overall: form.text("overall").parse().ok(),
    };
    let done = calls::record(&app, &by.actor, &key, id, &request).await?;
    let receipt: CallReceipt = done.parse()?;
    let found = receipt.outcome.parse().ok();
    calls_page(&app, &visit, &by, &token, None, found).await
}
