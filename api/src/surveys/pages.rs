//! `/s/{token}`: the survey without an account and without a script (pages.md 4.1). One question a page, or all at once;
//! easy reading; a helper is recorded. What was answered travels in the form until it is sent.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use domain::grading::{SurveyBy, SurveyMode};
use domain::survey::{Circumstances, EASY_SCALE, LEAST_ITEMS, SCALE, SurveyItem, flags, items};
use serde::Deserialize;
use store::surveys::{self as rows, Invitation, NewResponse};

use crate::access::browser::{Cookie, FormToken, OwnForm};
use crate::access::pages::staff_page;
use crate::access::tokens::{Kind, Token};
use crate::app::App;
use crate::audit::origin::Origin;
use crate::extract::{Path, Query};
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::{Code, Problem};

/// How many questions there are.
const QUESTIONS: usize = 5;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    both(Router::new(), "/s/{token}", get(begin).post(step))
}

struct Choice {
    value: u8,
    word: &'static str,
    chosen: bool,
}

struct Question {
    name: String,
    words: &'static str,
    choices: Vec<Choice>,
    skipped: bool,
}

#[derive(Template)]
#[template(path = "survey.html")]
struct SurveyPage {
    f: Frame,
    /// `begin`, `questions`, `end`, `done`, `used`, `late`.
    stage: &'static str,
    title: String,
    program: String,
    institution: String,
    easy: bool,
    all: bool,
    /// The question shown, from 1.
    at: usize,
    questions: Vec<Question>,
    /// Answers to carry on, as name and value.
    carried: Vec<(String, String)>,
    reminder: bool,
    answered_on: String,
    form: String,
    address: String,
}

#[derive(Debug, Default, Deserialize)]
struct BeginQuery {
    easy: Option<String>,
    all: Option<String>,
}

async fn invitation(app: &App, token: &str) -> Result<Invitation, Problem> {
    let token = Token::parse(Kind::OneTime, token).ok_or_else(Problem::not_found)?;
    store::rotation::learn_versions(app.store.reader(), app.store.vault()).await?;
    rows::by_token(app.store.reader(), &token.macs(app))
        .await?
        .ok_or_else(Problem::not_found)
}

fn over(app: &App, found: &Invitation) -> bool {
    found.state == "expired" || found.ends_at <= app.now().timestamp_millis()
}

fn page_of(app: &App, visit: &Visit, found: &Invitation, form: &FormToken) -> SurveyPage {
    let title = visit
        .lang
        .pick("培训满意度调查", "Survey of your training")
        .to_owned();
    SurveyPage {
        f: Frame::new(app, visit, Brand::Registry, title.clone()),
        stage: "begin",
        title,
        program: found.program_name.clone(),
        institution: found.institution_name.clone(),
        easy: false,
        all: false,
        at: 0,
        questions: Vec::new(),
        carried: Vec::new(),
        reminder: false,
        answered_on: String::new(),
        form: form.text.clone(),
        address: visit.path.clone(),
    }
}

fn show(
    app: &App,
    status: StatusCode,
    view: &SurveyPage,
    form: FormToken,
) -> Result<Response, Problem> {
    let mut response = staff_page(app, status, view, None)?;
    if let Some(cookie) = form.cookie {
        Cookie::Form.set(app, &mut response, &cookie);
    }
    Ok(response)
}

async fn begin(
    State(app): State<App>,
    visit: Visit,
    Path(token): Path<String>,
    Query(query): Query<BeginQuery>,
    form: FormToken,
) -> Result<Response, Problem> {
    let found = invitation(&app, &token).await?;
    let mut view = page_of(&app, &visit, &found, &form);
    if found.state == "answered" {
        view.stage = "used";
        view.answered_on = found
            .answered_on
            .as_deref()
            .map(|day| crate::institutions::pages::day(&view.f, day))
            .unwrap_or_default();
        return show(&app, StatusCode::OK, &view, form);
    }
    if over(&app, &found) {
        view.stage = "late";
        return show(&app, StatusCode::GONE, &view, form);
    }
    view.easy = query.easy.is_some();
    view.all = query.all.is_some();
    show(&app, StatusCode::OK, &view, form)
}

fn answer(form: &OwnForm, at: usize) -> Option<u8> {
    form.text(&format!("a{at}"))
        .parse()
        .ok()
        .filter(|value| (1..=5).contains(value))
}

fn question(f: &Frame, form: &OwnForm, at: usize, easy: bool) -> Question {
    let item = SurveyItem::ALL[at - 1];
    let given = answer(form, at);
    let scale: &[(u8, &str, &str)] = if easy { &EASY_SCALE } else { &SCALE };
    Question {
        name: format!("a{at}"),
        words: match (f.lang(), easy) {
            (crate::extract::Locale::Zh, true) => item.easy_zh(),
            (lang, _) => lang.pick(item.zh(), item.en()),
        },
        choices: scale
            .iter()
            .map(|(value, zh, en)| Choice {
                value: *value,
                word: f.lang().pick(zh, en),
                chosen: given == Some(*value),
            })
            .collect(),
        skipped: form.text(&format!("a{at}")) == "0",
    }
}

async fn step(
    State(app): State<App>,
    visit: Visit,
    Path(token): Path<String>,
    token_of_form: FormToken,
    headers: HeaderMap,
    form: OwnForm,
) -> Result<Response, Problem> {
    let mut found = invitation(&app, &token).await?;
    if found.state != "open" || over(&app, &found) {
        return Err(Problem::new(Code::SurveyClosed));
    }
    // Reading the page writes nothing (trust.md WEB-2): a messenger that looks at the link before its owner starts no clock.
    if found.opened_at.is_none() {
        let tx = app.store.write().await?;
        rows::opened(&tx, found.id, app.now()).await?;
        store::commit(tx).await?;
        found.opened_at = Some(app.now().timestamp_millis());
    }
    let mut view = page_of(&app, &visit, &found, &token_of_form);
    view.easy = form.text("easy") == "1";
    view.all = form.text("all") == "1";
    let asked: usize = form.text("q").parse().unwrap_or(0).min(QUESTIONS + 1);
    let going = form.text("step");
    if going == "submit" {
        return send(&app, &found, view, token_of_form, &headers, &form).await;
    }
    let next = match going {
        "back" => asked.saturating_sub(1).max(1),
        _ => asked + 1,
    };
    show_questions(&mut view, &form, next);
    show(&app, StatusCode::OK, &view, token_of_form)
}

fn show_questions(view: &mut SurveyPage, form: &OwnForm, next: usize) {
    let shown = if view.all {
        view.at = 1;
        1..=QUESTIONS
    } else if next > QUESTIONS {
        view.at = QUESTIONS + 1;
        next..=QUESTIONS
    } else {
        view.at = next;
        next..=next
    };
    view.stage = if view.at > QUESTIONS {
        "end"
    } else {
        "questions"
    };
    view.questions = shown
        .clone()
        .map(|at| question(&view.f, form, at, view.easy))
        .collect();
    view.carried = (1..=QUESTIONS)
        .filter(|at| !shown.contains(at))
        .map(|at| (format!("a{at}"), form.text(&format!("a{at}")).to_owned()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    if view.stage == "questions" && !view.all {
        view.title = format!(
            "{} {} {} {QUESTIONS} {}",
            view.f.t("第", "Question"),
            view.at,
            view.f.t("题,共", "of"),
            view.f.t("题", "")
        );
    }
}

async fn send(
    app: &App,
    found: &Invitation,
    mut view: SurveyPage,
    token: FormToken,
    headers: &HeaderMap,
    form: &OwnForm,
) -> Result<Response, Problem> {
    let mut answers = [None; QUESTIONS];
    for (at, answer_of) in answers.iter_mut().enumerate() {
        *answer_of = answer(form, at + 1);
    }
    let given = answers.iter().flatten().count();
    let reminded = form.text("reminded") == "1";
    // What was left out is asked about once; fewer than three answers say nothing.
    if given < LEAST_ITEMS || (given < QUESTIONS && !reminded) {
        view.all = true;
        show_questions(&mut view, form, 1);
        view.reminder = true;
        return show(app, StatusCode::UNPROCESSABLE_ENTITY, &view, token);
    }
    let five = items(answers).ok_or_else(|| Problem::new(Code::MalformedRequest))?;
    let by = match form.text("by") {
        "assisted" => SurveyBy::Assisted,
        "proxy" => SurveyBy::Proxy,
        _ => SurveyBy::Own,
    };
    let vault = app.store.vault();
    let network = Origin::current().network;
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    // The cookie of the form is that of the browser; where it keeps none, its kind and network stand for it.
    let device = Cookie::Form
        .of(app, headers)
        .unwrap_or_else(|| format!("{agent} {network}"));
    let device = vault.blind_index("survey.device", &device);
    let opened = found.opened_at.unwrap_or(found.ends_at);
    let seconds = (app.now().timestamp_millis() - opened).max(0) / 1_000;
    let network_index = vault.blind_index("survey.network", &network);
    let admission = found.admission_id.into();
    let tx = app.store.write().await?;
    let how = Circumstances {
        institution_network: rows::is_institution_network(&tx, found.institution_id, &network)
            .await?,
        from_device_before: rows::from_device(&tx, admission, &device).await?,
        from_network_before: rows::from_network(&tx, admission, &network_index).await?,
        on_day_before: rows::on_day(&tx, admission, app.today()).await?,
        seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        taken_by_officer: false,
    };
    let response = NewResponse {
        id: super::taken::response_id(app),
        invitation: found.id,
        enrolment: found.enrolment_id.into(),
        admission,
        items: five,
        submitted_on: app.today(),
        mode: SurveyMode::Web,
        by,
        seconds: how.seconds,
        device: Some(device),
        network: Some(network_index),
        flags: flags(five, how, &app.evidence.survey),
        taken_by: None,
    };
    rows::answer(&tx, vault, &response)
        .await
        .map_err(|error| match error {
            store::StoreError::Stale => Problem::new(Code::SurveyClosed),
            other => other.into(),
        })?;
    super::calls::suspension_due(app, &tx, admission).await?;
    store::commit(tx).await?;
    view.stage = "done";
    show(app, StatusCode::OK, &view, token)
}
