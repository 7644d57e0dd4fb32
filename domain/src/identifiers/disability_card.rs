//! Disability certificate number (identifiers.md section 3).

use std::fmt;
use std::str::FromStr;

use super::{BadIdentifier, Check, CitizenId, IdentifierKind};

crate::text_enum! {
    /// Category of disability (GB/T 26341).
    DisabilityCategory("disability category") {
        /// 视力.
        Visual = "1",
        /// 听力.
        Hearing = "2",
        /// 言语.
        Speech = "3",
        /// 肢体.
        Physical = "4",
        /// 智力.
        Intellectual = "5",
        /// 精神.
        Mental = "6",
        /// 多重.
        Multiple = "7",
    }
}

crate::text_enum! {
    /// Level of disability, 1 the most severe.
    DisabilityLevel("disability level") {
        /// Level 1.
        One = "1",
        /// Level 2.
        Two = "2",
        /// Level 3.
        Three = "3",
        /// Level 4.
        Four = "4",
    }
}

impl DisabilityLevel {
    /// Levels 1 and 2 together are severe (重度).
    pub const fn is_severe(self) -> bool {
        matches!(self, Self::One | Self::Two)
    }
}

/// A disability certificate number (残疾人证号): identity number, category, level; the reissue stands apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DisabilityCardNo {
    number: String,
    citizen_id: CitizenId,
    category: DisabilityCategory,
    level: DisabilityLevel,
    reissue: Option<u8>,
}

impl DisabilityCardNo {
    /// The 20 characters without the reissue. Loud on purpose: they tell category and level.
    pub fn expose(&self) -> &str {
        &self.number
    }

    /// First character only; everything else tells too much.
    pub fn mask(&self) -> String {
        format!("{}*******************", &self.number[..1])
    }

    /// The identity number inside.
    pub fn citizen_id(&self) -> &CitizenId {
        &self.citizen_id
    }

    /// Category.
    pub fn category(&self) -> DisabilityCategory {
        self.category
    }

    /// Level.
    pub fn level(&self) -> DisabilityLevel {
        self.level
    }

    /// How often it was issued anew (B1 to B9).
    pub fn reissue(&self) -> Option<u8> {
        self.reissue
    }
}

impl fmt::Debug for DisabilityCardNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DisabilityCardNo({})", self.mask())
    }
}

impl FromStr for DisabilityCardNo {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let text = text.trim();
        let length = text.chars().count();
        if length != 20 && length != 22 {
            return Err(fault(Check::Length));
        }
        if !text.is_ascii() {
            return Err(fault(Check::Charset));
        }
        let text = text.to_ascii_uppercase();
        let citizen_id: CitizenId = text[..18]
            .parse()
            .map_err(|bad: BadIdentifier| fault(inside(bad.check)))?;
        let category = text[18..19].parse().map_err(|_| fault(Check::Category))?;
        let level = text[19..20].parse().map_err(|_| fault(Check::Grade))?;
        let reissue = match &text.as_bytes()[20..] {
            [] => None,
            [b'B', digit @ b'1'..=b'9'] => Some(digit - b'0'),
            _ => return Err(fault(Check::Reissue)),
        };
        Ok(Self {
            number: text[..20].to_owned(),
            citizen_id,
            category,
            level,
            reissue,
        })
    }
}

const fn inside(check: Check) -> Check {
    match check {
        Check::Charset => Check::ResidentCharset,
        Check::Area => Check::ResidentArea,
        Check::BirthDate => Check::ResidentBirthDate,
        Check::Sequence => Check::ResidentSequence,
        Check::Checksum => Check::ResidentChecksum,
        _ => Check::ResidentLength,
    }
}

fn fault(check: Check) -> BadIdentifier {
    BadIdentifier {
        kind: IdentifierKind::DisabilityCard,
        check,
    }
}
