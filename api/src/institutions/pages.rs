//! Institutions as anybody sees them.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use domain::cohort::CohortState;
use domain::institution::{InstitutionState, InstitutionTransition};
use domain::program::Provision;
use store::institutions::Admission;
use store::public_catalogue::{self, Decision};

use crate::app::App;
use crate::catalogue::json::{CatalogueQuery, PAGE};
use crate::extract::Query;
use crate::fields::codes;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::Problem;

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/institutions", get(list));
    both(router, "/institutions/{code}", get(show))
}

/// Where a list stands.
pub(crate) struct Paging {
    pub(crate) page: u64,
    pub(crate) of: u64,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

/// Links to the neighbouring pages of a list with its filter.
pub(crate) fn paging(
    f: &Frame,
    path: &str,
    query: &CatalogueQuery,
    page: u64,
    total: u64,
) -> Paging {
    let of = total.div_ceil(PAGE).max(1);
    let link = |to: u64| {
        let pairs = [
            ("q", query.q.as_str()),
            ("region", query.region.as_str()),
            ("state", query.state.as_str()),
        ];
        let mut pairs: Vec<(&str, &str)> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let number = to.to_string();
        pairs.push(("page", &number));
        let text = serde_urlencoded::to_string(pairs).unwrap_or_default();
        format!("{}?{text}", f.href(path))
    };
    Paging {
        page,
        of,
        previous: (page > 1).then(|| link((page - 1).min(of))),
        next: (page < of).then(|| link(page + 1)),
    }
}

/// Icon and class of a state: never colour alone.
pub(crate) const fn mark(state: InstitutionState) -> (&'static str, &'static str) {
    use InstitutionState as S;
    match state {
        S::Provisional | S::Graded => ("✔", "good"),
        S::Warned | S::Rectifying => ("!", "wait"),
        S::Suspended | S::ExitNotice | S::Exited | S::Rejected => ("✖", "bad"),
        S::Applied | S::Returned | S::UnderReview | S::AdmissionNotice => ("…", "wait"),
    }
}

struct Row {
    address: String,
    name: String,
    region: String,
    state: &'static str,
    icon: &'static str,
    class: &'static str,
    grade: Option<String>,
}

#[derive(Template)]
#[template(path = "institutions.html")]
struct ListPage {
    f: Frame,
    q: String,
    region: String,
    state: String,
    regions: Vec<(String, String)>,
    states: Vec<(&'static str, &'static str)>,
    total: u64,
    rows: Vec<Row>,
    paging: Paging,
}

/// Provinces, and the corps beside them, as choices of a filter.
pub(crate) fn region_choices(app: &App) -> Vec<(String, String)> {
    let mut regions = app.regions.provinces();
    regions.push(("660000".to_owned(), "新疆生产建设兵团".to_owned()));
    regions
}

/// Title of a list with its term and page.
pub(crate) fn list_title(visit: &Visit, word: (&str, &str), term: &str, page: u64) -> String {
    let word = visit.lang.pick(word.0, word.1);
    let mut title = if term.is_empty() {
        word.to_owned()
    } else {
        format!("{term} - {word}")
    };
    if page > 1 {
        title.push_str(
            visit
                .lang
                .pick(&format!(" - 第{page}页"), &format!(" - page {page}")),
        );
    }
    title
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(query): Query<CatalogueQuery>,
) -> Result<Response, Problem> {
    let (filter, number) = query.parts();
    let found = public_catalogue::institutions(app.store.reader(), &filter, number, PAGE).await?;
    let title = list_title(
        &visit,
        ("培训机构", "Training institutions"),
        &filter.text,
        number,
    );
    let f = Frame::new(&app, &visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"));
    let rows = found
        .items
        .into_iter()
        .map(|row| {
            let (icon, class) = mark(row.state);
            Row {
                address: format!("/institutions/{}", row.institution.credit_code),
                name: row.institution.name,
                region: app.regions.full_name(&row.site_region).to_owned(),
                state: f.lang().pick(row.state.zh(), row.state.en()),
                icon,
                class,
                grade: row.grade,
            }
        })
        .collect();
    let states = InstitutionState::ALL
        .iter()
        .filter(|state| state.is_public())
        .map(|state| (state.as_str(), visit.lang.pick(state.zh(), state.en())))
        .collect();
    let view = ListPage {
        paging: paging(&f, "/institutions", &query, number, found.total),
        q: filter.text,
        region: filter.region,
        state: filter.state,
        regions: region_choices(&app),
        states,
        total: found.total,
        rows,
        f,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

struct AdmissionView {
    state: &'static str,
    icon: &'static str,
    class: &'static str,
    banner: Option<String>,
    federation: String,
    since: String,
    grade: Option<String>,
    address: String,
    phone: String,
}

struct SiteView {
    name: String,
    address: String,
    provisions: Vec<&'static str>,
}

/// A link with a word beside it.
pub(crate) struct LinkView {
    pub(crate) address: String,
    pub(crate) name: String,
    pub(crate) detail: String,
}

struct CohortView {
    code: String,
    program: String,
    dates: String,
    state: &'static str,
    free: i64,
}

/// A decision as a line.
pub(crate) struct DecisionView {
    pub(crate) on: String,
    pub(crate) act: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) leaf: Option<i64>,
    pub(crate) name: String,
    pub(crate) address: String,
}

/// A decision in the words of the page.
pub(crate) fn decision_view(f: &Frame, row: Decision) -> Result<DecisionView, Problem> {
    let state = |code: &Option<String>| {
        code.as_deref()
            .and_then(|code| code.parse::<InstitutionState>().ok())
            .map_or("", |state| f.lang().pick(state.zh(), state.en()))
    };
    let act = row
        .act
        .parse::<InstitutionTransition>()
        .map_or("", |act| f.lang().pick(act.zh(), act.en()));
    Ok(DecisionView {
        on: f.date(domain::calendar::today(row.at()?)),
        act,
        from: state(&row.from_state),
        to: state(&row.to_state),
        leaf: row.leaf_index,
        name: row.name,
        address: format!("/institutions/{}", row.credit_code),
    })
}

#[derive(Template)]
#[template(path = "institution.html")]
struct DetailPage {
    f: Frame,
    name: String,
    code: String,
    admissions: Vec<AdmissionView>,
    sites: Vec<SiteView>,
    offers: Vec<LinkView>,
    cohorts: Vec<CohortView>,
    decisions: Vec<DecisionView>,
}

async fn show(
    State(app): State<App>,
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let reader = app.store.reader();
    let admissions = public_catalogue::institution(reader, &code).await?;
    let first = admissions.first().ok_or_else(Problem::not_found)?;
    let (id, name) = (first.institution.id, first.institution.name.clone());
    let f = Frame::new(&app, &visit, Brand::Registry, name.clone())
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/institutions", visit.lang.pick("培训机构", "Institutions"));
    let sites = store::institutions::sites(reader, id).await?;
    let sites = sites
        .into_iter()
        .map(|site| SiteView {
            name: site.name,
            address: format!("{}{}", app.regions.full_name(&site.region), site.address),
            provisions: codes(&site.provisions)
                .iter()
                .filter_map(|code| code.parse::<Provision>().ok())
                .map(|provision| visit.lang.pick(provision.zh(), provision.en()))
                .collect(),
        })
        .collect();
    let offers = store::offers::public(reader, None, Some(&code)).await?;
    let offers = offers
        .into_iter()
        .map(|offer| LinkView {
            address: format!("/programs/{}", offer.program_code),
            name: offer.program_name,
            detail: format!("{} {}", offer.hours, visit.lang.pick("学时", "hours")),
        })
        .collect();
    let cohorts = public_catalogue::cohorts(reader, &code)
        .await?
        .into_iter()
        .map(|row| CohortView {
            state: row
                .state
                .parse::<CohortState>()
                .map_or("", |state| visit.lang.pick(state.zh(), state.as_str())),
            free: (i64::from(row.places) - row.taken).max(0),
            code: row.code,
            program: row.program_name,
            dates: format!("{} – {}", row.start_on, row.end_on),
        })
        .collect();
    let decisions = public_catalogue::decisions(reader, Some(&code), 100)
        .await?
        .into_iter()
        .map(|row| decision_view(&f, row))
        .collect::<Result<_, _>>()?;
    let admissions = admissions
        .into_iter()
        .map(|row| admission_view(&app, &f, row))
        .collect();
    let view = DetailPage {
        f,
        name,
        code,
        admissions,
        sites,
        offers,
        cohorts,
        decisions,
    };
    page(StatusCode::OK, &view, Caching::Minute)
}

fn admission_view(app: &App, f: &Frame, row: Admission) -> AdmissionView {
    let (icon, class) = mark(row.state);
    AdmissionView {
        state: f.lang().pick(row.state.zh(), row.state.en()),
        icon,
        class,
        banner: banner(f, &row),
        federation: if row.federation == "660000" {
            "新疆生产建设兵团残疾人联合会".to_owned()
        } else {
            format!("{}残疾人联合会", app.regions.full_name(&row.federation))
        },
        since: f.date(domain::calendar::today(row.state_since)),
        grade: row.grade.map(|grade| {
            if grade == "P" {
                f.t("暂定", "provisional").to_owned()
            } else {
                grade
            }
        }),
        address: format!("{}{}", app.regions.full_name(&row.site_region), row.address),
        phone: row.phone,
    }
}

/// What a state means for people now.
fn banner(f: &Frame, row: &Admission) -> Option<String> {
    use InstitutionState as S;
    let until =
        |day: Option<chrono::NaiveDate>| day.map_or_else(|| "?".to_owned(), |day| f.date(day));
    let (zh, en) = match row.state {
        S::AdmissionNotice => (
            format!(
                "入库公示中,至 {} 止;有异议请向受理残联提出。",
                until(row.notice_until)
            ),
            format!(
                "Notice of admission until {}; objections go to the federation.",
                until(row.notice_until)
            ),
        ),
        S::Suspended => (
            format!(
                "已暂停,最长至 {};暂停期间不能招生,在读学员由残联安排。",
                until(row.suspended_until)
            ),
            format!(
                "Suspended, until {} at the latest; no enrolment meanwhile, the federation looks after trainees in class.",
                until(row.suspended_until)
            ),
        ),
        S::Exited => (
            "已退出目录,不能招生;已签发的证书不受影响。".to_owned(),
            "Has left the catalogue; certificates issued before are not affected.".to_owned(),
        ),
        _ => return None,
    };
    Some(f.t(&zh, &en).to_owned())
}
