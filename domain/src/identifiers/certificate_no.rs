//! The registry's certificate number (design decision 8; form in docs/formats.md).

use std::str::FromStr;

use super::{BadIdentifier, Check, ELicenceId, IdentifierKind, mod_37_36, text_identifier};

/// Letters and digits that cannot be mistaken for one another on paper or over the telephone.
const ALPHABET: &[u8; 29] = b"23456789ABCDEFGHJKMNPQRTUVWXY";
const BODY: usize = 10;

/// A certificate number: `MZ`, province, year, ten random characters, a check character; or an e-licence identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateNo(String);
text_identifier!(CertificateNo);

impl CertificateNo {
    /// Makes a number from the two digits of the province-level federation, the year and random bytes.
    pub fn mint(province: &str, year: i32, random: &[u8; 8]) -> Result<Self, BadIdentifier> {
        let mut rest = u64::from_be_bytes(*random);
        let base = ALPHABET.len() as u64;
        let mut body = String::with_capacity(BODY);
        for _ in 0..BODY {
            body.push(char::from(
                ALPHABET[usize::try_from(rest % base).expect("below 29")],
            ));
            rest /= base;
        }
        let text = format!("MZ{province}{:02}{body}", year.rem_euclid(100));
        let check = mod_37_36(&text).ok_or(fault(Check::Charset))?;
        format!("{text}{check}").parse()
    }

    /// In groups for reading aloud: `MZ37 26AB CDEF GHJK M`.
    pub fn spoken(&self) -> String {
        let characters: Vec<char> = self.0.chars().collect();
        characters
            .chunks(4)
            .map(|group| group.iter().collect::<String>())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl FromStr for CertificateNo {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let text = text.trim();
        if text.starts_with("1.") {
            return text
                .parse::<ELicenceId>()
                .map(|id| Self(id.as_str().to_owned()));
        }
        let text: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if text.chars().count() != 7 + BODY {
            return Err(fault(Check::Length));
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(fault(Check::Charset));
        }
        let text = text.to_ascii_uppercase();
        if !text.starts_with("MZ") || !text[2..6].bytes().all(|b| b.is_ascii_digit()) {
            return Err(fault(Check::Format));
        }
        if !text[6..16].bytes().all(|b| ALPHABET.contains(&b)) {
            return Err(fault(Check::Charset));
        }
        match mod_37_36(&text[..16]) {
            Some(check) if text[16..].starts_with(check) => Ok(Self(text)),
            _ => Err(fault(Check::Checksum)),
        }
    }
}

fn fault(check: Check) -> BadIdentifier {
    BadIdentifier {
        kind: IdentifierKind::CertificateNo,
        check,
    }
}
