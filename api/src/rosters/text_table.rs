//! Delimited text as a spreadsheet would show it (RFC 4180, and what people send).
//!
//! Written here rather than taken from the csv crate because a row's number
//! must be the one that a spreadsheet shows: blank lines count, line ends
//! inside quotes do not.

use super::sheet::{Kind, Table};
use super::{HEADER_SEARCH_ROWS, Limits, RosterRefused, headers};

/// Delimiters that are tried; the one whose header row is understood best wins.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads the whole text.
pub(super) fn read(text: &str, limits: &Limits) -> Result<Table, RosterRefused> {
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let mut table = Table::default();
        // A fault in the first rows is told by the real reading below.
        let _ = fill(&mut table, text, delimiter, HEADER_SEARCH_ROWS, limits);
        let score = headers::score(&table);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    let mut table = Table::default();
    fill(&mut table, text, best.1, u32::MAX, limits)?;
    Ok(table)
}

/// Reads the whole text without knowing its header: the delimiter is the one of which the first line has most.
pub(super) fn read_plain(text: &str, limits: &Limits) -> Result<Table, RosterRefused> {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let count = |delimiter: u8| {
        let bytes = first.unwrap_or("").bytes();
        bytes.filter(|byte| *byte == delimiter).count()
    };
    // Of equals the last wins: the comma.
    let order = [b'\t', b';', b','];
    let delimiter = order.into_iter().max_by_key(|delimiter| count(*delimiter));
    let mut table = Table::default();
    fill(
        &mut table,
        text,
        delimiter.unwrap_or(b','),
        u32::MAX,
        limits,
    )?;
    Ok(table)
}

pub(super) fn fill(
    table: &mut Table,
    text: &str,
    delimiter: u8,
    last_row: u32,
    limits: &Limits,
) -> Result<(), RosterRefused> {
    let most = limits.rows.saturating_add(HEADER_SEARCH_ROWS);
    let mut reader = Reader {
        rest: text,
        delimiter,
    };
    let mut row: u32 = 1;
    let mut column: u16 = 0;
    let mut value = String::new();
    while row <= last_row && !(reader.rest.is_empty() && column == 0) {
        value.clear();
        let end = reader.field(&mut value, row, limits)?;
        if !value.trim().is_empty() {
            if row > most {
                return Err(RosterRefused::TooManyRows {
                    limit: limits.rows,
                    row,
                });
            }
            table.push(row, column, Kind::Text, &value, limits)?;
        }
        match end {
            End::Field => column = column.saturating_add(1),
            End::Row => {
                row = row.saturating_add(1);
                column = 0;
            }
            End::File => break,
        }
    }
    Ok(())
}

enum End {
    Field,
    Row,
    File,
}

struct Reader<'a> {
    rest: &'a str,
    delimiter: u8,
}

impl Reader<'_> {
    /// Appends one field's value and says what ended it.
    fn field(
        &mut self,
        value: &mut String,
        row: u32,
        limits: &Limits,
    ) -> Result<End, RosterRefused> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            loop {
                let Some(at) = self.rest.find('"') else {
                    return Err(RosterRefused::Unreadable { row: Some(row) });
                };
                take(value, &self.rest[..at], row, limits)?;
                self.rest = &self.rest[at + 1..];
                match self.rest.strip_prefix('"') {
                    Some(rest) => {
                        value.push('"');
                        self.rest = rest;
                    }
                    None => break,
                }
            }
        }
        let delimiter = self.delimiter;
        let at = self
            .rest
            .bytes()
            .position(|byte| byte == delimiter || byte == b'\n' || byte == b'\r');
        let at = at.unwrap_or(self.rest.len());
        take(value, &self.rest[..at], row, limits)?;
        let mut after = self.rest[at..].bytes();
        let (end, skip) = match (after.next(), after.next()) {
            (None, _) => (End::File, 0),
            (Some(b'\r'), Some(b'\n')) => (End::Row, 2),
            (Some(b'\r' | b'\n'), _) => (End::Row, 1),
            _ => (End::Field, 1),
        };
        self.rest = &self.rest[at + skip..];
        Ok(end)
    }
}

fn take(value: &mut String, part: &str, row: u32, limits: &Limits) -> Result<(), RosterRefused> {
    // Twice: blanks around the text do not count, and an export may pad.
    if value.len() + part.len() > limits.cell_bytes.saturating_mul(2) {
        return Err(RosterRefused::CellTooLong {
            row: Some(row),
            limit_bytes: limits.cell_bytes,
        });
    }
    value.push_str(part);
    Ok(())
}
