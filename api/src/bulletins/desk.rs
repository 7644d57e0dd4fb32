//! `/admin/bulletins`: drafts from a frozen run, review by a second person, notice, publication, withdrawal.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::access::Role;
use domain::bulletin::{BulletinAct, BulletinKind, BulletinState};
use domain::ids::{BulletinId, ObjectionId};
use store::cases::decisions;
use store::grading::publications::{self as rows, Bulletin, PublicationState};

use super::acts::{self, BulletinActRequest, WriteBulletinRequest};
use super::objections::{self, BulletinObjection};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{DecideObjections, WriteBulletins};
use crate::app::App;
use crate::cases::pages::forms::given;
use crate::extract::{IdempotencyKey, Path};
use crate::frame::{Frame, Visit, both};
use crate::institutions::objections::DecideObjectionRequest;
use crate::problem::{Code, Problem};

/// Bulletins on one page.
const SHOWN: u64 = 100;

/// Routes of these pages.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/admin/bulletins", get(list).post(write));
    let router = both(router, "/admin/bulletins/{id}", post(act));
    both(router, "/admin/objections/{id}", post(decide))
}

struct Line {
    id: String,
    title: String,
    kind: &'static str,
    number: Option<String>,
    state: &'static str,
    until: Option<String>,
    revision: i32,
    /// Acts that its state allows: word of the act, what the button says, whether a reason is asked for.
    acts: Vec<(&'static str, &'static str, bool)>,
    /// What was said against it while its notice ran.
    objections: Vec<BulletinObjection>,
}

#[derive(Template)]
#[template(path = "bulletins_desk.html")]
struct DeskPage {
    f: Frame,
    lines: Vec<Line>,
    kinds: Vec<(&'static str, &'static str)>,
    /// Runs that a bulletin may be built from.
    runs: Vec<(String, String)>,
    /// Published bulletins that one may correct.
    standing: Vec<(String, String)>,
    /// Decisions that one may be built from: leaf, and what it was about.
    decisions: Vec<(i64, String)>,
    form: String,
    key: String,
}

fn line(f: &Frame, row: &Bulletin) -> Line {
    let pick = |zh, en| f.lang().pick(zh, en);
    let acts = match row.state {
        BulletinState::Draft => vec![(
            BulletinAct::Review.as_str(),
            pick("提请复核(须第二人)", "Ask for the review (a second person)"),
            false,
        )],
        BulletinState::Reviewed => vec![(
            BulletinAct::OpenNotice.as_str(),
            pick("编号并公示", "Number it and open the notice"),
            false,
        )],
        BulletinState::Notice => vec![(
            BulletinAct::Publish.as_str(),
            pick("发布", "Publish"),
            false,
        )],
        BulletinState::Published => vec![(
            BulletinAct::Withdraw.as_str(),
            pick(
                "提请撤回(须第二人)",
                "Propose to withdraw (a second person)",
            ),
            true,
        )],
        BulletinState::Corrected | BulletinState::Withdrawn => Vec::new(),
    };
    Line {
        id: row.id.to_string(),
        title: row.title.clone(),
        kind: pick(row.kind.zh(), row.kind.en()),
        number: row.number.clone(),
        state: pick(row.state.zh(), row.state.en()),
        until: row
            .notice_until
            .filter(|_| row.state == BulletinState::Notice)
            .map(|day| f.date(day)),
        revision: row.revision,
        acts,
        objections: Vec::new(),
    }
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<WriteBulletins>,
    form: FormToken,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let title = visit.lang.pick("通报", "Bulletins");
    let f = Frame::desk(&app, &visit, title);
    let own = by.actor.federation.as_deref();
    let found = rows::bulletins(reader, own, false, SHOWN).await?;
    let national = by.actor.role == Role::NationalOfficer;
    let kinds = BulletinKind::ALL
        .iter()
        .filter(|kind| national == (**kind == BulletinKind::Provinces))
        .map(|kind| (kind.as_str(), f.lang().pick(kind.zh(), kind.en())))
        .collect();
    let mut runs: Vec<(String, String)> = Vec::new();
    for one in rows::list(reader, own, None).await? {
        let run = one.run.to_string();
        if one.state != PublicationState::Figures && runs.iter().all(|(id, _)| *id != run) {
            runs.push((run, f.date(one.freeze_on)));
        }
    }
    let mut lines = Vec::with_capacity(found.len());
    for row in &found {
        let mut line = line(&f, row);
        if row.state == BulletinState::Notice {
            line.objections = objections::of(&app, &by.actor, row.id).await?;
        }
        lines.push(line);
    }
    let mut told = Vec::new();
    if let Some(own) = own.filter(|_| !national) {
        for (leaf, act, name) in decisions::tellable(reader, own, SHOWN).await? {
            let act = crate::cases::pages::act_word(&f, &act);
            told.push((leaf, format!("{leaf} · {act} · {name}")));
        }
    }
    let page = DeskPage {
        decisions: told,
        standing: found
            .iter()
            .filter(|row| row.state == BulletinState::Published)
            .map(|row| {
                let number = row.number.as_deref().unwrap_or("");
                (row.id.to_string(), format!("{number} {}", row.title))
            })
            .collect(),
        lines,
        kinds,
        runs,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

fn malformed<E>(_: E) -> Problem {
    Problem::new(Code::MalformedRequest)
}

fn back(visit: &Visit) -> Response {
    Redirect::to(visit.lang.pick("/admin/bulletins", "/en/admin/bulletins")).into_response()
}

async fn write(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<WriteBulletins>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let kind: BulletinKind = form.text("kind").parse().map_err(malformed)?;
    let built_from_run = kind.decisions().is_empty();
    let corrects = given(&form, "corrects");
    let request = WriteBulletinRequest {
        kind,
        run: given(&form, "run")
            .filter(|_| built_from_run)
            .map(|run| run.parse())
            .transpose()
            .map_err(malformed)?,
        decision: given(&form, "decision")
            .filter(|_| !built_from_run)
            .map(|leaf| leaf.parse())
            .transpose()
            .map_err(malformed)?,
        title: form.text("title").to_owned(),
        corrects: corrects
            .map(|id| id.parse())
            .transpose()
            .map_err(malformed)?,
    };
    acts::write(&app, &by.actor, &key, &request).await?;
    Ok(back(&visit))
}

/// Decides an objection to a bulletin.
async fn decide(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<DecideObjections>,
    Path(id): Path<ObjectionId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = DecideObjectionRequest {
        accepted: form.text("accepted") == "yes",
        answer: form.text("answer").to_owned(),
    };
    crate::institutions::objections::decide(&app, &by.actor, &key, id, &request).await?;
    Ok(back(&visit))
}

async fn act(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<WriteBulletins>,
    Path(id): Path<BulletinId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let reason = form.text("reason").trim();
    let request = BulletinActRequest {
        act: form.text("act").parse().map_err(malformed)?,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    };
    let revision = form.text("revision").parse().map_err(malformed)?;
    acts::act_on(&app, &by.actor, &key, id, revision, &request).await?;
    Ok(back(&visit))
}
