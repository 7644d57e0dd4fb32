//! An offer: an institution teaches a program version at a site (workflow.md 1).

use crate::access::Role;
use crate::lifecycle::{Refusal, Row, Unmet, Who, row};
use crate::{named, text_enum};

text_enum! {
    /// State of an offer.
    OfferState("offer state") {
        /// Asked for by the institution.
        Proposed = "proposed",
        /// Approved by the province.
        Approved = "approved",
        /// Classes may be opened.
        Open = "open",
        /// No new classes for now.
        Paused = "paused",
        /// Ended.
        Closed = "closed",
        /// Ended for good because the institution left the catalogue.
        Retired = "retired",
    }
}

named!(OfferState {
    Proposed = "待批准" / "proposed",
    Approved = "已批准" / "approved",
    Open = "开放" / "open",
    Paused = "暂停招生" / "paused",
    Closed = "已关闭" / "closed",
    Retired = "机构退出,已停办" / "retired with the institution",
});

text_enum! {
    /// An act on an offer.
    OfferAct("offer act") {
        /// Approve.
        Approve = "approve",
        /// Open for classes.
        Open = "open",
        /// Pause.
        Pause = "pause",
        /// Close for good.
        Close = "close",
    }
}

named!(OfferAct {
    Approve = "批准" / "approval",
    Open = "开放" / "opening",
    Pause = "暂停" / "pausing",
    Close = "关闭" / "closing",
});

use OfferAct as A;
use OfferState as S;

/// The table.
pub static TABLE: &[Row<S, A>] = &[
    Row {
        act: A::Approve,
        from: &[S::Proposed],
        to: Some(S::Approved),
        who: &[Who::Province],
        two_persons: false,
    },
    Row {
        act: A::Open,
        from: &[S::Approved, S::Paused],
        to: Some(S::Open),
        who: &[Who::Institution],
        two_persons: false,
    },
    Row {
        act: A::Pause,
        from: &[S::Open],
        to: Some(S::Paused),
        who: &[Who::Institution],
        two_persons: false,
    },
    Row {
        act: A::Close,
        from: &[S::Proposed, S::Approved, S::Open, S::Paused],
        to: Some(S::Closed),
        who: &[Who::Institution, Who::Province],
        two_persons: false,
    },
];

/// What an act on an offer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferFacts {
    /// Present state.
    pub state: OfferState,
    /// Whether the institution may open classes now.
    pub institution_may_open: bool,
    /// Whether the program version is published now.
    pub program_published: bool,
}

/// The state after an act, or why not.
pub fn decide(facts: OfferFacts, act: OfferAct, role: Role) -> Result<OfferState, Refusal> {
    let line = row(TABLE, facts.state, act, role, Role::CountyOfficer)?;
    let mut unmet = Vec::new();
    if matches!(act, A::Approve | A::Open) {
        if !facts.institution_may_open {
            unmet.push(Unmet::new(
                "institution-not-admitted",
                "机构尚未入库或不在可办班的状态。",
                "The institution is not admitted, or not in a state in which it may train.",
            ));
        }
        if !facts.program_published {
            unmet.push(Unmet::new(
                "program-not-published",
                "该项目版本不在目录中,或已有新版本。",
                "This version of the programme is not in the catalogue, or a newer one is.",
            ));
        }
    }
    if unmet.is_empty() {
        Ok(line.to.unwrap_or(facts.state))
    } else {
        Err(Refusal::conditions(act, facts.state, unmet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_decided_by_the_table() {
        let allowed = [
            (S::Proposed, A::Approve, S::Approved),
            (S::Approved, A::Open, S::Open),
            (S::Paused, A::Open, S::Open),
            (S::Open, A::Pause, S::Paused),
            (S::Proposed, A::Close, S::Closed),
            (S::Approved, A::Close, S::Closed),
            (S::Open, A::Close, S::Closed),
            (S::Paused, A::Close, S::Closed),
        ];
        for from in S::ALL {
            for act in A::ALL {
                let facts = OfferFacts {
                    state: *from,
                    institution_may_open: true,
                    program_published: true,
                };
                let found = [Role::ProvinceOfficer, Role::InstitutionOperator]
                    .iter()
                    .find_map(|role| decide(facts, *act, *role).ok());
                let expected = allowed
                    .iter()
                    .find(|(f, a, _)| f == from && a == act)
                    .map(|(_, _, to)| *to);
                assert_eq!(found, expected, "{from} {act}");
            }
        }
    }

    #[test]
    fn a_suspended_institution_opens_nothing() {
        let facts = OfferFacts {
            state: S::Approved,
            institution_may_open: false,
            program_published: true,
        };
        assert!(decide(facts, A::Open, Role::InstitutionOperator).is_err());
    }
}
