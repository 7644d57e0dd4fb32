//! Names of persons and organisations: refused with the suggested form, never silently rewritten (design decision 16).

use std::fmt;
use std::str::FromStr;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

use crate::identifiers::{BadIdentifier, Check, IdentifierKind};

/// Compound surnames that a mask keeps whole.
const COMPOUND: &[&str] = &[
    "欧阳", "司马", "诸葛", "上官", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "东方", "南宫",
    "长孙", "宇文", "司徒", "司空", "端木", "百里", "呼延", "闻人", "澹台", "公冶", "宗政", "濮阳",
    "淳于", "单于", "太叔", "申屠", "仲孙", "轩辕", "钟离", "赫连", "拓跋", "独孤", "西门", "第五",
];

/// Name of a natural person: 1 to 50 characters in normal form C; rare characters survive.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonName(String);

impl PersonName {
    /// The name itself. Loud on purpose: it is personal data.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The surname and one `*` for each further character; with `·` only the first character and the dots.
    pub fn mask(&self) -> String {
        let count = self.0.chars().count();
        if count == 1 {
            return "*".to_owned();
        }
        if self.0.contains('·') {
            return self
                .0
                .chars()
                .enumerate()
                .map(|(i, c)| if i == 0 || c == '·' { c } else { '*' })
                .collect();
        }
        let compound = count > 2 && COMPOUND.iter().any(|surname| self.0.starts_with(surname));
        let kept = if compound { 2 } else { 1 };
        self.0
            .chars()
            .enumerate()
            .map(|(i, c)| if i < kept { c } else { '*' })
            .collect()
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonName({})", self.mask())
    }
}

impl FromStr for PersonName {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        check(IdentifierKind::PersonName, text, 1..=50).map(|()| Self(text.to_owned()))
    }
}

/// Name of an organisation: 2 to 100 characters by the same rules; not personal data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct OrganisationName(String);

impl OrganisationName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrganisationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OrganisationName {
    type Err = BadIdentifier;

    fn from_str(text: &str) -> Result<Self, BadIdentifier> {
        check(IdentifierKind::OrganisationName, text, 2..=100).map(|()| Self(text.to_owned()))
    }
}

/// The form that a refused name should probably have: normal form C, half-width digits, nothing invisible.
pub fn suggest(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| match c {
            '０'..='９' => char::from(b'0' + u8::try_from(c as u32 - '０' as u32).unwrap_or(0)),
            other => other,
        })
        .nfc()
        .collect()
}

fn check(
    kind: IdentifierKind,
    text: &str,
    lengths: std::ops::RangeInclusive<usize>,
) -> Result<(), BadIdentifier> {
    let fault = |check| Err(BadIdentifier { kind, check });
    if text.trim() != text {
        return fault(Check::Space);
    }
    if text.chars().any(is_invisible) {
        return fault(Check::Invisible);
    }
    if text.chars().any(|c| ('０'..='９').contains(&c)) {
        return fault(Check::FullWidth);
    }
    if !is_nfc(text) {
        return fault(Check::NormalForm);
    }
    // The mark of a failed decoding is never part of a name.
    if text.contains('\u{FFFD}') {
        return fault(Check::Charset);
    }
    if !lengths.contains(&text.chars().count()) {
        return fault(Check::Length);
    }
    Ok(())
}

/// Control, direction-changing and zero-width characters.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PersonName {
        text.parse().expect("a name")
    }

    #[test]
    fn masks_follow_the_reference() {
        for (full, masked) in [
            ("王伟", "王*"),
            ("李小红", "李**"),
            ("欧阳明", "欧阳*"),
            ("买买提·艾力", "买**·**"),
            ("王", "*"),
            ("欧阳", "欧*"),
            ("𠮷田", "𠮷*"),
        ] {
            assert_eq!(name(full).mask(), masked, "{full}");
        }
    }

    #[test]
    fn names_with_traps_are_refused_and_a_form_is_suggested() {
        for (text, check, suggested) in [
            (" 王伟", Check::Space, "王伟"),
            ("王\u{200B}伟", Check::Invisible, "王伟"),
            ("王\u{202E}伟", Check::Invisible, "王伟"),
            ("王\0伟", Check::Invisible, "王伟"),
            ("王２", Check::FullWidth, "王2"),
            ("e\u{301}", Check::NormalForm, "é"),
            ("", Check::Length, ""),
        ] {
            assert_eq!(
                text.parse::<PersonName>().expect_err("refused").check,
                check
            );
            assert_eq!(suggest(text), suggested);
        }
        assert_eq!(
            "王"
                .repeat(51)
                .parse::<PersonName>()
                .expect_err("too long")
                .check,
            Check::Length
        );
        assert_eq!(format!("{:?}", name("王伟")), "PersonName(王*)");
    }

    #[test]
    fn rare_characters_and_markup_stay_as_typed() {
        for text in ["𠮷㐂", "<script>", "{{7*7}}", "阿·买"] {
            assert_eq!(name(text).expose(), text);
        }
    }
}
