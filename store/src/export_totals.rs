//! Rows with personal data that left in files, added up by account and day (trust.md UP-5): many small files are as much as
//! a large one. The sum must outlive a restart and hold on all nodes.

use chrono::NaiveDate;
use domain::ids::AccountId;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::StoreError;
use crate::entity::access::export_total::{self, Column};

/// Adds rows to the sum of an account and a day, forgets the days before, and answers the sum. A twin waits for the end of
/// this transaction: what one takes back was never counted.
pub async fn add(
    db: &impl ConnectionTrait,
    account: AccountId,
    day: NaiveDate,
    rows: u32,
) -> Result<u64, StoreError> {
    let today = day.to_string();
    export_total::Entity::delete_many()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Day.lt(today.as_str()))
        .exec(db)
        .await?;
    let row = export_total::ActiveModel {
        account_id: Set(account.uuid()),
        day: Set(today.clone()),
        row_count: Set(rows.cast_signed()),
    };
    export_total::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([Column::AccountId, Column::Day])
                .value(
                    Column::RowCount,
                    Expr::col((export_total::Entity, Column::RowCount))
                        .add(Expr::col(("excluded", Column::RowCount))),
                )
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    let found = export_total::Entity::find_by_id((account.uuid(), today))
        .one(db)
        .await?;
    Ok(found.map_or(0, |row| u64::from(row.row_count.cast_unsigned())))
}
