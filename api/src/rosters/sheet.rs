//! The table that was read: one arena of text, so that fifty thousand rows
//! take tens of megabytes and no dense range is ever built.

use std::fmt;

use super::headers::Column;
use super::{Limits, RosterRefused};

/// Which format the bytes had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Office Open XML workbook.
    Xlsx,
    /// Old binary workbook.
    Xls,
    /// Delimited text in UTF-8.
    CsvUtf8,
    /// Delimited text in GB18030.
    CsvGb18030,
}

/// What a cell held before it became text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text as typed.
    Text,
    /// A number without fraction below 2^53, printed in full.
    Integer,
    /// A number whose digits a spreadsheet has already rounded away.
    LostPrecision,
    /// A number with a fraction.
    Decimal,
    /// A date, printed as `YYYY-MM-DD`.
    Date,
    /// True or false, printed as 是 or 否.
    Bool,
    /// A formula; the text is its last computed value, empty when it has none.
    Formula,
    /// An error value such as `#N/A`.
    Error,
}

/// One filled cell.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    /// The text, without outer white space.
    pub text: &'a str,
    /// What it was.
    pub kind: Kind,
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({:?}, {} bytes)", self.kind, self.text.len())
    }
}

/// A roster's table: the sheet that was chosen, its header and its cells.
pub struct Sheet {
    pub(super) sha256: [u8; 32],
    pub(super) format: Format,
    pub(super) name: Option<String>,
    pub(super) header_row: u32,
    pub(super) columns: Vec<Column>,
    pub(super) table: Table,
}

impl Sheet {
    /// SHA-256 of the uploaded bytes.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Which format the bytes had.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Name of the sheet; `None` for text.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The header row, counted from 1 as a spreadsheet shows it.
    pub fn header_row(&self) -> u32 {
        self.header_row
    }

    /// The columns with a header word, left to right.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Rows below the header, blank ones between filled ones included.
    pub fn row_count(&self) -> u32 {
        self.table.last_row().saturating_sub(self.header_row)
    }
}

impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sheet")
            .field("format", &self.format)
            .field("header_row", &self.header_row)
            .field("columns", &self.columns.len())
            .field("rows", &self.row_count())
            .finish_non_exhaustive()
    }
}

/// Filled cells in reading order.
#[derive(Default)]
pub(super) struct Table {
    text: String,
    cells: Vec<Slot>,
    rows: Vec<RowStart>,
}

#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    len: u16,
    column: u16,
    kind: Kind,
}

struct RowStart {
    number: u32,
    first: u32,
}

impl Table {
    /// Adds a filled cell; rows count from 1, columns from 0, both ascending.
    pub(super) fn push(
        &mut self,
        row: u32,
        column: u16,
        kind: Kind,
        text: &str,
        limits: &Limits,
    ) -> Result<(), RosterRefused> {
        let text = text.trim();
        if text.is_empty() && kind != Kind::Formula {
            return Ok(());
        }
        if column >= limits.columns {
            return Err(RosterRefused::TooManyColumns {
                limit: limits.columns,
                row,
            });
        }
        let Ok(len) = u16::try_from(text.len()) else {
            return Err(RosterRefused::CellTooLong {
                row: Some(row),
                limit_bytes: limits.cell_bytes,
            });
        };
        if text.len() > limits.cell_bytes {
            return Err(RosterRefused::CellTooLong {
                row: Some(row),
                limit_bytes: limits.cell_bytes,
            });
        }
        let full = RosterRefused::TooManyCells {
            limit: limits.cells,
        };
        if self.cells.len() >= limits.cells || self.text.len() + text.len() > limits.text_bytes {
            return Err(full);
        }
        let (Ok(start), Ok(first)) = (
            u32::try_from(self.text.len()),
            u32::try_from(self.cells.len()),
        ) else {
            return Err(full);
        };
        match self.rows.last() {
            Some(last) if last.number == row => {
                // The same cell twice, or cells out of order: two programs would show two different tables.
                if self
                    .cells
                    .last()
                    .is_some_and(|before| before.column >= column)
                {
                    return Err(RosterRefused::Unreadable { row: Some(row) });
                }
            }
            Some(last) if last.number > row => {
                return Err(RosterRefused::Unreadable { row: Some(row) });
            }
            _ => self.rows.push(RowStart { number: row, first }),
        }
        self.text.push_str(text);
        self.cells.push(Slot {
            start,
            len,
            column,
            kind,
        });
        Ok(())
    }

    /// The last row with a filled cell; 0 when there is none.
    pub(super) fn last_row(&self) -> u32 {
        self.rows.last().map_or(0, |row| row.number)
    }

    /// The rows with a filled cell, in order.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().enumerate().map(|(at, row)| {
            let end = self
                .rows
                .get(at + 1)
                .map_or(self.cells.len(), |next| next.first as usize);
            Row {
                number: row.number,
                table: self,
                cells: &self.cells[row.first as usize..end],
            }
        })
    }
}

/// One row with at least one filled cell.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    /// Counted from 1.
    pub(super) number: u32,
    table: &'a Table,
    cells: &'a [Slot],
}

impl<'a> Row<'a> {
    /// The filled cells, left to right, with their column counted from 0.
    pub(super) fn cells(self) -> impl Iterator<Item = (u16, Cell<'a>)> {
        self.cells
            .iter()
            .map(move |slot| (slot.column, self.table.cell(slot)))
    }

    /// The cell in this column, if it is filled.
    pub(super) fn cell(self, column: u16) -> Option<Cell<'a>> {
        let at = self
            .cells
            .binary_search_by_key(&column, |slot| slot.column)
            .ok()?;
        self.cells.get(at).map(|slot| self.table.cell(slot))
    }
}

impl Table {
    fn cell(&self, slot: &Slot) -> Cell<'_> {
        let start = slot.start as usize;
        Cell {
            text: &self.text[start..start + usize::from(slot.len)],
            kind: slot.kind,
        }
    }
}
