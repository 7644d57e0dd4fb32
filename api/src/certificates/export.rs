//! The certificates of one's scope as a file.

use axum::extract::State;
use axum::response::Response;
use domain::access::Actor;
use domain::ids::BatchId;
use serde::{Deserialize, Serialize};
use store::scope::Scope;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::By;
use crate::access::permissions::SeeCertificates;
use crate::app::App;
use crate::exports::{self, Column, Form, Limit, Table};
use crate::extract::{Path, Query};
use crate::problem::{Problem, ProblemBody};

/// Rows read at a time: one more than a person alone may take away.
const STEP: u64 = exports::PERSONAL_ROWS as u64 + 1;

/// Routes of this part.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(export_certificates))
}

/// What the list is narrowed to.
#[derive(Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Batch.
    #[param(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<BatchId>,
}

const COLUMNS: &[Column] = &[
    Column("certificate_no", "证书编号"),
    Column("public_id", "查验编号"),
    Column("holder", "持证人(隐藏)"),
    Column("status", "状态"),
    Column("status_reason", "状态原因"),
    Column("issued_at", "签发时间(UTC)"),
    Column("expires_at", "有效期至(UTC)"),
    Column("federation", "签发残联"),
    Column("kid", "签发密钥"),
    Column("leaf_index", "日志序号"),
];

/// The certificates of one's scope as a file (csv, xlsx or json); names are masked.
#[utoipa::path(get, path = "/api/v1/certificates/export/{form}", tag = "certificates", security(("bearer" = [])),
    params(("form" = String, Path, description = "csv, xlsx or json"), ExportQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn export_certificates(
    State(app): State<App>,
    by: By<SeeCertificates>,
    Path(form): Path<Form>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let table = table(&app, &by.actor, query.batch, Limit::Alone).await?;
    exports::answer(&app, Some(&by.actor), table, form).await
}

/// The certificates of an actor's scope as a table.
pub(crate) async fn table(
    app: &App,
    actor: &Actor,
    batch: Option<BatchId>,
    limit: Limit,
) -> Result<Table, Problem> {
    let scope = Scope::of(actor);
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let found =
            store::certificates::list(app.store.reader(), &scope, batch, after, STEP).await?;
        let last = (found.len() as u64) < STEP;
        after = found.last().map(|row| row.id);
        let stamp = |at: chrono::DateTime<chrono::Utc>| {
            at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        };
        rows.extend(found.into_iter().map(|row| {
            vec![
                row.certificate_no.as_str().into(),
                row.public_id.to_string().into(),
                row.holder_masked.into(),
                row.status.as_str().into(),
                row.status_reason.into(),
                stamp(row.issued_at).into(),
                row.expires_at.map(stamp).into(),
                row.federation.into(),
                row.kid.into(),
                exports::Cell::Number(row.leaf_index.0),
            ]
        }));
        exports::allow(limit, true, rows.len())?;
        if last {
            break;
        }
    }
    Ok(Table {
        name: "certificates",
        title: "培训证书",
        columns: COLUMNS,
        rows,
        source: "/api/v1/certificates".to_owned(),
        filter: serde_urlencoded::to_string(ExportQuery { batch }).unwrap_or_default(),
        personal: true,
        lang: crate::extract::Locale::Zh,
    })
}
