//! Header words: what a column means, in any order and by any usual name.

use super::sheet::{Row, Table};
use super::{HEADER_SEARCH_ROWS, RosterRefused};

/// Meaning of a column. The machine names are those of the glossary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Full name.
    Name,
    /// Resident identity number.
    CitizenId,
    /// Disability certificate number; optional, the federation's check can fill it.
    DisabilityCard,
    /// Mobile number of the contact.
    Phone,
    /// Whose number that is.
    Contact,
    /// Division of the household registration.
    HukouRegion,
    /// Whether the person has work on the day of enrolment.
    EmployedAtEnrolment,
    /// Reasonable accommodation that is needed.
    Needs,
    /// Consent to the processing of personal data, with its date.
    Consent,
    /// Free note.
    Note,
}

impl Field {
    /// All fields, in the order of the template.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::CitizenId,
        Self::DisabilityCard,
        Self::Phone,
        Self::Contact,
        Self::HukouRegion,
        Self::EmployedAtEnrolment,
        Self::Needs,
        Self::Consent,
        Self::Note,
    ];

    /// Machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::CitizenId => "citizen_id",
            Self::DisabilityCard => "disability_card",
            Self::Phone => "phone",
            Self::Contact => "contact",
            Self::HukouRegion => "hukou_region",
            Self::EmployedAtEnrolment => "employed_at_enrolment",
            Self::Needs => "needs",
            Self::Consent => "consent",
            Self::Note => "note",
        }
    }

    /// Header word of the template.
    pub fn header(self) -> &'static str {
        match self {
            Self::Name => "姓名",
            Self::CitizenId => "公民身份号码",
            Self::DisabilityCard => "残疾人证号",
            Self::Phone => "手机号",
            Self::Contact => "联系人关系",
            Self::HukouRegion => "户籍地",
            Self::EmployedAtEnrolment => "就业状况",
            Self::Needs => "合理便利需求",
            Self::Consent => "同意书",
            Self::Note => "备注",
        }
    }

    /// Whether a roster without this column is refused.
    pub fn required(self) -> bool {
        matches!(
            self,
            Self::Name | Self::CitizenId | Self::HukouRegion | Self::Consent
        )
    }

    fn of(header: &str) -> Option<Self> {
        Some(match normalise(header).as_str() {
            "姓名" | "学员姓名" | "学员" | "name" | "fullname" => Self::Name,
            "公民身份号码"
            | "身份证号"
            | "身份证号码"
            | "居民身份证号"
            | "居民身份证号码"
            | "公民身份证号"
            | "公民身份证号码"
            | "身份证"
            | "证件号码"
            | "证件号"
            | "citizen_id"
            | "citizenid" => Self::CitizenId,
            "残疾人证号" | "残疾证号" | "残疾人证" | "残疾证" | "残疾人证号码" | "残疾证号码"
            | "残疾人证编号" | "disability_card" | "disabilitycard" => Self::DisabilityCard,
            "手机号" | "手机号码" | "手机" | "联系电话" | "联系方式" | "电话" | "电话号码"
            | "phone" | "mobile" => Self::Phone,
            "联系人关系" | "电话归属" | "contact" => Self::Contact,
            "户籍地"
            | "户籍所在地"
            | "户籍区划"
            | "户口所在地"
            | "户籍地区划"
            | "户籍区划代码"
            | "户籍地区划代码"
            | "hukou_region"
            | "hukouregion" => Self::HukouRegion,
            "就业状况"
            | "就业情况"
            | "就业状态"
            | "是否就业"
            | "是否已就业"
            | "employed_at_enrolment"
            | "employed" => Self::EmployedAtEnrolment,
            "合理便利需求"
            | "合理便利"
            | "便利需求"
            | "无障碍需求"
            | "需求"
            | "needs"
            | "accommodation"
            | "accommodation_needs" => Self::Needs,
            "同意书"
            | "个人信息授权"
            | "个人信息授权书"
            | "个人信息同意书"
            | "授权书"
            | "知情同意"
            | "知情同意书"
            | "consent"
            | "consent_on" => Self::Consent,
            "备注" | "说明" | "备注说明" | "note" | "remark" | "remarks" => Self::Note,
            _ => return None,
        })
    }
}

/// A column of the table that has a header word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Position, counted from 0 (A).
    pub index: u16,
    /// The header word as it stands in the file.
    pub header: String,
    /// Its meaning; `None` is ignored, and said to be.
    pub field: Option<Field>,
}

/// The header row and its columns.
pub(super) struct Header {
    pub(super) row: u32,
    pub(super) columns: Vec<Column>,
}

/// Finds the header among the first rows; `None` when no row looks like one.
pub(super) fn find(table: &Table) -> Option<Header> {
    table
        .rows()
        .take_while(|row| row.number <= HEADER_SEARCH_ROWS)
        .find_map(header_of)
}

/// How many columns of the best row are recognised: used to choose a delimiter.
pub(super) fn score(table: &Table) -> usize {
    find(table).map_or(0, |header| {
        header
            .columns
            .iter()
            .filter(|column| column.field.is_some())
            .count()
    })
}

fn header_of(row: Row<'_>) -> Option<Header> {
    let columns: Vec<Column> = row
        .cells()
        .map(|(index, cell)| Column {
            index,
            header: one_line(cell.text),
            field: Field::of(cell.text),
        })
        .collect();
    let has = |field| columns.iter().any(|column| column.field == Some(field));
    let known = columns
        .iter()
        .filter(|column| column.field.is_some())
        .count();
    (known >= 2 && (has(Field::Name) || has(Field::CitizenId))).then_some(Header {
        row: row.number,
        columns,
    })
}

impl Header {
    /// Refuses a header with two columns of one meaning, or without a required one.
    pub(super) fn check(&self, sheet: Option<&str>) -> Result<(), RosterRefused> {
        for (at, column) in self.columns.iter().enumerate() {
            let twin =
                self.columns[..at]
                    .iter()
                    .find(|before| match (before.field, column.field) {
                        (Some(a), Some(b)) => a == b,
                        (None, None) => normalise(&before.header) == normalise(&column.header),
                        _ => false,
                    });
            if let Some(twin) = twin {
                let headers = [shorten(&twin.header), shorten(&column.header)];
                return Err(RosterRefused::DuplicateColumns {
                    row: self.row,
                    headers,
                });
            }
        }
        let missing: Vec<&'static str> = Field::ALL
            .into_iter()
            .filter(|field| {
                field.required()
                    && !self
                        .columns
                        .iter()
                        .any(|column| column.field == Some(*field))
            })
            .map(Field::header)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(RosterRefused::MissingColumns {
            sheet: sheet.map(str::to_owned),
            row: self.row,
            found: self
                .columns
                .iter()
                .filter(|column| column.field.is_some())
                .map(|column| shorten(&column.header))
                .collect(),
            missing,
        })
    }
}

/// Full-width to half-width, lower case, without white space, stars, colons and bracketed hints.
pub(super) fn normalise(header: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::new();
    for c in header.chars() {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            other => other,
        };
        match c {
            '(' | '[' | '【' => depth += 1,
            ')' | ']' | '】' => depth = depth.saturating_sub(1),
            '*' | ':' | '\'' | '\u{feff}' => {}
            c if depth > 0 || c.is_whitespace() => {}
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

fn one_line(header: &str) -> String {
    header.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A header is no personal value, but a file without a header shows its first row here.
pub(super) fn shorten(header: &str) -> String {
    header
        .chars()
        .take(16)
        .map(|c| if c.is_numeric() { '*' } else { c })
        .collect()
}
