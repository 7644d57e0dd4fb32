//! Bytes to text without guessing: UTF-8 wherever it is valid, else GB18030
//! throughout, else refused with the row (trust.md UP-2).

use std::borrow::Cow;

use encoding_rs::{DecoderResult, GB18030};

use super::refused::BadEncoding;
use super::{Format, RosterRefused};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Decodes a text file.
pub(super) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Format), RosterRefused> {
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(refused(&bytes[..at], BadEncoding::Nul));
    }
    let (body, marked) = bytes
        .strip_prefix(BOM)
        .map_or((bytes, false), |body| (body, true));
    match std::str::from_utf8(body) {
        Ok(text) => match text.find(['\u{fffd}']).or_else(|| text.find("锟斤拷")) {
            Some(at) => Err(refused(&body[..at], BadEncoding::Replaced)),
            None => Ok((Cow::Borrowed(text), Format::CsvUtf8)),
        },
        Err(error) if marked => Err(refused(
            &body[..error.valid_up_to()],
            BadEncoding::Undecodable,
        )),
        Err(_) => Ok((Cow::Owned(decode_gb18030(body)?), Format::CsvGb18030)),
    }
}

fn decode_gb18030(bytes: &[u8]) -> Result<String, RosterRefused> {
    // A row of Han characters that is valid UTF-8 is, in a file that is not, a row pasted from another program.
    if let Some(at) = utf8_row(bytes) {
        return Err(refused(&bytes[..at], BadEncoding::Mixed));
    }
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let capacity = decoder
        .max_utf8_buffer_length_without_replacement(bytes.len())
        .unwrap_or(bytes.len());
    let mut text = String::with_capacity(capacity);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => {
            text.shrink_to_fit();
            match text.find('\u{fffd}') {
                Some(at) => Err(RosterRefused::Encoding {
                    row: row_after(&text.as_bytes()[..at]),
                    why: BadEncoding::Replaced,
                }),
                None => Ok(text),
            }
        }
        DecoderResult::Malformed(_, _) | DecoderResult::OutputFull => Err(refused(
            &bytes[..read.saturating_sub(1)],
            BadEncoding::Undecodable,
        )),
    }
}

/// Offset of a line whose bytes above ASCII are valid UTF-8 and at least three Han characters long.
///
/// The same bytes read as GB18030 would be rare characters whose lead and trail bytes happen to interleave: about one row in a hundred thousand
/// of exactly that length, and none of a usual row with a region in it.
fn utf8_row(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let high = line.iter().filter(|byte| **byte >= 0x80).count();
        if high >= 9
            && std::str::from_utf8(line)
                .is_ok_and(|text| text.chars().filter(|c| is_han(*c)).count() >= 3)
        {
            return Some(start);
        }
        start += line.len();
    }
    None
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn refused(before: &[u8], why: BadEncoding) -> RosterRefused {
    RosterRefused::Encoding {
        row: row_after(before),
        why,
    }
}

/// The spreadsheet row that begins or goes on after these bytes: line ends inside quotes do not count.
///
/// Works on undecoded bytes: neither encoding uses the bytes of a quote or a line end inside another character.
fn row_after(before: &[u8]) -> u32 {
    let mut quoted = false;
    let mut row: u32 = 1;
    for byte in before {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => row = row.saturating_add(1),
            _ => {}
        }
    }
    row
}
