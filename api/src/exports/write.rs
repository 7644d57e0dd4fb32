//! Bytes of an exported file.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};
use serde_json::{Map, Value};

use super::{Cell, Form, Table, Watermark};
use crate::problem::Problem;

/// Characters of one cell of a workbook.
const CELL_CHARACTERS: usize = 32_767;

/// The file in a form.
pub(super) fn file(table: &Table, mark: &Watermark, form: Form) -> Result<Vec<u8>, Problem> {
    match form {
        Form::Csv => csv(table, mark).map_err(Problem::internal),
        Form::Xlsx => xlsx(table, mark).map_err(Problem::internal),
        Form::Json => json(table, mark).map_err(Problem::internal),
    }
}

/// A text as a CSV cell: what a spreadsheet would run as a formula begins with an apostrophe.
fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    let runs = |c: char| {
        matches!(
            c,
            '=' | '+'
                | '-'
                | '@'
                | '\t'
                | '\r'
                | '\n'
                | '＝'
                | '＋'
                | '－'
                | '＠'
                | '\u{2212}'
                | '\u{fe62}'
                | '\u{fe63}'
                | '\u{fe66}'
                | '\u{fe6b}'
        )
    };
    if text.starts_with(runs) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

fn csv(table: &Table, mark: &Watermark) -> Result<Vec<u8>, csv::Error> {
    let mut out = csv::WriterBuilder::new()
        .flexible(true)
        .terminator(csv::Terminator::CRLF)
        // Excel takes UTF-8 for the local code page without it.
        .from_writer(b"\xef\xbb\xbf".to_vec());
    out.write_record(
        table
            .columns
            .iter()
            .map(|column| column.heading(table.lang)),
    )?;
    for row in &table.rows {
        let cells = row.iter().map(|cell| match cell {
            Cell::Text(text) => harmless(text).into_owned(),
            Cell::Number(number) => number.to_string(),
            Cell::Empty => String::new(),
        });
        out.write_record(cells)?;
    }
    // Below the rows, so that a program finds the header first.
    out.write_record([""])?;
    for (word, value) in &mark.lines {
        out.write_record([*word, &harmless(value)])?;
    }
    out.into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

fn xlsx(table: &Table, mark: &Watermark) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // Else the writer asks the clock; the time of the export stands on its own sheet.
    let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title(table.title)
            .set_creation_datetime(&made),
    );
    let text = Format::new().set_num_format("@");
    let bold = text.clone().set_bold();
    let number = Format::new();
    let sheet = workbook.add_worksheet().set_name(table.title)?;
    for (column, heading) in (0_u16..).zip(table.columns) {
        sheet.write_string_with_format(0, column, heading.heading(table.lang), &bold)?;
        sheet.set_column_width(column, 18)?;
    }
    for (row, cells) in (1_u32..).zip(&table.rows) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                // `write_string` makes a text cell of whatever it is given.
                Cell::Text(value) => {
                    let value: String = value.chars().take(CELL_CHARACTERS).collect();
                    sheet.write_string_with_format(row, column, value, &text)?;
                }
                Cell::Number(value) => {
                    sheet.write_number_with_format(row, column, approximate(*value), &number)?;
                }
                Cell::Empty => {}
            }
        }
    }
    let footer = mark
        .lines
        .iter()
        .map(|(_, value)| value.as_str())
        .take(3)
        .collect::<Vec<_>>()
        .join(" ");
    // `&` begins a code in a footer.
    let footer: String = footer.replace('&', "&&").chars().take(200).collect();
    sheet
        .set_freeze_panes(1, 0)?
        .set_landscape()
        .set_repeat_rows(0, 0)?
        .set_footer(format!("&L{footer}&R&P/&N"));
    let about = workbook
        .add_worksheet()
        .set_name(table.lang.pick("导出说明", "About"))?;
    about.set_column_width(0, 24)?.set_column_width(1, 80)?;
    for (row, (word, value)) in (0_u32..).zip(&mark.lines) {
        about.write_string_with_format(row, 0, *word, &bold)?;
        about.write_string_with_format(
            row,
            1,
            value.chars().take(CELL_CHARACTERS).collect::<String>(),
            &text,
        )?;
    }
    workbook.save_to_buffer()
}

/// A count as a workbook holds it; above 2^53 it would be rounded, and no count of ours gets there.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
const fn approximate(number: u64) -> f64 {
    number as f64
}

fn json(table: &Table, mark: &Watermark) -> Result<Vec<u8>, serde_json::Error> {
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| {
            let fields: Map<String, Value> = table
                .columns
                .iter()
                .zip(row)
                .map(|(column, cell)| {
                    let value = match cell {
                        Cell::Text(text) => Value::from(text.as_str()),
                        Cell::Number(number) => Value::from(*number),
                        Cell::Empty => Value::Null,
                    };
                    (column.0.to_owned(), value)
                })
                .collect();
            Value::Object(fields)
        })
        .collect();
    let about: Map<String, Value> = mark
        .lines
        .iter()
        .map(|(word, value)| ((*word).to_owned(), Value::from(value.as_str())))
        .collect();
    serde_json::to_vec_pretty(&serde_json::json!({ "导出说明": about, "items": rows }))
}

#[cfg(test)]
mod tests {
    use super::super::Column;
    use super::*;

    const HOSTILE: [&str; 12] = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠A",
        "\u{2212}1",
    ];

    fn table() -> (Table, Watermark) {
        let rows = HOSTILE
            .iter()
            .map(|text| vec![Cell::from(*text), Cell::Number(7), Cell::Empty])
            .collect();
        let table = Table {
            name: "test",
            title: "测试",
            columns: &[
                Column("text", "文字"),
                Column("count", "数"),
                Column("nothing", "空"),
            ],
            rows,
            source: "/test".to_owned(),
            filter: "=q".to_owned(),
            personal: false,
            lang: crate::extract::Locale::Zh,
        };
        let mark = Watermark {
            lines: vec![
                ("筛选条件", "=cmd|' /C calc'!A0".to_owned()),
                ("导出账号", "a".to_owned()),
            ],
        };
        (table, mark)
    }

    #[test]
    fn no_cell_of_a_csv_begins_like_a_formula() {
        let (table, mark) = table();
        let bytes = file(&table, &mark, Form::Csv).expect("a file");
        assert!(bytes.starts_with(b"\xef\xbb\xbf"));
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(&bytes[3..]);
        let mut cells = 0;
        for record in reader.records() {
            for cell in &record.expect("a record") {
                let first = cell.chars().next();
                assert!(
                    !first.is_some_and(|c| "=+-@\t\r\n＝＋－＠".contains(c)),
                    "{cell:?}"
                );
                cells += 1;
            }
        }
        assert!(cells > HOSTILE.len());
        let text = String::from_utf8(bytes).expect("UTF-8");
        for hostile in HOSTILE {
            assert!(
                text.contains(&format!("'{hostile}")),
                "nothing is lost: {hostile:?}"
            );
        }
    }

    #[test]
    fn every_text_of_a_workbook_is_a_text_cell_with_what_was_given() {
        use calamine::{Data, Reader as _, Xlsx};
        let (table, mark) = table();
        let bytes = file(&table, &mark, Form::Xlsx).expect("a file");
        let mut workbook: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).expect("a workbook");
        let formulas = workbook.worksheet_formula("测试").expect("the sheet");
        assert_eq!(formulas.used_cells().count(), 0);
        let range = workbook.worksheet_range("测试").expect("the sheet");
        for (row, hostile) in (1_u32..).zip(HOSTILE) {
            let cell = range.get_value((row, 0));
            assert!(
                matches!(cell, Some(Data::String(text)) if text.trim() == hostile.trim()),
                "{hostile:?} {cell:?}"
            );
        }
        let about = workbook.worksheet_range("导出说明").expect("the watermark");
        assert_eq!(about.get_value((1, 1)), Some(&Data::String("a".to_owned())));
    }
}
