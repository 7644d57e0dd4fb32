//! Natural persons who answer for an institution, and their bars (grading.md 7: forged certificates bar the persons
//! responsible, too). A keyed index of the identity number stands for the person; it is an index of its own, so that it
//! ties nobody to a trainee.

use chrono::{DateTime, NaiveDate, Utc};
use domain::CitizenId;
use domain::ids::{AdmissionId, CaseId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::entity::cases::{person_bar, responsible_person};
use crate::vault::{KeyKind, Vault};
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
    crate::rotation::learn_versions(db, vault).await?;
    let version = vault.version(KeyKind::BlindIndex);
    let index = vault.blind_index_at(version, RESPONSIBLE, person.expose())?;
    let row = responsible_person::ActiveModel {
        admission_id: Set(admission.uuid()),
        person_index: Set(index.to_vec()),
        blind_version: Set(version),
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
            blind_version: Set(row.blind_version),
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

/// Makes every version of the key known under which a bar stands: neither name nor number of the barred is kept, so that
/// no bar changes over. With a version that nobody has any more the question has no answer, and is refused.
async fn learn_versions(db: &impl ConnectionTrait, vault: &Vault) -> Result<(), StoreError> {
    crate::rotation::learn_versions(db, vault).await?;
    let newest = vault.version(KeyKind::BlindIndex);
    let versions: Vec<i32> = person_bar::Entity::find()
        .select_only()
        .column(person_bar::Column::BlindVersion)
        .distinct()
        .filter(person_bar::Column::LiftedAt.is_null())
        .into_tuple()
        .all(db)
        .await?;
    for version in versions {
        // Of a bar that was set before versions were kept, any may be the one.
        let from = if version == 0 {
            1..=newest
        } else {
            version..=version
        };
        for version in from {
            vault.learn(KeyKind::BlindIndex, version)?;
        }
    }
    Ok(())
}

/// Until when somebody is barred; `None` when they are not.
pub async fn barred_until(
    db: &impl ConnectionTrait,
    vault: &Vault,
    person: &CitizenId,
) -> Result<Option<NaiveDate>, StoreError> {
    learn_versions(db, vault).await?;
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
