//! The registry's rows as evidence of one run: read in one moment, in chunks, pseudonymised on the way.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::DisabilityCardNo;
use domain::grading::snapshot::{
    CohortRow, EnrolmentRow, EpisodeRow, InstitutionRow, OutageRow, Pseudonym, Snapshot, SurveyRow,
};
use domain::grading::{Day, Exclusion};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use sha2::Sha256;
use uuid::Uuid;

use crate::vault::{Vault, WrappedKey};
use crate::{StoreError, persons, time};

/// Rows of one chunk: a query of a chunk ends long before the time limit of a statement.
const CHUNK: i64 = 20_000;

/// Whether the exit of an institution ended an enrolment (its class was transferred, or ended with credit), or it came by
/// one with less than this share of the hours left, per mille (grading.md 7, "On exit").
fn left_by_exit(takeover_permille: u32) -> String {
    format!(
        "CASE WHEN e.state = 'transferred' \
         OR (e.exit_reason = 'cohort_terminated' AND EXISTS (SELECT 1 FROM class_plan l WHERE l.cohort_id = e.cohort_id AND l.plan = 'end_with_credit')) \
         OR EXISTS (SELECT 1 FROM enrolment o JOIN cohort d ON d.id = o.cohort_id WHERE o.id = e.transferred_from \
         AND (d.planned_hours - d.hours_taught) * 1000 < d.planned_hours * {takeover_permille}) THEN 1 ELSE 0 END"
    )
}

/// Whether a trainee counts as employed at enrolment without an officer's approval: the roster says so, and verified work
/// covers the first day of the class. The institution's word alone takes nobody out of a denominator (grading.md 2, X6).
const EMPLOYED: &str = "CASE WHEN e.employed_at_enrolment AND EXISTS (SELECT 1 FROM employment_episode w \
     WHERE w.person_id = e.person_id AND w.state IN ('verified', 'ended') AND w.decided_on <= $3 \
     AND w.start_on < c.start_on AND (w.last_day IS NULL OR w.last_day >= c.start_on)) THEN 1 ELSE 0 END";

/// Makes the pseudonyms of one run.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms(***)")
    }
}

impl Pseudonyms {
    /// From the key of the run.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(<Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes any key length"))
    }

    /// The pseudonym of a thing.
    pub fn of(&self, kind: &str, id: &[u8]) -> Pseudonym {
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(id);
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut short = [0; 16];
        short.copy_from_slice(&whole[..16]);
        Pseudonym(short)
    }

    /// That of an enrolment.
    pub fn enrolment(&self, id: Uuid) -> Pseudonym {
        self.of("enrolment", id.as_bytes())
    }
}

/// Evidence as it was found, with what the counts beside it need.
#[derive(Debug)]
pub struct Found {
    /// The tables, sorted.
    pub snapshot: Snapshot,
    /// Trainees without a card number on record.
    pub without_card: u64,
    /// Claims with enough evidence that nobody had decided.
    pub undecided: u64,
}

/// Which trainees are read.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'p> {
    /// Everybody.
    Everybody,
    /// These persons, with the classes and institutions of theirs.
    Persons(&'p [Uuid]),
}

/// Reads the evidence of a freeze date. `province_of` is the province-level federation of a division; from `takeover_permille`
/// of the hours on the class that takes a trainee over answers for completion.
pub async fn read(
    db: &impl ConnectionTrait,
    vault: &Vault,
    pseudonyms: &Pseudonyms,
    freeze: NaiveDate,
    whom: Whom<'_>,
    province_of: &(dyn Fn(&str) -> u32 + Sync),
    takeover_permille: u32,
) -> Result<Found, StoreError> {
    crate::rotation::learn_versions(db, vault).await?;
    let mut reader = Reader {
        db,
        vault,
        pseudonyms,
        freeze: freeze.to_string(),
        whom,
        province_of,
        takeover_permille,
        found: Found {
            snapshot: Snapshot::new(freeze.into()),
            without_card: 0,
            undecided: 0,
        },
        cohorts: HashMap::new(),
    };
    reader.cohorts().await?;
    reader.institutions().await?;
    reader.enrolments().await?;
    reader.episodes().await?;
    reader.surveys().await?;
    reader.outages().await?;
    reader.found.snapshot.sort();
    Ok(reader.found)
}

struct Reader<'r, C: ConnectionTrait> {
    db: &'r C,
    vault: &'r Vault,
    pseudonyms: &'r Pseudonyms,
    freeze: String,
    whom: Whom<'r>,
    province_of: &'r (dyn Fn(&str) -> u32 + Sync),
    takeover_permille: u32,
    found: Found,
    /// First and last day by class.
    cohorts: HashMap<Uuid, (Day, Day)>,
}

#[derive(FromQueryResult)]
struct InstitutionFound {
    id: Uuid,
    federation: String,
    site_region: String,
    grade: Option<String>,
    state: String,
    state_since: i64,
    suspended: i64,
    score: Option<i32>,
}

#[derive(FromQueryResult)]
struct CohortFound {
    id: Uuid,
    admission_id: Uuid,
    start_on: String,
    end_on: String,
    planned_hours: i32,
    purpose: String,
    certificate_type: Option<String>,
}

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

#[derive(FromQueryResult)]
struct EpisodeFound {
    id: Uuid,
    person_id: Uuid,
    work_type: String,
    employer: String,
    start_on: String,
    last_day: Option<String>,
    related_admission_id: Option<Uuid>,
    contest: Option<String>,
    claimed_on: String,
    decided_on: Option<String>,
}

#[derive(FromQueryResult)]
struct EvidenceFound {
    episode_id: Uuid,
    source: String,
}

#[derive(FromQueryResult)]
struct SurveyFound {
    id: Uuid,
    enrolment_id: Option<Uuid>,
    enrolment_index: Vec<u8>,
    items: String,
    submitted_on: String,
    seq: i32,
    mode: String,
    answered_by: String,
    state: String,
}

#[derive(FromQueryResult)]
struct OutageFound {
    federation: String,
    source: String,
    kind: String,
    from_on: String,
    until_on: String,
}

/// Label of the keyed index by which a response is found for an audit after identity was taken away.
pub const SURVEY_INDEX: &str = "survey_response.enrolment";

impl<C: ConnectionTrait> Reader<'_, C> {
    async fn all<T: FromQueryResult>(
        &self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<Vec<T>, StoreError> {
        let statement = Statement::from_sql_and_values(self.db.get_database_backend(), sql, values);
        Ok(T::find_by_statement(statement).all(self.db).await?)
    }

    /// The condition on persons, with its values from `$number` on.
    fn persons(&self, column: &str, number: usize) -> (String, Vec<Value>) {
        match self.whom {
            Whom::Everybody => ("1 = 1".to_owned(), Vec::new()),
            Whom::Persons(ids) => (
                format!(
                    "{column} IN ({})",
                    crate::cohorts::placeholders(number, ids.len())
                ),
                ids.iter().map(|id| Value::from(*id)).collect(),
            ),
        }
    }

    async fn institutions(&mut self) -> Result<(), StoreError> {
        let (people, values) = self.persons("e.person_id", 1);
        // Of a few persons only what they name is read: the cost must not grow with the country.
        let which = match self.whom {
            Whom::Everybody => "a.state NOT IN ('applied', 'returned', 'under_review', 'admission_notice', 'rejected', 'exited') \
                 OR EXISTS (SELECT 1 FROM cohort c WHERE c.admission_id = a.id) \
                 OR EXISTS (SELECT 1 FROM employment_episode p WHERE p.related_admission_id = a.id)"
                .to_owned(),
            Whom::Persons(_) => format!(
                "a.id IN (SELECT c.admission_id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE {people}) \
                 OR a.id IN (SELECT e.related_admission_id FROM employment_episode e WHERE {people})"
            ),
        };
        // The newest final score that still counts on the freeze date; an annulled one is final no more.
        let day = format!("${}", values.len() + 1);
        // A run that corrects another starts from the same grade, not from the one that the other gave.
        let before = |column: &str| {
            format!(
                "(SELECT {column} FROM grade_result g WHERE g.admission_id = a.id AND g.kind = 'annual' \
                 AND g.decided_on IS NOT NULL AND g.freeze_on >= {day} ORDER BY g.freeze_on, g.decided_on, g.id LIMIT 1)"
            )
        };
        let before = format!(
            "CASE WHEN {} IS NULL THEN a.grade ELSE {} END",
            before("g.id"),
            before("g.previous_grade")
        );
        let mut values = values;
        values.push(self.freeze.clone().into());
        let rows: Vec<InstitutionFound> = self
            .all(
                format!(
                    "SELECT a.id, a.federation, a.site_region, {before} AS grade, a.state, a.state_since, \
                     (SELECT m.final_score FROM assessment m WHERE m.admission_id = a.id AND m.state IN ('final', 'published') \
                     AND m.final_on <= {day} AND m.counts_until >= {day} ORDER BY m.final_on DESC, m.id DESC LIMIT 1) AS score, \
                     CAST((SELECT COUNT(*) FROM survey_suspension s WHERE s.admission_id = a.id) AS BIGINT) AS suspended \
                     FROM admission a WHERE {which}"
                ),
                values,
            )
            .await?;
        for row in rows {
            let bad = || StoreError::inconsistent("admission", row.id);
            let grade = row.grade.as_deref().map(str::parse).transpose();
            let score = row.score.map(u8::try_from).transpose();
            self.found.snapshot.institutions.push(InstitutionRow {
                id: row.id,
                previous_grade: grade.map_err(|_| bad())?,
                federation: row.federation,
                district: row.site_region,
                third_party_score: score.map_err(|_| bad())?,
                sat_suspended: row.suspended > 0,
                exited: row.state == "exited"
                    && domain::calendar::today(time::instant(row.state_since)?).to_string()
                        <= self.freeze,
            });
        }
        Ok(())
    }

    async fn cohorts(&mut self) -> Result<(), StoreError> {
        let (people, mut more) = self.persons("e.person_id", 2);
        let only = match self.whom {
            Whom::Everybody => people,
            Whom::Persons(_) => {
                format!("c.id IN (SELECT e.cohort_id FROM enrolment e WHERE {people})")
            }
        };
        let mut values = vec![self.freeze.clone().into()];
        values.append(&mut more);
        let rows: Vec<CohortFound> = self
            .all(
                format!(
                    "SELECT c.id, c.admission_id, c.start_on, c.end_on, c.planned_hours, v.purpose, v.certificate_type \
                     FROM cohort c JOIN program_version v ON v.id = c.program_version_id \
                     WHERE c.start_on <= $1 AND c.state <> 'cancelled' AND {only}"
                ),
                values,
            )
            .await?;
        for row in rows {
            let bad = || StoreError::inconsistent("cohort", row.id);
            let (start, end) = (day(&row.start_on)?, day(&row.end_on)?);
            self.cohorts.insert(row.id, (start, end));
            self.found.snapshot.cohorts.push(CohortRow {
                id: row.id,
                institution: row.admission_id,
                start,
                end,
                planned_hours: row.planned_hours.try_into().map_err(|_| bad())?,
                purpose: row.purpose.parse().map_err(|_| bad())?,
                certifiable: row.certificate_type.is_some(),
            });
        }
        Ok(())
    }

    async fn enrolments(&mut self) -> Result<(), StoreError> {
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

    async fn episodes(&mut self) -> Result<(), StoreError> {
        let mut after = Uuid::nil();
        loop {
            let (people, mut more) = self.persons("p.person_id", 4);
            let mut values = vec![after.into(), CHUNK.into(), self.freeze.clone().into()];
            values.append(&mut more);
            let rows: Vec<EpisodeFound> = self
                .all(
                    format!(
                        "SELECT p.id, p.person_id, p.work_type, p.employer, p.start_on, p.last_day, p.related_admission_id, \
                         p.contest, p.claimed_on, p.decided_on FROM employment_episode p \
                         WHERE p.id > $1 AND p.start_on <= $3 AND {people} ORDER BY p.id LIMIT $2"
                    ),
                    values,
                )
                .await?;
            let Some(last) = rows.last().map(|row| row.id) else {
                return Ok(());
            };
            let (sql, values) = match self.whom {
                Whom::Everybody => (
                    "SELECT DISTINCT episode_id, source FROM episode_evidence WHERE episode_id > $1 AND episode_id <= $2"
                        .to_owned(),
                    vec![after.into(), last.into()],
                ),
                Whom::Persons(_) => (
                    format!(
                        "SELECT DISTINCT episode_id, source FROM episode_evidence WHERE episode_id IN ({})",
                        crate::cohorts::placeholders(1, rows.len())
                    ),
                    rows.iter().map(|row| Value::from(row.id)).collect(),
                ),
            };
            let evidence: Vec<EvidenceFound> = self.all(sql, values).await?;
            let mut sources: HashMap<Uuid, Vec<domain::evidence::Source>> =
                HashMap::with_capacity(rows.len());
            for one in evidence {
                let source = one.source.parse();
                sources.entry(one.episode_id).or_default().push(
                    source.map_err(|_| {
                        StoreError::inconsistent("episode_evidence", one.episode_id)
                    })?,
                );
            }
            for row in &rows {
                let evidence = sources.remove(&row.id).unwrap_or_default();
                self.episode(row, evidence)?;
            }
            after = last;
        }
    }

    fn episode(
        &mut self,
        row: &EpisodeFound,
        evidence: Vec<domain::evidence::Source>,
    ) -> Result<(), StoreError> {
        let bad = || StoreError::inconsistent("employment_episode", row.id);
        let freeze = self.found.snapshot.freeze;
        let decided_at = row.decided_on.as_deref().map(day).transpose()?;
        let contest = row.contest.as_deref().map(str::parse).transpose();
        if domain::evidence::proof(&evidence).is_enough() && decided_at.is_none_or(|on| on > freeze)
        {
            self.found.undecided += 1;
        }
        self.found.snapshot.episodes.push(EpisodeRow {
            id: self.pseudonyms.of("episode", row.id.as_bytes()),
            person: self.pseudonyms.of("person", row.person_id.as_bytes()),
            kind: row.work_type.parse().map_err(|_| bad())?,
            employer: self.pseudonyms.of("employer", row.employer.as_bytes()),
            start: day(&row.start_on)?,
            last: row.last_day.as_deref().map(day).transpose()?,
            related: row.related_admission_id,
            evidence: evidence.into_boxed_slice(),
            contest: contest.map_err(|_| bad())?,
            claimed_at: Some(day(&row.claimed_on)?),
            decided_at,
        });
        Ok(())
    }

    async fn surveys(&mut self) -> Result<(), StoreError> {
        // The monitoring looks at employment alone.
        if let Whom::Persons(_) = self.whom {
            return Ok(());
        }
        // After closing a response knows its enrolment only by a keyed index.
        let mut by_index: HashMap<[u8; 32], Uuid> = HashMap::new();
        let separated: Vec<SeparatedFound> = self
            .all(
                "SELECT s.enrolment_id FROM survey_invitation s WHERE s.state = 'answered'"
                    .to_owned(),
                Vec::new(),
            )
            .await?;
        for row in separated {
            for index in self
                .vault
                .blind_indexes(SURVEY_INDEX, &row.enrolment_id.to_string())
            {
                by_index.insert(index, row.enrolment_id);
            }
        }
        let known: std::collections::HashSet<Pseudonym> = self
            .found
            .snapshot
            .enrolments
            .iter()
            .map(|row| row.id)
            .collect();
        let mut after = Uuid::nil();
        loop {
            let rows: Vec<SurveyFound> = self
                .all(
                    "SELECT id, enrolment_id, enrolment_index, items, submitted_on, seq, mode, answered_by, state \
                     FROM survey_response WHERE id > $1 AND submitted_on <= $3 ORDER BY id LIMIT $2"
                        .to_owned(),
                    vec![after.into(), CHUNK.into(), self.freeze.clone().into()],
                )
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.id;
            for row in &rows {
                let bad = || StoreError::inconsistent("survey_response", row.id);
                let by = <[u8; 32]>::try_from(row.enrolment_index.as_slice()).ok();
                let enrolment = row
                    .enrolment_id
                    .or_else(|| by.and_then(|index| by_index.get(&index).copied()))
                    .ok_or_else(bad)?;
                let enrolment = self.pseudonyms.enrolment(enrolment);
                if !known.contains(&enrolment) {
                    continue;
                }
                let items: Vec<u8> = serde_json::from_str(&row.items).map_err(|_| bad())?;
                self.found.snapshot.surveys.push(SurveyRow {
                    enrolment,
                    items: items.try_into().map_err(|_| bad())?,
                    submitted: day(&row.submitted_on)?,
                    seq: row.seq.try_into().map_err(|_| bad())?,
                    flagged: row.state != "counted",
                    mode: row.mode.parse().map_err(|_| bad())?,
                    by: row.answered_by.parse().map_err(|_| bad())?,
                });
            }
        }
    }

    async fn outages(&mut self) -> Result<(), StoreError> {
        let rows: Vec<OutageFound> = self
            .all(
                "SELECT federation, source, kind, from_on, until_on FROM register_outage"
                    .to_owned(),
                Vec::new(),
            )
            .await?;
        for row in rows {
            let bad = || StoreError::inconsistent("register_outage", &row.federation);
            self.found.snapshot.outages.push(OutageRow {
                source: row.source.parse().map_err(|_| bad())?,
                from: day(&row.from_on)?,
                until: day(&row.until_on)?,
                kind: row.kind.parse().map_err(|_| bad())?,
                province: row.federation,
            });
        }
        Ok(())
    }
}

#[derive(FromQueryResult)]
struct SeparatedFound {
    enrolment_id: Uuid,
}

fn day(text: &str) -> Result<Day, StoreError> {
    Day::parse(text).ok_or_else(|| StoreError::inconsistent("a date", text))
}
