//! Identifiers as types: what is held in one of these has passed every check (identifiers.md).
//!
//! An error names the kind and the first failing check, never the value. Personal identifiers have a masked `Debug`,
//! no `Display` and no serde; `expose` is the one loud way to their text.

mod catalogue;
mod certificate_no;
mod check;
mod citizen_id;
mod credit_code;
mod disability_card;
mod elicence;
mod fault;
mod occupation;
mod phone;
mod public_id;
mod region;

pub use catalogue::{CohortCode, ProgramCode};
pub use certificate_no::CertificateNo;
pub use check::{CheckKind, Checked, check};
pub use citizen_id::{CitizenId, Sex, check_character};
pub use credit_code::CreditCode;
pub use disability_card::{DisabilityCardNo, DisabilityCategory, DisabilityLevel};
pub use elicence::ELicenceId;
pub use fault::{BadIdentifier, Check, IdentifierKind};
pub use occupation::{Edition, OccupationCode, SkillLevel};
pub use phone::Phone;
pub use public_id::PublicId;
pub use region::{FederationCode, FederationLevel, RegionCode, RegionLevel};

/// Trims, raises ASCII letters, and refuses everything that is not ASCII.
fn normalise(kind: IdentifierKind, text: &str) -> Result<String, BadIdentifier> {
    let text = text.trim();
    if text.is_ascii() {
        Ok(text.to_ascii_uppercase())
    } else {
        Err(BadIdentifier {
            kind,
            check: Check::Charset,
        })
    }
}

/// ISO 7064 MOD 37,36 check character over digits and upper-case letters; `None` for any other character.
pub(crate) fn mod_37_36(text: &str) -> Option<char> {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut p = 36;
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|c| *c == byte)?;
        p = (p + value) % 36;
        if p == 0 {
            p = 36;
        }
        p = p * 2 % 37;
    }
    Some(char::from(ALPHABET[(37 - p) % 36]))
}

/// Gives a non-personal identifier its text form, `FromStr`, `Display` and serde by that text.
macro_rules! text_identifier {
    ($name:ident) => {
        impl $name {
            /// The normalised text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use text_identifier;
