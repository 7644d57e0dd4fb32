//! Occupation codes of the national classification (identifiers.md section 5).

use std::str::FromStr;

use super::{BadIdentifier, Check, IdentifierKind, text_identifier};

crate::text_enum! {
    /// Edition of the classification; the same code may mean another occupation in another edition.
    Edition("edition") {
        /// 2015.
        E2015 = "2015",
        /// 2022.
        E2022 = "2022",
    }
}

/// An occupation code (职业编码), `M-mm-ss-uu`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OccupationCode(String);
text_identifier!(OccupationCode);

impl FromStr for OccupationCode {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        let fault = |check| BadIdentifier {
            kind: IdentifierKind::Occupation,
            check,
        };
        let text = text.trim();
        let parts: Vec<&str> = text.split('-').collect();
        let shape = matches!(parts.as_slice(), [a, b, c, d] if a.len() == 1 && [b, c, d].iter().all(|p| p.len() == 2));
        if !shape
            || !parts
                .iter()
                .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(fault(Check::Format));
        }
        if !matches!(text.as_bytes()[0], b'1'..=b'8') {
            return Err(fault(Check::Major));
        }
        Ok(Self(text.to_owned()))
    }
}

crate::text_enum! {
    /// Skill level (职业技能等级) in the order of the 2022 system.
    SkillLevel("skill level") {
        /// 学徒工.
        Apprentice = "apprentice",
        /// 初级工.
        Five = "5",
        /// 中级工.
        Four = "4",
        /// 高级工.
        Three = "3",
        /// 技师.
        Two = "2",
        /// 高级技师.
        One = "1",
        /// 特级技师.
        Special = "special",
        /// 首席技师.
        Chief = "chief",
    }
}

impl SkillLevel {
    /// Small number used in tables and signed claims; 0 there means no level.
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
            Self::Five => 5,
            Self::Apprentice => 6,
            Self::Special => 7,
            Self::Chief => 8,
        }
    }

    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::One => "高级技师(一级)",
            Self::Two => "技师(二级)",
            Self::Three => "高级工(三级)",
            Self::Four => "中级工(四级)",
            Self::Five => "初级工(五级)",
            Self::Apprentice => "学徒工",
            Self::Special => "特级技师",
            Self::Chief => "首席技师",
        }
    }

    /// The English word.
    pub const fn en(self) -> &'static str {
        match self {
            Self::One => "senior technician (level 1)",
            Self::Two => "technician (level 2)",
            Self::Three => "advanced (level 3)",
            Self::Four => "intermediate (level 4)",
            Self::Five => "elementary (level 5)",
            Self::Apprentice => "apprentice",
            Self::Special => "special technician",
            Self::Chief => "chief technician",
        }
    }
}

impl TryFrom<u8> for SkillLevel {
    type Error = BadIdentifier;

    fn try_from(number: u8) -> Result<Self, BadIdentifier> {
        Self::ALL
            .iter()
            .copied()
            .find(|level| level.to_u8() == number)
            .ok_or(BadIdentifier {
                kind: IdentifierKind::Occupation,
                check: Check::Unknown,
            })
    }
}
