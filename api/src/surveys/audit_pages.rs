//! `/admin/survey-audits/{id}`: the province audits the survey of an institution: draws whom a third party calls, suspends
//! and takes that back, settles flagged answers. It sees how an answer came, never what it says nor whose it is.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::grading::{SurveyBy, SurveyMode};
use domain::ids::AdmissionId;
use domain::survey::SurveyFlag;
use store::assessments::assessors;
use store::institutions::Admission;
use store::scope::Scope;
use store::survey_calls::{self as rows, Flagged};
use store::surveys;

use super::audits::{self, SettleAnswerRequest};
use super::calls::{self, DrawCallsRequest};
use super::invite::{self, SuspendSurveyRequest};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::AuditSurveys;
use crate::app::App;
use crate::assessments::held::conflict_since;
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit, both};
use crate::problem::{Code, Problem};

/// Institutions on the list of the desk.
const SHOWN: u64 = 100;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    both(
        Router::new(),
        "/admin/survey-audits/{id}",
        get(show).post(act),
    )
}

/// An institution of which something is to be audited.
pub(super) struct AuditLine {
    pub(super) href: String,
    pub(super) name: String,
    /// Until when whom a third party calls is to be drawn.
    pub(super) draw: Option<String>,
    /// Until when the survey is to be suspended.
    pub(super) suspend: Option<String>,
    pub(super) flagged: i64,
}

/// Institutions of the scope of which something is to be audited.
pub(super) async fn lines(app: &App, scope: &Scope, f: &Frame) -> Result<Vec<AuditLine>, Problem> {
    let rows = rows::to_audit(app.store.reader(), scope, SHOWN).await?;
    let day = |day: Option<String>| day.and_then(|day| Some(f.date(day.parse().ok()?)));
    Ok(rows
        .into_iter()
        .map(|row| AuditLine {
            href: format!("/admin/survey-audits/{}", AdmissionId::new(row.id)),
            name: row.institution,
            draw: day(row.draw_due),
            suspend: day(row.suspend_due),
            flagged: row.flagged,
        })
        .collect())
}

struct FlaggedLine {
    id: String,
    flags: String,
    how: String,
    on: String,
}

#[derive(Template)]
#[template(path = "survey_audit.html")]
struct AuditPage {
    f: Frame,
    path: String,
    name: String,
    answers: u32,
    left_out: u32,
    /// Answers that nobody was called about.
    uncalled: usize,
    suspended: bool,
    /// Who may call: accreditation, organisation and last day.
    assessors: Vec<(String, String)>,
    flagged: Vec<FlaggedLine>,
    form: String,
    key: String,
}

async fn held(app: &App, by: &OnPage<AuditSurveys>, id: AdmissionId) -> Result<Admission, Problem> {
    store::institutions::find(app.store.reader(), &Scope::of(&by.actor), id)
        .await?
        .ok_or_else(Problem::not_found)
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<AuditSurveys>,
    form: FormToken,
    Path(id): Path<AdmissionId>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let row = held(&app, &by, id).await?;
    let f = Frame::desk(&app, &visit, row.institution.name.clone())
        .under("/admin/surveys", visit.lang.pick("满意度调查", "Surveys"));
    let (answers, left_out) = surveys::flagged(reader, id).await?;
    let (web, taken) = rows::uncalled(reader, id).await?;
    let flagged = rows::flagged(reader, id).await?;
    let page = AuditPage {
        path: format!("/admin/survey-audits/{id}"),
        name: row.institution.name.clone(),
        answers,
        left_out,
        uncalled: web.len() + taken.len(),
        suspended: surveys::suspended(reader).await?.contains(&id),
        assessors: callers(&app, &f, &row).await?,
        flagged: flagged.iter().map(|one| line(&f, one)).collect(),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// Accredited assessors who may call: without an interest, and none who took one of the answers.
async fn callers(app: &App, f: &Frame, row: &Admission) -> Result<Vec<(String, String)>, Problem> {
    let reader = app.store.reader();
    let takers = rows::takers(reader, row.id).await?;
    let institution = row.institution.id.uuid();
    let (today, since) = (app.today(), conflict_since(app));
    let found = assessors::eligible(reader, &row.federation, institution, today, since).await?;
    let until = f.t("资格至", "accredited until");
    Ok(found
        .into_iter()
        .filter(|one| !takers.contains(&one.person))
        .map(|one| {
            let id = one.id.to_string();
            // Several of one organisation differ in the end of their number.
            let end = id.get(id.len().saturating_sub(6)..).unwrap_or_default();
            let words = format!(
                "{} …{end} ({until} {})",
                one.organisation,
                f.date(one.valid_until)
            );
            (id, words)
        })
        .collect())
}

fn line(f: &Frame, one: &Flagged) -> FlaggedLine {
    let pick = |zh, en| f.lang().pick(zh, en);
    let flags: Vec<&str> = one
        .flags
        .iter()
        .filter_map(|flag| flag.parse::<SurveyFlag>().ok())
        .map(|flag| pick(flag.zh(), flag.en()))
        .collect();
    let mode = one.mode.parse::<SurveyMode>();
    let by = one.by.parse::<SurveyBy>();
    let how: Vec<&str> = [
        mode.ok().map(|mode| pick(mode.zh(), mode.en())),
        by.ok().map(|by| pick(by.zh(), by.en())),
    ]
    .into_iter()
    .flatten()
    .collect();
    FlaggedLine {
        id: one.id.to_string(),
        flags: flags.join(pick("、", ", ")),
        how: how.join(" · "),
        on: one
            .submitted_on
            .parse()
            .map_or_else(|_| one.submitted_on.clone(), |day| f.date(day)),
    }
}

/// Draws, suspends, resumes or settles.
async fn act(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<AuditSurveys>,
    Path(id): Path<AdmissionId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    held(&app, &by, id).await?;
    match form.text("act") {
        "draw" => {
            let assessor = form.text("assessor").parse().map_err(|_| {
                Problem::field(
                    "/assessor",
                    "missing",
                    "请选择由谁回访。",
                    "Choose who makes the calls.",
                )
            })?;
            let request = DrawCallsRequest { assessor };
            calls::draw(&app, &by.actor, &key, id, &request).await?;
        }
        "suspend" | "resume" => {
            let suspends = form.text("act") == "suspend";
            let request = SuspendSurveyRequest {
                reason: suspends.then(|| form.text("reason").to_owned()),
            };
            invite::suspend(&app, &by.actor, &key, id, &request).await?;
        }
        "settle" => {
            let request = SettleAnswerRequest {
                counts: match form.text("counts") {
                    "yes" => true,
                    "no" => false,
                    _ => return Err(malformed()),
                },
                reason: form.text("reason").to_owned(),
            };
            let response = form
                .text("response")
                .parse()
                .map_err(|_| Problem::not_found())?;
            audits::settle(&app, &by.actor, &key, id, response, &request).await?;
        }
        _ => return Err(malformed()),
    }
    let base = visit
        .lang
        .pick("/admin/survey-audits", "/en/admin/survey-audits");
    Ok(Redirect::to(&format!("{base}/{id}")).into_response())
}
