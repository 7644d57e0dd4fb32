//! The list of what wants a look. A federation sees both sides as far as they lie in its area; an institution sees its own
//! side and that there is another.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::evidence::ConflictKind;
use domain::ids::ConflictId;
use serde::Deserialize;
use store::evidence_lists::{self as lists, Conflicts};
use store::scope::Scope;

use super::{Cells, SHOWN, address, base, beside, frame, masked, place, wrong};
use crate::access::browser::{FormToken, OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{DecideEpisodes, Permission as _, SeeEvidence};
use crate::app::App;
use crate::extract::{IdempotencyKey, Path, Query};
use crate::frame::{Frame, Visit};
use crate::outcomes::arbitration::{self, CloseConflictRequest, Sides};
use crate::problem::Problem;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// `open`, `closed`, `all`.
    state: Option<String>,
    kind: Option<String>,
    after: Option<String>,
}

impl Asked {
    /// Which conflicts, and the filter as it stands in an address.
    pub(super) fn which(&self) -> Result<(Conflicts, String), Problem> {
        let (open, word) = match self.state.as_deref() {
            None | Some("" | "open") => (Some(true), "open"),
            Some("closed") => (Some(false), "closed"),
            Some("all") => (None, "all"),
            Some(_) => {
                return Err(wrong(
                    "/state",
                    "没有这种状态,请在列表中选择。",
                    "There is no such state; choose one from the list.",
                ));
            }
        };
        let kind: Option<ConflictKind> = match self.kind.as_deref() {
            None | Some("") => None,
            Some(text) => Some(text.parse().map_err(|_| {
                wrong(
                    "/kind",
                    "没有这种疑点,请在列表中选择。",
                    "There is no such kind; choose one from the list.",
                )
            })?),
        };
        let which = Conflicts {
            open,
            kind,
            episode: None,
        };
        let kind = kind.map_or("", ConflictKind::as_str);
        Ok((which, format!("?state={word}&kind={kind}")))
    }
}

struct Line {
    href: String,
    kind: &'static str,
    open: bool,
    found: String,
    cells: Cells,
}

#[derive(Template)]
#[template(path = "evidence_conflicts.html")]
struct ListPage {
    f: Frame,
    org: bool,
    path: String,
    beside: Vec<(String, &'static str)>,
    states: Vec<(&'static str, &'static str, bool)>,
    kinds: Vec<(&'static str, &'static str, bool)>,
    filter: String,
    total: u64,
    rows: Vec<Line>,
    later: bool,
    next: Option<String>,
}

/// The page.
pub(super) async fn list(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeEvidence>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let f = frame(&app, &visit, visit.lang.pick("疑点清单", "Conflicts"));
    let pick = |zh, en| f.lang().pick(zh, en);
    let (which, filter) = asked.which()?;
    let after = place(asked.after.as_deref())?;
    let (reader, scope) = (app.store.reader(), Scope::of(&by.actor));
    let mut found = lists::conflicts(reader, &scope, which, after.as_ref(), SHOWN + 1).await?;
    let more = found.len() as u64 > SHOWN;
    found.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let names = masked(&app, found.iter().map(|one| one.whose.person)).await?;
    let path = format!("{}/conflicts", base(&by.actor));
    let next = found
        .last()
        .filter(|_| more)
        .map(|one| format!("{path}{filter}&after={}", address(&one.place())));
    let page = ListPage {
        org: by.actor.role.is_institution(),
        beside: beside(&f, &by.actor, &path),
        states: vec![
            ("open", pick("待核查", "open"), which.open == Some(true)),
            (
                "closed",
                pick("已办结", "closed"),
                which.open == Some(false),
            ),
            ("all", pick("全部", "all"), which.open.is_none()),
        ],
        kinds: ConflictKind::ALL
            .iter()
            .map(|kind| {
                let words = pick(kind.zh(), kind.en());
                (kind.as_str(), words, which.kind == Some(*kind))
            })
            .collect(),
        total: lists::count_conflicts(reader, &scope, which).await?,
        rows: found
            .into_iter()
            .map(|one| Line {
                href: format!("{path}/{}", one.id),
                kind: pick(one.kind.zh(), one.kind.en()),
                open: one.open,
                found: f.date(domain::calendar::today(one.found_at)),
                cells: Cells::of(&one.whose, &names),
            })
            .collect(),
        later: after.is_some(),
        next,
        filter,
        path,
        f,
    };
    staff_page(&app, StatusCode::OK, &page, None)
}

#[derive(Template)]
#[template(path = "evidence_conflict.html")]
struct ConflictPage {
    f: Frame,
    org: bool,
    path: String,
    beside: Vec<(String, &'static str)>,
    kind: &'static str,
    meaning: &'static str,
    open: bool,
    found: String,
    words: Option<String>,
    own: Cells,
    /// Where the work of this side stands.
    episode: Option<String>,
    /// Other sides within the area: their cells, where their work stands, where their own line stands.
    others: Vec<(Cells, Option<String>, String)>,
    beyond: u64,
    closes: bool,
    /// Who decides between the two sides, where that is somebody else.
    decides: Option<&'static str>,
    form: String,
    key: String,
}

/// One conflict.
pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeEvidence>,
    form: FormToken,
    Path(id): Path<ConflictId>,
) -> Result<Response, Problem> {
    let (reader, scope) = (app.store.reader(), Scope::of(&by.actor));
    let one = lists::conflict(reader, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let conflict = store::episodes::conflict(reader, &scope, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    let sides = Sides::of(reader, &conflict).await?;
    let org = by.actor.role.is_institution();
    let base = base(&by.actor);
    let list = format!("{base}/conflicts");
    let f = frame(&app, &visit, visit.lang.pick(one.kind.zh(), one.kind.en()))
        .under(&list, visit.lang.pick("疑点清单", "Conflicts"));
    // An institution is told that there is another side, never which.
    let (others, beyond) = if org {
        (Vec::new(), 0)
    } else {
        lists::other_sides(reader, &scope, &one).await?
    };
    let people = std::iter::once(&one)
        .chain(&others)
        .map(|one| one.whose.person);
    let names = masked(&app, people).await?;
    let episode = |id: Option<domain::ids::EpisodeId>| id.map(|id| format!("{base}/episodes/{id}"));
    let page = ConflictPage {
        path: format!("{list}/{id}"),
        beside: beside(&f, &by.actor, ""),
        kind: f.lang().pick(one.kind.zh(), one.kind.en()),
        meaning: meaning(&f, one.kind),
        open: one.open,
        found: f.date(domain::calendar::today(one.found_at)),
        own: Cells::of(&one.whose, &names),
        episode: episode(one.episode),
        others: others
            .iter()
            .map(|other| {
                let line = format!("{list}/{}", other.id);
                (
                    Cells::of(&other.whose, &names),
                    episode(other.episode),
                    line,
                )
            })
            .collect(),
        beyond,
        closes: one.open && DecideEpisodes::allows(by.actor.role) && sides.closed_by(&by.actor),
        // How far the other side is away is the federations' to know.
        decides: sides
            .arbiter
            .as_ref()
            .filter(|_| one.open && !org && !sides.closed_by(&by.actor))
            .map(|arbiter| {
                let (zh, en) = arbitration::level(arbiter.role);
                f.lang().pick(zh, en)
            }),
        words: one.words,
        form: form.text.clone(),
        key: app.random.id(app.now()).to_string(),
        org,
        f,
    };
    staff_page(&app, StatusCode::OK, &page, Some(&form))
}

/// What to look at, by kind.
fn meaning(f: &Frame, kind: ConflictKind) -> &'static str {
    let (zh, en) = match kind {
        ConflictKind::TwoClaims => (
            "同一学员在相同时间另有机构申报就业。一份工作只计一次:评级时按先后和规则 X7 判定计入哪一方;两方由培训所在地县级残联裁定,跨县由市级、跨市由省级、跨省由中国残联裁定。",
            "Another institution claims work of the same trainee for the same time. A job counts once: grading decides by order and rule X7; the county of the training place arbitrates, across counties the prefecture, then the province, then the nation.",
        ),
        ConflictKind::Superseded => (
            "该学员在结业后 180 日内又参加了另一培训。按规则 X7,后一次培训开始前没有就业的,只有后一次计入就业统计。",
            "The trainee began another course within 180 days. By rule X7 only the later one counts, unless work began before it.",
        ),
        ConflictKind::EmployedBefore => (
            "申报的工作早于开班日期。请核对入职日期;属实的,按 X6 不计入。",
            "The work began before the class. Check the first day; if it is right, X6 leaves it out.",
        ),
        ConflictKind::EndedAfterCheck => (
            "核实后不久即离职。请向学员了解是否真实就业。",
            "The job ended soon after it was verified. Ask the trainee whether it was real.",
        ),
        ConflictKind::SameContract => (
            "不同学员的劳动合同文本相同。请核对合同原件。",
            "Contracts of different trainees have the same text. Look at the originals.",
        ),
        ConflictKind::RelatedEmployer => (
            "用人单位就是培训机构,或与其有关联。请核对是否真实用工;此类就业在评级中单独计数。",
            "The employer is the institution or belongs to it. Check that the work is real; grading counts such work apart.",
        ),
    };
    f.lang().pick(zh, en)
}

/// Closes it with what was found.
pub(super) async fn close(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<DecideEpisodes>,
    Path(id): Path<ConflictId>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = CloseConflictRequest {
        words: form.text("words").to_owned(),
    };
    arbitration::close_conflict(&app, &by.actor, &key, id, &request).await?;
    let list = visit.lang.pick("/admin/conflicts", "/en/admin/conflicts");
    Ok(Redirect::to(&format!("{list}/{id}")).into_response())
}
