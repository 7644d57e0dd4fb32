//! The public lists as files: all rows of the filter (pages.md 1, "Tables").

use axum::extract::State;
use axum::response::Response;
use store::public_catalogue::{self, Filter};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json::CatalogueQuery;
use crate::app::App;
use crate::exports::{self, Column, Form, Table};
use crate::extract::{Path, Query};
use crate::problem::{Problem, ProblemBody};

/// Rows read at a time.
const STEP: u64 = 1_000;

/// Routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(export_institutions))
        .routes(routes!(export_programs))
}

fn filter_text(filter: &Filter) -> String {
    let pairs = [
        ("q", &filter.text),
        ("region", &filter.region),
        ("state", &filter.state),
    ];
    let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
    serde_urlencoded::to_string(pairs.collect::<Vec<_>>()).unwrap_or_default()
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
];

/// Institutions of the filter as a file (csv, xlsx or json).
#[utoipa::path(get, path = "/api/v1/catalogue/institutions/export/{form}", tag = "catalogue",
    params(("form" = String, Path, description = "csv, xlsx or json"), CatalogueQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn export_institutions(
    State(app): State<App>,
    Path(form): Path<Form>,
    Query(query): Query<CatalogueQuery>,
) -> Result<Response, Problem> {
    let (filter, _) = query.parts();
    let mut rows = Vec::new();
    for page in 1.. {
        let found = public_catalogue::institutions(app.store.reader(), &filter, page, STEP).await?;
        let last = (found.items.len() as u64) < STEP;
        rows.extend(found.items.into_iter().map(|row| {
            vec![
                row.institution.name.into(),
                row.institution.credit_code.into(),
                row.federation.into(),
                row.site_region.as_str().into(),
                app.regions.full_name(&row.site_region).into(),
                row.address.into(),
                row.phone.into(),
                row.state.zh().into(),
                row.grade.map(domain::institution::Grade::as_str).into(),
                domain::calendar::today(row.state_since).to_string().into(),
            ]
        }));
        exports::allow(None, false, rows.len())?;
        if last {
            break;
        }
    }
    let table = Table {
        name: "institutions",
        title: "培训机构",
        columns: INSTITUTIONS,
        rows,
        source: "/institutions".to_owned(),
        filter: filter_text(&filter),
        personal: false,
    };
    exports::answer(&app, None, table, form).await
}

const PROGRAMS: &[Column] = &[
    Column("code", "项目编号"),
    Column("version", "版本"),
    Column("name", "项目名称"),
    Column("purpose", "培训目的"),
    Column("occupation_code", "职业编码"),
    Column("skill_level", "技能等级"),
    Column("hours", "学时"),
    Column("certificate_type", "证书种类"),
    Column("published_on", "公布日期"),
];

/// Programmes of the filter as a file (csv, xlsx or json).
#[utoipa::path(get, path = "/api/v1/catalogue/programs/export/{form}", tag = "catalogue",
    params(("form" = String, Path, description = "csv, xlsx or json"), CatalogueQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn export_programs(
    State(app): State<App>,
    Path(form): Path<Form>,
    Query(query): Query<CatalogueQuery>,
) -> Result<Response, Problem> {
    let (filter, _) = query.parts();
    let mut rows = Vec::new();
    for page in 1.. {
        let found = public_catalogue::programs(app.store.reader(), &filter, page, STEP).await?;
        let last = (found.items.len() as u64) < STEP;
        rows.extend(found.items.into_iter().map(|row| {
            vec![
                row.program.code.into(),
                exports::Cell::Number(u64::from(row.version)),
                row.content.name.into(),
                row.content.purpose.zh().into(),
                row.content.occupation_code.into(),
                exports::Cell::Number(u64::from(row.content.skill_level)),
                exports::Cell::Number(u64::from(row.content.hours)),
                row.content.certificate_type.into(),
                row.published_on.map(|day| day.to_string()).into(),
            ]
        }));
        exports::allow(None, false, rows.len())?;
        if last {
            break;
        }
    }
    let table = Table {
        name: "programs",
        title: "培训项目",
        columns: PROGRAMS,
        rows,
        source: "/programs".to_owned(),
        filter: filter_text(&filter),
        personal: false,
    };
    exports::answer(&app, None, table, form).await
}
