//! Natural persons who answer for an institution, and their bars (grading.md 7: forged certificates bar the persons
//! responsible, too). A keyed index of the identity number stands for the person; it is an index of its own, so that it
//! ties nobody to a trainee.

use chrono::{DateTime, NaiveDate, Utc};
use domain::CitizenId;
use domain::ids::{AdmissionId, CaseId};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::entity::cases::{person_bar, responsible_person};
use crate::vault::Vault;
use crate::{StoreError, time};

/// Label of the keyed index.
const RESPONSIBLE: &str = "responsible_person";

/// Keeps who answers for an admission as its legal representative.
pub async fn name(
    db: &impl ConnectionTrait,
    vault: &Vault,
    admission: AdmissionId,
    person: &CitizenId,
    since: NaiveDate,
) -> Result<(), StoreError> {
    let row = responsible_person::ActiveModel {
        admission_id: Set(admission.uuid()),
        person_index: Set(vault.blind_index(RESPONSIBLE, person.expose()).to_vec()),
        capacity: Set("legal_representative".to_owned()),
        since: Set(since.to_string()),
    };
    responsible_person::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Bars whoever answers for an admission until a day; answers how many.
pub async fn bar(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    case: CaseId,
    new_id: impl Fn() -> Uuid,
    until: NaiveDate,
    now: DateTime<Utc>,
) -> Result<usize, StoreError> {
    let rows = responsible_person::Entity::find()
        .filter(responsible_person::Column::AdmissionId.eq(admission.uuid()))
        .all(db)
        .await?;
    let count = rows.len();
    for row in rows {
        let bar = person_bar::ActiveModel {
            id: Set(new_id()),
            person_index: Set(row.person_index),
            case_id: Set(Some(case.uuid())),
            until: Set(until.to_string()),
            lifted_at: Set(None),
            made_at: Set(time::millis(now)),
        };
        person_bar::Entity::insert(bar)
            .exec_without_returning(db)
            .await?;
    }
    Ok(count)
}

/// Lifts the bars of persons that a case set; they stay on record.
pub(super) async fn lift(
    db: &impl ConnectionTrait,
    case: CaseId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    person_bar::Entity::update_many()
        .col_expr(person_bar::Column::LiftedAt, Expr::value(time::millis(now)))
        .filter(person_bar::Column::CaseId.eq(case.uuid()))
        .filter(person_bar::Column::LiftedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Until when somebody is barred; `None` when they are not.
pub async fn barred_until(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: &CitizenId,
) -> Result<Option<NaiveDate>, StoreError> {
    let indexes = vault
        .blind_indexes(RESPONSIBLE, person.expose())
        .into_iter()
        .map(|index| index.to_vec());
    let rows = person_bar::Entity::find()
        .filter(person_bar::Column::PersonIndex.is_in(indexes))
        .filter(person_bar::Column::LiftedAt.is_null())
        .all(db)
        .await?;
    let stayed = super::exit::stayed(db, rows.iter().map(|row| row.case_id)).await?;
    let days = rows
        .iter()
        .filter(|row| row.case_id.is_none_or(|case| !stayed.contains(&case)))
        .map(|row| time::date(&row.until))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(days.into_iter().max())
}
