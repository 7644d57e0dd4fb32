//! Why an act on a cohort was refused, in words that say what to do.

use chrono::NaiveDate;

use super::{CohortAct, CohortState, PlacesCap, Standing};
use crate::access::Role;

/// An act on a cohort that the table or its conditions refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.en())]
pub enum Refused {
    /// The table has no such step from this state.
    NotFrom {
        /// The act asked for.
        act: CohortAct,
        /// Present state.
        from: CohortState,
        /// State asked for.
        to: CohortState,
        /// What the table does know from here.
        possible: Vec<CohortAct>,
    },
    /// The step exists, but others take it.
    NotBy {
        /// The act asked for.
        act: CohortAct,
        /// Present state.
        from: CohortState,
        /// State asked for.
        to: CohortState,
        /// Who may; nobody when the registry itself does it.
        allowed: Vec<Role>,
    },
    /// Conditions that do not hold, all of them.
    Conditions {
        /// The act asked for.
        act: CohortAct,
        /// Present state.
        from: CohortState,
        /// State asked for.
        to: CohortState,
        /// What is missing.
        unmet: Vec<Unmet>,
    },
}

/// One condition that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// The offer is not open.
    OfferNotOpen,
    /// The institution's standing allows no new class.
    InstitutionMayNotOpen {
        /// Its standing.
        standing: Standing,
    },
    /// A provisional institution has as many open classes as it may.
    CohortCap {
        /// How many it may have.
        cap: u32,
    },
    /// The places of this class and the open ones pass the cap of a provisional institution.
    TraineeCap {
        /// How many it may have.
        cap: u32,
        /// How many it has.
        open: u32,
    },
    /// The class would give an institution at grade C more places at once than it had.
    PlacesGrow {
        /// What it may have.
        cap: PlacesCap,
    },
    /// The county confirmed it already.
    AlreadyConfirmed,
    /// The county has not confirmed the announcement.
    NotConfirmed,
    /// Nobody is admitted.
    NobodyAdmitted,
    /// The first class day is not reached.
    BeforeFirstDay {
        /// First class day.
        start_on: NaiveDate,
    },
    /// Too few hours were taught to finish.
    TooFewHoursTaught {
        /// Hours taught.
        taught: u32,
        /// Hours planned.
        planned: u32,
        /// Share needed, in thousandths.
        permille: u32,
    },
    /// Attendance of some trainees is not locked.
    AttendanceNotLocked {
        /// How many.
        open: u32,
    },
    /// Some assessment results are not confirmed.
    AssessmentNotConfirmed {
        /// How many.
        open: u32,
    },
    /// Too few trainees were called.
    SampleTooSmall {
        /// How many were called.
        called: u32,
        /// How many are needed.
        needed: u32,
    },
    /// The deadline has passed and no reason is given.
    LateWithoutReason {
        /// The deadline.
        due: Option<NaiveDate>,
    },
    /// Sending back needs the list of what to put right.
    ListMissing,
    /// It was sent back as often as allowed.
    SentBackTooOften {
        /// The limit.
        limit: u32,
    },
    /// The last outcome window is open.
    OutcomeWindowOpen {
        /// Its last day.
        until: Option<NaiveDate>,
    },
    /// A reason is needed.
    ReasonMissing,
}

impl Refused {
    /// Stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFrom { .. } => "transition-not-allowed",
            Self::NotBy { .. } => "transition-not-yours",
            Self::Conditions { .. } => "transition-conditions-unmet",
        }
    }

    /// What is missing, empty when the table itself refuses.
    pub fn unmet(&self) -> &[Unmet] {
        match self {
            Self::Conditions { unmet, .. } => unmet,
            Self::NotFrom { .. } | Self::NotBy { .. } => &[],
        }
    }

    /// The sentence in Chinese; it names both states.
    pub fn zh(&self) -> String {
        match self {
            Self::NotFrom {
                act,
                from,
                to,
                possible,
            } => {
                let next = if possible.is_empty() {
                    "此状态下不能再变更".to_owned()
                } else {
                    let names: Vec<&str> = possible.iter().map(|act| act.zh()).collect();
                    format!("现在可以:{}", names.join("、"))
                };
                format!(
                    "班期现为“{}”,不能“{}”到“{}”。{next}。",
                    from.zh(),
                    act.zh(),
                    to.zh()
                )
            }
            Self::NotBy {
                act,
                from,
                to,
                allowed,
            } => {
                let who = if allowed.is_empty() {
                    "由系统自动办理".to_owned()
                } else {
                    let names: Vec<&str> = allowed.iter().map(|role| role.zh()).collect();
                    format!("应由{}办理", names.join("或"))
                };
                format!(
                    "班期从“{}”到“{}”的“{}”不归您办理,{who}。",
                    from.zh(),
                    to.zh(),
                    act.zh()
                )
            }
            Self::Conditions {
                act,
                from,
                to,
                unmet,
            } => {
                let all: Vec<String> = unmet.iter().map(Unmet::zh).collect();
                format!(
                    "班期从“{}”到“{}”({})的条件还不具备:{}",
                    from.zh(),
                    to.zh(),
                    act.zh(),
                    all.concat()
                )
            }
        }
    }

    /// The sentence in English; it names both states.
    pub fn en(&self) -> String {
        match self {
            Self::NotFrom {
                act,
                from,
                to,
                possible,
            } => {
                let next = if possible.is_empty() {
                    "nothing follows this state".to_owned()
                } else {
                    let names: Vec<&str> = possible.iter().map(|act| act.en()).collect();
                    format!("possible now: {}", names.join(", "))
                };
                format!(
                    "The cohort is {from}; it cannot go to {to} by \"{}\"; {next}.",
                    act.en()
                )
            }
            Self::NotBy {
                act,
                from,
                to,
                allowed,
            } => {
                let who = if allowed.is_empty() {
                    "the registry itself does it".to_owned()
                } else {
                    let names: Vec<&str> = allowed.iter().map(|role| role.en()).collect();
                    format!("it is for: {}", names.join(" or "))
                };
                format!(
                    "From {from} to {to}, \"{}\" is not yours to do; {who}.",
                    act.en()
                )
            }
            Self::Conditions {
                act,
                from,
                to,
                unmet,
            } => {
                let all: Vec<String> = unmet.iter().map(Unmet::en).collect();
                format!(
                    "Conditions for \"{}\" from {from} to {to} do not hold: {}",
                    act.en(),
                    all.join(" ")
                )
            }
        }
    }
}

impl Unmet {
    /// Stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OfferNotOpen => "offer-not-open",
            Self::InstitutionMayNotOpen {
                standing: Standing::Suspended,
            } => "institution-suspended",
            Self::InstitutionMayNotOpen {
                standing: Standing::Exited,
            } => "institution-exited",
            Self::InstitutionMayNotOpen {
                standing: Standing::NotAdmitted,
            } => "institution-not-admitted",
            Self::InstitutionMayNotOpen { .. } => "institution-no-new-classes",
            Self::CohortCap { .. } => "cohort-cap",
            Self::TraineeCap { .. } => "trainee-cap",
            Self::PlacesGrow { .. } => "places-grow",
            Self::AlreadyConfirmed => "already-confirmed",
            Self::NotConfirmed => "not-confirmed",
            Self::NobodyAdmitted => "nobody-admitted",
            Self::BeforeFirstDay { .. } => "before-first-day",
            Self::TooFewHoursTaught { .. } => "too-few-hours-taught",
            Self::AttendanceNotLocked { .. } => "attendance-not-locked",
            Self::AssessmentNotConfirmed { .. } => "assessment-not-confirmed",
            Self::SampleTooSmall { .. } => "sample-too-small",
            Self::LateWithoutReason { .. } => "late-without-reason",
            Self::ListMissing => "list-missing",
            Self::SentBackTooOften { .. } => "sent-back-too-often",
            Self::OutcomeWindowOpen { .. } => "outcome-window-open",
            Self::ReasonMissing => "reason-missing",
        }
    }

    /// The sentence in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::OfferNotOpen => "该培训项目的开设尚未开放,请先开放后再办班。".to_owned(),
            Self::InstitutionMayNotOpen { standing } => match standing {
                Standing::Suspended => "机构已被暂停,恢复之前不能办班。".to_owned(),
                Standing::Exited => "机构已退出目录,不能办班。".to_owned(),
                Standing::NotAdmitted => "机构尚未准入,准入后才能办班。".to_owned(),
                _ => "机构正在整改或退出公示,不能新开班。".to_owned(),
            },
            Self::CohortCap { cap } => format!("试运行机构同时最多开{cap}个班,请等在办的班结束。"),
            Self::TraineeCap { cap, open } => {
                format!("试运行机构同时最多{cap}个名额,在办的班已占{open}个,请减少名额。")
            }
            Self::PlacesGrow { cap } => format!(
                "C 级机构不得增加名额:定级前同时最多有{}个名额,这一期间其他班已占{}个,本班最多{}个。请减少名额或错开日期,等级提高后再增加。",
                cap.most,
                cap.others,
                cap.left()
            ),
            Self::AlreadyConfirmed => "残联已确认,无需再次确认。".to_owned(),
            Self::NotConfirmed => "县级残联尚未确认公布,请等待确认。".to_owned(),
            Self::NobodyAdmitted => "还没有录取学员,请先录取至少一人。".to_owned(),
            Self::BeforeFirstDay { start_on } => {
                format!("开班日期是{start_on},请在当天或之后开班。")
            }
            Self::TooFewHoursTaught {
                taught,
                planned,
                permille,
            } => format!(
                "已授课{taught}学时,计划{planned}学时,不足{}%;请补课,或由残联终止。",
                permille / 10
            ),
            Self::AttendanceNotLocked { open } => {
                format!("还有{open}名学员的考勤未锁定,请先锁定。")
            }
            Self::AssessmentNotConfirmed { open } => {
                format!("还有{open}名学员的考核结果未确认,请先确认。")
            }
            Self::SampleTooSmall { called, needed } => {
                format!("已电话回访{called}名学员,至少需要{needed}名,请继续回访。")
            }
            Self::LateWithoutReason { due: Some(due) } => {
                format!("已超过办理期限{due},请写明原因。")
            }
            Self::LateWithoutReason { due: None } => "已超过办理期限,请写明原因。".to_owned(),
            Self::ListMissing => "退回时请逐条写明需要整改的内容。".to_owned(),
            Self::SentBackTooOften { limit } => format!("已退回{limit}次,不能再退回,请转入核查。"),
            Self::OutcomeWindowOpen { until: Some(until) } => {
                format!("就业跟踪期到{until}为止,之后才能归档。")
            }
            Self::OutcomeWindowOpen { until: None } => "就业跟踪期未结束,不能归档。".to_owned(),
            Self::ReasonMissing => "请写明原因。".to_owned(),
        }
    }

    /// The sentence in English.
    pub fn en(&self) -> String {
        match self {
            Self::OfferNotOpen => "The offer is not open; open it first.".to_owned(),
            Self::InstitutionMayNotOpen { standing } => match standing {
                Standing::Suspended => "The institution is suspended; no class until it is resumed.".to_owned(),
                Standing::Exited => "The institution has left the catalogue; it can hold no class.".to_owned(),
                Standing::NotAdmitted => "The institution is not admitted yet; it can hold classes after admission.".to_owned(),
                _ => "The institution is under rectification or about to leave; it can open no new class.".to_owned(),
            },
            Self::CohortCap { cap } => {
                format!("A provisional institution may have {cap} classes open at once; wait until one ends.")
            }
            Self::TraineeCap { cap, open } => format!(
                "A provisional institution may have {cap} places open at once and has {open}; ask for fewer places."
            ),
            Self::PlacesGrow { cap } => format!(
                "At grade C an institution gets no more places: it had at most {} at once before the grade, its other classes of these days have {}, and {} are left for this one. Ask for fewer places or other days, or grow after a better grade.",
                cap.most,
                cap.others,
                cap.left()
            ),
            Self::AlreadyConfirmed => "The federation confirmed it already; nothing is left to do.".to_owned(),
            Self::NotConfirmed => "The county federation has not confirmed the announcement yet; wait for it.".to_owned(),
            Self::NobodyAdmitted => "Nobody is admitted; admit at least one trainee first.".to_owned(),
            Self::BeforeFirstDay { start_on } => {
                format!("The first class day is {start_on}; start the class on that day or later.")
            }
            Self::TooFewHoursTaught { taught, planned, permille } => format!(
                "{taught} of {planned} planned hours were taught, less than {} %; teach the rest, or have the federation terminate the class.",
                permille / 10
            ),
            Self::AttendanceNotLocked { open } => {
                format!("Attendance of {open} trainees is not locked; lock it first.")
            }
            Self::AssessmentNotConfirmed { open } => {
                format!("Assessment results of {open} trainees are not confirmed; confirm them first.")
            }
            Self::SampleTooSmall { called, needed } => {
                format!("{called} trainees were called, at least {needed} are needed; call more.")
            }
            Self::LateWithoutReason { due: Some(due) } => format!("The deadline {due} has passed; give the reason."),
            Self::LateWithoutReason { due: None } => "The deadline has passed; give the reason.".to_owned(),
            Self::ListMissing => "Sending back needs a list of what to put right.".to_owned(),
            Self::SentBackTooOften { limit } => {
                format!("It was sent back {limit} times already; hand it to the audit instead.")
            }
            Self::OutcomeWindowOpen { until: Some(until) } => {
                format!("The last outcome window is open until {until}; archive it after that.")
            }
            Self::OutcomeWindowOpen { until: None } => "The last outcome window is open.".to_owned(),
            Self::ReasonMissing => "Give the reason.".to_owned(),
        }
    }
}
