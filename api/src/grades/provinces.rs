//! The comparison of provinces for anybody. It shows the newest public bulletin of that kind and computes nothing anew, so
//! that page, JSON and bulletin never differ by a few people.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::bulletin::{BulletinKind, BulletinState};
use serde::Serialize;
use store::grading::publications;
use utoipa::ToSchema;

use super::pages::percent;
use crate::app::App;
use crate::bulletins::build::Body;
use crate::frame::{Brand, Caching, Frame, Visit, page};
use crate::problem::Problem;

/// A province.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Province {
    /// Code of the federation.
    pub(crate) federation: String,
    /// Its name.
    pub(crate) name: String,
    /// Numbers of institutions by grade.
    pub(crate) grades: String,
    /// People in the denominator of conversion; none where it is protected.
    pub(crate) people: Option<u32>,
    /// Raw conversion in ppm, with the bounds of its 95 % interval.
    pub(crate) employment_ppm: Option<[u32; 3]>,
}

/// The comparison.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Provinces {
    /// Number of the bulletin.
    pub(crate) bulletin: String,
    /// `provisional` during the notice, then `final`.
    pub(crate) standing: &'static str,
    /// Freeze date.
    pub(crate) period: String,
    /// The run.
    pub(crate) run: String,
    /// The policy.
    pub(crate) policy: String,
    /// SHA-256 of the bulletin's text, which is in the public log.
    pub(crate) sha256: String,
    /// In order of code; provinces are not ranked.
    pub(crate) provinces: Vec<Province>,
}

/// The newest one that is public and stands.
pub(crate) async fn newest(app: &App) -> Result<Option<Provinces>, Problem> {
    let reader = app.store.reader();
    let kind = BulletinKind::Provinces;
    let states = [BulletinState::Published, BulletinState::Notice];
    let Some(row) = publications::newest_of_kind(reader, kind, &states).await? else {
        return Ok(None);
    };
    let body: Body = serde_json::from_str(&row.body).map_err(Problem::internal)?;
    Ok(Some(Provinces {
        bulletin: row.number.unwrap_or_default(),
        standing: if row.state == BulletinState::Published {
            "final"
        } else {
            "provisional"
        },
        period: body.freeze_on,
        run: body.run,
        policy: body.policy,
        sha256: data_encoding::HEXLOWER.encode(&row.sha256),
        provinces: body
            .rows
            .into_iter()
            .map(|one| Province {
                federation: one.code,
                name: one.name,
                grades: one.grade,
                people: one.people,
                employment_ppm: one.employment,
            })
            .collect(),
    }))
}

struct Line {
    name: String,
    grades: String,
    people: String,
    employment: String,
}

#[derive(Template)]
#[template(path = "provinces.html")]
struct ProvincesPage {
    f: Frame,
    found: Option<Provinces>,
    period: String,
    lines: Vec<Line>,
}

pub(super) async fn page_of(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let title = visit.lang.pick("各省比较", "Comparison of provinces");
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/rankings", visit.lang.pick("排名", "Rankings"));
    let found = newest(&app).await?;
    let few = || f.t("样本不足,暂不公布", "too few, not shown").to_owned();
    let lines = found
        .iter()
        .flat_map(|found| &found.provinces)
        .map(|one| Line {
            name: one.name.clone(),
            grades: one.grades.clone(),
            people: one.people.map_or_else(few, |n| n.to_string()),
            employment: one.employment_ppm.map_or_else(few, |[rate, low, high]| {
                format!("{} ({}–{})", percent(rate), percent(low), percent(high))
            }),
        })
        .collect();
    let period = found.as_ref().map_or_else(String::new, |found| {
        crate::institutions::pages::day(&f, &found.period)
    });
    let view = ProvincesPage {
        f,
        found,
        period,
        lines,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}
