//! What stands of many people at once: their enrolments, their work, who died. Registers are imported by it.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::grading::Exclusion;
use domain::ids::PersonId;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Statement,
    Value,
};
use uuid::Uuid;

use crate::entity::evidence::employment_episode;
use crate::episodes::{Claim, Episode, Evidence, Place, claims, evidence, places};
use crate::related::{self, RelatedParty};
use crate::scope::Scope;
use crate::{StoreError, time};

/// Values bound in one list of a query.
const LIST: usize = 500;

fn list(people: &[PersonId], first: usize) -> (String, impl Iterator<Item = Value>) {
    let places = crate::cohorts::placeholders(first, people.len());
    (places, people.iter().map(|id| Value::from(id.uuid())))
}

/// The enrolments of these people that the scope reaches, by the place of training or by the household, each person's in
/// order of the first day. Whoever has none there is not in the map: whether they are known elsewhere is not told.
pub async fn places_within(
    db: &impl ConnectionTrait,
    scope: &Scope,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Vec<Place>>, StoreError> {
    let mut found: HashMap<PersonId, Vec<Place>> = HashMap::new();
    let (by_site, value) = scope.sql("c.site_region", "c.institution_id", 1);
    let (by_household, _) = scope.sql("e.hukou_region", "c.institution_id", 1);
    for chunk in people.chunks(LIST) {
        let mut values: Vec<Value> = value.clone().into_iter().collect();
        let (places_of, ids) = list(chunk, values.len() + 1);
        values.extend(ids);
        let condition = format!("({by_site} OR {by_household}) AND e.person_id IN ({places_of})");
        for place in places(db, &condition, values).await? {
            found.entry(place.person).or_default().push(place);
        }
    }
    Ok(found)
}

/// All that stands of a person's work, wherever in the country.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    /// Enrolments, in order of the first day.
    pub places: Vec<Place>,
    /// Episodes, oldest first.
    pub episodes: Vec<Episode>,
    /// Their evidence, oldest first.
    pub evidence: Vec<Evidence>,
    /// Who claims them.
    pub claims: Vec<Claim>,
    /// Employers that belong to the institutions of the enrolments.
    pub related: Vec<RelatedParty>,
}

/// All that stands of these people's work. They should be locked when it is going to change.
pub async fn prior(
    db: &impl ConnectionTrait,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Prior>, StoreError> {
    let mut found: HashMap<PersonId, Prior> = people
        .iter()
        .map(|person| (*person, Prior::default()))
        .collect();
    for chunk in people.chunks(LIST) {
        let (places_of, ids) = list(chunk, 1);
        let condition = format!("e.person_id IN ({places_of})");
        for place in places(db, &condition, ids.collect()).await? {
            found.entry(place.person).or_default().places.push(place);
        }
        let rows = employment_episode::Entity::find()
            .filter(employment_episode::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .order_by_asc(employment_episode::Column::Id)
            .all(db)
            .await?;
        let mut whose = HashMap::with_capacity(rows.len());
        for row in rows {
            let episode = Episode::try_from(row)?;
            whose.insert(episode.id, episode.person);
            let of = found.entry(episode.person).or_default();
            of.episodes.push(episode);
        }
        let all: Vec<_> = whose.keys().copied().collect();
        for some in all.chunks(LIST) {
            for one in evidence(db, some).await? {
                if let Some(of) = whose.get(&one.episode).and_then(|id| found.get_mut(id)) {
                    of.evidence.push(one);
                }
            }
            for one in claims(db, some).await? {
                if let Some(of) = whose.get(&one.episode).and_then(|id| found.get_mut(id)) {
                    of.claims.push(one);
                }
            }
        }
    }
    let mut institutions: Vec<_> = found
        .values()
        .flat_map(|of| of.places.iter().map(|place| place.institution))
        .collect();
    institutions.sort_unstable();
    institutions.dedup();
    for some in institutions.chunks(LIST) {
        for party in related::of(db, some).await? {
            for of in found.values_mut() {
                if of
                    .places
                    .iter()
                    .any(|place| place.institution == party.institution)
                {
                    of.related.push(party.clone());
                }
            }
        }
    }
    Ok(found)
}

/// Deaths, custody, education or service of these people, as approved exclusions of any of their enrolments say.
pub async fn stood(
    db: &impl ConnectionTrait,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Vec<(Exclusion, NaiveDate)>>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        person_id: Uuid,
        code: String,
        on_date: String,
    }
    let mut found: HashMap<PersonId, Vec<(Exclusion, NaiveDate)>> = HashMap::new();
    for chunk in people.chunks(LIST) {
        let (places_of, ids) = list(chunk, 1);
        let sql = format!(
            "SELECT e.person_id, x.code, x.on_date FROM enrolment_exclusion x JOIN enrolment e ON e.id = x.enrolment_id \
             WHERE x.code IN ('X1', 'X3', 'X4') AND e.person_id IN ({places_of})"
        );
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, ids);
        for row in Row::find_by_statement(statement).all(db).await? {
            let code = row
                .code
                .parse()
                .map_err(|_| StoreError::inconsistent("enrolment_exclusion", row.person_id))?;
            let fact = (code, time::date(&row.on_date)?);
            found.entry(row.person_id.into()).or_default().push(fact);
        }
    }
    Ok(found)
}

/// When these people died, as an approved exclusion of any of their enrolments says.
pub async fn died(
    db: &impl ConnectionTrait,
    people: &[PersonId],
) -> Result<HashMap<PersonId, NaiveDate>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        person_id: Uuid,
        on_date: String,
    }
    let mut found = HashMap::new();
    for chunk in people.chunks(LIST) {
        let (places_of, ids) = list(chunk, 1);
        let sql = format!(
            "SELECT e.person_id, MIN(x.on_date) AS on_date FROM enrolment_exclusion x JOIN enrolment e ON e.id = x.enrolment_id \
             WHERE x.code = 'X1' AND e.person_id IN ({places_of}) GROUP BY e.person_id"
        );
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, ids);
        for row in Row::find_by_statement(statement).all(db).await? {
            found.insert(row.person_id.into(), time::date(&row.on_date)?);
        }
    }
    Ok(found)
}
