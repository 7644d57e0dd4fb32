//! The empty form: 填写说明 and 学员名单 with text columns, drop-downs and a sample.

use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, DataValidationRule, DocProperties,
    ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::{Field, LIST_SHEET};

/// Word that marks the sample row.
pub(super) const SAMPLE_MARK: &str = "样例";

/// Identity number of the sample row: born 1900-01-01, check digit right, nobody's.
pub(super) const SAMPLE_ID: &str = "110101190001010014";

/// The roster template as an XLSX file; the same bytes on every call.
pub fn template() -> Vec<u8> {
    build().expect("a workbook of constants: no name, range or text in it depends on input")
}

fn build() -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // Else the writer asks the clock.
    let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title("学员名单模板")
            .set_creation_datetime(&made),
    );
    instructions(workbook.add_worksheet().set_name("填写说明")?)?;
    let list = workbook.add_worksheet().set_name(LIST_SHEET)?;
    list.set_active(true);
    fill(list)?;
    workbook.save_to_buffer()
}

fn instructions(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let wrap = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let strong = Format::new().set_bold().set_font_size(14);
    sheet.set_column_width(0, 22)?.set_column_width(1, 90)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    sheet.write_string_with_format(0, 0, "怎样填写学员名单", &strong)?;
    for (row, line) in (2_u32..).zip(STEPS) {
        sheet.write_string_with_format(row, 0, line[0], &wrap)?;
        sheet.write_string_with_format(row, 1, line[1], &wrap)?;
    }
    Ok(())
}

fn fill(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let head = Format::new()
        .set_bold()
        .set_num_format("@")
        .set_background_color(Color::RGB(0x00DD_EBF7))
        .set_border(FormatBorder::Thin)
        .set_align(FormatAlign::Center);
    let text = Format::new().set_num_format("@");
    let sample = Format::new()
        .set_num_format("@")
        .set_italic()
        .set_font_color(Color::RGB(0x0059_5959));
    for (column, field) in (0_u16..).zip(Field::ALL) {
        // Text throughout: a number column would round an identity number to fifteen digits.
        sheet
            .set_column_format(column, &text)?
            .set_column_width(column, width(field))?;
        sheet.write_string_with_format(0, column, field.header(), &head)?;
        sheet.write_string_with_format(1, column, sample_of(field), &sample)?;
        if let Some(rule) = rule(field)? {
            sheet.add_data_validation(1, column, LAST_RULE_ROW, column, &rule)?;
        }
    }
    sheet
        .set_freeze_panes(1, 0)?
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_repeat_rows(0, 0)?;
    Ok(())
}

/// Drop-downs refuse other words; the other rules warn and let the check on upload decide.
fn rule(field: Field) -> Result<Option<DataValidation>, XlsxError> {
    let warning = |length, message: &str| {
        DataValidation::new()
            .allow_text_length(DataValidationRule::EqualTo(length))
            .set_error_style(DataValidationErrorStyle::Warning)
            .set_error_message(message)?
            .set_input_message(message)
    };
    Ok(Some(match field {
        Field::CitizenId => warning(18, "18 位,按文本填写;末位 X 用大写。")?,
        Field::Phone => warning(11, "11 位手机号。没有自己的手机时,填监护人或村居联系人的。")?,
        Field::Contact => DataValidation::new().allow_list_strings(&["本人", "监护人", "村居"])?,
        Field::EmployedAtEnrolment => {
            DataValidation::new().allow_list_strings(&["未就业", "已就业"])?
        }
        Field::HukouRegion => hint("6 位县级区划代码,或省市县全称,如:山东省济南市历下区。")?,
        Field::Needs => {
            hint("可填多项,用顿号隔开:轮椅、手语、大字、盲文、读屏、陪同、其他。没有就留空。")?
        }
        Field::Consent => hint("写“是”和签署日期,如:是 2026-03-01。没有同意书的人不能导入。")?,
        Field::DisabilityCard => hint("可不填,由残联核对后补上。20 位。")?,
        Field::Name | Field::Note => return Ok(None),
    }))
}

fn hint(message: &str) -> Result<DataValidation, XlsxError> {
    DataValidation::new()
        .allow_any_value()
        .set_input_message(message)
}

pub(super) fn width(field: Field) -> f64 {
    match field {
        Field::CitizenId | Field::DisabilityCard => 24.0,
        Field::HukouRegion | Field::Needs => 30.0,
        Field::Phone | Field::Consent | Field::Note => 18.0,
        Field::Name | Field::Contact | Field::EmployedAtEnrolment => 12.0,
    }
}

fn sample_of(field: Field) -> &'static str {
    match field {
        Field::Name | Field::Note => SAMPLE_MARK,
        Field::CitizenId => SAMPLE_ID,
        Field::DisabilityCard => "",
        Field::Phone => "13800000000",
        Field::Contact => "本人",
        Field::HukouRegion => "北京市东城区",
        Field::EmployedAtEnrolment => "未就业",
        Field::Needs => "轮椅、手语",
        Field::Consent => "是 2026-01-01",
    }
}

/// Last row with drop-downs, counted from 0: a class has a few hundred people at most.
const LAST_RULE_ROW: u32 = 2_000;

const STEPS: [[&str; 2]; 13] = [
    [
        "填在哪里",
        "填在工作表“学员名单”里,一人一行。样例行(标着“样例”)不会导入,可以删去。",
    ],
    [
        "列的顺序",
        "可以改变列的顺序,可以删去选填的列,不要改表头的文字。",
    ],
    [
        "姓名(必填)",
        "与身份证一致。不要加空格;少数民族姓名中间用“·”。生僻字请用输入法录入,不要用图片。",
    ],
    [
        "公民身份号码(必填)",
        "18 位,末位 X 用大写。单元格已设为文本,请不要改成数字,否则后几位会丢失。",
    ],
    ["残疾人证号(选填)", "20 位。可以不填,由残联核对后补上。"],
    [
        "手机号(选填)",
        "11 位手机号。本人没有手机时,可填监护人或村(居)联系人的号码。",
    ],
    [
        "联系人关系(选填)",
        "这个手机号是谁的:本人、监护人、村居。不填按本人。",
    ],
    [
        "户籍地(必填)",
        "现在户口所在的县(市、区):6 位区划代码,或省市县全称。不是身份证前 6 位。",
    ],
    [
        "就业状况(选填)",
        "报名当天是否已就业:已就业、未就业。有这一列时,每人都要填。",
    ],
    [
        "合理便利需求(选填)",
        "轮椅、手语、大字、盲文、读屏、陪同、其他,可多项,用顿号隔开。不需要就留空。",
    ],
    [
        "同意书(必填)",
        "学员(或监护人)已签个人信息处理同意书的日期,如:是 2026-03-01。",
    ],
    [
        "保存",
        "保存为 .xlsx,或“CSV UTF-8”。旧的 .xls、带密码和带宏的文件不能读取。",
    ],
    [
        "检查",
        "上传后会一次列出全部问题和所在的行,可以下载标注后的表,改好再传。",
    ],
];
