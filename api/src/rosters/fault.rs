//! What is wrong with one cell, where, and what to do: for a page, a file and a machine.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::cause::Cause;
use super::{Field, mask};

/// A reason why a row cannot be imported. It never holds a full personal value.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    /// The row, counted from 1 as a spreadsheet shows it.
    pub row: u32,
    /// Meaning of the column.
    pub field: Field,
    /// What stands there, masked; empty for an empty cell.
    pub shown: Box<str>,
    place: Place,
    cause: Cause,
}

/// Where a field stands in this file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) index: Option<u16>,
    pub(super) header: Arc<str>,
}

impl Fault {
    pub(super) fn new(row: u32, field: Field, place: &Place, text: &str, cause: Cause) -> Self {
        Self {
            row,
            field,
            shown: mask::shown(field, text),
            place: place.clone(),
            cause,
        }
    }

    /// Header word of the column as it stands in the file.
    pub fn column(&self) -> &str {
        &self.place.header
    }

    /// Position of the column, counted from 0; `None` when the file has no such column.
    pub fn column_index(&self) -> Option<u16> {
        self.place.index
    }

    /// Stable code, for machines.
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }

    /// What is wrong, in Chinese (the column 问题).
    pub fn problem_zh(&self) -> String {
        self.cause.words().problem_zh.into_owned()
    }

    /// What to do, in Chinese (the column 怎么改).
    pub fn remedy_zh(&self) -> String {
        self.cause.words().remedy_zh.into_owned()
    }

    /// What is wrong, in English.
    pub fn problem_en(&self) -> String {
        self.cause.words().problem_en.into_owned()
    }

    /// What to do, in English.
    pub fn remedy_en(&self) -> String {
        self.cause.words().remedy_en.into_owned()
    }

    /// Problem and remedy in Chinese.
    pub fn zh(&self) -> String {
        let words = self.cause.words();
        format!("{}{}", words.problem_zh, words.remedy_zh)
    }

    /// Problem and remedy in English.
    pub fn en(&self) -> String {
        let words = self.cause.words();
        format!("{} {}", words.problem_en, words.remedy_en)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Fault({}:{} {} {})",
            self.row,
            self.field.name(),
            self.code(),
            self.shown
        )
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Fault", 8)?;
        out.serialize_field("row", &self.row)?;
        out.serialize_field("column", self.column())?;
        out.serialize_field("field", self.field.name())?;
        out.serialize_field(
            "pointer",
            &format!("/rows/{}/{}", self.row, self.field.name()),
        )?;
        out.serialize_field("code", self.code())?;
        out.serialize_field("zh", &self.zh())?;
        out.serialize_field("en", &self.en())?;
        out.serialize_field("shown", &*self.shown)?;
        out.end()
    }
}
