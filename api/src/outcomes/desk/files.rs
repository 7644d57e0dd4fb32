//! The lists of these pages as files: all lines of the filter, names masked as on the page.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use store::evidence_lists as lists;
use store::scope::Scope;

use super::{base, conflicts, episodes, follow_ups, masked};
use crate::access::browser::OnPage;
use crate::access::permissions::SeeEvidence;
use crate::app::App;
use crate::exports::{self, Cell, Column, Form, Limit, Table};
use crate::extract::Query;
use crate::frame::{Visit, both};
use crate::problem::Problem;

/// Lines read at a time.
const STEP: u64 = 500;

pub(super) fn routes() -> Router<App> {
    let mut router = both(
        Router::new(),
        "/admin/episodes.csv",
        get(episodes_file::<false>),
    );
    router = both(router, "/admin/episodes.xlsx", get(episodes_file::<true>));
    router = both(router, "/org/episodes.csv", get(episodes_file::<false>));
    router = both(router, "/org/episodes.xlsx", get(episodes_file::<true>));
    router = both(
        router,
        "/admin/follow-ups.csv",
        get(follow_ups_file::<false>),
    );
    router = both(
        router,
        "/admin/follow-ups.xlsx",
        get(follow_ups_file::<true>),
    );
    router = both(router, "/org/follow-ups.csv", get(follow_ups_file::<false>));
    router = both(router, "/org/follow-ups.xlsx", get(follow_ups_file::<true>));
    router = both(router, "/admin/conflicts.csv", get(conflicts_file::<false>));
    router = both(router, "/admin/conflicts.xlsx", get(conflicts_file::<true>));
    router = both(router, "/org/conflicts.csv", get(conflicts_file::<false>));
    both(router, "/org/conflicts.xlsx", get(conflicts_file::<true>))
}

const fn form(workbook: bool) -> Form {
    if workbook { Form::Xlsx } else { Form::Csv }
}

const EPISODES: &[Column] = &[
    Column("id", "记录编号"),
    Column("trainee", "学员(隐藏)"),
    Column("institution", "机构"),
    Column("class", "班期编号"),
    Column("class_name", "班期"),
    Column("state", "状态"),
    Column("start_on", "开始工作"),
    Column("last_day", "最后工作日"),
    Column("due_on", "办理期限"),
];

async fn episodes_file<const WORKBOOK: bool>(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeEvidence>,
    Query(asked): Query<episodes::Asked>,
) -> Result<Response, Problem> {
    let (which, word) = asked.which()?;
    let scope = Scope::of(&by.actor);
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let reader = app.store.reader();
        let some = lists::episodes(reader, &scope, which, after.as_ref(), STEP).await?;
        exports::allow(Limit::Alone, true, rows.len() + some.len())?;
        let names = masked(&app, some.iter().map(|one| one.whose.person)).await?;
        after = some.last().map(lists::EpisodeLine::place);
        let last = (some.len() as u64) < STEP;
        rows.extend(some.into_iter().map(|one| {
            vec![
                one.id.to_string().into(),
                names.get(&one.whose.person).cloned().into(),
                one.whose.institution_name.into(),
                one.whose.class_code.into(),
                one.whose.class_name.into(),
                visit.lang.pick(one.state.zh(), one.state.en()).into(),
                one.start_on.to_string().into(),
                one.last_day.map(|day| day.to_string()).into(),
                one.due_on.map(|day| day.to_string()).into(),
            ]
        }));
        if last {
            break;
        }
    }
    let table = Table {
        name: "episodes",
        title: visit.lang.pick("就业记录", "Work of trainees"),
        columns: EPISODES,
        rows,
        source: format!("{}/episodes", base(&by.actor)),
        filter: format!("state={word}"),
        personal: true,
        lang: visit.lang,
    };
    exports::answer(&app, Some(&by.actor), table, form(WORKBOOK)).await
}

const FOLLOW_UPS: &[Column] = &[
    Column("id", "回访编号"),
    Column("episode", "记录编号"),
    Column("trainee", "学员(隐藏)"),
    Column("institution", "机构"),
    Column("class", "班期编号"),
    Column("class_name", "班期"),
    Column("start_on", "开始工作"),
    Column("after_days", "满多少日"),
    Column("due_on", "应回访日期"),
];

async fn follow_ups_file<const WORKBOOK: bool>(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeEvidence>,
    Query(asked): Query<follow_ups::Asked>,
) -> Result<Response, Problem> {
    let (which, filter) = asked.which(&app)?;
    let scope = Scope::of(&by.actor);
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let reader = app.store.reader();
        let some = lists::follow_ups(reader, &scope, which, after.as_ref(), STEP).await?;
        exports::allow(Limit::Alone, true, rows.len() + some.len())?;
        let names = masked(&app, some.iter().map(|one| one.whose.person)).await?;
        after = some.last().map(lists::FollowUpLine::place);
        let last = (some.len() as u64) < STEP;
        rows.extend(some.into_iter().map(|one| {
            vec![
                one.id.to_string().into(),
                one.episode.to_string().into(),
                names.get(&one.whose.person).cloned().into(),
                one.whose.institution_name.into(),
                one.whose.class_code.into(),
                one.whose.class_name.into(),
                one.start_on.to_string().into(),
                Cell::Number(one.after_days.into()),
                one.due_on.to_string().into(),
            ]
        }));
        if last {
            break;
        }
    }
    let table = Table {
        name: "follow-ups",
        title: visit.lang.pick("就业回访", "Follow-ups"),
        columns: FOLLOW_UPS,
        rows,
        source: format!("{}/follow-ups", base(&by.actor)),
        filter: filter.trim_start_matches('?').to_owned(),
        personal: true,
        lang: visit.lang,
    };
    exports::answer(&app, Some(&by.actor), table, form(WORKBOOK)).await
}

const CONFLICTS: &[Column] = &[
    Column("id", "疑点编号"),
    Column("kind", "疑点"),
    Column("trainee", "学员(隐藏)"),
    Column("institution", "机构"),
    Column("class", "班期编号"),
    Column("class_name", "班期"),
    Column("found_on", "发现日期"),
    Column("state", "状态"),
    Column("words", "核查结果"),
];

async fn conflicts_file<const WORKBOOK: bool>(
    State(app): State<App>,
    visit: Visit,
    by: OnPage<SeeEvidence>,
    Query(asked): Query<conflicts::Asked>,
) -> Result<Response, Problem> {
    let (which, filter) = asked.which()?;
    let scope = Scope::of(&by.actor);
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let reader = app.store.reader();
        let some = lists::conflicts(reader, &scope, which, after.as_ref(), STEP).await?;
        exports::allow(Limit::Alone, true, rows.len() + some.len())?;
        let names = masked(&app, some.iter().map(|one| one.whose.person)).await?;
        after = some.last().map(lists::ConflictLine::place);
        let last = (some.len() as u64) < STEP;
        rows.extend(some.into_iter().map(|one| {
            let state = if one.open {
                visit.lang.pick("待核查", "open")
            } else {
                visit.lang.pick("已办结", "closed")
            };
            vec![
                one.id.to_string().into(),
                visit.lang.pick(one.kind.zh(), one.kind.en()).into(),
                names.get(&one.whose.person).cloned().into(),
                one.whose.institution_name.into(),
                one.whose.class_code.into(),
                one.whose.class_name.into(),
                domain::calendar::today(one.found_at).to_string().into(),
                state.into(),
                one.words.into(),
            ]
        }));
        if last {
            break;
        }
    }
    let table = Table {
        name: "conflicts",
        title: visit.lang.pick("疑点清单", "Conflicts"),
        columns: CONFLICTS,
        rows,
        source: format!("{}/conflicts", base(&by.actor)),
        filter: filter.trim_start_matches('?').to_owned(),
        personal: true,
        lang: visit.lang,
    };
    exports::answer(&app, Some(&by.actor), table, form(WORKBOOK)).await
}
