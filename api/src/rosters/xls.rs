//! Old binary workbooks (.xls): read in a process of their own with little memory (design decision 22).
//!
//! The reader of that format builds a dense range before anybody can count its cells: two cells in opposite corners take
//! half a gigabyte. So the same program is started again as `mingzheng roster read-xls`, takes the bytes on its standard
//! input under hard limits, and writes the cells as lines of JSON. Whatever goes wrong over there is a refused file here.

use std::io::{BufReader, Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use calamine::{Data, DataRef, Reader as _, SheetType, SheetVisible, Xls, XlsError};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::headers;
use super::refused::{Active, WrongType};
use super::sheet::{Kind, Table};
use super::workbook::{Found, text_of};
use super::{HEADER_SEARCH_ROWS, LIST_SHEET, Limits, RosterRefused};

/// Largest old workbook, in bytes.
const FILE_BYTES: usize = 8 << 20;
/// Memory that the reading process may write to, in bytes.
const MEMORY_BYTES: u64 = 160 << 20;
/// Processor time of the reading process, in seconds.
const CPU_SECONDS: u64 = 20;
/// How long the reading process may take by the clock on the wall.
const PATIENCE: Duration = Duration::from_secs(40);
/// Cells of a sheet that the reading process looks at, empty ones of the dense range included.
const DENSE_CELLS: u64 = 4_000_000;

/// The first line of what the reading process writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Head {
    Sheet(String),
    NoHeader(Vec<String>),
    Macros,
    Encrypted,
    TooManyCells,
    Unreadable,
}

/// One filled cell: row from 1, column from 0, kind, text.
type CellLine = (u32, u16, u8, String);

const KINDS: [Kind; 8] = [
    Kind::Text,
    Kind::Integer,
    Kind::LostPrecision,
    Kind::Decimal,
    Kind::Date,
    Kind::Bool,
    Kind::Formula,
    Kind::Error,
];

/// Reads an old workbook by starting `program` again.
pub(super) fn read(bytes: &[u8], limits: &Limits, program: &Path) -> Result<Found, RosterRefused> {
    if bytes.len() > FILE_BYTES {
        return Err(RosterRefused::TooLarge {
            limit_bytes: FILE_BYTES,
        });
    }
    let mut child = Command::new(program)
        .args(["roster", "read-xls"])
        // Nothing of the service's settings and secrets goes over.
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            tracing::error!("The reader of old workbooks does not start: {error}");
            damaged()
        })?;
    let found = exchange(&mut child, bytes, limits);
    // Also one that is still at work, or waits for somebody to read.
    let _ = child.kill();
    let _ = child.wait();
    found
}

fn exchange(child: &mut Child, bytes: &[u8], limits: &Limits) -> Result<Found, RosterRefused> {
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(damaged());
    };
    let input = bytes.to_vec();
    std::thread::spawn(move || {
        // One that stopped reading has refused already.
        let _ = to.write_all(&input);
    });
    let (tell, told) = mpsc::channel();
    let limits = *limits;
    std::thread::spawn(move || {
        let _ = tell.send(receive(from, &limits));
    });
    told.recv_timeout(PATIENCE)
        .unwrap_or(Err(RosterRefused::Expands))
}

fn receive(from: impl Read, limits: &Limits) -> Result<Found, RosterRefused> {
    // Each cell costs some bytes beside its text.
    let most = limits.text_bytes as u64 + 32 * limits.cells as u64;
    let mut lines = BufReader::new(from.take(most));
    let mut line = String::new();
    // An end without a word is a process that ran into its limits.
    let Some(head) = next_line(&mut lines, &mut line)? else {
        return Err(RosterRefused::Expands);
    };
    let name = match serde_json::from_str(head).map_err(|_| damaged())? {
        Head::Sheet(name) => name,
        Head::NoHeader(sheets) => return Err(RosterRefused::NoHeader { sheets }),
        Head::Macros => return Err(RosterRefused::Active(Active::Macros)),
        Head::Encrypted => return Err(RosterRefused::Type(WrongType::Encrypted)),
        Head::TooManyCells => {
            return Err(RosterRefused::TooManyCells {
                limit: limits.cells,
            });
        }
        Head::Unreadable => return Err(damaged()),
    };
    let mut table = Table::default();
    loop {
        let Some(cell) = next_line(&mut lines, &mut line)? else {
            // Without the last line something is missing.
            return Err(RosterRefused::Expands);
        };
        if cell == "end" {
            break;
        }
        let (row, column, kind, text): CellLine =
            serde_json::from_str(cell).map_err(|_| damaged())?;
        let kind = KINDS.get(usize::from(kind)).copied().ok_or_else(damaged)?;
        if row > limits.rows.saturating_add(HEADER_SEARCH_ROWS) {
            return Err(RosterRefused::TooManyRows {
                limit: limits.rows,
                row,
            });
        }
        table.push(row, column, kind, &text, limits)?;
    }
    let header = headers::find(&table).ok_or_else(damaged)?;
    Ok(Found {
        name,
        header,
        table,
    })
}

fn next_line<'a>(
    lines: &mut impl std::io::BufRead,
    line: &'a mut String,
) -> Result<Option<&'a str>, RosterRefused> {
    line.clear();
    let read = lines.read_line(line).map_err(|_| damaged())?;
    Ok((read > 0).then(|| line.trim_end()))
}

fn damaged() -> RosterRefused {
    RosterRefused::Unreadable { row: None }
}

/// `mingzheng roster read-xls`: the other side. Nothing is opened, nothing is kept; limits come before the first byte.
pub fn read_from_stdin() -> ExitCode {
    for (resource, most) in [
        (Resource::Data, MEMORY_BYTES),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, 16),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        if setrlimit(resource, limit).is_err() {
            return ExitCode::from(3);
        }
    }
    let mut bytes = Vec::new();
    let most = FILE_BYTES as u64 + 1;
    if std::io::stdin()
        .lock()
        .take(most)
        .read_to_end(&mut bytes)
        .is_err()
        || bytes.len() as u64 == most
    {
        return ExitCode::from(3);
    }
    // The reader is other people's code over hostile input.
    let answer = catch_unwind(AssertUnwindSafe(|| choose(&bytes))).unwrap_or(Err(Head::Unreadable));
    drop(bytes);
    match write(answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    }
}

fn write(answer: Result<(String, Vec<CellLine>), Head>) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match answer {
        Err(head) => writeln!(out, "{}", serde_json::to_string(&head)?)?,
        Ok((name, cells)) => {
            writeln!(out, "{}", serde_json::to_string(&Head::Sheet(name))?)?;
            for cell in &cells {
                writeln!(out, "{}", serde_json::to_string(cell)?)?;
            }
            writeln!(out, "end")?;
        }
    }
    out.flush()
}

fn choose(bytes: &[u8]) -> Result<(String, Vec<CellLine>), Head> {
    let mut workbook = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsError::Password => Head::Encrypted,
        _ => Head::Unreadable,
    })?;
    if !matches!(workbook.vba_project(), Ok(None)) {
        return Err(Head::Macros);
    }
    let mut names: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .filter(|sheet| sheet.visible == SheetVisible::Visible || sheet.name.trim() == LIST_SHEET)
        .map(|sheet| sheet.name.clone())
        .collect();
    names.sort_by_key(|name| name.trim() != LIST_SHEET);
    for name in &names {
        let cells = cells(&mut workbook, name)?;
        let mut head = Table::default();
        let limits = Limits::default();
        for (row, column, kind, text) in
            cells.iter().take_while(|cell| cell.0 <= HEADER_SEARCH_ROWS)
        {
            let kind = KINDS.get(usize::from(*kind)).copied().unwrap_or(Kind::Text);
            // What does not fit is told by the process that asked.
            let _ = head.push(*row, *column, kind, text, &limits);
        }
        if headers::find(&head).is_some() {
            return Ok((name.clone(), cells));
        }
    }
    Err(Head::NoHeader(
        names
            .iter()
            .take(5)
            .map(|name| headers::shorten(name))
            .collect(),
    ))
}

fn cells(workbook: &mut Xls<Cursor<&[u8]>>, name: &str) -> Result<Vec<CellLine>, Head> {
    let range = workbook
        .worksheet_range(name)
        .map_err(|_| Head::Unreadable)?;
    let formulas = workbook
        .worksheet_formula(name)
        .map_err(|_| Head::Unreadable)?;
    let (height, width) = range.get_size();
    if (height as u64).saturating_mul(width as u64) > DENSE_CELLS {
        return Err(Head::TooManyCells);
    }
    let Some((first_row, first_column)) = range.start() else {
        return Ok(Vec::new());
    };
    let mut cells = Vec::new();
    for (at_row, row) in (first_row..).zip(range.rows()) {
        for (at_column, value) in (first_column..).zip(row) {
            let formula = formulas
                .get_value((at_row, at_column))
                .is_some_and(|text| !text.is_empty());
            let value = borrowed(value);
            let Some((kind, text)) = text_of(&value, formula) else {
                continue;
            };
            if text.is_empty() && kind != Kind::Formula {
                continue;
            }
            let kind = KINDS.iter().position(|one| *one == kind).unwrap_or(0);
            cells.push((
                at_row.saturating_add(1),
                u16::try_from(at_column).unwrap_or(u16::MAX),
                u8::try_from(kind).unwrap_or(0),
                text.into_owned(),
            ));
        }
    }
    Ok(cells)
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(at) => DataRef::DateTime(*at),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}
