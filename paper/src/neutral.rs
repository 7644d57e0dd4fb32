//! Words that would tell a stranger that the holder is disabled.

pub use certs::credential::telling;

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
            "盲文录入",
            "视力障碍者电子商务",
            "失聪人员培训",
            "唐氏",
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
