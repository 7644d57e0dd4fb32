//! Telephone numbers (identifiers.md section 8).

use std::fmt;
use std::str::FromStr;

use super::{BadIdentifier, Check, IdentifierKind};

/// A mobile number of eleven digits, or (for organisations) a landline with its area code.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// The number itself. Loud on purpose: it is personal data.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `138****8000`.
    pub fn mask(&self) -> String {
        format!("{}****{}", &self.0[..3], &self.0[self.0.len() - 4..])
    }

    /// Reads a landline (`0577-12345678`) as well: for organisations only.
    pub fn parse_organisation(text: &str) -> Result<Self, BadIdentifier> {
        let bare = bare(text)?;
        let landline = bare.starts_with('0') && (10..=12).contains(&bare.len());
        if landline {
            Ok(Self(bare))
        } else {
            bare.parse()
        }
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.mask())
    }
}

impl FromStr for Phone {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let bare = bare(text)?;
        if bare.len() != 11 {
            return Err(fault(Check::Length));
        }
        match bare.as_bytes() {
            [b'1', b'3'..=b'9', ..] => Ok(Self(bare)),
            _ => Err(fault(Check::Format)),
        }
    }
}

fn bare(text: &str) -> Result<String, BadIdentifier> {
    let bare: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .collect();
    let bare = bare
        .strip_prefix("+86")
        .or_else(|| bare.strip_prefix("0086"))
        .unwrap_or(&bare)
        .to_owned();
    if !bare.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault(Check::Charset));
    }
    Ok(bare)
}

fn fault(check: Check) -> BadIdentifier {
    BadIdentifier {
        kind: IdentifierKind::Phone,
        check,
    }
}
