//! Attendance totals, assessment results, and the facts that the gates before a certificate look at.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::completion::{Assessment, AssessmentState, Attendance, AttendanceState};
use domain::gates::CertificateFacts;
use domain::ids::{CohortId, EnrolmentId, PersonId, StaffPersonId};
use domain::privacy::ConsentPurpose;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::entity::certificates::certificate;
use crate::entity::cohorts::{assessment_result, attendance_total, enrolment};
use crate::entity::people::person_identifier;
use crate::privacy::consents::refused_since;
use crate::scope::Scope;
use crate::{StoreError, cohorts, enrolments, time};

/// Values bound in one list of a query.
const LIST: usize = 1_000;

/// A result with who marked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// The result.
    pub result: Assessment,
    /// What was adjusted, as words.
    pub adjustments: Vec<String>,
    /// Who marked it.
    pub marked_by: StaffPersonId,
}

/// A result to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewResult {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// The result.
    pub result: Assessment,
    /// What was adjusted.
    pub adjustments: Vec<String>,
}

/// Attendance of all enrolments of a class.
pub async fn attendance(
    db: &impl ConnectionTrait,
    cohort: CohortId,
) -> Result<HashMap<EnrolmentId, Attendance>, StoreError> {
    let rows = attendance_total::Entity::find()
        .filter(attendance_total::Column::EnrolmentId.in_subquery(members(cohort)))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("attendance_total", row.enrolment_id);
            let total = Attendance {
                minutes: row.minutes.try_into().map_err(|_| bad())?,
                state: row.state.parse().map_err(|_| bad())?,
            };
            Ok((row.enrolment_id.into(), total))
        })
        .collect()
}

/// Writes attendance totals; the state of a total that is there stays as it is.
pub async fn record_attendance(
    db: &impl ConnectionTrait,
    totals: &[(EnrolmentId, u32)],
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use attendance_total::Column;
    for chunk in totals.chunks(LIST) {
        let rows = chunk
            .iter()
            .map(|(enrolment, minutes)| attendance_total::ActiveModel {
                enrolment_id: Set(enrolment.uuid()),
                minutes: Set(minutes.cast_signed()),
                state: Set(AttendanceState::Recorded.as_str().to_owned()),
                recorded_by: Set(by.uuid()),
                recorded_at: Set(time::millis(now)),
                locked_at: Set(None),
            });
        attendance_total::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(Column::EnrolmentId)
                    .update_columns([Column::Minutes, Column::RecordedBy, Column::RecordedAt])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Locks all recorded attendance of a class; answers how many totals were locked now.
pub async fn lock_attendance(
    db: &impl ConnectionTrait,
    cohort: CohortId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let done = attendance_total::Entity::update_many()
        .col_expr(
            attendance_total::Column::State,
            Expr::value(AttendanceState::Locked.as_str()),
        )
        .col_expr(
            attendance_total::Column::LockedAt,
            Expr::value(time::millis(now)),
        )
        .filter(attendance_total::Column::EnrolmentId.in_subquery(members(cohort)))
        .filter(attendance_total::Column::State.eq(AttendanceState::Recorded.as_str()))
        .exec(db)
        .await?;
    Ok(done.rows_affected)
}

/// Results of all enrolments of a class.
pub async fn assessments(
    db: &impl ConnectionTrait,
    cohort: CohortId,
) -> Result<HashMap<EnrolmentId, Marked>, StoreError> {
    let rows = assessment_result::Entity::find()
        .filter(assessment_result::Column::EnrolmentId.in_subquery(members(cohort)))
        .all(db)
        .await?;
    rows.into_iter()
        .map(|row| {
            let bad = || StoreError::inconsistent("assessment_result", row.enrolment_id);
            let result = Assessment {
                passed: row.passed,
                score: row.score.map(u8::try_from).transpose().map_err(|_| bad())?,
                held_on: time::date(&row.held_on)?,
                attempt: row.attempt.try_into().map_err(|_| bad())?,
                state: row.state.parse().map_err(|_| bad())?,
            };
            let adjustments = serde_json::from_str(&row.adjustments).map_err(|_| bad())?;
            let marked = Marked {
                result,
                adjustments,
                marked_by: row.marked_by.into(),
            };
            Ok((row.enrolment_id.into(), marked))
        })
        .collect()
}

/// Writes results as marked, in place of the ones there are.
pub async fn mark(
    db: &impl ConnectionTrait,
    results: &[NewResult],
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use assessment_result::Column;
    for chunk in results.chunks(LIST) {
        let rows = chunk.iter().map(|new| assessment_result::ActiveModel {
            enrolment_id: Set(new.enrolment.uuid()),
            passed: Set(new.result.passed),
            score: Set(new.result.score.map(i32::from)),
            held_on: Set(new.result.held_on.to_string()),
            attempt: Set(new.result.attempt.cast_signed()),
            adjustments: Set(serde_json::Value::from(new.adjustments.clone()).to_string()),
            state: Set(AssessmentState::Marked.as_str().to_owned()),
            marked_by: Set(by.uuid()),
            marked_at: Set(time::millis(now)),
            confirmed_by: Set(None),
            confirmed_at: Set(None),
        });
        assessment_result::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(Column::EnrolmentId)
                    .update_columns([
                        Column::Passed,
                        Column::Score,
                        Column::HeldOn,
                        Column::Attempt,
                        Column::Adjustments,
                        Column::State,
                        Column::MarkedBy,
                        Column::MarkedAt,
                        Column::ConfirmedBy,
                        Column::ConfirmedAt,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Confirms these results; `Stale` when one of them is not marked (any more).
pub async fn confirm(
    db: &impl ConnectionTrait,
    ids: &[EnrolmentId],
    by: StaffPersonId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for chunk in ids.chunks(LIST) {
        let done = assessment_result::Entity::update_many()
            .col_expr(
                assessment_result::Column::State,
                Expr::value(AssessmentState::Confirmed.as_str()),
            )
            .col_expr(
                assessment_result::Column::ConfirmedBy,
                Expr::value(by.uuid()),
            )
            .col_expr(
                assessment_result::Column::ConfirmedAt,
                Expr::value(time::millis(now)),
            )
            .filter(assessment_result::Column::EnrolmentId.is_in(chunk.iter().map(|id| id.uuid())))
            .filter(assessment_result::Column::State.eq(AssessmentState::Marked.as_str()))
            .exec(db)
            .await?;
        if done.rows_affected != chunk.len() as u64 {
            return Err(StoreError::Stale);
        }
    }
    Ok(())
}

/// What the gates look at for one trainee, and whose enrolment it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The person.
    pub person: PersonId,
    /// The facts.
    pub facts: CertificateFacts,
}

/// The class and the facts of these trainees, read under lock for the issuing transaction: cohort and admission stay
/// as they are until it ends. Enrolments that are not in the class are left out.
pub async fn lock_candidates(
    db: &impl ConnectionTrait,
    scope: &Scope,
    cohort: CohortId,
    enrolments: &[EnrolmentId],
    today: NaiveDate,
) -> Result<Option<(cohorts::Cohort, cohorts::OfferFacts, Vec<Candidate>)>, StoreError> {
    let Some(class) = cohorts::lock(db, scope, cohort).await? else {
        return Ok(None);
    };
    let offer = cohorts::lock_offer(db, class.offer)
        .await?
        .ok_or_else(|| StoreError::inconsistent("cohort", cohort))?;
    let attendance = attendance(db, cohort).await?;
    let assessments = assessments(db, cohort).await?;
    let wanted: HashSet<EnrolmentId> = enrolments.iter().copied().collect();
    let members: HashMap<EnrolmentId, enrolments::Enrolment> = enrolments::of_cohort(db, cohort)
        .await?
        .into_iter()
        .filter(|enrolment| wanted.contains(&enrolment.id))
        .map(|enrolment| (enrolment.id, enrolment))
        .collect();
    let certified = certified(db, enrolments).await?;
    let people: Vec<PersonId> = members.values().map(|enrolment| enrolment.person).collect();
    let identified = identified(db, &people, today).await?;
    let refused = refused_since(db, &people, ConsentPurpose::Training, today).await?;
    let candidates = enrolments
        .iter()
        .filter_map(|id| members.get(id))
        .map(|enrolment| Candidate {
            person: enrolment.person,
            facts: CertificateFacts {
                enrolment: enrolment.id,
                cohort: class.state,
                planned_hours: class.planned_hours,
                state: enrolment.state,
                attendance: attendance.get(&enrolment.id).copied(),
                assessment: assessments.get(&enrolment.id).map(|marked| marked.result),
                citizen_id_valid: identified.contains(&enrolment.person),
                consent_withdrawn: refused.contains_key(&enrolment.person),
                already_certified: certified.contains(&enrolment.id),
                certificate_type: offer.certificate_type.clone(),
                program_published: offer.program_published,
                standing: offer.standing,
            },
        })
        .collect();
    Ok(Some((class, offer, candidates)))
}

/// Those of these enrolments that have a certificate, in whatever state.
pub async fn certified(
    db: &impl ConnectionTrait,
    enrolments: &[EnrolmentId],
) -> Result<HashSet<EnrolmentId>, StoreError> {
    let mut found = HashSet::new();
    for chunk in enrolments.chunks(LIST) {
        let rows: Vec<Uuid> = certificate::Entity::find()
            .select_only()
            .column(certificate::Column::EnrolmentId)
            .filter(certificate::Column::EnrolmentId.is_in(chunk.iter().map(|id| id.uuid())))
            .into_tuple()
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(EnrolmentId::new));
    }
    Ok(found)
}

/// Those of these people who have an identity number that is valid today.
async fn identified(
    db: &impl ConnectionTrait,
    people: &[PersonId],
    today: NaiveDate,
) -> Result<HashSet<PersonId>, StoreError> {
    let mut found = HashSet::new();
    for chunk in people.chunks(LIST) {
        let rows: Vec<Uuid> = person_identifier::Entity::find()
            .select_only()
            .column(person_identifier::Column::PersonId)
            .filter(person_identifier::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .filter(person_identifier::Column::Kind.eq(crate::persons::CITIZEN_ID))
            .filter(person_identifier::Column::ValidFrom.lte(today.to_string()))
            .filter(crate::persons::still(
                person_identifier::Column::ValidUntil,
                &today.to_string(),
            ))
            .into_tuple()
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(PersonId::new));
    }
    Ok(found)
}

fn members(cohort: CohortId) -> sea_orm::sea_query::SelectStatement {
    sea_orm::sea_query::Query::select()
        .column(enrolment::Column::Id)
        .from(enrolment::Entity)
        .and_where(enrolment::Column::CohortId.eq(cohort.uuid()))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use domain::cohort::{CohortRules, CohortState};
    use domain::gates::{GateFailure, certificate_gates};

    use super::*;
    use crate::fixture::{Fixture, day, id, now};

    fn passed(state: AssessmentState) -> Assessment {
        Assessment {
            passed: true,
            score: Some(90),
            held_on: day("2026-04-20"),
            attempt: 1,
            state,
        }
    }

    #[tokio::test]
    async fn totals_and_results_are_written_locked_and_confirmed() {
        let fixture = Fixture::open().await;
        let class = fixture
            .class(CohortState::Running, "2026-04-10", "2026-04-20")
            .await;
        let (_, enrolment) = fixture.enrol(class.id, "37010219080502757X", "王伟").await;
        let (db, staff) = (fixture.store.reader(), StaffPersonId::new(id()));
        record_attendance(db, &[(enrolment, 10)], staff, now())
            .await
            .expect("recorded");
        record_attendance(db, &[(enrolment, 20)], staff, now())
            .await
            .expect("recorded again");
        assert_eq!(
            lock_attendance(db, class.id, now()).await.expect("locked"),
            1
        );
        record_attendance(db, &[(enrolment, 30)], staff, now())
            .await
            .expect("corrected");
        let total = attendance(db, class.id).await.expect("read")[&enrolment];
        assert_eq!(
            total,
            Attendance {
                minutes: 30,
                state: AttendanceState::Locked
            }
        );

        let new = NewResult {
            enrolment,
            result: passed(AssessmentState::Marked),
            adjustments: vec!["reader".into()],
        };
        mark(db, std::slice::from_ref(&new), staff, now())
            .await
            .expect("marked");
        confirm(db, &[enrolment], StaffPersonId::new(id()), now())
            .await
            .expect("confirmed");
        assert!(matches!(
            confirm(db, &[enrolment], staff, now()).await,
            Err(StoreError::Stale)
        ));
        let read = assessments(db, class.id).await.expect("read");
        assert_eq!(read[&enrolment].result, passed(AssessmentState::Confirmed));
        assert_eq!(
            (
                read[&enrolment].marked_by,
                read[&enrolment].adjustments.len()
            ),
            (staff, 1)
        );
    }

    #[tokio::test]
    async fn the_gates_see_what_stands_in_the_tables() {
        let fixture = Fixture::open().await;
        let class = fixture
            .class(CohortState::Accepted, "2026-03-10", "2026-03-20")
            .await;
        let (person, enrolment) = fixture.enrol(class.id, "37010219080502757X", "王伟").await;
        let scope = Scope::Institution(class.institution);
        let tx = fixture.store.write().await.expect("a transaction");
        let stranger = EnrolmentId::new(id());
        let (locked, offer, candidates) = lock_candidates(
            &tx,
            &scope,
            class.id,
            &[stranger, enrolment],
            day("2026-04-01"),
        )
        .await
        .expect("read")
        .expect("in scope");
        assert_eq!(
            (locked.id, offer.offer, candidates.len()),
            (class.id, class.offer, 1)
        );
        assert_eq!(candidates[0].person, person);
        let failures =
            certificate_gates(&candidates[0].facts, &CohortRules::default()).expect_err("shut");
        assert_eq!(
            failures,
            [
                GateFailure::EnrolmentNotCompleted,
                GateFailure::AttendanceNotLocked,
                GateFailure::AssessmentMissing
            ]
        );
        let other = Scope::Institution(id().into());
        let none = lock_candidates(&tx, &other, class.id, &[enrolment], day("2026-04-01"))
            .await
            .expect("read");
        assert!(none.is_none(), "outside the scope nothing is found");
    }
}
