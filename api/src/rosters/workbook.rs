//! A checked XLSX becomes a table, cell by cell.

use std::io::Cursor;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use super::headers::{self, Header};
use super::sheet::{Kind, Table};
use super::{HEADER_SEARCH_ROWS, LIST_SHEET, Limits, RosterRefused};

/// The sheet that holds the roster.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) table: Table,
}

/// Chooses the sheet 学员名单, else the first one with a header row, and reads it.
///
/// Call [`super::guard::check`] on the same bytes first.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Found, RosterRefused> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .filter(|sheet| sheet.visible == SheetVisible::Visible || sheet.name.trim() == LIST_SHEET)
        .map(|sheet| sheet.name.clone())
        .collect();
    names.sort_by_key(|name| name.trim() != LIST_SHEET);
    for name in &names {
        let head = cells(&mut workbook, name, Some(HEADER_SEARCH_ROWS), limits)?;
        if headers::find(&head).is_none() {
            continue;
        }
        let table = cells(&mut workbook, name, None, limits)?;
        if let Some(header) = headers::find(&table) {
            return Ok(Found {
                name: name.clone(),
                header,
                table,
            });
        }
    }
    let sheets = names
        .iter()
        .take(5)
        .map(|name| headers::shorten(name))
        .collect();
    Err(RosterRefused::NoHeader { sheets })
}

/// Reads a sheet, or its first rows only.
fn cells(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &str,
    first_rows: Option<u32>,
    limits: &Limits,
) -> Result<Table, RosterRefused> {
    let mut reader = match workbook.worksheet_cells_reader(sheet) {
        Ok(reader) => reader,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(Table::default()),
        Err(error) => return Err(damaged(error)),
    };
    let mut table = Table::default();
    let mut seen = 0_usize;
    while let Some(cell) = reader.next_cell_with_formula_metadata().map_err(damaged)? {
        seen += 1;
        if seen > limits.cells {
            return Err(RosterRefused::TooManyCells {
                limit: limits.cells,
            });
        }
        let row = cell.pos.0.saturating_add(1);
        if first_rows.is_some_and(|last| row > last) {
            break;
        }
        let Some((kind, text)) = text_of(&cell.value, cell.formula.is_some()) else {
            continue;
        };
        if first_rows.is_some() && cell.pos.1 >= u32::from(limits.columns) {
            continue;
        }
        let column = u16::try_from(cell.pos.1).unwrap_or(u16::MAX);
        if row > limits.rows.saturating_add(HEADER_SEARCH_ROWS) {
            return Err(RosterRefused::TooManyRows {
                limit: limits.rows,
                row,
            });
        }
        table.push(row, column, kind, &text, limits)?;
    }
    Ok(table)
}

/// A value as the person who typed it would write it; `None` for an empty cell.
pub(super) fn text_of<'a>(
    value: &'a DataRef<'_>,
    formula: bool,
) -> Option<(Kind, std::borrow::Cow<'a, str>)> {
    let (kind, text) = match value {
        DataRef::Empty if formula => return Some((Kind::Formula, "".into())),
        DataRef::Empty => return None,
        DataRef::String(text) => (Kind::Text, text.as_str().into()),
        DataRef::SharedString(text) => (Kind::Text, (*text).into()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (
            Kind::Date,
            text.split('T').next().unwrap_or_default().to_owned().into(),
        ),
        DataRef::Int(number) => (Kind::Integer, number.to_string().into()),
        DataRef::Float(number) => number_text(*number),
        DataRef::Bool(true) => (Kind::Bool, "是".into()),
        DataRef::Bool(false) => (Kind::Bool, "否".into()),
        DataRef::Error(error) => (Kind::Error, error.to_string().into()),
        DataRef::DateTime(date)
            if date.is_datetime() && (1.0..LAST_SERIAL_DAY).contains(&date.as_f64()) =>
        {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            (Kind::Date, format!("{year:04}-{month:02}-{day:02}").into())
        }
        DataRef::DateTime(date) => number_text(date.as_f64()),
    };
    Some((
        if formula && kind != Kind::Error {
            Kind::Formula
        } else {
            kind
        },
        text,
    ))
}

fn number_text<'a>(number: f64) -> (Kind, std::borrow::Cow<'a, str>) {
    if !number.is_finite() {
        (Kind::Error, "#NUM!".into())
    } else if number.fract() != 0.0 {
        (Kind::Decimal, number.to_string().into())
    } else if number.abs() < EXACT_BELOW {
        (
            Kind::Integer,
            format!("{number:.0}").replace("-0", "0").into(),
        )
    } else {
        // Fifteen digits are what the program kept; more would be invented.
        (Kind::LostPrecision, format!("{number:.14E}").into())
    }
}

/// 2^53: from here on a spreadsheet's number no longer holds every integer.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
/// The day after 9999-12-31.
const LAST_SERIAL_DAY: f64 = 2_958_466.0;

/// The reader's words may quote the file and are dropped.
fn damaged(_: XlsxError) -> RosterRefused {
    RosterRefused::Unreadable { row: None }
}

/// The first visible sheet as a table, whatever its header says. Call [`super::guard::check`] on the same bytes first.
pub(super) fn first(bytes: &[u8], limits: &Limits) -> Result<Table, RosterRefused> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let name = workbook
        .sheets_metadata()
        .iter()
        .find(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone());
    match name {
        Some(name) => cells(&mut workbook, &name, None, limits),
        None => Err(RosterRefused::NoHeader { sheets: Vec::new() }),
    }
}
