//! Whose household somebody belongs to. A roster claims it for one enrolment; what is done to the whole person rests on
//! all of them, so that nobody's word alone hands a person over to another county (trust.md AZ-2, workflow.md 7).

use domain::enrolment::EnrolmentState;
use domain::ids::{EnrolmentId, PersonId};
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::statement;
use crate::StoreError;
use crate::conflicts::arbiter;
use crate::scope::NATIONAL;

#[derive(FromQueryResult)]
struct Row {
    hukou_region: String,
    state: String,
}

#[derive(FromQueryResult)]
struct PlaceRow {
    site_region: String,
}

/// Places of the other classes of somebody, whatever became of them there.
pub async fn other_places(
    db: &impl ConnectionTrait,
    person: PersonId,
    enrolment: EnrolmentId,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT k.site_region FROM enrolment e JOIN cohort k ON k.id = e.cohort_id
        WHERE e.person_id = $1 AND e.id <> $2 ORDER BY k.site_region";
    let values = [person.uuid().into(), enrolment.uuid().into()];
    let rows = PlaceRow::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.site_region).collect())
}

#[derive(FromQueryResult)]
struct CodeRow {
    code: String,
}

/// The division of somebody's household where all enrolments of standing name one; else the lowest federation that looks
/// after all of them, and where that would be the nation, the province of the oldest. Where none is of standing, all count.
pub async fn of_person(
    db: &impl ConnectionTrait,
    person: PersonId,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT hukou_region, state FROM enrolment WHERE person_id = $1 ORDER BY id";
    let rows = Row::find_by_statement(statement(db, sql, [person.uuid().into()]))
        .all(db)
        .await?;
    let known: Vec<&str> = rows
        .iter()
        .filter(|row| row.state.parse().is_ok_and(EnrolmentState::is_of_standing))
        .map(|row| row.hukou_region.as_str())
        .collect();
    let places: Vec<&str> = if known.is_empty() {
        rows.iter().map(|row| row.hukou_region.as_str()).collect()
    } else {
        known
    };
    let Some(oldest) = places.first() else {
        return Ok(None);
    };
    if places.iter().all(|place| place == oldest) {
        return Ok(Some((*oldest).to_owned()));
    }
    let above = arbiter(db, &places).await?.code;
    if above != NATIONAL {
        return Ok(Some(above));
    }
    let sql = "SELECT f.code FROM federation f JOIN federation_area a ON a.federation = f.code AND a.valid_until IS NULL
        WHERE a.area = $1 AND f.level = 'province' ORDER BY f.code LIMIT 1";
    let province = CodeRow::find_by_statement(statement(db, sql, [(*oldest).into()]))
        .one(db)
        .await?;
    Ok(Some(province.map_or(above, |row| row.code)))
}
