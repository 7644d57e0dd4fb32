//! What may be shown of a value that is wrong: enough to find it, not to use it.

use super::Field;

/// Longest text that is shown.
const MOST_CHARS: usize = 24;

/// The value as a fault may show it. Identity numbers keep the first and last
/// character, card numbers the first (the last two are category and level).
pub(super) fn shown(field: Field, text: &str) -> Box<str> {
    match field {
        Field::Phone if text.chars().count() == 11 => ends(text, 3, 4),
        Field::CitizenId | Field::Phone => ends(text, 1, 1),
        Field::DisabilityCard | Field::Name | Field::Needs | Field::Note => ends(text, 1, 0),
        Field::Contact | Field::HukouRegion | Field::EmployedAtEnrolment | Field::Consent => {
            plain(text)
        }
    }
    .into()
}

/// The identity mask of the registry for a number that a fault suggests.
pub(super) fn citizen_id(text: &str) -> Box<str> {
    ends(text, 1, 1).into()
}

fn ends(text: &str, first: usize, last: usize) -> String {
    let count = text.chars().count();
    // A short text would be shown nearly whole.
    let (first, last) = if count <= first + last {
        (usize::from(count > 1), 0)
    } else {
        (first, last)
    };
    text.chars()
        .enumerate()
        .map(|(at, c)| {
            if at < first || at >= count - last {
                visible(c)
            } else {
                '*'
            }
        })
        .take(MOST_CHARS)
        .collect()
}

/// A value that is no personal one by itself; but people also paste one column into another.
fn plain(text: &str) -> String {
    let count = text.chars().count();
    let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c) || c >= '\u{20000}';
    if (2..=4).contains(&count)
        && text.chars().all(han)
        && !text.ends_with(['省', '市', '区', '县', '旗', '州', '盟'])
    {
        return ends(text, 1, 0);
    }
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    text.chars()
        .take(MOST_CHARS)
        .map(|c| {
            if digits > 8 && c.is_numeric() {
                '*'
            } else {
                visible(c)
            }
        })
        .collect()
}

/// Control, bidirectional and invisible characters never reach a page.
fn visible(c: char) -> char {
    if c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    {
        '\u{25a1}'
    } else {
        c
    }
}
