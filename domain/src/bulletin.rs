//! Bulletins (通报): kinds, states and acts (workflow.md 5).

use crate::institution::InstitutionTransition as T;
use crate::lifecycle::Unmet;
use crate::{named, text_enum};

text_enum! {
    /// What a bulletin tells.
    BulletinKind("kind of bulletin") {
        /// Grades of a federation.
        GradeResults = "grade_results",
        /// Ranking of a federation.
        Ranking = "ranking",
        /// Comparison of provinces, by the national level.
        Provinces = "provinces",
        /// A warning (T11).
        Warning = "warning",
        /// A rectification order (T13, T17).
        Rectification = "rectification",
        /// A suspension (T15, T16).
        Suspension = "suspension",
        /// An exit, proposed or decided (T19, T20, T22).
        Exit = "exit",
        /// The intent to admit (T06).
        AdmissionNotice = "admission_notice",
        /// Praise of an institution whose grade is A (T09, T10).
        Commendation = "commendation",
    }
}

named!(BulletinKind {
    GradeResults = "评级结果" / "grade results",
    Ranking = "排名" / "ranking",
    Provinces = "各省比较" / "comparison of provinces",
    Warning = "预警通报" / "warning",
    Rectification = "整改通报" / "rectification",
    Suspension = "暂停通报" / "suspension",
    Exit = "退出公告" / "exit",
    AdmissionNotice = "入库公示" / "notice of admission",
    Commendation = "表扬" / "commendation",
});

/// How long a bulletin is open for objections; the numbers are the policy's (workflow.md 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// As results of grading (5 working days).
    Results,
    /// As an admission (5 working days).
    Admission,
    /// As an exit (10 working days).
    Exit,
    /// Not at all.
    None,
}

impl BulletinKind {
    /// The decisions that a bulletin of this kind tells; none where it is built from a run.
    pub const fn decisions(self) -> &'static [T] {
        match self {
            Self::GradeResults | Self::Ranking | Self::Provinces => &[],
            Self::Warning => &[T::T11],
            Self::Rectification => &[T::T13, T::T17],
            Self::Suspension => &[T::T15, T::T16],
            Self::Exit => &[T::T19, T::T20, T::T22],
            Self::AdmissionNotice => &[T::T06],
            Self::Commendation => &[T::T09, T::T10],
        }
    }

    /// Its notice.
    pub const fn notice(self) -> Notice {
        match self {
            Self::GradeResults | Self::Ranking => Notice::Results,
            Self::AdmissionNotice => Notice::Admission,
            Self::Exit => Notice::Exit,
            Self::Provinces
            | Self::Warning
            | Self::Rectification
            | Self::Suspension
            | Self::Commendation => Notice::None,
        }
    }
}

text_enum! {
    /// State of a bulletin.
    BulletinState("state of a bulletin") {
        /// Being written.
        Draft = "draft",
        /// Checked by a second person.
        Reviewed = "reviewed",
        /// Open for objections.
        Notice = "notice",
        /// Published.
        Published = "published",
        /// A later bulletin corrects it.
        Corrected = "corrected",
        /// Withdrawn; number and reason stay.
        Withdrawn = "withdrawn",
    }
}

named!(BulletinState {
    Draft = "草稿" / "draft",
    Reviewed = "已复核" / "reviewed",
    Notice = "公示中" / "in its notice period",
    Published = "已发布" / "published",
    Corrected = "已更正" / "corrected",
    Withdrawn = "已撤回" / "withdrawn",
});

impl BulletinState {
    /// Whether everybody may read it.
    pub const fn is_public(self) -> bool {
        !matches!(self, Self::Draft | Self::Reviewed)
    }
}

text_enum! {
    /// An act on a bulletin.
    BulletinAct("act on a bulletin") {
        /// A second person checks it.
        Review = "review",
        /// Open the notice period.
        OpenNotice = "open_notice",
        /// Publish.
        Publish = "publish",
        /// Withdraw with a reason.
        Withdraw = "withdraw",
    }
}

named!(BulletinAct {
    Review = "复核" / "review",
    OpenNotice = "公示" / "notice",
    Publish = "发布" / "publication",
    Withdraw = "撤回" / "withdrawal",
});

impl BulletinAct {
    /// Whether a second person must approve.
    pub const fn two_persons(self) -> bool {
        matches!(self, Self::Review | Self::Withdraw)
    }
}

/// The acts, the states that each starts from, and the state after it.
const LINES: &[(BulletinAct, &[BulletinState], BulletinState)] = {
    use BulletinAct as A;
    use BulletinState as S;
    &[
        (A::Review, &[S::Draft], S::Reviewed),
        (A::OpenNotice, &[S::Reviewed], S::Notice),
        (A::Publish, &[S::Notice], S::Published),
        (A::Withdraw, &[S::Notice, S::Published], S::Withdrawn),
    ]
};

/// The state after an act; the sentence names both states otherwise, and who may do what now. `notice_over` is whether the
/// notice has ended without an open objection.
pub fn act(
    state: BulletinState,
    act: BulletinAct,
    notice_over: bool,
) -> Result<BulletinState, Unmet> {
    let line = LINES.iter().find(|(one, ..)| *one == act);
    let found = line.filter(|(_, from, _)| from.contains(&state));
    match found {
        Some((BulletinAct::Publish, ..)) if !notice_over => Err(Unmet::new(
            "notice-not-over",
            "公示期未满或还有未处理的异议,不能发布。",
            "The notice period is not over, or an objection is open.",
        )),
        Some((_, _, to)) => Ok(*to),
        None => Err(not_from(state, act, line.map_or(&[], |(_, from, _)| *from))),
    }
}

fn not_from(state: BulletinState, act: BulletinAct, from: &[BulletinState]) -> Unmet {
    let needed_zh: Vec<&str> = from.iter().map(|one| one.zh()).collect();
    let needed_en: Vec<&str> = from.iter().map(|one| one.en()).collect();
    let who = |act: BulletinAct| {
        if act.two_persons() {
            (
                "发布单位一人提出、另一人批准",
                "one officer of the federation that speaks proposes, another approves",
            )
        } else {
            ("发布单位经办人", "an officer of the federation that speaks")
        }
    };
    let possible = LINES.iter().filter(|(_, from, _)| from.contains(&state));
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for (act, ..) in possible {
        zh.push(format!("{}({})", act.zh(), who(*act).0));
        en.push(format!("{} ({})", act.en(), who(*act).1));
    }
    if zh.is_empty() {
        zh.push("起草新的通报".to_owned());
        en.push("a new bulletin".to_owned());
    }
    Unmet::new(
        "bulletin-state",
        format!(
            "通报当前为“{}”,“{}”须在“{}”时办理;现在可以:{}。",
            state.zh(),
            act.zh(),
            needed_zh.join("”或“"),
            zh.join("、")
        ),
        format!(
            "The bulletin is {}; {} needs one that is {}. Possible now: {}.",
            state.en(),
            act.en(),
            needed_en.join(" or "),
            en.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_state_and_act_is_decided() {
        use BulletinAct as A;
        use BulletinState as S;
        for &state in S::ALL {
            for &one in A::ALL {
                let expected = match (state, one) {
                    (S::Draft, A::Review) => Some(S::Reviewed),
                    (S::Reviewed, A::OpenNotice) => Some(S::Notice),
                    (S::Notice, A::Publish) => Some(S::Published),
                    (S::Notice | S::Published, A::Withdraw) => Some(S::Withdrawn),
                    _ => None,
                };
                assert_eq!(act(state, one, true).ok(), expected, "{one} on {state}");
            }
        }
        assert!(act(S::Notice, A::Publish, false).is_err());
    }

    #[test]
    fn a_refused_act_names_both_states_and_who_may_do_what() {
        let refused = act(BulletinState::Draft, BulletinAct::Publish, true).expect_err("refused");
        for words in ["草稿", "公示中", "复核", "另一人批准"] {
            assert!(refused.zh.contains(words), "{}", refused.zh);
        }
        let closed =
            act(BulletinState::Withdrawn, BulletinAct::Withdraw, true).expect_err("refused");
        assert!(closed.en.contains("withdrawn") && closed.en.contains("a new bulletin"));
    }

    #[test]
    fn kinds_rest_on_a_run_or_on_decisions_and_have_the_notice_of_the_reference() {
        use BulletinKind as K;
        let on_runs: Vec<BulletinKind> = BulletinKind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.decisions().is_empty())
            .collect();
        assert_eq!(on_runs, [K::GradeResults, K::Ranking, K::Provinces]);
        assert_eq!(K::AdmissionNotice.notice(), Notice::Admission);
        assert_eq!(K::Exit.notice(), Notice::Exit);
        assert_eq!(K::GradeResults.notice(), Notice::Results);
        for kind in [
            K::Warning,
            K::Rectification,
            K::Suspension,
            K::Commendation,
            K::Provinces,
        ] {
            assert_eq!(kind.notice(), Notice::None, "{kind}");
        }
        for kind in K::ALL {
            assert!(kind.decisions().iter().all(|act| act.is_public()), "{kind}");
        }
    }
}
