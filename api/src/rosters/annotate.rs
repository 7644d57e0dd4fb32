//! The uploaded table back, with what has to be put right marked in it.

use std::collections::BTreeMap;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatBorder, Note, Workbook, XlsxError,
};

use super::fault::Fault;
use super::{LIST_SHEET, Sheet};

/// Header of the added column; an earlier one of that name is written over.
const PROBLEMS: &str = "问题说明";
/// Cells that get a comment as well: a drawing each, so not without bound.
const MOST_NOTES: usize = 500;
/// Most characters of one explanation: a cell holds 32,767.
const MOST_CHARS: usize = 2_000;

/// The table that was uploaded as an XLSX: faulty cells with a red border and a
/// comment, and a column 问题说明. Rows keep their numbers, every cell is text.
///
/// It holds what the institution sent, in full: give it to nobody else.
///
/// # Errors
/// The writer's, none of which a sheet made by [`super::read`] should meet.
pub fn annotate(sheet: &Sheet, faults: &[Fault]) -> Result<Vec<u8>, XlsxError> {
    let mut by_row: BTreeMap<u32, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        by_row.entry(fault.row).or_default().push(fault);
    }
    let mut workbook = Workbook::new();
    // Else the writer asks the clock.
    let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title("学员名单问题标注")
            .set_creation_datetime(&made),
    );
    let out = workbook.add_worksheet().set_name(LIST_SHEET)?;

    let text = Format::new().set_num_format("@");
    let wrong = text
        .clone()
        .set_border(FormatBorder::Medium)
        .set_border_color(Color::Red);
    let explained = text
        .clone()
        .set_text_wrap()
        .set_font_color(Color::RGB(0x00C0_0000));
    let problems = problems_column(sheet);
    out.set_column_width(problems, 60)?;
    out.write_string_with_format(
        sheet.header_row - 1,
        problems,
        PROBLEMS,
        &text.clone().set_bold(),
    )?;

    let mut notes = 0;
    for row in sheet.table.rows() {
        let faults = by_row.get(&row.number).map_or(&[][..], Vec::as_slice);
        let at = row.number - 1;
        for (column, cell) in row.cells().filter(|(column, _)| *column != problems) {
            // Never a formula: `write_string` stores what begins with = + - @ as text (UP-5).
            out.write_string_with_format(at, column, cell.text, &text)?;
        }
        for fault in faults {
            let Some(column) = fault.column_index() else {
                continue;
            };
            match row.cell(column) {
                Some(cell) if !cell.text.is_empty() => {
                    out.write_string_with_format(at, column, cell.text, &wrong)?
                }
                _ => out.write_blank(at, column, &wrong)?,
            };
            if notes < MOST_NOTES {
                out.insert_note(
                    at,
                    column,
                    &Note::new(fault.zh())
                        .set_author("校验")
                        .add_author_prefix(false),
                )?;
                notes += 1;
            }
        }
        if !faults.is_empty() {
            out.write_string_with_format(at, problems, explain(faults), &explained)?;
        }
    }
    out.set_freeze_panes(sheet.header_row, 0)?;
    workbook.save_to_buffer()
}

fn problems_column(sheet: &Sheet) -> u16 {
    let earlier = sheet
        .columns()
        .iter()
        .find(|column| column.header == PROBLEMS)
        .map(|column| column.index);
    earlier.unwrap_or_else(|| {
        let last = sheet
            .table
            .rows()
            .filter_map(|row| row.cells().last().map(|(column, _)| column))
            .max();
        last.map_or(0, |last| last.saturating_add(1))
    })
}

fn explain(faults: &[&Fault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("【{}】{}", fault.column(), fault.zh()))
        .collect();
    lines.join("\n").chars().take(MOST_CHARS).collect()
}
