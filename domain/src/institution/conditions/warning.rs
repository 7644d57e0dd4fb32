//! Warning, rectification, another attempt (T11-T15, T17).

use super::Found;
use super::exit::{document, evidence};
use crate::access::Role;
use crate::assessment::Severity;
use crate::institution::{AdmissionFacts, Cause, Finality, Grade, InstitutionTransition as T};

pub(super) fn warning(found: &mut Found, facts: &AdmissionFacts) {
    let results = &facts.results;
    match facts.given.cause {
        Some(Cause::GradeD) => {
            found.need(
                facts.grade == Some(Grade::D),
                "grade-not-d",
                "现等级不是 D。",
                "The grade in force is not D.",
            );
            finality(found, results.finality);
        }
        Some(Cause::EmpSigLowTwice) => found.need(
            results.emp_low_twice,
            "result-not-low",
            "最近两个季度的就业转化率并非都显著偏低。",
            "Employment conversion was not significantly low in the two newest quarters.",
        ),
        Some(Cause::SatLow) => found.need(
            results.sat_low,
            "satisfaction-not-low",
            "最近一期满意度没有低于标准。",
            "The newest satisfaction is not below the threshold.",
        ),
        Some(Cause::SatSuspended) => found.need(
            results.sat_suspended,
            "satisfaction-not-suspended",
            "最近一期满意度没有被暂停采用。",
            "Satisfaction is not suspended in the newest result.",
        ),
        Some(Cause::MajorFinding) => {
            if let Some(finding) = facts.given.finding {
                found.need(
                    finding.stands && finding.worst >= Some(Severity::Major),
                    "finding-not-major",
                    "所依据的评估未定稿,或没有较大、严重问题。",
                    "The assessment is not final, or has neither a major nor a critical finding.",
                );
            } else {
                evidence(found, facts);
                document(found, facts);
            }
        }
        Some(Cause::DataLate) => {
            let late = facts
                .given
                .data_due_on
                .map(|due| (facts.today - due).num_days());
            found.need(
                late.is_some_and(|days| days > i64::from(facts.data_late_days)),
                "data-not-late",
                format!(
                    "数据逾期须超过 {} 天;请填写应报日期(data_due_on)。",
                    facts.data_late_days
                ),
                format!(
                    "The data must be more than {} days late; give the day it was due (data_due_on).",
                    facts.data_late_days
                ),
            );
        }
        _ => {}
    }
}

/// A critical finding may be followed the same day, before the assessment is final (workflow.md 5).
pub(super) fn emergency(found: &mut Found, facts: &AdmissionFacts) {
    if let Some(finding) = facts.given.finding {
        found.need(
            finding.worst == Some(Severity::Critical),
            "finding-not-critical",
            "所依据的评估没有严重问题。",
            "The assessment has no critical finding.",
        );
    }
}

/// field.md 9: a warning on a D waits until the grade is final.
fn finality(found: &mut Found, finality: Finality) {
    let (zh, en) = match finality {
        Finality::Final => return,
        Finality::NotServed => (
            "定级决定尚未送达,申诉期未开始,请先登记送达。".to_owned(),
            "The grade was not served and its term of appeal has not begun; record the service first.".to_owned(),
        ),
        Finality::Until(day) => (
            format!("等级 {day} 后才生效(申诉期),之后再预警。"),
            format!("The grade becomes final after {day} (term of appeal); warn then."),
        ),
        Finality::Appealed => (
            "对等级的申诉正在审理,审结后再预警。".to_owned(),
            "An appeal against the grade is pending; warn after its outcome.".to_owned(),
        ),
    };
    found.need(false, "grade-not-final", zh, en);
}

pub(super) fn after_warning(found: &mut Found, facts: &AdmissionFacts, transition: T, role: Role) {
    let case = &facts.case;
    let in_time = match (case.answered_on, case.answer_due) {
        (Some(on), Some(due)) => on <= due,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if transition == T::T12 {
        if let Some(level) = case.warned_by {
            found.need(
                level == role,
                "other-level-warned",
                format!("预警由{}作出,也由其解除。", level.zh()),
                format!(
                    "The warning was given by the {}; that level lifts it.",
                    level.en()
                ),
            );
        }
        found.need(
            case.answered_on.is_some(),
            "reply-missing",
            "机构还没有提交说明。",
            "The institution has not replied.",
        );
        found.need(
            case.answered_on.is_none() || in_time,
            "reply-late",
            "说明已逾期,不能据此解除预警;请办理限期整改(T13)。",
            "The reply came late and lifts nothing; order rectification (T13).",
        );
        return;
    }
    match facts.given.cause {
        Some(Cause::GradeD) => found.need(
            facts.grade == Some(Grade::D),
            "grade-not-d",
            "现等级不是 D。",
            "The grade in force is not D.",
        ),
        Some(Cause::ReplyMissing) => answer_missing(found, facts, in_time),
        Some(Cause::ReplyNotAccepted) => found.need(
            case.answered_on.is_some(),
            "reply-missing",
            "机构还没有提交说明。",
            "The institution has not replied.",
        ),
        _ => {}
    }
    term(found, facts);
}

/// A party's term runs from service and must have passed without an answer.
fn answer_missing(found: &mut Found, facts: &AdmissionFacts, in_time: bool) {
    let case = &facts.case;
    found.need(
        case.served,
        "not-served",
        "决定尚未送达,期限未开始,请先登记送达。",
        "The decision was not served, so the term has not begun; record the service first.",
    );
    if let Some(due) = case.answer_due {
        found.need(
            facts.today > due,
            "term-running",
            format!("机构可在 {due} 前提交,期满后再办理。"),
            format!("The institution may answer until {due}; act after that day."),
        );
    }
    found.need(
        !in_time,
        "answered-in-time",
        "机构已按期提交。",
        "The institution answered in time.",
    );
}

/// The term of a rectification order.
fn term(found: &mut Found, facts: &AdmissionFacts) {
    found.need(
        facts.given.findings,
        "findings-missing",
        "请列明需要整改的事项。",
        "List what must be put right.",
    );
    let latest = facts.case.latest_term;
    let good = facts
        .given
        .until
        .is_some_and(|until| until > facts.today && latest.is_none_or(|latest| until <= latest));
    let latest = latest.map(|day| day.to_string()).unwrap_or_default();
    found.need(
        good,
        "term-out-of-bounds",
        format!("请填写整改截止日(until):今天之后,最迟 {latest}。"),
        format!("Give the last day of the term (until): after today, {latest} at the latest."),
    );
}

pub(super) fn rectification(found: &mut Found, facts: &AdmissionFacts, transition: T) {
    let case = &facts.case;
    match transition {
        T::T14 => {
            let inspection = case.inspection;
            found.need(
                inspection.is_some_and(|one| one.passed),
                "inspection-missing",
                "没有检查合格的记录;请市级残联检查并提出意见。",
                "There is no inspection that proposes acceptance; the prefecture inspects first.",
            );
            if let Some(one) = inspection {
                found.need(
                    one.by_prefecture || !case.has_prefecture,
                    "prefecture-proposes",
                    "整改由市级残联检查并提出,省级残联决定。",
                    "The prefecture inspects and proposes; the province decides.",
                );
                found.need(
                    one.by != facts.persons.actor,
                    "proposer-decides",
                    "检查人不能决定,请由他人办理。",
                    "Whoever inspected does not decide; somebody else must.",
                );
            }
        }
        T::T15 => match facts.given.cause {
            Some(Cause::PlanMissing) => {
                let in_time = case
                    .answered_on
                    .is_some_and(|on| case.answer_due.is_none_or(|due| on <= due));
                answer_missing(found, facts, in_time);
            }
            Some(Cause::TermOver) => {
                if let Some(until) = case.term_until {
                    found.need(
                        facts.today > until,
                        "term-running",
                        format!("整改期至 {until},期满后再办理。"),
                        format!("The term runs until {until}; act after that day."),
                    );
                }
            }
            Some(Cause::InspectionFailed) => found.need(
                case.inspection.is_some_and(|one| !one.passed),
                "inspection-not-failed",
                "没有检查不合格的记录。",
                "There is no inspection that failed.",
            ),
            _ => {}
        },
        _ => {
            found.need(
                case.attempts == 0,
                "attempt-used",
                "再次整改只准一次,已用过。",
                "Another attempt is allowed once, and was.",
            );
            term(found, facts);
        }
    }
}
