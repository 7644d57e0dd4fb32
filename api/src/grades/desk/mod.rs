//! Pages of grading behind the sign-in: runs and their publication for federations, the own grade for institutions.

mod policies;
pub(crate) mod rating;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::{Actor, Role};
use domain::ids::GradingRunId;
use store::grading::publications::{self as rows, Publication, PublicationState};
use store::grading::{FreezeKind, Whose};
use uuid::Uuid;

use super::pages::score_text;
use super::publications::{self, PublicationAct, PublicationActRequest};
use super::runs;
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{PublishGrades, SeeGrades};
use crate::app::App;
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit, both};
use crate::institutions::pages::grade_word;
use crate::problem::{Code, Problem};

/// Runs on one page.
const SHOWN: u64 = 40;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/admin/gradings", get(list));
    let router = both(router, "/admin/gradings/{run}", get(show).post(open));
    let router = both(router, "/admin/grade-publications/{id}", post(act));
    let router = both(
        router,
        "/admin/policies",
        get(policies::list).post(policies::draft),
    );
    let router = both(
        router,
        "/admin/policies/{id}",
        get(policies::show).post(policies::publish),
    );
    both(
        router,
        "/org/rating",
        get(rating::show).post(rating::object),
    )
}

/// Word of a state of a publication.
pub(super) fn state_word(f: &Frame, state: PublicationState) -> &'static str {
    let (zh, en) = match state {
        PublicationState::Figures => ("机构核对数据", "institutions check their figures"),
        PublicationState::Notice => ("公示中", "open for objections"),
        PublicationState::Published => ("已发布", "published"),
    };
    f.lang().pick(zh, en)
}

fn kind_word(f: &Frame, kind: FreezeKind) -> &'static str {
    match kind {
        FreezeKind::Annual => f.lang().pick("年度评级", "annual grading"),
        FreezeKind::Quarterly => f.lang().pick("季度监测", "quarterly monitoring"),
    }
}

struct RunLine {
    id: String,
    freeze: String,
    kind: &'static str,
    policy: String,
    correction: bool,
    state: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "gradings.html")]
struct ListPage {
    f: Frame,
    runs: Vec<RunLine>,
}

/// The federation at the level of the province that somebody's post belongs to; the whole country for the nation.
fn province(app: &App, actor: &Actor) -> Option<String> {
    let code = actor.federation.as_deref()?;
    if actor.role == Role::NationalOfficer {
        return None;
    }
    Some(app.regions.federation(code).unwrap_or(code).to_owned())
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeGrades>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let title = visit.lang.pick("评级", "Grading");
    let f = Frame::desk(&app, &visit, title);
    let own = province(&app, &by.actor);
    let published = rows::list(reader, own.as_deref(), None).await?;
    let mut lines = Vec::new();
    for run in store::grading::runs(reader, SHOWN).await? {
        let freeze = store::grading::freeze(reader, run.freeze)
            .await?
            .ok_or_else(|| Problem::internal("a run without evidence"))?;
        let publication = published.iter().find(|one| one.run == run.id);
        lines.push(RunLine {
            id: run.id.to_string(),
            freeze: f.date(freeze.freeze_on),
            kind: kind_word(&f, freeze.kind),
            correction: run.corrects.is_some(),
            policy: run.policy,
            state: publication
                .filter(|_| own.is_some())
                .map(|one| state_word(&f, one.state)),
        });
    }
    staff_page(&app, StatusCode::OK, &ListPage { f, runs: lines }, None)
}

struct Proposed {
    name: String,
    code: String,
    before: String,
    grade: String,
    moves: bool,
    score: String,
    n: u32,
}

struct Step {
    path: String,
    act: &'static str,
    words: &'static str,
    /// The first day on which it may be taken.
    from: Option<String>,
}

#[derive(Template)]
#[template(path = "grading.html")]
struct RunPage {
    f: Frame,
    freeze: String,
    kind: &'static str,
    policy: String,
    results: String,
    evidence: String,
    publication: Option<(&'static str, String)>,
    step: Option<Step>,
    revision: i32,
    form: String,
    key: String,
    rows: Vec<Proposed>,
}

/// What the reader may do next with a run's results.
fn step(
    f: &Frame,
    app: &App,
    run: GradingRunId,
    publication: Option<&Publication>,
) -> Option<Step> {
    let pick = |zh, en| f.lang().pick(zh, en);
    let later = |day: chrono::NaiveDate| {
        let first = day.succ_opt().unwrap_or(day);
        (first > app.today()).then(|| f.date(first))
    };
    let Some(one) = publication else {
        return Some(Step {
            path: format!("/admin/gradings/{run}"),
            act: "open",
            words: pick("告知机构核对数据", "Show the institutions their figures"),
            from: None,
        });
    };
    let (act, words, from) = match one.state {
        PublicationState::Figures => (
            PublicationAct::OpenNotice,
            pick("开始公示", "Open the notice"),
            later(one.figures_until),
        ),
        PublicationState::Notice => (
            PublicationAct::Publish,
            pick(
                "提请发布(须第二人)",
                "Propose to publish (a second person approves)",
            ),
            one.notice_until.and_then(later),
        ),
        PublicationState::Published => return None,
    };
    Some(Step {
        path: format!("/admin/grade-publications/{}", one.id),
        act: act.as_str(),
        words,
        from,
    })
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeGrades>,
    form: FormToken,
    Path(id): Path<GradingRunId>,
) -> Result<Response, Problem> {
    // Institutions see what is theirs at `/org/rating`.
    if by.actor.role.is_institution() {
        return Err(Problem::not_found());
    }
    let reader = app.store.reader();
    let (run, freeze) = runs::find(&app, id).await?;
    let own = province(&app, &by.actor);
    let title = visit.lang.pick("评级结果", "Results of a grading");
    let f = Frame::desk(&app, &visit, title)
        .under("/admin/gradings", visit.lang.pick("评级", "Grading"));
    let whose = own.as_deref().map_or(Whose::All, Whose::Federation);
    let called = store::grading::called(reader, whose).await?;
    let mut found: Vec<Proposed> = store::grading::results(reader, id, own.as_deref())
        .await?
        .into_iter()
        .filter_map(|row| {
            let one = called
                .iter()
                .find(|one| one.admission_id == row.admission.uuid())?;
            let before = row.previous_grade.as_deref();
            Some(Proposed {
                name: one.name.clone(),
                code: one.credit_code.clone(),
                before: before.map_or_else(|| "-".to_owned(), |grade| grade_word(f.lang(), grade)),
                moves: before != Some(row.grade.as_str()),
                grade: grade_word(f.lang(), &row.grade),
                score: row
                    .composite_milli
                    .map_or_else(|| "-".to_owned(), score_text),
                n: row.emp_n,
            })
        })
        .collect();
    // Whose grade would change stands first.
    found.sort_by_key(|one| !one.moves);
    let publication = match own.as_deref() {
        Some(code) => rows::list(reader, Some(code), None)
            .await?
            .into_iter()
            .find(|one| one.run == id),
        None => None,
    };
    let may = by.actor.role == Role::ProvinceOfficer && freeze.kind == FreezeKind::Annual;
    let hex = |bytes: &[u8; 32]| data_encoding::HEXLOWER.encode(bytes);
    let page = RunPage {
        freeze: f.date(freeze.freeze_on),
        kind: kind_word(&f, freeze.kind),
        policy: run.policy.clone(),
        results: hex(&run.results_sha256),
        evidence: hex(&freeze.evidence_sha256),
        publication: publication.as_ref().map(|one| {
            let last = match one.state {
                PublicationState::Figures => Some(one.figures_until),
                PublicationState::Notice => one.notice_until,
                PublicationState::Published => one.published_on,
            };
            (
                state_word(&f, one.state),
                last.map_or_else(String::new, |day| f.date(day)),
            )
        }),
        step: (may && !found.is_empty())
            .then(|| step(&f, &app, id, publication.as_ref()))
            .flatten(),
        revision: publication.as_ref().map_or(0, |one| one.revision),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        rows: found,
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

async fn open(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<PublishGrades>,
    Path(id): Path<GradingRunId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    publications::open(&app, &by.actor, &key, id).await?;
    Ok(back(&visit, id))
}

async fn act(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<PublishGrades>,
    Path(id): Path<Uuid>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let malformed = |_| Problem::new(Code::MalformedRequest);
    let key: IdempotencyKey = form.text("key").parse()?;
    let revision = form
        .text("revision")
        .parse()
        .map_err(|_| Problem::new(Code::MalformedRequest))?;
    let request = PublicationActRequest {
        act: form.text("act").parse().map_err(malformed)?,
    };
    let publication = rows::find(app.store.reader(), id)
        .await?
        .ok_or_else(Problem::not_found)?;
    publications::act_on(&app, &by.actor, &key, id, revision, &request).await?;
    Ok(back(&visit, publication.run))
}

fn back(visit: &Visit, run: GradingRunId) -> Response {
    let base = visit.lang.pick("/admin/gradings", "/en/admin/gradings");
    Redirect::to(&format!("{base}/{run}")).into_response()
}
