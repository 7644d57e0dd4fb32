//! Resident identity number (GB 11643-1999, check by ISO 7064 MOD 11-2; identifiers.md section 1).

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use super::region::is_known_province;
use super::{BadIdentifier, Check, IdentifierKind, normalise};

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

crate::text_enum! {
    /// Sex as the number tells it.
    Sex("sex") {
        /// Odd last digit of the sequence.
        Male = "male",
        /// Even last digit.
        Female = "female",
    }
}

/// A resident identity number (公民身份号码): 18 characters, normalised to upper case.
///
/// Its first six digits are the place of first assignment, not the household registration of today.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CitizenId(String);

impl CitizenId {
    /// Parses, and refuses a birth date after `today`.
    pub fn parse_at(text: &str, today: NaiveDate) -> Result<Self, BadIdentifier> {
        let id: Self = text.parse()?;
        if id.birth_on() > today {
            Err(fault(Check::BirthDate))
        } else {
            Ok(id)
        }
    }

    /// The number itself. Loud on purpose: it is personal data.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// First and last character, as holders and institutions see it.
    pub fn mask(&self) -> String {
        format!("{}****************{}", &self.0[..1], &self.0[17..])
    }

    /// First six and last four, as an officer sees it after an audited unmask.
    pub fn officer_mask(&self) -> String {
        format!("{}********{}", &self.0[..6], &self.0[14..])
    }

    /// Birth date.
    pub fn birth_on(&self) -> NaiveDate {
        birth_date(&self.0).expect("checked when parsed")
    }

    /// Sex as the number tells it.
    pub fn sex(&self) -> Sex {
        if (self.0.as_bytes()[16] - b'0') % 2 == 1 {
            Sex::Male
        } else {
            Sex::Female
        }
    }

    /// Division of first assignment, perhaps an abolished one.
    pub fn first_area(&self) -> &str {
        &self.0[..6]
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CitizenId({})", self.mask())
    }
}

impl FromStr for CitizenId {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        if text.trim().chars().count() != 18 {
            return Err(fault(Check::Length));
        }
        let text = normalise(IdentifierKind::CitizenId, text)?;
        let bytes = text.as_bytes();
        let digits = bytes[..17].iter().all(u8::is_ascii_digit);
        if !digits || !(bytes[17].is_ascii_digit() || bytes[17] == b'X') {
            return Err(fault(Check::Charset));
        }
        if !is_known_province(&text[..2], true) {
            return Err(fault(Check::Area));
        }
        if birth_date(&text).is_none() {
            return Err(fault(Check::BirthDate));
        }
        if &text[14..17] == "000" {
            return Err(fault(Check::Sequence));
        }
        let sum: u32 = bytes
            .iter()
            .zip(WEIGHTS)
            .map(|(byte, weight)| u32::from(byte - b'0') * weight)
            .sum();
        if CHECKS[(sum % 11) as usize] != bytes[17] {
            return Err(fault(Check::Checksum));
        }
        Ok(Self(text))
    }
}

/// The check character of 17 digits; for synthetic data and tests.
pub fn check_character(digits: &str) -> Option<char> {
    if digits.len() != 17 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let sum: u32 = digits
        .bytes()
        .zip(WEIGHTS)
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    Some(char::from(CHECKS[(sum % 11) as usize]))
}

fn birth_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text.get(6..14)?, "%Y%m%d").ok()?;
    (date >= NaiveDate::from_ymd_opt(1900, 1, 1)?).then_some(date)
}

fn fault(check: Check) -> BadIdentifier {
    BadIdentifier {
        kind: IdentifierKind::CitizenId,
        check,
    }
}
