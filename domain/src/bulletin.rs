//! Bulletins (通报): kinds, states and acts (workflow.md 5).

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
    }
}

named!(BulletinKind {
    GradeResults = "评级结果" / "grade results",
    Ranking = "排名" / "ranking",
    Provinces = "各省比较" / "comparison of provinces",
});

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

/// The state after an act; the sentence names both otherwise. `notice_over` is whether the notice has ended without an
/// open objection.
pub fn act(
    state: BulletinState,
    act: BulletinAct,
    notice_over: bool,
) -> Result<BulletinState, Unmet> {
    use BulletinAct as A;
    use BulletinState as S;
    match (act, state) {
        (A::Review, S::Draft) => Ok(S::Reviewed),
        (A::OpenNotice, S::Reviewed) => Ok(S::Notice),
        (A::Publish, S::Notice) if notice_over => Ok(S::Published),
        (A::Publish, S::Notice) => Err(Unmet::new(
            "notice-not-over",
            "公示期未满或还有未处理的异议,不能发布。",
            "The notice period is not over, or an objection is open.",
        )),
        (A::Withdraw, S::Notice | S::Published) => Ok(S::Withdrawn),
        _ => Err(Unmet::new(
            "bulletin-state",
            format!("通报{}时不能办理“{}”。", state.zh(), act.zh()),
            format!(
                "A bulletin that is {} does not allow: {}.",
                state.en(),
                act.en()
            ),
        )),
    }
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
}
