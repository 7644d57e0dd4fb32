//! Appeals.

use chrono::{DateTime, Utc};
use domain::access::Role;
use domain::ids::{AdmissionId, AppealId, CaseId, DocumentId, PersonId, StaffPersonId, TimelineId};
use domain::institution::appeal::{AppealState, Outcome};
use domain::institution::appealed::{Appealed, Grievance};
use domain::institution::{Grade, InstitutionState};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::entity::cases::appeal;
use crate::entity::catalogue::admission;
use crate::scope::Scope;
use crate::{StoreError, time};

/// An appeal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appeal {
    /// Its id.
    pub id: AppealId,
    /// Its number.
    pub number: String,
    /// The admission.
    pub admission: AdmissionId,
    /// The case, where the decision belongs to one.
    pub case: Option<CaseId>,
    /// The act appealed against.
    pub against: Appealed,
    /// The thing that it concerned: the admission, or an enrolment, a certificate, an episode.
    pub object: Uuid,
    /// Who appeals.
    pub appellant: Role,
    /// The trainee that it is about.
    pub person: Option<PersonId>,
    /// Its entry in the timeline.
    pub decision: TimelineId,
    /// Who hears.
    pub hearing_role: Role,
    /// Who took part in the decision.
    pub deciders: Vec<StaffPersonId>,
    /// Points disputed.
    pub points: String,
    /// What the institution wishes.
    pub wish: String,
    /// State.
    pub state: AppealState,
    /// Whether it came in time.
    pub in_time: bool,
    /// Whether it stays the decision now.
    pub stayed: bool,
    /// State that the decision had given.
    pub stayed_state: Option<InstitutionState>,
    /// Grade that the decision had given.
    pub stayed_grade: Option<Grade>,
    /// Whether its term was extended.
    pub extended: bool,
    /// Outcome.
    pub outcome: Option<Outcome>,
    /// The decision with its reasons.
    pub text: Option<String>,
    /// What must be redone.
    pub redo: Vec<String>,
    /// Document of the decision.
    pub document: Option<DocumentId>,
    /// Who lodged it.
    pub lodged_by: StaffPersonId,
    /// When.
    pub lodged_at: DateTime<Utc>,
    /// Since when it is in this state.
    pub state_since: DateTime<Utc>,
    /// Raised by every change.
    pub revision: i32,
}

/// Kind of the thing of an appeal against a decision on an institution.
const OF_INSTITUTION: &str = "admission";

/// Writes a new appeal; a second one against the same decision is a duplicate.
pub async fn insert(db: &impl ConnectionTrait, new: &Appeal) -> Result<(), StoreError> {
    let deciders: Vec<String> = new.deciders.iter().map(ToString::to_string).collect();
    let row = appeal::ActiveModel {
        id: Set(new.id.uuid()),
        number: Set(new.number.clone()),
        admission_id: Set(new.admission.uuid()),
        case_id: Set(new.case.map(CaseId::uuid)),
        against: Set(new.against.as_str().to_owned()),
        timeline_id: Set(new.decision.uuid()),
        hearing_role: Set(new.hearing_role.as_str().to_owned()),
        deciders: Set(serde_json::Value::from(deciders).to_string()),
        points: Set(new.points.clone()),
        wish: Set(new.wish.clone()),
        state: Set(new.state.as_str().to_owned()),
        in_time: Set(new.in_time),
        stayed: Set(new.stayed),
        stayed_state: Set(new.stayed_state.map(|state| state.as_str().to_owned())),
        stayed_grade: Set(new.stayed_grade.map(|grade| grade.as_str().to_owned())),
        extended: Set(false),
        outcome: Set(None),
        decision: Set(None),
        redo: Set("[]".to_owned()),
        document_id: Set(None),
        lodged_by: Set(new.lodged_by.uuid()),
        lodged_at: Set(time::millis(new.lodged_at)),
        state_since: Set(time::millis(new.state_since)),
        revision: Set(new.revision),
        object_kind: Set(match new.against {
            Appealed::Transition(_) => OF_INSTITUTION.to_owned(),
            Appealed::Grievance(one) => one.object_kind().to_owned(),
        }),
        object_id: Set(Some(new.object)),
        appellant: Set(new.appellant.as_str().to_owned()),
        person_id: Set(new.person.map(PersonId::uuid)),
    };
    appeal::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Writes what may change and raises the revision; `Stale` when somebody else did first.
pub async fn update(db: &impl ConnectionTrait, row: &Appeal) -> Result<i32, StoreError> {
    use appeal::Column;
    let done = appeal::Entity::update_many()
        .col_expr(Column::State, Expr::value(row.state.as_str()))
        .col_expr(Column::Stayed, Expr::value(row.stayed))
        .col_expr(Column::Extended, Expr::value(row.extended))
        .col_expr(
            Column::Outcome,
            Expr::value(row.outcome.map(|one| one.as_str().to_owned())),
        )
        .col_expr(Column::Decision, Expr::value(row.text.clone()))
        .col_expr(
            Column::Redo,
            Expr::value(serde_json::Value::from(row.redo.clone()).to_string()),
        )
        .col_expr(
            Column::DocumentId,
            Expr::value(row.document.map(DocumentId::uuid)),
        )
        .col_expr(
            Column::StateSince,
            Expr::value(time::millis(row.state_since)),
        )
        .col_expr(Column::Revision, Expr::value(row.revision + 1))
        .filter(Column::Id.eq(row.id.uuid()))
        .filter(Column::Revision.eq(row.revision))
        .exec(db)
        .await?;
    if done.rows_affected == 1 {
        Ok(row.revision + 1)
    } else {
        Err(StoreError::Stale)
    }
}

fn scoped(scope: &Scope) -> sea_orm::Select<appeal::Entity> {
    let query = appeal::Entity::find();
    if scope.sees_all() {
        return query;
    }
    let admissions = sea_orm::sea_query::Query::select()
        .column(admission::Column::Id)
        .from(admission::Entity)
        .cond_where(scope.condition(
            admission::Column::SiteRegion,
            admission::Column::InstitutionId,
        ))
        .to_owned();
    let query = query.filter(appeal::Column::AdmissionId.in_subquery(admissions));
    if !matches!(scope, Scope::Institution(_)) {
        return query;
    }
    // What a trainee says about others is not for the institution to read; it answers for its own acts.
    let own = Grievance::ALL.iter().filter(|one| one.is_of_institution());
    query.filter(
        appeal::Column::Appellant
            .ne(Role::Trainee.as_str())
            .or(appeal::Column::Against.is_in(own.map(|one| one.as_str()))),
    )
}

/// The appeal with this id inside the scope.
pub async fn find(
    db: &impl ConnectionTrait,
    scope: &Scope,
    id: AppealId,
) -> Result<Option<Appeal>, StoreError> {
    scoped(scope)
        .filter(appeal::Column::Id.eq(id.uuid()))
        .one(db)
        .await?
        .map(Appeal::try_from)
        .transpose()
}

/// Appeals inside the scope, newest first, at most `limit`, older than the one given.
pub async fn list(
    db: &impl ConnectionTrait,
    scope: &Scope,
    before: Option<AppealId>,
    limit: u64,
) -> Result<Vec<Appeal>, StoreError> {
    let mut query = scoped(scope);
    if let Some(before) = before {
        query = query.filter(appeal::Column::Id.lt(before.uuid()));
    }
    let rows = query
        .order_by_desc(appeal::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(Appeal::try_from).collect()
}

/// Appeals against decisions on an admission, oldest first.
pub async fn of(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Vec<Appeal>, StoreError> {
    let rows = appeal::Entity::find()
        .filter(appeal::Column::AdmissionId.eq(admission.uuid()))
        .filter(appeal::Column::ObjectKind.eq(OF_INSTITUTION))
        .order_by_asc(appeal::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Appeal::try_from).collect()
}

/// The newest appeal against a decision, unless it was withdrawn.
pub async fn against(
    db: &impl ConnectionTrait,
    decision: TimelineId,
) -> Result<Option<Appeal>, StoreError> {
    appeal::Entity::find()
        .filter(appeal::Column::TimelineId.eq(decision.uuid()))
        .filter(appeal::Column::State.ne(AppealState::Withdrawn.as_str()))
        .one(db)
        .await?
        .map(Appeal::try_from)
        .transpose()
}

impl TryFrom<appeal::Model> for Appeal {
    type Error = StoreError;

    fn try_from(row: appeal::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("appeal", row.id);
        let deciders: Vec<Uuid> = serde_json::from_str(&row.deciders).map_err(|_| bad())?;
        Ok(Self {
            id: row.id.into(),
            admission: row.admission_id.into(),
            case: row.case_id.map(Into::into),
            against: row.against.parse().map_err(|_| bad())?,
            object: row.object_id.unwrap_or(row.admission_id),
            appellant: row.appellant.parse().map_err(|_| bad())?,
            person: row.person_id.map(Into::into),
            decision: row.timeline_id.into(),
            hearing_role: row.hearing_role.parse().map_err(|_| bad())?,
            deciders: deciders.into_iter().map(StaffPersonId::new).collect(),
            state: row.state.parse().map_err(|_| bad())?,
            stayed_state: row
                .stayed_state
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())?,
            stayed_grade: row
                .stayed_grade
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())?,
            outcome: row
                .outcome
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| bad())?,
            redo: serde_json::from_str(&row.redo).map_err(|_| bad())?,
            document: row.document_id.map(Into::into),
            lodged_by: row.lodged_by.into(),
            lodged_at: time::instant(row.lodged_at)?,
            state_since: time::instant(row.state_since)?,
            number: row.number,
            points: row.points,
            wish: row.wish,
            in_time: row.in_time,
            stayed: row.stayed,
            extended: row.extended,
            text: row.decision,
            revision: row.revision,
        })
    }
}
