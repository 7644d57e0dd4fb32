//! Exit, withdrawal, return, setting aside (T19, T20, T22, T23, T25).

use super::{Found, notice};
use crate::access::Role;
use crate::institution::{AdmissionFacts, Cause, ExitFacts, InstitutionTransition as T};

pub(super) fn evidence(found: &mut Found, facts: &AdmissionFacts) {
    found.need(
        facts.given.evidence,
        "evidence-missing",
        "请给出证据材料的 SHA-256(evidence_sha256)。",
        "Give the SHA-256 of the evidence (evidence_sha256).",
    );
}

pub(super) fn document(found: &mut Found, facts: &AdmissionFacts) {
    found.need(
        facts.given.document,
        "document-missing",
        "请填写决定文号(document)。",
        "Name the official document (document).",
    );
}

fn minutes(found: &mut Found, facts: &AdmissionFacts) {
    found.need(
        facts.given.minutes,
        "minutes-missing",
        "请附集体讨论记录(minutes)。",
        "Name the minutes of the collective discussion (minutes).",
    );
}

pub(super) fn exit(found: &mut Found, facts: &AdmissionFacts, transition: T, role: Role) {
    let exit = &facts.exit;
    match transition {
        T::T19 => {
            if role == Role::NationalOfficer {
                let (zh, en) = match exit.province_until {
                    Some(day) => (
                        format!("{day} 前由省级残联办理;逾期未办,中国残联才可提出。"),
                        format!("Until {day} the province acts; only its inaction lets the nation propose."),
                    ),
                    None => (
                        "省级残联没有逾期未办的事项,由省级残联提出。".to_owned(),
                        "The province has left nothing undone; it proposes.".to_owned(),
                    ),
                };
                found.need(
                    exit.province_until.is_some_and(|day| facts.today > day),
                    "province-may-act",
                    zh,
                    en,
                );
            }
            exit_cause(found, facts);
            evidence(found, facts);
            minutes(found, facts);
            found.need(
                facts.given.hearing_offered,
                "hearing-not-offered",
                "请告知机构有权要求听证(hearing)。",
                "Offer the institution a hearing (hearing).",
            );
            classes(found, exit);
        }
        T::T20 => {
            notice(
                found,
                facts,
                (facts.open_objections, facts.accepted_objections),
            );
            found.need(
                exit.heard,
                "hearing-missing",
                "没有听证记录,也没有放弃听证的记录。",
                "There is neither a record of a hearing nor its waiver.",
            );
            evidence(found, facts);
            minutes(found, facts);
            document(found, facts);
        }
        T::T22 => {
            found.need(
                exit.withdrawal_asked,
                "withdrawal-not-asked",
                "机构没有提出退出申请。",
                "The institution has not asked to leave.",
            );
            found.need(
                exit.running_cohorts == 0,
                "cohorts-running",
                format!("还有 {} 个班期未结束。", exit.running_cohorts),
                format!("{} cohorts are still running.", exit.running_cohorts),
            );
            found.need(
                !exit.open_fraud,
                "fraud-case-open",
                "有未结的弄虚作假案件,不能自愿退出。",
                "A case of fraud is open; no voluntary withdrawal.",
            );
        }
        _ => found.need(
            exit.appeal_upheld,
            "appeal-not-upheld",
            "只有申诉成立才能恢复,由申诉机关在申诉决定中办理。",
            "Only an upheld appeal returns the institution: the body of appeal does it with its decision.",
        ),
    }
}

fn exit_cause(found: &mut Found, facts: &AdmissionFacts) {
    let exit = &facts.exit;
    match facts.given.cause {
        Some(Cause::DTwice) => found.need(
            facts.results.d_twice,
            "not-d-twice",
            "最近两个年度的等级并非都是 D。",
            "The two newest annual grades are not both D.",
        ),
        Some(Cause::RectificationFailed) => found.need(
            facts.case.suspended_unrectified
                || match facts.case.inspection {
                    Some(one) => !one.passed,
                    // The term ran out and nothing was found to be put right.
                    None => facts
                        .case
                        .term_until
                        .is_some_and(|until| facts.today > until),
                },
            "rectification-not-failed",
            "没有整改不合格的记录。",
            "There is no failed rectification on record.",
        ),
        Some(Cause::Dormant) => {
            let dormant = match (exit.last_course_on, exit.dormant_before) {
                (Some(last), Some(before)) => last < before,
                _ => false,
            };
            found.need(
                dormant && exit.running_cohorts == 0,
                "not-dormant",
                "未开班的时间还不够长。",
                "It has not been without a course for long enough.",
            );
        }
        Some(
            Cause::FraudFound
            | Cause::ForgedCertificates
            | Cause::LicenceLost
            | Cause::AssessmentRefused,
        ) => document(found, facts),
        _ => {}
    }
}

fn classes(found: &mut Found, exit: &ExitFacts) {
    found.need(
        exit.unarranged.is_empty(),
        "arrangement-missing",
        format!("请安排在读学员:班期 {}。", exit.unarranged.join("、")),
        format!(
            "Arrange for the trainees now in class: cohorts {}.",
            exit.unarranged.join(", ")
        ),
    );
    found.need(
        exit.wrong_plans.is_empty(),
        "arrangement-not-allowed",
        format!(
            "班期 {} 的安排不合规定:已授学时不足一半的转班或终止并承认学时,达到一半的授完;弄虚作假的一律转班。",
            exit.wrong_plans.join("、")
        ),
        format!(
            "The plans of cohorts {} do not fit: under half of the hours transfer or end with credit, from half on teach out; after fraud always transfer.",
            exit.wrong_plans.join(", ")
        ),
    );
}

/// field.md 8.
pub(super) fn setting_aside(found: &mut Found, facts: &AdmissionFacts, role: Role) {
    document(found, facts);
    let right = match facts.given.cause {
        Some(Cause::OwnCorrection) => role == Role::ProvinceOfficer,
        Some(Cause::Superior) => role == Role::NationalOfficer,
        _ => true,
    };
    found.need(
        right,
        "cause-of-other-level",
        "自行纠正由省级残联办理,上级撤销由中国残联办理。",
        "The province corrects itself; setting aside from above belongs to the nation.",
    );
}
