//! The survey of trainees: five items, easy reading, flags against stuffing (grading.md 5, pages.md 4.1).

use crate::{named, text_enum};

text_enum! {
    /// One of the five items, in the order of the evidence format.
    SurveyItem("survey item") {
        /// Teaching.
        Teaching = "teaching",
        /// Use for work.
        Usefulness = "usefulness",
        /// Accessibility and accommodation.
        Accessibility = "accessibility",
        /// Help with finding work.
        JobService = "job_service",
        /// All in all.
        Overall = "overall",
    }
}

named!(SurveyItem {
    Teaching = "老师教得怎么样?" / "How was the teaching?",
    Usefulness = "学到的内容对工作有用吗?" / "Is what you learned of use for work?",
    Accessibility = "场地、设备和照顾够不够方便?" / "Were the place, the equipment and the help right for you?",
    JobService = "找工作方面的帮助怎么样?" / "How was the help with finding work?",
    Overall = "总的来说,您满意吗?" / "All in all, are you satisfied?",
});

impl SurveyItem {
    /// The question in at most fifteen characters with one idea (易读版).
    pub const fn easy_zh(self) -> &'static str {
        match self {
            Self::Teaching => "老师教得好吗?",
            Self::Usefulness => "学的东西有用吗?",
            Self::Accessibility => "地方方便您吗?",
            Self::JobService => "帮您找工作了吗?",
            Self::Overall => "您满意吗?",
        }
    }
}

/// Words of the scale, from 5 to 1.
pub const SCALE: [(u8, &str, &str); 5] = [
    (5, "很满意", "very satisfied"),
    (4, "满意", "satisfied"),
    (3, "一般", "neither"),
    (2, "不满意", "not satisfied"),
    (1, "很不满意", "not at all satisfied"),
];

/// Words of the easy form; the three answers stand for 5, 3 and 1 of the scale.
pub const EASY_SCALE: [(u8, &str, &str); 3] =
    [(5, "好", "good"), (3, "一般", "so-so"), (1, "不好", "bad")];

/// Fewest items that make a response; those that were left out count as neutral 3.
pub const LEAST_ITEMS: usize = 3;
/// What a left-out item counts as.
const NEUTRAL: u8 = 3;

/// The five items of a response; nothing when too few were answered.
pub fn items(answers: [Option<u8>; 5]) -> Option<[u8; 5]> {
    let given = answers.iter().flatten().count();
    let right = answers.iter().flatten().all(|item| (1..=5).contains(item));
    (given >= LEAST_ITEMS && right).then(|| answers.map(|item| item.unwrap_or(NEUTRAL)))
}

text_enum! {
    /// Why a response is left out until an audit looks at it (grading.md 5).
    SurveyFlag("survey flag") {
        /// From the institution's network or device.
        InstitutionNetwork = "institution_network",
        /// Too many from one device.
        SameDevice = "same_device",
        /// All items equal, and faster than they can be read.
        TooFast = "too_fast",
        /// Too many from one network.
        SameNetwork = "same_network",
        /// Too many about one institution on one day.
        Burst = "burst",
        /// Contradicted when a third party called.
        Contradicted = "contradicted",
    }
}

named!(SurveyFlag {
    InstitutionNetwork = "来自培训机构的网络或设备" / "from the institution's network or device",
    SameDevice = "同一设备提交过多" / "too many from one device",
    TooFast = "各题相同且作答过快" / "all equal and too fast",
    SameNetwork = "同一网络提交过多" / "too many from one network",
    Burst = "同一机构一天内提交过多" / "too many about one institution on one day",
    Contradicted = "电话回访与答卷不符" / "contradicted in the phone re-interview",
});

/// Numbers of the survey: policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyNumbers {
    /// Days that a token is open.
    pub open_days: u32,
    /// Reminders at most.
    pub reminders: u32,
    /// Responses from one device that are not flagged.
    pub device_most: u32,
    /// Responses from one network that are not flagged: many have one address at an office or with their carrier.
    pub network_most: u32,
    /// Responses on the web about one institution on one day that are not flagged.
    pub day_most: u32,
    /// All items equal in fewer seconds is flagged.
    pub fast_seconds: u32,
    /// Share of flagged responses that suspends the survey, per mille.
    pub flagged_permille: u32,
    /// Share called again by a third party, per mille.
    pub reinterview_permille: u32,
    /// At least so many are called.
    pub reinterview_least: u32,
    /// Fewest responses of which an institution sees aggregates.
    pub institution_least: u32,
    /// Fewest responses of which everybody sees aggregates.
    pub public_least: u32,
}

/// What is known of how a response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// From a network that the institution's staff signed in from.
    pub institution_network: bool,
    /// Responses from this device before, for this institution.
    pub from_device_before: u32,
    /// Responses from this network before, for this institution.
    pub from_network_before: u32,
    /// Responses on the web before on this day, for this institution.
    pub on_day_before: u32,
    /// Seconds from opening to sending.
    pub seconds: u32,
    /// Taken by an officer or an assessor in the village: many from one device are natural there (field.md 15).
    pub taken_by_officer: bool,
}

/// The flags of a response.
pub fn flags(items: [u8; 5], how: Circumstances, numbers: &SurveyNumbers) -> Vec<SurveyFlag> {
    let mut flags = Vec::new();
    if how.institution_network && !how.taken_by_officer {
        flags.push(SurveyFlag::InstitutionNetwork);
    }
    if how.from_device_before >= numbers.device_most && !how.taken_by_officer {
        flags.push(SurveyFlag::SameDevice);
    }
    if how.from_network_before >= numbers.network_most && !how.taken_by_officer {
        flags.push(SurveyFlag::SameNetwork);
    }
    if how.on_day_before >= numbers.day_most && !how.taken_by_officer {
        flags.push(SurveyFlag::Burst);
    }
    if items.iter().all(|item| *item == items[0]) && how.seconds < numbers.fast_seconds {
        flags.push(SurveyFlag::TooFast);
    }
    flags
}

text_enum! {
    /// How a federation heard the number of a trainee from the trainee.
    ContactMeans("means of a contact") {
        /// At the counter.
        Counter = "counter",
        /// On a visit.
        Visit = "visit",
        /// In a call to a number known before.
        Call = "call",
    }
}

named!(ContactMeans {
    Counter = "学员在窗口告知" / "told at the counter",
    Visit = "走访时告知" / "told on a visit",
    Call = "电话核对" / "told in a call",
});

text_enum! {
    /// What a call by a third party found.
    CallOutcome("outcome of a call") {
        /// The trainee stands by the answer.
        Confirmed = "confirmed",
        /// The trainee did not answer, or says otherwise.
        Contradicted = "contradicted",
        /// Nobody could be reached.
        NotReached = "not_reached",
    }
}

named!(CallOutcome {
    Confirmed = "与答卷一致" / "confirmed",
    Contradicted = "与答卷不符" / "contradicted",
    NotReached = "未能联系上" / "not reached",
});

/// What somebody who was called says: whether they answered, and how satisfied they are all in all. Whoever calls does not
/// see the answer; two steps of the scale or more apart contradict it, one is memory.
pub fn compare(overall: u8, answered: bool, says: u8) -> CallOutcome {
    if answered && overall.abs_diff(says) < 2 {
        CallOutcome::Confirmed
    } else {
        CallOutcome::Contradicted
    }
}

/// Whether so many flagged of all suspend the survey and open an audit.
pub fn suspends(flagged: u32, all: u32, numbers: &SurveyNumbers) -> bool {
    all > 0 && u64::from(flagged) * 1_000 >= u64::from(all) * u64::from(numbers.flagged_permille)
}

/// How many of so many responses are called again.
pub fn reinterviews(all: u32, numbers: &SurveyNumbers) -> u32 {
    let share = (u64::from(all) * u64::from(numbers.reinterview_permille)).div_ceil(1_000);
    u32::try_from(share)
        .unwrap_or(u32::MAX)
        .max(numbers.reinterview_least)
        .min(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: SurveyNumbers = SurveyNumbers {
        open_days: 30,
        reminders: 2,
        device_most: 3,
        network_most: 10,
        day_most: 60,
        fast_seconds: 20,
        flagged_permille: 200,
        reinterview_permille: 50,
        reinterview_least: 10,
        institution_least: 5,
        public_least: 10,
    };

    #[test]
    fn left_out_items_are_neutral_and_two_answers_are_no_response() {
        assert_eq!(
            items([Some(5), None, Some(1), None, Some(4)]),
            Some([5, 3, 1, 3, 4])
        );
        assert_eq!(items([Some(5), None, None, None, Some(4)]), None);
        assert_eq!(items([Some(6), Some(5), Some(5), Some(5), Some(4)]), None);
    }

    #[test]
    fn stuffing_is_flagged_and_an_interview_in_the_village_is_not() {
        use SurveyFlag as F;
        let how = Circumstances {
            institution_network: true,
            from_device_before: 3,
            from_network_before: 10,
            on_day_before: 60,
            seconds: 19,
            taken_by_officer: false,
        };
        assert_eq!(
            flags([5; 5], how, &NUMBERS),
            [
                F::InstitutionNetwork,
                F::SameDevice,
                F::SameNetwork,
                F::Burst,
                F::TooFast
            ]
        );
        assert_eq!(
            flags(
                [5, 5, 5, 5, 4],
                Circumstances {
                    taken_by_officer: true,
                    ..how
                },
                &NUMBERS
            ),
            []
        );
        let slow = Circumstances {
            institution_network: false,
            from_device_before: 2,
            from_network_before: 9,
            on_day_before: 59,
            seconds: 20,
            ..how
        };
        assert_eq!(flags([5; 5], slow, &NUMBERS), []);
    }

    #[test]
    fn a_call_contradicts_what_is_two_steps_away_or_was_never_answered() {
        use CallOutcome as O;
        assert_eq!(
            [5, 4, 3, 2, 1].map(|says| compare(4, true, says)),
            [
                O::Confirmed,
                O::Confirmed,
                O::Confirmed,
                O::Contradicted,
                O::Contradicted
            ]
        );
        assert_eq!(compare(4, false, 4), O::Contradicted);
    }

    #[test]
    fn a_fifth_of_flags_suspends_and_a_twentieth_is_called() {
        assert!(
            suspends(20, 100, &NUMBERS)
                && !suspends(19, 100, &NUMBERS)
                && !suspends(0, 0, &NUMBERS)
        );
        let called = |all| reinterviews(all, &NUMBERS);
        assert_eq!(
            [called(4), called(100), called(201), called(400)],
            [4, 10, 11, 20]
        );
    }

    #[test]
    fn easy_questions_have_at_most_fifteen_characters() {
        for item in SurveyItem::ALL {
            assert!(item.easy_zh().chars().count() <= 15, "{item}");
        }
    }
}
