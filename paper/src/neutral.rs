//! Words that would tell a stranger that the holder is disabled.

/// They are looked for in everything printed but the holder's name.
const TELLING: &[&str] = &[
    "残疾",
    "残联",
    "残障",
    "伤残",
    "盲人",
    "盲校",
    "视障",
    "听障",
    "聋",
    "哑",
    "肢体",
    "智力",
    "智障",
    "精神",
    "自闭",
    "孤独症",
    "脑瘫",
    "特殊教育",
    "特教",
    "阳光家园",
];
/// The same in English, lower case.
const TELLING_EN: &[&str] = &["disab", "handicap", "impair", "blind", "deaf", "autis"];

/// The first word in a text that tells a disability.
pub fn telling(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let found = TELLING.iter().find(|word| text.contains(**word));
    found
        .or_else(|| TELLING_EN.iter().find(|word| lower.contains(**word)))
        .copied()
}

/// The first of several wordings that tells nothing; the last is taken as it is.
pub fn first_neutral<'t>(wordings: &[&'t str]) -> &'t str {
    let neutral = wordings.iter().find(|text| telling(text).is_none());
    neutral.or(wordings.last()).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::{first_neutral, telling};

    #[test]
    fn a_name_that_tells_gives_way_to_one_that_does_not() {
        for text in [
            "某省残疾人联合会",
            "聋人学校",
            "Training for Disabled People",
            "盲人按摩",
        ] {
            assert!(telling(text).is_some(), "{text}");
        }
        for text in ["养老护理员", "虚构职业学校", "Eldercare"] {
            assert_eq!(telling(text), None, "{text}");
        }
        assert_eq!(first_neutral(&["盲人按摩", "保健按摩师"]), "保健按摩师");
        assert_eq!(first_neutral(&["养老护理", "保健按摩师"]), "养老护理");
    }
}
