//! The registry's rows as evidence of one run: read in one moment, in chunks, pseudonymised on the way.

mod enrolments;
mod episodes;
mod surveys;

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::grading::Day;
use domain::grading::snapshot::{CohortRow, InstitutionRow, OutageRow, Pseudonym, Snapshot};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use sha2::Sha256;
use uuid::Uuid;

use crate::vault::Vault;
use crate::{StoreError, time};

/// Rows of one chunk: a query of a chunk ends long before the time limit of a statement.
const CHUNK: i64 = 20_000;

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

fn day(text: &str) -> Result<Day, StoreError> {
    Day::parse(text).ok_or_else(|| StoreError::inconsistent("a date", text))
}
