//! Conflicts between pieces of evidence: what the county or a province is to look at.

use chrono::{DateTime, Utc};
use domain::evidence::ConflictKind;
use domain::ids::{ConflictId, EnrolmentId, EpisodeId, InstitutionId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::entity::evidence::evidence_conflict;
use crate::scope::Scope;
use crate::{StoreError, time};

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Its id.
    pub id: ConflictId,
    /// Why it wants a look.
    pub kind: ConflictKind,
    /// What both sides have in common; it names nobody.
    pub pair: Uuid,
    /// The enrolment of this side.
    pub enrolment: EnrolmentId,
    /// The episode of this side.
    pub episode: Option<EpisodeId>,
    /// The institution of this side.
    pub institution: InstitutionId,
    /// Where its training is.
    pub site_region: String,
    /// `open` or `closed`.
    pub state: String,
    /// What was found.
    pub words: Option<String>,
    /// When it was found.
    pub found_at: DateTime<Utc>,
}

/// Writes conflicts; the same again changes nothing.
pub async fn add_conflicts(db: &impl ConnectionTrait, all: &[Conflict]) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    let rows = all.iter().map(|one| {
        evidence_conflict::Model {
            id: one.id.uuid(),
            kind: one.kind.as_str().to_owned(),
            pair_id: one.pair,
            enrolment_id: one.enrolment.uuid(),
            episode_id: one.episode.map(EpisodeId::uuid),
            institution_id: one.institution.uuid(),
            site_region: one.site_region.clone(),
            state: "open".to_owned(),
            words: None,
            found_at: time::millis(one.found_at),
            closed_by: None,
            closed_at: None,
        }
        .into_active_model()
    });
    evidence_conflict::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Conflicts of the scope, newest first.
pub async fn conflicts(
    db: &impl ConnectionTrait,
    scope: &Scope,
    state: Option<&str>,
    limit: u64,
) -> Result<Vec<Conflict>, StoreError> {
    use evidence_conflict::Column as C;
    let mut query =
        evidence_conflict::Entity::find().filter(scope.condition(C::SiteRegion, C::InstitutionId));
    if let Some(state) = state {
        query = query.filter(C::State.eq(state));
    }
    query
        .order_by_desc(C::Id)
        .limit(limit)
        .all(db)
        .await?
        .into_iter()
        .map(Conflict::try_from)
        .collect()
}

/// A conflict of the scope.
pub async fn conflict(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: ConflictId,
) -> Result<Option<Conflict>, StoreError> {
    use evidence_conflict::Column as C;
    evidence_conflict::Entity::find_by_id(id.uuid())
        .filter(scope.condition(C::SiteRegion, C::InstitutionId))
        .one(db)
        .await?
        .map(Conflict::try_from)
        .transpose()
}

impl TryFrom<evidence_conflict::Model> for Conflict {
    type Error = StoreError;

    fn try_from(row: evidence_conflict::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            kind: row
                .kind
                .parse()
                .map_err(|_| StoreError::inconsistent("evidence_conflict", row.id))?,
            pair: row.pair_id,
            enrolment: row.enrolment_id.into(),
            episode: row.episode_id.map(Into::into),
            institution: row.institution_id.into(),
            site_region: row.site_region,
            state: row.state,
            words: row.words,
            found_at: time::instant(row.found_at)?,
        })
    }
}
