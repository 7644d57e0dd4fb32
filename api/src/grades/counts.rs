//! Published as counts (grading.md 2 and 3): whom a run left out of employment and why, and the mix of the kinds of work. Small
//! cells are kept back like every other one.

use std::collections::BTreeMap;

use domain::grading::{Exclusion, Mix, WorkType};
use domain::statistics::Display;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::frame::Frame;

/// The counts of one institution as they are kept with the result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    excluded: BTreeMap<String, u32>,
    undecided: u32,
    work: BTreeMap<String, u32>,
}

/// What anybody may see of them: a count that is kept back is null, and what nobody is in is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PublicCounts {
    /// Left out of employment, by exclusion `X1` to `X7`.
    pub(crate) excluded: BTreeMap<String, Option<u32>>,
    /// Whether so few were left out in all that neither their number nor any reason is told.
    pub(crate) left_out_few: bool,
    /// Left out because a complete claim was undecided at the freeze.
    pub(crate) undecided: Option<u32>,
    /// Whether the number of those is kept back, being small.
    pub(crate) undecided_few: bool,
    /// Conversions by the form of work.
    pub(crate) work: BTreeMap<String, Option<u32>>,
}

impl Counts {
    /// Of a run.
    pub(crate) fn of(mix: &Mix) -> Self {
        Self {
            excluded: mix
                .excluded
                .iter()
                .map(|(code, n)| (code.as_str().to_owned(), *n))
                .collect(),
            undecided: mix.undecided,
            work: mix
                .work
                .iter()
                .map(|(kind, n)| (kind.as_str().to_owned(), *n))
                .collect(),
        }
    }

    /// As the public may see them, after what was published before for the same freeze date. The sum of those left out
    /// follows from published numbers, and so does that of the conversions: the mix is shown only where they are
    /// (`conversions`), and in both lines no cell can be computed back.
    pub(crate) fn public(
        &self,
        conversions: bool,
        before: &[Self],
        display: Display,
    ) -> PublicCounts {
        const UNDECIDED: &str = "undecided";
        let left_out = |of: &Self| {
            let mut left = of.excluded.clone();
            if of.undecided > 0 {
                left.insert(UNDECIDED.to_owned(), of.undecided);
            }
            left
        };
        let left = left_out(self);
        let then: Vec<BTreeMap<String, u32>> = before.iter().map(left_out).collect();
        let work: Vec<BTreeMap<String, u32>> = before.iter().map(|one| one.work.clone()).collect();
        let shown = |line: &BTreeMap<String, u32>, then: &[BTreeMap<String, u32>]| {
            let earlier = |code: &str, one: u32| {
                then.iter()
                    .filter_map(|then| then.get(code))
                    .all(|then| display.may_follow(*then, one))
            };
            let cells: Vec<u32> = line
                .iter()
                // What an earlier publication would tell counts as a small cell, so that others are hidden with it.
                .map(|(code, n)| if earlier(code, *n) { *n } else { 1 })
                .collect();
            line.iter()
                .zip(display.protect(&cells))
                .map(|((code, n), shown)| (code.clone(), Some(*n).filter(|_| shown)))
                .collect::<BTreeMap<_, _>>()
        };
        // How many they are follows from published numbers: of so few a reason alone would tell what happened to somebody.
        let all: u32 = left.values().sum();
        let few = (1..display.least_cell()).contains(&all);
        let mut excluded = if few {
            BTreeMap::new()
        } else {
            shown(&left, &then)
        };
        let undecided = excluded.remove(UNDECIDED);
        PublicCounts {
            excluded,
            left_out_few: few,
            undecided_few: undecided == Some(None),
            undecided: match undecided {
                None if few => None,
                None => Some(0),
                Some(n) => n,
            },
            work: if conversions {
                shown(&self.work, &work)
            } else {
                BTreeMap::new()
            },
        }
    }
}

/// The counts in words: what, and how many.
pub(crate) fn lines(f: &Frame, counts: &PublicCounts) -> Vec<(String, String)> {
    let number = |n: Option<u32>| {
        n.map_or_else(
            || f.t("人数过少,不公布", "too few, not shown").to_owned(),
            |n| n.to_string(),
        )
    };
    let mut lines = Vec::new();
    if counts.left_out_few {
        let words = f.t("未计入的学员", "trainees left out");
        lines.push((words.to_owned(), number(None)));
    }
    for (code, n) in &counts.excluded {
        let words = code
            .parse::<Exclusion>()
            .map_or("", |code| f.lang().pick(code.zh(), code.en()));
        lines.push((format!("{code} {words}"), number(*n)));
    }
    if counts.undecided_few || counts.undecided.is_some_and(|n| n > 0) {
        let words = f.t("就业申报尚未核定", "claim of work not decided");
        lines.push((words.to_owned(), number(counts.undecided)));
    }
    for (kind, n) in &counts.work {
        let word = kind
            .parse::<WorkType>()
            .map_or(kind.as_str(), |kind| work_word(f, kind));
        let form = f.t("就业形式:", "form of work: ");
        lines.push((format!("{form}{word}"), number(*n)));
    }
    lines
}

pub(crate) fn work_word(f: &Frame, kind: WorkType) -> &'static str {
    let (zh, en) = match kind {
        WorkType::Contract => ("合同就业", "contract"),
        WorkType::Centralised => ("集中就业", "centralised employment"),
        WorkType::PublicSector => ("机关事业单位", "public sector"),
        WorkType::PublicWelfarePost => ("公益性岗位", "public-welfare post"),
        WorkType::SelfEmployment => ("自主创业", "self-employment"),
        WorkType::Flexible => ("灵活就业", "flexible employment"),
        WorkType::RuralProduction => ("种养加", "rural production"),
        WorkType::SupportedWork => ("辅助性就业", "supported work"),
        WorkType::Unpaid | WorkType::Internship | WorkType::Trial => ("不计入", "not counted"),
    };
    f.lang().pick(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Display = Display::new(5, 10).expect("the numbers of grading.md");

    fn counts(excluded: &[(&str, u32)], undecided: u32, work: &[(&str, u32)]) -> Counts {
        let map = |pairs: &[(&str, u32)]| {
            pairs
                .iter()
                .map(|(code, n)| ((*code).to_owned(), *n))
                .collect()
        };
        Counts {
            excluded: map(excluded),
            undecided,
            work: map(work),
        }
    }

    #[test]
    fn small_counts_are_kept_back_with_another_one() {
        let all = counts(
            &[("X1", 2), ("X5", 9), ("X6", 40)],
            7,
            &[("contract", 30), ("flexible", 3)],
        );
        let shown = all.public(true, &[], BASE);
        assert_eq!(shown.excluded["X1"], None);
        assert_eq!(shown.undecided, None, "the next smallest goes with it");
        assert!(shown.undecided_few);
        assert_eq!(
            (shown.excluded["X5"], shown.excluded["X6"]),
            (Some(9), Some(40))
        );
        assert_eq!(
            (shown.work["flexible"], shown.work["contract"]),
            (None, None)
        );
        assert!(all.public(false, &[], BASE).work.is_empty());
        let many = counts(&[("X6", 12)], 0, &[]).public(true, &[], BASE);
        assert_eq!((many.excluded["X6"], many.undecided), (Some(12), Some(0)));
    }

    #[test]
    fn where_few_were_left_out_no_reason_is_told() {
        for (excluded, undecided) in [
            (&[("X4", 1)][..], 0),
            (&[("X1", 2), ("X4", 1)][..], 1),
            (&[][..], 4),
        ] {
            let shown = counts(excluded, undecided, &[]).public(true, &[], BASE);
            assert!(shown.left_out_few && shown.excluded.is_empty(), "{shown:?}");
            assert_eq!((shown.undecided, shown.undecided_few), (None, false));
        }
        let enough = counts(&[("X4", 1), ("X6", 4)], 0, &[]).public(true, &[], BASE);
        assert!(!enough.left_out_few);
        assert_eq!(enough.excluded.len(), 2);
        assert!(enough.excluded.values().all(Option::is_none));
        let nobody = counts(&[], 0, &[]).public(true, &[], BASE);
        assert_eq!((nobody.left_out_few, nobody.undecided), (false, Some(0)));
    }

    #[test]
    fn a_count_that_differs_by_a_few_from_an_earlier_one_is_kept_back() {
        let before = counts(&[("X5", 20), ("X6", 12)], 0, &[]);
        let now = counts(&[("X5", 20), ("X6", 14)], 0, &[]);
        let shown = now.public(true, std::slice::from_ref(&before), BASE);
        assert_eq!((shown.excluded["X6"], shown.excluded["X5"]), (None, None));
    }
}
