//! Invented trainees: born before 1911, with valid check digits, under names that nobody bears.

use chrono::{Datelike, Days, NaiveDate};
use domain::{CitizenId, DisabilityCardNo, PersonName, RegionCode};

use super::country::Country;
use crate::problem::Problem;
use crate::rosters::{Contact, RosterRow};

/// Makes people one after the other, each once.
pub(super) struct People<'a> {
    country: &'a Country,
    made: usize,
}

impl<'a> People<'a> {
    /// Nobody yet.
    pub(super) fn new(country: &'a Country) -> Self {
        Self { country, made: 0 }
    }

    /// So many trainees registered in a county, as rows of a roster.
    pub(super) fn rows(
        &mut self,
        region: &str,
        count: u32,
        consent_on: NaiveDate,
    ) -> Result<Vec<RosterRow>, Problem> {
        (0..count)
            .map(|row| self.row(region, row + 2, consent_on))
            .collect()
    }

    fn row(&mut self, region: &str, row: u32, consent_on: NaiveDate) -> Result<RosterRow, Problem> {
        let number = self.made;
        self.made += 1;
        let citizen_id = citizen_id(region, number)?;
        let hukou_region: RegionCode = region.parse().map_err(Problem::internal)?;
        let category = number % 7 + 1;
        let level = number % 4 + 1;
        let card = format!("{}{category}{level}", citizen_id.expose());
        let disability_card: Option<DisabilityCardNo> = card.parse().ok();
        Ok(RosterRow {
            row,
            name: self.name(number)?,
            citizen_id,
            disability_card,
            phone: format!("1990000{:04}", number % 10_000).parse().ok(),
            contact: Contact::Own,
            hukou_region,
            employed_at_enrolment: false,
            needs: Vec::new(),
            needs_other: None,
            consent_on,
            note: None,
        })
    }

    fn name(&self, number: usize) -> Result<PersonName, Problem> {
        let country = self.country;
        // A few rare characters and a name with a dot among the ordinary ones.
        if number % 200 == 7
            && let Some(name) = country.special_names.get(number / 200)
        {
            return name.parse().map_err(Problem::internal);
        }
        let surname = &country.surnames[number % country.surnames.len()];
        let given = &country.given_names[(number / 7 + number) % country.given_names.len()];
        format!("{surname}{given}")
            .parse()
            .map_err(Problem::internal)
    }
}

/// An invented identity number.
pub(super) fn citizen_id(region: &str, number: usize) -> Result<CitizenId, Problem> {
    let first = NaiveDate::from_ymd_opt(1901, 1, 1).ok_or_else(|| Problem::internal("a date"))?;
    let day = first
        .checked_add_days(Days::new((number * 3 % 3_600) as u64))
        .ok_or_else(|| Problem::internal("a date"))?;
    let body = format!(
        "{region}{:04}{:02}{:02}{:03}",
        day.year(),
        day.month(),
        day.day(),
        number % 999 + 1
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .bytes()
        .zip(weights)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = b"10X98765432"[(sum % 11) as usize] as char;
    format!("{body}{check}").parse().map_err(Problem::internal)
}
