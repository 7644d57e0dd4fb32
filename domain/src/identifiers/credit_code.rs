//! Unified social credit code (GB 32100-2015; identifiers.md section 2).

use std::str::FromStr;

use super::region::is_known_province;
use super::{BadIdentifier, Check, IdentifierKind, normalise, text_identifier};

const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [usize; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];
const INNER_WEIGHTS: [usize; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
const DEPARTMENTS: &[u8] = b"123456789ANY";

/// A unified social credit code (统一社会信用代码): 18 characters, upper case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CreditCode(String);
text_identifier!(CreditCode);

impl CreditCode {
    /// Accepts a wrong inner check, for an officer who records why: a few real codes of 2015 and 2016 break it.
    pub fn parse_allowing_organisation_checksum(text: &str) -> Result<Self, BadIdentifier> {
        parse(text, false)
    }

    /// Organisation code (GB 11714), nine characters.
    pub fn organisation(&self) -> &str {
        &self.0[8..17]
    }
}

impl FromStr for CreditCode {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        parse(text, true)
    }
}

fn parse(text: &str, inner: bool) -> Result<CreditCode, BadIdentifier> {
    if text.trim().chars().count() != 18 {
        return Err(fault(Check::Length));
    }
    let text = normalise(IdentifierKind::CreditCode, text)?;
    let bytes = text.as_bytes();
    let values: Option<Vec<usize>> = bytes
        .iter()
        .map(|byte| ALPHABET.iter().position(|known| known == byte))
        .collect();
    let values = values.ok_or(fault(Check::Charset))?;
    if !bytes[2..8].iter().all(u8::is_ascii_digit) {
        return Err(fault(Check::Charset));
    }
    if !DEPARTMENTS.contains(&bytes[0]) {
        return Err(fault(Check::Department));
    }
    if !bytes[1].is_ascii_digit() {
        return Err(fault(Check::Kind));
    }
    if !is_known_province(&text[2..4], false) && &text[2..4] != "10" {
        return Err(fault(Check::Area));
    }
    if inner && !organisation_check_fits(&bytes[8..17]) {
        return Err(fault(Check::OrganisationChecksum));
    }
    let sum: usize = values
        .iter()
        .zip(WEIGHTS)
        .map(|(value, weight)| value * weight)
        .sum();
    if ALPHABET[(31 - sum % 31) % 31] != bytes[17] {
        return Err(fault(Check::Checksum));
    }
    Ok(CreditCode(text))
}

fn organisation_check_fits(code: &[u8]) -> bool {
    let value = |byte: u8| {
        usize::from(if byte.is_ascii_digit() {
            byte - b'0'
        } else {
            byte - b'A' + 10
        })
    };
    let sum: usize = code
        .iter()
        .zip(INNER_WEIGHTS)
        .map(|(byte, weight)| value(*byte) * weight)
        .sum();
    let expected = match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + u8::try_from(digit).expect("below 10"),
    };
    code.get(8) == Some(&expected)
}

fn fault(check: Check) -> BadIdentifier {
    BadIdentifier {
        kind: IdentifierKind::CreditCode,
        check,
    }
}
