//! What an exit does: offers closed, plans for running classes, certificates under review, bars.

use chrono::{DateTime, NaiveDate, Utc};
use domain::cohort::CohortState;
use domain::ids::{AdmissionId, CaseId, CertificateId, CohortId, InstitutionId, OfferId};
use domain::institution::Plan;
use domain::offer::OfferState;
use sea_orm::sea_query::{Expr, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, Statement, Value,
};
use uuid::Uuid;

use crate::certificates::Certificate;
use crate::cohorts::Cohort;
use crate::entity::cases::{
    appeal, bar, certificate_review, class_plan, closed_offer, fraud_cohort,
};
use crate::entity::catalogue::offer;
use crate::entity::certificates::certificate;
use crate::entity::cohorts::{cohort, enrolment};
use crate::{StoreError, time};

/// Classes of an admission in one of these states, oldest first.
pub async fn classes(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
    states: &[CohortState],
) -> Result<Vec<Cohort>, StoreError> {
    let rows = cohort::Entity::find()
        .filter(cohort::Column::AdmissionId.eq(admission.uuid()))
        .filter(cohort::Column::State.is_in(states.iter().map(|state| state.as_str())))
        .order_by_asc(cohort::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Cohort::try_from).collect()
}

/// The last day on which a course of this admission was or is to be held, without those given up.
pub async fn last_course_on(
    db: &impl ConnectionTrait,
    admission: AdmissionId,
) -> Result<Option<NaiveDate>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        last: Option<String>,
    }
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT MAX(end_on) AS last FROM cohort WHERE admission_id = $1 AND state NOT IN ('planned', 'cancelled')",
        [Value::from(admission.uuid())],
    );
    let row = Row::find_by_statement(statement).one(db).await?;
    time::optional_date(row.and_then(|row| row.last).as_deref())
}

/// An offer whose state an exit changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferMove {
    /// The offer.
    pub offer: OfferId,
    /// State before.
    pub from: OfferState,
    /// State after.
    pub to: OfferState,
}

/// Closes the offers of an admission that are not closed, and remembers what they were.
pub async fn close_offers(
    db: &impl ConnectionTrait,
    case: CaseId,
    admission: AdmissionId,
    now: DateTime<Utc>,
) -> Result<Vec<OfferMove>, StoreError> {
    let rows = offer::Entity::find()
        .filter(offer::Column::AdmissionId.eq(admission.uuid()))
        .filter(
            offer::Column::State
                .is_not_in([OfferState::Closed.as_str(), OfferState::Retired.as_str()]),
        )
        .order_by_asc(offer::Column::Id)
        .all(db)
        .await?;
    let mut moves = Vec::with_capacity(rows.len());
    for row in rows {
        let from: OfferState = row
            .state
            .parse()
            .map_err(|_| StoreError::inconsistent("offer", row.id))?;
        let kept = closed_offer::ActiveModel {
            case_id: Set(case.uuid()),
            offer_id: Set(row.id),
            state_before: Set(row.state.clone()),
        };
        closed_offer::Entity::insert(kept)
            .on_conflict(
                OnConflict::columns([closed_offer::Column::CaseId, closed_offer::Column::OfferId])
                    .update_column(closed_offer::Column::StateBefore)
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
        moves.push(moved(db, row.id, row.revision, from, OfferState::Closed, now).await?);
    }
    Ok(moves)
}

/// Moves the offers that a case closed: to `retired` at the exit, or back to what they were.
pub async fn move_offers(
    db: &impl ConnectionTrait,
    case: CaseId,
    retire: bool,
    now: DateTime<Utc>,
) -> Result<Vec<OfferMove>, StoreError> {
    let kept = closed_offer::Entity::find()
        .filter(closed_offer::Column::CaseId.eq(case.uuid()))
        .all(db)
        .await?;
    let mut moves = Vec::with_capacity(kept.len());
    for one in kept {
        let Some(row) = offer::Entity::find_by_id(one.offer_id).one(db).await? else {
            return Err(StoreError::inconsistent("closed_offer", one.offer_id));
        };
        let bad = || StoreError::inconsistent("offer", row.id);
        let from: OfferState = row.state.parse().map_err(|_| bad())?;
        let to = if retire {
            OfferState::Retired
        } else {
            one.state_before.parse().map_err(|_| bad())?
        };
        if from != to && matches!(from, OfferState::Closed | OfferState::Retired) {
            moves.push(moved(db, row.id, row.revision, from, to, now).await?);
        }
    }
    Ok(moves)
}

async fn moved(
    db: &impl ConnectionTrait,
    id: Uuid,
    revision: i32,
    from: OfferState,
    to: OfferState,
    now: DateTime<Utc>,
) -> Result<OfferMove, StoreError> {
    crate::offers::change(db, id.into(), revision, to, now).await?;
    Ok(OfferMove {
        offer: id.into(),
        from,
        to,
    })
}

/// What becomes of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassPlan {
    /// The class.
    pub cohort: CohortId,
    /// The plan.
    pub plan: Plan,
    /// Who takes the trainees, in words or by cohort code.
    pub receiving: Option<String>,
    /// Hours taught when it was decided.
    pub hours_taught: u32,
    /// Until when.
    pub due_on: NaiveDate,
}

/// Writes the plans of a case; a newer plan of a class replaces the older one.
pub async fn plan(
    db: &impl ConnectionTrait,
    case: CaseId,
    plans: &[ClassPlan],
) -> Result<(), StoreError> {
    for one in plans {
        let row = class_plan::ActiveModel {
            case_id: Set(case.uuid()),
            cohort_id: Set(one.cohort.uuid()),
            plan: Set(one.plan.as_str().to_owned()),
            receiving: Set(one.receiving.clone()),
            hours_taught: Set(one.hours_taught.cast_signed()),
            due_on: Set(one.due_on.to_string()),
            ended_at: Set(None),
        };
        class_plan::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([class_plan::Column::CaseId, class_plan::Column::CohortId])
                    .update_columns([
                        class_plan::Column::Plan,
                        class_plan::Column::Receiving,
                        class_plan::Column::HoursTaught,
                        class_plan::Column::DueOn,
                        class_plan::Column::EndedAt,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Plans of a case.
pub async fn plans_of(
    db: &impl ConnectionTrait,
    case: CaseId,
) -> Result<Vec<ClassPlan>, StoreError> {
    let rows = class_plan::Entity::find()
        .filter(class_plan::Column::CaseId.eq(case.uuid()))
        .order_by_asc(class_plan::Column::CohortId)
        .all(db)
        .await?;
    rows.into_iter().map(ClassPlan::try_from).collect()
}

impl TryFrom<class_plan::Model> for ClassPlan {
    type Error = StoreError;

    fn try_from(row: class_plan::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("class_plan", row.cohort_id);
        Ok(Self {
            cohort: row.cohort_id.into(),
            plan: row.plan.parse().map_err(|_| bad())?,
            hours_taught: row.hours_taught.try_into().map_err(|_| bad())?,
            due_on: time::date(&row.due_on)?,
            receiving: row.receiving,
        })
    }
}

/// Classes in these states.
fn in_states(states: &[CohortState]) -> SelectStatement {
    Query::select()
        .column(cohort::Column::Id)
        .from(cohort::Entity)
        .and_where(cohort::Column::State.is_in(states.iter().map(|state| state.as_str())))
        .to_owned()
}

/// The institution stays: ends the plans of a case for its classes in these states, which go on. What was carried out before
/// stays what the exit did.
pub async fn end_plans(
    db: &impl ConnectionTrait,
    case: CaseId,
    states: &[CohortState],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    class_plan::Entity::update_many()
        .col_expr(class_plan::Column::EndedAt, Expr::value(time::millis(now)))
        .filter(class_plan::Column::CaseId.eq(case.uuid()))
        .filter(class_plan::Column::EndedAt.is_null())
        .filter(class_plan::Column::CohortId.in_subquery(in_states(states)))
        .exec(db)
        .await?;
    Ok(())
}

/// The decision that the institution stays was set aside: the plans of a case that ended with it count again for its classes
/// in these states. Answers them.
pub async fn resume_plans(
    db: &impl ConnectionTrait,
    case: CaseId,
    states: &[CohortState],
) -> Result<Vec<ClassPlan>, StoreError> {
    let rows = class_plan::Entity::find()
        .filter(class_plan::Column::CaseId.eq(case.uuid()))
        .filter(class_plan::Column::EndedAt.is_not_null())
        .filter(class_plan::Column::CohortId.in_subquery(in_states(states)))
        .order_by_asc(class_plan::Column::CohortId)
        .all(db)
        .await?;
    class_plan::Entity::update_many()
        .col_expr(class_plan::Column::EndedAt, Expr::value(None::<i64>))
        .filter(class_plan::Column::CaseId.eq(case.uuid()))
        .filter(class_plan::Column::CohortId.is_in(rows.iter().map(|row| row.cohort_id)))
        .exec(db)
        .await?;
    rows.into_iter().map(ClassPlan::try_from).collect()
}

/// Whether a class is taught to its end although its institution leaves.
pub async fn is_taught_out(
    db: &impl ConnectionTrait,
    cohort: CohortId,
) -> Result<bool, StoreError> {
    Ok(class_plan::Entity::find()
        .filter(class_plan::Column::CohortId.eq(cohort.uuid()))
        .filter(class_plan::Column::Plan.eq(Plan::TeachOut.as_str()))
        .filter(class_plan::Column::EndedAt.is_null())
        .one(db)
        .await?
        .is_some())
}

/// Names the classes that a fraud concerns.
pub async fn name_fraud_cohorts(
    db: &impl ConnectionTrait,
    case: CaseId,
    cohorts: &[CohortId],
) -> Result<(), StoreError> {
    for id in cohorts {
        let row = fraud_cohort::ActiveModel {
            case_id: Set(case.uuid()),
            cohort_id: Set(id.uuid()),
        };
        fraud_cohort::Entity::insert(row)
            .on_conflict(
                OnConflict::columns([fraud_cohort::Column::CaseId, fraud_cohort::Column::CohortId])
                    .update_column(fraud_cohort::Column::CohortId)
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Issued certificates of the classes that the fraud of a case concerns.
pub async fn certificates_concerned(
    db: &impl ConnectionTrait,
    case: CaseId,
) -> Result<Vec<Certificate>, StoreError> {
    let cohorts: Vec<Uuid> = fraud_cohort::Entity::find()
        .filter(fraud_cohort::Column::CaseId.eq(case.uuid()))
        .all(db)
        .await?
        .into_iter()
        .map(|row| row.cohort_id)
        .collect();
    let enrolments = Query::select()
        .column(enrolment::Column::Id)
        .from(enrolment::Entity)
        .and_where(enrolment::Column::CohortId.is_in(cohorts))
        .to_owned();
    let rows = certificate::Entity::find()
        .filter(certificate::Column::EnrolmentId.in_subquery(enrolments))
        .filter(certificate::Column::Status.eq("issued"))
        .order_by_asc(certificate::Column::LeafIndex)
        .all(db)
        .await?;
    rows.into_iter().map(Certificate::try_from).collect()
}

/// Puts a certificate on the list of a case for review.
pub async fn review(
    db: &impl ConnectionTrait,
    case: CaseId,
    certificate: CertificateId,
    due_on: NaiveDate,
) -> Result<(), StoreError> {
    let row = certificate_review::ActiveModel {
        case_id: Set(case.uuid()),
        certificate_id: Set(certificate.uuid()),
        due_on: Set(due_on.to_string()),
    };
    certificate_review::Entity::insert(row)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// A certificate under review.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Reviewed {
    /// Inner id of the certificate.
    pub id: Uuid,
    /// Its number.
    pub certificate_no: String,
    /// Its status now: `suspended` waits, `issued` was restored, `revoked` was revoked.
    pub status: String,
    /// Until when.
    pub due_on: String,
}

/// Certificates that a case put under review.
pub async fn reviews(db: &impl ConnectionTrait, case: CaseId) -> Result<Vec<Reviewed>, StoreError> {
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "SELECT c.id, c.certificate_no, c.status, r.due_on FROM certificate_review r \
         JOIN certificate c ON c.id = r.certificate_id WHERE r.case_id = $1 ORDER BY c.leaf_index",
        [Value::from(case.uuid())],
    );
    Ok(Reviewed::find_by_statement(statement).all(db).await?)
}

/// Cases that have this certificate under review.
pub async fn reviewed_in(
    db: &impl ConnectionTrait,
    certificate: CertificateId,
) -> Result<Vec<CaseId>, StoreError> {
    let rows = certificate_review::Entity::find()
        .filter(certificate_review::Column::CertificateId.eq(certificate.uuid()))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.case_id.into()).collect())
}

/// Bars an institution from applying until a day, in every province.
pub async fn bar_until(
    db: &impl ConnectionTrait,
    id: Uuid,
    institution: InstitutionId,
    case: Option<CaseId>,
    until: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = bar::ActiveModel {
        id: Set(id),
        institution_id: Set(institution.uuid()),
        case_id: Set(case.map(CaseId::uuid)),
        until: Set(until.to_string()),
        lifted_at: Set(None),
        made_at: Set(time::millis(now)),
    };
    bar::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Lifts the bars that a case set; they stay on record.
pub async fn lift_bars(
    db: &impl ConnectionTrait,
    case: CaseId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    bar::Entity::update_many()
        .col_expr(bar::Column::LiftedAt, Expr::value(time::millis(now)))
        .filter(bar::Column::CaseId.eq(case.uuid()))
        .filter(bar::Column::LiftedAt.is_null())
        .exec(db)
        .await?;
    super::persons::lift(db, case, now).await
}

/// The cases whose exit an appeal stays: its effects wait with it, and their bars bar nobody meanwhile.
pub(super) async fn stayed(
    db: &impl ConnectionTrait,
    cases: impl Iterator<Item = Option<Uuid>>,
) -> Result<Vec<Uuid>, StoreError> {
    let cases: Vec<Uuid> = cases.flatten().collect();
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let rows = appeal::Entity::find()
        .filter(appeal::Column::CaseId.is_in(cases))
        .filter(appeal::Column::Stayed.eq(true))
        .all(db)
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.case_id).collect())
}

/// Until when an institution is barred; `None` when it is not.
pub async fn barred_until(
    db: &impl ConnectionTrait,
    institution: InstitutionId,
) -> Result<Option<NaiveDate>, StoreError> {
    let rows = bar::Entity::find()
        .filter(bar::Column::InstitutionId.eq(institution.uuid()))
        .filter(bar::Column::LiftedAt.is_null())
        .all(db)
        .await?;
    let stayed = stayed(db, rows.iter().map(|row| row.case_id)).await?;
    let days = rows
        .iter()
        .filter(|row| row.case_id.is_none_or(|case| !stayed.contains(&case)))
        .map(|row| time::date(&row.until))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(days.into_iter().max())
}
