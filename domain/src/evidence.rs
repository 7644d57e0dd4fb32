//! Employment evidence: the ladder of an episode of work, its sources, contests and follow-up (workflow.md 4, grading.md 3).

use chrono::NaiveDate;

use crate::grading::{Contest, Tier};
use crate::lifecycle::Unmet;
use crate::{named, text_enum};

text_enum! {
    /// State of an episode of work.
    EpisodeState("state of an episode") {
        /// Somebody says so.
        Claimed = "claimed",
        /// One independent source.
        Corroborated = "corroborated",
        /// Proven.
        Verified = "verified",
        /// Contested: it does not count until that is decided.
        Contested = "contested",
        /// A contest was upheld.
        Void = "void",
        /// Proven and over.
        Ended = "ended",
    }
}

named!(EpisodeState {
    Claimed = "已申报" / "claimed",
    Corroborated = "有佐证" / "corroborated",
    Verified = "已核实" / "verified",
    Contested = "有争议" / "contested",
    Void = "已作废" / "void",
    Ended = "已结束" / "ended",
});

text_enum! {
    /// Where a piece of evidence comes from.
    Source("source of evidence") {
        /// 社会保险.
        SocialInsurance = "social_insurance",
        /// 按比例就业年审.
        QuotaAudit = "quota_audit",
        /// Tax wage record.
        TaxWage = "tax_wage",
        /// Filing of labour contracts.
        ContractFiling = "contract_filing",
        /// Business registration.
        BusinessRegistration = "business_registration",
        /// The labour contract itself.
        LabourContract = "labour_contract",
        /// Wages in a bank statement.
        BankWages = "bank_wages",
        /// Income from a platform.
        PlatformIncome = "platform_income",
        /// Roster of a place of supported work.
        SupportedWorkRoster = "supported_work_roster",
        /// Village committee together with a visit of the federation.
        VillageAndVisit = "village_and_visit",
        /// The trainee's own confirmation.
        Trainee = "trainee",
        /// The institution's claim.
        Institution = "institution",
        /// A letter of the employer.
        EmployerLetter = "employer_letter",
        /// A photo.
        Photo = "photo",
    }
}

named!(Source {
    SocialInsurance = "社会保险登记" / "social insurance",
    QuotaAudit = "按比例就业年审" / "quota-employment audit",
    TaxWage = "个人所得税工资记录" / "tax wage record",
    ContractFiling = "劳动合同备案" / "labour-contract filing",
    BusinessRegistration = "市场主体登记" / "business registration",
    LabourContract = "劳动合同" / "labour contract",
    BankWages = "银行工资流水" / "wages in a bank statement",
    PlatformIncome = "平台收入记录" / "platform income",
    SupportedWorkRoster = "辅助性就业名册" / "supported-work roster",
    VillageAndVisit = "村(居)委会证明并经残联走访" / "village committee and visit",
    Trainee = "学员本人确认" / "the trainee's own confirmation",
    Institution = "培训机构申报" / "the institution's claim",
    EmployerLetter = "用人单位说明" / "employer letter",
    Photo = "照片" / "photo",
});

impl Source {
    /// Strength: A a register, B independent, C the institution's word alone (grading.md 3).
    pub const fn tier(self) -> Tier {
        match self {
            Self::SocialInsurance
            | Self::QuotaAudit
            | Self::TaxWage
            | Self::ContractFiling
            | Self::BusinessRegistration => Tier::A,
            Self::LabourContract
            | Self::BankWages
            | Self::PlatformIncome
            | Self::SupportedWorkRoster
            | Self::VillageAndVisit
            | Self::Trainee => Tier::B,
            Self::Institution | Self::EmployerLetter | Self::Photo => Tier::C,
        }
    }

    /// Whether snapshots of this register are imported as files.
    pub const fn is_imported(self) -> bool {
        matches!(self, Self::SocialInsurance | Self::QuotaAudit)
    }
}

/// What the evidence of an episode amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing but claims.
    Claim,
    /// One independent source.
    OneSource,
    /// Two independent sources that differ.
    TwoSources,
    /// A register.
    Register,
}

impl Proof {
    /// Whether it verifies.
    pub const fn is_enough(self) -> bool {
        matches!(self, Self::TwoSources | Self::Register)
    }
}

/// Verified is at least one A, or two B from different sources; C never verifies (grading.md 3).
pub fn proof(sources: &[Source]) -> Proof {
    let mut first_b = None;
    let mut two = false;
    for source in sources {
        match source.tier() {
            Tier::A => return Proof::Register,
            Tier::B => two |= *first_b.get_or_insert(*source) != *source,
            Tier::C => {}
        }
    }
    match (first_b, two) {
        (_, true) => Proof::TwoSources,
        (Some(_), _) => Proof::OneSource,
        _ => Proof::Claim,
    }
}

/// The state that evidence alone gives: a register verifies at once, two other sources wait for the county
/// (workflow.md 4). An episode with a last day that is proven is over.
pub fn state_by_proof(proof: Proof, confirmed: bool, ended: bool) -> EpisodeState {
    match proof {
        Proof::Claim => EpisodeState::Claimed,
        Proof::TwoSources if !confirmed => EpisodeState::Corroborated,
        Proof::OneSource => EpisodeState::Corroborated,
        _ if ended => EpisodeState::Ended,
        _ => EpisodeState::Verified,
    }
}

text_enum! {
    /// An act on an episode.
    EpisodeAct("act on an episode") {
        /// Add a piece of evidence.
        AddEvidence = "add_evidence",
        /// The county confirms two independent sources.
        Confirm = "confirm",
        /// Say with a reason that it is not so.
        Contest = "contest",
        /// The contest was wrong.
        Dismiss = "dismiss",
        /// The contest was right.
        Uphold = "uphold",
        /// Give the last day.
        End = "end",
    }
}

named!(EpisodeAct {
    AddEvidence = "补充证据" / "evidence",
    Confirm = "核实" / "confirmation",
    Contest = "提出争议" / "contest",
    Dismiss = "驳回争议" / "dismissal of the contest",
    Uphold = "争议成立" / "upholding of the contest",
    End = "登记离职" / "end",
});

/// Facts that decide an act on an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeFacts {
    /// State now.
    pub state: EpisodeState,
    /// What its evidence amounts to.
    pub proof: Proof,
    /// Whether the county confirmed it.
    pub confirmed: bool,
    /// Whether it has a last day before the act.
    pub ended: bool,
    /// Whether an appeal against its voiding was upheld: then it is restored by dismissing the contest after all.
    pub appeal_upheld: bool,
}

/// State and contest after an act; every condition that does not hold otherwise.
pub fn act(
    facts: EpisodeFacts,
    act: EpisodeAct,
) -> Result<(EpisodeState, Option<Contest>), Vec<Unmet>> {
    use EpisodeAct as A;
    use EpisodeState as S;
    let standing = |confirmed, ended| state_by_proof(facts.proof, confirmed, ended);
    match (act, facts.state) {
        (A::Dismiss, S::Void) if facts.appeal_upheld => Ok((
            standing(facts.confirmed, facts.ended),
            Some(Contest::Dismissed),
        )),
        (_, S::Void) => Err(vec![refused(act, facts.state)]),
        (A::End, state) if facts.ended || state == S::Ended => Err(vec![last_day_known()]),
        (A::AddEvidence | A::End, S::Contested) => Ok((S::Contested, Some(Contest::Open))),
        (A::AddEvidence, _) => Ok((standing(facts.confirmed, facts.ended), None)),
        (A::End, _) => Ok((standing(facts.confirmed, true), None)),
        (A::Confirm, S::Claimed | S::Corroborated) if facts.proof == Proof::TwoSources => {
            Ok((standing(true, facts.ended), None))
        }
        (A::Confirm, S::Claimed | S::Corroborated) => Err(vec![Unmet::new(
            "evidence-too-weak",
            "须有两个不同来源的独立证据才能核实;只有机构申报的不能核实。",
            "Two independent sources that differ are needed; a claim alone never verifies.",
        )]),
        (A::Contest, S::Claimed | S::Corroborated | S::Verified | S::Ended) => {
            Ok((S::Contested, Some(Contest::Open)))
        }
        (A::Dismiss, S::Contested) => Ok((
            standing(facts.confirmed, facts.ended),
            Some(Contest::Dismissed),
        )),
        (A::Uphold, S::Contested) => Ok((S::Void, Some(Contest::Upheld))),
        (A::Confirm | A::Contest | A::Dismiss | A::Uphold, _) => {
            Err(vec![refused(act, facts.state)])
        }
    }
}

/// An end is told once (workflow.md 4): nobody makes work longer that a register proved to be short. Evidence may.
fn last_day_known() -> Unmet {
    Unmet::new(
        "last-day-known",
        "这条就业记录已有最后工作日,不能再次登记离职;日期有误的,以后续登记数据为准,或提出争议。",
        "The episode has a last day, and takes no other one: a later register corrects it, or contest it.",
    )
}

/// The last day of work that is over by the word of its trainee: what a register knows is not made longer by a weaker source
/// (grading.md 3). The word stays as evidence.
pub fn last_day_told(known: Option<NaiveDate>, told: NaiveDate, sources: &[Source]) -> NaiveDate {
    let register = sources.iter().any(|source| source.tier() == Tier::A);
    known
        .filter(|known| register && *known < told)
        .unwrap_or(told)
}

/// Names both states, and who may do what now.
fn refused(act: EpisodeAct, state: EpisodeState) -> Unmet {
    use EpisodeAct as A;
    use EpisodeState as S;
    let needed: &[S] = match act {
        A::Confirm => &[S::Claimed, S::Corroborated],
        A::Contest => &[S::Claimed, S::Corroborated, S::Verified, S::Ended],
        A::Dismiss | A::Uphold => &[S::Contested],
        A::AddEvidence => &[
            S::Claimed,
            S::Corroborated,
            S::Verified,
            S::Contested,
            S::Ended,
        ],
        A::End => &[S::Claimed, S::Corroborated, S::Verified, S::Contested],
    };
    let (now_zh, now_en) = match state {
        S::Claimed | S::Corroborated => (
            "补充证据,由县级残联核实,或由有关方面提出疑问",
            "evidence is added, the county confirms, or somebody concerned contests",
        ),
        S::Verified | S::Ended => (
            "补充证据,或由有关方面提出疑问",
            "evidence is added, or somebody concerned contests",
        ),
        S::Contested => (
            "由县级残联(县级核实过的由上一级)裁定疑问",
            "the county, or the level above where the county confirmed, decides the contest",
        ),
        S::Void => ("无;请另行登记新的就业记录", "nothing; claim a new episode"),
    };
    let zh: Vec<&str> = needed.iter().map(|one| one.zh()).collect();
    let en: Vec<&str> = needed.iter().map(|one| one.en()).collect();
    Unmet::new(
        "episode-state",
        format!(
            "就业记录当前为“{}”,“{}”须在“{}”时办理;现在可以:{now_zh}。",
            state.zh(),
            act.zh(),
            zh.join("”或“")
        ),
        format!(
            "The episode is {}; {} needs one that is {}. Now: {now_en}.",
            state.en(),
            act.en(),
            en.join(" or ")
        ),
    )
}

text_enum! {
    /// What a follow-up found.
    FollowUpOutcome("outcome of a follow-up") {
        /// A register shows it.
        Register = "register",
        /// The trainee says: still there.
        StillThere = "still_there",
        /// The trainee says: no longer.
        Left = "left",
        /// The trainee says that something is wrong.
        SomethingWrong = "something_wrong",
        /// Nobody answered: no evidence, and not a "no".
        NoAnswer = "no_answer",
    }
}

named!(FollowUpOutcome {
    Register = "登记数据显示在职" / "shown by a register",
    StillThere = "仍在职" / "still there",
    Left = "已离职" / "no longer there",
    SomethingWrong = "情况不符" / "something is wrong",
    NoAnswer = "未联系上" / "no answer",
});

text_enum! {
    /// Why an episode or a pair of claims wants a look. A person decides what it means.
    ConflictKind("kind of conflict") {
        /// Two institutions claim one person for the same time.
        TwoClaims = "two_claims",
        /// Another course of the same person supersedes this one (X7).
        Superseded = "superseded",
        /// Already at work before the training.
        EmployedBefore = "employed_before_training",
        /// The job ends right after it was checked.
        EndedAfterCheck = "ended_after_check",
        /// The same contract text stands in several claims.
        SameContract = "same_contract_text",
        /// The employer is the institution or was founded by it.
        RelatedEmployer = "related_employer",
    }
}

impl ConflictKind {
    /// Whether two institutions stand against each other: one decision for both sides, by the lowest federation above both
    /// (workflow.md 4).
    pub const fn has_two_sides(self) -> bool {
        matches!(self, Self::TwoClaims | Self::Superseded)
    }
}

named!(ConflictKind {
    TwoClaims = "另有机构申报同一人" / "another claim exists",
    Superseded = "该学员另有后续培训" / "a later course supersedes",
    EmployedBefore = "培训前已在职" / "employed before training",
    EndedAfterCheck = "核查后随即离职" / "job ends right after the check",
    SameContract = "多份合同文本相同" / "same contract text",
    RelatedEmployer = "用人单位与培训机构有关联" / "employer related to the institution",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trainee_makes_no_work_longer_that_a_register_shows_as_over() {
        use Source as E;
        let day = |day| NaiveDate::from_ymd_opt(2026, 3, day).expect("a day");
        for (known, told, sources, expected) in [
            (Some(10), 20, &[E::QuotaAudit][..], 10),
            (Some(10), 20, &[E::Institution, E::SocialInsurance], 10),
            (Some(20), 10, &[E::QuotaAudit], 10),
            (None, 20, &[E::QuotaAudit], 20),
            // Stronger than the word of the institution, and no weaker than what the trainee said before.
            (Some(10), 20, &[E::Institution], 20),
            (Some(10), 20, &[E::Trainee, E::LabourContract], 20),
        ] {
            let last = last_day_told(known.map(day), day(told), sources);
            assert_eq!(last, day(expected), "{known:?} {told} {sources:?}");
        }
    }

    #[test]
    fn a_register_verifies_two_sources_wait_and_a_claim_never_does() {
        use Source as E;
        for (sources, expected) in [
            (&[][..], Proof::Claim),
            (&[E::Institution, E::Photo, E::EmployerLetter], Proof::Claim),
            (&[E::Trainee, E::Trainee], Proof::OneSource),
            (
                &[E::Trainee, E::Institution, E::BankWages],
                Proof::TwoSources,
            ),
            (&[E::Photo, E::SocialInsurance], Proof::Register),
        ] {
            assert_eq!(proof(sources), expected, "{sources:?}");
        }
        assert_eq!(
            state_by_proof(Proof::TwoSources, false, false),
            EpisodeState::Corroborated
        );
        assert_eq!(
            state_by_proof(Proof::TwoSources, true, true),
            EpisodeState::Ended
        );
        assert_eq!(
            state_by_proof(Proof::Register, false, false),
            EpisodeState::Verified
        );
    }

    #[test]
    fn what_was_void_is_restored_only_when_an_appeal_was_upheld() {
        let facts = |appeal_upheld| EpisodeFacts {
            state: EpisodeState::Void,
            proof: Proof::Register,
            confirmed: false,
            ended: false,
            appeal_upheld,
        };
        assert!(act(facts(false), EpisodeAct::Dismiss).is_err());
        assert!(act(facts(true), EpisodeAct::Uphold).is_err());
        let restored = act(facts(true), EpisodeAct::Dismiss).ok();
        assert_eq!(
            restored,
            Some((EpisodeState::Verified, Some(Contest::Dismissed)))
        );
    }

    #[test]
    fn every_pair_of_state_and_act_is_decided() {
        use EpisodeAct as A;
        use EpisodeState as S;
        for &state in S::ALL {
            for &one in A::ALL {
                let facts = EpisodeFacts {
                    state,
                    proof: Proof::TwoSources,
                    confirmed: true,
                    ended: false,
                    appeal_upheld: false,
                };
                let decided = act(facts, one).ok().map(|(state, _)| state);
                let expected = match (one, state) {
                    (_, S::Void) | (A::Contest, S::Contested) | (A::End, S::Ended) => None,
                    (A::AddEvidence | A::End, S::Contested) | (A::Contest, _) => Some(S::Contested),
                    (A::AddEvidence, _)
                    | (A::Confirm, S::Claimed | S::Corroborated)
                    | (A::Dismiss, S::Contested) => Some(S::Verified),
                    (A::End, _) => Some(S::Ended),
                    (A::Uphold, S::Contested) => Some(S::Void),
                    (A::Confirm | A::Dismiss | A::Uphold, _) => None,
                };
                assert_eq!(decided, expected, "{one} on {state}");
            }
        }
    }

    #[test]
    fn what_has_a_last_day_is_given_no_other_one() {
        for &state in EpisodeState::ALL {
            let facts = EpisodeFacts {
                state,
                proof: Proof::Register,
                confirmed: false,
                ended: true,
                appeal_upheld: false,
            };
            assert!(act(facts, EpisodeAct::End).is_err(), "{state}");
        }
    }
}
