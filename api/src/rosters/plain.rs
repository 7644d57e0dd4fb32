//! Any table, without the words of a roster: for employers who check a list of certificates.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::sheet::Table;
use super::{Limits, RosterRefused, encoding, guard, text_table, workbook};

/// Cells of one row, by column from 0, as text.
pub(crate) type PlainRow = Vec<String>;

/// The rows of the first visible sheet, or of a text with commas, semicolons or tabs; blank rows are left out.
pub fn read_plain(bytes: &[u8], limits: &Limits) -> Result<Vec<PlainRow>, RosterRefused> {
    if bytes.is_empty() {
        return Err(RosterRefused::Empty);
    }
    if bytes.len() > limits.file_bytes {
        return Err(RosterRefused::TooLarge {
            limit_bytes: limits.file_bytes,
        });
    }
    let table = if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        guard::check(bytes, limits)?;
        // Other people's code over hostile input: its panic is a damaged file, not an outage.
        catch_unwind(AssertUnwindSafe(|| workbook::read_first(bytes, limits)))
            .unwrap_or(Err(RosterRefused::Unreadable { row: None }))?
    } else {
        if let Some(kind) = super::read::foreign(bytes, "") {
            return Err(RosterRefused::Type(kind));
        }
        let (text, _) = encoding::decode(bytes)?;
        text_table::read_plain(&text, limits)?
    };
    if table.last_row() == 0 {
        return Err(RosterRefused::Empty);
    }
    Ok(rows(&table))
}

fn rows(table: &Table) -> Vec<PlainRow> {
    table
        .rows()
        .map(|row| {
            let mut cells: Vec<String> = Vec::new();
            for (column, cell) in row.cells() {
                cells.resize(usize::from(column), String::new());
                cells.push(cell.text.to_owned());
            }
            cells
        })
        .collect()
}
