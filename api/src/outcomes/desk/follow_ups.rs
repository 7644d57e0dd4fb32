//! Follow-ups that are due: 30, 90, 180 and 365 days after the first day of work (workflow.md 4).

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDate;
use serde::Deserialize;
use store::evidence_lists::{self as lists, FollowUps};
use store::scope::Scope;
use uuid::Uuid;

use super::episode::back;
use super::{Cells, SHOWN, address, base, beside, frame, masked, place, wrong};
use crate::access::browser::{OnPage, OwnForm};
use crate::access::pages::staff_page;
use crate::access::permissions::{DecideEpisodes, SeeEvidence};
use crate::app::App;
use crate::cases::pages::forms::day;
use crate::extract::{IdempotencyKey, Path, Query};
use crate::frame::{Frame, Visit};
use crate::outcomes::acts::{self, FollowUpRequest};
use crate::problem::{Code, Problem};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Due up to this day; today when not given.
    until: Option<String>,
    /// Days after the first day of work.
    days: Option<String>,
    after: Option<String>,
}

impl Asked {
    /// Which follow-ups, and the filter as it stands in an address.
    pub(super) fn which(&self, app: &App) -> Result<(FollowUps, String), Problem> {
        let until: NaiveDate = match self.until.as_deref() {
            None | Some("") => app.today(),
            Some(text) => text.parse().map_err(|_| {
                wrong(
                    "/until",
                    "日期写成 2026-03-01 的样子。",
                    "Write a date as 2026-03-01.",
                )
            })?,
        };
        let known = &app.evidence.evidence.follow_up_days;
        let after_days = match self.days.as_deref() {
            None | Some("") => None,
            Some(text) => {
                let days = text.parse().ok().filter(|days| known.contains(days));
                Some(days.ok_or_else(|| {
                    wrong(
                        "/days",
                        "没有这个回访时点,请在列表中选择。",
                        "There is no such follow-up; choose one from the list.",
                    )
                })?)
            }
        };
        let days = after_days.map_or_else(String::new, |days: u32| days.to_string());
        let filter = format!("?until={until}&days={days}");
        Ok((FollowUps { until, after_days }, filter))
    }
}

struct Line {
    href: String,
    after_days: u32,
    due: String,
    late: bool,
    start: String,
    cells: Cells,
}

#[derive(Template)]
#[template(path = "evidence_follow_ups.html")]
struct ListPage {
    f: Frame,
    org: bool,
    path: String,
    beside: Vec<(String, &'static str)>,
    until: String,
    days: Vec<(u32, bool)>,
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
    let f = frame(&app, &visit, visit.lang.pick("就业回访", "Follow-ups"));
    let (which, filter) = asked.which(&app)?;
    let after = place(asked.after.as_deref())?;
    let (reader, scope) = (app.store.reader(), Scope::of(&by.actor));
    let mut found = lists::follow_ups(reader, &scope, which, after.as_ref(), SHOWN + 1).await?;
    let more = found.len() as u64 > SHOWN;
    found.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let names = masked(&app, found.iter().map(|one| one.whose.person)).await?;
    let base = base(&by.actor);
    let path = format!("{base}/follow-ups");
    let next = found
        .last()
        .filter(|_| more)
        .map(|one| format!("{path}{filter}&after={}", address(&one.place())));
    let today = app.today();
    let page = ListPage {
        org: by.actor.role.is_institution(),
        beside: beside(&f, &by.actor, &path),
        until: which.until.to_string(),
        days: app
            .evidence
            .evidence
            .follow_up_days
            .iter()
            .map(|days| (*days, which.after_days == Some(*days)))
            .collect(),
        total: lists::count_follow_ups(reader, &scope, which).await?,
        rows: found
            .into_iter()
            .map(|one| Line {
                href: format!("{base}/episodes/{}", one.episode),
                after_days: one.after_days,
                late: one.due_on < today,
                due: f.date(one.due_on),
                start: f.date(one.start_on),
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

/// Writes what a follow-up found.
pub(super) async fn record(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<DecideEpisodes>,
    Path(id): Path<Uuid>,
    form: OwnForm,
) -> Result<Response, Problem> {
    let key: IdempotencyKey = form.text("key").parse()?;
    let request = FollowUpRequest {
        outcome: form
            .text("outcome")
            .parse()
            .map_err(|_| Problem::new(Code::MalformedRequest))?,
        last_day: day(&form, "last_day")?,
    };
    let done = acts::follow_up(&app, &by.actor, &key, id, &request).await?;
    let episode = done.value()["id"].as_str().unwrap_or_default().to_owned();
    Ok(back(&visit, &by.actor, &episode))
}
