//! Identity numbers of rosters that stand under another name, counted by account and day (trust.md EN-3, PI-4): the answer
//! tells that a number is registered, and a bound must outlive a restart and hold on all nodes.

use chrono::NaiveDate;
use domain::ids::AccountId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::StoreError;
use crate::entity::lookups::roster_mismatch::{self, Column};
use crate::vault::Vault;

const LABEL: &str = "roster_mismatch.number";
/// Rows of one statement, below the bind limits of both databases.
const CHUNK: usize = 300;

/// Under what a number is counted: a keyed hash of its own, so that a dump does not lead to the person.
pub fn index(vault: &Vault, number: &str) -> [u8; 32] {
    vault.blind_index(LABEL, number)
}

/// How many numbers an account has met under another name on a day.
pub async fn met(
    db: &impl ConnectionTrait,
    account: AccountId,
    day: NaiveDate,
) -> Result<u64, StoreError> {
    Ok(roster_mismatch::Entity::find()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Day.eq(day.to_string()))
        .count(db)
        .await?)
}

/// Adds numbers that an account met, each once a day, and forgets the days before.
pub async fn add(
    db: &impl ConnectionTrait,
    account: AccountId,
    day: NaiveDate,
    numbers: &[[u8; 32]],
) -> Result<(), StoreError> {
    let today = day.to_string();
    roster_mismatch::Entity::delete_many()
        .filter(Column::Day.lt(today.as_str()))
        .exec(db)
        .await?;
    let mut numbers = numbers.to_vec();
    // In one order, so that two transactions do not wait for each other crosswise.
    numbers.sort_unstable();
    for chunk in numbers.chunks(CHUNK) {
        let rows = chunk.iter().map(|index| roster_mismatch::ActiveModel {
            account_id: Set(account.uuid()),
            day: Set(today.clone()),
            number_index: Set(index.to_vec()),
        });
        let columns = [Column::AccountId, Column::Day, Column::NumberIndex];
        roster_mismatch::Entity::insert_many(rows)
            .on_conflict(OnConflict::columns(columns).do_nothing().to_owned())
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}
