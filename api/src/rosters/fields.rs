//! One cell to one value, with the causes that people meet and can act on.

use chrono::NaiveDate;
use domain::identifiers::{Check, RegionLevel};
use domain::{CitizenId, DisabilityCardNo, PersonName, Phone, RegionCode};

use super::cause::Cause;
use super::mask;
use super::row::{Contact, Need};

/// Cities without counties: their own code is the household region (GB/T 2260).
const CITIES_WITHOUT_COUNTIES: [&str; 4] = ["441900", "442000", "460400", "620200"];

/// Longest note, and longest description of another need.
pub(super) const NOTE_CHARS: usize = 200;

pub(super) fn name(text: &str) -> Result<PersonName, Cause> {
    let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c) || c >= '\u{20000}';
    let mut before = None;
    for c in text.chars() {
        match c {
            '0'..='9' => return Err(Cause::NameDigits),
            '\u{ff01}'..='\u{ff0d}' | '\u{ff0f}'..='\u{ff5e}' => return Err(Cause::NameFullWidth),
            '•' | '・' | '‧' | '∙' | '⋅' | '．' | '。' => return Err(Cause::NameDot),
            '.' if before.is_some_and(han) => return Err(Cause::NameDot),
            c if c.is_whitespace() && (before.is_some_and(han) || c != ' ') => {
                return Err(Cause::NameSpace);
            }
            // Never in a name, and often in a header, a formula or a markup that got into the column.
            '\u{fffd}' | '=' | '<' | '>' | '@' | '"' | '|' | ';' | '_' | '#' | '*' | '?' | '/'
            | '\\' | '+' => return Err(Cause::NameCharset),
            _ => before = Some(c),
        }
    }
    text.parse()
        .map_err(|bad: domain::BadIdentifier| match bad.check {
            Check::Invisible => invisible(text),
            Check::FullWidth => Cause::NameFullWidth,
            Check::NormalForm => Cause::NameNormalForm,
            Check::Space => Cause::NameSpace,
            Check::Length => Cause::NameLength,
            _ => Cause::NameCharset,
        })
}

fn invisible(text: &str) -> Cause {
    let at = text.chars().position(|c| {
        format!("a{c}a")
            .parse::<PersonName>()
            .is_err_and(|bad| bad.check == Check::Invisible)
    });
    let position = at.unwrap_or_default();
    let code = text.chars().nth(position).map_or(0, u32::from);
    Cause::NameInvisible {
        position: u32::try_from(position + 1).unwrap_or(u32::MAX),
        code,
    }
}

/// What an identity cell holds: the person it means, where that can be told, and why it is refused.
pub(super) struct Identity {
    pub(super) id: Option<CitizenId>,
    pub(super) cause: Option<Cause>,
}

pub(super) fn citizen_id(text: &str, today: NaiveDate) -> Identity {
    let (clean, found) = clean(text);
    let parsed = CitizenId::parse_at(&clean, today);
    let suggested = parsed.as_ref().ok().map(|id| mask::citizen_id(id.expose()));
    let cause = match (found, &parsed) {
        (Some(Oddity::Scientific), _) => Some(Cause::IdLostPrecision),
        (Some(Oddity::Apostrophe), _) => Some(Cause::IdApostrophe { suggested }),
        (Some(Oddity::FullWidth), _) => Some(Cause::IdFullWidth { suggested }),
        (Some(Oddity::Spaces), _) => Some(Cause::IdSpaces { suggested }),
        (None, Ok(_)) => None,
        (None, Err(_)) if clean.len() == 15 && clean.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Cause::IdFifteenDigits)
        }
        (None, Err(bad)) if bad.check == Check::Length => {
            let found = u32::try_from(clean.chars().count()).unwrap_or(u32::MAX);
            Some(Cause::IdLength { found })
        }
        (None, Err(bad)) => Some(Cause::Citizen(bad.check)),
    };
    Identity {
        id: parsed.ok(),
        cause,
    }
}

enum Oddity {
    Apostrophe,
    FullWidth,
    Spaces,
    Scientific,
}

/// The number that was probably meant, and the first thing that has to be put right.
fn clean(text: &str) -> (String, Option<Oddity>) {
    let bare = text.trim_start_matches(['\'', '’', '‘', '`', '＇']);
    let mut oddity = (bare.len() < text.len()).then_some(Oddity::Apostrophe);
    let mut out = String::new();
    for c in bare.chars() {
        match c {
            '\u{ff01}'..='\u{ff5e}' => {
                oddity.get_or_insert(Oddity::FullWidth);
                out.extend(char::from_u32(u32::from(c) - 0xfee0));
            }
            ' ' | '-' | '\u{a0}' | '\u{3000}' | '\u{200b}' | '\u{feff}' | '\t' | '\n' | '\r' => {
                oddity.get_or_insert(Oddity::Spaces);
            }
            c => out.push(c),
        }
    }
    let scientific = out
        .split_once(['E', 'e'])
        .is_some_and(|(mantissa, exponent)| {
            mantissa.contains('.')
                && mantissa.parse::<f64>().is_ok()
                && exponent.trim_start_matches('+').parse::<u8>().is_ok()
        });
    if scientific {
        (out, Some(Oddity::Scientific))
    } else {
        (out, oddity)
    }
}

pub(super) fn disability_card(text: &str) -> Result<DisabilityCardNo, Cause> {
    text.parse()
        .map_err(|bad: domain::BadIdentifier| Cause::Card(bad.check))
}

pub(super) fn phone(text: &str) -> Result<Phone, Cause> {
    text.parse().map_err(|_| Cause::Phone)
}

pub(super) fn contact(text: &str) -> Result<Contact, Cause> {
    match text.to_ascii_lowercase().as_str() {
        "本人" | "自己" | "self" => Ok(Contact::Own),
        "监护人" | "家长" | "父母" | "guardian" => Ok(Contact::Guardian),
        "村居" | "村(居)" | "村（居）" | "村委会" | "居委会" | "村" | "居" | "社区" | "village" => {
            Ok(Contact::Village)
        }
        _ => Err(Cause::ContactWord),
    }
}

pub(super) fn region(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<RegionCode>,
) -> Result<RegionCode, Cause> {
    let name: String = text.split_whitespace().collect();
    let code = lookup(&name).ok_or(Cause::UnknownRegion)?;
    if code.level() == RegionLevel::County || CITIES_WITHOUT_COUNTIES.contains(&code.as_str()) {
        Ok(code)
    } else {
        Err(Cause::RegionLevel)
    }
}

pub(super) fn employed(text: &str) -> Result<bool, Cause> {
    match text.to_ascii_lowercase().as_str() {
        "是" | "已就业" | "就业" | "在业" | "yes" | "y" | "true" | "1" => Ok(true),
        "否" | "未就业" | "失业" | "无业" | "待业" | "no" | "n" | "false" | "0" => {
            Ok(false)
        }
        _ => Err(Cause::EmployedWord),
    }
}

/// The needs in order of [`Need::ALL`], and what was written beside the known words.
pub(super) fn needs(text: &str) -> Result<(Vec<Need>, Option<String>), Cause> {
    free_text(text)?;
    let mut needs = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    for word in text
        .split([
            '、', ',', '，', ';', '；', '/', '\n', ' ', '\u{3000}', '+', '。',
        ])
        .map(str::trim)
    {
        let need = match word.to_ascii_lowercase().as_str() {
            "" | "无" | "没有" | "不需要" | "否" | "none" => continue,
            "轮椅" | "wheelchair" => Need::Wheelchair,
            "手语" | "手语翻译" | "sign_language" => Need::SignLanguage,
            "大字" | "大字版" | "large_print" => Need::LargePrint,
            "盲文" | "braille" => Need::Braille,
            "读屏" | "读屏软件" | "screen_reader" => Need::ScreenReader,
            "陪同" | "陪护" | "companion" => Need::Companion,
            other => {
                let said = ["其他", "其它", "other"]
                    .iter()
                    .find_map(|prefix| other.strip_prefix(prefix).map(|_| &word[prefix.len()..]));
                others.extend(
                    Some(
                        said.unwrap_or(word)
                            .trim_start_matches([':', '：', '(', '（']),
                    )
                    .filter(|said| !said.is_empty()),
                );
                Need::Other
            }
        };
        needs.push(need);
    }
    needs.sort_unstable();
    needs.dedup();
    Ok((needs, (!others.is_empty()).then(|| others.join("、"))))
}

/// The day of consent: `是 2026-03-01`, or the date alone.
pub(super) fn consent(text: &str, today: NaiveDate) -> Result<NaiveDate, Cause> {
    let yes = [
        "已签订",
        "已签",
        "已同意",
        "同意",
        "是",
        "有",
        "yes",
        "YES",
        "Yes",
        "√",
    ];
    let rest = yes
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(text);
    let rest = rest
        .trim_start_matches([' ', '\u{3000}', ',', '，', ';', '；', ':', '：', '(', '（'])
        .trim_end_matches([')', '）', '。', ' ']);
    if ["否", "未签", "不同意", "没有", "无", "no", "NO", "No", "×"]
        .iter()
        .any(|no| rest.starts_with(no))
    {
        return Err(Cause::ConsentMissing);
    }
    let day = date(rest).ok_or(Cause::ConsentDate)?;
    if day > today {
        Err(Cause::ConsentInFuture)
    } else {
        Ok(day)
    }
}

/// `2026-03-01`, `2026/3/1`, `2026.3.1`, `2026年3月1日`, `20260301`.
fn date(text: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = text
        .split(['-', '/', '.', '年', '月', '日'])
        .filter(|part| !part.is_empty())
        .collect();
    let (year, month, day) = match parts.as_slice() {
        [year, month, day] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            (*year, *month, *day)
        }
        [all] if all.len() == 8 && all.is_ascii() => (&all[..4], &all[4..6], &all[6..]),
        _ => return None,
    };
    let day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    (day >= NaiveDate::from_ymd_opt(2000, 1, 1)?).then_some(day)
}

pub(super) fn note(text: &str) -> Result<&str, Cause> {
    free_text(text).map(|()| text)
}

fn free_text(text: &str) -> Result<(), Cause> {
    if text.chars().count() > NOTE_CHARS {
        return Err(Cause::TooLong {
            most_chars: u32::try_from(NOTE_CHARS).unwrap_or(u32::MAX),
        });
    }
    let hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\r' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().any(hidden) {
        Err(Cause::ControlCharacter)
    } else {
        Ok(())
    }
}
