//! The trainees of a cohort as a file, masked as in the list.

use axum::extract::State;
use axum::response::Response;
use domain::access::Actor;
use domain::ids::CohortId;
use store::cohorts::Filter;
use store::scope::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use super::json_enrolments::shown;
use crate::access::By;
use crate::access::permissions::SeeRecords;
use crate::app::App;
use crate::exports::{self, Cell, Column, Form, Limit, Table};
use crate::extract::Path;
use crate::problem::{Problem, ProblemBody};

/// Classes read at a time.
const CLASSES: u64 = 100;

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
    Column("cohort", "班期编号"),
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
    let table = table(&app, &by.actor, Some(id), Limit::Alone).await?;
    exports::answer(&app, Some(&by.actor), table, form).await
}

/// The trainees of a class of an actor's scope as a table, masked; without a class, those of every class of the scope.
pub(crate) async fn table(
    app: &App,
    actor: &Actor,
    cohort: Option<CohortId>,
    limit: Limit,
) -> Result<Table, Problem> {
    let mut rows = Vec::new();
    if let Some(id) = cohort {
        find(app, actor, id).await?;
        class(app, actor, id, limit, &mut rows).await?;
    } else {
        let (scope, filter) = (Scope::of(actor), Filter::default());
        let mut before = None;
        loop {
            let reader = app.store.reader();
            let some = store::cohorts::list(reader, &scope, &filter, before, CLASSES).await?;
            for one in &some {
                class(app, actor, one.id, limit, &mut rows).await?;
            }
            before = some.last().map(|one| one.id);
            if (some.len() as u64) < CLASSES {
                break;
            }
        }
    }
    Ok(Table {
        name: "enrolments",
        title: "班期学员",
        columns: COLUMNS,
        rows,
        source: cohort.map_or_else(
            || "/api/v1/cohorts".to_owned(),
            |id| format!("/api/v1/cohorts/{id}/enrolments"),
        ),
        filter: String::new(),
        personal: true,
        lang: crate::extract::Locale::Zh,
    })
}

/// Adds the trainees of one class.
async fn class(
    app: &App,
    actor: &Actor,
    id: CohortId,
    limit: Limit,
    rows: &mut Vec<Vec<Cell>>,
) -> Result<(), Problem> {
    let found = store::enrolments::of_cohort(app.store.reader(), id).await?;
    exports::allow(limit, true, rows.len() + found.len())?;
    rows.extend(shown(app, actor, id, found).await?.into_iter().map(|row| {
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
            id.to_string().into(),
        ]
    }));
    Ok(())
}
