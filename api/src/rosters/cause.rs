//! Causes of faults and their stable codes; the sentences are in `words`.

use domain::identifiers::Check;

/// Why a cell is refused. Small: fifty thousand rows may each have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// An empty cell that must be filled.
    Required,
    /// A formula where the text itself must stand.
    Formula,
    /// An error value such as `#N/A`.
    CellError,
    /// The row is filled but still marked as the sample.
    SampleMark,
    /// The sample's identity number.
    SampleId,
    /// More characters than a note may have.
    TooLong { most_chars: u32 },
    /// A control or direction-changing character in a note.
    ControlCharacter,
    /// A blank inside a Chinese name.
    NameSpace,
    /// An invisible character; counted from 1.
    NameInvisible { position: u32, code: u32 },
    /// Full-width letters or digits.
    NameFullWidth,
    /// Digits.
    NameDigits,
    /// Not in normal form C.
    NameNormalForm,
    /// A dot that looks like `·` and is another character.
    NameDot,
    /// Longer than a name may be.
    NameLength,
    /// A character that no name has.
    NameCharset,
    /// Full-width digits; right apart from that when there is a suggestion.
    IdFullWidth { suggested: Option<Box<str>> },
    /// Blanks or hyphens inside.
    IdSpaces { suggested: Option<Box<str>> },
    /// A leading apostrophe that became part of the text.
    IdApostrophe { suggested: Option<Box<str>> },
    /// A number that a spreadsheet has rounded.
    IdLostPrecision,
    /// The form of before 1999.
    IdFifteenDigits,
    /// Not 18 characters, nor 15 digits.
    IdLength { found: u32 },
    /// The first failing check of the identity number.
    Citizen(Check),
    /// The first failing check of the card number.
    Card(Check),
    /// The card's number is another person's.
    CardOtherPerson,
    /// Younger than the policy allows.
    BelowAge { min_age: u32 },
    /// The same person in other rows (some of them).
    Duplicate { rows: Box<[u32]> },
    /// Not a mobile number.
    Phone,
    /// Not a word for whose number it is.
    ContactWord,
    /// Another's number, but no number.
    ContactWithoutPhone,
    /// Neither a code nor a full name that is known.
    UnknownRegion,
    /// A province, or a prefecture that has counties.
    RegionLevel,
    /// Neither yes nor no.
    EmployedWord,
    /// Consent was refused.
    ConsentMissing,
    /// Consent without a day that exists.
    ConsentDate,
    /// Consent dated after today.
    ConsentInFuture,
    /// All places are taken by rows above.
    NoPlaces { most: u32 },
}

impl Cause {
    /// Stable code; clients match it.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Formula => "formula",
            Self::CellError => "cell-error",
            Self::SampleMark => "sample-mark",
            Self::SampleId => "sample-id",
            Self::TooLong { .. } => "too-long",
            Self::ControlCharacter => "control-character",
            Self::NameSpace => "name-space",
            Self::NameInvisible { .. } => "name-invisible",
            Self::NameFullWidth => "name-full-width",
            Self::NameDigits => "name-digits",
            Self::NameNormalForm => "name-normal-form",
            Self::NameDot => "name-dot",
            Self::NameLength => "name-length",
            Self::NameCharset => "name-charset",
            Self::IdFullWidth { .. } => "id-full-width",
            Self::IdSpaces { .. } => "id-spaces",
            Self::IdApostrophe { .. } => "id-apostrophe",
            Self::IdLostPrecision => "id-lost-precision",
            Self::IdFifteenDigits => "id-15-digits",
            Self::IdLength { .. } => "id-length",
            Self::Citizen(check) => match check {
                Check::Area => "id-area",
                Check::BirthDate => "id-birth-date",
                Check::Sequence => "id-sequence",
                Check::Checksum => "id-checksum",
                _ => "id-charset",
            },
            Self::Card(check) => match check {
                Check::Length => "card-length",
                Check::Charset => "card-charset",
                Check::Category => "card-category",
                Check::Grade => "card-level",
                Check::Reissue => "card-reissue",
                _ => "card-citizen-id",
            },
            Self::CardOtherPerson => "card-other-person",
            Self::BelowAge { .. } => "below-age",
            Self::Duplicate { .. } => "duplicate",
            Self::Phone => "phone",
            Self::ContactWord => "contact",
            Self::ContactWithoutPhone => "contact-without-phone",
            Self::UnknownRegion => "unknown-region",
            Self::RegionLevel => "region-level",
            Self::EmployedWord => "employed-word",
            Self::ConsentMissing => "consent-missing",
            Self::ConsentDate => "consent-date",
            Self::ConsentInFuture => "consent-in-future",
            Self::NoPlaces { .. } => "no-places",
        }
    }
}

/// Every code that a fault may have, in order of the alphabet.
pub const FAULT_CODES: [&str; 45] = [
    "below-age",
    "card-category",
    "card-charset",
    "card-citizen-id",
    "card-length",
    "card-level",
    "card-other-person",
    "card-reissue",
    "cell-error",
    "consent-date",
    "consent-in-future",
    "consent-missing",
    "contact",
    "contact-without-phone",
    "control-character",
    "duplicate",
    "employed-word",
    "formula",
    "id-15-digits",
    "id-apostrophe",
    "id-area",
    "id-birth-date",
    "id-charset",
    "id-checksum",
    "id-full-width",
    "id-length",
    "id-lost-precision",
    "id-sequence",
    "id-spaces",
    "name-charset",
    "name-digits",
    "name-dot",
    "name-full-width",
    "name-invisible",
    "name-length",
    "name-normal-form",
    "name-space",
    "no-places",
    "phone",
    "region-level",
    "required",
    "sample-id",
    "sample-mark",
    "too-long",
    "unknown-region",
];
