//! Which act leads from which state to which, by whom, under which conditions.

use chrono::NaiveDate;

use super::{CohortAct, CohortRules, CohortState, PlacesCap, Refused, Standing, Unmet};
use crate::access::Role;

/// Everything a transition may depend on, read under lock in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Present state.
    pub state: CohortState,
    /// Today in China.
    pub today: NaiveDate,
    /// First class day.
    pub start_on: NaiveDate,
    /// Last class day as planned.
    pub end_on: NaiveDate,
    /// When an answer of the county is due.
    pub due_on: Option<NaiveDate>,
    /// Whether the county confirmed the announcement.
    pub confirmed: bool,
    /// Whether the offer is open.
    pub offer_open: bool,
    /// Standing of the institution.
    pub standing: Standing,
    /// Role of the lowest federation that looks after the site: the county, or the province that has none below it.
    pub local_role: Role,
    /// Places of the class.
    pub places: u32,
    /// What the institution may have at once, where its grade keeps it from growing.
    pub growth: Option<PlacesCap>,
    /// Planned hours.
    pub planned_hours: u32,
    /// Hours taught so far, as the institution states.
    pub hours_taught: u32,
    /// Enrolments admitted or enrolled.
    pub trainees: u32,
    /// Of these, how many have no locked attendance.
    pub attendance_open: u32,
    /// Assessment results that are not confirmed.
    pub assessments_open: u32,
    /// How many trainees the county called.
    pub sample_called: u32,
    /// How often acceptance failed.
    pub sent_back: u32,
    /// Whether the request gives a reason.
    pub reason_given: bool,
    /// Whether the request lists what to put right.
    pub list_given: bool,
}

/// A transition that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The act.
    pub act: CohortAct,
    /// State before.
    pub from: CohortState,
    /// State after.
    pub to: CohortState,
    /// Whether a second staff person must approve it.
    pub two_persons: bool,
}

/// Who may act: `X` stands for the lowest federation of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Institution,
    Local,
    LocalOrProvince,
    InstitutionOrLocal,
    System,
}

pub(super) struct Row {
    pub(super) act: CohortAct,
    pub(super) from: &'static [CohortState],
    pub(super) to: CohortState,
    pub(super) who: Who,
    two_persons: bool,
}

/// Who asks for an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The registry itself.
    Registry,
    /// A member of staff.
    Post {
        /// Role of the post.
        role: Role,
        /// Whether the post belongs to the lowest federation that looks after the site: a superior sees the class, but
        /// acts in place of the county only where the table says so.
        local: bool,
    },
}

/// Decides about an act.
pub fn decide(
    facts: &Facts,
    act: CohortAct,
    by: By,
    rules: &CohortRules,
) -> Result<Transition, Refused> {
    let row = TABLE
        .iter()
        .find(|row| row.act == act)
        .expect("every act has its row: a test counts them");
    if !row.from.contains(&facts.state) {
        return Err(Refused::NotFrom {
            act,
            from: facts.state,
            to: row.to,
            possible: acts_from(facts.state),
        });
    }
    if !row.who.allows(by, facts.local_role) {
        return Err(Refused::NotBy {
            act,
            from: facts.state,
            to: row.to,
            allowed: row.who.roles(facts.local_role),
        });
    }
    let unmet = unmet(facts, act, rules);
    if !unmet.is_empty() {
        return Err(Refused::Conditions {
            act,
            from: facts.state,
            to: row.to,
            unmet,
        });
    }
    Ok(Transition {
        act,
        from: facts.state,
        to: row.to,
        two_persons: row.two_persons,
    })
}

/// Acts that the table knows from this state.
pub fn acts_from(state: CohortState) -> Vec<CohortAct> {
    TABLE
        .iter()
        .filter(|row| row.from.contains(&state))
        .map(|row| row.act)
        .collect()
}

/// Whether an institution of this standing may open one more class with so many places, given what it has open.
pub fn may_open(
    standing: Standing,
    offer_open: bool,
    open_cohorts: u32,
    open_places: u32,
    places: u32,
    growth: Option<PlacesCap>,
    rules: &CohortRules,
) -> Result<(), Vec<Unmet>> {
    let mut unmet = opening(standing, offer_open);
    unmet.extend(growing(places, growth));
    if standing == Standing::Provisional {
        if open_cohorts >= rules.provisional_cohorts {
            unmet.push(Unmet::CohortCap {
                cap: rules.provisional_cohorts,
            });
        }
        if u64::from(open_places) + u64::from(places) > u64::from(rules.provisional_trainees) {
            unmet.push(Unmet::TraineeCap {
                cap: rules.provisional_trainees,
                open: open_places,
            });
        }
    }
    if unmet.is_empty() { Ok(()) } else { Err(unmet) }
}

/// At grade C places do not grow.
fn growing(places: u32, growth: Option<PlacesCap>) -> Option<Unmet> {
    let cap = growth.filter(|cap| places > cap.left())?;
    Some(Unmet::PlacesGrow { cap })
}

fn opening(standing: Standing, offer_open: bool) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    if !offer_open {
        unmet.push(Unmet::OfferNotOpen);
    }
    if !matches!(standing, Standing::Provisional | Standing::Full) {
        unmet.push(Unmet::InstitutionMayNotOpen { standing });
    }
    unmet
}

fn unmet(facts: &Facts, act: CohortAct, rules: &CohortRules) -> Vec<Unmet> {
    let mut unmet = Vec::new();
    let mut need = |holds: bool, otherwise: Unmet| {
        if !holds {
            unmet.push(otherwise);
        }
    };
    let overdue = facts.due_on.is_some_and(|due| facts.today > due);
    match act {
        CohortAct::Announce => {
            let mut unmet = opening(facts.standing, facts.offer_open);
            unmet.extend(growing(facts.places, facts.growth));
            return unmet;
        }
        CohortAct::Confirm => {
            need(!facts.confirmed, Unmet::AlreadyConfirmed);
            need(
                !overdue || facts.reason_given,
                Unmet::LateWithoutReason { due: facts.due_on },
            );
        }
        CohortAct::OpenEnrolment => {
            need(facts.confirmed, Unmet::NotConfirmed);
            let opening = opening(facts.standing, facts.offer_open);
            unmet.extend(opening);
        }
        CohortAct::Start => {
            need(facts.trainees > 0, Unmet::NobodyAdmitted);
            need(
                facts.today >= facts.start_on,
                Unmet::BeforeFirstDay {
                    start_on: facts.start_on,
                },
            );
            need(
                !matches!(
                    facts.standing,
                    Standing::Suspended | Standing::Exited | Standing::NotAdmitted
                ),
                Unmet::InstitutionMayNotOpen {
                    standing: facts.standing,
                },
            );
        }
        CohortAct::Finish => need(
            rules.taught_enough(facts.hours_taught, facts.planned_hours),
            Unmet::TooFewHoursTaught {
                taught: facts.hours_taught,
                planned: facts.planned_hours,
                permille: rules.taught_permille,
            },
        ),
        CohortAct::Accept => {
            let sample = rules.sample_size(facts.trainees);
            need(
                facts.attendance_open == 0,
                Unmet::AttendanceNotLocked {
                    open: facts.attendance_open,
                },
            );
            need(
                facts.assessments_open == 0,
                Unmet::AssessmentNotConfirmed {
                    open: facts.assessments_open,
                },
            );
            need(
                facts.sample_called >= sample,
                Unmet::SampleTooSmall {
                    called: facts.sample_called,
                    needed: sample,
                },
            );
            need(
                !overdue || facts.reason_given,
                Unmet::LateWithoutReason { due: facts.due_on },
            );
        }
        CohortAct::SendBack => {
            need(facts.list_given, Unmet::ListMissing);
            need(
                facts.sent_back < rules.send_back_limit,
                Unmet::SentBackTooOften {
                    limit: rules.send_back_limit,
                },
            );
        }
        CohortAct::Archive => {
            let until = facts
                .end_on
                .checked_add_days(chrono::Days::new(u64::from(rules.archive_days)));
            need(
                until.is_some_and(|until| facts.today > until),
                Unmet::OutcomeWindowOpen { until },
            );
        }
        CohortAct::Cancel | CohortAct::Terminate | CohortAct::Transfer => {
            need(facts.reason_given, Unmet::ReasonMissing);
        }
    }
    unmet
}

impl Who {
    fn allows(self, by: By, local_role: Role) -> bool {
        match by {
            By::Registry => self == Self::System,
            By::Post { role, local } => {
                let fits = self.roles(local_role).contains(&role);
                fits && (local || role != local_role)
            }
        }
    }

    pub(super) fn roles(self, local: Role) -> Vec<Role> {
        match self {
            Self::Institution => vec![Role::InstitutionOperator],
            Self::Local => vec![local],
            Self::LocalOrProvince if local == Role::ProvinceOfficer => vec![local],
            Self::LocalOrProvince => vec![local, Role::ProvinceOfficer],
            Self::InstitutionOrLocal => vec![Role::InstitutionOperator, local],
            Self::System => Vec::new(),
        }
    }
}

const fn row(act: CohortAct, from: &'static [CohortState], to: CohortState, who: Who) -> Row {
    Row {
        act,
        from,
        to,
        who,
        two_persons: false,
    }
}

/// The table of workflow.md section 2; every pair that is not in it is refused.
pub(super) const TABLE: &[Row] = {
    use CohortAct as A;
    use CohortState as S;
    &[
        row(A::Announce, &[S::Planned], S::Announced, Who::Institution),
        row(A::Confirm, &[S::Announced], S::Announced, Who::Local),
        row(
            A::OpenEnrolment,
            &[S::Announced],
            S::Enrolling,
            Who::Institution,
        ),
        row(A::Start, &[S::Enrolling], S::Running, Who::Institution),
        row(A::Finish, &[S::Running], S::Finished, Who::Institution),
        Row {
            act: A::Accept,
            from: &[S::Finished],
            to: S::Accepted,
            who: Who::Local,
            two_persons: true,
        },
        row(A::SendBack, &[S::Finished], S::Finished, Who::Local),
        row(A::Archive, &[S::Accepted], S::Archived, Who::System),
        row(
            A::Cancel,
            &[S::Planned, S::Announced, S::Enrolling],
            S::Cancelled,
            Who::InstitutionOrLocal,
        ),
        row(
            A::Terminate,
            &[S::Running],
            S::Terminated,
            Who::LocalOrProvince,
        ),
        row(
            A::Transfer,
            &[S::Running],
            S::Transferred,
            Who::LocalOrProvince,
        ),
    ]
};
