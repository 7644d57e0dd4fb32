//! Programmes as anybody sees them.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::program::{AccessibleForm, ProgramState};
use store::programs::Version;
use store::public_catalogue;

use super::drafts::ContentUnit;
use crate::app::App;
use crate::catalogue::json::{CatalogueQuery, PAGE};
use crate::extract::Query;
use crate::fields::codes;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::institutions::pages::{LinkView, Paging, list_title, paging, region_choices};
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/programs", get(list));
    both(router, "/programs/{code}", get(show))
}

#[derive(Template)]
#[template(path = "programs.html")]
struct ListPage {
    f: Frame,
    q: String,
    region: String,
    regions: Vec<(String, String)>,
    total: u64,
    rows: Vec<LinkView>,
    paging: Paging,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(query): Query<CatalogueQuery>,
) -> Result<Response, Problem> {
    let (filter, number) = query.parts();
    let found = public_catalogue::programs(app.store.reader(), &filter, number, PAGE).await?;
    let title = list_title(&visit, ("培训项目", "Programmes"), &filter.text, number);
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"));
    let rows = found
        .items
        .into_iter()
        .map(|row| LinkView {
            address: format!("/programs/{}", row.program.code),
            detail: format!(
                "{} · {} {} · {}",
                row.program.code,
                row.content.hours,
                f.t("学时", "hours"),
                f.t(row.content.purpose.zh(), row.content.purpose.en()),
            ),
            name: row.content.name,
        })
        .collect();
    let view = ListPage {
        paging: paging(&f, "/programs", &query, number, found.total),
        q: filter.text,
        region: filter.region,
        regions: region_choices(&app),
        total: found.total,
        rows,
        f,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

struct VersionView {
    version: u32,
    state: &'static str,
    icon: &'static str,
    class: &'static str,
    purpose: &'static str,
    occupation: String,
    level: u8,
    hours: u32,
    entry: String,
    assessment: String,
    certificate: String,
    forms: String,
    published: String,
    units: Vec<(String, u32)>,
}

#[derive(Template)]
#[template(path = "program.html")]
struct DetailPage {
    f: Frame,
    name: String,
    code: String,
    versions: Vec<VersionView>,
    offers: Vec<LinkView>,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let rows = public_catalogue::program(reader, &code).await?;
    let name = rows
        .first()
        .ok_or_else(Problem::not_found)?
        .content
        .name
        .clone();
    let f = Frame::new(&app, &visit, Brand::Registry, name.clone())
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/programs", visit.lang.pick("培训项目", "Programmes"));
    let types = store::programs::types(reader).await?;
    let mut versions = Vec::with_capacity(rows.len());
    for row in rows {
        let occupation = store::reference::occupation(
            reader,
            &row.content.occupation_code,
            &row.content.occupation_edition,
        )
        .await?
        .map_or_else(String::new, |occupation| occupation.name);
        let certificate = row
            .content
            .certificate_type
            .as_ref()
            .and_then(|code| types.iter().find(|kind| kind.code == *code))
            .map_or_else(
                || f.t("不发证书", "none").to_owned(),
                |kind| f.t(&kind.name, &kind.name_en).to_owned(),
            );
        versions.push(version_view(&f, row, &occupation, certificate));
    }
    let offers = store::offers::public(reader, Some(&code), None).await?;
    let offers = offers
        .into_iter()
        .map(|offer| LinkView {
            address: format!("/institutions/{}", offer.credit_code),
            name: offer.institution_name,
            detail: app.regions.full_name(&offer.site_region).to_owned(),
        })
        .collect();
    page(
        StatusCode::OK,
        &DetailPage {
            f,
            name,
            code,
            versions,
            offers,
        },
        Caching::Minute,
    )
}

fn version_view(f: &Frame, row: Version, occupation: &str, certificate: String) -> VersionView {
    let (icon, class) = match row.state {
        ProgramState::Published => ("✔", "good"),
        ProgramState::Superseded => ("↻", "wait"),
        _ => ("✖", "bad"),
    };
    let content = row.content;
    let forms: Vec<&str> = codes(&content.accessible_forms)
        .iter()
        .filter_map(|code| code.parse::<AccessibleForm>().ok())
        .map(|form| f.lang().pick(form.zh(), form.en()))
        .collect();
    let units: Vec<ContentUnit> = serde_json::from_str(&content.content).unwrap_or_default();
    let published = match (row.published_on, row.superseded_on.or(row.retired_on)) {
        (Some(from), Some(until)) => format!("{} – {}", f.date(from), f.date(until)),
        (Some(from), None) => f.date(from),
        _ => String::new(),
    };
    VersionView {
        version: row.version,
        state: f.lang().pick(row.state.zh(), row.state.en()),
        icon,
        class,
        purpose: f.lang().pick(content.purpose.zh(), content.purpose.en()),
        occupation: format!(
            "{occupation}({},{})",
            content.occupation_code, content.occupation_edition
        ),
        level: content.skill_level,
        hours: content.hours,
        entry: content.entry_conditions,
        assessment: content.assessment_rule,
        certificate,
        forms: if forms.is_empty() {
            f.t("无", "none").to_owned()
        } else {
            forms.join(f.t("、", ", "))
        },
        published,
        units: units
            .into_iter()
            .map(|unit| (unit.title, unit.hours))
            .collect(),
    }
}
