//! Bytes to a table: formats, encodings, hostile files.

use super::super::refused::{Active, BadEncoding, WrongType};
use std::io::{Cursor, Read as _, Write as _};

use super::super::{Field, Format, Kind, Limits, RosterRefused, annotate, parse, read};
use super::{context, fixture, open, sheet};

fn texts(sheet: &super::Sheet, field: Field) -> Vec<String> {
    let column = sheet
        .columns()
        .iter()
        .find(|column| column.field == Some(field))
        .expect("the column")
        .index;
    sheet
        .table
        .rows()
        .filter(|row| row.number > sheet.header_row())
        .filter_map(|row| row.cell(column).map(|cell| cell.text.to_owned()))
        .collect()
}

fn refused(name: &str) -> RosterRefused {
    open(name).expect_err(name)
}

#[test]
fn thirty_rows_of_each_program_are_read() {
    let book = sheet("good-openpyxl.xlsx");
    assert_eq!(
        (
            book.format(),
            book.name(),
            book.header_row(),
            book.row_count()
        ),
        (Format::Xlsx, Some("学员名单"), 3, 30)
    );
    assert_eq!(texts(&book, Field::CitizenId).len(), 30);
    assert!(
        texts(&book, Field::Phone)
            .iter()
            .all(|phone| phone.len() == 11),
        "numbers are printed in full"
    );
    assert!(
        texts(&book, Field::Consent)
            .iter()
            .any(|consent| consent.starts_with("2026-02-")),
        "dates are ISO"
    );

    let office = sheet("good-libreoffice.xlsx");
    assert_eq!((office.row_count(), office.columns().len()), (30, 11));
    assert_eq!(
        office
            .columns()
            .iter()
            .filter(|column| column.field.is_none())
            .map(|c| c.header.as_str())
            .collect::<Vec<_>>(),
        ["班主任"]
    );
    assert!(
        texts(&office, Field::CitizenId)
            .iter()
            .all(|id| id.len() == 18)
    );

    let text = sheet("good-gb18030.csv");
    assert_eq!(
        (text.format(), text.row_count(), text.name()),
        (Format::CsvGb18030, 30, None)
    );
    let bom = sheet("good-utf8-bom.csv");
    assert_eq!((bom.format(), bom.row_count()), (Format::CsvUtf8, 6));
}

#[test]
fn rare_characters_survive_in_every_encoding() {
    let names = [
        "𠮷样一",
        "㐂示例",
        "𬱖乙",
        "买买提·样本",
        "欧阳样二",
        "龘虚构",
    ];
    assert_eq!(texts(&sheet("extension-b-gb18030.csv"), Field::Name), names);
    assert_eq!(texts(&sheet("extension-b.xlsx"), Field::Name), names);
}

#[test]
fn a_number_that_lost_digits_is_told_apart() {
    let broken = sheet("broken.xlsx");
    let kinds: Vec<Kind> = broken
        .table
        .rows()
        .filter_map(|row| row.cell(1))
        .map(|cell| cell.kind)
        .collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| **kind == Kind::LostPrecision)
            .count(),
        1
    );
}

#[test]
fn formulas_keep_their_last_value_and_are_told_apart() {
    let cell = |name: &str, row: u32, column: u16| {
        let sheet = sheet(name);
        let row = sheet
            .table
            .rows()
            .find(|r| r.number == row)
            .expect("the row");
        row.cell(column)
            .map(|cell| (cell.kind, cell.text.to_owned()))
            .expect("the cell")
    };
    assert_eq!(
        cell("formula-value.xlsx", 2, 5),
        (Kind::Formula, "370102".into())
    );
    assert_eq!(
        cell("formula-value.xlsx", 3, 0),
        (Kind::Formula, "样本".into())
    );
    assert_eq!(
        cell("formula-no-value.xlsx", 2, 5),
        (Kind::Formula, String::new())
    );
}

#[test]
fn hostile_workbooks_are_refused_by_their_reason() {
    assert_eq!(refused("bomb.xlsx"), RosterRefused::Expands);
    assert_eq!(
        refused("doctype.xlsx"),
        RosterRefused::Active(Active::Doctype)
    );
    assert_eq!(
        refused("macros.xlsm"),
        RosterRefused::Active(Active::Macros)
    );
    assert_eq!(
        refused("external-link.xlsx"),
        RosterRefused::Active(Active::ExternalLinks)
    );
    assert_eq!(refused("ole.xlsx"), RosterRefused::Active(Active::Objects));
    assert_eq!(
        refused("unique-count.xlsx"),
        RosterRefused::TooManyCells { limit: 1_000_000 }
    );
    assert_eq!(
        refused("corner.xlsx"),
        RosterRefused::TooManyRows {
            limit: 50_000,
            row: 1_048_576
        }
    );
    assert_eq!(
        refused("twice.xlsx"),
        RosterRefused::Unreadable { row: Some(2) }
    );
}

#[test]
fn other_kinds_of_file_are_named() {
    assert_eq!(
        refused("plain.ods"),
        RosterRefused::Type(WrongType::OpenDocument)
    );
    assert_eq!(refused("plain.xls"), RosterRefused::Type(WrongType::Xls));
    assert_eq!(
        refused("web-page.xls"),
        RosterRefused::Type(WrongType::WebPage)
    );
    assert_eq!(refused("utf16.csv"), RosterRefused::Type(WrongType::Utf16));
    assert_eq!(
        read(b"", "empty.csv", Limits::default()).err(),
        Some(RosterRefused::Empty)
    );
    assert_eq!(
        read(b"%PDF-1.7", "list.xlsx", Limits::default()).err(),
        Some(RosterRefused::Type(WrongType::PdfOrPicture))
    );
}

#[test]
fn text_that_does_not_decode_is_refused_with_its_row() {
    let encoding = |row, why| RosterRefused::Encoding { row, why };
    assert_eq!(refused("mixed.csv"), encoding(3, BadEncoding::Mixed));
    assert_eq!(
        refused("undecodable.csv"),
        encoding(4, BadEncoding::Undecodable)
    );
    assert_eq!(refused("nul.csv"), encoding(5, BadEncoding::Nul));
    assert_eq!(refused("replaced.csv"), encoding(5, BadEncoding::Replaced));
    assert_eq!(
        refused("open-quote.csv"),
        RosterRefused::Unreadable { row: Some(5) }
    );
}

#[test]
fn a_wrong_header_tells_what_was_found_and_what_is_missing() {
    assert_eq!(
        refused("no-consent.csv"),
        RosterRefused::MissingColumns {
            sheet: None,
            row: 1,
            found: vec!["姓名".into(), "身份证号".into(), "户籍地".into()],
            missing: vec!["同意书"],
        }
    );
    assert_eq!(
        refused("double-header.csv"),
        RosterRefused::DuplicateColumns {
            row: 1,
            headers: ["身份证号".into(), "证件号码".into()]
        }
    );
    let none = read("甲,乙\n1,2\n".as_bytes(), "x.csv", Limits::default()).err();
    assert_eq!(none, Some(RosterRefused::NoHeader { sheets: vec![] }));
}

#[test]
fn a_row_has_the_number_that_a_spreadsheet_shows() {
    let text =
        "\n姓名,身份证号,户籍地,同意书,备注\n\n\"样\n本\",1,2,3,\"a \"\"b\"\"\"\r\n\r\n样二,4,5,6";
    let sheet = read(text.as_bytes(), "x.csv", Limits::default()).expect("a roster");
    assert_eq!((sheet.header_row(), sheet.row_count()), (2, 4));
    let rows: Vec<(u32, Option<&str>)> = sheet
        .table
        .rows()
        .map(|row| (row.number, row.cell(0).map(|cell| cell.text)))
        .collect();
    assert_eq!(
        rows,
        [(2, Some("姓名")), (4, Some("样\n本")), (6, Some("样二"))]
    );
    assert_eq!(texts(&sheet, Field::Note), ["a \"b\""]);
}

#[test]
fn limits_hold_at_their_border() {
    let limits = Limits {
        rows: 2,
        columns: 5,
        cell_bytes: 9,
        ..Limits::default()
    };
    let header = "name,证件号,户籍地,同意书\n";
    let with = |rows: &str| read(format!("{header}{rows}").as_bytes(), "x.csv", limits).err();
    assert_eq!(with("a,b,c,d\na,b,c,d\n\n\n"), None);
    assert_eq!(
        with("a,b,c,d\na,b,c,d\na,b,c,d"),
        Some(RosterRefused::TooManyRows { limit: 2, row: 4 })
    );
    assert_eq!(with("a,b,c,d,e\n"), None);
    assert_eq!(
        with("a,b,c,d,e,f\n"),
        Some(RosterRefused::TooManyColumns { limit: 5, row: 2 })
    );
    assert_eq!(with("123456789\n"), None);
    assert_eq!(
        with("1234567890\n"),
        Some(RosterRefused::CellTooLong {
            row: Some(2),
            limit_bytes: 9
        })
    );
}

/// A fixed sequence of numbers: the damages of one run are those of every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % n.max(1)
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(4) {
                0 => bytes[at] = u8::try_from(self.below(256)).unwrap_or_default(),
                1 => bytes[at] = b"0123456789<>/\"'= -"[self.below(18)],
                2 => drop(bytes.drain(at..(at + self.below(20)).min(bytes.len()))),
                _ => {
                    let part = bytes[at..(at + self.below(60)).min(bytes.len())].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, part);
                }
            }
            if bytes.is_empty() {
                return;
            }
        }
    }
}

/// Whatever comes in, an answer comes out: a table that can be checked and annotated, or a refusal with its sentences.
fn answers(bytes: &[u8]) -> bool {
    match read(bytes, "list.xlsx", Limits::default()) {
        Ok(sheet) => {
            let roster = parse(&sheet, &context());
            assert_eq!(
                roster.good() + roster.faulty + roster.sample + roster.blank,
                roster.row_count
            );
            assert!(annotate(&sheet, &roster.faults).is_ok());
            true
        }
        Err(refused) => {
            assert!(
                !refused.zh().is_empty() && !refused.en().is_empty() && !refused.code().is_empty()
            );
            false
        }
    }
}

#[test]
fn damaged_files_never_panic() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for name in [
        "good-openpyxl.xlsx",
        "good-gb18030.csv",
        "good-utf8-bom.csv",
    ] {
        let whole = fixture(name);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            dice.damage(&mut bytes);
            answers(&bytes);
        }
    }
}

#[test]
fn damaged_parts_of_a_sound_archive_never_panic() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut read_all = 0;
    for name in [
        "good-openpyxl.xlsx",
        "good-libreoffice.xlsx",
        "formula-value.xlsx",
    ] {
        let parts = unzip(&fixture(name));
        for _ in 0..60 {
            let mut parts = parts.clone();
            let at = dice.below(parts.len());
            dice.damage(&mut parts[at].1);
            read_all += usize::from(answers(&zip(&parts)));
        }
    }
    assert!(
        (30..180).contains(&read_all),
        "some damages do no harm and some do: {read_all}"
    );
}

fn unzip(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).expect("an entry");
            let mut data = Vec::new();
            entry.read_to_end(&mut data).expect("its bytes");
            (entry.name().expect("its name").into_owned(), data)
        })
        .collect()
}

fn zip(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, data) in parts {
        writer
            .start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .expect("an entry");
        writer.write_all(data).expect("its bytes");
    }
    writer.finish().expect("an archive").into_inner()
}
