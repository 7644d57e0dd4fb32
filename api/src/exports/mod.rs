//! The one writer of exports: CSV, XLSX and JSON with a watermark, no formula in any cell (trust.md UP-5).
//!
//! A feature makes a [`Table`] of its rows; the form, the file's name, the headers of the answer and the entry in the
//! audit are made here, so that no list can forget one of them.

pub mod bulk;
pub(crate) mod pages;
mod write;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Duration, Utc};
use domain::access::Actor;
use domain::ids::StaffPersonId;
use uuid::Uuid;

use crate::app::App;
use crate::audit::denials::{self, Denial};
use crate::audit::origin::Origin;
use crate::extract::Locale;
use crate::problem::{Code, Problem};

/// Most rows of one file.
pub const MOST_ROWS: usize = 50_000;
/// Most rows with personal data that one person takes alone, in one file and in all files of a day; more need a second
/// person ([`bulk`], trust.md UP-5).
pub const PERSONAL_ROWS: usize = 1_000;

domain::text_enum! {
    /// Form of an exported file.
    Form("form") {
        /// Text with commas, UTF-8 with byte order mark.
        Csv = "csv",
        /// Office Open XML workbook.
        Xlsx = "xlsx",
        /// JSON.
        Json = "json",
    }
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
        }
    }
}

/// A column: its name in JSON, which is the English heading too, and its Chinese heading.
#[derive(Clone, Copy, Debug)]
pub struct Column(pub &'static str, pub &'static str);

impl Column {
    const fn heading(self, lang: Locale) -> &'static str {
        match lang {
            Locale::Zh => self.1,
            Locale::En => self.0,
        }
    }
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text, whatever it looks like.
    Text(String),
    /// A count.
    Number(u64),
    /// Nothing.
    Empty,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// What is exported, and where it came from.
pub struct Table {
    /// Word in the file's name, ASCII.
    pub name: &'static str,
    /// The list as people call it.
    pub title: &'static str,
    /// Columns, left to right.
    pub columns: &'static [Column],
    /// Rows of the current filter.
    pub rows: Vec<Vec<Cell>>,
    /// Path of the list.
    pub source: String,
    /// The filter as it was asked for; empty for all.
    pub filter: String,
    /// Whether a row tells something about a trainee, masked or not.
    pub personal: bool,
    /// Language of the headings.
    pub lang: Locale,
}

/// Shows no row.
impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({}, {} rows)", self.name, self.rows.len())
    }
}

/// Who may take how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// One person alone.
    Alone,
    /// A second person has approved.
    Approved,
}

/// What a second person approved.
#[derive(Debug)]
pub struct Approval {
    /// The export.
    pub export: Uuid,
    /// Who approved.
    pub approver: StaffPersonId,
    /// What for.
    pub reason: String,
}

/// Account, time, filter and source, written into the file.
struct Watermark {
    lines: Vec<(&'static str, String)>,
}

impl Table {
    fn watermark(
        &self,
        app: &App,
        actor: Option<&Actor>,
        approval: Option<&Approval>,
        at: DateTime<Utc>,
    ) -> Watermark {
        let china = at + Duration::hours(8);
        let t = |zh: &'static str, en: &'static str| self.lang.pick(zh, en);
        let who = actor.map_or_else(
            || t("公开数据,未登录", "open data, not signed in").to_owned(),
            |actor| actor.account.to_string(),
        );
        let filter = match self.filter.as_str() {
            "" => t("(全部)", "(all)"),
            filter => filter,
        };
        let mut mark = Watermark {
            lines: vec![
                (t("名单", "List"), self.title.to_owned()),
                (t("导出账号", "Account"), who),
                (
                    t("导出时间(北京时间)", "Time (Beijing)"),
                    china.format("%Y-%m-%d %H:%M:%S").to_string(),
                ),
                (t("筛选条件", "Filter"), filter.to_owned()),
                (
                    t("来源", "Source"),
                    format!("{}{}", app.config.public_url, self.source),
                ),
                (t("行数", "Rows"), self.rows.len().to_string()),
            ],
        };
        if let Some(approval) = approval {
            mark.lines.extend([
                ("导出编号", approval.export.to_string()),
                ("批准人编号", approval.approver.to_string()),
                ("用途", approval.reason.clone()),
            ]);
        }
        mark
    }
}

/// Refuses a file that is too long, or one with personal data that one person alone may not take away.
pub fn allow(limit: Limit, personal: bool, rows: usize) -> Result<(), Problem> {
    if personal && rows > PERSONAL_ROWS && limit == Limit::Alone {
        return Err(Problem::new(Code::SecondPersonRequired).with_detail(
            format!("一次导出超过 {PERSONAL_ROWS} 行个人信息,须由另一人批准:请提出批量导出(/desk/exports),或缩小筛选范围。"),
            format!("More than {PERSONAL_ROWS} rows with personal data need a second person: ask for a bulk export (/desk/exports), or narrow the filter."),
        ));
    }
    if rows > MOST_ROWS {
        return Err(Problem::new(Code::TooLarge).with_detail(
            format!("一个文件最多 {MOST_ROWS} 行,请缩小筛选范围后分次导出。"),
            format!("A file has at most {MOST_ROWS} rows; narrow the filter and export in parts."),
        ));
    }
    Ok(())
}

/// Writes the file and the entry in the audit.
pub async fn answer(
    app: &App,
    actor: Option<&Actor>,
    table: Table,
    form: Form,
) -> Result<Response, Problem> {
    allow(Limit::Alone, table.personal, table.rows.len())?;
    if let Some(actor) = actor.filter(|_| table.personal) {
        add_up(app, actor, table.rows.len()).await?;
    }
    written(app, actor, table, form, None, Vec::new()).await
}

/// For a file with personal data that a feature writes by itself: refused or counted like any other; answers what it must say
/// of who took it, when and from where.
pub(crate) async fn counted(
    app: &App,
    actor: &Actor,
    table: &Table,
) -> Result<Vec<(&'static str, String)>, Problem> {
    allow(Limit::Alone, table.personal, table.rows.len())?;
    add_up(app, actor, table.rows.len()).await?;
    Ok(table.watermark(app, Some(actor), None, app.now()).lines)
}

/// Counts the rows to the account's files of the day: class by class is as much as all at once, and asks for the same
/// second person. What is refused is not counted.
async fn add_up(app: &App, actor: &Actor, rows: usize) -> Result<(), Problem> {
    let tx = app.store.write().await?;
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    let sum = store::export_totals::add(&tx, actor.account, app.today(), rows).await?;
    if sum > PERSONAL_ROWS as u64 {
        store::rollback(tx).await?;
        return Err(Problem::new(Code::SecondPersonRequired).with_detail(
            format!("今天导出的个人信息连同这一份将超过 {PERSONAL_ROWS} 行,须由另一人批准:请提出批量导出(/desk/exports),或明天再导出。"),
            format!("With this file, today's exports of this account would have more than {PERSONAL_ROWS} rows with personal data, which needs a second person: ask for a bulk export (/desk/exports), or come back tomorrow."),
        ));
    }
    Ok(store::commit(tx).await?)
}

/// The same for open data that is not understood without some words: what it is, by which method, for which period.
pub async fn answer_noted(
    app: &App,
    table: Table,
    form: Form,
    notes: Vec<(&'static str, String)>,
) -> Result<Response, Problem> {
    allow(Limit::Alone, table.personal, table.rows.len())?;
    written(app, None, table, form, None, notes).await
}

/// The same for a file that a second person approved.
async fn make_approved(
    app: &App,
    actor: &Actor,
    table: Table,
    form: Form,
    approval: &Approval,
) -> Result<Made, Problem> {
    allow(Limit::Approved, table.personal, table.rows.len())?;
    make(app, Some(actor), table, form, Some(approval), Vec::new()).await
}

/// A file that was made and not handed out yet.
struct Made {
    name: &'static str,
    /// For the audit.
    detail: String,
    disposition: HeaderValue,
    form: Form,
    bytes: Vec<u8>,
}

impl Made {
    fn answer(self) -> Response {
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(self.form.media_type()),
            ),
            (header::CONTENT_DISPOSITION, self.disposition),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, Body::from(self.bytes)).into_response()
    }
}

async fn written(
    app: &App,
    actor: Option<&Actor>,
    table: Table,
    form: Form,
    approval: Option<&Approval>,
    notes: Vec<(&'static str, String)>,
) -> Result<Response, Problem> {
    let made = make(app, actor, table, form, approval, notes).await?;
    if let Some(actor) = actor {
        crate::audit::did(app, actor, "export", ("export", made.name), &made.detail).await?;
    } else {
        // Open data: counted, not listed, so that reading it all day does not fill the audit.
        let taken = Denial {
            actor: None,
            account: None,
            origin: Origin::current(),
            act: "export".to_owned(),
            object_kind: "export".to_owned(),
            object_id: made.name.to_owned(),
            outcome: store::audit::DONE,
        };
        denials::record(app, taken).await;
    }
    Ok(made.answer())
}

async fn make(
    app: &App,
    actor: Option<&Actor>,
    table: Table,
    form: Form,
    approval: Option<&Approval>,
    notes: Vec<(&'static str, String)>,
) -> Result<Made, Problem> {
    let at = app.now();
    let mut mark = table.watermark(app, actor, approval, at);
    mark.lines.extend(notes);
    let name = table.name;
    let title = table.title;
    let detail = format!(
        "{} rows={} filter={}",
        form.as_str(),
        table.rows.len(),
        audited(&table.filter)
    );
    let place = crate::cores::EXPORTS.place().await?;
    let bytes = place
        .aside(move || write::file(&table, &mark, form))
        .await
        .map_err(Problem::internal)??;
    let day = (at + Duration::hours(8)).format("%Y%m%d");
    let ending = form.as_str();
    let shown = disposition(
        &format!("{title}-{day}.{ending}"),
        &format!("{name}-{day}.{ending}"),
    );
    Ok(Made {
        name,
        detail,
        disposition: shown,
        form,
        bytes,
    })
}

/// The filter as the audit keeps it: which conditions there were, and their values only where these are codes.
fn audited(filter: &str) -> String {
    filter
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            // What people type into a search field may be a name.
            Some(("q", _)) => "q".to_owned(),
            _ => pair.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("&")
}

/// `Content-Disposition` of a download (RFC 6266): a plain name, and the Chinese one encoded (RFC 8187).
pub fn disposition(name: &str, plain: &str) -> HeaderValue {
    let encoded: String = name
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    let plain: String = plain
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    HeaderValue::try_from(format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
    ))
    .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_thousand_people_need_a_second_person_and_nothing_passes_the_length_of_a_file() {
        let code = |limit, personal, rows| allow(limit, personal, rows).err().map(|no| no.code());
        assert_eq!(code(Limit::Alone, true, PERSONAL_ROWS), None);
        assert_eq!(
            code(Limit::Alone, true, PERSONAL_ROWS + 1),
            Some(Code::SecondPersonRequired)
        );
        assert_eq!(code(Limit::Alone, false, PERSONAL_ROWS + 1), None);
        assert_eq!(code(Limit::Approved, true, MOST_ROWS), None);
        for limit in [Limit::Alone, Limit::Approved] {
            assert_eq!(code(limit, false, MOST_ROWS + 1), Some(Code::TooLarge));
        }
    }
}
