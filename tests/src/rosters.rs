//! Roster files: those that other programs wrote, and small ones made on the spot.

use domain::CitizenId;

/// A fixture of `tests/data/rosters`.
pub fn file(name: &str) -> Vec<u8> {
    let path = crate::root().join("tests/data/rosters").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The number of an invented person, born in 1905, with a right check digit.
pub fn citizen_id(number: u32) -> String {
    let body = format!(
        "3301061905{:02}{:02}{:03}",
        number / 20_000 % 12 + 1,
        number / 900 % 28 + 1,
        number % 900 + 1
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let last = char::from(b"10X98765432"[(sum % 11) as usize]);
    let text = format!("{body}{last}");
    text.parse::<CitizenId>().expect("a right number");
    text
}

/// A roster of so many invented people, the first of them `first`.
pub fn csv(first: u32, count: u32) -> Vec<u8> {
    let mut text = "姓名,公民身份号码,户籍地,同意书\n".to_owned();
    for number in first..first + count {
        text.push_str(&format!(
            "虚构样{},{},330106,是 2026-02-20\n",
            chinese(number),
            citizen_id(number)
        ));
    }
    text.into_bytes()
}

/// A number in Chinese digits: names hold no others.
pub fn chinese(number: u32) -> String {
    number
        .to_string()
        .bytes()
        .map(|digit| {
            "零一二三四五六七八九"
                .chars()
                .nth(usize::from(digit - b'0'))
                .unwrap_or('某')
        })
        .collect()
}

/// A roster of so many people of one household, with telephones and with cards of these kinds in turn.
pub fn with_cards(first: u32, count: u32, household: &str, kinds: &[&str]) -> Vec<u8> {
    let mut rows = "姓名,公民身份号码,残疾人证号,手机号,户籍地,同意书\n".to_owned();
    for number in first..first + count {
        let id = citizen_id(number);
        let kind = kinds[number as usize % kinds.len()];
        rows.push_str(&format!(
            "虚构样{},{id},{id}{kind},139{number:08},{household},是 2026-02-20\n",
            chinese(number)
        ));
    }
    rows.into_bytes()
}
