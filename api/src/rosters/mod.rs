//! Rosters: an institution's list of trainees, read from a spreadsheet.
//!
//! Bytes in, values out: no HTTP, no SQL, no clock. The way of one upload:
//!
//! 1. [`read`] decides the format by content, keeps hostile files out
//!    (trust.md UP-1..UP-4) and finds the sheet and its header row.
//! 2. [`parse`] turns every row into a [`RosterRow`] or into [`Fault`]s: all
//!    faults of all rows at once, and every row of the file is counted.
//! 3. [`annotate`] gives the same table back with the faults marked;
//!    [`template`] is the empty form.
//!
//! Nothing here holds a full personal value in a fault, a refusal or a
//! `Debug` text. Callers run this on a blocking thread, two at once at most.

mod annotate;
mod cause;
mod columns;
mod encoding;
mod fault;
mod fields;
mod guard;
mod headers;
mod mask;
mod parse;
mod parsed;
mod plain;
mod read;
mod refused;
mod row;
mod sheet;
mod template;
#[cfg(test)]
mod tests;
mod text_table;
mod words;
mod workbook;
mod xls;

pub use annotate::annotate;
pub use cause::FAULT_CODES;
pub use columns::{Plain, PlainRow, Wanted, read_columns};
pub use fault::Fault;
pub use headers::{Column, Field};
pub use parse::parse;
pub use parsed::{Context, IgnoredColumn, Notice, ParsedRoster};
pub use plain::{PlainCell, PlainKind, read_cells, read_plain};
pub use read::{read, read_with};
pub use refused::RosterRefused;
pub use row::{Contact, Hidden, Need, RosterRow};
pub use sheet::{Cell, Format, Kind, Sheet};
pub use template::template;
pub use xls::read_from_stdin as read_xls_from_stdin;

/// Bounds of one upload (trust.md UP-1, UP-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the uploaded file in bytes.
    pub file_bytes: usize,
    /// Bytes that an XLSX may really inflate to, all entries together.
    pub inflated_bytes: u64,
    /// Entries of the XLSX container.
    pub entries: usize,
    /// Inflated bytes per byte of the file.
    pub ratio: u64,
    /// Cells of one sheet, empty ones with a format included.
    pub cells: usize,
    /// Rows below the header row.
    pub rows: u32,
    /// Columns.
    pub columns: u16,
    /// UTF-8 bytes of one cell.
    pub cell_bytes: usize,
    /// UTF-8 bytes of all cells of the sheet together.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 20 << 20,
            inflated_bytes: 64 << 20,
            entries: 2_000,
            ratio: 200,
            cells: 1_000_000,
            rows: 50_000,
            columns: 100,
            cell_bytes: 4 << 10,
            text_bytes: 32 << 20,
        }
    }
}

/// How many rows from the top are searched for the header row.
const HEADER_SEARCH_ROWS: u32 = 20;

/// Name of the sheet that the template gives to the list.
const LIST_SHEET: &str = "学员名单";
