//! The list of work that was claimed or imported, what waits first.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::evidence::EpisodeState;
use serde::Deserialize;
use store::evidence_lists::{self as lists, Episodes};
use store::scope::Scope;

use super::{Cells, SHOWN, address, base, beside, frame, masked, place, wrong};
use crate::access::browser::OnPage;
use crate::access::pages::staff_page;
use crate::access::permissions::SeeEvidence;
use crate::app::App;
use crate::extract::Query;
use crate::frame::{Frame, Visit};
use crate::problem::Problem;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// `waiting`, `all`, or a state.
    pub(super) state: Option<String>,
    after: Option<String>,
}

impl Asked {
    /// Which episodes, and the word for it.
    pub(super) fn which(&self) -> Result<(Episodes, &str), Problem> {
        match self.state.as_deref() {
            None | Some("" | "waiting") => Ok((Episodes::Waiting, "waiting")),
            Some("all") => Ok((Episodes::All, "all")),
            Some(word) => match word.parse::<EpisodeState>() {
                Ok(state) => Ok((Episodes::In(state), word)),
                Err(_) => Err(wrong(
                    "/state",
                    "没有这种状态,请在列表中选择。",
                    "There is no such state; choose one from the list.",
                )),
            },
        }
    }
}

struct Line {
    href: String,
    state: &'static str,
    start: String,
    due: Option<String>,
    overdue: bool,
    cells: Cells,
}

#[derive(Template)]
#[template(path = "evidence_episodes.html")]
struct ListPage {
    f: Frame,
    org: bool,
    path: String,
    beside: Vec<(String, &'static str)>,
    /// Words of the filter: value, words, whether it is chosen.
    states: Vec<(&'static str, &'static str, bool)>,
    /// The filter as it stands in an address.
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
    let f = frame(
        &app,
        &visit,
        visit.lang.pick("就业记录", "Work of trainees"),
    );
    let (which, word) = asked.which()?;
    let after = place(asked.after.as_deref())?;
    let (reader, scope) = (app.store.reader(), Scope::of(&by.actor));
    let mut found = lists::episodes(reader, &scope, which, after.as_ref(), SHOWN + 1).await?;
    let more = found.len() as u64 > SHOWN;
    found.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let names = masked(&app, found.iter().map(|one| one.whose.person)).await?;
    let path = format!("{}/episodes", base(&by.actor));
    let next = found.last().filter(|_| more).map(|one| {
        let place = address(&one.place());
        format!("{path}?state={word}&after={place}")
    });
    let today = app.today();
    let page = ListPage {
        org: by.actor.role.is_institution(),
        beside: beside(&f, &by.actor, &path),
        states: states(&f, word),
        filter: format!("?state={word}"),
        total: lists::count_episodes(reader, &scope, which).await?,
        rows: found
            .into_iter()
            .map(|one| Line {
                href: format!("{path}/{}", one.id),
                state: f.lang().pick(one.state.zh(), one.state.en()),
                start: f.date(one.start_on),
                overdue: one.due_on.is_some_and(|due| due < today),
                due: one.due_on.map(|due| f.date(due)),
                cells: Cells::of(&one.whose, &names),
            })
            .collect(),
        later: after.is_some(),
        next,
        path,
        f,
    };
    staff_page(&app, StatusCode::OK, &page, None)
}

fn states(f: &Frame, chosen: &str) -> Vec<(&'static str, &'static str, bool)> {
    let pick = |zh, en| f.lang().pick(zh, en);
    let mut all = vec![
        ("waiting", pick("待办理", "waiting for an act")),
        ("all", pick("全部", "all")),
    ];
    all.extend(
        EpisodeState::ALL
            .iter()
            .map(|one| (one.as_str(), pick(one.zh(), one.en()))),
    );
    all.into_iter()
        .map(|(value, words)| (value, words, value == chosen))
        .collect()
}
