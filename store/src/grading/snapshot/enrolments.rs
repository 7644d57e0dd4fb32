//! Trainees: the stratum of their card, when they left, what keeps them out of a count.

use domain::DisabilityCardNo;
use domain::grading::Exclusion;
use domain::grading::snapshot::EnrolmentRow;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{CHUNK, Reader, day};
use crate::vault::WrappedKey;
use crate::{StoreError, persons, time};

/// Whether the exit of an institution ended an enrolment (its class was transferred, or ended with credit), or it came by
/// one with less than this share of the hours left, per mille (grading.md 7, "On exit").
fn left_by_exit(takeover_permille: u32) -> String {
    format!(
        "CASE WHEN e.state = 'transferred' \
         OR (e.exit_reason = 'cohort_terminated' AND EXISTS (SELECT 1 FROM class_plan l WHERE l.cohort_id = e.cohort_id AND l.plan = 'end_with_credit' \
         AND l.ended_at IS NULL)) \
         OR EXISTS (SELECT 1 FROM enrolment o JOIN cohort d ON d.id = o.cohort_id WHERE o.id = e.transferred_from \
         AND (d.planned_hours - d.hours_taught) * 1000 < d.planned_hours * {takeover_permille}) THEN 1 ELSE 0 END"
    )
}

/// Whether a trainee counts as employed at enrolment without an officer's approval: the roster says so, and verified work
/// covers the first day of the class. The institution's word alone takes nobody out of a denominator (grading.md 2, X6).
const EMPLOYED: &str = "CASE WHEN e.employed_at_enrolment AND EXISTS (SELECT 1 FROM employment_episode w \
     WHERE w.person_id = e.person_id AND w.state IN ('verified', 'ended') AND w.decided_on <= $3 \
     AND w.start_on < c.start_on AND (w.last_day IS NULL OR w.last_day >= c.start_on)) THEN 1 ELSE 0 END";

#[derive(FromQueryResult)]
struct EnrolmentFound {
    id: Uuid,
    person_id: Uuid,
    cohort_id: Uuid,
    hukou_region: String,
    state: String,
    state_since: i64,
    last_attended_on: Option<String>,
    employed: i32,
    minutes: Option<i32>,
    certified: i64,
    code: Option<String>,
    on_date: Option<String>,
    contactable: Option<bool>,
    left_by_exit: i32,
    data_key: Vec<u8>,
    data_key_version: i32,
    card_id: Option<Uuid>,
    card: Option<Vec<u8>>,
}

impl<C: ConnectionTrait> Reader<'_, C> {
    pub(super) async fn enrolments(&mut self) -> Result<(), StoreError> {
        let mut after = Uuid::nil();
        let left_by_exit = left_by_exit(self.takeover_permille);
        loop {
            let (people, mut more) = self.persons("e.person_id", 4);
            let mut values = vec![after.into(), CHUNK.into(), self.freeze.clone().into()];
            values.append(&mut more);
            let rows: Vec<EnrolmentFound> = self
                .all(
                    format!(
                        "SELECT e.id, e.person_id, e.cohort_id, e.hukou_region, e.state, e.state_since, e.last_attended_on, \
                         {EMPLOYED} AS employed, a.minutes, \
                         CAST((SELECT COUNT(*) FROM certificate t WHERE t.enrolment_id = e.id AND t.status <> 'revoked') AS BIGINT) AS certified, \
                         x.code, x.on_date, s.contactable, {left_by_exit} AS left_by_exit, p.data_key, p.data_key_version, i.id AS card_id, i.value_enc AS card \
                         FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN person p ON p.id = e.person_id \
                         LEFT JOIN attendance_total a ON a.enrolment_id = e.id \
                         LEFT JOIN enrolment_exclusion x ON x.enrolment_id = e.id \
                         LEFT JOIN survey_invitation s ON s.enrolment_id = e.id \
                         LEFT JOIN person_identifier i ON i.person_id = e.person_id AND i.kind = 'disability_card' AND i.valid_until IS NULL \
                         WHERE e.id > $1 AND c.start_on <= $3 AND c.state <> 'cancelled' \
                         AND e.state NOT IN ('applied', 'rejected') AND {people} ORDER BY e.id LIMIT $2"
                    ),
                    values,
                )
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            let before = after;
            after = last.id;
            let mut newest = before;
            for row in &rows {
                // Two cards at once are not meant to be; the first one counts.
                if row.id != newest {
                    newest = row.id;
                    self.enrolment(row)?;
                }
            }
        }
    }

    fn enrolment(&mut self, row: &EnrolmentFound) -> Result<(), StoreError> {
        let bad = || StoreError::inconsistent("enrolment", row.id);
        let Some(&(start, end)) = self.cohorts.get(&row.cohort_id) else {
            return Ok(());
        };
        let stayed = !matches!(
            row.state.as_str(),
            "withdrawn" | "dismissed" | "transferred"
        );
        let exit = if stayed {
            end
        } else {
            let left = match row.last_attended_on.as_deref() {
                Some(last) => day(last)?,
                None => domain::calendar::today(time::instant(row.state_since)?).into(),
            };
            left.clamp(start, end)
        };
        let (category, level) = self.stratum(row).unwrap_or_else(|| {
            self.found.without_card += 1;
            (4, 4)
        });
        let approved = match (&row.code, &row.on_date) {
            (Some(code), Some(on)) => {
                let code: Exclusion = code.parse().map_err(|_| bad())?;
                Some((code, day(on)?))
            }
            _ => None,
        };
        // In the evidence X6 is a word about the enrolment and has no date.
        let (employed, exclusion) = match approved {
            Some((Exclusion::X6, _)) => (true, None),
            other => (row.employed > 0, other),
        };
        let minutes = u32::try_from(row.minutes.unwrap_or(0)).map_err(|_| bad())?;
        self.found.snapshot.enrolments.push(EnrolmentRow {
            id: self.pseudonyms.enrolment(row.id),
            person: self.pseudonyms.of("person", row.person_id.as_bytes()),
            cohort: row.cohort_id,
            household_province: (self.province_of)(&row.hukou_region),
            category,
            level,
            attended_hours: (minutes / 60).min(100_000),
            exit,
            completed: row.state == "completed",
            certified: row.certified > 0,
            employed,
            exclusion,
            contactable: row.contactable.unwrap_or(true),
            transferred: row.left_by_exit > 0,
        });
        Ok(())
    }

    /// Category and level of the card on record. An erased person has none any more.
    fn stratum(&self, row: &EnrolmentFound) -> Option<(u8, u8)> {
        let (id, sealed) = (row.card_id?, row.card.as_deref()?);
        if row.data_key.is_empty() {
            return None;
        }
        let wrapped = WrappedKey {
            bytes: row.data_key.clone(),
            version: row.data_key_version,
        };
        let key = self.vault.open_data_key(row.person_id, &wrapped).ok()?;
        let text = key.open_text(persons::IDENTIFIER_VALUE, id, sealed).ok()?;
        let card: DisabilityCardNo = text.parse().ok()?;
        let digit = |text: &str| text.parse::<u8>().ok();
        digit(card.category().as_str()).zip(digit(card.level().as_str()))
    }
}
