//! A row that can be imported.

use chrono::NaiveDate;
use domain::{CitizenId, DisabilityCardNo, PersonName, Phone, RegionCode};

domain::text_enum! {
    /// Whose number the contact number is (field.md 15).
    Contact("contact") {
        /// 本人.
        Own = "self",
        /// 监护人.
        Guardian = "guardian",
        /// 村居.
        Village = "village",
    }
}

domain::text_enum! {
    /// Reasonable accommodation that a trainee asks for.
    Need("need") {
        /// 轮椅.
        Wheelchair = "wheelchair",
        /// 手语.
        SignLanguage = "sign_language",
        /// 大字.
        LargePrint = "large_print",
        /// 盲文.
        Braille = "braille",
        /// 读屏.
        ScreenReader = "screen_reader",
        /// 陪同.
        Companion = "companion",
        /// 其他.
        Other = "other",
    }
}

impl Need {
    /// Word on pages.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Wheelchair => "轮椅",
            Self::SignLanguage => "手语",
            Self::LargePrint => "大字",
            Self::Braille => "盲文",
            Self::ScreenReader => "读屏",
            Self::Companion => "陪同",
            Self::Other => "其他",
        }
    }
}

/// A trainee of the list. All values have passed every check of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterRow {
    /// The row, counted from 1 as a spreadsheet shows it.
    pub row: u32,
    /// Full name.
    pub name: PersonName,
    /// Resident identity number.
    pub citizen_id: CitizenId,
    /// Disability certificate number; it agrees with the identity number.
    pub disability_card: Option<DisabilityCardNo>,
    /// Mobile number of the contact.
    pub phone: Option<Phone>,
    /// Whose number that is; [`Contact::Own`] where the file does not say.
    pub contact: Contact,
    /// Household registration, at county level.
    pub hukou_region: RegionCode,
    /// Whether the person has work on the day of enrolment.
    pub employed_at_enrolment: bool,
    /// Reasonable accommodation, without repetition, in the order of [`Need::ALL`].
    pub needs: Vec<Need>,
    /// What was written about [`Need::Other`].
    pub needs_other: Option<Hidden>,
    /// Day of consent; not after today.
    pub consent_on: NaiveDate,
    /// Note of the institution.
    pub note: Option<Hidden>,
}

impl RosterRow {
    /// The row's content in one unambiguous form, without its number: equal
    /// bytes mean nothing has changed since the last upload.
    ///
    /// It holds an identity number in clear: make a keyed MAC of it, never a
    /// plain hash (identifiers.md 8).
    pub fn canonical(&self) -> String {
        let needs: Vec<&str> = self.needs.iter().map(|need| need.as_str()).collect();
        let card = self
            .disability_card
            .as_ref()
            .map_or("", DisabilityCardNo::expose);
        let reissue = self
            .disability_card
            .as_ref()
            .and_then(DisabilityCardNo::reissue)
            .unwrap_or(0)
            .to_string();
        let parts: [&str; 12] = [
            self.citizen_id.expose(),
            self.name.expose(),
            card,
            &reissue,
            self.phone.as_ref().map_or("", Phone::expose),
            self.contact.as_str(),
            self.hukou_region.as_str(),
            if self.employed_at_enrolment { "1" } else { "0" },
            &needs.join(","),
            self.needs_other.as_ref().map_or("", Hidden::expose),
            &self.consent_on.to_string(),
            self.note.as_ref().map_or("", Hidden::expose),
        ];
        // Lengths in front, so that no two different rows give the same bytes.
        let mut text = String::with_capacity(160);
        for part in parts {
            text.push_str(&part.len().to_string());
            text.push(':');
            text.push_str(part);
        }
        text
    }
}

/// Free text about a person: its `Debug` tells only its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub(super) Box<str>);

impl Hidden {
    /// The text. Loud on purpose: people write health and family into notes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Hidden({} bytes)", self.0.len())
    }
}
