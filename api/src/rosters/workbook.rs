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
        let head = cells(
            &mut workbook,
            name,
            Some(HEADER_SEARCH_ROWS),
            limits,
            text_of,
        )?;
        if headers::find(&head).is_none() {
            continue;
        }
        let table = cells(&mut workbook, name, None, limits, text_of)?;
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

/// What a cell is, and its words.
pub(super) type Words =
    for<'a> fn(&'a DataRef<'_>, bool) -> Option<(Kind, std::borrow::Cow<'a, str>)>;

/// The first visible sheet with anything in it, whatever its words.
///
/// Call [`super::guard::check`] on the same bytes first.
pub(super) fn read_first(
    bytes: &[u8],
    limits: &Limits,
    words: Words,
) -> Result<Table, RosterRefused> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    for name in &names {
        let table = cells(&mut workbook, name, None, limits, words)?;
        if table.last_row() > 0 {
            return Ok(table);
        }
    }
    Ok(Table::default())
}

/// Reads a sheet, or its first rows only.
fn cells(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &str,
    first_rows: Option<u32>,
    limits: &Limits,
    words: Words,
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
        let Some((kind, text)) = words(&cell.value, cell.formula.is_some()) else {
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

/// A value so that it can be written again as it was: with its time, in all digits, and true as true.
pub(super) fn whole_of<'a>(
    value: &'a DataRef<'_>,
    formula: bool,
) -> Option<(Kind, std::borrow::Cow<'a, str>)> {
    let whole = match value {
        DataRef::Bool(true) => (Kind::Bool, "TRUE".into()),
        DataRef::Bool(false) => (Kind::Bool, "FALSE".into()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            (Kind::Text, text.as_str().into())
        }
        DataRef::Float(number) if number.is_finite() && number.fract() == 0.0 => {
            (Kind::Integer, format!("{number:.0}").into())
        }
        DataRef::DateTime(date) if (0.0..LAST_SERIAL_DAY).contains(&date.as_f64()) => {
            (Kind::Date, moment(*date).into())
        }
        other => return text_of(other, formula),
    };
    Some(if formula {
        (Kind::Formula, whole.1)
    } else {
        whole
    })
}

/// `YYYY-MM-DD`, with ` HH:MM:SS` where it has a time; a duration, or a time without a day, as `HH:MM:SS`.
fn moment(date: calamine::ExcelDateTime) -> String {
    let serial = date.as_f64();
    if date.is_duration() || serial < 1.0 {
        // At most some hundred thousand days.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "below 2^53, checked by the caller"
        )]
        let seconds = (serial * 86_400.0).round() as i64;
        let (minutes, second) = (seconds / 60, seconds % 60);
        return format!("{:02}:{:02}:{second:02}", minutes / 60, minutes % 60);
    }
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    let day = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        day
    } else {
        format!("{day} {hour:02}:{minute:02}:{second:02}")
    }
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
