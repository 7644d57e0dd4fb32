//! The trainees of a cohort as a file, masked as in the list.

use axum::extract::State;
use axum::response::Response;
use domain::ids::CohortId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use super::json_enrolments::shown;
use crate::access::By;
use crate::access::permissions::SeeRecords;
use crate::app::App;
use crate::exports::{self, Cell, Column, Form, Table};
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};

/// Routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_enrolments))
}

const COLUMNS: &[Column] = &[
    Column("id", "报名编号"),
    Column("name", "姓名(隐藏)"),
    Column("citizen_id", "公民身份号码(隐藏)"),
    Column("state", "状态"),
    Column("hukou_region", "户籍地"),
    Column("needs", "合理便利需求"),
    Column("minutes", "出勤分钟"),
    Column("passed", "考核"),
];

/// The trainees of a cohort of one's scope as a file (csv, xlsx or json), masked.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/enrolments/export/{form}", tag = "cohorts", security(("bearer" = [])),
    params(("id" = String, Path), ("form" = String, Path, description = "csv, xlsx or json")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn export_enrolments(
    State(app): State<App>,
    by: By<SeeRecords>,
    Path((id, form)): Path<(CohortId, Form)>,
) -> Result<Response, Problem> {
    find(&app, &by.actor, id).await?;
    let found = store::enrolments::of_cohort(app.store.reader(), id).await?;
    exports::allow(Some(&by.actor), true, found.len())?;
    let rows = shown(&app, id, found)
        .await?
        .into_iter()
        .map(|row| {
            vec![
                row.id.into(),
                row.name.into(),
                row.citizen_id.into(),
                row.state.into(),
                row.hukou_region.into(),
                row.needs.join(";").into(),
                row.minutes
                    .map_or(Cell::Empty, |minutes| Cell::Number(minutes.into())),
                row.passed
                    .map(|passed| if passed { "合格" } else { "不合格" })
                    .into(),
            ]
        })
        .collect();
    let table = Table {
        name: "enrolments",
        title: "班期学员",
        columns: COLUMNS,
        rows,
        source: format!("/api/v1/cohorts/{id}/enrolments"),
        filter: String::new(),
        personal: true,
        lang: crate::extract::Locale::Zh,
    };
    exports::answer(&app, Some(&by.actor), table, form).await
}
