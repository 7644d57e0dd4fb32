//! How instants and dates stand in columns: Unix milliseconds and ISO text.

use chrono::{DateTime, NaiveDate, Utc};

use crate::StoreError;

/// Unix milliseconds of an instant.
pub const fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// The instant of a column.
pub fn instant(millis: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(millis)
        .ok_or_else(|| StoreError::inconsistent("instant", millis))
}

/// The civil date of a column.
pub fn date(text: &str) -> Result<NaiveDate, StoreError> {
    text.parse()
        .map_err(|_| StoreError::inconsistent("date", text))
}

/// The civil date of a column that may be empty.
pub fn optional_date(text: Option<&str>) -> Result<Option<NaiveDate>, StoreError> {
    text.map(date).transpose()
}

/// The instant of a column that may be empty.
pub fn optional_instant(millis: Option<i64>) -> Result<Option<DateTime<Utc>>, StoreError> {
    millis.map(instant).transpose()
}
