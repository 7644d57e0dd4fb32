//! The template and the annotated table, read back.

use super::super::{Field, Format, Kind, Limits, annotate, parse, read, template};
use super::{context, sheet};

#[test]
fn the_template_is_read_as_a_roster_with_only_its_sample() {
    let bytes = template();
    assert_eq!(bytes, template(), "the same bytes on every call");
    let sheet = read(&bytes, "template.xlsx", Limits::default()).expect("readable");
    assert_eq!(
        (sheet.format(), sheet.name(), sheet.header_row()),
        (Format::Xlsx, Some("学员名单"), 1)
    );
    assert_eq!(
        sheet
            .columns()
            .iter()
            .map(|column| column.field)
            .collect::<Vec<_>>(),
        Field::ALL.map(Some)
    );
    let roster = parse(&sheet, &context());
    assert_eq!(
        (
            roster.good(),
            roster.faulty,
            roster.sample,
            roster.row_count
        ),
        (0, 0, 1, 1)
    );
}

#[test]
fn the_annotated_table_keeps_rows_and_explains_each_fault() {
    let sheet = sheet("broken.xlsx");
    let roster = parse(&sheet, &context());
    let bytes = annotate(&sheet, &roster.faults).expect("written");
    let again = read(&bytes, "again.xlsx", Limits::default()).expect("readable");
    assert_eq!(
        (again.row_count(), again.header_row()),
        (sheet.row_count(), sheet.header_row())
    );

    let explained = again
        .columns()
        .iter()
        .find(|column| column.header == "问题说明")
        .expect("the column")
        .index;
    for fault in &roster.faults {
        let row = again
            .table
            .rows()
            .find(|row| row.number == fault.row)
            .expect("the row");
        let said = row.cell(explained).expect("an explanation").text;
        assert!(
            said.contains(&fault.problem_zh()) && said.contains(fault.column()),
            "row {}",
            fault.row
        );
    }
    // All that was text is text again, a number that lost its digits included.
    let kinds: Vec<Kind> = again
        .table
        .rows()
        .flat_map(|row| row.cells().map(|(_, cell)| cell.kind))
        .collect();
    assert!(kinds.iter().all(|kind| *kind == Kind::Text));

    // Once more: the explanations are written over, not beside.
    let bytes = annotate(&again, &parse(&again, &context()).faults).expect("written");
    let third = read(&bytes, "third.xlsx", Limits::default()).expect("readable");
    assert_eq!(third.columns().len(), again.columns().len());
}

#[test]
fn no_cell_of_the_annotated_table_is_a_formula() {
    let text = "姓名,身份证号,户籍地,同意书,备注\n样本甲,=1+1,+2,-3,@SUM(A1)\n";
    let sheet = read(text.as_bytes(), "x.csv", Limits::default()).expect("a roster");
    let bytes = annotate(&sheet, &parse(&sheet, &context()).faults).expect("written");
    let again = read(&bytes, "again.xlsx", Limits::default()).expect("readable");
    let row = again
        .table
        .rows()
        .find(|row| row.number == 2)
        .expect("the row");
    let cells: Vec<(Kind, &str)> = row
        .cells()
        .take(5)
        .map(|(_, cell)| (cell.kind, cell.text))
        .collect();
    assert_eq!(
        cells,
        [
            (Kind::Text, "样本甲"),
            (Kind::Text, "=1+1"),
            (Kind::Text, "+2"),
            (Kind::Text, "-3"),
            (Kind::Text, "@SUM(A1)")
        ]
    );
}
