//! The check by telephone: two parts of six digits, derived from the signed bytes (`docs/formats.md` section 2.3).
//!
//! Who calls the help line hears the first part and compares it with the paper: it is the registry that answers. Then the
//! caller says the second: it is the genuine paper that is in the caller's hand. The parts come from the signed bytes,
//! not from their hash, which is public in the log.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Domain of the digest.
const CONTEXT: &[u8] = b"mingzheng.spoken-check.v1\n";
/// Digits of a part before its check digits.
const RANGE: u32 = 10_000;

/// One part: four digits and two check digits (ISO 7064, MOD 97-10), so that one misheard digit, or two exchanged ones,
/// is noticed before anything is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Part(u32);

/// Both parts of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpokenCheck {
    /// Said by the registry.
    pub first: Part,
    /// Said by whoever holds the paper.
    pub second: Part,
}

/// Why what was said is no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPart {
    /// Not six digits.
    #[error("核对码应为 6 位数字 / a part has six digits")]
    Digits,
    /// The check digits do not fit.
    #[error("核对码的校验位不符,请再听一遍 / the check digits do not fit: listen once more")]
    Check,
}

impl SpokenCheck {
    /// The parts of a certificate, from its tagged COSE_Sign1.
    pub fn of(cose: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(CONTEXT)
            .chain_update(cose)
            .finalize();
        let part = |at: usize| {
            let number =
                u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
            Part::with_check(number % RANGE)
        };
        Self {
            first: part(0),
            second: part(4),
        }
    }
}

impl Part {
    fn with_check(number: u32) -> Self {
        Self(number * 100 + 98 - number * 100 % 97)
    }
}

/// In groups of two for reading aloud: `04 82 16`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:06}", self.0);
        write!(f, "{} {} {}", &digits[..2], &digits[2..4], &digits[4..])
    }
}

/// The second part is what proves the paper: it does not stand in a log.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Part(******)")
    }
}

impl std::str::FromStr for Part {
    type Err = BadPart;

    fn from_str(text: &str) -> Result<Self, BadPart> {
        let digits: String = text
            .chars()
            .filter(|one| !matches!(one, ' ' | '-'))
            .collect();
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadPart::Digits);
        }
        let number: u32 = digits.parse().map_err(|_| BadPart::Digits)?;
        let part = Self::with_check(number / 100);
        if part.0 == number {
            Ok(part)
        } else {
            Err(BadPart::Check)
        }
    }
}

/// Digits as they are said in Chinese over the telephone: one is 幺, since 一 is mistaken for 七.
pub fn aloud(digits: &str) -> String {
    digits
        .chars()
        .map(|one| match one {
            '0' => '零',
            '1' => '幺',
            '2' => '二',
            '3' => '三',
            '4' => '四',
            '5' => '五',
            '6' => '六',
            '7' => '七',
            '8' => '八',
            '9' => '九',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{BadPart, Part, SpokenCheck, aloud};

    /// `docs/formats.md` section 2.3.
    #[test]
    fn the_parts_of_the_vector_are_those_of_the_document() {
        let bytes: Vec<u8> = (0..32).collect();
        let check = SpokenCheck::of(&bytes);
        assert_eq!(check.first.to_string(), "82 12 03");
        assert_eq!(check.second.to_string(), "77 12 48");
    }

    #[test]
    fn one_wrong_digit_and_two_exchanged_ones_are_noticed() {
        for seed in 0..200_u8 {
            let said = SpokenCheck::of(&[seed]).first.to_string();
            assert_eq!(
                said.parse::<Part>().map(|part| part.to_string()),
                Ok(said.clone())
            );
            let digits: Vec<char> = said.chars().filter(|one| *one != ' ').collect();
            for at in 0..6 {
                for other in ('0'..='9').filter(|other| *other != digits[at]) {
                    let mut wrong = digits.clone();
                    wrong[at] = other;
                    let wrong: String = wrong.into_iter().collect();
                    assert_eq!(wrong.parse::<Part>(), Err(BadPart::Check), "{said} {wrong}");
                }
                if at < 5 && digits[at] != digits[at + 1] {
                    let mut wrong = digits.clone();
                    wrong.swap(at, at + 1);
                    let wrong: String = wrong.into_iter().collect();
                    assert_eq!(wrong.parse::<Part>(), Err(BadPart::Check), "{said} {wrong}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_part_is_told_and_the_second_stands_in_no_log() {
        for text in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert_eq!(text.parse::<Part>(), Err(BadPart::Digits), "{text}");
        }
        assert!(!format!("{:?}", SpokenCheck::of(b"x")).contains(|one: char| one.is_ascii_digit()));
        assert_eq!(aloud("01 72"), "零幺 七二");
    }
}
