//! Claims of institutions that a trainee of theirs works.

use chrono::{DateTime, Utc};
use domain::ids::{AdmissionId, EnrolmentId, EpisodeId, InstitutionId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter,
    QueryOrder, Statement,
};
use uuid::Uuid;

use crate::entity::evidence::episode_claim;
use crate::{StoreError, time};

/// One institution's claim of an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The episode.
    pub episode: EpisodeId,
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The institution.
    pub institution: InstitutionId,
    /// Where the training is.
    pub site_region: String,
}

/// Notes that an institution claims an episode; the same again changes nothing.
pub async fn claim(
    db: &impl ConnectionTrait,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = episode_claim::Model {
        episode_id: claim.episode.uuid(),
        enrolment_id: claim.enrolment.uuid(),
        institution_id: claim.institution.uuid(),
        site_region: claim.site_region.clone(),
        claimed_at: time::millis(now),
    };
    episode_claim::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Claims of these episodes.
pub async fn claims(
    db: &impl ConnectionTrait,
    episodes: &[EpisodeId],
) -> Result<Vec<Claim>, StoreError> {
    let rows = episode_claim::Entity::find()
        .filter(episode_claim::Column::EpisodeId.is_in(episodes.iter().map(|id| id.uuid())))
        .order_by_asc(episode_claim::Column::ClaimedAt)
        .all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claim {
            episode: row.episode_id.into(),
            enrolment: row.enrolment_id.into(),
            institution: row.institution_id.into(),
            site_region: row.site_region,
        })
        .collect())
}

/// The admission whose trainee an episode was claimed for first.
pub async fn first_claimant(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
) -> Result<AdmissionId, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        admission_id: Uuid,
    }
    let sql = "SELECT c.admission_id FROM episode_claim k JOIN enrolment e ON e.id = k.enrolment_id \
               JOIN cohort c ON c.id = e.cohort_id WHERE k.episode_id = $1 ORDER BY k.claimed_at, k.enrolment_id LIMIT 1";
    let values = [episode.uuid().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let found = Found::find_by_statement(statement).one(db).await?;
    found
        .map(|row| row.admission_id.into())
        .ok_or_else(|| StoreError::inconsistent("employment_episode", episode))
}

/// Where the class lies in which an episode was claimed for first.
pub async fn first_place(
    db: &impl ConnectionTrait,
    episode: EpisodeId,
) -> Result<String, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        site_region: String,
    }
    let sql = "SELECT site_region FROM episode_claim WHERE episode_id = $1 ORDER BY claimed_at, enrolment_id LIMIT 1";
    let values = [episode.uuid().into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let found = Found::find_by_statement(statement).one(db).await?;
    found
        .map(|row| row.site_region)
        .ok_or_else(|| StoreError::inconsistent("employment_episode", episode))
}
