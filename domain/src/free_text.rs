//! Numbers of people in free words: they belong into sealed fields, never into a reason (trust.md PI-1, AD-1).

use crate::identifiers::{CitizenId, DisabilityCardNo, Phone};

crate::text_enum! {
    /// What kind of number was found.
    PersonalNumber("kind of number") {
        /// Identity number.
        CitizenId = "citizen_id",
        /// Number of a disability certificate.
        DisabilityCard = "disability_card",
        /// Mobile number.
        Phone = "phone",
        /// Number of a bank card.
        BankCard = "bank_card",
    }
}

impl PersonalNumber {
    /// The word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::CitizenId => "公民身份号码",
            Self::DisabilityCard => "残疾人证号",
            Self::Phone => "手机号码",
            Self::BankCard => "银行卡号",
        }
    }

    /// The English word on pages.
    pub const fn en(self) -> &'static str {
        match self {
            Self::CitizenId => "an identity number",
            Self::DisabilityCard => "a disability certificate number",
            Self::Phone => "a mobile number",
            Self::BankCard => "a bank card number",
        }
    }
}

/// The first number of a person in a text: of a valid form, also in full-width digits and with spaces or hyphens between.
pub fn personal_number(text: &str) -> Option<PersonalNumber> {
    let plain: Vec<char> = text.chars().map(half_width).collect();
    let mut at = 0;
    while at < plain.len() {
        if !plain[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let (run, end) = run(&plain, at);
        if let Some(found) = kind(&run) {
            return Some(found);
        }
        at = end;
    }
    None
}

fn half_width(one: char) -> char {
    match one {
        '０'..='９' => char::from_digit(u32::from(one) - u32::from('０'), 10).unwrap_or(one),
        'x' | 'ｘ' | 'Ｘ' => 'X',
        _ => one,
    }
}

/// The digits from here on, single spaces and hyphens between them left out, with an X at the end; and where they end.
fn run(plain: &[char], from: usize) -> (String, usize) {
    let mut digits = String::new();
    let mut at = from;
    while at < plain.len() {
        let next = plain.get(at + 1).copied().unwrap_or(' ');
        match plain[at] {
            one if one.is_ascii_digit() => digits.push(one),
            ' ' | '-' | '\u{a0}' if next.is_ascii_digit() => {}
            'X' if digits.len() == 17 => digits.push('X'),
            _ => break,
        }
        at += 1;
    }
    (digits, at)
}

fn kind(digits: &str) -> Option<PersonalNumber> {
    let fits = |parsed: bool, kind| parsed.then_some(kind);
    match digits.len() {
        11 => fits(digits.parse::<Phone>().is_ok(), PersonalNumber::Phone),
        13 => {
            let own = digits.strip_prefix("86")?;
            fits(own.parse::<Phone>().is_ok(), PersonalNumber::Phone)
        }
        18 if digits.parse::<CitizenId>().is_ok() => Some(PersonalNumber::CitizenId),
        20 => fits(
            digits.parse::<DisabilityCardNo>().is_ok(),
            PersonalNumber::DisabilityCard,
        ),
        16..=19 => fits(luhn(digits), PersonalNumber::BankCard),
        _ => None,
    }
}

/// The check digit of bank cards (ISO/IEC 7812-1, annex B).
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && sum.is_multiple_of(10)
        // Foreign schemes have 16 digits; longer ones are UnionPay's.
        && digits.starts_with(|c| c == '6' || (digits.len() == 16 && matches!(c, '3'..='5')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_found_however_they_are_written() {
        for (text, kind) in [
            ("本人电话13900007001", PersonalNumber::Phone),
            ("电话 139 0000 7001。", PersonalNumber::Phone),
            ("１３９００００７００１", PersonalNumber::Phone),
            ("+86 139-0000-7001", PersonalNumber::Phone),
            ("身份证33010619050101003X有误", PersonalNumber::CitizenId),
            ("33010619050101003x", PersonalNumber::CitizenId),
            (
                "残疾人证 33010619050101003X 不要",
                PersonalNumber::CitizenId,
            ),
            ("卡号 6222020000000000000", PersonalNumber::BankCard),
        ] {
            assert_eq!(personal_number(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn documents_dates_and_codes_are_let_through() {
        for text in [
            "浙残联〔2026〕12号",
            "2026-03-08 至 2026-03-20,共 40 学时",
            "统一社会信用代码 52330106XX00000193",
            "33010619050101003",
            "330106190501010014",
            "电话 0571-88880000",
            "依规办理",
            "",
        ] {
            assert_eq!(personal_number(text), None, "{text}");
        }
    }
}
