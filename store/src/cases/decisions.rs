//! Decisions on an admission as the timeline holds them: what appeals and setting aside rest on.

use chrono::{DateTime, NaiveDate, Utc};
use domain::access::Role;
use domain::ids::{AdmissionId, StaffPersonId, TimelineId};
use domain::institution::{InstitutionState, InstitutionTransition};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::journal::timeline;
use crate::{StoreError, time};

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its entry in the timeline.
    pub id: TimelineId,
    /// When.
    pub at: DateTime<Utc>,
    /// Day of the decision in China.
    pub on: NaiveDate,
    /// The act.
    pub act: InstitutionTransition,
    /// State before.
    pub from: Option<InstitutionState>,
    /// State after.
    pub to: Option<InstitutionState>,
    /// Cause.
    pub cause: Option<String>,
    /// Level that decided.
    pub role: Role,
    /// Everybody who took part.
    pub persons: Vec<StaffPersonId>,
}

/// The newest decision of this kind on an admission.
pub async fn newest(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    act: InstitutionTransition,
) -> Result<Option<Decision>, StoreError> {
    let row = timeline::Entity::find()
        .filter(timeline::Column::ObjectId.eq(admission.uuid()))
        .filter(timeline::Column::Act.eq(act.as_str()))
        .filter(timeline::Column::ToState.is_not_null())
        .order_by_desc(timeline::Column::Id)
        .limit(1)
        .one(db)
        .await?;
    row.map(Decision::try_from).transpose()
}

/// The decision with this entry in the timeline.
pub async fn find(
    db: &impl ConnectionTrait,
    id: TimelineId,
) -> Result<Option<Decision>, StoreError> {
    timeline::Entity::find_by_id(id.uuid())
        .one(db)
        .await?
        .map(Decision::try_from)
        .transpose()
}

impl TryFrom<timeline::Model> for Decision {
    type Error = StoreError;

    fn try_from(row: timeline::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("timeline", row.id);
        let state = |text: &Option<String>| {
            text.as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())
        };
        let at = time::instant(row.at)?;
        let persons = row
            .staff_person_id
            .into_iter()
            .chain(row.second_person_id)
            .map(StaffPersonId::new)
            .collect();
        Ok(Self {
            id: row.id.into(),
            at,
            on: domain::calendar::today(at),
            act: row.act.parse().map_err(|_| bad())?,
            from: state(&row.from_state)?,
            to: state(&row.to_state)?,
            cause: row.reason_code.clone(),
            role: row.role.parse().map_err(|_| bad())?,
            persons,
        })
    }
}
