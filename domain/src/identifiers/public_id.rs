//! The random id on a certificate's paper.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;

use super::{BadIdentifier, Check, IdentifierKind};

/// 128 random bits; as text 26 characters of upper-case base32 without padding (interop.md "The QR").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicId([u8; 16]);

impl PublicId {
    /// Takes sixteen random bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0))
    }
}

impl FromStr for PublicId {
    type Err = BadIdentifier;

    /// Reads either case; the unused bits at the end must be zero, so that an id has one text.
    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let fault = |check| BadIdentifier {
            kind: IdentifierKind::PublicId,
            check,
        };
        let text = text.trim();
        if text.chars().count() != 26 {
            return Err(fault(Check::Length));
        }
        let bytes = BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| fault(Check::Charset))?;
        bytes.try_into().map(Self).map_err(|_| fault(Check::Length))
    }
}
