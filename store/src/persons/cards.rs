//! Numbers of disability cards, kept with the person.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::ids::PersonId;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Value,
};
use uuid::Uuid;

use super::rows::{IDENTIFIER, Identifier, push_identifier};
use super::{DISABILITY_CARD, LIST};
use crate::StoreError;
use crate::cohorts::placeholders;
use crate::entity::people::person_identifier;
use crate::privacy::statement;
use crate::vault::{DataKey, KeyKind, Vault};

/// A disability certificate number of a person.
pub struct Card<'a> {
    /// The person.
    pub person: PersonId,
    /// For sealing.
    pub key: &'a DataKey,
    /// The number in canonical form.
    pub number: &'a str,
}

/// Shows nothing.
impl std::fmt::Debug for Card<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Card(***)")
    }
}

/// Keeps disability certificate numbers: the same again changes nothing, another one ends the old one.
///
/// A number that another person holds is left alone: who is right is for the federation's check to say.
pub async fn keep_cards(
    db: &impl ConnectionTrait,
    vault: &Vault,
    cards: &[Card<'_>],
    today: NaiveDate,
    new_id: impl Fn() -> Uuid,
) -> Result<(), StoreError> {
    // By blind index: entries of an index in order cost a fraction of entries here and there, and two imports that share
    // people wait for each other instead of blocking each other.
    let mut order: Vec<([u8; 32], &Card<'_>)> = cards
        .iter()
        .map(|card| (vault.blind_index(DISABILITY_CARD, card.number), card))
        .collect();
    order.sort_unstable_by_key(|(index, _)| *index);
    let version = vault.version(KeyKind::BlindIndex);
    for chunk in order.chunks(LIST) {
        let persons: Vec<Uuid> = chunk.iter().map(|(_, card)| card.person.uuid()).collect();
        let mut fresh: Vec<Value> = Vec::new();
        let present: HashMap<Uuid, Vec<u8>> = person_identifier::Entity::find()
            .select_only()
            .columns([
                person_identifier::Column::PersonId,
                person_identifier::Column::BlindIndex,
            ])
            .filter(person_identifier::Column::PersonId.is_in(persons))
            .filter(person_identifier::Column::Kind.eq(DISABILITY_CARD))
            .filter(person_identifier::Column::ValidUntil.is_null())
            .into_tuple::<(Uuid, Vec<u8>)>()
            .all(db)
            .await?
            .into_iter()
            .collect();
        let mut ended = Vec::new();
        let mut rows = Vec::new();
        for (index, card) in chunk {
            if let Some(before) = present.get(&card.person.uuid()) {
                // While the key is being rotated, the row may stand under an older version.
                let same = vault.blind_indexes(DISABILITY_CARD, card.number);
                if same.iter().any(|index| before.as_slice() == index) {
                    continue;
                }
                ended.push(card.person.uuid());
            }
            let number = Identifier {
                kind: DISABILITY_CARD,
                value: card.number,
                index,
                version,
            };
            let person = card.person.uuid();
            fresh.push(person.into());
            push_identifier(&mut rows, card.key, person, &number, today, new_id())?;
        }
        if !ended.is_empty() {
            person_identifier::Entity::update_many()
                .col_expr(
                    person_identifier::Column::ValidUntil,
                    Expr::value(today.to_string()),
                )
                .filter(person_identifier::Column::PersonId.is_in(ended))
                .filter(person_identifier::Column::Kind.eq(DISABILITY_CARD))
                .filter(person_identifier::Column::ValidUntil.is_null())
                .exec(db)
                .await?;
        }
        if !fresh.is_empty() {
            // What the register said, it said of another number or of none.
            let sql = format!(
                "DELETE FROM card_check WHERE person_id IN ({})",
                placeholders(1, fresh.len())
            );
            db.execute_raw(statement(db, sql, fresh)).await?;
        }
        IDENTIFIER.write(db, rows).await?;
    }
    Ok(())
}

/// The card that stands about somebody now.
#[derive(Debug)]
pub struct CardOnRecord {
    index: Vec<u8>,
    /// What the register said of it, where it was asked.
    pub outcome: Option<String>,
}

impl CardOnRecord {
    /// Whether another number, in canonical form, is meant.
    pub fn differs(&self, vault: &Vault, number: &str) -> bool {
        let same = vault.blind_indexes(DISABILITY_CARD, number);
        !same.iter().any(|index| self.index.as_slice() == index)
    }
}

#[derive(FromQueryResult)]
struct RecordRow {
    person_id: Uuid,
    blind_index: Vec<u8>,
    outcome: Option<String>,
}

/// The cards of these people, with what the register said of them.
pub async fn cards_on_record(
    db: &impl ConnectionTrait,
    people: &[PersonId],
) -> Result<HashMap<PersonId, CardOnRecord>, StoreError> {
    let mut found = HashMap::new();
    for chunk in people.chunks(LIST) {
        let sql = format!(
            "SELECT i.person_id, i.blind_index, c.outcome FROM person_identifier i
               LEFT JOIN card_check c ON c.person_id = i.person_id
             WHERE i.kind = 'disability_card' AND i.valid_until IS NULL AND i.person_id IN ({})",
            placeholders(1, chunk.len())
        );
        let values = chunk.iter().map(|id| Value::from(id.uuid()));
        for row in RecordRow::find_by_statement(statement(db, sql, values))
            .all(db)
            .await?
        {
            let card = CardOnRecord {
                index: row.blind_index,
                outcome: row.outcome,
            };
            found.insert(row.person_id.into(), card);
        }
    }
    Ok(found)
}
