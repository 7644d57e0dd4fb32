//! Division codes (GB/T 2260) and federation codes (identifiers.md section 4).

use std::str::FromStr;

use super::{BadIdentifier, Check, IdentifierKind, text_identifier};

/// Whether two digits are a province-level code. Resident numbers also know 83, the permits of Taiwan residents.
pub(super) fn is_known_province(digits: &str, resident: bool) -> bool {
    let number: u8 = digits.parse().unwrap_or(0);
    matches!(number, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81 | 82)
        || (resident && number == 83)
}

crate::text_enum! {
    /// Level of a division.
    RegionLevel("region level") {
        /// `PP0000`.
        Province = "province",
        /// `PPCC00`.
        Prefecture = "prefecture",
        /// `PPCCXX`.
        County = "county",
        /// Nine digits.
        Township = "township",
        /// Twelve digits.
        Village = "village",
    }
}

/// A division code (行政区划代码). Whether the county exists is a question for the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionCode(String);
text_identifier!(RegionCode);

impl RegionCode {
    /// Its level.
    pub fn level(&self) -> RegionLevel {
        match self.0.len() {
            12 if self.0.ends_with("000") => RegionLevel::Township,
            12 => RegionLevel::Village,
            9 => RegionLevel::Township,
            _ if self.0.ends_with("0000") => RegionLevel::Province,
            _ if self.0.ends_with("00") => RegionLevel::Prefecture,
            _ => RegionLevel::County,
        }
    }

    /// The two digits of the province.
    pub fn province_part(&self) -> &str {
        &self.0[..2]
    }

    /// The first six digits: the county or what stands for it.
    pub fn county_part(&self) -> &str {
        &self.0[..6]
    }
}

impl FromStr for RegionCode {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let fault = |check| BadIdentifier {
            kind: IdentifierKind::Region,
            check,
        };
        let text = text.trim();
        if !matches!(text.chars().count(), 6 | 9 | 12) {
            return Err(fault(Check::Length));
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault(Check::Charset));
        }
        if !is_known_province(&text[..2], false) {
            return Err(fault(Check::UnknownProvince));
        }
        Ok(Self(text.to_owned()))
    }
}

crate::text_enum! {
    /// Level of a federation.
    FederationLevel("federation level") {
        /// China Disabled Persons' Federation.
        National = "national",
        /// Province level, the corps included.
        Province = "province",
        /// Prefecture.
        Prefecture = "prefecture",
        /// County.
        County = "county",
        /// Township; may propose and attach, never decide.
        Township = "township",
        /// Village liaison; likewise.
        Village = "village",
    }
}

/// Code of a federation (残联): `000000` national, `660000` the corps, else like a division code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FederationCode(String);
text_identifier!(FederationCode);

impl FederationCode {
    /// The national federation.
    pub fn national() -> Self {
        Self("000000".to_owned())
    }

    /// The first two digits, as used in certificate numbers and program codes.
    pub fn prefix(&self) -> &str {
        &self.0[..2]
    }
}

impl FromStr for FederationCode {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let fault = |check| BadIdentifier {
            kind: IdentifierKind::Federation,
            check,
        };
        let text = text.trim();
        if text.chars().count() != 6 {
            return Err(fault(Check::Length));
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault(Check::Charset));
        }
        let known = matches!(text, "000000" | "660000")
            || (is_known_province(&text[..2], false) && &text[..2] < "70");
        if known {
            Ok(Self(text.to_owned()))
        } else {
            Err(fault(Check::UnknownProvince))
        }
    }
}
