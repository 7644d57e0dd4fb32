//! Programmes as anybody sees them.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::program::{AccessibleForm, ProgramState};
use store::programs::{Content, Version};
use store::public_catalogue::{self, ClassesOf, Filter, Slice};

use super::drafts::ContentUnit;
use crate::app::App;
use crate::catalogue::search::{Instead, List, Paging, Search, SearchForm, list_title, sound_of};
use crate::fields::codes;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::institutions::profile::{CohortView, LinkView, federation_name};
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/programs", get(list));
    let router = both(router, "/certificate-types", get(types));
    both(router, "/programs/{code}", get(show))
}

struct Row {
    address: String,
    name: String,
    code: String,
    occupation: String,
    hours: u32,
    purpose: &'static str,
    forms: String,
}

#[derive(Template)]
#[template(path = "programs.html")]
struct ListPage {
    f: Frame,
    words: Vec<String>,
    s: SearchForm,
    total: u64,
    rows: Vec<Row>,
    paging: Paging,
    instead: Vec<Instead>,
    clear: String,
    csv: String,
    xlsx: String,
    json: String,
}

async fn rows(app: &App, f: &Frame, versions: Vec<Version>) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::with_capacity(versions.len());
    for version in versions {
        rows.push(Row {
            address: format!("/programs/{}", version.program.code),
            occupation: occupation(app, &version.content).await?,
            forms: form_words(f, &version.content.accessible_forms),
            code: version.program.code,
            hours: version.content.hours,
            purpose: f
                .lang()
                .pick(version.content.purpose.zh(), version.content.purpose.en()),
            name: version.content.name,
        });
    }
    Ok(rows)
}

/// Name of the occupation of a program.
pub(crate) async fn occupation(app: &App, content: &Content) -> Result<String, Problem> {
    let reader = app.store.public();
    let (code, edition) = (&content.occupation_code, &content.occupation_edition);
    let found = store::reference::occupation(reader, code, edition).await?;
    Ok(found.map_or_else(String::new, |occupation| occupation.name))
}

/// Words of the accessible forms in a JSON list.
pub(crate) fn form_words(f: &Frame, list: &str) -> String {
    let forms: Vec<&str> = codes(list)
        .iter()
        .filter_map(|code| code.parse::<AccessibleForm>().ok())
        .map(|form| f.lang().pick(form.zh(), form.en()))
        .collect();
    forms.join(f.t("、", ", "))
}

async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let search = Search::read(&app, &visit, List::Programs);
    let words = search.words(&app, visit.lang);
    let title = list_title(visit.lang, ("培训项目", "Programmes"), &words, &search);
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"));
    let reader = app.store.public();
    let good = search.faults.is_empty();
    let (mut shown, mut total) = (Vec::new(), 0);
    let mut paging = Paging::new::<Version>(&f, &search, None);
    if good {
        let found = public_catalogue::programs(reader, &search.filter, &search.slice).await?;
        total = found.total;
        paging = Paging::new(&f, &search, Some(&found));
        shown = rows(&app, &f, found.items).await?;
    }
    let mut instead: Vec<Instead> = Vec::new();
    if good && total == 0 && !search.filter.text.is_empty() {
        let alike = Filter {
            text: sound_of(&search.filter.text),
            ..search.filter.clone()
        };
        let everywhere = Filter {
            text: search.filter.text.clone(),
            ..Filter::default()
        };
        for filter in [alike, everywhere] {
            if filter == search.filter {
                continue;
            }
            let wider = search.with(filter);
            let found = public_catalogue::programs(reader, &wider.filter, &Slice::first(1)).await?;
            if found.total > 0 {
                instead.push(Instead {
                    href: wider.href(&f),
                    words: wider.words(&app, f.lang()),
                    total: found.total,
                });
            }
        }
    }
    let view = ListPage {
        words,
        s: SearchForm::of(&app, &f, &search),
        total,
        rows: shown,
        paging,
        instead,
        clear: f.href(List::Programs.path()),
        csv: search.file(&f, "csv"),
        xlsx: search.file(&f, "xlsx"),
        json: search.json(),
        f,
    };
    let (status, caching) = if good {
        (StatusCode::OK, Caching::Minute)
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, Caching::Never)
    };
    page(status, &view, caching)
}

struct VersionView {
    version: u32,
    state: &'static str,
    icon: &'static str,
    class: &'static str,
    purpose: &'static str,
    occupation: String,
    level: String,
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
    cohorts: Vec<CohortView>,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let reader = app.store.public();
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
        let occupation = occupation(&app, &row.content).await?;
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
    let taught_by: Vec<String> = offers
        .iter()
        .map(|offer| offer.credit_code.clone())
        .collect();
    let offers = offers
        .into_iter()
        .map(|offer| LinkView {
            address: format!("/institutions/{}", offer.credit_code),
            name: offer.institution_name,
            detail: app.regions.full_name(&offer.site_region).to_owned(),
        })
        .collect();
    let cohorts = public_catalogue::cohorts(reader, ClassesOf::Program(&code))
        .await?
        .into_iter()
        .filter(|row| matches!(row.state.as_str(), "announced" | "enrolling"))
        .map(|row| {
            let open = taught_by.contains(&row.credit_code);
            CohortView::new(&f, row, open)
        })
        .collect();
    let view = DetailPage {
        f,
        name,
        code,
        versions,
        offers,
        cohorts,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

struct TypeView {
    code: String,
    name: String,
    description: String,
    federation: String,
    validity: String,
}

#[derive(Template)]
#[template(path = "certificate_types.html")]
struct TypesPage {
    f: Frame,
    rows: Vec<TypeView>,
}

/// The kinds of certificate that the registry signs.
async fn types(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let title = visit.lang.pick("证书种类", "Certificate types");
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/programs", visit.lang.pick("培训项目", "Programmes"));
    let rows = store::programs::types(app.store.public())
        .await?
        .into_iter()
        .map(|kind| TypeView {
            name: f.t(&kind.name, &kind.name_en).to_owned(),
            federation: match kind.federation.as_str() {
                "000000" => "中国残疾人联合会".to_owned(),
                code => federation_name(&app, code),
            },
            validity: match kind.validity_months {
                Some(months) => f
                    .t(&format!("{months} 个月"), &format!("{months} months"))
                    .to_owned(),
                None => f.t("长期", "no end").to_owned(),
            },
            code: kind.code,
            description: kind.description,
        })
        .collect();
    page(StatusCode::OK, &TypesPage { f, rows }, Caching::Minute)
}

fn version_view(f: &Frame, row: Version, occupation: &str, certificate: String) -> VersionView {
    let (icon, class) = match row.state {
        ProgramState::Published => ("✔", "good"),
        ProgramState::Superseded => ("↻", "wait"),
        _ => ("✖", "bad"),
    };
    let content = row.content;
    let forms = form_words(f, &content.accessible_forms);
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
        level: match content.skill_level {
            0 => f.t("不分级", "none").to_owned(),
            level => f
                .t(&format!("{level} 级"), &format!("level {level}"))
                .to_owned(),
        },
        hours: content.hours,
        entry: content.entry_conditions,
        assessment: content.assessment_rule,
        certificate,
        forms: if forms.is_empty() {
            f.t("无", "none").to_owned()
        } else {
            forms
        },
        published,
        units: units
            .into_iter()
            .map(|unit| (unit.title, unit.hours))
            .collect(),
    }
}
