//! The arithmetic of one institution line by line, so that a grade can be recomputed by hand in an appeal.

use serde::Serialize;

use super::engine::{Assessment, Run, STRATA};
use super::indicator::{Grade, Indicator};
use super::reason::{Basis, Sig};

/// One line, with the numbers put into the formula.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Line {
    /// A formula with a word in front, the same in both languages otherwise.
    fn formula(zh: &str, en: &str, formula: &str) -> Self {
        Self {
            zh: format!("  {zh}:{formula}"),
            en: format!("  {en}: {formula}"),
        }
    }

    fn words(zh: String, en: String) -> Self {
        Self { zh, en }
    }
}

impl Run<'_> {
    /// How the grade of an institution comes about (grading.md sections 2 to 6), or `None` when the evidence has no such
    /// institution. Counts by stratum are small and personal: for the institution and for those who check it.
    pub fn explain(&self, id: &str) -> Option<Vec<Line>> {
        let row = self.evidence.institution(id)?;
        let assessment = &self.assessments[row];
        let (freeze, policy) = (self.evidence.freeze, self.policy.name());
        let (after, until) = (self.window.after, self.window.until);
        let mut lines = vec![
            Line::words(
                format!("机构 {id};政策 {policy};冻结日 {freeze}"),
                format!("Institution {id}; policy {policy}; frozen on {freeze}"),
            ),
            Line::words(
                format!("统计离训日晚于 {after}、不晚于 {until} 的学员"),
                format!("Counted: exits after {after} and not after {until}"),
            ),
        ];
        for indicator in Indicator::RATES {
            self.explain_rate(row, indicator, &mut lines);
        }
        self.explain_sat(row, &mut lines);
        lines.push(heading(Indicator::Tpa, assessment.tpa_milli.is_some()));
        if let Some(points) = assessment.tpa_milli {
            let formula = format!("{} × 1000 = {points}", points / 1_000);
            lines.push(Line::formula("得分", "points", &formula));
        }
        self.explain_grade(assessment, &mut lines);
        Some(lines)
    }

    fn explain_rate(&self, row: usize, indicator: Indicator, lines: &mut Vec<Line>) {
        let figures = self.assessments[row].rate(indicator);
        let reference = self.reference_of(row);
        let (n, o, e) = (figures.n, figures.observed, figures.expected);
        lines.push(heading(indicator, figures.available));
        lines.push(Line::formula(
            "人数、达成数",
            "n and O",
            &format!("n = {n}, O = {o}"),
        ));
        let mut terms = Vec::new();
        for stratum in 0..STRATA {
            let people = self.tallies[row].n[indicator.at()][stratum];
            let (rate, basis) = reference.cells[indicator.at()][stratum];
            if let (1.., Some(rate)) = (people, rate) {
                terms.push(format!("{people} × {rate}"));
                lines.push(stratum_line(stratum, people, rate, basis));
            }
        }
        let (Some(raw), Some(ratio), Some(adjusted), Some(points), Some(overall)) = (
            figures.raw,
            figures.ratio,
            figures.adjusted,
            figures.points,
            reference.overall[indicator.at()],
        ) else {
            return;
        };
        let numbers = self.policy.rate(indicator);
        let (m, floor, target) = (numbers.m, numbers.floor_ppm, numbers.target_ppm);
        let formula = format!("E = {} = {e} ppm", terms.join(" + "));
        lines.push(Line::formula("预期", "expected", &formula));
        let formula = format!("rdiv({o} × 1000000, {n}) = {raw} ppm");
        lines.push(Line::formula("原始比率", "raw rate", &formula));
        let formula = if e == 0 {
            "E = 0: 1000000".to_owned()
        } else {
            format!("rdiv({n} × {o} × 10^12 + {m} × 10^6 × {e}, {e} × ({n} + {m})) = {ratio} ppm")
        };
        lines.push(Line::formula("收缩后的比值", "shrunk ratio", &formula));
        let formula = format!("min(1000000, rdiv({overall} × {ratio}, 1000000)) = {adjusted} ppm");
        lines.push(Line::formula("调整后比率", "adjusted rate", &formula));
        lines.push(points_line(adjusted, floor, target, points));
        lines.push(self.test_line(figures.sig, n, o, e));
    }

    fn test_line(&self, sig: Sig, n: u32, o: u32, e: i128) -> Line {
        let (n, o, z2) = (i128::from(n), i128::from(o), i128::from(self.policy.z2_ppm));
        let whole = n * 1_000_000;
        if n < i128::from(self.policy.min_sig_n) || e <= 0 || e >= whole {
            return Line::words(
                "  显著性:不检验(人数不足或预期为零、为全部)".to_owned(),
                "  significance: not tested (too few, or nothing or everything expected)"
                    .to_owned(),
            );
        }
        let d = o * 1_000_000 - e;
        let left = (d * d).saturating_mul(whole);
        let right = z2 * e * (whole - e);
        let sign = if left > right { '>' } else { '≤' };
        let formula =
            format!("D = {d}; D² × {n} × 10^6 = {left} {sign} {z2} × E × ({whole} − E) = {right}");
        let (zh, en) = (sig.zh(), sig.en());
        Line::words(
            format!("  显著性:{formula},{zh}"),
            format!("  significance: {formula}: {en}"),
        )
    }

    fn explain_sat(&self, row: usize, lines: &mut Vec<Line>) {
        let sat = &self.assessments[row].sat;
        let numbers = &self.policy.sat;
        let (n, s, d, m) = (sat.n, sat.sum_items, sat.deficit, numbers.m);
        lines.push(heading(Indicator::Sat, sat.available));
        let formula = format!("invited = {}, n = {n}, S = {s}", sat.invited);
        lines.push(Line::formula(
            "邀请数、有效答卷、总分",
            "invited, responses, sum",
            &formula,
        ));
        let target = numbers.response_target_permille;
        let formula = format!(
            "max(0, ceil({} × {target} / 1000) − {n}) = {d}",
            sat.invited
        );
        lines.push(Line::formula("缺少的答卷", "missing responses", &formula));
        if let (Some(adjusted), Some(points), Some(overall)) = (
            sat.adjusted,
            sat.points,
            self.reference_of(row).sat_mean_milli,
        ) {
            let anchor = numbers.deficit_anchor_milli;
            let formula = format!(
                "rdiv(200 × {s} + {m} × {overall} + {d} × {anchor}, {n} + {m} + {d}) = {adjusted}"
            );
            lines.push(Line::formula("调整后满意度", "adjusted", &formula));
            lines.push(points_line(
                adjusted,
                numbers.floor_milli,
                numbers.target_milli,
                points,
            ));
        }
    }

    fn explain_grade(&self, assessment: &Assessment, lines: &mut Vec<Line>) {
        let weight = assessment.weight_available;
        let terms: Vec<_> = Indicator::ALL
            .iter()
            .filter_map(|&one| {
                let points = assessment.available_points(one)?;
                Some(format!("{} × {points}", self.policy.weight(one)))
            })
            .collect();
        lines.push(Line::words("综合分".to_owned(), "Composite".to_owned()));
        lines.push(Line::formula(
            "可用权重",
            "weight available",
            &weight.to_string(),
        ));
        if let Some(composite) = assessment.composite {
            let formula = format!("rdiv({}, {weight}) = {composite}", terms.join(" + "));
            lines.push(Line::formula("综合分", "composite", &formula));
        }
        let grade = assessment.grade;
        lines.push(Line::words(
            format!("等级:{}", grade.zh()),
            format!("Grade: {}", grade.en()),
        ));
        let [a, b, c] = self.policy.thresholds;
        let limits = format!("A {a}, B {b}, C {c}, ± {}", self.policy.hysteresis);
        lines.push(Line::formula("分数线", "thresholds", &limits));
        let before = |grade: Option<Grade>| grade.map_or("-", Grade::as_str);
        let formula = format!(
            "{} → {} → {grade}",
            before(assessment.previous),
            before(assessment.before_guards)
        );
        lines.push(Line::formula(
            "上次、上下限之前、结果",
            "previous, before cap and floor, result",
            &formula,
        ));
        for reason in &assessment.reasons {
            lines.push(Line::formula(reason.zh(), reason.en(), reason.as_str()));
        }
        if let Some(rank) = assessment.rank {
            let formula = format!("{rank} / {}", assessment.rank_of);
            lines.push(Line::formula(
                "省内名次",
                "rank in the federation",
                &formula,
            ));
        }
    }
}

fn heading(indicator: Indicator, available: bool) -> Line {
    let (zh, en) = if available {
        ("", "")
    } else {
        ("(不可用)", " (not available)")
    };
    Line::words(
        format!("{} {indicator}{zh}", indicator.zh()),
        format!("{indicator}, {}{en}", indicator.en()),
    )
}

fn stratum_line(stratum: usize, people: u32, rate: u32, basis: Basis) -> Line {
    let (category, severe) = (stratum / 2 + 1, stratum.is_multiple_of(2));
    let (zh, en) = if severe {
        ("1-2 级", "levels 1-2")
    } else {
        ("3-4 级", "levels 3-4")
    };
    Line::words(
        format!(
            "  残疾类别 {category}、{zh}:{people} 人,参照 {rate} ppm({})",
            basis.zh()
        ),
        format!(
            "  category {category}, {en}: {people}, reference {rate} ppm ({})",
            basis.en()
        ),
    )
}

fn points_line(value: i128, floor: u32, target: u32, points: i128) -> Line {
    let formula = if value <= i128::from(floor) {
        format!("{value} ≤ {floor}: 0")
    } else {
        format!("min(100000, rdiv(({value} − {floor}) × 100000, {target} − {floor})) = {points}")
    };
    Line::formula("得分", "points", &formula)
}
