//! Bulletins for anybody, and an Atom feed of them (pages.md 3.8).

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::bulletin::BulletinState;
use store::grading::publications::{self as rows, Bulletin};

use super::build::{self, Body, BodyRow, percent};
use super::decided::{self, DecisionBody};
use super::json::MOST;
use crate::app::App;
use crate::extract::Path;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::grades::standing::Standing;
use crate::institutions::pages::grade_word;
use crate::institutions::profile::federation_name;
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/bulletins", get(list));
    let router = both(router, "/bulletins/{number}", get(show));
    router.route("/bulletins.atom", get(feed))
}

struct Item {
    number: String,
    address: String,
    title: String,
    kind: &'static str,
    state: &'static str,
    federation: String,
    day: String,
}

fn item(app: &App, f: &Frame, row: &Bulletin) -> Item {
    let number = row.number.clone().unwrap_or_default();
    Item {
        address: format!("/bulletins/{number}"),
        title: row.title.clone(),
        kind: f.lang().pick(row.kind.zh(), row.kind.en()),
        state: f.lang().pick(row.state.zh(), row.state.en()),
        federation: federation_name(app, &row.federation),
        day: f.date(domain::calendar::today(row.changed_at)),
        number,
    }
}

#[derive(Template)]
#[template(path = "bulletins.html")]
struct ListPage {
    f: Frame,
    rows: Vec<Item>,
}

async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let title = visit.lang.pick("通报", "Bulletins");
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"));
    let found = rows::bulletins(app.store.reader(), None, true, MOST).await?;
    let view = ListPage {
        rows: found.iter().map(|row| item(&app, &f, row)).collect(),
        f,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

struct BodyView {
    rank: String,
    name: String,
    grade: String,
    score: String,
    employment: String,
}

#[derive(Template)]
#[template(path = "bulletin.html")]
struct ShowPage {
    f: Frame,
    item: Item,
    /// Built from a run.
    body: Option<Body>,
    rows: Vec<BodyView>,
    /// Built from a decision: its leaf, and what it says line by line.
    decision: Option<(u64, Vec<(String, String)>)>,
    /// Address of the form of objections, while they are taken.
    object: Option<String>,
    notice: Option<(String, i64)>,
    reason: Option<String>,
    corrects: Option<String>,
    sha256: String,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let row = rows::bulletin_by_number(reader, &number)
        .await?
        .filter(|row| row.state.is_public())
        .ok_or_else(Problem::not_found)?;
    let title = format!("{} {}", row.number.as_deref().unwrap_or(""), row.title);
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/bulletins", visit.lang.pick("通报", "Bulletins"));
    let (body, shown, decision) = if row.kind.decisions().is_empty() {
        let body: Body = serde_json::from_str(&row.body).map_err(Problem::internal)?;
        let shown = run_rows(&app, &f, &row.federation, &body).await?;
        (Some(body), shown, None)
    } else {
        let body: DecisionBody = serde_json::from_str(&row.body).map_err(Problem::internal)?;
        let lines = decided::lines(&f, row.kind, &body);
        (None, Vec::new(), Some((body.decision, lines)))
    };
    let corrects = match row.corrects {
        Some(id) => rows::bulletin(reader, id).await?.and_then(|one| one.number),
        None => None,
    };
    let today = app.today();
    let notice = row
        .notice_until
        .filter(|until| row.state == BulletinState::Notice && *until >= today)
        .map(|until| (f.date(until), (until - today).num_days() + 1));
    let view = ShowPage {
        object: notice
            .as_ref()
            .map(|_| format!("/notices/{number}/objections/new")),
        item: item(&app, &f, &row),
        rows: shown,
        decision,
        notice,
        corrects,
        sha256: data_encoding::HEXLOWER.encode(&row.sha256),
        reason: row.reason,
        body,
        f,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

/// The rows of a bulletin on a run.
async fn run_rows(
    app: &App,
    f: &Frame,
    federation: &str,
    body: &Body,
) -> Result<Vec<BodyView>, Problem> {
    let few = f.t("样本不足,暂不公布", "too few, not shown").to_owned();
    let changed = build::changed(app.store.reader(), federation, body).await?;
    let view = |one: &BodyRow| BodyView {
        rank: one
            .rank
            .map_or_else(|| "-".to_owned(), |rank| rank.to_string()),
        name: one.name.clone(),
        grade: grade_words(f, one, changed.get(&one.code)),
        score: one.composite_milli.map_or_else(
            || "-".to_owned(),
            |milli| {
                let tenths = domain::rdiv(i128::from(milli), 100);
                format!("{}.{}", tenths / 10, tenths % 10)
            },
        ),
        employment: one.employment.map_or_else(
            || few.clone(),
            |[rate, low, high]| format!("{} ({}–{})", percent(rate), percent(low), percent(high)),
        ),
    };
    Ok(body.rows.iter().map(view).collect())
}

/// The grade as the bulletin tells it, and what stands now where that is something else.
fn grade_words(f: &Frame, row: &BodyRow, now: Option<&Standing>) -> String {
    let mark = row.mark.as_deref().and_then(|mark| mark.parse().ok());
    let told = match mark {
        Some(mark) => Standing {
            grade: row.grade.clone(),
            mark: Some(mark),
        }
        .words(f),
        None => grade_word(f.lang(), &row.grade),
    };
    match now {
        None => told,
        Some(now) => format!("{told}{}{}", f.t(";现为 ", "; now: "), now.words(f)),
    }
}

struct FeedEntry {
    id: String,
    title: String,
    address: String,
    updated: String,
    summary: String,
}

#[derive(Template)]
#[template(path = "bulletins.xml")]
struct Feed {
    address: String,
    site: String,
    updated: String,
    entries: Vec<FeedEntry>,
}

/// Atom (RFC 4287).
async fn feed(State(app): State<App>) -> Result<Response, Problem> {
    let found = rows::bulletins(app.store.reader(), None, true, 50).await?;
    let instant =
        |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let newest = found.iter().map(|row| row.changed_at).max();
    let base = &app.config.public_url;
    let feed = Feed {
        address: base.clone(),
        site: app.config.site_name.clone(),
        updated: instant(newest.unwrap_or_else(|| app.now())),
        entries: found
            .iter()
            .map(|row| FeedEntry {
                id: format!("urn:uuid:{}", row.id),
                title: format!("{} {}", row.number.as_deref().unwrap_or(""), row.title),
                address: format!("{base}/bulletins/{}", row.number.as_deref().unwrap_or("")),
                updated: instant(row.changed_at),
                summary: format!("{} · {}", row.kind.zh(), row.state.zh()),
            })
            .collect(),
    };
    let text = feed.render().map_err(Problem::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "application/atom+xml; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=60"),
    ];
    Ok((headers, text).into_response())
}
