//! Chinese names in Latin letters, so that a list is found by pinyin or initials and sorted as a dictionary is.

use pinyin::ToPinyinMulti;

/// Readings of one name that are kept: characters with several readings multiply them.
const MOST_READINGS: usize = 16;

/// The spellings of a name by which it is found and sorted: first the common reading without blanks, then other readings,
/// then the initials of each; lower case, a blank between them. Letters and digits stand for themselves, other signs are
/// left out.
pub fn spellings(name: &str) -> String {
    let mut whole = vec![String::new()];
    let mut initials = vec![String::new()];
    for character in name.chars() {
        let readings = readings(character);
        let Some(first) = readings.first() else {
            continue;
        };
        let taken = if whole.len() * readings.len() > MOST_READINGS {
            std::slice::from_ref(first)
        } else {
            &readings
        };
        let of = |before: &[String], part: fn(&str) -> &str| -> Vec<String> {
            taken
                .iter()
                .flat_map(|reading| {
                    before
                        .iter()
                        .map(move |text| format!("{text}{}", part(reading)))
                })
                .collect()
        };
        (whole, initials) = (
            of(&whole, |reading| reading),
            of(&initials, |reading| reading.get(..1).unwrap_or(reading)),
        );
    }
    let mut all: Vec<String> = Vec::new();
    for text in whole.into_iter().chain(initials) {
        if !text.is_empty() && !all.contains(&text) {
            all.push(text);
        }
    }
    all.join(" ")
}

/// The common reading of a text in one word; for looking up names that sound alike.
pub fn sound(text: &str) -> String {
    text.chars()
        .filter_map(|character| readings(character).into_iter().next())
        .collect()
}

fn readings(character: char) -> Vec<String> {
    if character.is_ascii_alphanumeric() {
        return vec![character.to_ascii_lowercase().to_string()];
    }
    let mut found: Vec<String> = Vec::new();
    for reading in character.to_pinyin_multi().into_iter().flatten() {
        // Nobody types the ü of a keyboard that has none.
        let plain = reading.plain().replace('ü', "v");
        if !found.contains(&plain) {
            found.push(plain);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_spelled_whole_and_by_initials() {
        let all = spellings("浙江培训");
        assert!(all.starts_with("zhejiangpeixun "), "{all}");
        assert!(all.ends_with(" zjpx"), "{all}");
        assert_eq!(spellings("甲A-2"), "jiaa2 ja2");
        assert_eq!(spellings("。·"), "");
    }

    #[test]
    fn a_character_with_several_readings_is_found_by_each() {
        let all = spellings("重庆");
        for spelling in ["zhongqing", "chongqing", "zq", "cq"] {
            assert!(
                all.split(' ').any(|one| one == spelling),
                "{spelling}: {all}"
            );
        }
    }

    #[test]
    fn many_readings_stay_bounded() {
        let all = spellings(&"重长行乐".repeat(50));
        assert!(all.split(' ').count() <= 2 * MOST_READINGS, "{}", all.len());
    }

    #[test]
    fn names_that_sound_alike_have_one_sound() {
        assert_eq!(sound("示范"), sound("是饭"));
    }
}
