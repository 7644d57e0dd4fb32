//! Two waves of classes: the first ends with certificates, the second is caught on its way.

use domain::access::Actor;
use domain::cohort::{CohortAct, Track};
use domain::ids::{BatchId, CohortId, EnrolmentId};

use super::cast::{Cast, key};
use super::country::Country;
use super::disputes::Dispute;
use super::people::People;
use super::story::{School, Stage, WithProposal, approve};
use super::{PAST, Script, past};
use crate::app::App;
use crate::certificates::batches::{self, ProposeBatchRequest, ProposedBatch};
use crate::certificates::issue;
use crate::cohorts::CohortReceipt;
use crate::cohorts::acts::{self, CohortActRequest};
use crate::cohorts::assessments::{self, AssessmentItem, AssessmentsRequest, ConfirmRequest};
use crate::cohorts::attendance::{self, AttendanceItem, AttendanceRequest};
use crate::cohorts::enrolments::{self, AdmitRequest};
use crate::cohorts::import;
use crate::cohorts::open::{self, OpenCohortRequest};
use crate::extract::IfMatch;
use crate::problem::Problem;

/// Classes of the first wave; all end with certificates.
const FIRST: usize = 24;
/// Classes of the second wave.
const SECOND: usize = 16;
/// How many of the second wave get how far, each a subset of the one before.
const SECOND_ANNOUNCED: usize = 15;
const SECOND_ENROLLING: usize = 13;
const SECOND_RUNNING: usize = 11;
const SECOND_FINISHED: usize = 7;
const SECOND_ACCEPTED: usize = 5;
const SECOND_CERTIFIED: usize = 4;

/// Schools of the stories of management: one leaves, one rectifies.
const EXITED: usize = 8;
const RECTIFYING: usize = 7;

/// Trainees of a class of each wave.
const TRAINEES: (u32, u32) = (24, 28);

/// An issued batch.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) batch: BatchId,
    pub(super) federation: String,
    /// Whether its certificates have a period of validity that is over by now.
    pub(super) expired: bool,
}

pub(super) struct Class {
    pub(super) id: CohortId,
    pub(super) school: usize,
    hours: u32,
    trainees: u32,
}

/// Runs three past years with their grades, then both waves.
pub(super) async fn run(
    app: &App,
    script: &Script,
    country: &Country,
    cast: &Cast,
    stage: &mut Stage,
) -> Result<Vec<Issued>, Problem> {
    let mut people = People::new(country);
    past::year(app, script, (country, &mut people), cast, stage, (38, 2)).await?;
    past::year(app, script, (country, &mut people), cast, stage, (480, 3)).await?;
    // Wherever the year's freeze date falls in the story, each freeze has a year of classes in its window.
    let freezes = past::freezes(app, script, PAST + 84);
    past::grades(app, script, country, cast, freezes[0], 0).await?;
    past::year(app, script, (country, &mut people), cast, stage, (910, 4)).await?;
    past::grades(app, script, country, cast, freezes[1], 0).await?;
    let gone = stage.schools.remove(EXITED);
    let with = |school| Dispute {
        app,
        script,
        cast,
        school,
    };
    with(&gone).exit(1290).await?;
    let stage = &*stage;
    let mut issued = Vec::new();
    let first = Wave {
        app,
        script,
        cast,
        stage,
        start: PAST + 38,
        end: PAST + 74,
        trainees: TRAINEES.0,
    };
    let classes = first.open(FIRST, 0).await?;
    first.enrol(&classes, &mut people, FIRST, FIRST).await?;
    first.teach(&classes).await?;
    first.accept(&classes).await?;
    issued.extend(first.certify(&classes).await?);
    past::grades(app, script, country, cast, freezes[2], PAST + 84).await?;
    let second = Wave {
        app,
        script,
        cast,
        stage,
        start: PAST + 160,
        end: PAST + 200,
        trainees: TRAINEES.1,
    };
    let classes = second.open(SECOND, 1).await?;
    second
        .enrol(&classes, &mut people, SECOND_ANNOUNCED, SECOND_ENROLLING)
        .await?;
    second.start(&classes[..SECOND_RUNNING]).await?;
    second.finish(&classes[..SECOND_FINISHED]).await?;
    second.accept(&classes[..SECOND_ACCEPTED]).await?;
    issued.extend(second.certify(&classes[..SECOND_CERTIFIED]).await?);
    with(&stage.schools[RECTIFYING]).rectify(PAST + 203).await?;
    Ok(issued)
}

/// The teacher of a school: of two schools nobody teaches at both.
fn teacher(school: usize) -> String {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let number = school.to_string();
    let digits = number.chars().filter_map(|one| one.to_digit(10));
    let own: String = digits.map(|one| DIGITS[one as usize]).collect();
    format!("演示教师{own}")
}

pub(super) struct Wave<'a> {
    pub(super) app: &'a App,
    pub(super) script: &'a Script,
    pub(super) cast: &'a Cast,
    pub(super) stage: &'a Stage,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) trainees: u32,
}

impl Wave<'_> {
    fn school(&self, class: &Class) -> &School {
        &self.stage.schools[class.school]
    }

    async fn operator(&self, class: &Class, person: u8) -> Result<Actor, Problem> {
        self.cast
            .actor(
                self.app,
                &format!("school-{}-{person}", self.school(class).number),
            )
            .await
    }

    async fn county(&self, class: &Class, person: u8) -> Result<Actor, Problem> {
        self.cast
            .actor(
                self.app,
                &format!("county-{}-{person}", self.school(class).region),
            )
            .await
    }

    async fn act(
        &self,
        class: &Class,
        actor: &Actor,
        request: &CohortActRequest,
    ) -> Result<WithProposal, Problem> {
        let scope = store::scope::Scope::of(actor);
        let found = store::cohorts::find(self.app.store.reader(), &scope, class.id)
            .await?
            .ok_or_else(Problem::not_found)?;
        let seen = IfMatch(found.revision);
        acts::act_on_cohort(self.app, actor, &key(self.app)?, class.id, seen, request)
            .await?
            .parse()
    }

    pub(super) async fn open(&self, count: usize, shift: usize) -> Result<Vec<Class>, Problem> {
        self.script.day(self.start - 6);
        let mut classes = Vec::with_capacity(count);
        for number in 0..count {
            let school_at = number % self.stage.schools.len();
            let school = &self.stage.schools[school_at];
            let (offer, hours) =
                school.offers[(number / self.stage.schools.len() + shift) % school.offers.len()];
            let mut class = Class {
                id: CohortId::new(uuid::Uuid::nil()),
                school: school_at,
                hours,
                trainees: self.trainees,
            };
            let operator = self.operator(&class, 1).await?;
            let request = OpenCohortRequest {
                offer,
                name: format!(
                    "演示{}期第{}班",
                    ["一", "二", "往年一", "往年二", "往年三"][shift % 5],
                    number + 1
                ),
                track: Track::Full,
                start_on: self.script.date(self.start),
                end_on: self.script.date(self.end),
                planned_hours: None,
                places: 30,
                price_fen: 120_000,
                teachers: vec![teacher(school_at)],
            };
            let opened: CohortReceipt =
                open::open_cohort(self.app, &operator, &key(self.app)?, &request)
                    .await?
                    .parse()?;
            class.id = opened.cohort;
            classes.push(class);
        }
        Ok(classes)
    }

    pub(super) async fn enrol(
        &self,
        classes: &[Class],
        people: &mut People<'_>,
        announced: usize,
        enrolling: usize,
    ) -> Result<Vec<Vec<String>>, Problem> {
        let mut numbers = Vec::with_capacity(enrolling);
        self.script.day(self.start - 5);
        for class in &classes[..announced] {
            let operator = self.operator(class, 1).await?;
            self.act(class, &operator, &CohortActRequest::of(CohortAct::Announce))
                .await?;
        }
        self.script.day(self.start - 4);
        for class in &classes[..enrolling] {
            let county = self.county(class, 1).await?;
            self.act(class, &county, &CohortActRequest::of(CohortAct::Confirm))
                .await?;
        }
        self.script.day(self.start - 3);
        for class in &classes[..enrolling] {
            let operator = self.operator(class, 1).await?;
            self.act(
                class,
                &operator,
                &CohortActRequest::of(CohortAct::OpenEnrolment),
            )
            .await?;
            let rows = people.rows(
                &self.school(class).region,
                class.trainees,
                self.script.date(self.start - 3),
            )?;
            numbers.push(
                rows.iter()
                    .map(|row| row.citizen_id.expose().to_owned())
                    .collect(),
            );
            import::enrol_rows(self.app, &operator, &key(self.app)?, class.id, rows).await?;
            enrolments::admit(
                self.app,
                &operator,
                &key(self.app)?,
                class.id,
                &AdmitRequest::default(),
            )
            .await?;
        }
        Ok(numbers)
    }

    pub(super) async fn teach(&self, classes: &[Class]) -> Result<(), Problem> {
        self.start(classes).await?;
        self.finish(classes).await
    }

    async fn start(&self, classes: &[Class]) -> Result<(), Problem> {
        self.script.day(self.start);
        for class in classes {
            let operator = self.operator(class, 1).await?;
            self.act(class, &operator, &CohortActRequest::of(CohortAct::Start))
                .await?;
        }
        Ok(())
    }

    async fn finish(&self, classes: &[Class]) -> Result<(), Problem> {
        self.script.day(self.end);
        for class in classes {
            let operator = self.operator(class, 1).await?;
            let members = self.members(class).await?;
            let full = class.hours * 60;
            // One in twenty attends too little.
            let items = members
                .iter()
                .enumerate()
                .map(|(at, id)| AttendanceItem {
                    enrolment: *id,
                    minutes: if at % 20 == 19 {
                        full / 2
                    } else {
                        full - (full / 100) * u32::try_from(at % 15).unwrap_or(0)
                    },
                })
                .collect();
            let request = AttendanceRequest {
                hours_taught: Some(class.hours),
                items,
                reason: None,
            };
            attendance::record_attendance(self.app, &operator, &key(self.app)?, class.id, &request)
                .await?;
            let request = CohortActRequest {
                hours_taught: Some(class.hours),
                ..CohortActRequest::of(CohortAct::Finish)
            };
            self.act(class, &operator, &request).await?;
        }
        self.script.day(self.end + 1);
        for class in classes {
            let operator = self.operator(class, 1).await?;
            let members = self.members(class).await?;
            // One in twenty-three does not pass.
            let items = members
                .iter()
                .enumerate()
                .map(|(at, id)| AssessmentItem {
                    enrolment: *id,
                    passed: at % 23 != 22,
                    score: Some(if at % 23 == 22 {
                        41
                    } else {
                        70 + u32::try_from(at % 30).unwrap_or(0)
                    }),
                    held_on: self.script.date(self.end),
                    adjustments: Vec::new(),
                })
                .collect();
            let request = AssessmentsRequest { items };
            assessments::enter_assessments(
                self.app,
                &operator,
                &key(self.app)?,
                class.id,
                &request,
            )
            .await?;
            let second = self.operator(class, 2).await?;
            let request = ConfirmRequest::default();
            assessments::confirm_assessments(
                self.app,
                &second,
                &key(self.app)?,
                class.id,
                &request,
            )
            .await?;
        }
        self.script.day(self.end + 4);
        for class in classes {
            let operator = self.operator(class, 1).await?;
            attendance::lock_attendance(self.app, &operator, &key(self.app)?, class.id).await?;
        }
        Ok(())
    }

    async fn members(&self, class: &Class) -> Result<Vec<EnrolmentId>, Problem> {
        let rows = store::enrolments::of_cohort(self.app.store.reader(), class.id).await?;
        Ok(rows
            .into_iter()
            .filter(|row| row.state.is_trainee())
            .map(|row| row.id)
            .collect())
    }

    pub(super) async fn accept(&self, classes: &[Class]) -> Result<(), Problem> {
        self.script.day(self.end + 6);
        for class in classes {
            let county = self.county(class, 1).await?;
            let request = CohortActRequest {
                sample_called: Some(6),
                ..CohortActRequest::of(CohortAct::Accept)
            };
            let waiting = self.act(class, &county, &request).await?;
            let second = format!("county-{}-2", self.school(class).region);
            approve(self.app, self.cast, waiting.proposal_id.as_deref(), &second).await?;
        }
        Ok(())
    }

    pub(super) async fn certify(&self, classes: &[Class]) -> Result<Vec<Issued>, Problem> {
        let mut issued = Vec::with_capacity(classes.len());
        self.script.day(self.end + 8);
        for class in classes {
            let operator = self.operator(class, 1).await?;
            let federation = self.school(class).federation.clone();
            let proposed: ProposedBatch = batches::propose(
                self.app,
                &operator,
                &key(self.app)?,
                class.id,
                &ProposeBatchRequest::default(),
            )
            .await?
            .parse()?;
            let batch: BatchId = proposed.batch.parse().map_err(Problem::internal)?;
            let officer = self
                .cast
                .actor(self.app, &format!("province-{federation}-2"))
                .await?;
            issue::approve_stored(self.app, &officer, &key(self.app)?, batch).await?;
            let rows = store::certificates::of_batch(self.app.store.reader(), batch).await?;
            let now = self.script.end();
            let expired = rows
                .first()
                .and_then(|row| row.expires_at)
                .is_some_and(|end| end < now);
            issued.push(Issued {
                batch,
                federation,
                expired,
            });
        }
        Ok(issued)
    }
}
