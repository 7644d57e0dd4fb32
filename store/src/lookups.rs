//! Wrong facts in questions by number and full name (trust.md EN-3), so that a limit outlives a restart and is shared by
//! all nodes.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use domain::CertificateNo;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::PublicRead;
use crate::StoreError;
use crate::entity::lookups::lookup_miss::{self, Column};
use crate::vault::Vault;

const LABEL: &str = "lookup_miss.number";
/// Rows of one statement, below the bind limits of both databases.
const CHUNK: usize = 1000;

/// Under what a number is counted: a keyed hash, so that a dump does not tell what was asked about.
pub fn index(vault: &Vault, number: &CertificateNo) -> [u8; 32] {
    vault.blind_index(LABEL, number.as_str())
}

/// How many wrong facts each of these numbers has had on a day; numbers without any are not in the answer.
pub async fn wrong_on(
    db: &impl PublicRead,
    day: NaiveDate,
    numbers: &[[u8; 32]],
) -> Result<HashMap<[u8; 32], u32>, StoreError> {
    let db = db.connection();
    let mut found = HashMap::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows = lookup_miss::Entity::find()
            .filter(Column::Day.eq(day.to_string()))
            .filter(Column::NumberIndex.is_in(chunk.iter().map(|one| one.to_vec())))
            .all(db)
            .await?;
        for row in rows {
            let index = <[u8; 32]>::try_from(row.number_index.as_slice())
                .map_err(|_| StoreError::inconsistent("lookup_miss", &row.day))?;
            found.insert(index, u32::try_from(row.wrong).unwrap_or(u32::MAX));
        }
    }
    Ok(found)
}

/// Adds wrong facts of a day, and forgets the days before.
pub async fn add_wrong(
    db: &impl ConnectionTrait,
    day: NaiveDate,
    counts: &BTreeMap<[u8; 32], u32>,
) -> Result<(), StoreError> {
    let today = day.to_string();
    lookup_miss::Entity::delete_many()
        .filter(Column::Day.lt(today.as_str()))
        .exec(db)
        .await?;
    // In the map's order, so that two nodes do not wait for each other crosswise.
    let counts: Vec<_> = counts.iter().collect();
    for chunk in counts.chunks(CHUNK) {
        let rows = chunk.iter().map(|(index, count)| lookup_miss::ActiveModel {
            number_index: Set(index.to_vec()),
            day: Set(today.clone()),
            wrong: Set(i64::from(**count)),
        });
        lookup_miss::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::columns([Column::NumberIndex, Column::Day])
                    .value(
                        Column::Wrong,
                        Expr::col((lookup_miss::Entity, Column::Wrong))
                            .add(Expr::col(("excluded", Column::Wrong))),
                    )
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}
