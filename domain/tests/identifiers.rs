//! Every example of identifiers.md, and properties of the check characters.

use chrono::NaiveDate;
use domain::identifiers::{CheckKind, check, check_character};
use domain::{CertificateNo, CitizenId, CreditCode, DisabilityCardNo, ELicenceId, PublicId};
use proptest::prelude::*;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 24).expect("a date")
}

fn valid(kind: CheckKind, text: &str, normalized: &str) {
    let checked = check(kind, text, today());
    assert_eq!(
        (checked.valid, checked.normalized.as_deref(), checked.error),
        (true, Some(normalized), None),
        "{text}"
    );
}

fn invalid(kind: CheckKind, text: &str, error: &str) {
    let checked = check(kind, text, today());
    assert_eq!(
        (checked.valid, checked.normalized, checked.error),
        (false, None, Some(error)),
        "{text}"
    );
    let fault = checked.fault.expect("a fault");
    assert!(
        text.len() < 10 || !fault.zh().contains(text) && !fault.en().contains(text),
        "a sentence repeats the value"
    );
}

#[test]
fn resident_numbers_of_the_reference() {
    let kind = CheckKind::ResidentId;
    for text in [
        "37010219080502757X",
        "530102190103038522",
        "230102190109160616",
        "11010519040229798X",
        "65900119090702236X",
    ] {
        valid(kind, text, text);
    }
    valid(kind, "53010219080123204x", "53010219080123204X");
    for (text, error) in [
        ("650102190410110904", "checksum"),
        ("51010719010229459X", "birth_date"),
        ("990101190606060173", "area"),
        ("110105190808080000", "sequence"),
        ("53010219040530907Y", "charset"),
        ("110105491231002", "length"),
        ("３7010219080502757X", "charset"),
        ("3701021908050 757X", "charset"),
        ("", "length"),
    ] {
        invalid(kind, text, error);
    }
    let id: CitizenId = "37010219080502757X".parse().expect("valid");
    assert_eq!(
        id.birth_on(),
        NaiveDate::from_ymd_opt(1908, 5, 2).expect("a date")
    );
    assert_eq!(id.sex().as_str(), "male");
    assert_eq!(id.mask(), "3****************X");
    assert_eq!(id.officer_mask(), "370102********757X");
    assert_eq!(format!("{id:?}"), "CitizenId(3****************X)");
    assert!(
        CitizenId::parse_at(
            "37010219080502757X",
            NaiveDate::from_ymd_opt(1908, 5, 1).expect("a date")
        )
        .is_err()
    );
}

#[test]
fn credit_codes_of_the_reference() {
    let kind = CheckKind::Uscc;
    for text in [
        "521101053269910274",
        "12130104139309555X",
        "91330106MA7TK7P626",
        "93441900MATWKF9G7Q",
        "N2330106123789910N",
    ] {
        valid(kind, text, text);
    }
    for (text, error) in [
        ("91110105MAFXBN9Y21", "checksum"),
        ("523301069096690907", "organisation_checksum"),
        ("91110105MAI22L3859", "charset"),
        ("911A0105MAKMXF8W7P", "charset"),
        ("B11101051234567881", "department"),
        ("91110105MA7YN3FQ2", "length"),
    ] {
        invalid(kind, text, error);
    }
    valid(kind, "81110105024589219X", "81110105024589219X");
    assert!(CreditCode::parse_allowing_organisation_checksum("523301069096690907").is_ok());
}

#[test]
fn disability_certificate_numbers_of_the_reference() {
    let kind = CheckKind::DisabilityCertificate;
    for text in [
        "65900119040518147511",
        "23010219021126772722",
        "51010719050424225862",
        "53010219010320657344B1",
    ] {
        valid(kind, text, text);
    }
    valid(kind, "65010219080413811x42", "65010219080413811X42");
    for (text, error) in [
        ("33010619050718466301", "category"),
        ("33010619050718466381", "category"),
        ("33010619050718466345", "grade"),
        ("33010619050718466144", "resident_id.checksum"),
        ("33010619050718466344B0", "reissue"),
        ("330106190507184663440", "length"),
    ] {
        invalid(kind, text, error);
    }
    let card: DisabilityCardNo = "53010219010320657344B1".parse().expect("valid");
    assert_eq!(
        (
            card.category().as_str(),
            card.level().as_str(),
            card.reissue()
        ),
        ("4", "4", Some(1))
    );
    assert_eq!(card.expose().len(), 20);
    assert!(!card.level().is_severe());
}

#[test]
fn division_codes_of_the_reference() {
    let kind = CheckKind::AreaCode;
    for text in [
        "330000",
        "330106",
        "441900",
        "659001",
        "110101001001",
        "110101001",
    ] {
        valid(kind, text, text);
    }
    for (text, error) in [
        ("990000", "unknown_province"),
        ("11000", "length"),
        ("11A000", "charset"),
        ("1100000", "length"),
    ] {
        invalid(kind, text, error);
    }
    let level = |text: &str| {
        text.parse::<domain::RegionCode>()
            .expect("valid")
            .level()
            .as_str()
    };
    assert_eq!(
        ["330000", "330100", "330106", "110101001000", "110101001001"].map(level),
        ["province", "prefecture", "county", "township", "village"]
    );
}

#[test]
fn occupation_codes_of_the_reference() {
    let kind = CheckKind::OccupationCode;
    for text in ["4-14-01-02", "2-05-10-00", "8-00-00-00"] {
        valid(kind, text, text);
    }
    for (text, error) in [
        ("9-01-01-01", "major"),
        ("4140102", "format"),
        ("4-14-01", "format"),
        ("4-14-1-02", "format"),
        ("4–14–01–02", "format"),
    ] {
        invalid(kind, text, error);
    }
}

#[test]
fn e_licence_identifiers_of_the_reference() {
    let kind = CheckKind::Elicence;
    for text in [
        "1.2.156.3005.2.13100000485405814J002.13110105758647035W.R2BYL8U9.009.X",
        "1.2.156.3005.2.112301027791378862003.136501028288844677.J9YXHVCQY7W.001.M",
        "1.2.156.3005.2.11510107860668924C005.132301023838389932.EMBKKCDC68F.003.A",
        "1.2.156.3005.2.13100000059034459A008.13510107692816878X.7P176FGSPW3.004.U",
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    ] {
        valid(kind, text, text);
    }
    for (text, error) in [
        (
            "1.2.156.3005.2.13100000485405814J002.13110105758647035W.R2BYL8U9.009.Y",
            "checksum",
        ),
        (
            "1.2.156.3005.1.13100000485405814J002.13110105758647035W.R2BYL8U9.009.X",
            "root",
        ),
        (
            "1.2.156.3005.2.13100000485405814j002.13110105758647035w.r2byl8u9.009.x",
            "charset",
        ),
        (
            "1.2.156.3005.2.13100000485405814J002.13110105758647035W.R2BYL8U9.09.X",
            "version",
        ),
        (
            "1.2.156.3005.2.13100000485405814J002.13110105758647035W.R2BYL8U9.X",
            "structure",
        ),
        (
            "1.2.156.3005.2.13100000485405814J00.13110105758647035W.R2BYL8U9.009.X",
            "type_code",
        ),
    ] {
        invalid(kind, text, error);
    }
}

#[test]
fn telephone_numbers() {
    let kind = CheckKind::Phone;
    valid(kind, "+86 138-1234-8000", "13812348000");
    valid(kind, "0577-88888888", "057788888888");
    for (text, error) in [
        ("12812348000", "format"),
        ("1381234800", "length"),
        ("1381234800a", "charset"),
    ] {
        invalid(kind, text, error);
    }
    assert_eq!(
        "13812348000"
            .parse::<domain::Phone>()
            .expect("valid")
            .mask(),
        "138****8000"
    );
}

/// A credit code with both its check characters, reckoned here and not by the parser (GB 32100, GB 11714).
fn credit_code(area: &str, organisation: &str) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let inner: u32 = organisation
        .chars()
        .zip([3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(one, weight)| one.to_digit(36).expect("letter or digit") * weight)
        .sum();
    let inner = match 11 - inner % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).expect("below 10"),
    };
    let body = format!("52{area}{organisation}{inner}");
    let mut weight = 1;
    let mut sum = 0;
    for one in body.chars() {
        sum += ALPHABET.find(one).expect("of the alphabet") * weight;
        weight = weight * 3 % 31;
    }
    let check = ALPHABET.as_bytes()[(31 - sum % 31) % 31];
    format!("{body}{}", char::from(check))
}

proptest! {
    #[test]
    fn a_changed_character_never_passes_the_checks_of_a_credit_code(
        area in "3[1-7][0-9]{4}", organisation in "[0-9ABCDEFGHJKLMNPQRTUWXY]{8}", at in 0_usize..18, add in 1_usize..31
    ) {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
        let whole = credit_code(&area, &organisation);
        prop_assert!(whole.parse::<CreditCode>().is_ok(), "{}", whole);
        let mut bent = whole.into_bytes();
        let place = ALPHABET.iter().position(|one| *one == bent[at]).expect("of the alphabet");
        bent[at] = ALPHABET[(place + add) % ALPHABET.len()];
        let bent = String::from_utf8(bent).expect("ASCII");
        prop_assert!(bent.parse::<CreditCode>().is_err(), "{}", bent);
        // Even for an officer who lets a wrong inner check pass: the outer one never may be wrong.
        prop_assert!(CreditCode::parse_allowing_organisation_checksum(&bent).is_err(), "{}", bent);
    }

    #[test]
    fn a_changed_character_never_passes_the_check_of_an_electronic_licence(
        serial in "[0-9A-Z]{8,12}", version in 1_u16..1000, at in 0_usize..8, add in 1_usize..36
    ) {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let issuer: CreditCode = credit_code("330106", "MA7TK7P6").parse().expect("a code");
        let whole = ELicenceId::mint("13100000485405814J002", &issuer, &serial, version).expect("minted");
        prop_assert_eq!(whole.as_str().parse::<ELicenceId>(), Ok(whole.clone()));
        let mut bent = whole.as_str().as_bytes().to_vec();
        let at = whole.as_str().find(&format!(".{serial}.")).expect("its serial") + 1 + at;
        let place = ALPHABET.iter().position(|one| *one == bent[at]).expect("of the alphabet");
        bent[at] = ALPHABET[(place + add) % ALPHABET.len()];
        let bent = String::from_utf8(bent).expect("ASCII");
        prop_assert!(bent.parse::<ELicenceId>().is_err(), "{}", bent);
    }

    #[test]
    fn a_changed_digit_never_passes_the_resident_check(body in "[1-6][1-5]0[1-9]0[1-9]19[0-9]{2}0[1-9]1[0-9][0-9]{2}[1-9]", at in 0_usize..17, add in 1_u8..10) {
        let check = check_character(&body).expect("17 digits");
        let whole = format!("{body}{check}");
        let mut bent = whole.clone().into_bytes();
        bent[at] = b'0' + (bent[at] - b'0' + add) % 10;
        let bent = String::from_utf8(bent).expect("ASCII");
        prop_assert!(bent.parse::<CitizenId>().is_err());
    }

    #[test]
    fn two_swapped_digits_never_pass_the_resident_check(body in "370102190[1-9]0[1-9]1[0-9][0-9]{2}[1-9]", at in 0_usize..16) {
        let check = check_character(&body).expect("17 digits");
        let whole = format!("{body}{check}");
        let mut bent = whole.clone().into_bytes();
        prop_assume!(bent[at] != bent[at + 1]);
        bent.swap(at, at + 1);
        let bent = String::from_utf8(bent).expect("ASCII");
        prop_assert!(whole.parse::<CitizenId>().is_ok());
        prop_assert!(bent.parse::<CitizenId>().is_err());
    }

    #[test]
    fn a_minted_certificate_number_parses_and_a_changed_character_does_not(random: [u8; 8], at in 6_usize..17, add in 1_usize..29) {
        const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRTUVWXY";
        let number = CertificateNo::mint("37", 2026, &random).expect("minted");
        prop_assert_eq!(number.as_str().len(), 17);
        prop_assert_eq!(number.spoken().parse::<CertificateNo>(), Ok(number.clone()));
        prop_assert_eq!(number.as_str().to_lowercase().parse::<CertificateNo>(), Ok(number.clone()));
        let mut bent = number.as_str().as_bytes().to_vec();
        let place = ALPHABET.iter().position(|c| *c == bent[at]).unwrap_or(0);
        let other = ALPHABET[(place + add) % ALPHABET.len()];
        prop_assume!(other != bent[at]);
        bent[at] = other;
        prop_assert!(String::from_utf8(bent).expect("ASCII").parse::<CertificateNo>().is_err());
    }

    #[test]
    fn a_public_id_has_exactly_one_text(bytes: [u8; 16], last in "[A-Z2-7]") {
        let id = PublicId::from_bytes(bytes);
        let text = id.to_string();
        prop_assert_eq!(text.parse::<PublicId>(), Ok(id));
        let bent = format!("{}{last}", &text[..25]);
        if let Ok(other) = bent.parse::<PublicId>() {
            prop_assert_eq!(other.to_string(), bent);
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC{0,40}") {
        for kind in CheckKind::ALL {
            let _ = check(*kind, &text, today());
        }
        let _ = text.parse::<CertificateNo>();
        let _ = text.parse::<domain::PersonName>();
        let _ = domain::names::suggest(&text);
    }
}
