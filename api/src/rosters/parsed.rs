//! What the checks need, and what they give.

use chrono::NaiveDate;
use domain::RegionCode;

use super::fault::Fault;
use super::row::RosterRow;

/// What the checks need beside the file.
pub struct Context<'a> {
    /// Today in China.
    pub today: NaiveDate,
    /// The day on which [`Context::min_age`] must be reached: the first class day.
    pub start_on: NaiveDate,
    /// Least age in full years.
    pub min_age: u32,
    /// Finds a division by its six-digit code or by its full name without blanks.
    pub region_lookup: &'a dyn Fn(&str) -> Option<RegionCode>,
    /// Places of the class; rows beyond them are faults.
    pub max_trainees: usize,
}

/// A column of the file that was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredColumn {
    /// Position, counted from 0.
    pub index: u16,
    /// Header word; empty for a column with content and no header.
    pub header: String,
}

/// Something that was understood in a way that a person should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// No column 就业状况: everybody is taken as not employed.
    NobodyEmployed,
    /// Cells with a formula whose last value was taken as text.
    FormulaValues {
        /// How many.
        cells: u32,
        /// The first such row.
        first_row: u32,
    },
}

/// What a roster says. `good + faulty + sample + blank` is `row_count`.
#[derive(Debug)]
pub struct ParsedRoster {
    /// Rows that can be imported, in the order of the file.
    pub rows: Vec<RosterRow>,
    /// All faults, by row and then by column.
    pub faults: Vec<Fault>,
    /// Columns that were not used.
    pub ignored_columns: Vec<IgnoredColumn>,
    /// What a person should know.
    pub notices: Vec<Notice>,
    /// Rows below the header.
    pub row_count: u32,
    /// Rows with at least one fault.
    pub faulty: u32,
    /// Rows of the template's sample, not imported.
    pub sample: u32,
    /// Rows without content, not imported.
    pub blank: u32,
}

impl ParsedRoster {
    /// Rows that can be imported.
    pub fn good(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }
}

impl Notice {
    /// The sentence in Chinese.
    pub fn zh(self) -> String {
        match self {
            Self::NobodyEmployed => "表里没有“就业状况”列,全部学员按“未就业”登记。".to_owned(),
            Self::FormulaValues { cells, first_row } => {
                format!(
                    "有 {cells} 个单元格是公式(从第 {first_row} 行起),已按表中保存的结果读取,请核对。"
                )
            }
        }
    }

    /// The sentence in English.
    pub fn en(self) -> String {
        match self {
            Self::NobodyEmployed => {
                "There is no column for employment: everybody is recorded as not employed."
                    .to_owned()
            }
            Self::FormulaValues { cells, first_row } => {
                format!(
                    "{cells} cells hold formulas (from row {first_row} on); their stored results were read. Check them."
                )
            }
        }
    }
}
