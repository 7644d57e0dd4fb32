//! Codes of programs and cohorts.

use std::str::FromStr;

use super::{BadIdentifier, Check, IdentifierKind, normalise, text_identifier};

/// Code of a program (项目编号): `P`, two digits of the federation (`00` national), five digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProgramCode(String);
text_identifier!(ProgramCode);

impl ProgramCode {
    /// Makes the code with this serial under a federation's two digits.
    pub fn mint(prefix: &str, serial: u32) -> Result<Self, BadIdentifier> {
        format!("P{prefix}{serial:05}").parse()
    }
}

impl FromStr for ProgramCode {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        lettered(IdentifierKind::ProgramCode, text, b'P', 7).map(Self)
    }
}

/// Code of a cohort (班期编号): `C`, two digits of the province, two of the year, six of the serial.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CohortCode(String);
text_identifier!(CohortCode);

impl CohortCode {
    /// Makes the code with this serial.
    pub fn mint(province: &str, year: i32, serial: u32) -> Result<Self, BadIdentifier> {
        format!("C{province}{:02}{serial:06}", year.rem_euclid(100)).parse()
    }
}

impl FromStr for CohortCode {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        lettered(IdentifierKind::CohortCode, text, b'C', 10).map(Self)
    }
}

/// A letter and so many digits.
fn lettered(
    kind: IdentifierKind,
    text: &str,
    letter: u8,
    digits: usize,
) -> Result<String, BadIdentifier> {
    let text = normalise(kind, text)?;
    if text.len() != digits + 1 {
        return Err(BadIdentifier {
            kind,
            check: Check::Length,
        });
    }
    let bytes = text.as_bytes();
    if bytes[0] != letter || !bytes[1..].iter().all(u8::is_ascii_digit) {
        return Err(BadIdentifier {
            kind,
            check: Check::Format,
        });
    }
    Ok(text)
}
