//! The closed lists of R: reasons of a grade, results of the test, sources of a reference rate (docs/formats.md).

use crate::{named, text_enum};

text_enum! {
    /// Why a grade is what it is: the closed list of docs/formats.md, in the order of the codes.
    Reason("reason") {
        /// Cap A to B.
        CapEmpN = "cap_emp_n",
        /// Cap A to B.
        CapEmpSigLow = "cap_emp_sig_low",
        /// Cap A to B.
        CapSatUnavailable = "cap_sat_unavailable",
        /// Cap A to B.
        CapStb6SigLow = "cap_stb6_sig_low",
        /// D stands.
        DEmpSigLow = "d_emp_sig_low",
        /// D stands.
        DSatLow = "d_sat_low",
        /// D stands.
        DStb6SigLow = "d_stb6_sig_low",
        /// Worse than the previous grade.
        Fell = "fell",
        /// Floor D to C.
        FloorNotProven = "floor_not_proven",
        /// Another grade than the plain thresholds would give.
        Hysteresis = "hysteresis",
        /// No previous grade, or P.
        NoPreviousGrade = "no_previous_grade",
        /// P.
        PEmpN = "p_emp_n",
        /// P.
        PEmpUnavailable = "p_emp_unavailable",
        /// P.
        PExited = "p_exited",
        /// P.
        PWeight = "p_weight",
        /// Better than the previous grade.
        Rose = "rose",
        /// The previous grade.
        Stayed = "stayed",
    }
}

named!(Reason {
    CapEmpN = "评为 A 级须有足够的就业统计人数,降为 B 级" / "too few enrolments in EMP for an A: B",
    CapEmpSigLow = "就业转化率显著低于预期,A 级降为 B 级" / "EMP significantly low: A becomes B",
    CapSatUnavailable = "满意度不可用,A 级降为 B 级" / "satisfaction not available: A becomes B",
    CapStb6SigLow = "六个月稳定率显著低于预期,A 级降为 B 级" / "STB6 significantly low: A becomes B",
    DEmpSigLow = "就业转化率显著低于预期,D 级成立" / "EMP significantly low: D stands",
    DSatLow = "满意度低于下限,D 级成立" / "satisfaction below its limit: D stands",
    DStb6SigLow = "六个月稳定率显著低于预期,D 级成立" / "STB6 significantly low: D stands",
    Fell = "比上次等级下降" / "fell below the previous grade",
    FloorNotProven = "没有显著证据,D 级改为 C 级" / "nothing significant proven: D becomes C",
    Hysteresis = "在缓冲范围内,等级与单看分数线不同" / "within the margin: another grade than the plain thresholds give",
    NoPreviousGrade = "没有上次等级,按分数线评定" / "no previous grade: plain thresholds",
    PEmpN = "就业统计人数不足,暂不定级" / "too few enrolments in EMP: provisional",
    PEmpUnavailable = "就业转化率不可用,暂不定级" / "EMP not available: provisional",
    PExited = "机构已退出,不再评级" / "the institution has left: no grade any more",
    PWeight = "可用指标的权重不足,暂不定级" / "too little weight available: provisional",
    Rose = "比上次等级上升" / "rose above the previous grade",
    Stayed = "与上次等级相同" / "same as the previous grade",
});

text_enum! {
    /// Result of the one-sided 95% test.
    Sig("significance") {
        /// Significantly below expectation.
        Low = "low",
        /// Significantly above expectation.
        High = "high",
        /// Neither.
        None = "none",
    }
}

text_enum! {
    /// Whose rate stands in a cell of the reference table.
    Basis("reference source") {
        /// The stratum's own.
        Stratum = "stratum",
        /// The severity band's.
        Band = "band",
        /// That of all.
        Overall = "overall",
        /// The national table's: the province has too few of its own.
        National = "national",
    }
}

named!(Sig {
    Low = "显著低于预期" / "significantly low",
    High = "显著高于预期" / "significantly high",
    None = "不显著" / "not significant",
});

named!(Basis {
    Stratum = "本层" / "the stratum's own",
    Band = "同等程度各类" / "its severity band",
    Overall = "全体" / "all",
    National = "全国" / "the nation's",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_listed_in_the_order_of_their_codes() {
        assert!(Reason::ALL.is_sorted_by_key(|reason| reason.as_str()));
    }
}
