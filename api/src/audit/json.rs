//! The audit over JSON and as a file.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, Utc};
use domain::access::Actor;
use serde::{Deserialize, Serialize};
use store::audit::{AuditFilter, AuditRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::By;
use crate::access::permissions::ReadAudit;
use crate::app::App;
use crate::exports::{self, Cell, Column, Form, Table};
use crate::extract::Query;
use crate::problem::{Problem, ProblemBody};

/// Rows read at a time for a file.
const STEP: u64 = 2_000;

/// Routes of this feature.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_audit))
        .routes(routes!(export_audit))
}

/// What a search in the audit is narrowed to.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Whole id of an object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub object: String,
    /// Id of an account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub account: String,
    /// Whole name of an act, such as `create_account`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub act: String,
    /// `done`, a problem code, or `refused` for all that was not done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    /// From this day in China or this moment (RFC 3339).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// Up to the end of this day in China, or before this moment (RFC 3339).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub until: String,
}

impl AuditQuery {
    /// The filter, every wrong part told.
    pub fn filter(&self) -> Result<AuditFilter, Problem> {
        let some = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| text.chars().take(200).collect::<String>())
        };
        let account = some(&self.account)
            .map(|text| text.parse::<Uuid>())
            .transpose()
            .map_err(|_| {
                Problem::field(
                    "/account",
                    "id",
                    "账号编号应为 UUID。",
                    "The id of an account is a UUID.",
                )
            })?;
        Ok(AuditFilter {
            object: some(&self.object),
            account,
            act: some(&self.act),
            outcome: some(&self.outcome),
            from: moment("/from", &self.from, 0)?,
            until: moment("/until", &self.until, 1)?,
        })
    }

    /// The filter as it stands in an address.
    pub fn text(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }
}

/// A moment, or the first moment of a day in China, so many days on.
fn moment(pointer: &str, text: &str, days: i64) -> Result<Option<DateTime<Utc>>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || {
        Problem::field(
            pointer,
            "date",
            "请填写日期(2026-03-02)或时刻(2026-03-02T08:00:00Z)。",
            "Give a date (2026-03-02) or a moment (2026-03-02T08:00:00Z).",
        )
    };
    if let Ok(day) = text.parse::<NaiveDate>() {
        let zone = FixedOffset::east_opt(8 * 3600).ok_or_else(wrong)?;
        let day = day
            .checked_add_signed(chrono::Duration::days(days))
            .ok_or_else(wrong)?;
        let local = day
            .and_time(NaiveTime::MIN)
            .and_local_timezone(zone)
            .single()
            .ok_or_else(wrong)?;
        return Ok(Some(local.with_timezone(&Utc)));
    }
    DateTime::parse_from_rfc3339(text)
        .map(|at| Some(at.with_timezone(&Utc)))
        .map_err(|_| wrong())
}

/// Where a page of the audit begins, and how long it is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditPageQuery {
    /// Whole id of an object.
    #[serde(default)]
    object: String,
    /// Id of an account.
    #[serde(default)]
    account: String,
    /// Whole name of an act, such as `create_account`.
    #[serde(default)]
    act: String,
    /// `done`, a problem code, or `refused` for all that was not done.
    #[serde(default)]
    outcome: String,
    /// From this day in China or this moment (RFC 3339).
    #[serde(default)]
    from: String,
    /// Up to the end of this day in China, or before this moment (RFC 3339).
    #[serde(default)]
    until: String,
    /// At most so many, 1 to 100; 50 unless told.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
    /// The `next` of the page before.
    cursor: Option<i64>,
}

/// A row of the audit.
#[derive(Serialize, ToSchema)]
struct AuditItem {
    /// Its number, from 1 without gaps.
    seq: i64,
    /// When (RFC 3339, UTC).
    at: String,
    /// Reference number of the request.
    request_id: String,
    /// The human being.
    person: Option<String>,
    /// The account.
    account: Option<String>,
    /// The post.
    post: Option<String>,
    /// Its role.
    role: Option<String>,
    /// Federation of the post.
    federation: Option<String>,
    /// Institution of the post.
    institution: Option<String>,
    /// `own`, `delegated`, `substitute`.
    capacity: Option<String>,
    /// Network of the client.
    network: String,
    /// What.
    act: String,
    /// Kind of the object.
    object_kind: String,
    /// The object.
    object: String,
    /// `done` or the code of the problem.
    outcome: String,
    /// How often.
    times: i64,
    /// States before and after.
    detail: String,
    /// SHA-256 of what the last act on the object was asked and left behind, hexadecimal; see `after_sha256`.
    before_sha256: Option<String>,
    /// SHA-256 over the keyed digest of what was asked and over the receipt, hexadecimal.
    after_sha256: Option<String>,
    /// Hash of the row, hexadecimal.
    hash: String,
}

impl From<AuditRow> for AuditItem {
    fn from(row: AuditRow) -> Self {
        let hex = |bytes: Vec<u8>| data_encoding::HEXLOWER.encode(&bytes);
        Self {
            seq: row.seq,
            at: stamp(row.at),
            request_id: row.request_id,
            person: row.person.map(|id| id.to_string()),
            account: row.account.map(|id| id.to_string()),
            post: row.post.map(|id| id.to_string()),
            role: row.role,
            federation: row.federation,
            institution: row.institution.map(|id| id.to_string()),
            capacity: row.capacity,
            network: row.network,
            act: row.act,
            object_kind: row.object_kind,
            object: row.object_id,
            outcome: row.outcome,
            times: row.times,
            detail: row.detail,
            before_sha256: row.before.map(hex),
            after_sha256: row.after.map(hex),
            hash: hex(row.hash),
        }
    }
}

fn stamp(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
        .unwrap_or_default()
}

/// A page of the audit.
#[derive(Serialize, ToSchema)]
struct AuditResponse {
    /// Rows, newest first.
    items: Vec<AuditItem>,
    /// Cursor of the next page.
    next: Option<i64>,
}

/// The federation whose area an auditor reads.
fn area(actor: &Actor) -> &str {
    actor.federation.as_deref().unwrap_or("")
}

/// A page of rows and the cursor of the next.
pub(super) async fn page(
    app: &App,
    actor: &Actor,
    filter: &AuditFilter,
    cursor: Option<i64>,
    limit: u64,
) -> Result<(Vec<AuditRow>, Option<i64>), Problem> {
    let mut rows =
        store::audit::page(app.store.reader(), area(actor), filter, cursor, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(100));
    let next = rows.last().filter(|_| more).map(|row| row.seq);
    Ok((rows, next))
}

/// Who did or was refused what, newest first, within the auditor's area.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", security(("bearer" = [])), params(AuditPageQuery),
    responses((status = 200, body = AuditResponse), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn list_audit(
    State(app): State<App>,
    by: By<ReadAudit>,
    Query(query): Query<AuditPageQuery>,
) -> Result<Json<AuditResponse>, Problem> {
    let filter = AuditQuery {
        object: query.object,
        account: query.account,
        act: query.act,
        outcome: query.outcome,
        from: query.from,
        until: query.until,
    }
    .filter()?;
    let limit = crate::fields::limit(query.limit, 50, 100)?;
    let (rows, next) = page(&app, &by.actor, &filter, query.cursor, limit).await?;
    Ok(Json(AuditResponse {
        items: rows.into_iter().map(AuditItem::from).collect(),
        next,
    }))
}

const COLUMNS: &[Column] = &[
    Column("seq", "序号"),
    Column("at", "时间(UTC)"),
    Column("request_id", "请求编号"),
    Column("person", "人员"),
    Column("account", "账号"),
    Column("post", "岗位"),
    Column("role", "角色"),
    Column("federation", "残联"),
    Column("institution", "机构"),
    Column("capacity", "身份"),
    Column("network", "来源网段"),
    Column("act", "事项"),
    Column("object_kind", "对象类型"),
    Column("object", "对象"),
    Column("outcome", "结果"),
    Column("times", "次数"),
    Column("detail", "变化"),
    Column("before_sha256", "办理前哈希"),
    Column("after_sha256", "办理后哈希"),
    Column("hash", "本行哈希"),
];

fn cells(row: AuditRow) -> Vec<Cell> {
    let item = AuditItem::from(row);
    vec![
        Cell::Number(item.seq.cast_unsigned()),
        item.at.into(),
        item.request_id.into(),
        item.person.into(),
        item.account.into(),
        item.post.into(),
        item.role.into(),
        item.federation.into(),
        item.institution.into(),
        item.capacity.into(),
        item.network.into(),
        item.act.into(),
        item.object_kind.into(),
        item.object.into(),
        item.outcome.into(),
        Cell::Number(item.times.cast_unsigned()),
        item.detail.into(),
        item.before_sha256.into(),
        item.after_sha256.into(),
        item.hash.into(),
    ]
}

/// The audit of the filter as a file.
#[utoipa::path(get, path = "/api/v1/audit/export/{form}", tag = "audit", security(("bearer" = [])),
    params(("form" = String, Path, description = "csv, xlsx or json"), AuditQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
async fn export_audit(
    State(app): State<App>,
    by: By<ReadAudit>,
    crate::extract::Path(form): crate::extract::Path<Form>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    file(&app, &by.actor, &query, form, crate::extract::Locale::Zh).await
}

/// All rows of the filter in the auditor's area, as a file.
pub(super) async fn file(
    app: &App,
    actor: &Actor,
    query: &AuditQuery,
    form: Form,
    lang: crate::extract::Locale,
) -> Result<Response, Problem> {
    let filter = query.filter()?;
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let (some, next) = page(app, actor, &filter, cursor, STEP).await?;
        rows.extend(some.into_iter().map(cells));
        exports::allow(exports::Limit::Alone, false, rows.len())?;
        cursor = next;
        if next.is_none() {
            break;
        }
    }
    let table = Table {
        name: "audit",
        title: "审计记录",
        columns: COLUMNS,
        rows,
        source: "/api/v1/audit".to_owned(),
        filter: query.text(),
        personal: false,
        lang,
    };
    exports::answer(app, Some(actor), table, form).await
}
