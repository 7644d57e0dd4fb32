//! One entry for every upload: the content decides the format, not the name.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::refused::WrongType;
use super::sheet::Table;
use super::{
    Format, Limits, RosterRefused, Sheet, encoding, guard, headers, text_table, workbook, xls,
};

/// Reads an uploaded roster into a table with its header found.
///
/// `file_name` is only used to tell an old `.xls` from other files of its
/// kind; the content decides. Errors refuse the whole file and say what to do.
pub fn read(bytes: &[u8], file_name: &str, limits: Limits) -> Result<Sheet, RosterRefused> {
    read_with(bytes, file_name, limits, None)
}

/// The same; with this program itself at hand old binary workbooks are read as well, in a process of their own.
pub fn read_with(
    bytes: &[u8],
    file_name: &str,
    limits: Limits,
    program: Option<&Path>,
) -> Result<Sheet, RosterRefused> {
    if bytes.is_empty() {
        return Err(RosterRefused::Empty);
    }
    if bytes.len() > limits.file_bytes {
        return Err(RosterRefused::TooLarge {
            limit_bytes: limits.file_bytes,
        });
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return read_workbook(bytes, &limits);
    }
    if let Some(kind) = foreign(bytes, file_name) {
        if let (WrongType::Xls, Some(program)) = (kind, program) {
            let found = xls::read(bytes, &limits, program)?;
            let (name, header) = (Some(found.name), Some(found.header));
            return finish(bytes, Format::Xls, name, header, found.table, &limits);
        }
        return Err(RosterRefused::Type(kind));
    }
    let (text, format) = encoding::decode(bytes)?;
    let table = text_table::read(&text, &limits)?;
    let header = headers::find(&table);
    finish(bytes, format, None, header, table, &limits)
}

fn read_workbook(bytes: &[u8], limits: &Limits) -> Result<Sheet, RosterRefused> {
    guard::check(bytes, limits)?;
    // The workbook reader is other people's code over hostile input: its panic is a damaged file, not an outage.
    let found = catch_unwind(AssertUnwindSafe(|| workbook::read(bytes, limits)))
        .unwrap_or(Err(RosterRefused::Unreadable { row: None }))?;
    finish(
        bytes,
        Format::Xlsx,
        Some(found.name),
        Some(found.header),
        found.table,
        limits,
    )
}

fn finish(
    bytes: &[u8],
    format: Format,
    name: Option<String>,
    header: Option<headers::Header>,
    table: Table,
    limits: &Limits,
) -> Result<Sheet, RosterRefused> {
    if table.last_row() == 0 {
        return Err(RosterRefused::Empty);
    }
    let header = header.ok_or(RosterRefused::NoHeader { sheets: Vec::new() })?;
    header.check(name.as_deref())?;
    let last = table.last_row();
    if last.saturating_sub(header.row) > limits.rows {
        return Err(RosterRefused::TooManyRows {
            limit: limits.rows,
            row: last,
        });
    }
    if last == header.row {
        return Err(RosterRefused::Empty);
    }
    Ok(Sheet {
        sha256: Sha256::digest(bytes).into(),
        format,
        name,
        header_row: header.row,
        columns: header.columns,
        table,
    })
}

/// Kinds of file that are recognised only to say what to do instead.
pub(super) fn foreign(bytes: &[u8], file_name: &str) -> Option<WrongType> {
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    let start = bytes.get(..1024).unwrap_or(bytes);
    if bytes.starts_with(OLE) {
        let xls = file_name.to_lowercase().ends_with(".xls");
        return Some(if !xls && holds(bytes, &utf16("EncryptedPackage")) {
            WrongType::Encrypted
        } else {
            WrongType::Xls
        });
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some(WrongType::Utf16);
    }
    if [&b"%PDF"[..], b"\x89PNG", b"\xff\xd8\xff", b"GIF8"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
    {
        return Some(WrongType::PdfOrPicture);
    }
    if [&b"Rar!"[..], b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
    {
        return Some(WrongType::Archive);
    }
    let text = String::from_utf8_lossy(start)
        .trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t'])
        .to_ascii_lowercase();
    ["<html", "<!doctype", "<table", "<?xml", "<meta", "<head"]
        .iter()
        .any(|tag| text.starts_with(tag))
        .then_some(WrongType::WebPage)
}

fn utf16(word: &str) -> Vec<u8> {
    word.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
