//! The indicators of grading.md section 3 and the grades of section 6.

use crate::{named, text_enum};

text_enum! {
    /// An indicator (grading.md section 3).
    Indicator("indicator") {
        /// 就业转化率: job found after training.
        Emp = "EMP",
        /// Still working 90 days after the start; shown only.
        Stb3 = "STB3",
        /// Still working 180 days after the start.
        Stb6 = "STB6",
        /// Still working 365 days after the start.
        Stb12 = "STB12",
        /// 结业率: completed.
        Cmp = "CMP",
        /// 取证率: got the program's certificate.
        Crt = "CRT",
        /// 满意度: survey of the trainees.
        Sat = "SAT",
        /// 第三方评估: score of the third party.
        Tpa = "TPA",
    }
}

named!(Indicator {
    Emp = "就业转化率" / "employment",
    Stb3 = "三个月稳定率" / "stability at 3 months",
    Stb6 = "六个月稳定率" / "stability at 6 months",
    Stb12 = "十二个月稳定率" / "stability at 12 months",
    Cmp = "结业率" / "completion",
    Crt = "取证率" / "certification",
    Sat = "满意度" / "satisfaction",
    Tpa = "第三方评估" / "third-party assessment",
});

impl Indicator {
    /// The six that are rates: successes among enrolments, adjusted for the mix of trainees.
    pub const RATES: [Self; RATES] = [
        Self::Emp,
        Self::Stb3,
        Self::Stb6,
        Self::Stb12,
        Self::Cmp,
        Self::Crt,
    ];

    /// Its place in [`Self::ALL`], and for a rate in [`Self::RATES`].
    pub(super) const fn at(self) -> usize {
        self as usize
    }
}

/// How many indicators are rates.
pub const RATES: usize = 6;

/// The horizons of STB3, STB6, STB12 in days after the first qualifying start: the definition, not a policy.
pub(super) const HORIZONS: [i32; 3] = [90, 180, 365];

text_enum! {
    /// A grade, or `P` while there is not enough data for one (grading.md section 6). The better one is the smaller one.
    Grade("grade") {
        /// 优秀.
        A = "A",
        /// 良好.
        B = "B",
        /// 合格.
        C = "C",
        /// 需整改.
        D = "D",
        /// 暂定: provisional.
        P = "P",
    }
}

named!(Grade {
    A = "A 级 优秀" / "grade A",
    B = "B 级 良好" / "grade B",
    C = "C 级 合格" / "grade C",
    D = "D 级 需整改" / "grade D",
    P = "暂定" / "provisional",
});

text_enum! {
    /// Why an enrolment is not in the employment denominator (grading.md section 2), in order of precedence.
    Exclusion("exclusion") {
        /// Died.
        X1 = "X1",
        /// Medically unable.
        X2 = "X2",
        /// Full-time education or military service.
        X3 = "X3",
        /// Custody.
        X4 = "X4",
        /// Reached retirement age.
        X5 = "X5",
        /// Already employed at enrolment; computed.
        X6 = "X6",
        /// Superseded by a later course; computed.
        X7 = "X7",
    }
}

named!(Exclusion {
    X1 = "死亡" / "died",
    X2 = "因病不能工作" / "medically unable",
    X3 = "全日制就学或服役" / "full-time education or military service",
    X4 = "被羁押或服刑" / "custody",
    X5 = "达到退休年龄" / "reached retirement age",
    X6 = "报名时已就业" / "already employed at enrolment",
    X7 = "由后续培训计入" / "superseded by a later course",
});

impl Exclusion {
    /// Those that are given in the evidence with a date.
    pub const GIVEN: [Self; 5] = [Self::X1, Self::X2, Self::X3, Self::X4, Self::X5];

    /// Those that also leave completion and certification when dated on or before the cohort's end.
    pub(super) const fn leaves_completion(self) -> bool {
        matches!(self, Self::X1 | Self::X2 | Self::X4)
    }
}

text_enum! {
    /// Form of work (grading.md section 3); the last three never count.
    WorkType("work type") {
        /// 按比例就业 or ordinary employment by contract.
        Contract = "contract",
        /// 集中就业.
        Centralised = "centralised",
        /// Public sector.
        PublicSector = "public_sector",
        /// 公益性岗位.
        PublicWelfarePost = "public_welfare_post",
        /// Registered self-employment.
        SelfEmployment = "self_employment",
        /// 灵活就业 with income records.
        Flexible = "flexible",
        /// 种养加: only for rural programs.
        RuralProduction = "rural_production",
        /// 辅助性就业: only for those for whom the form exists.
        SupportedWork = "supported_work",
        /// Unpaid placement.
        Unpaid = "unpaid",
        /// Internship.
        Internship = "internship",
        /// Trial.
        Trial = "trial",
    }
}

text_enum! {
    /// Strength of one piece of evidence (grading.md section 3).
    Tier("tier") {
        /// Authoritative register.
        A = "A",
        /// Document or statement from an independent source.
        B = "B",
        /// The institution's claim alone.
        C = "C",
    }
}

text_enum! {
    /// What became of a contest of an episode.
    Contest("contest") {
        /// Open: the episode is suspended.
        Open = "open",
        /// Upheld: the episode is void.
        Upheld = "upheld",
        /// Dismissed: the episode stands.
        Dismissed = "dismissed",
    }
}

text_enum! {
    /// What kept a source from answering (field.md, additions); both hide evidence alike.
    OutageKind("outage kind") {
        /// The source's system.
        System = "system",
        /// A disaster.
        Disaster = "disaster",
    }
}

text_enum! {
    /// How a survey was answered (field.md 15); not used in the arithmetic.
    SurveyMode("survey mode") {
        /// On the web.
        Web = "web",
        /// By text message.
        Sms = "sms",
        /// By voice call.
        Voice = "voice",
        /// On paper.
        Paper = "paper",
        /// In an interview.
        Interview = "interview",
    }
}

named!(SurveyMode {
    Web = "网页" / "web",
    Sms = "短信" / "text message",
    Voice = "电话" / "telephone",
    Paper = "纸质问卷" / "paper",
    Interview = "上门或现场访谈" / "interview",
});

text_enum! {
    /// Who filled a survey in (field.md 15); not used in the arithmetic.
    SurveyBy("survey by") {
        /// The trainee.
        Own = "self",
        /// The trainee with help.
        Assisted = "assisted",
        /// A helper.
        Proxy = "proxy",
    }
}

named!(SurveyBy {
    Own = "本人" / "the trainee",
    Assisted = "本人,有人协助" / "the trainee with help",
    Proxy = "代填" / "somebody for the trainee",
});

text_enum! {
    /// Whose trainees the reference table is made of (grading.md 4).
    Scope("scope of the reference table") {
        /// All institutions of the evidence.
        National = "national",
        /// Those of the institution's own province-level federation.
        Province = "province",
    }
}

text_enum! {
    /// What becomes of a trainee whose complete claim is undecided at the freeze (field.md 11).
    Undecided("undecided") {
        /// Stays in the denominator, not converted (grading.md).
        CountAsNotConverted = "count_as_not_converted",
        /// Leaves the employment denominator.
        LeaveOut = "leave_out",
    }
}
