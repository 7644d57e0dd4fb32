//! The uploaded table back, with what has to be put right marked in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatBorder, Note, Workbook, XlsxError,
};

use super::fault::Fault;
use super::template::width;
use super::{LIST_SHEET, Sheet};

/// Header of the added column; an earlier one of that name is written over.
const PROBLEMS: &str = "问题说明";
/// Cells that get a comment as well: a drawing each, so not without bound.
const MOST_NOTES: usize = 500;
/// Bytes that all explanations together may take, so that a list of fifty
/// thousand bad rows stays within the memory of one import (UP-3).
const EXPLANATION_BYTES: usize = 8 << 20;
/// Bytes of one explanation: a cell holds 32,767 characters.
const ONE_EXPLANATION_BYTES: std::ops::RangeInclusive<usize> = 160..=6_000;

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
    let most_bytes = (EXPLANATION_BYTES / by_row.len().max(1))
        .clamp(*ONE_EXPLANATION_BYTES.start(), *ONE_EXPLANATION_BYTES.end());
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
    let bold = text.clone().set_bold();
    let wrong = text
        .clone()
        .set_border(FormatBorder::Medium)
        .set_border_color(Color::Red);
    let explained = text
        .clone()
        .set_text_wrap()
        .set_font_color(Color::RGB(0x00C0_0000));
    let problems = problems_column(sheet);
    for column in sheet.columns() {
        out.set_column_width(column.index, column.field.map_or(14.0, width))?;
    }
    out.set_column_width(problems, 60)?;
    out.write_string_with_format(sheet.header_row - 1, problems, PROBLEMS, &bold)?;

    let mut notes = 0;
    for row in sheet.table.rows() {
        let faults = by_row.get(&row.number).map_or(&[][..], Vec::as_slice);
        let at = row.number - 1;
        for (column, cell) in row.cells().filter(|(column, _)| *column != problems) {
            // Never a formula: `write_string` stores what begins with = + - @ as text (UP-5).
            let format = if row.number == sheet.header_row {
                &bold
            } else {
                &text
            };
            out.write_string_with_format(at, column, cell.text, format)?;
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
            out.write_string_with_format(at, problems, explain(faults, most_bytes), &explained)?;
        }
    }
    out.set_freeze_panes(sheet.header_row, 0)?
        .set_landscape()
        .set_print_fit_to_pages(1, 0);
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

/// All faults of a row in full, as far as they fit; what does not fit is counted.
fn explain(faults: &[&Fault], most_bytes: usize) -> String {
    let mut out = String::new();
    for (at, fault) in faults.iter().enumerate() {
        let line = format!("【{}】{}", fault.column(), fault.zh());
        if at > 0 && out.len() + line.len() > most_bytes {
            let _ = write!(out, "\n另有 {} 处问题,见标红的单元格。", faults.len() - at);
            break;
        }
        if at > 0 {
            out.push('\n');
        }
        out.push_str(&line);
    }
    out
}
