//! Rows of persons, names and numbers, as they are sealed and written.

use chrono::NaiveDate;
use sea_orm::ActiveValue::Set;
use sea_orm::Value;
use uuid::Uuid;

use super::{IDENTIFIER_VALUE, NAME};
use crate::StoreError;
use crate::bulk::Rows;
use crate::entity::people::person_name;
use crate::vault::DataKey;

pub(super) const PERSON: Rows<'_> = Rows {
    table: "person",
    columns: &["id", "data_key", "data_key_version", "created_at"],
    then: "",
};

pub(super) const IDENTIFIER: Rows<'_> = Rows {
    table: "person_identifier",
    columns: &[
        "id",
        "person_id",
        "kind",
        "value_enc",
        "blind_index",
        "blind_version",
        "valid_from",
    ],
    then: "ON CONFLICT DO NOTHING",
};

pub(super) const NAMES: Rows<'_> = Rows {
    table: "person_name",
    columns: &["id", "person_id", "name_enc", "valid_from"],
    then: "",
};

/// A number with its blind index, which was computed already.
pub(super) struct Identifier<'a> {
    pub(super) kind: &'a str,
    pub(super) value: &'a str,
    pub(super) index: &'a [u8; 32],
    pub(super) version: i32,
}

pub(super) fn push_identifier(
    values: &mut Vec<Value>,
    key: &DataKey,
    person: Uuid,
    number: &Identifier<'_>,
    from: NaiveDate,
    row: Uuid,
) -> Result<(), StoreError> {
    values.extend([
        Value::from(row),
        person.into(),
        number.kind.into(),
        key.seal(IDENTIFIER_VALUE, row, number.value.as_bytes())?
            .into(),
        number.index.to_vec().into(),
        number.version.into(),
        from.to_string().into(),
    ]);
    Ok(())
}

pub(super) fn push_name(
    values: &mut Vec<Value>,
    key: &DataKey,
    person: Uuid,
    name: &str,
    from: NaiveDate,
    row: Uuid,
) -> Result<(), StoreError> {
    values.extend([
        Value::from(row),
        person.into(),
        key.seal(NAME, row, name.as_bytes())?.into(),
        from.to_string().into(),
    ]);
    Ok(())
}

pub(super) fn name_row(
    key: &DataKey,
    person: Uuid,
    name: &str,
    from: NaiveDate,
    row: Uuid,
) -> Result<person_name::ActiveModel, StoreError> {
    Ok(person_name::ActiveModel {
        id: Set(row),
        person_id: Set(person),
        name_enc: Set(key.seal(NAME, row, name.as_bytes())?),
        valid_from: Set(from.to_string()),
        valid_until: Set(None),
        proof: Set(None),
    })
}
