//! A table with other columns than a roster's: the same reading, guards and limits, another header.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sha2::{Digest as _, Sha256};

use super::sheet::Table;
use super::{
    Format, HEADER_SEARCH_ROWS, Kind, Limits, RosterRefused, encoding, guard, headers, text_table,
    workbook,
};

/// A column that is looked for: header words that name it, and whether it must be there.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Header words, the usual one first.
    pub words: &'static [&'static str],
    /// Whether a file without it is refused.
    pub required: bool,
}

/// One row; a cell for each wanted column.
pub struct PlainRow {
    /// Counted from 1 as a spreadsheet shows it.
    pub number: u32,
    /// Texts, empty ones and those of formulas and errors left out.
    pub cells: Vec<Option<String>>,
    /// Wanted columns whose cell holds a formula, an error or rounded digits.
    pub unusable: Vec<usize>,
}

/// Shows no cell.
impl std::fmt::Debug for PlainRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlainRow({})", self.number)
    }
}

/// A table that was read.
#[derive(Debug)]
pub struct Plain {
    /// SHA-256 of the uploaded bytes.
    pub sha256: [u8; 32],
    /// Rows below the header.
    pub rows: Vec<PlainRow>,
}

/// Reads CSV (UTF-8 or GB18030) or XLSX whose header names the wanted columns in any order.
pub fn read_columns(
    bytes: &[u8],
    limits: Limits,
    wanted: &[Wanted],
) -> Result<Plain, RosterRefused> {
    if bytes.is_empty() {
        return Err(RosterRefused::Empty);
    }
    if bytes.len() > limits.file_bytes {
        return Err(RosterRefused::TooLarge {
            limit_bytes: limits.file_bytes,
        });
    }
    let (table, header) = if bytes.starts_with(b"PK\x03\x04") {
        guard::check(bytes, &limits)?;
        // Other people's code over hostile input: its panic is a damaged file, not an outage.
        let table = catch_unwind(AssertUnwindSafe(|| {
            workbook::read_first(bytes, &limits, workbook::text_of)
        }))
        .unwrap_or(Err(RosterRefused::Unreadable { row: None }))?;
        let header = find(&table, wanted);
        (table, header)
    } else {
        text(bytes, &limits, wanted)?
    };
    let Some((row, places)) = header else {
        let must = wanted.iter().filter(|one| one.required);
        return Err(RosterRefused::NoHeaderOf {
            wanted: must.map(|one| one.words[0]).collect(),
        });
    };
    let missing: Vec<&'static str> = wanted
        .iter()
        .zip(&places)
        .filter(|(wanted, place)| wanted.required && place.is_none())
        .map(|(wanted, _)| wanted.words[0])
        .collect();
    if !missing.is_empty() {
        return Err(RosterRefused::MissingColumns {
            sheet: None,
            row,
            found: Vec::new(),
            missing,
        });
    }
    let last = table.last_row();
    if last.saturating_sub(row) > limits.rows {
        return Err(RosterRefused::TooManyRows {
            limit: limits.rows,
            row: last,
        });
    }
    let mut rows = Vec::new();
    for found in table.rows().filter(|found| found.number > row) {
        let mut unusable = Vec::new();
        let cells = places
            .iter()
            .enumerate()
            .map(|(at, place)| {
                let cell = found.cell((*place)?)?;
                match cell.kind {
                    Kind::Formula | Kind::Error | Kind::LostPrecision => {
                        unusable.push(at);
                        None
                    }
                    _ => Some(cell.text.to_owned()).filter(|text| !text.is_empty()),
                }
            })
            .collect();
        rows.push(PlainRow {
            number: found.number,
            cells,
            unusable,
        });
    }
    if rows.is_empty() {
        return Err(RosterRefused::Empty);
    }
    Ok(Plain {
        sha256: Sha256::digest(bytes).into(),
        rows,
    })
}

type Header = Option<(u32, Vec<Option<u16>>)>;

fn text(
    bytes: &[u8],
    limits: &Limits,
    wanted: &[Wanted],
) -> Result<(Table, Header), RosterRefused> {
    let (text, _): (_, Format) = encoding::decode(bytes)?;
    let mut best: (usize, u8) = (0, b',');
    for delimiter in [b',', b';', b'\t'] {
        let mut table = Table::default();
        // A fault in the first rows is told by the real reading below.
        let _ = text_table::fill(&mut table, &text, delimiter, HEADER_SEARCH_ROWS, limits);
        let score = find(&table, wanted).map_or(0, |(_, places)| places.iter().flatten().count());
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    let mut table = Table::default();
    text_table::fill(&mut table, &text, best.1, u32::MAX, limits)?;
    let header = find(&table, wanted);
    Ok((table, header))
}

/// The first row in which at least two of the wanted columns are named.
fn find(table: &Table, wanted: &[Wanted]) -> Header {
    table
        .rows()
        .take_while(|row| row.number <= HEADER_SEARCH_ROWS)
        .find_map(|row| {
            let mut places = vec![None; wanted.len()];
            for (column, cell) in row.cells() {
                let word = headers::normalise(cell.text);
                let at = wanted
                    .iter()
                    .position(|one| one.words.contains(&word.as_str()));
                if let Some(at) = at.filter(|at| places[*at].is_none()) {
                    places[at] = Some(column);
                }
            }
            (places.iter().flatten().count() >= 2).then_some((row.number, places))
        })
}
