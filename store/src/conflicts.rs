//! Conflicts of evidence that have two sides: who arbitrates between them, and one decision for both.

use chrono::{DateTime, Utc};
use domain::access::Role;
use domain::evidence::ConflictKind;
use domain::ids::{ConflictId, StaffPersonId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use uuid::Uuid;

use crate::cohorts::{LocalFederation, local_federation};
use crate::entity::evidence::evidence_conflict;
use crate::entity::reference::{federation, federation_area};
use crate::episodes::Conflict;
use crate::scope::NATIONAL;
use crate::{StoreError, time};

/// All sides of a conflict in a fixed order.
pub async fn sides(
    db: &impl ConnectionTrait,
    kind: ConflictKind,
    pair: Uuid,
) -> Result<Vec<Conflict>, StoreError> {
    use evidence_conflict::Column as C;
    evidence_conflict::Entity::find()
        .filter(C::PairId.eq(pair))
        .filter(C::Kind.eq(kind.as_str()))
        .order_by_asc(C::Id)
        .all(db)
        .await?
        .into_iter()
        .map(Conflict::try_from)
        .collect()
}

/// The lowest federation that looks after all these places, and whose officers act for it: the county where they lie in one,
/// else the city, the province, at last the nation (workflow.md 4).
pub async fn arbiter(
    db: &impl ConnectionTrait,
    places: &[&str],
) -> Result<LocalFederation, StoreError> {
    let national = || LocalFederation {
        code: NATIONAL.to_owned(),
        role: Role::NationalOfficer,
    };
    let mut lowest: Vec<LocalFederation> = Vec::new();
    let mut common: Option<Vec<String>> = None;
    for place in places {
        let Some(local) = local_federation(db, place).await? else {
            return Ok(national());
        };
        lowest.push(local);
        let codes: Vec<String> = federation_area::Entity::find()
            .select_only()
            .column(federation_area::Column::Federation)
            .filter(federation_area::Column::Area.eq(*place))
            .filter(federation_area::Column::ValidUntil.is_null())
            .into_tuple()
            .all(db)
            .await?;
        common = Some(match common {
            None => codes,
            Some(mut so_far) => {
                so_far.retain(|code| codes.contains(code));
                so_far
            }
        });
    }
    if let [first, rest @ ..] = lowest.as_slice()
        && rest.iter().all(|one| one == first)
    {
        return Ok(first.clone());
    }
    let found: Vec<(String, String)> = federation::Entity::find()
        .select_only()
        .columns([federation::Column::Code, federation::Column::Level])
        .filter(federation::Column::Code.is_in(common.unwrap_or_default()))
        .into_tuple()
        .all(db)
        .await?;
    let of_level = |level: &str| {
        let (code, _) = found.iter().find(|(_, found)| found == level)?;
        Some(LocalFederation {
            code: code.clone(),
            role: Role::officer_of(level)?,
        })
    };
    Ok(["county", "prefecture", "province"]
        .into_iter()
        .find_map(of_level)
        .unwrap_or_else(national))
}

/// Names of the institutions of these sides.
pub async fn names(
    db: &impl ConnectionTrait,
    kind: ConflictKind,
    pair: Uuid,
) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        name: String,
    }
    let sql = "SELECT DISTINCT i.name FROM evidence_conflict k JOIN institution i ON i.id = k.institution_id \
         WHERE k.pair_id = $1 AND k.kind = $2";
    let values = [pair.into(), kind.as_str().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Closes those of these sides that are open with what was found; answers how many there were.
pub async fn close(
    db: &impl ConnectionTrait,
    sides: &[ConflictId],
    words: &str,
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    use evidence_conflict::Column as C;
    let done = evidence_conflict::Entity::update_many()
        .col_expr(C::State, Expr::value("closed"))
        .col_expr(C::Words, Expr::value(words))
        .col_expr(C::ClosedBy, Expr::value(by.uuid()))
        .col_expr(C::ClosedAt, Expr::value(time::millis(now)))
        .filter(C::Id.is_in(sides.iter().map(|id| id.uuid())))
        .filter(C::State.eq("open"))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

#[cfg(test)]
mod tests {
    use domain::cohort::CohortState;

    use super::*;
    use crate::fixture::Fixture;

    #[tokio::test]
    async fn the_lowest_federation_above_all_places_arbitrates() {
        let fixture = Fixture::open().await;
        fixture
            .class(CohortState::Planned, "2026-04-10", "2026-04-20")
            .await;
        let tx = fixture.store.write().await.expect("a transaction");
        tx.execute_unprepared(
            "INSERT INTO federation VALUES ('330100', '杭州市残联', 'prefecture', '330000'), \
             ('330108', '滨江区残联', 'county', '330100'), ('330200', '宁波市残联', 'prefecture', '330000'), \
             ('340000', '安徽省残联', 'province', '000000'); \
             INSERT INTO federation_area VALUES ('330100', '330106', '2020-01-01', NULL), \
             ('330100', '330108', '2020-01-01', NULL), ('330108', '330108', '2020-01-01', NULL), \
             ('330000', '330108', '2020-01-01', NULL), ('330200', '330203', '2020-01-01', NULL), \
             ('330000', '330203', '2020-01-01', NULL), ('340000', '340102', '2020-01-01', NULL)",
        )
        .await
        .expect("rows");
        crate::commit(tx).await.expect("committed");
        let reader = fixture.store.reader();
        for (places, code, role) in [
            (&["330106", "330106"][..], "330106", Role::CountyOfficer),
            (&["330106", "330108"], "330100", Role::PrefectureOfficer),
            // The county that looks after itself through its city: the city stands for it.
            (&["330203", "330203"], "330200", Role::CountyOfficer),
            (&["330106", "330203"], "330000", Role::ProvinceOfficer),
            (&["330106", "340102"], "000000", Role::NationalOfficer),
            (
                &["330106", "330108", "330203"],
                "330000",
                Role::ProvinceOfficer,
            ),
            (&["330106", "999999"], "000000", Role::NationalOfficer),
        ] {
            let found = arbiter(reader, places).await.expect("asked");
            assert_eq!(
                (found.code.as_str(), found.role),
                (code, role),
                "{places:?}"
            );
        }
    }
}
