//! `/admin/policies`: grading policies of one's federation, drafted from a file, tried on frozen evidence before they take
//! effect (who would move, by how much and why), and proposed for publication.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::grading::{Indicator, Reason, Replay};
use domain::ids::{GradingRunId, PolicyDraftId};
use serde::Deserialize;
use store::grading::Whose;
use store::grading::policies::{self as rows, Draft};
use store::scope::NATIONAL;

use super::super::pages::score_text;
use super::super::policies::{self, DraftPolicyRequest, PolicyReceipt};
use super::super::replay;
use super::{SHOWN, kind_word};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::ManageGradingPolicies;
use crate::access::upload::OwnUpload;
use crate::app::App;
use crate::cases::pages::forms::day;
use crate::extract::{IdempotencyKey, Path, Query};
use crate::frame::{Brand, Frame, Visit};
use crate::institutions::pages::grade_word;
use crate::problem::{Code, Problem};

/// Address of the page.
const PATH: &str = "/admin/policies";

struct Line {
    id: String,
    name: String,
    state: &'static str,
    effective: String,
    /// The baseline that took the place of its base: it does not count beside that one.
    passed: Option<String>,
}

#[derive(Template)]
#[template(path = "policies.html")]
struct ListPage {
    f: Frame,
    national: bool,
    rows: Vec<Line>,
    wrong: Option<String>,
    /// Where in the file, and what to do.
    faults: Vec<(String, String)>,
    effective_on: String,
    form: String,
    key: String,
}

fn state_word(f: &Frame, draft: &Draft) -> &'static str {
    match draft.state.as_str() {
        "published" => f.lang().pick("已发布", "published"),
        _ => f.lang().pick("草稿", "draft"),
    }
}

async fn page(
    app: &App,
    visit: &Visit,
    by: &OnPage<ManageGradingPolicies>,
    form: &FormToken,
    failed: Option<(&Problem, &OwnForm)>,
) -> Result<ListPage, Problem> {
    let title = visit.lang.pick("评级政策", "Grading policies");
    let title = match failed {
        Some(_) => format!("{}{title}", visit.lang.pick("错误:", "Error: ")),
        None => title.to_owned(),
    };
    let f = Frame::new(app, visit, Brand::Registry, title)
        .under("/desk", visit.lang.pick("工作台", "Desk"))
        .under("/admin/gradings", visit.lang.pick("评级", "Grading"));
    let own = by.actor.federation.as_deref();
    let reader = app.store.reader();
    let mut lines = Vec::new();
    for draft in rows::all(reader).await? {
        if Some(draft.federation.as_str()) != own {
            continue;
        }
        let passed = match draft.base.as_deref() {
            Some(base) if draft.federation != NATIONAL => {
                let on = draft.effective_on.max(app.today());
                let right = policies::baseline_on(reader, on).await?;
                (right != base).then_some(right)
            }
            _ => None,
        };
        lines.push(Line {
            id: draft.id.to_string(),
            state: state_word(&f, &draft),
            effective: f.date(draft.effective_on),
            passed,
            name: draft.name,
        });
    }
    Ok(ListPage {
        national: own == Some(NATIONAL),
        rows: lines,
        wrong: failed.map(|(problem, _)| {
            let detail = problem.detail();
            f.t(&detail.zh, &detail.en).to_owned()
        }),
        faults: failed.map_or_else(Vec::new, |(problem, _)| {
            let errors = problem.errors().iter();
            errors
                .map(|one| {
                    let words = f.t(&one.detail.zh, &one.detail.en).to_owned();
                    (one.pointer.clone(), words)
                })
                .collect()
        }),
        effective_on: failed
            .map_or("", |(_, form)| form.text("effective_on"))
            .to_owned(),
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    })
}

/// The list.
pub(super) async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageGradingPolicies>,
    form: FormToken,
) -> Result<Response, Problem> {
    let page = page(&app, &visit, &by, &form, None).await?;
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// Drafts a policy from a file; every fault of it is told.
pub(super) async fn draft(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageGradingPolicies>,
    token: FormToken,
    upload: OwnUpload,
) -> Result<Response, Problem> {
    match drafted(&app, &by, upload.file, &upload.form).await {
        Ok(id) => Ok(to(&visit, &id)),
        Err(problem) if problem.code() == Code::InvalidRequest => {
            let view = page(&app, &visit, &by, &token, Some((&problem, &upload.form))).await?;
            staff_page(&app, StatusCode::UNPROCESSABLE_ENTITY, &view, Some(&token))
        }
        Err(problem) => Err(problem),
    }
}

async fn drafted(
    app: &App,
    by: &OnPage<ManageGradingPolicies>,
    file: Vec<u8>,
    form: &OwnForm,
) -> Result<String, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let text = String::from_utf8(file).map_err(|_| {
        Problem::field(
            "/text",
            "encoding",
            "文件不是 UTF-8 编码的 JSON。",
            "The file is not JSON in UTF-8.",
        )
    })?;
    let effective_on = day(form, "effective_on")?.ok_or_else(|| {
        Problem::field(
            "/effective_on",
            "missing-field",
            "请填写生效日期。",
            "Give the day from which it takes effect.",
        )
    })?;
    let request = DraftPolicyRequest { text, effective_on };
    let done = policies::draft(app, &by.actor, &key, &request).await?;
    Ok(done.parse::<PolicyReceipt>()?.id)
}

fn to(visit: &Visit, id: &str) -> Response {
    let base = visit.lang.pick(PATH, "/en/admin/policies");
    Redirect::to(&format!("{base}/{id}")).into_response()
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tried {
    /// The run on whose evidence it is tried.
    run: Option<String>,
}

struct MoveLine {
    name: String,
    province: String,
    before: String,
    after: String,
    moves: bool,
    score_before: String,
    score_after: String,
    /// What each indicator adds, where that changes.
    why: Vec<String>,
    reasons: Vec<&'static str>,
}

struct ShiftLine {
    name: String,
    rise: u32,
    fall: u32,
    stay: u32,
}

struct Outcome {
    before: String,
    moves: Vec<MoveLine>,
    provinces: Vec<ShiftLine>,
    /// Nothing where a small count would show.
    trainees: Vec<(String, Option<ShiftLine>)>,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    f: Frame,
    path: String,
    name: String,
    base: Option<String>,
    state: &'static str,
    draft: bool,
    effective: String,
    sha256: String,
    text: String,
    runs: Vec<(String, String, bool)>,
    tried: Option<Outcome>,
    form: String,
    key: String,
}

/// One policy, and what it would change on a chosen run.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageGradingPolicies>,
    form: FormToken,
    Path(id): Path<PolicyDraftId>,
    Query(tried): Query<Tried>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let own = by.actor.federation.as_deref();
    let draft = rows::find(reader, id)
        .await?
        .filter(|draft| Some(draft.federation.as_str()) == own)
        .ok_or_else(Problem::not_found)?;
    let f = Frame::new(&app, &visit, Brand::Registry, draft.name.clone())
        .under("/desk", visit.lang.pick("工作台", "Desk"))
        .under(PATH, visit.lang.pick("评级政策", "Grading policies"));
    let chosen: Option<GradingRunId> = match tried.run.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Problem::field(
                "/run",
                "query",
                "没有这次评级,请在列表中选择。",
                "There is no such run; choose one from the list.",
            )
        })?),
    };
    let within = own.filter(|code| *code != NATIONAL);
    let tried = match chosen {
        Some(run) => {
            let within = within.map(str::to_owned);
            let found = replay::replay(&app, run, draft.text.clone(), within).await?;
            Some(result(&app, &f, found, own).await?)
        }
        None => None,
    };
    let mut runs = Vec::new();
    for run in store::grading::runs(reader, SHOWN).await? {
        let freeze = store::grading::freeze(reader, run.freeze)
            .await?
            .ok_or_else(|| Problem::internal("a run without evidence"))?;
        let words = format!(
            "{} {} · {}",
            kind_word(&f, freeze.kind),
            f.date(freeze.freeze_on),
            run.policy
        );
        runs.push((run.id.to_string(), words, chosen == Some(run.id)));
    }
    let page = PolicyPage {
        path: format!("{PATH}/{id}"),
        state: state_word(&f, &draft),
        draft: draft.state == "draft",
        effective: f.date(draft.effective_on),
        sha256: data_encoding::HEXLOWER.encode(&draft.sha256),
        name: draft.name,
        base: draft.base,
        text: draft.text,
        runs,
        tried,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

async fn result(
    app: &App,
    f: &Frame,
    found: Replay,
    own: Option<&str>,
) -> Result<Outcome, Problem> {
    let whose = match own {
        Some(code) if code != NATIONAL => Whose::Federation(code),
        _ => Whose::All,
    };
    let called = store::grading::called(app.store.reader(), whose).await?;
    let names: HashMap<String, String> = called
        .into_iter()
        .map(|one| (one.admission_id.to_string(), one.name))
        .collect();
    let province = |code: &str| crate::institutions::profile::federation_name(app, code);
    let moves = found
        .moves
        .into_iter()
        .map(|one| MoveLine {
            name: names
                .get(&one.institution)
                .cloned()
                .unwrap_or(one.institution),
            province: province(&one.federation),
            before: grade_word(f.lang(), one.grade_before),
            after: grade_word(f.lang(), one.grade_after),
            moves: one.grade_before != one.grade_after,
            score_before: one.composite_before.map_or_else(dash, score_text),
            score_after: one.composite_after.map_or_else(dash, score_text),
            why: one
                .why
                .iter()
                .map(|part| {
                    let word = part
                        .indicator
                        .parse::<Indicator>()
                        .map_or_else(|_| part.indicator, |one| f.lang().pick(one.zh(), one.en()));
                    format!(
                        "{word} {} → {}",
                        points(part.before_milli),
                        points(part.after_milli)
                    )
                })
                .collect(),
            reasons: one
                .reasons
                .iter()
                .filter_map(|code| code.parse::<Reason>().ok())
                .map(|reason| f.lang().pick(reason.zh(), reason.en()))
                .collect(),
        })
        .collect();
    let line = |name: String, shift: domain::grading::Shift| ShiftLine {
        name,
        rise: shift.rise,
        fall: shift.fall,
        stay: shift.stay,
    };
    Ok(Outcome {
        before: found.before,
        moves,
        provinces: found
            .provinces
            .into_iter()
            .map(|(code, shift)| line(province(&code), shift))
            .collect(),
        trainees: found
            .trainees
            .into_iter()
            .map(|one| {
                let name = kind_of_trainee(f, &one.stratum);
                let shift = one.trainees.map(|shift| line(name.clone(), shift));
                (name, shift)
            })
            .collect(),
    })
}

fn dash() -> String {
    "-".to_owned()
}

fn points(milli: i128) -> String {
    score_text(u32::try_from(milli.max(0)).unwrap_or(u32::MAX))
}

/// Category and severity in words: `1/S` is the first category, severe.
fn kind_of_trainee(f: &Frame, stratum: &str) -> String {
    let (category, band) = stratum.split_once('/').unwrap_or((stratum, ""));
    let (zh, en) = match category {
        "1" => ("视力", "visual"),
        "2" => ("听力", "hearing"),
        "3" => ("言语", "speech"),
        "4" => ("肢体", "physical"),
        "5" => ("智力", "intellectual"),
        "6" => ("精神", "mental"),
        "7" => ("多重", "multiple"),
        other => (other, other),
    };
    let band = match band {
        "S" => f.t("重度(一、二级)", "severe (levels 1, 2)"),
        _ => f.t("中轻度(三、四级)", "moderate (levels 3, 4)"),
    };
    format!("{} {band}", f.t(zh, en))
}

/// Proposes to publish it; a second person approves on the desk.
pub(super) async fn publish(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<ManageGradingPolicies>,
    Path(id): Path<PolicyDraftId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    policies::propose(&app, &by.actor, &key, id).await?;
    Ok(to(&visit, &id.to_string()))
}
