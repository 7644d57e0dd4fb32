//! `/org/episodes/new`: an institution claims work of a trainee. First the class is chosen, then the trainee of it.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::cohort::CohortState;
use domain::enrolment::EnrolmentState;
use domain::evidence::Source;
use domain::grading::{Tier, WorkType};
use domain::ids::{CohortId, EnrolmentId, FileId};
use serde::Deserialize;
use store::cohorts::{self, Cohort, Filter};
use store::scope::Scope;

use super::{episode::back, frame};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::ClaimEpisodes;
use crate::access::upload::OwnUpload;
use crate::app::App;
use crate::assessments::sample::mask;
use crate::cases::pages::forms::{day, given};
use crate::cohorts::json_enrolments::masked_number;
use crate::extract::{IdempotencyKey, Query};
use crate::fields::Faults;
use crate::files::{self, FileReceipt};
use crate::frame::{Frame, Visit};
use crate::grades::counts::work_word;
use crate::outcomes::claims::{self, ClaimRequest, EpisodeReceipt};
use crate::problem::{Code, Problem};

/// Classes to choose from, newest first: three years of an institution that begins one a week.
const CLASSES: u64 = 160;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    class: Option<CohortId>,
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    faults: Vec<(String, String)>,
    trainee: String,
    work_type: String,
    employer: String,
    start_on: String,
    last_day: String,
    region: String,
    source: String,
    related: bool,
    /// A document that was taken already.
    file: String,
}

type Choice = (String, String);

#[derive(Template)]
#[template(path = "evidence_claim.html")]
struct ClaimPage {
    f: Frame,
    classes: Vec<Choice>,
    class: String,
    trainees: Vec<Choice>,
    work_types: Vec<Choice>,
    sources: Vec<Choice>,
    typed: Typed,
    form: String,
    key: String,
}

impl ClaimPage {
    fn fault(&self, field: &str) -> Option<&str> {
        let faults = &self.typed.faults;
        let found = faults.iter().find(|(name, _)| name == field);
        found.map(|(_, words)| words.as_str())
    }
}

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ClaimEpisodes>,
    form: FormToken,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let typed = Typed::default();
    let view = page(&app, &visit, &by, &form, (asked.class, typed)).await?;
    staff_page(&app, StatusCode::OK, &view, Some(&form))
}

async fn page(
    app: &App,
    visit: &Visit,
    by: &OnPage<ClaimEpisodes>,
    form: &FormToken,
    (chosen, typed): (Option<CohortId>, Typed),
) -> Result<ClaimPage, Problem> {
    // Federations claim nothing here: what they know comes as evidence of its own.
    if !by.actor.role.is_institution() {
        return Err(Problem::not_found());
    }
    let title = visit.lang.pick("申报学员就业", "Claim work of a trainee");
    let title = if typed.faults.is_empty() {
        title.to_owned()
    } else {
        format!("{}{title}", visit.lang.pick("错误:", "Error: "))
    };
    let list = visit.lang.pick("就业记录", "Work of trainees");
    let f = frame(app, visit, &title).under("/org/episodes", list);
    let (reader, scope) = (app.store.reader(), Scope::of(&by.actor));
    let class = match chosen {
        Some(id) => Some(
            cohorts::find(reader, &scope, id)
                .await?
                .ok_or_else(Problem::not_found)?,
        ),
        None => None,
    };
    let classes = cohorts::list(reader, &scope, &Filter::default(), None, CLASSES).await?;
    let pick = |zh, en| f.lang().pick(zh, en).to_owned();
    Ok(ClaimPage {
        classes: classes
            .iter()
            .filter(|one| has_trainees(one))
            .map(|one| (one.id.to_string(), class_words(&f, one)))
            .collect(),
        trainees: match &class {
            Some(class) => trainees(app, class).await?,
            None => Vec::new(),
        },
        class: class.map(|one| one.id.to_string()).unwrap_or_default(),
        work_types: WorkType::ALL
            .iter()
            .filter(|one| {
                !matches!(
                    one,
                    WorkType::Unpaid | WorkType::Internship | WorkType::Trial
                )
            })
            .map(|one| (one.to_string(), work_word(&f, *one).to_owned()))
            .collect(),
        sources: Source::ALL
            .iter()
            .filter(|one| one.tier() == Tier::C)
            .map(|one| (one.to_string(), pick(one.zh(), one.en())))
            .collect(),
        typed,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    })
}

/// Whether somebody may have found work after it.
fn has_trainees(class: &Cohort) -> bool {
    use CohortState as S;
    matches!(
        class.state,
        S::Finished | S::Accepted | S::Archived | S::Terminated
    )
}

fn class_words(f: &Frame, class: &Cohort) -> String {
    let end = f.date(class.end_on);
    format!("{} · {} · {end}", class.name, class.code)
}

/// Names are masked here as in every list; the last character of the number tells two of one name apart.
async fn trainees(app: &App, class: &Cohort) -> Result<Vec<Choice>, Problem> {
    use EnrolmentState as S;
    let mut found = store::enrolments::of_cohort(app.store.reader(), class.id).await?;
    found.retain(|one| {
        matches!(
            one.state,
            S::Enrolled | S::Completed | S::NotCompleted | S::Withdrawn | S::Dismissed
        )
    });
    let people: Vec<_> = found.iter().map(|one| one.person).collect();
    let (reader, vault) = (app.store.reader(), app.store.vault());
    let open = store::persons::open(reader, vault, &people, app.today()).await?;
    let mut choices: Vec<Choice> = found
        .iter()
        .map(|one| {
            let person = open.get(&one.person);
            let name = mask(person.map(|person| person.name.as_str()));
            let number = person
                .and_then(|person| person.citizen_id.as_deref())
                .map_or_else(String::new, |number| format!(" {}", masked_number(number)));
            let from = app.regions.full_name(&one.hukou_region);
            (one.id.to_string(), format!("{name}{number} · {from}"))
        })
        .collect();
    choices.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(choices)
}

/// Takes the claim.
pub(super) async fn send(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ClaimEpisodes>,
    token: FormToken,
    upload: OwnUpload,
) -> Result<Response, Problem> {
    let form = &upload.form;
    let key: IdempotencyKey = form.text("key").parse()?;
    let class = form.text("class").parse().ok();
    let mut kept = given(form, "kept");
    let sent = match document(&app, &by, form, upload.file, &mut kept).await {
        Ok(file) => claimed(&app, &by, &key, form, file).await,
        Err(problem) => Err(problem),
    };
    let problem = match sent {
        Ok(id) => return Ok(back(&visit, &by.actor, &id)),
        Err(problem) => problem,
    };
    if !problem.code().status().is_client_error() || problem.code() == Code::NotFound {
        return Err(problem);
    }
    let mut faults = problem.by_field(visit.lang);
    if faults.is_empty() {
        let detail = problem.detail();
        faults.push((
            "file".to_owned(),
            visit.lang.pick(&detail.zh, &detail.en).to_owned(),
        ));
    }
    let text = |name: &str| form.text(name).to_owned();
    let typed = Typed {
        faults,
        trainee: text("trainee"),
        work_type: text("work_type"),
        employer: text("employer"),
        start_on: text("start_on"),
        last_day: text("last_day"),
        region: text("work_region"),
        source: text("source"),
        related: form.has("related"),
        file: kept.unwrap_or_default(),
    };
    let status = problem.code().status();
    let view = page(&app, &visit, &by, &token, (class, typed)).await?;
    staff_page(&app, status, &view, Some(&token))
}

/// The document of the form: one that was taken before, or the one that comes with it.
async fn document(
    app: &App,
    by: &OnPage<ClaimEpisodes>,
    form: &OwnForm,
    bytes: Vec<u8>,
    kept: &mut Option<String>,
) -> Result<Option<FileId>, Problem> {
    if !bytes.is_empty() {
        let key: IdempotencyKey = format!("f{}", form.text("key")).parse()?;
        let receipt = files::upload(app, &by.actor, &key, Bytes::from(bytes)).await?;
        *kept = Some(receipt.parse::<FileReceipt>()?.id.to_string());
    }
    let malformed = |_| Problem::new(Code::MalformedRequest);
    kept.as_deref()
        .map(|id| id.parse().map_err(malformed))
        .transpose()
}

async fn claimed(
    app: &App,
    by: &OnPage<ClaimEpisodes>,
    key: &IdempotencyKey,
    form: &OwnForm,
    file: Option<FileId>,
) -> Result<String, Problem> {
    let mut faults = Faults::default();
    let trainee: Option<EnrolmentId> = form.text("trainee").parse().ok();
    let work_type: Option<WorkType> = form.text("work_type").parse().ok();
    let source: Option<Source> = form.text("source").parse().ok();
    let start_on = faults.held(day(form, "start_on"));
    let last_day = faults.held(day(form, "last_day"));
    let mut missing = |pointer: &str, zh: &str, en: &str| {
        faults.add(pointer, "missing-field", zh, en);
    };
    if trainee.is_none() {
        missing("/trainee", "请选择学员。", "Choose the trainee.");
    }
    if work_type.is_none() {
        missing("/work_type", "请选择就业形式。", "Choose the form of work.");
    }
    if source.is_none() {
        missing("/source", "请选择依据。", "Choose what it rests on.");
    }
    if start_on == Some(None) {
        missing(
            "/start_on",
            "请填写第一天的日期。",
            "Give the first day of work.",
        );
    }
    faults.finish()?;
    let (Some(trainee), Some(work_type), Some(source), Some(Some(start_on)), Some(last_day)) =
        (trainee, work_type, source, start_on, last_day)
    else {
        return Err(Problem::new(Code::MalformedRequest));
    };
    let request = ClaimRequest {
        employer: given(form, "employer"),
        work_type,
        start_on,
        last_day,
        // A name or a code; what neither is, the claim itself refuses.
        work_region: given(form, "work_region").map(|text| {
            let found = app.regions.look_up(&text);
            found.map_or(text, |code| code.as_str().to_owned())
        }),
        source,
        contract_text: None,
        file,
        related: form.has("related"),
    };
    let receipt = claims::claim(app, &by.actor, key, trainee, &request).await?;
    Ok(receipt.parse::<EpisodeReceipt>()?.id)
}
