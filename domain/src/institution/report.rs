//! What federations put on record about an institution on the spot: the county's opinion and the prefecture's visit before an
//! admission (grading.md 7, T04), and the inspections that its grade asks for.

use super::InstitutionState as S;
use crate::access::Role;
use crate::lifecycle::{Refusal, RefusalKind};
use crate::{named, text_enum};

text_enum! {
    /// A report about an institution.
    ReportKind("kind of report") {
        /// The county's opinion of an application.
        CountyOpinion = "county_opinion",
        /// The prefecture's visit to the applicant.
        PrefectureVisit = "prefecture_visit",
        /// An inspection, as often as the grade asks for.
        Inspection = "routine_inspection",
    }
}

named!(ReportKind {
    CountyOpinion = "县级意见" / "county opinion",
    PrefectureVisit = "市级实地考察" / "prefecture visit",
    Inspection = "日常检查" / "routine inspection",
});

impl ReportKind {
    /// States in which it is recorded.
    pub const fn states(self) -> &'static [S] {
        match self {
            Self::CountyOpinion | Self::PrefectureVisit => &[S::UnderReview],
            Self::Inspection => &[
                S::Provisional,
                S::Graded,
                S::Warned,
                S::Rectifying,
                S::Suspended,
            ],
        }
    }

    /// Whose it is: the place's lowest federation (of the role `local`) gives the opinion; visits and inspections are the
    /// prefecture's, or the province's where there is none.
    pub const fn holder(self, local: Role, has_prefecture: bool) -> Role {
        match self {
            Self::CountyOpinion => local,
            Self::PrefectureVisit | Self::Inspection if has_prefecture => Role::PrefectureOfficer,
            Self::PrefectureVisit | Self::Inspection => Role::ProvinceOfficer,
        }
    }

    /// Whether somebody went there, who is to be named.
    pub const fn on_the_spot(self) -> bool {
        !matches!(self, Self::CountyOpinion)
    }
}

/// Whether somebody of this role may record a report that `holder` owes, in this state.
pub fn may_report(kind: ReportKind, state: S, holder: Role, role: Role) -> Result<(), Refusal> {
    if !kind.states().contains(&state) {
        let at: Vec<&str> = kind.states().iter().map(|one| one.zh()).collect();
        let at_en: Vec<&str> = kind.states().iter().map(|one| one.en()).collect();
        return Err(Refusal {
            kind: RefusalKind::NotFrom,
            zh: format!(
                "机构现状态为“{}”,不能登记{};它用于:{}。",
                state.zh(),
                kind.zh(),
                at.join("、")
            ),
            en: format!(
                "The institution is {}; no {} now. It belongs to: {}.",
                state.en(),
                kind.en(),
                at_en.join(", ")
            ),
            unmet: Vec::new(),
        });
    }
    if role == holder {
        return Ok(());
    }
    Err(Refusal {
        kind: RefusalKind::NotBy,
        zh: format!("{}由{}登记。", kind.zh(), holder.zh()),
        en: format!("The {} is recorded by: {}.", kind.en(), holder.en()),
        unmet: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_records_its_own_in_its_own_states() {
        let (x, c, p) = (
            Role::CountyOfficer,
            Role::PrefectureOfficer,
            Role::ProvinceOfficer,
        );
        for (kind, with, without) in [
            (ReportKind::CountyOpinion, x, x),
            (ReportKind::PrefectureVisit, c, p),
            (ReportKind::Inspection, c, p),
        ] {
            assert_eq!(
                (kind.holder(x, true), kind.holder(x, false)),
                (with, without)
            );
            for state in S::ALL {
                for role in Role::ALL {
                    let allowed = kind.states().contains(state) && *role == with;
                    assert_eq!(may_report(kind, *state, with, *role).is_ok(), allowed);
                }
            }
        }
        let refused = may_report(ReportKind::CountyOpinion, S::Applied, x, x).expect_err("not yet");
        assert!(refused.zh.contains("已申请") && refused.zh.contains("审核中"));
    }
}
