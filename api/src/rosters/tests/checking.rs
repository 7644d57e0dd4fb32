//! A table to trainees and faults.

use std::collections::{BTreeSet, HashSet};

use super::super::{
    Contact, Context, FAULT_CODES, Fault, Field, Hidden, Limits, Need, Notice, ParsedRoster, parse,
    read,
};
use super::{context, sheet};

fn check(name: &str) -> ParsedRoster {
    parse(&sheet(name), &context())
}

fn check_text(text: &str) -> ParsedRoster {
    parse(
        &read(text.as_bytes(), "x.csv", Limits::default()).expect("a roster"),
        &context(),
    )
}

fn all_counted(roster: &ParsedRoster) {
    assert_eq!(
        roster.good() + roster.faulty + roster.sample + roster.blank,
        roster.row_count
    );
}

/// `row:field:code` of every fault.
fn faults(roster: &ParsedRoster) -> Vec<String> {
    roster
        .faults
        .iter()
        .map(|fault| format!("{}:{}:{}", fault.row, fault.field.name(), fault.code()))
        .collect()
}

#[test]
fn thirty_people_of_each_program_can_be_imported() {
    let mut people = HashSet::new();
    for name in [
        "good-openpyxl.xlsx",
        "good-libreoffice.xlsx",
        "good-gb18030.csv",
    ] {
        let roster = check(name);
        assert_eq!(faults(&roster), Vec::<String>::new(), "{name}");
        assert_eq!((roster.good(), roster.row_count), (30, 30), "{name}");
        all_counted(&roster);
        people.extend(roster.rows.iter().map(|row| row.citizen_id.clone()));
        for row in &roster.rows {
            assert!(
                row.disability_card
                    .as_ref()
                    .is_none_or(|card| *card.citizen_id() == row.citizen_id)
            );
            assert!(row.phone.is_some() || row.contact == Contact::Own);
        }
        assert!(
            roster
                .rows
                .iter()
                .any(|row| row.needs == [Need::LargePrint, Need::ScreenReader]),
            "{name}"
        );
        assert!(
            roster.rows.iter().any(|row| row.employed_at_enrolment),
            "{name}"
        );
    }
    assert_eq!(people.len(), 90, "different people in each file");
    assert_eq!(check("good-utf8-bom.csv").good(), 6);
}

#[test]
fn a_rare_name_reaches_the_row_byte_for_byte() {
    for name in ["extension-b-gb18030.csv", "extension-b.xlsx"] {
        let names: Vec<String> = check(name)
            .rows
            .iter()
            .map(|row| row.name.expose().to_owned())
            .collect();
        assert_eq!(
            names,
            [
                "𠮷样一",
                "㐂示例",
                "𬱖乙",
                "买买提·样本",
                "欧阳样二",
                "龘虚构"
            ],
            "{name}"
        );
    }
}

#[test]
fn every_fault_of_every_row_is_found_at_once() {
    let roster = check("broken.xlsx");
    let table = sheet("broken.xlsx");
    let expected: Vec<(u32, String)> = table
        .table
        .rows()
        .skip(1)
        .map(|row| {
            (
                row.number,
                row.cell(9)
                    .map(|cell| cell.text.to_owned())
                    .unwrap_or_default(),
            )
        })
        .collect();
    let found: Vec<(u32, String)> = roster
        .faults
        .iter()
        .map(|fault| (fault.row, fault.code().to_owned()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(roster.good(), 0);
    all_counted(&roster);
}

#[test]
fn the_list_of_codes_is_what_faults_say() {
    let mut said: BTreeSet<&str> = check("broken.xlsx")
        .faults
        .iter()
        .map(Fault::code)
        .collect();
    let long = "长".repeat(201);
    let rows = check_text(&format!(
        "姓名,身份证号,户籍地,同意书,备注\n样本甲,37010219080502757X,370102,是 2026-02-01,样例\n样本乙,110101190001010014,370102,是 2026-02-01,\n样本丙,53010219080123204X,370102,是 2026-02-01,{long}\n样本丁,11010519040229798X,370102,是 2026-02-01,a\u{202e}b\n"
    ));
    said.extend(rows.faults.iter().map(Fault::code));
    let crowded = parse(
        &sheet("good-gb18030.csv"),
        &Context {
            max_trainees: 1,
            ..context()
        },
    );
    said.extend(crowded.faults.iter().map(Fault::code));
    assert_eq!(said.into_iter().collect::<Vec<_>>(), FAULT_CODES);
}

#[test]
fn one_row_may_have_many_faults() {
    let roster = check_text(
        "姓名,身份证号,残疾证号,电话,户籍地,是否已就业,同意书\n样 本,123,45,6,某地,也许,否\n",
    );
    assert_eq!(
        faults(&roster),
        [
            "2:name:name-space",
            "2:citizen_id:id-length",
            "2:disability_card:card-length",
            "2:phone:phone",
            "2:hukou_region:unknown-region",
            "2:employed_at_enrolment:employed-word",
            "2:consent:consent-missing",
        ]
    );
    assert_eq!(roster.faults[1].column(), "身份证号");
}

#[test]
fn no_fault_shows_a_whole_personal_value() {
    let book = sheet("broken.xlsx");
    let roster = parse(&book, &context());
    let mut personal: Vec<String> = Vec::new();
    for row in book.table.rows().skip(1) {
        // Name, identity number, card, phone; not the short wrong ones, which are no one's.
        personal.extend(
            (0..4)
                .filter_map(|column| row.cell(column))
                .map(|cell| cell.text.to_owned())
                .filter(|text| text.chars().count() > 1),
        );
    }
    assert!(personal.len() > 60);
    for fault in &roster.faults {
        let said = format!(
            "{fault:?} {} {} {}",
            fault.zh(),
            fault.en(),
            serde_json::to_string(fault).expect("json")
        );
        for value in &personal {
            // The formula's example and the word for a name in the sentences are no values of a row.
            assert!(
                !said.contains(value.as_str()),
                "{} shows {value}",
                fault.code()
            );
        }
        let digits = said
            .split(|c: char| !c.is_numeric())
            .map(str::len)
            .max()
            .unwrap_or(0);
        assert!(
            digits <= 8,
            "{} shows a run of digits: {}",
            fault.code(),
            fault.shown
        );
    }
    // A column pasted into another one.
    let pasted = check_text(
        "姓名,身份证号,户籍地,同意书\n样本甲,37010219080502757X,37010219080502757X,样本甲\n",
    );
    let said = format!("{:?}", pasted.faults);
    assert!(
        !said.contains("19080502") && !said.contains("样本甲"),
        "{said}"
    );
}

#[test]
fn causes_suggest_the_form_that_was_meant() {
    let roster = check_text(
        "姓名,身份证号,户籍地,同意书\n样本甲,３７０１０２１９０８０５０２７５７Ｘ,370102,是 2026-02-01\n",
    );
    let fault = roster.faults.first().expect("a fault");
    assert_eq!((fault.code(), roster.faults.len()), ("id-full-width", 1));
    assert_eq!(
        fault.zh(),
        "号码中有全角数字或字母。请改为半角,应为 3****************X。"
    );
}

#[test]
fn a_lower_case_x_and_outer_blanks_are_no_fault() {
    let roster = check_text(
        "姓名,身份证号,户籍地,同意书\n 样本甲 ,\t37010219080502757x ,山东省 济南市 历下区,2026年2月1日\n",
    );
    assert_eq!(faults(&roster), Vec::<String>::new());
    assert_eq!(roster.rows[0].citizen_id.expose(), "37010219080502757X");
    assert_eq!(roster.rows[0].hukou_region.as_str(), "370102");
    assert_eq!(roster.notices, [Notice::NobodyEmployed]);
}

#[test]
fn the_same_person_twice_is_a_fault_of_both_rows_however_written() {
    let roster = check_text(
        "姓名,身份证号,户籍地,同意书\n样本甲,37010219080502757X,370102,是 2026-02-01\n样本乙,530102190103038522,370102,是 2026-02-01\n样本甲,370102 19080502 757x,370102,是 2026-02-01\n",
    );
    assert_eq!(
        faults(&roster),
        [
            "2:citizen_id:duplicate",
            "4:citizen_id:id-spaces",
            "4:citizen_id:duplicate"
        ]
    );
    assert!(roster.faults[0].zh().contains("第 4 行") && roster.faults[2].zh().contains("第 2 行"));
    assert_eq!((roster.good(), roster.faulty), (1, 2));
    all_counted(&roster);
}

#[test]
fn sample_and_blank_rows_are_counted_not_dropped() {
    let roster = check("counts.csv");
    assert_eq!(
        (
            roster.good(),
            roster.faulty,
            roster.sample,
            roster.blank,
            roster.row_count
        ),
        (3, 0, 2, 2, 7)
    );
    all_counted(&roster);
    let note = roster
        .rows
        .iter()
        .find_map(|row| row.note.as_ref())
        .expect("the note");
    assert_eq!(note.expose(), "第一行\n第二行, 有“逗号”和\"引号\"");
}

#[test]
fn a_sample_that_was_typed_over_is_not_skipped_silently() {
    let roster = check_text(
        "姓名,身份证号,户籍地,同意书,备注\n样本甲,37010219080502757X,370102,是 2026-02-01,样例\n样本乙,110101190001010014,370102,是 2026-02-01,\n",
    );
    assert_eq!(
        faults(&roster),
        ["2:note:sample-mark", "3:citizen_id:sample-id"]
    );
    assert_eq!(roster.sample, 0);
}

#[test]
fn rows_beyond_the_places_of_the_class_are_faults() {
    let context = Context {
        max_trainees: 28,
        ..context()
    };
    let roster = parse(&sheet("good-gb18030.csv"), &context);
    assert_eq!(faults(&roster), ["30:name:no-places", "31:name:no-places"]);
    assert_eq!(roster.good(), 28);
    all_counted(&roster);
}

#[test]
fn unused_columns_and_formula_values_are_said() {
    let office = check("good-libreoffice.xlsx");
    assert_eq!(
        office
            .ignored_columns
            .iter()
            .map(|column| (column.index, column.header.as_str()))
            .collect::<Vec<_>>(),
        [(10, "班主任")]
    );
    let headless = check_text(
        "姓名,身份证号,户籍地,同意书,\n样本甲,37010219080502757X,370102,是 2026-02-01,有内容\n",
    );
    assert_eq!(
        headless
            .ignored_columns
            .iter()
            .map(|column| (column.index, column.header.as_str()))
            .collect::<Vec<_>>(),
        [(4, "")]
    );
    let formulas = check("formula-value.xlsx");
    assert_eq!(
        formulas.notices,
        [Notice::FormulaValues {
            cells: 1,
            first_row: 2
        }]
    );
    assert_eq!(faults(&formulas), ["3:name:formula"]);
    assert_eq!(
        faults(&check("formula-no-value.xlsx")),
        ["2:hukou_region:formula", "3:name:formula"]
    );
}

#[test]
fn needs_are_a_list_with_room_for_other_words() {
    let roster = check_text(
        "姓名,身份证号,户籍地,同意书,需求\n样本甲,37010219080502757X,370102,是 2026-02-01,手语，轮椅、其他:坡道/手语\n",
    );
    assert_eq!(
        roster.rows[0].needs,
        [Need::Wheelchair, Need::SignLanguage, Need::Other]
    );
    assert_eq!(
        roster.rows[0].needs_other.as_ref().map(Hidden::expose),
        Some("坡道")
    );
}

#[test]
fn a_city_without_counties_stands_for_its_county() {
    let rows = "样本甲,37010219080502757X,广东省东莞市,是 2026-02-01\n样本乙,530102190103038522,370100,是 2026-02-01\n";
    let roster = check_text(&format!("姓名,身份证号,户籍地,同意书\n{rows}"));
    assert_eq!(roster.rows[0].hukou_region.as_str(), "441900");
    assert_eq!(faults(&roster), ["3:hukou_region:region-level"]);
}

#[test]
fn the_canonical_form_changes_with_the_content_alone() {
    let rows = |name: &str, order: bool| {
        let line = if order {
            format!("姓名,身份证号,户籍地,同意书\n{name},37010219080502757X,370102,是 2026-02-01\n")
        } else {
            format!(
                "\n同意书,姓名,户籍地,身份证号\n2026/2/1,{name},山东省济南市历下区,37010219080502757x\n"
            )
        };
        check_text(&line).rows[0].canonical()
    };
    assert_eq!(rows("样本甲", true), rows("样本甲", false));
    assert_ne!(rows("样本甲", true), rows("样本乙", true));
}

#[test]
fn debug_texts_hide_people() {
    let roster = check("good-gb18030.csv");
    let said = format!("{roster:?}");
    for row in &roster.rows {
        assert!(!said.contains(row.citizen_id.expose()) && !said.contains(row.name.expose()));
    }
}

#[test]
fn every_field_has_a_place_of_its_own() {
    for (at, field) in Field::ALL.into_iter().enumerate() {
        assert_eq!(field as usize, at, "{field:?}");
    }
}
