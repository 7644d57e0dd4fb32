//! Terms: who owes which act until when. Ours run from the act, a party's from service (field.md 7).

use std::sync::LazyLock;

use chrono::{Days, NaiveDate};
use domain::access::Role;
use domain::ids::AdmissionId;
use domain::institution::{InstitutionTransition as T, ReportKind};
use sha2::{Digest, Sha256};
use store::cases::terms::Term;
use store::institutions::Admission;
use uuid::Uuid;

use super::alarms::above;
use crate::act::Act;
use crate::problem::Problem;
use crate::reference::seed;

/// Which calendar counted: a term stays as it was counted when the yearly notice changes.
static CALENDAR: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(seed::CALENDAR.as_bytes());
    format!(
        "calendar-{}",
        &data_encoding::HEXLOWER.encode(&digest)[..12]
    )
});

/// The calendar that counts now.
pub(crate) fn calendar() -> String {
    CALENDAR.clone()
}

/// The last day of so many working days from today.
pub(crate) fn working_days(act: &Act, days: u32) -> NaiveDate {
    act.app.calendar.add_working_days(act.today, days)
}

/// So many calendar days after a day.
pub(crate) fn calendar_days(from: NaiveDate, days: u32) -> NaiveDate {
    from.checked_add_days(Days::new(u64::from(days)))
        .unwrap_or(from)
}

/// The thing that a term belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of<'a> {
    pub(crate) admission: AdmissionId,
    pub(crate) kind: &'a str,
    pub(crate) id: Uuid,
}

impl Of<'_> {
    /// The admission itself.
    pub(crate) const fn admission(id: AdmissionId) -> Of<'static> {
        Of {
            admission: id,
            kind: "admission",
            id: id.uuid(),
        }
    }

    /// A case about it.
    pub(crate) fn case(case: &store::cases::Case) -> Of<'static> {
        Of {
            admission: case.admission,
            kind: "case",
            id: case.id.uuid(),
        }
    }
}

/// Begins a term that runs after `from`.
pub(crate) async fn begin(
    act: &Act,
    of: Of<'_>,
    kind: &str,
    holder: Role,
    from: NaiveDate,
    due_on: NaiveDate,
) -> Result<(), Problem> {
    let term = term(act, of, kind, holder, from, due_on);
    Ok(store::cases::terms::begin(&act.tx, &term).await?)
}

/// A term that runs after `from`, to be begun.
pub(crate) fn term(
    act: &Act,
    of: Of<'_>,
    kind: &str,
    holder: Role,
    from: NaiveDate,
    due_on: NaiveDate,
) -> Term {
    Term {
        id: act.new_id(),
        admission: of.admission,
        object_kind: of.kind.to_owned(),
        object: of.id,
        kind: kind.to_owned(),
        holder,
        starts_on: from,
        due_on,
        calendar: CALENDAR.clone(),
        extension_reason: None,
        met_on: None,
    }
}

/// The level above the county of a place.
pub(crate) async fn above_county(act: &Act, place: &str) -> Result<Role, Problem> {
    let has_prefecture = store::reference::has_level(&act.tx, place, "prefecture").await?;
    Ok(above(Role::CountyOfficer, has_prefecture).unwrap_or(Role::ProvinceOfficer))
}

/// Terms of the way to admission; what else is owed about an admission (an audit of its survey, a look at its exit from
/// another province) ends with its own act.
const OF_APPLICATION: &[&str] = &[
    "completeness",
    "completion",
    "county_opinion",
    "prefecture_visit",
    DECISION,
    "admission_notice",
];

/// The terms of the way to admission: whoever the state waits for owes the next act.
pub(crate) async fn of_application(act: &Act, admission: &mut Admission) -> Result<(), Problem> {
    use domain::institution::InstitutionState as S;
    store::cases::terms::meet(&act.tx, admission.id.uuid(), OF_APPLICATION, act.today).await?;
    if admission.state == S::UnderReview {
        return of_review_of_application(act, admission, None).await;
    }
    let (kind, holder) = match admission.state {
        S::Applied => {
            let local = store::cohorts::local_federation(&act.tx, &admission.site_region).await?;
            let role = local.map_or(Role::CountyOfficer, |local| local.role);
            ("completeness", role)
        }
        S::Returned => ("completion", Role::InstitutionOperator),
        S::AdmissionNotice => ("admission_notice", Role::ProvinceOfficer),
        _ => return Ok(()),
    };
    let decision = act.app.policy.workflow.province_decision_wd;
    match admission.due_on {
        Some(due) => {
            // The last day of a notice is the objectors'; the decision is due after it.
            let due = match admission.state {
                S::AdmissionNotice => act.app.calendar.add_working_days(due, decision),
                _ => due,
            };
            let of = Of::admission(admission.id);
            begin(act, of, kind, holder, act.today, due).await
        }
        None => Ok(()),
    }
}

/// T04: the county's opinion, the prefecture's visit, the province's decision, each in its own term, which is counted from
/// the last day of the one before; from the day of the act where that one was done. What was given is not owed again after
/// an objection or an appeal. The last day of all is that of the application.
async fn of_review_of_application(
    act: &Act,
    admission: &mut Admission,
    done: Option<ReportKind>,
) -> Result<(), Problem> {
    let numbers = &act.app.policy.workflow;
    let object = admission.id.uuid();
    let given = store::cases::reports::of(&act.tx, admission.id).await?;
    let open = store::cases::terms::open_of(&act.tx, object).await?;
    let steps = [
        (ReportKind::CountyOpinion, numbers.county_opinion_wd),
        (ReportKind::PrefectureVisit, numbers.prefecture_visit_wd),
    ];
    let of = Of::admission(admission.id);
    // What comes after the act is counted anew; what came before it stays owed by its day.
    let mut anew = done.is_none();
    let mut from = act.today;
    for (kind, days) in steps {
        if given.iter().any(|one| one.kind == kind) {
            anew |= done == Some(kind);
            continue;
        }
        let owed = open.iter().find(|term| term.kind == kind.as_str());
        if let Some(term) = owed.filter(|_| !anew) {
            from = term.due_on.max(act.today);
            continue;
        }
        store::cases::terms::meet(&act.tx, object, &[kind.as_str()], act.today).await?;
        let holder = holder(&act.tx, admission, kind).await?;
        let due = act.app.calendar.add_working_days(from, days);
        begin(act, of, kind.as_str(), holder, from, due).await?;
        from = due;
    }
    store::cases::terms::meet(&act.tx, object, &[DECISION], act.today).await?;
    let days = numbers.province_decision_wd;
    let due = act.app.calendar.add_working_days(from, days);
    admission.due_on = Some(due);
    begin(act, of, DECISION, Role::ProvinceOfficer, from, due).await
}

/// An opinion or a visit was put on record for the first time: its term ends, and those after it run from today.
pub(crate) async fn of_report(
    act: &Act,
    admission: &mut Admission,
    kind: ReportKind,
) -> Result<(), Problem> {
    let object = admission.id.uuid();
    store::cases::terms::meet(&act.tx, object, &[kind.as_str()], act.today).await?;
    of_review_of_application(act, admission, Some(kind)).await
}

/// The province's decision of an application.
const DECISION: &str = "admission_decision";

/// Whose a report about an institution is.
pub(crate) async fn holder(
    db: &impl store::ConnectionTrait,
    admission: &Admission,
    kind: ReportKind,
) -> Result<Role, Problem> {
    let local = store::cohorts::local_federation(db, &admission.site_region).await?;
    let local = local.map_or(Role::CountyOfficer, |local| local.role);
    let has_prefecture = store::institutions::has_prefecture(db, admission.id).await?;
    Ok(kind.holder(local, has_prefecture))
}

/// The review of the certificates that a fraud concerns: it ends with the last of them, whatever becomes of the case.
pub(crate) const REVIEW: &str = "certificate_review";

/// Ends the reviews that have no certificate on hold any more, after one of theirs was restored or revoked.
pub(crate) async fn of_review(
    act: &Act,
    certificate: domain::ids::CertificateId,
) -> Result<(), Problem> {
    for case in store::cases::exit::reviewed_in(&act.tx, certificate).await? {
        let all = store::cases::exit::reviews(&act.tx, case).await?;
        if all.iter().all(|one| one.status != "suspended") {
            store::cases::terms::meet(&act.tx, case.uuid(), &[REVIEW], act.today).await?;
        }
    }
    Ok(())
}

/// A suspension of a certificate: by its end it is resumed or revoked (workflow.md 3).
const SUSPENSION: &str = "certificate_suspension";

/// Begins the term of a certificate that an officer put on hold.
pub(crate) async fn of_suspension(
    act: &Act,
    certificate: &store::certificates::Certificate,
    until: NaiveDate,
) -> Result<(), Problem> {
    let of = Of {
        admission: certificate.admission,
        kind: "certificate",
        id: certificate.id.uuid(),
    };
    begin(act, of, SUSPENSION, Role::ProvinceOfficer, act.today, until).await
}

/// Ends it: the certificate is on hold no more.
pub(crate) async fn end_suspension(
    act: &Act,
    certificate: domain::ids::CertificateId,
) -> Result<(), Problem> {
    store::cases::terms::meet(&act.tx, certificate.uuid(), &[SUSPENSION], act.today).await?;
    Ok(())
}

/// Terms that end when a case moves to another stage; those of classes and certificates go on.
pub(crate) const OF_STAGE: &[&str] = &[
    "serve",
    "reply",
    "decide",
    "plan",
    "report",
    "inspection",
    "hearing",
    "hearing_request",
    "suspension_end",
    "exit_decision",
];

/// A case leaves its stage: what was owed there is owed no longer, until the stage comes back.
pub(crate) async fn leave_stage(
    act: &Act,
    case: &store::cases::Case,
    left: T,
) -> Result<(), Problem> {
    let (object, stage) = (case.id.uuid(), left.as_str());
    store::cases::terms::cut(&act.tx, object, OF_STAGE, stage, act.today).await?;
    Ok(())
}

/// A case is back at its stage: what was owed there is owed again, by its old last day.
pub(crate) async fn come_back(act: &Act, case: &store::cases::Case) -> Result<(), Problem> {
    let (object, stage) = (case.id.uuid(), case.stage.as_str());
    for old in store::cases::terms::take_cut(&act.tx, object, stage, case.stage_since).await? {
        let again = store::cases::terms::Term {
            id: act.new_id(),
            met_on: None,
            ..old
        };
        store::cases::terms::begin(&act.tx, &again).await?;
    }
    Ok(())
}

/// The terms of a case's stage that run from the act itself.
pub(crate) async fn of_stage(
    act: &Act,
    case: &store::cases::Case,
    stage: T,
) -> Result<(), Problem> {
    let numbers = &act.app.policy.workflow;
    let of = Of::case(case);
    let decider = case.stage_role;
    if stage.is_served() || stage == T::T17 {
        let due = working_days(act, numbers.service_wd);
        begin(act, of, "serve", decider, act.today, due).await?;
    }
    match stage {
        T::T13 | T::T17 => {
            if let Some(until) = case.term_until {
                begin(
                    act,
                    of,
                    "report",
                    Role::InstitutionOperator,
                    act.today,
                    until,
                )
                .await?;
            }
        }
        // Another attempt, the resumption or the exit: after the term of appeal, for an appeal stays the suspension.
        T::T15 => {
            let days = numbers.service_wd + numbers.appeal_lodge_wd + numbers.province_decision_wd;
            let due = working_days(act, days);
            begin(act, of, "decide", Role::ProvinceOfficer, act.today, due).await?;
        }
        T::T16 => {
            let due = working_days(act, numbers.emergency_hearing_wd);
            begin(act, of, "hearing", decider, act.today, due).await?;
            let due = calendar_days(act.today, numbers.emergency_suspension_days);
            begin(act, of, "suspension_end", decider, act.today, due).await?;
        }
        T::T19 => {
            let notice = act
                .app
                .calendar
                .notice_until(act.today, numbers.exit_notice_wd);
            let due = act
                .app
                .calendar
                .add_working_days(notice, numbers.province_decision_wd);
            begin(
                act,
                of,
                "exit_decision",
                Role::ProvinceOfficer,
                act.today,
                due,
            )
            .await?;
        }
        _ => {}
    }
    Ok(())
}

/// The party's terms of a stage, which run from the day of service.
pub(crate) async fn of_service(
    act: &Act,
    case: &store::cases::Case,
    served_on: NaiveDate,
) -> Result<(), Problem> {
    let numbers = &act.app.policy.workflow;
    let of = Of::case(case);
    let institution = Role::InstitutionOperator;
    let (kind, days) = match case.stage {
        T::T11 => ("reply", numbers.reply_wd),
        T::T13 | T::T17 => ("plan", numbers.plan_wd),
        T::T19 => ("hearing_request", numbers.exit_hearing_wd),
        _ => return Ok(()),
    };
    let due = act.app.calendar.add_working_days(served_on, days);
    begin(act, of, kind, institution, served_on, due).await
}
