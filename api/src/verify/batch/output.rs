//! The workbook: the uploaded columns as they came, the result columns after them. A number stays a number and a day a day; all
//! else is text, and no cell is a formula.

use chrono::{DateTime, Duration, Utc};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::{Checked, Outcome};
use crate::extract::Locale;
use crate::rosters::{PlainCell, PlainKind};

const RESULT: &[&str] = &[
    "查验结果",
    "状态代码",
    "说明",
    "持证人",
    "证书",
    "培训机构",
    "签发日期",
    "重复于行",
    "查验时间(北京时间)",
];
/// Characters of one cell of a workbook.
const CELL: usize = 32_767;

fn new() -> Result<Workbook, XlsxError> {
    let mut workbook = Workbook::new();
    // Else the writer asks the clock.
    let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title("批量查验")
            .set_creation_datetime(&made),
    );
    Ok(workbook)
}

/// An empty table with the headings.
pub(super) fn template() -> Result<Vec<u8>, XlsxError> {
    let mut workbook = new()?;
    let bold = Format::new().set_num_format("@").set_bold();
    let text = Format::new().set_num_format("@");
    let sheet = workbook.add_worksheet().set_name("批量查验")?;
    for (column, word) in (0_u16..).zip(["证书编号", "姓名", "二维码"]) {
        sheet.write_string_with_format(0, column, word, &bold)?;
        sheet.set_column_width(column, 30)?;
        sheet.set_column_format(column, &text)?;
    }
    workbook.save_to_buffer()
}

/// All lines with their results.
pub(super) fn workbook(
    above: &[Vec<PlainCell>],
    header: &[PlainCell],
    checked: &[Checked],
    now: DateTime<Utc>,
) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = new()?;
    let text = Format::new().set_num_format("@");
    let bold = text.clone().set_bold();
    let sheet = workbook.add_worksheet().set_name("查验结果")?;
    let cells = checked.iter().map(|one| &one.asked.cells);
    let widest = cells.chain(above).map(Vec::len).max();
    let own = header.len().max(widest.unwrap_or(0));
    let words = (0..own)
        .map(|column| header.get(column).map_or("", |cell| cell.text.as_str()))
        .chain(RESULT.iter().copied());
    for (row, cells) in (0_u32..).zip(above) {
        for (column, cell) in (0_u16..).zip(cells) {
            write(sheet, row, column, cell, &text)?;
        }
    }
    let head = u32::try_from(above.len()).unwrap_or(0);
    for (column, word) in (0_u16..).zip(words) {
        sheet.write_string_with_format(head, column, cut(word), &bold)?;
        sheet.set_column_width(column, 20)?;
    }
    let at = (now + Duration::hours(8))
        .format("%Y-%m-%d %H:%M:%S")
        .to_string();
    for (row, one) in (head + 1..).zip(checked) {
        let uploaded =
            (0..own).map(|column| one.asked.cells.get(column).cloned().unwrap_or_default());
        let code = match &one.outcome {
            Outcome::Answered(answer) => answer.state().code(),
            Outcome::Refused(code, _) => code,
        };
        let (holder, kind, institution, day) = one.facts().map_or_else(Default::default, |facts| {
            (facts.0, facts.1, facts.2, facts.3.to_string())
        });
        let result = [
            one.word(Locale::Zh),
            code.to_owned(),
            one.reason(Locale::Zh),
            holder,
            kind,
            institution,
            day,
            one.repeats.map_or(String::new(), |first| first.to_string()),
            at.clone(),
        ];
        let result = result.map(PlainCell::from);
        for (column, cell) in (0_u16..).zip(uploaded.chain(result)) {
            write(sheet, row, column, &cell, &text)?;
        }
    }
    sheet.set_freeze_panes(head + 1, 0)?;
    workbook.save_to_buffer()
}

/// A cell as it came. What does not read as what it was stays its text.
fn write(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &PlainCell,
    text: &Format,
) -> Result<(), XlsxError> {
    let words = cell.text.as_str();
    let day = words.contains('-');
    let format = match (day, words.contains(':')) {
        (true, true) => "yyyy\\-mm\\-dd hh:mm:ss",
        (true, false) => "yyyy\\-mm\\-dd",
        _ => "[h]:mm:ss",
    };
    match (cell.kind, words.parse::<f64>(), moment(words)) {
        (PlainKind::Number, Ok(number), _) if number.is_finite() => {
            sheet.write_number(row, column, number)?;
        }
        (PlainKind::Date, _, Some(moment)) => {
            let format = Format::new().set_num_format(format);
            sheet.write_number_with_format(row, column, moment, &format)?;
        }
        (PlainKind::Bool, ..) => {
            sheet.write_boolean(row, column, words == "TRUE")?;
        }
        _ if words.is_empty() => {}
        _ => {
            sheet.write_string_with_format(row, column, cut(words), text)?;
        }
    }
    Ok(())
}

/// The serial number of a day, a moment or a duration.
fn moment(words: &str) -> Option<f64> {
    let seconds = |text: &str| {
        let mut parts = text.split(':').map(|part| part.parse::<u32>().ok());
        let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
        Some(f64::from(hours) * 3_600.0 + f64::from(minutes) * 60.0 + f64::from(seconds))
    };
    let (day, time) = match words.split_once(' ') {
        Some((day, time)) => (Some(day), Some(time)),
        None if words.contains(':') => (None, Some(words)),
        None => (Some(words), None),
    };
    let days = match day {
        Some(day) => {
            let mut parts = day.split('-').map(|part| part.parse::<u16>().ok());
            let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
            let (month, day) = (month.try_into().ok()?, day.try_into().ok()?);
            ExcelDateTime::from_ymd(year, month, day).ok()?.to_excel()
        }
        None => 0.0,
    };
    let time = match time {
        Some(time) => seconds(time)? / 86_400.0,
        None => 0.0,
    };
    Some(days + time)
}

fn cut(text: &str) -> String {
    text.chars().take(CELL).collect()
}
