//! The workbook: the uploaded columns as they came, the result columns after them. Every cell is text: none is a formula.

use chrono::{DateTime, Duration, Utc};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

use super::{Checked, Outcome};
use crate::extract::Locale;

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
    above: &[Vec<String>],
    header: &[String],
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
        .map(|column| header.get(column).map_or("", String::as_str))
        .chain(RESULT.iter().copied());
    for (row, cells) in (0_u32..).zip(above) {
        for (column, cell) in (0_u16..).zip(cells) {
            if !cell.is_empty() {
                sheet.write_string_with_format(row, column, cut(cell), &text)?;
            }
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
        for (column, cell) in (0_u16..).zip(uploaded.chain(result)) {
            if !cell.is_empty() {
                sheet.write_string_with_format(row, column, cut(&cell), &text)?;
            }
        }
    }
    sheet.set_freeze_panes(head + 1, 0)?;
    workbook.save_to_buffer()
}

fn cut(text: &str) -> String {
    text.chars().take(CELL).collect()
}
