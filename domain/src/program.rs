//! Programs with immutable versions, and the offers of institutions (workflow.md 1).

use chrono::NaiveDate;

use crate::access::Role;
use crate::lifecycle::{Refusal, Row, Unmet, Who, row};
use crate::{named, text_enum};

text_enum! {
    /// State of a program version.
    ProgramState("program state") {
        /// Being written.
        Draft = "draft",
        /// Filed for review.
        Filed = "filed",
        /// With the experts' opinion; the notice runs.
        Reviewed = "reviewed",
        /// In the catalogue, unchangeable.
        Published = "published",
        /// Refused.
        Rejected = "rejected",
        /// A newer version took its place.
        Superseded = "superseded",
        /// Taken out of the catalogue.
        Retired = "retired",
    }
}

named!(ProgramState {
    Draft = "草稿" / "draft",
    Filed = "已备案" / "filed",
    Reviewed = "已评审" / "reviewed",
    Published = "已发布" / "published",
    Rejected = "不予发布" / "rejected",
    Superseded = "已被新版本替代" / "superseded",
    Retired = "已退出目录" / "retired",
});

impl ProgramState {
    /// Whether anybody may see the version.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Published | Self::Superseded | Self::Retired)
    }

    /// Whether the version is on its way to publication.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Draft | Self::Filed | Self::Reviewed)
    }
}

text_enum! {
    /// An act on a program version.
    ProgramAct("program act") {
        /// File a draft.
        File = "file",
        /// Send back with a list.
        Return = "return",
        /// Give the opinion of two experts.
        Review = "review",
        /// Publish.
        Publish = "publish",
        /// Refuse.
        Reject = "reject",
        /// Take out of the catalogue.
        Retire = "retire",
    }
}

named!(ProgramAct {
    File = "备案" / "filing",
    Return = "退回修改" / "return",
    Review = "专家评审" / "expert opinion",
    Publish = "发布" / "publication",
    Reject = "不予发布" / "refusal",
    Retire = "退出目录" / "retirement",
});

text_enum! {
    /// What a program is for.
    Purpose("purpose") {
        /// Employment.
        Employment = "employment",
        /// Entrepreneurship.
        Entrepreneurship = "entrepreneurship",
        /// Rural practical skills.
        Rural = "rural",
        /// Raising skills in a job.
        Upskilling = "upskilling",
    }
}

named!(Purpose {
    Employment = "就业培训" / "employment",
    Entrepreneurship = "创业培训" / "entrepreneurship",
    Rural = "农村实用技术" / "rural skills",
    Upskilling = "在岗提升" / "upskilling",
});

text_enum! {
    /// A form in which the content can be taken up.
    AccessibleForm("accessible form") {
        /// Sign language.
        SignLanguage = "sign_language",
        /// Braille.
        Braille = "braille",
        /// Easy reading.
        EasyReading = "easy_reading",
        /// At a distance.
        Remote = "remote",
        /// At home.
        Home = "home",
    }
}

named!(AccessibleForm {
    SignLanguage = "手语授课" / "sign language",
    Braille = "盲文教材" / "Braille",
    EasyReading = "易读教材" / "easy reading",
    Remote = "远程授课" / "remote",
    Home = "送教上门" / "at home",
});

text_enum! {
    /// A need that a program or a trainee has: a need, never a category of disability (field.md 17).
    Need("need") {
        /// Step-free ways.
        StepFree = "step_free",
        /// An interpreter of sign language.
        SignInterpreter = "sign_interpreter",
        /// Captions.
        Captions = "captions",
        /// Large print.
        LargePrint = "large_print",
        /// A screen reader.
        ScreenReader = "screen_reader",
        /// Braille.
        Braille = "braille",
        /// Easy language.
        EasyLanguage = "easy_language",
        /// Somebody beside.
        Companion = "companion",
        /// Short sessions.
        ShortSessions = "short_sessions",
    }
}

named!(Need {
    StepFree = "无障碍通行" / "step-free access",
    SignInterpreter = "手语翻译" / "sign language interpreter",
    Captions = "字幕" / "captions",
    LargePrint = "大字材料" / "large print",
    ScreenReader = "读屏软件" / "screen reader",
    Braille = "盲文材料" / "Braille",
    EasyLanguage = "易读材料" / "easy language",
    Companion = "陪同辅助" / "a companion",
    ShortSessions = "短课时" / "short sessions",
});

text_enum! {
    /// What a training site provides (GB 50763, GB 55019).
    Provision("accessibility provision") {
        /// A way in without steps.
        StepFreeEntrance = "step_free_entrance",
        /// A lift to every floor in use.
        Lift = "lift",
        /// An accessible toilet.
        AccessibleToilet = "accessible_toilet",
        /// Tactile paving.
        TactilePaving = "tactile_paving",
        /// A hearing loop.
        HearingLoop = "hearing_loop",
        /// Visual alarms.
        VisualAlarm = "visual_alarm",
        /// Screen readers on the computers.
        ScreenReader = "screen_reader",
        /// Desks that adjust.
        AdjustableDesk = "adjustable_desk",
        /// A quiet room.
        QuietRoom = "quiet_room",
        /// Accessible lodging.
        Lodging = "lodging",
        /// Transport.
        Transport = "transport",
    }
}

named!(Provision {
    StepFreeEntrance = "无障碍出入口" / "step-free entrance",
    Lift = "无障碍电梯" / "lift",
    AccessibleToilet = "无障碍卫生间" / "accessible toilet",
    TactilePaving = "盲道" / "tactile paving",
    HearingLoop = "助听环路" / "hearing loop",
    VisualAlarm = "声光报警" / "visual alarm",
    ScreenReader = "读屏电脑" / "screen reader",
    AdjustableDesk = "可升降课桌" / "adjustable desks",
    QuietRoom = "安静室" / "quiet room",
    Lodging = "无障碍住宿" / "accessible lodging",
    Transport = "接送" / "transport",
});

use ProgramAct as A;
use ProgramState as S;

/// The table for the list of a province.
pub static TABLE: &[Row<S, A>] = &[
    Row {
        act: A::File,
        from: &[S::Draft],
        to: Some(S::Filed),
        who: &[
            Who::Institution,
            Who::Local,
            Who::Prefecture,
            Who::Province,
            Who::National,
        ],
        two_persons: false,
    },
    Row {
        act: A::Return,
        from: &[S::Filed],
        to: Some(S::Draft),
        who: &[Who::Province],
        two_persons: false,
    },
    Row {
        act: A::Review,
        from: &[S::Filed],
        to: Some(S::Reviewed),
        who: &[Who::Province],
        two_persons: false,
    },
    Row {
        act: A::Publish,
        from: &[S::Reviewed],
        to: Some(S::Published),
        who: &[Who::Province],
        two_persons: true,
    },
    Row {
        act: A::Reject,
        from: &[S::Reviewed],
        to: Some(S::Rejected),
        who: &[Who::Province],
        two_persons: false,
    },
    Row {
        act: A::Retire,
        from: &[S::Published, S::Superseded],
        to: Some(S::Retired),
        who: &[Who::Province],
        two_persons: false,
    },
];

/// Everything an act on a version may depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFacts {
    /// Present state.
    pub state: ProgramState,
    /// Whether it stands in the national list, whose acts belong to the national federation.
    pub national_list: bool,
    /// Today in China.
    pub today: NaiveDate,
    /// Last day of the notice.
    pub notice_until: Option<NaiveDate>,
    /// Whether the market demand is stated.
    pub demand_stated: bool,
    /// Number of experts of the opinion given.
    pub experts: usize,
    /// Whether the request gives a reason or a list.
    pub reason_given: bool,
}

/// An act that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramStep {
    /// The act.
    pub act: ProgramAct,
    /// State before.
    pub from: ProgramState,
    /// State after.
    pub to: ProgramState,
    /// Whether a second person must approve.
    pub two_persons: bool,
}

/// Decides about an act on a version.
pub fn decide(facts: &ProgramFacts, act: ProgramAct, role: Role) -> Result<ProgramStep, Refusal> {
    // The national list is kept by the national federation: it stands where the table says P.
    let acting = if facts.national_list && act != A::File {
        match role {
            Role::NationalOfficer => Role::ProvinceOfficer,
            Role::ProvinceOfficer => Role::NationalOfficer,
            other => other,
        }
    } else {
        role
    };
    let line = row(TABLE, facts.state, act, acting, Role::CountyOfficer)?;
    let mut unmet = Vec::new();
    if matches!(act, A::Return | A::Reject | A::Retire) && !facts.reason_given {
        unmet.push(Unmet::new(
            "reason-missing",
            "请写明理由。",
            "Give the reason.",
        ));
    }
    if act == A::Review {
        if facts.experts < 2 {
            unmet.push(Unmet::new(
                "experts-missing",
                "请填写两位专家的评审意见。",
                "Give the opinions of two experts.",
            ));
        }
        if !facts.demand_stated {
            unmet.push(Unmet::new(
                "demand-missing",
                "请写明市场需求情况。",
                "State the market demand.",
            ));
        }
    }
    if act == A::Publish {
        match facts.notice_until {
            Some(until) if facts.today <= until => unmet.push(Unmet::new(
                "notice-running",
                format!("公示期至 {until},期满后才能发布。"),
                format!("The notice runs until {until}; publish after that day."),
            )),
            Some(_) => {}
            None => unmet.push(Unmet::new(
                "notice-missing",
                "没有公示记录。",
                "There was no notice.",
            )),
        }
    }
    if !unmet.is_empty() {
        return Err(Refusal::conditions(act, facts.state, unmet));
    }
    Ok(ProgramStep {
        act,
        from: facts.state,
        to: line.to.unwrap_or(facts.state),
        two_persons: line.two_persons,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::RefusalKind;

    fn facts(state: ProgramState) -> ProgramFacts {
        ProgramFacts {
            state,
            national_list: false,
            today: "2026-03-10".parse().expect("a date"),
            notice_until: "2026-03-09".parse().ok(),
            demand_stated: true,
            experts: 2,
            reason_given: true,
        }
    }

    #[test]
    fn every_pair_is_decided_by_the_table_of_the_reference() {
        let allowed = [
            (S::Draft, A::File, S::Filed),
            (S::Filed, A::Return, S::Draft),
            (S::Filed, A::Review, S::Reviewed),
            (S::Reviewed, A::Publish, S::Published),
            (S::Reviewed, A::Reject, S::Rejected),
            (S::Published, A::Retire, S::Retired),
            (S::Superseded, A::Retire, S::Retired),
        ];
        for from in S::ALL {
            for act in A::ALL {
                let expected = allowed
                    .iter()
                    .find(|(f, a, _)| f == from && a == act)
                    .map(|(_, _, to)| *to);
                let found = decide(&facts(*from), *act, Role::ProvinceOfficer)
                    .ok()
                    .map(|step| step.to);
                assert_eq!(found, expected, "{from} {act}");
            }
        }
    }

    #[test]
    fn the_national_list_belongs_to_the_national_federation() {
        let mut national = facts(S::Reviewed);
        national.national_list = true;
        assert!(decide(&national, A::Publish, Role::NationalOfficer).is_ok());
        let refused = decide(&national, A::Publish, Role::ProvinceOfficer).expect_err("refused");
        assert_eq!(refused.kind, RefusalKind::NotBy);
        assert!(decide(&facts(S::Reviewed), A::Publish, Role::NationalOfficer).is_err());
    }

    #[test]
    fn an_opinion_needs_two_experts_and_the_demand() {
        let mut thin = facts(S::Filed);
        thin.experts = 1;
        thin.demand_stated = false;
        let refused = decide(&thin, A::Review, Role::ProvinceOfficer).expect_err("refused");
        assert_eq!(refused.unmet.len(), 2);
    }
}
