//! Any table, without the words of a roster: for employers who check a list of certificates.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use super::sheet::{Kind, Table};
use super::{Limits, RosterRefused, encoding, guard, text_table, workbook};

/// A cell that can be written again as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
pub struct PlainCell {
    /// Its text; empty for an empty cell.
    pub text: String,
    /// What it is.
    pub kind: PlainKind,
}

/// What a cell of any table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainKind {
    /// Text, also that of a formula.
    #[default]
    Text,
    /// A number in decimal digits.
    Number,
    /// `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS` or `HH:MM:SS`.
    Date,
    /// `TRUE` or `FALSE`.
    Bool,
}

/// A text stands for itself.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Text(String),
    Typed { text: String, kind: PlainKind },
}

impl From<Wire> for PlainCell {
    fn from(wire: Wire) -> Self {
        match wire {
            Wire::Text(text) => text.into(),
            Wire::Typed { text, kind } => Self { text, kind },
        }
    }
}

impl From<PlainCell> for Wire {
    fn from(cell: PlainCell) -> Self {
        match cell.kind {
            PlainKind::Text => Self::Text(cell.text),
            kind => Self::Typed {
                text: cell.text,
                kind,
            },
        }
    }
}

impl From<String> for PlainCell {
    fn from(text: String) -> Self {
        Self {
            text,
            kind: PlainKind::Text,
        }
    }
}

/// The rows of the first visible sheet, or of a text with commas, semicolons or tabs, as texts; blank rows are left out.
pub fn read_plain(bytes: &[u8], limits: &Limits) -> Result<Vec<Vec<String>>, RosterRefused> {
    let rows = read_cells(bytes, limits)?.into_iter();
    let texts = |row: Vec<PlainCell>| row.into_iter().map(|cell| cell.text).collect();
    Ok(rows.map(texts).collect())
}

/// The same, each cell with what it is, so that it can be written again unchanged.
pub fn read_cells(bytes: &[u8], limits: &Limits) -> Result<Vec<Vec<PlainCell>>, RosterRefused> {
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
        let read = || workbook::read_first(bytes, limits, workbook::whole_of);
        catch_unwind(AssertUnwindSafe(read))
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

fn rows(table: &Table) -> Vec<Vec<PlainCell>> {
    table
        .rows()
        .map(|row| {
            let mut cells: Vec<PlainCell> = Vec::new();
            for (column, cell) in row.cells() {
                cells.resize(usize::from(column), PlainCell::default());
                cells.push(PlainCell {
                    text: cell.text.to_owned(),
                    kind: match cell.kind {
                        Kind::Integer | Kind::Decimal | Kind::LostPrecision => PlainKind::Number,
                        Kind::Date => PlainKind::Date,
                        Kind::Bool => PlainKind::Bool,
                        Kind::Text | Kind::Formula | Kind::Error => PlainKind::Text,
                    },
                });
            }
            cells
        })
        .collect()
}
