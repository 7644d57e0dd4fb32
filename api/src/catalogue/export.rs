//! A list of the catalogue as a file: every row of the filter, with the filter, the time and the source written in it.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::app::App;
use crate::frame::Frame;
use crate::problem::Problem;

/// Most rows that a file holds.
pub(crate) const MOST_ROWS: usize = 50_000;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Comma-separated, UTF-8 with its mark, so that a spreadsheet reads Chinese.
    Csv,
    /// Excel.
    Xlsx,
}

/// A table for a file.
pub(crate) struct Table {
    /// Name of the file and of its sheet, in ASCII.
    pub(crate) name: &'static str,
    /// What the list was narrowed to, in words.
    pub(crate) filter: String,
    /// Heads of the columns.
    pub(crate) heads: Vec<&'static str>,
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// What stands above or beside the rows.
    fn notes(&self, app: &App, f: &Frame) -> Vec<[String; 2]> {
        let none = f.t("无", "none");
        let filter = if self.filter.is_empty() {
            none
        } else {
            &self.filter
        };
        vec![
            [f.t("查询条件", "Filter").to_owned(), filter.to_owned()],
            [
                f.t("导出时间(北京时间)", "Time (Beijing)").to_owned(),
                f.moment(app.now()),
            ],
            [
                f.t("来源", "Source").to_owned(),
                format!("{} {}", f.site_name(), f.public_url()),
            ],
            [f.t("行数", "Rows").to_owned(), self.rows.len().to_string()],
        ]
    }

    /// The file.
    pub(crate) fn file(&self, app: &App, f: &Frame, form: Form) -> Result<Response, Problem> {
        let (bytes, kind, extension) = match form {
            Form::Csv => (self.csv(app, f)?, "text/csv; charset=utf-8", "csv"),
            Form::Xlsx => (
                self.xlsx(app, f).map_err(Problem::internal)?,
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "xlsx",
            ),
        };
        let name = format!("attachment; filename=\"{}.{extension}\"", self.name);
        let mut response = bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Ok(name) = HeaderValue::from_str(&name) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=60"),
        );
        Ok(response)
    }

    fn csv(&self, app: &App, f: &Frame) -> Result<Vec<u8>, Problem> {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer("\u{feff}".as_bytes().to_vec());
        for note in self.notes(app, f) {
            writer
                .write_record(note.iter().map(|cell| tame(cell)))
                .map_err(Problem::internal)?;
        }
        writer
            .write_record(&self.heads)
            .map_err(Problem::internal)?;
        for row in &self.rows {
            writer
                .write_record(row.iter().map(|cell| tame(cell)))
                .map_err(Problem::internal)?;
        }
        writer.into_inner().map_err(Problem::internal)
    }

    /// Every cell is text: nothing in it is ever a formula.
    fn xlsx(&self, app: &App, f: &Frame) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let bold = Format::new().set_bold();
        let sheet = workbook.add_worksheet();
        sheet.set_name(f.t("数据", "Data"))?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, head) in (0_u16..).zip(&self.heads) {
            sheet.set_column_width(column, 24)?;
            sheet.write_string_with_format(0, column, *head, &bold)?;
        }
        for (line, row) in (1_u32..).zip(&self.rows) {
            for (column, cell) in (0_u16..).zip(row) {
                sheet.write_string(line, column, cell)?;
            }
        }
        let notes = workbook.add_worksheet();
        notes.set_name(f.t("说明", "Notes"))?;
        notes.set_column_width(0, 24)?;
        for (line, [word, text]) in (0_u32..).zip(self.notes(app, f)) {
            notes.write_string_with_format(line, 0, word, &bold)?;
            notes.write_string(line, 1, text)?;
        }
        workbook.save_to_buffer()
    }
}

/// A cell that no spreadsheet takes for a formula.
fn tame(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}
