//! Enrolments: one trainee in one cohort.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use domain::cohort::CohortState;
use domain::enrolment::{Days, EnrolmentState};
use domain::ids::{CohortId, EnrolmentId, PersonId};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect, Statement, Value,
};
use uuid::Uuid;

use crate::cohorts::placeholders;
use crate::entity::cohorts::enrolment;
use crate::vault::{DataKey, Vault};
use crate::{StoreError, time};

pub(crate) const PHONE: &str = "enrolment.phone";
pub(crate) const NOTE: &str = "enrolment.note";
/// Values bound in one list of a query.
const LIST: usize = 1_000;

/// One trainee in one cohort, without personal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Its id.
    pub id: EnrolmentId,
    /// The class.
    pub cohort: CohortId,
    /// The person.
    pub person: PersonId,
    /// State.
    pub state: EnrolmentState,
    /// Household region on the day of enrolment.
    pub hukou_region: String,
    /// Whose telephone is on record (`self`, `guardian`, `village`).
    pub contact: String,
    /// Needs for accommodation, as words; no category and no level of disability.
    pub needs: Vec<String>,
    /// Whether the person had work on the day of enrolment.
    pub employed_at_enrolment: bool,
    /// Day of consent.
    pub consent_on: NaiveDate,
    /// Keyed digest of the roster row it came from: the same row again changes nothing.
    pub row_digest: Vec<u8>,
    /// When it was applied for.
    pub applied_at: DateTime<Utc>,
    /// Since when it is in this state.
    pub state_since: DateTime<Utc>,
    /// Why it ended early.
    pub exit_reason: Option<String>,
    /// Raised by every change.
    pub revision: i32,
}

/// What a roster row says about an enrolment.
pub struct Details<'a> {
    /// The enrolment.
    pub id: EnrolmentId,
    /// The person.
    pub person: PersonId,
    /// The person's key, for the telephone.
    pub key: &'a DataKey,
    /// Household region.
    pub hukou_region: &'a str,
    /// Telephone in canonical form.
    pub phone: Option<&'a str>,
    /// Whose it is.
    pub contact: &'a str,
    /// Needs for accommodation.
    pub needs: &'a [String],
    /// Free text of the institution about needs and the person; sealed, because people write health into it.
    pub note: Option<&'a str>,
    /// Whether the person has work today.
    pub employed_at_enrolment: bool,
    /// Day of consent.
    pub consent_on: NaiveDate,
    /// Keyed digest of the row.
    pub row_digest: [u8; 32],
}

/// Shows nothing but the id.
impl std::fmt::Debug for Details<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Details")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Digest of a roster row under the blind-index key: a dump of the table tells nothing about the row.
pub fn row_digest(vault: &Vault, canonical: &str) -> [u8; 32] {
    vault.blind_index("enrolment.row", canonical)
}

/// All enrolments of a class, in order of id.
pub async fn of_cohort(
    db: &impl ConnectionTrait,
    cohort: CohortId,
) -> Result<Vec<Enrolment>, StoreError> {
    let rows = enrolment::Entity::find()
        .filter(enrolment::Column::CohortId.eq(cohort.uuid()))
        .order_by_asc(enrolment::Column::Id)
        .all(db)
        .await?;
    rows.into_iter().map(Enrolment::try_from).collect()
}

/// Enrolments of a class in order of id, at most `limit`, after the one given.
pub async fn page(
    db: &impl ConnectionTrait,
    cohort: CohortId,
    state: Option<EnrolmentState>,
    after: Option<EnrolmentId>,
    limit: u64,
) -> Result<Vec<Enrolment>, StoreError> {
    let mut query = enrolment::Entity::find().filter(enrolment::Column::CohortId.eq(cohort.uuid()));
    if let Some(state) = state {
        query = query.filter(enrolment::Column::State.eq(state.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(enrolment::Column::Id.gt(after.uuid()));
    }
    let rows = query
        .order_by_asc(enrolment::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(Enrolment::try_from).collect()
}

/// One enrolment of a class.
pub async fn find(
    db: &impl ConnectionTrait,
    cohort: CohortId,
    id: EnrolmentId,
) -> Result<Option<Enrolment>, StoreError> {
    enrolment::Entity::find_by_id(id.uuid())
        .filter(enrolment::Column::CohortId.eq(cohort.uuid()))
        .one(db)
        .await?
        .map(Enrolment::try_from)
        .transpose()
}

/// Writes new enrolments as applied for.
pub async fn insert_all(
    db: &impl ConnectionTrait,
    cohort: CohortId,
    all: &[Details<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for chunk in all.chunks(LIST) {
        let rows = chunk
            .iter()
            .map(|details| row(cohort, details, now))
            .collect::<Result<Vec<_>, _>>()?;
        enrolment::Entity::insert_many(rows)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Writes what a roster changes about enrolments there are, and raises their revisions.
pub async fn change_all(
    db: &impl ConnectionTrait,
    cohort: CohortId,
    all: &[Details<'_>],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    use enrolment::Column;
    for chunk in all.chunks(LIST) {
        let rows = chunk
            .iter()
            .map(|details| row(cohort, details, now))
            .collect::<Result<Vec<_>, _>>()?;
        let revision = Expr::col((enrolment::Entity, Column::Revision)).add(1);
        enrolment::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(Column::Id)
                    .update_columns([
                        Column::HukouRegion,
                        Column::PhoneEnc,
                        Column::Contact,
                        Column::Needs,
                        Column::NoteEnc,
                        Column::EmployedAtEnrolment,
                        Column::ConsentOn,
                        Column::RowDigest,
                    ])
                    .value(Column::Revision, revision)
                    .to_owned(),
            )
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Moves enrolments from one state to another; `Stale` when one of them is no longer in that state.
pub async fn set_state(
    db: &impl ConnectionTrait,
    ids: &[EnrolmentId],
    from: EnrolmentState,
    to: EnrolmentState,
    exit_reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for chunk in ids.chunks(LIST) {
        let done = enrolment::Entity::update_many()
            .col_expr(enrolment::Column::State, Expr::value(to.as_str()))
            .col_expr(
                enrolment::Column::StateSince,
                Expr::value(time::millis(now)),
            )
            .col_expr(
                enrolment::Column::ExitReason,
                Expr::value(exit_reason.map(str::to_owned)),
            )
            .col_expr(
                enrolment::Column::Revision,
                Expr::col(enrolment::Column::Revision).add(1),
            )
            .filter(enrolment::Column::Id.is_in(chunk.iter().map(|id| id.uuid())))
            .filter(enrolment::Column::State.eq(from.as_str()))
            .exec(db)
            .await?;
        if done.rows_affected != chunk.len() as u64 {
            return Err(StoreError::Stale);
        }
    }
    Ok(())
}

/// Notes until when somebody who left had attended.
pub async fn attended_until(
    db: &impl ConnectionTrait,
    id: EnrolmentId,
    last: NaiveDate,
) -> Result<(), StoreError> {
    enrolment::Entity::update_many()
        .col_expr(
            enrolment::Column::LastAttendedOn,
            Expr::value(last.to_string()),
        )
        .filter(enrolment::Column::Id.eq(id.uuid()))
        .exec(db)
        .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct PersonRow {
    person_id: Uuid,
}

/// Those of these people who are in another class on one of these days, anywhere in the country.
///
/// Which class it is stays inside: an institution is told that there is one, not where.
pub async fn overlapping(
    db: &impl ConnectionTrait,
    people: &[PersonId],
    cohort: CohortId,
    days: Days,
) -> Result<HashSet<PersonId>, StoreError> {
    let mut found = HashSet::new();
    let enrolment_states = quoted(
        EnrolmentState::ALL
            .iter()
            .filter(|s| s.takes_time())
            .map(|s| s.as_str()),
    );
    let cohort_states = quoted(
        CohortState::ALL
            .iter()
            .filter(|s| s.takes_time())
            .map(|s| s.as_str()),
    );
    for chunk in people.chunks(LIST) {
        let sql = format!(
            "SELECT DISTINCT e.person_id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id \
             WHERE e.cohort_id <> $1 AND c.start_on <= $2 AND c.end_on >= $3 \
             AND e.state IN ({enrolment_states}) AND c.state IN ({cohort_states}) AND e.person_id IN ({})",
            placeholders(4, chunk.len())
        );
        let mut values: Vec<Value> = vec![
            cohort.uuid().into(),
            days.end_on.to_string().into(),
            days.start_on.to_string().into(),
        ];
        values.extend(chunk.iter().map(|id| Value::from(id.uuid())));
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        found.extend(
            PersonRow::find_by_statement(statement)
                .all(db)
                .await?
                .into_iter()
                .map(|r| PersonId::new(r.person_id)),
        );
    }
    Ok(found)
}

/// Those of these people who are or were enrolled in any other class: their names are no longer this class's to mend.
pub async fn known_elsewhere(
    db: &impl ConnectionTrait,
    people: &[PersonId],
    cohort: CohortId,
) -> Result<HashSet<PersonId>, StoreError> {
    let mut found = HashSet::new();
    for chunk in people.chunks(LIST) {
        let rows: Vec<Uuid> = enrolment::Entity::find()
            .select_only()
            .column(enrolment::Column::PersonId)
            .filter(enrolment::Column::PersonId.is_in(chunk.iter().map(|id| id.uuid())))
            .filter(enrolment::Column::CohortId.ne(cohort.uuid()))
            .distinct()
            .into_tuple()
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(PersonId::new));
    }
    Ok(found)
}

/// The states of standing, for a condition.
pub(crate) fn of_standing() -> String {
    let states = EnrolmentState::ALL.iter();
    quoted(states.filter(|s| s.is_of_standing()).map(|s| s.as_str()))
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words
        .map(|word| format!("'{word}'"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn row(
    cohort: CohortId,
    details: &Details<'_>,
    now: DateTime<Utc>,
) -> Result<enrolment::ActiveModel, StoreError> {
    let id = details.id.uuid();
    let phone = details
        .phone
        .map(|phone| details.key.seal(PHONE, id, phone.as_bytes()))
        .transpose()?;
    let note = details
        .note
        .map(|note| details.key.seal(NOTE, id, note.as_bytes()))
        .transpose()?;
    Ok(enrolment::ActiveModel {
        id: Set(id),
        cohort_id: Set(cohort.uuid()),
        person_id: Set(details.person.uuid()),
        state: Set(EnrolmentState::Applied.as_str().to_owned()),
        hukou_region: Set(details.hukou_region.to_owned()),
        phone_enc: Set(phone),
        contact: Set(details.contact.to_owned()),
        needs: Set(serde_json::Value::from(details.needs.to_vec()).to_string()),
        note_enc: Set(note),
        employed_at_enrolment: Set(details.employed_at_enrolment),
        consent_on: Set(details.consent_on.to_string()),
        row_digest: Set(details.row_digest.to_vec()),
        applied_at: Set(time::millis(now)),
        state_since: Set(time::millis(now)),
        exit_reason: Set(None),
        revision: Set(1),
        last_attended_on: Set(None),
    })
}

impl TryFrom<enrolment::Model> for Enrolment {
    type Error = StoreError;

    fn try_from(row: enrolment::Model) -> Result<Self, StoreError> {
        let bad = || StoreError::inconsistent("enrolment", row.id);
        Ok(Self {
            id: row.id.into(),
            cohort: row.cohort_id.into(),
            person: row.person_id.into(),
            state: row.state.parse().map_err(|_| bad())?,
            needs: serde_json::from_str(&row.needs).map_err(|_| bad())?,
            consent_on: time::date(&row.consent_on)?,
            applied_at: time::instant(row.applied_at)?,
            state_since: time::instant(row.state_since)?,
            hukou_region: row.hukou_region,
            contact: row.contact,
            employed_at_enrolment: row.employed_at_enrolment,
            row_digest: row.row_digest,
            exit_reason: row.exit_reason,
            revision: row.revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::enrolment::EnrolmentState as S;

    use super::*;
    use crate::fixture::{Fixture, day, details, id, now};
    use crate::persons;

    const WANG: &str = "37010219080502757X";

    fn april() -> Days {
        Days {
            start_on: day("2026-04-10"),
            end_on: day("2026-04-20"),
        }
    }

    #[tokio::test]
    async fn an_overlap_is_found_in_any_institution() {
        let fixture = Fixture::open().await;
        let here = fixture
            .class(CohortState::Enrolling, "2026-04-10", "2026-04-20")
            .await;
        let there = fixture
            .class(CohortState::Running, "2026-04-01", "2026-04-10")
            .await;
        let (person, enrolment) = fixture.enrol(there.id, WANG, "王伟").await;
        let found = async |days| {
            overlapping(fixture.store.reader(), &[person], here.id, days)
                .await
                .expect("asked")
                .contains(&person)
        };
        assert!(found(april()).await);
        assert!(
            !found(Days {
                start_on: day("2026-04-11"),
                end_on: day("2026-04-20")
            })
            .await
        );
        set_state(
            fixture.store.reader(),
            &[enrolment],
            S::Applied,
            S::Withdrawn,
            Some("health"),
            now(),
        )
        .await
        .expect("withdrawn");
        assert!(!found(april()).await, "who left has time again");
    }

    #[tokio::test]
    async fn a_cancelled_class_takes_no_time() {
        let fixture = Fixture::open().await;
        let here = fixture
            .class(CohortState::Enrolling, "2026-04-10", "2026-04-20")
            .await;
        let there = fixture
            .class(CohortState::Cancelled, "2026-04-10", "2026-04-20")
            .await;
        let (person, _) = fixture.enrol(there.id, WANG, "王伟").await;
        let found = overlapping(fixture.store.reader(), &[person], here.id, april())
            .await
            .expect("asked");
        assert!(found.is_empty());
        let elsewhere = known_elsewhere(fixture.store.reader(), &[person], here.id)
            .await
            .expect("asked");
        assert_eq!(elsewhere, HashSet::from([person]));
    }

    #[tokio::test]
    async fn a_change_keeps_state_and_raises_the_revision() {
        let fixture = Fixture::open().await;
        let class = fixture
            .class(CohortState::Enrolling, "2026-04-10", "2026-04-20")
            .await;
        let (person, enrolment) = fixture.enrol(class.id, WANG, "王伟").await;
        let db = fixture.store.reader();
        set_state(db, &[enrolment], S::Applied, S::Admitted, None, now())
            .await
            .expect("admitted");
        let open = persons::open(db, fixture.store.vault(), &[person], day("2026-04-01"))
            .await
            .expect("opens");
        let mut new = details(enrolment, person, &open[&person].key);
        let needs = ["interpreter".to_owned()];
        new.needs = &needs;
        change_all(db, class.id, &[new], now())
            .await
            .expect("changed");
        let all = of_cohort(db, class.id).await.expect("listed");
        assert_eq!(
            (all.len(), all[0].state, all[0].revision),
            (1, S::Admitted, 3)
        );
        assert_eq!(all[0].needs, needs);
        assert!(matches!(
            set_state(db, &[enrolment], S::Applied, S::Admitted, None, now()).await,
            Err(StoreError::Stale)
        ));
    }

    #[tokio::test]
    async fn nobody_is_twice_in_a_class() {
        let fixture = Fixture::open().await;
        let class = fixture
            .class(CohortState::Enrolling, "2026-04-10", "2026-04-20")
            .await;
        let (person, _) = fixture.enrol(class.id, WANG, "王伟").await;
        let db = fixture.store.reader();
        let open = persons::open(db, fixture.store.vault(), &[person], day("2026-04-01"))
            .await
            .expect("opens");
        let again = details(EnrolmentId::new(id()), person, &open[&person].key);
        let refused = insert_all(db, class.id, &[again], now()).await;
        assert!(
            matches!(refused, Err(StoreError::Duplicate("enrolment"))),
            "{refused:?}"
        );
    }
}
