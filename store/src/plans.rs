//! How SQLite finds rows, where a wrong way costs more with every person of the country. It plans without statistics.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::fixture::Fixture;

/// `None` on PostgreSQL, which counts its rows and plans by that.
async fn plan(sql: &str) -> Option<String> {
    let fixture = Fixture::open().await;
    if fixture.store.reader().get_database_backend() != DbBackend::Sqlite {
        return None;
    }
    let explained = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
    let rows = fixture.store.reader().query_all_raw(explained).await;
    let rows = rows.expect("a plan");
    let told = rows.iter().map(|row| row.try_get::<String>("", "detail"));
    let told = told.collect::<Result<Vec<_>, _>>().expect("words");
    Some(told.join("; "))
}

#[tokio::test]
async fn the_identifiers_of_some_people_are_found_by_people() {
    for kind in ["disability_card", "citizen_id"] {
        let plan = plan(&format!(
            "SELECT person_id, blind_index FROM person_identifier \
             WHERE person_id IN (x'01', x'02', x'03') AND kind = '{kind}' AND valid_until IS NULL"
        ))
        .await;
        let by_people = |plan: &str| plan.contains("person_identifier_person (person_id=?");
        assert!(plan.as_deref().is_none_or(by_people), "{plan:?}");
    }
}

#[tokio::test]
async fn a_person_is_found_by_number() {
    let plan = plan(
        "SELECT person_id FROM person_identifier \
         WHERE kind = 'citizen_id' AND blind_index IN (x'01', x'02') AND valid_until IS NULL",
    )
    .await;
    let by_number = |plan: &str| plan.contains("(blind_index=? AND kind=?)");
    assert!(plan.as_deref().is_none_or(by_number), "{plan:?}");
}

#[tokio::test]
async fn people_trained_elsewhere_are_found_by_household() {
    let area =
        "(SELECT area FROM federation_area WHERE federation = '330106' AND valid_until IS NULL)";
    for before in ["", " AND e.id < x'01'"] {
        let plan = plan(&format!(
            "SELECT e.id, k.name FROM enrolment e JOIN cohort k ON k.id = e.cohort_id WHERE e.hukou_region IN {area} \
             AND NOT (k.site_region IN {area}){before} ORDER BY e.id DESC LIMIT 51"
        ))
        .await;
        let by_household = |plan: &str| plan.contains("enrolment_household (hukou_region=?");
        assert!(plan.as_deref().is_none_or(by_household), "{plan:?}");
    }
}
