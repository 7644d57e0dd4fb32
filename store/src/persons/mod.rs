//! Persons: found or made by the blind index of the identity number, opened with their own data key.

mod cards;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Value,
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::entity::people::{person, person_identifier, person_name};
use crate::vault::{DataKey, KeyKind, Vault, WrappedKey};
use crate::{StoreError, time};
pub use cards::{Card, CardOnRecord, cards_on_record, keep_cards};
use rows::{IDENTIFIER, Identifier, NAMES, PERSON, name_row, push_identifier, push_name};

/// Kind and blind-index label of the identity number.
pub const CITIZEN_ID: &str = "citizen_id";

/// Kind and blind-index label of the disability certificate number.
pub const DISABILITY_CARD: &str = "disability_card";

pub(crate) const IDENTIFIER_VALUE: &str = "person_identifier.value";

pub(crate) const NAME: &str = "person_name.name";

/// Values bound in one list of a query.
const LIST: usize = 1_000;

/// A person that may have to be made. Values in canonical form.
pub struct NewPerson<'a> {
    /// Identity number, 18 characters.
    pub citizen_id: &'a str,
    /// Full name.
    pub name: &'a str,
}

/// Shows nothing.
impl std::fmt::Debug for NewPerson<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPerson(***)")
    }
}

/// What stands about a person today, opened.
pub struct OpenPerson {
    /// The person.
    pub id: PersonId,
    /// Full name.
    pub name: Zeroizing<String>,
    /// Identity number; `None` when none is valid today.
    pub citizen_id: Option<Zeroizing<String>>,
    /// For sealing further values of the person.
    pub key: DataKey,
}

/// Shows the id only.
impl std::fmt::Debug for OpenPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenPerson")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Blind index of an identity number in canonical form.
pub fn citizen_index(vault: &Vault, citizen_id: &str) -> [u8; 32] {
    vault.blind_index(CITIZEN_ID, citizen_id)
}

/// The persons behind these blind indexes of identity numbers that are valid now; unknown ones are not in the map.
pub async fn by_citizen_index(
    db: &impl ConnectionTrait,
    indexes: &[[u8; 32]],
) -> Result<HashMap<[u8; 32], PersonId>, StoreError> {
    let mut found = HashMap::with_capacity(indexes.len());
    for chunk in indexes.chunks(LIST) {
        let rows: Vec<(Vec<u8>, Uuid)> = person_identifier::Entity::find()
            .select_only()
            .columns([
                person_identifier::Column::BlindIndex,
                person_identifier::Column::PersonId,
            ])
            .filter(person_identifier::Column::Kind.eq(CITIZEN_ID))
            .filter(
                person_identifier::Column::BlindIndex
                    .is_in(chunk.iter().map(|index| index.to_vec())),
            )
            .filter(person_identifier::Column::ValidUntil.is_null())
            .into_tuple()
            .all(db)
            .await?;
        for (index, id) in rows {
            let index: [u8; 32] = index
                .try_into()
                .map_err(|_| StoreError::inconsistent("person_identifier", id))?;
            found.insert(index, id.into());
        }
    }
    Ok(found)
}

/// The persons with these identity numbers in canonical form, by the number's newest blind index. While the blind-index
/// key is being rotated, rows under the older key are found as well.
pub async fn by_citizen_ids(
    db: &impl ConnectionTrait,
    vault: &Vault,
    numbers: &[&str],
) -> Result<HashMap<[u8; 32], PersonId>, StoreError> {
    crate::rotation::learn_versions(db, vault).await?;
    let mut newest = HashMap::with_capacity(numbers.len());
    for number in numbers {
        let all = vault.blind_indexes(CITIZEN_ID, number);
        if let Some(first) = all.first().copied() {
            newest.extend(all.into_iter().map(|index| (index, first)));
        }
    }
    let indexes: Vec<[u8; 32]> = newest.keys().copied().collect();
    let found = by_citizen_index(db, &indexes).await?;
    Ok(found
        .into_iter()
        .filter_map(|(index, person)| Some((*newest.get(&index)?, person)))
        .collect())
}

/// Makes these persons; `None` stands where another transaction made the same person first.
///
/// Identity numbers must differ from each other. Rows go in by order of blind index, so that two imports that share
/// people wait for each other instead of blocking each other.
pub async fn make(
    db: &impl ConnectionTrait,
    vault: &Vault,
    people: &[NewPerson<'_>],
    now: DateTime<Utc>,
    today: NaiveDate,
    new_id: impl Fn() -> Uuid,
) -> Result<Vec<Option<(PersonId, DataKey)>>, StoreError> {
    let mut order: Vec<([u8; 32], usize)> = people
        .iter()
        .enumerate()
        .map(|(at, p)| (citizen_index(vault, p.citizen_id), at))
        .collect();
    order.sort_unstable();
    let mut made: Vec<Option<(PersonId, DataKey)>> = people.iter().map(|_| None).collect();
    for chunk in order.chunks(LIST) {
        let mut persons = Vec::with_capacity(chunk.len() * PERSON.columns.len());
        let mut identifiers = Vec::with_capacity(chunk.len() * IDENTIFIER.columns.len());
        for (index, at) in chunk {
            let given = &people[*at];
            let id = new_id();
            let (key, wrapped) = vault.new_data_key(id)?;
            persons.extend([
                Value::from(id),
                wrapped.bytes.into(),
                wrapped.version.into(),
                time::millis(now).into(),
            ]);
            let number = Identifier {
                kind: CITIZEN_ID,
                value: given.citizen_id,
                index,
                version: vault.version(KeyKind::BlindIndex),
            };
            push_identifier(&mut identifiers, &key, id, &number, today, new_id())?;
            made[*at] = Some((id.into(), key));
        }
        PERSON.write(db, persons).await?;
        let written = IDENTIFIER.write(db, identifiers).await?;
        if usize::try_from(written) != Ok(chunk.len()) {
            drop_losers(db, chunk, &mut made).await?;
        }
        let mut names = Vec::with_capacity(chunk.len() * NAMES.columns.len());
        for (_, at) in chunk {
            if let Some((id, key)) = &made[*at] {
                push_name(
                    &mut names,
                    key,
                    id.uuid(),
                    people[*at].name,
                    today,
                    new_id(),
                )?;
            }
        }
        NAMES.write(db, names).await?;
    }
    Ok(made)
}

/// Takes away the persons whose number another transaction wrote first.
async fn drop_losers(
    db: &impl ConnectionTrait,
    chunk: &[([u8; 32], usize)],
    made: &mut [Option<(PersonId, DataKey)>],
) -> Result<(), StoreError> {
    let indexes: Vec<[u8; 32]> = chunk.iter().map(|(index, _)| *index).collect();
    let holders = by_citizen_index(db, &indexes).await?;
    let mut losers = Vec::new();
    for (index, at) in chunk {
        if let Some((id, _)) = made[*at]
            .as_ref()
            .filter(|(id, _)| holders.get(index) != Some(id))
        {
            losers.push(id.uuid());
            made[*at] = None;
        }
    }
    if !losers.is_empty() {
        person::Entity::delete_many()
            .filter(person::Column::Id.is_in(losers))
            .exec(db)
            .await?;
    }
    Ok(())
}

/// Locks these persons until the transaction ends, in order of id, so that nobody enrols them elsewhere meanwhile.
pub async fn lock(db: &impl ConnectionTrait, people: &[PersonId]) -> Result<(), StoreError> {
    let mut ids: Vec<Uuid> = people.iter().map(|id| id.uuid()).collect();
    ids.sort_unstable();
    for chunk in ids.chunks(LIST) {
        let _locked: Vec<Uuid> = person::Entity::find()
            .select_only()
            .column(person::Column::Id)
            .filter(person::Column::Id.is_in(chunk.iter().copied()))
            .order_by_asc(person::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .into_tuple()
            .all(db)
            .await?;
    }
    Ok(())
}

/// Name and identity number of these persons as they are valid on a day; an erased person is not in the map.
pub async fn open(
    db: &impl ConnectionTrait,
    vault: &Vault,
    people: &[PersonId],
    today: NaiveDate,
) -> Result<HashMap<PersonId, OpenPerson>, StoreError> {
    let mut open = HashMap::with_capacity(people.len());
    let day = today.to_string();
    for chunk in people.chunks(LIST) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.uuid()).collect();
        for row in person::Entity::find()
            .filter(person::Column::Id.is_in(ids.clone()))
            .all(db)
            .await?
        {
            if row.data_key.is_empty() {
                // Erased: nothing of this person opens any more.
                continue;
            }
            let wrapped = WrappedKey {
                bytes: row.data_key,
                version: row.data_key_version,
            };
            let key = vault.open_data_key(row.id, &wrapped)?;
            let id = PersonId::new(row.id);
            open.insert(
                id,
                OpenPerson {
                    id,
                    name: Zeroizing::default(),
                    citizen_id: None,
                    key,
                },
            );
        }
        let names = person_name::Entity::find()
            .filter(person_name::Column::PersonId.is_in(ids.clone()))
            .filter(still(person_name::Column::ValidUntil, &day))
            .order_by_asc(person_name::Column::ValidFrom)
            .order_by_asc(person_name::Column::Id)
            .all(db)
            .await?;
        for row in names {
            if let Some(person) = open.get_mut(&PersonId::new(row.person_id)) {
                person.name = person.key.open_text(NAME, row.id, &row.name_enc)?;
            }
        }
        let identifiers = person_identifier::Entity::find()
            .filter(person_identifier::Column::PersonId.is_in(ids))
            .filter(person_identifier::Column::Kind.eq(CITIZEN_ID))
            .filter(still(person_identifier::Column::ValidUntil, &day))
            .order_by_asc(person_identifier::Column::ValidFrom)
            .order_by_asc(person_identifier::Column::Id)
            .all(db)
            .await?;
        for row in identifiers {
            if let Some(person) = open.get_mut(&PersonId::new(row.person_id)) {
                person.citizen_id = Some(person.key.open_text(
                    IDENTIFIER_VALUE,
                    row.id,
                    &row.value_enc,
                )?);
            }
        }
    }
    if let Some(nameless) = open.values().find(|person| person.name.is_empty()) {
        return Err(StoreError::inconsistent("person_name", nameless.id));
    }
    Ok(open)
}

/// Gives a person another name from a day on; the old one stays with its last day.
pub async fn rename(
    db: &impl ConnectionTrait,
    person: &OpenPerson,
    name: &str,
    today: NaiveDate,
    proof: Option<&str>,
    row: Uuid,
) -> Result<(), StoreError> {
    person_name::Entity::update_many()
        .col_expr(
            person_name::Column::ValidUntil,
            Expr::value(today.to_string()),
        )
        .filter(person_name::Column::PersonId.eq(person.id.uuid()))
        .filter(person_name::Column::ValidUntil.is_null())
        .exec(db)
        .await?;
    let mut new = name_row(&person.key, person.id.uuid(), name, today, row)?;
    new.proof = Set(proof.map(str::to_owned));
    person_name::Entity::insert(new)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

pub(crate) fn still(until: impl ColumnTrait, day: &str) -> Condition {
    Condition::any().add(until.is_null()).add(until.gt(day))
}
