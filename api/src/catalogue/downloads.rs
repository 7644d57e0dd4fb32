//! The public lists as files: all rows of the filter (pages.md 1, "Tables"). The pages and the API give the same file.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use store::public_catalogue::{self, Slice};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json::{InstitutionQuery, ProgramQuery};
use super::search::{Asker, List, Search};
use crate::app::App;
use crate::exports::{self, Cell, Column, Form, Table};
use crate::extract::Path;
use crate::frame::{Brand, Frame, Visit, both};
use crate::problem::{Problem, ProblemBody};
use crate::{institutions, programs};

/// Rows read at a time.
const STEP: u64 = 500;

/// Routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(export_institutions))
        .routes(routes!(export_programs))
}

/// The same files beside the pages.
pub(crate) fn pages() -> Router<App> {
    let router = both(Router::new(), "/institutions.csv", get(institutions_csv));
    let router = both(router, "/institutions.xlsx", get(institutions_xlsx));
    let router = both(router, "/programs.csv", get(programs_csv));
    both(router, "/programs.xlsx", get(programs_xlsx))
}

async fn institutions_csv(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    institutions_file(&app, &visit, Form::Csv).await
}

async fn institutions_xlsx(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    institutions_file(&app, &visit, Form::Xlsx).await
}

async fn programs_csv(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    programs_file(&app, &visit, Form::Csv).await
}

async fn programs_xlsx(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    programs_file(&app, &visit, Form::Xlsx).await
}

/// Institutions of the filter as a file (csv, xlsx or json).
#[utoipa::path(get, path = "/api/v1/catalogue/institutions/export/{form}", tag = "catalogue",
    params(("form" = String, Path, description = "csv, xlsx or json"), InstitutionQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn export_institutions(
    State(app): State<App>,
    Path(form): Path<Form>,
    visit: Visit,
) -> Result<Response, Problem> {
    institutions_file(&app, &visit, form).await
}

/// Programmes of the filter as a file (csv, xlsx or json).
#[utoipa::path(get, path = "/api/v1/catalogue/programs/export/{form}", tag = "catalogue",
    params(("form" = String, Path, description = "csv, xlsx or json"), ProgramQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn export_programs(
    State(app): State<App>,
    Path(form): Path<Form>,
    visit: Visit,
) -> Result<Response, Problem> {
    programs_file(&app, &visit, form).await
}

const INSTITUTIONS: &[Column] = &[
    Column("name", "机构名称"),
    Column("credit_code", "统一社会信用代码"),
    Column("federation", "入库残联"),
    Column("site_region", "地区代码"),
    Column("site_region_name", "地区"),
    Column("address", "地址"),
    Column("phone", "电话"),
    Column("state", "状态"),
    Column("grade", "等级"),
    Column("state_since", "状态起始"),
    Column("provisions", "无障碍设施"),
    Column("next_start", "最近开班"),
];

async fn institutions_file(app: &App, visit: &Visit, form: Form) -> Result<Response, Problem> {
    let search = Search::checked(app, visit, List::Institutions, Asker::File)?;
    let f = Frame::new(app, visit, Brand::Registry, "");
    let mut rows = Vec::new();
    let mut next = Some(Slice::first(STEP));
    while let Some(slice) = next {
        let reader = app.store.public();
        let found = public_catalogue::institutions(reader, &search.filter, &slice).await?;
        let around = public_catalogue::surroundings(reader, &found.items).await?;
        next = found.after.map(|place| Slice::after(place, STEP));
        for one in found.items {
            let since = domain::calendar::today(one.state_since).to_string();
            let next = institutions::pages::next_start(app, &one, around.get(&one.id));
            let provisions = around.get(&one.id).map_or_else(String::new, |around| {
                institutions::pages::provision_words(&f, &around.provisions).join(f.t("、", ", "))
            });
            rows.push(vec![
                one.institution.name.into(),
                one.institution.credit_code.into(),
                one.federation.into(),
                one.site_region.as_str().into(),
                app.regions.full_name(&one.site_region).into(),
                one.address.into(),
                one.phone.into(),
                f.t(one.state.zh(), one.state.en()).into(),
                one.grade.map(domain::institution::Grade::as_str).into(),
                since.into(),
                provisions.into(),
                next.into(),
            ]);
        }
        exports::allow(exports::Limit::Alone, false, rows.len())?;
    }
    let table = Table {
        name: "institutions",
        title: f.t("培训机构", "Training institutions"),
        columns: INSTITUTIONS,
        rows,
        source: "/institutions".to_owned(),
        filter: search.query(),
        personal: false,
        lang: visit.lang,
    };
    exports::answer(app, None, table, form).await
}

const PROGRAMS: &[Column] = &[
    Column("code", "项目编号"),
    Column("version", "版本"),
    Column("name", "项目名称"),
    Column("purpose", "培训目的"),
    Column("occupation_code", "职业编码"),
    Column("occupation", "职业"),
    Column("skill_level", "技能等级"),
    Column("hours", "学时"),
    Column("accessible_forms", "授课形式"),
    Column("certificate_type", "证书种类"),
    Column("published_on", "公布日期"),
];

async fn programs_file(app: &App, visit: &Visit, form: Form) -> Result<Response, Problem> {
    let search = Search::checked(app, visit, List::Programs, Asker::File)?;
    let f = Frame::new(app, visit, Brand::Registry, "");
    let mut rows = Vec::new();
    let mut next = Some(Slice::first(STEP));
    while let Some(slice) = next {
        let reader = app.store.public();
        let found = public_catalogue::programs(reader, &search.filter, &slice).await?;
        next = found.after.map(|place| Slice::after(place, STEP));
        for one in found.items {
            let occupation = programs::pages::occupation(app, &one.content).await?;
            let content = one.content;
            rows.push(vec![
                one.program.code.into(),
                Cell::Number(u64::from(one.version)),
                content.name.into(),
                f.t(content.purpose.zh(), content.purpose.en()).into(),
                content.occupation_code.into(),
                occupation.into(),
                Cell::Number(u64::from(content.skill_level)),
                Cell::Number(u64::from(content.hours)),
                programs::pages::form_words(&f, &content.accessible_forms).into(),
                content.certificate_type.into(),
                one.published_on.map(|day| day.to_string()).into(),
            ]);
        }
        exports::allow(exports::Limit::Alone, false, rows.len())?;
    }
    let table = Table {
        name: "programs",
        title: f.t("培训项目", "Training programmes"),
        columns: PROGRAMS,
        rows,
        source: "/programs".to_owned(),
        filter: search.query(),
        personal: false,
        lang: visit.lang,
    };
    exports::answer(app, None, table, form).await
}
