//! E-licence identifier (GB/T 36904-2018; identifiers.md section 6).

use std::str::FromStr;

use super::{BadIdentifier, Check, CreditCode, IdentifierKind, mod_37_36, text_identifier};

const ROOT: &str = "1.2.156.3005.2.";

/// An e-licence identifier (电子证照标识).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ELicenceId(String);
text_identifier!(ELicenceId);

impl ELicenceId {
    /// Joins the parts and computes the check character.
    pub fn mint(
        type_code: &str,
        issuer: &CreditCode,
        serial: &str,
        version: u16,
    ) -> Result<Self, BadIdentifier> {
        let version = format!("{version:03}");
        let check = mod_37_36(&format!("{type_code}{}{serial}{version}", issuer.as_str()))
            .ok_or(fault(Check::Charset))?;
        format!(
            "{ROOT}{type_code}.{}.{serial}.{version}.{check}",
            issuer.as_str()
        )
        .parse()
    }
}

impl FromStr for ELicenceId {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let text = text.trim();
        let rest = text.strip_prefix(ROOT).ok_or(fault(Check::Root))?;
        let parts: Vec<&str> = rest.split('.').collect();
        let [type_code, issuer, serial, version, check] = parts.as_slice() else {
            return Err(fault(Check::Structure));
        };
        if !rest
            .bytes()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'.')
        {
            return Err(fault(Check::Charset));
        }
        // Published samples carry type codes whose credit code is only shaped like one.
        let type_shaped =
            type_code.len() == 21 && type_code[18..].bytes().all(|b| b.is_ascii_digit());
        if !type_shaped {
            return Err(fault(Check::TypeCode));
        }
        if issuer.len() != 18 {
            return Err(fault(Check::Issuer));
        }
        if !(1..=32).contains(&serial.len()) {
            return Err(fault(Check::Structure));
        }
        if version.len() != 3 || !version.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fault(Check::Version));
        }
        let expected = mod_37_36(&format!("{type_code}{issuer}{serial}{version}"))
            .ok_or(fault(Check::Charset))?;
        if check.chars().eq(std::iter::once(expected)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(fault(Check::Checksum))
        }
    }
}

fn fault(check: Check) -> BadIdentifier {
    BadIdentifier {
        kind: IdentifierKind::ELicence,
        check,
    }
}
