//! Region scope as part of the query (trust.md AZ-2): what lies outside is not found.

use domain::access::{Actor, Role, ScopeCapacity};
use domain::ids::InstitutionId;
use domain::institution::InstitutionState;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef, Query, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Value};

use crate::StoreError;
use crate::entity::reference::federation_area;

/// What the asker may see at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A federation sees the records of its area, by the tie named.
    Federation {
        /// Federation code, `000000` for all.
        code: String,
        /// By which tie: where the training is, where the household is, ...
        capacity: ScopeCapacity,
    },
    /// Staff of an institution see their own.
    Institution(InstitutionId),
    /// Staff who belong to no organisation yet see nothing.
    Nothing,
}

impl Scope {
    /// The scope of an actor by the tie of the training site.
    pub fn of(actor: &Actor) -> Self {
        Self::by(actor, ScopeCapacity::Site)
    }

    /// The scope of an actor by another tie.
    pub fn by(actor: &Actor, capacity: ScopeCapacity) -> Self {
        match (&actor.federation, actor.institution) {
            (Some(code), _) if actor.role.is_federation() => Self::Federation {
                code: code.clone(),
                capacity,
            },
            (_, Some(institution))
                if matches!(
                    actor.role,
                    Role::InstitutionOperator | Role::InstitutionManager
                ) =>
            {
                Self::Institution(institution)
            }
            _ => Self::Nothing,
        }
    }

    /// The condition for a query whose rows carry `region_column` (a division or federation code) and
    /// `institution_column`.
    pub fn condition(
        &self,
        region_column: impl IntoColumnRef,
        institution_column: impl IntoColumnRef,
    ) -> Condition {
        match self {
            Self::Federation { code, .. } if code == NATIONAL => Condition::all(),
            Self::Federation { code, .. } => {
                Condition::all().add(in_area(Expr::col(region_column), code))
            }
            Self::Institution(id) => {
                Condition::all().add(Expr::col(institution_column).eq(id.uuid()))
            }
            Self::Nothing => Condition::all().add(Expr::val(1).eq(0)),
        }
    }
}

impl Scope {
    /// Whether nothing is left out.
    pub fn sees_all(&self) -> bool {
        matches!(self, Self::Federation { code, .. } if code == NATIONAL)
    }

    /// The same condition as SQL text with at most one value, whose place is `$number`.
    pub(crate) fn sql(
        &self,
        region: &str,
        institution: &str,
        number: usize,
    ) -> (String, Option<Value>) {
        match self {
            Self::Federation { code, .. } if code == NATIONAL => ("1 = 1".to_owned(), None),
            Self::Federation { code, .. } => (
                format!(
                    "{region} IN (SELECT area FROM federation_area WHERE federation = ${number} AND valid_until IS NULL)"
                ),
                Some(code.as_str().into()),
            ),
            Self::Institution(id) => (format!("{institution} = ${number}"), Some(id.uuid().into())),
            Self::Nothing => ("1 = 0".to_owned(), None),
        }
    }
}

/// Code of the national federation.
pub const NATIONAL: &str = "000000";

/// The condition that a division or federation lies in the area of a federation.
pub(crate) fn in_area(column: SimpleExpr, federation: &str) -> SimpleExpr {
    let areas = Query::select()
        .column(federation_area::Column::Area)
        .from(federation_area::Entity)
        .and_where(federation_area::Column::Federation.eq(federation))
        .and_where(federation_area::Column::ValidUntil.is_null())
        .to_owned();
    column.in_subquery(areas)
}

/// The condition, in SQL text, that an admission called `name` there tells who looks after the people and the files of its
/// institution: one of standing; while there is none, one that was left; without that an application, and one that was
/// refused only while there is nothing else. Who was once asked for an admission has nothing to do with what the
/// institution is elsewhere.
pub(crate) fn looked_after(name: &str) -> String {
    let standing = InstitutionState::ALL.iter();
    let standing: Vec<String> = standing
        .filter(|state| state.is_admitted())
        .map(|state| format!("'{state}'"))
        .collect();
    let standing = standing.join(", ");
    let rank = |of: &str| {
        format!(
            "CASE WHEN {of}.state IN ({standing}) THEN 0 WHEN {of}.state = 'exited' THEN 1 \
             WHEN {of}.state = 'rejected' THEN 3 ELSE 2 END"
        )
    };
    format!(
        "({name}.state IN ({standing}) OR NOT EXISTS (SELECT 1 FROM admission z \
         WHERE z.institution_id = {name}.institution_id AND {} < {}))",
        rank("z"),
        rank(name)
    )
}

/// Whether a federation looks after an area (its own included); national looks after all.
pub async fn looks_after(
    db: &impl ConnectionTrait,
    federation: &str,
    area: &str,
) -> Result<bool, StoreError> {
    if federation == NATIONAL {
        return Ok(true);
    }
    let found = federation_area::Entity::find()
        .filter(federation_area::Column::Federation.eq(federation))
        .filter(federation_area::Column::Area.eq(area))
        .filter(federation_area::Column::ValidUntil.is_null())
        .one(db)
        .await?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use domain::cohort::CohortState;

    use super::*;
    use crate::fixture::Fixture;

    fn federation(code: &str) -> Scope {
        Scope::Federation {
            code: code.to_owned(),
            capacity: ScopeCapacity::Site,
        }
    }

    #[tokio::test]
    async fn a_place_that_was_handed_over_is_seen_by_who_looks_after_it_now() {
        let fixture = Fixture::open().await;
        let class = fixture
            .class(CohortState::Planned, "2026-04-10", "2026-04-20")
            .await;
        let reader = fixture.store.reader();
        let sees = async |code: &str| {
            let found = crate::cohorts::find(reader, &federation(code), class.id).await;
            let looks = looks_after(reader, code, "330106").await.expect("asked");
            assert_eq!(found.expect("asked").is_some(), looks, "{code}");
            looks
        };
        // A prefix of the code is nobody: neither shorter nor longer, nor a wildcard.
        for code in ["3301", "33", "3", "", "3301061", "%", "33____", "330000 "] {
            assert!(!sees(code).await, "{code}");
        }
        assert!(sees("330106").await && sees("330000").await && sees(NATIONAL).await);
        // The county is joined to another one of another province from today on.
        let tx = fixture.store.write().await.expect("a transaction");
        tx.execute_unprepared(
            "INSERT INTO federation VALUES ('340000', '安徽省残联', 'province', '000000'), ('340199', '新区残联', 'county', '340000'); \
             UPDATE federation_area SET valid_until = '2026-04-01' WHERE area = '330106'; \
             INSERT INTO federation_area VALUES ('340000', '330106', '2026-04-01', NULL), ('340199', '330106', '2026-04-01', NULL)",
        )
        .await
        .expect("rows");
        crate::commit(tx).await.expect("committed");
        assert!(sees("340199").await && sees("340000").await && sees(NATIONAL).await);
        assert!(
            !sees("330106").await && !sees("330000").await,
            "those before see it no more"
        );
    }
}
