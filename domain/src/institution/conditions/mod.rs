//! The conditions of each transition; all that do not hold are told at once.

mod exit;
mod warning;

use super::{AdmissionFacts, Cause, Grade, InstitutionTransition};
use crate::access::Role;
use crate::lifecycle::Unmet;

use InstitutionTransition as T;

pub(super) fn unmet(facts: &AdmissionFacts, transition: T, role: Role) -> Vec<Unmet> {
    let mut found = Found(Vec::new());
    persons(&mut found, facts, transition);
    if transition.needs_reason() {
        found.need(
            facts.given.reason,
            "reason-missing",
            "请写明理由。",
            "Give the reason.",
        );
    }
    cause(&mut found, facts, transition);
    match transition {
        T::T02 | T::T03 | T::T04 | T::T07 | T::T08 => admission(&mut found, facts, transition),
        T::T09 | T::T10 => grade(&mut found, facts, transition),
        T::T11 => warning::warning(&mut found, facts),
        T::T16 => warning::emergency(&mut found, facts),
        T::T12 | T::T13 => warning::after_warning(&mut found, facts, transition, role),
        T::T14 | T::T15 | T::T17 => warning::rectification(&mut found, facts, transition),
        T::T19 | T::T20 | T::T22 | T::T23 => exit::exit(&mut found, facts, transition, role),
        T::T25 => exit::setting_aside(&mut found, facts, role),
        _ => {}
    }
    found.0
}

struct Found(Vec<Unmet>);

impl Found {
    fn need(
        &mut self,
        holds: bool,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        if !holds {
            self.0.push(Unmet::new(code, zh, en));
        }
    }
}

/// Who proposed does not decide; nobody acts where they have an interest; an appeal that stays waits for its outcome.
fn persons(found: &mut Found, facts: &AdmissionFacts, transition: T) {
    let persons = &facts.persons;
    found.need(
        !persons.interested,
        "interest-declared",
        "您申报过与该机构有利害关系,应当回避,请由他人办理。",
        "You declared an interest in this institution; somebody else must act.",
    );
    let own = persons.exit_proposed_by == Some(persons.actor);
    if matches!(transition, T::T20 | T::T21) && persons.deciding {
        found.need(
            !own,
            "proposer-decides",
            "退出是否成立由提出人以外的人决定,请由他人办理。",
            "Whoever proposed the exit does not decide it; somebody else must.",
        );
    }
    // A stay of the annual grade holds the grade alone: what does not rest on it goes on.
    let of_state = facts.stayed.filter(|act| *act != T::T10);
    let of_grade = facts.grade_stayed.then_some(T::T10);
    let held = of_state
        .filter(|_| !matches!(transition, T::T16 | T::T23 | T::T25))
        .or(of_grade.filter(|_| matches!(transition, T::T09 | T::T10)));
    if let Some(stayed) = held {
        found.need(
            false,
            "appeal-pending",
            format!(
                "对“{}”的申诉正在审理,其效力已中止,请等待申诉结果。",
                stayed.zh()
            ),
            format!(
                "An appeal against the {} is pending and stays it; wait for its outcome.",
                stayed.en()
            ),
        );
    }
}

fn cause(found: &mut Found, facts: &AdmissionFacts, transition: T) {
    let possible = Cause::of(transition);
    if possible.is_empty() {
        // A cause would take the place of the one that the case rests on, and with it of the bar.
        found.need(
            facts.given.cause.is_none(),
            "cause-not-taken",
            format!("“{}”不填原因(cause),沿用案件原有的原因。", transition.zh()),
            format!(
                "The {} takes no cause; that of the case stays.",
                transition.en()
            ),
        );
        return;
    }
    let fits = facts
        .given
        .cause
        .is_some_and(|cause| cause.fits(transition));
    let zh: Vec<String> = possible
        .iter()
        .map(|one| format!("{}({one})", one.zh()))
        .collect();
    let en: Vec<&str> = possible.iter().map(|one| one.as_str()).collect();
    found.need(
        fits,
        "cause-missing",
        format!("请选择原因:{}。", zh.join("、")),
        format!("Give a cause: {}.", en.join(", ")),
    );
}

fn admission(found: &mut Found, facts: &AdmissionFacts, transition: T) {
    let overdue = facts.due_on.is_some_and(|due| facts.today > due);
    match transition {
        T::T02 if facts.returned_before => found.need(
            false,
            "returned-before",
            "补正只能要求一次,已要求过。",
            "Completion may be asked for once, and was.",
        ),
        T::T02 => found.need(
            !overdue,
            "completeness-term-over",
            "要求补正的期限已过,视为材料齐全,请受理。",
            "The term for asking has passed; the application counts as complete. Accept it for processing.",
        ),
        T::T03 => found.need(
            !overdue,
            "completion-term-over",
            "补正期限已过,申请已失效,请重新申请。",
            "The term for completion has passed and the application has lapsed; apply again.",
        ),
        T::T04 => found.need(
            facts.sites > 0,
            "site-missing",
            "申请中还没有培训场地,请要求补正。",
            "The application has no training site; ask for completion.",
        ),
        T::T07 => found.need(
            facts.accepted_objections > 0,
            "objection-missing",
            "没有已采纳的异议。",
            "No objection was accepted.",
        ),
        _ => notice(found, facts, (facts.open_objections, facts.accepted_objections)),
    }
}

/// A notice has ended, nobody's objection is open, and none was accepted: what was noticed is wrong then, and goes back.
fn notice(found: &mut Found, facts: &AdmissionFacts, (open, accepted): (u64, u64)) {
    match facts.notice_until {
        Some(until) => found.need(
            facts.today > until,
            "notice-running",
            format!("公示期至 {until},期满后才能办理。"),
            format!("The notice runs until {until}; act after that day."),
        ),
        None => found.need(
            false,
            "notice-missing",
            "没有公示记录。",
            "There was no notice.",
        ),
    }
    found.need(
        open == 0,
        "objection-open",
        format!("还有 {open} 件异议未处理。"),
        format!("{open} objections are not decided."),
    );
    found.need(
        accepted == 0,
        "objection-accepted",
        format!("已采纳 {accepted} 件异议:入库退回审核(T07),退出不予维持(T21),等级待更正的评级后再定。"),
        format!(
            "{accepted} objections were accepted: an admission goes back to review (T07), an exit is not upheld (T21), a grade waits for a correcting run."
        ),
    );
}

/// The first grade is one of A to D; a later annual one may be P again, when there is too little to go by (grading.md 6.1).
fn grade(found: &mut Found, facts: &AdmissionFacts, transition: T) {
    let results = &facts.results;
    match results.pending {
        None => {
            found.need(
                false,
                "result-missing",
                "没有待定级的年度评价结果,请先录入并公示。",
                "No annual result waits for its grade; enter one and publish its notice first.",
            );
            return;
        }
        Some(Grade::P) if transition == T::T09 => found.need(
            false,
            "grade-provisional",
            "评价结果为暂定(P),不能首次定级。",
            "The result is provisional (P); it gives no first grade.",
        ),
        Some(_) => {}
    }
    let waiting = AdmissionFacts {
        notice_until: results.notice_until,
        ..facts.clone()
    };
    notice(
        found,
        &waiting,
        (results.open_objections, results.accepted_objections),
    );
}
