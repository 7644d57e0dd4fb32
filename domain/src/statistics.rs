//! Intervals of raw rates and protection of small cells, in integers (grading.md 4, workflow.md 8).

use serde::{Deserialize, Serialize};

/// z squared of a two-sided 95 % interval, in millionths: 1.959964 squared.
const Z2_PPM: u128 = 3_841_459;
const MILLION: u128 = 1_000_000;

/// A rate with its Wilson 95 % interval, all in ppm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// The raw rate, rounded half up.
    pub rate_ppm: u32,
    /// Lower bound, rounded down.
    pub low_ppm: u32,
    /// Upper bound, rounded up.
    pub high_ppm: u32,
}

/// Wilson's interval of `observed` of `n`; nothing for n = 0 or more successes than people.
///
/// With Z = z² in millionths: bounds = (2·O·10⁶ + Z ∓ √(Z·(4·O·(n−O)·10⁶/n + Z))) / (2·(n·10⁶ + Z)). The root is the
/// integer one; the lower bound is rounded down and the upper one up, so that the interval never promises too much.
pub fn wilson(observed: u32, n: u32) -> Option<Interval> {
    if n == 0 || observed > n {
        return None;
    }
    let (o, n) = (u128::from(observed), u128::from(n));
    let spread = (Z2_PPM * (4 * o * (n - o) * MILLION / n + Z2_PPM)).isqrt();
    let middle = 2 * o * MILLION + Z2_PPM;
    let scale = 2 * (n * MILLION + Z2_PPM);
    let low = middle.saturating_sub(spread + 1) * MILLION / scale;
    let high = ((middle + spread + 1) * MILLION).div_ceil(scale);
    let rate = (2 * o * MILLION + n) / (2 * n);
    let ppm = |value: u128| u32::try_from(value.min(MILLION)).unwrap_or(1_000_000);
    Some(Interval {
        rate_ppm: ppm(rate),
        low_ppm: if o == 0 { 0 } else { ppm(low) },
        high_ppm: if o == n { 1_000_000 } else { ppm(high) },
    })
}

/// Whether two raw rates differ at 95 %: Newcombe's interval of the difference, built from the two Wilson intervals,
/// does not hold zero.
pub fn differ(one: &Interval, two: &Interval) -> bool {
    let (more, less) = if one.rate_ppm >= two.rate_ppm {
        (one, two)
    } else {
        (two, one)
    };
    let square = |a: u32, b: u32| {
        let distance = u64::from(a.abs_diff(b));
        distance * distance
    };
    square(more.rate_ppm, less.rate_ppm)
        > square(more.rate_ppm, more.low_ppm) + square(less.high_ppm, less.rate_ppm)
}

/// From how many people on figures are shown (grading.md 4, Display): numbers of policy, which may rise and never fall under
/// five people in a cell (workflow.md 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DisplayNumbers", into = "DisplayNumbers")]
pub struct Display {
    least_cell: u32,
    provisional_n: u32,
}

/// The numbers as a policy file writes them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DisplayNumbers {
    /// Fewest people that a public cell may hold.
    least_cell: u32,
    /// Below this raw figures are not shown, and the adjusted one is provisional.
    provisional_n: u32,
}

impl From<Display> for DisplayNumbers {
    fn from(of: Display) -> Self {
        Self {
            least_cell: of.least_cell,
            provisional_n: of.provisional_n,
        }
    }
}

impl TryFrom<DisplayNumbers> for Display {
    type Error = &'static str;

    fn try_from(numbers: DisplayNumbers) -> Result<Self, Self::Error> {
        Self::new(numbers.least_cell, numbers.provisional_n)
            .ok_or("least_cell is at least 5 (workflow.md 8), and provisional_n no smaller")
    }
}

impl Display {
    /// Fewest people of a public cell that any policy may set.
    const FLOOR: u32 = 5;

    /// From the two numbers; nothing where they lie under the floor or out of order.
    pub const fn new(least_cell: u32, provisional_n: u32) -> Option<Self> {
        if least_cell < Self::FLOOR || provisional_n < least_cell {
            return None;
        }
        Some(Self {
            least_cell,
            provisional_n,
        })
    }

    /// Fewest people that a public cell may hold.
    pub const fn least_cell(self) -> u32 {
        self.least_cell
    }

    /// Below this raw figures are not shown, and the adjusted one is provisional.
    pub const fn provisional_n(self) -> u32 {
        self.provisional_n
    }

    /// Which cells of a line whose sum is public may be shown. Small cells are hidden, and with them the next smallest, until
    /// what the sum gives away is at least two cells and no small number of people.
    pub fn protect(self, cells: &[u32]) -> Vec<bool> {
        let mut shown: Vec<bool> = cells
            .iter()
            .map(|&count| count >= self.least_cell)
            .collect();
        loop {
            let hidden: Vec<u32> = cells
                .iter()
                .zip(&shown)
                .filter(|(_, shown)| !**shown)
                .map(|(count, _)| *count)
                .collect();
            let safe = hidden.is_empty()
                || (hidden.len() > 1 && hidden.iter().sum::<u32>() >= self.least_cell);
            if safe {
                return shown;
            }
            let next = (0..cells.len())
                .filter(|&at| shown[at])
                .min_by_key(|&at| (cells[at], at));
            match next {
                Some(at) => shown[at] = false,
                None => return shown,
            }
        }
    }

    /// Whether a count may follow one that was published for the same people before: a small difference would tell about so
    /// few of them.
    pub const fn may_follow(self, published: u32, now: u32) -> bool {
        let difference = published.abs_diff(now);
        difference == 0 || difference >= self.least_cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Display = Display::new(5, 10).expect("the numbers of grading.md");

    #[test]
    fn a_policy_raises_the_thresholds_and_never_lowers_them_under_five() {
        let read = |text: &str| serde_json::from_str::<Display>(text);
        assert_eq!(
            read(r#"{"least_cell": 5, "provisional_n": 10}"#).expect("the baseline"),
            BASE
        );
        let stricter = read(r#"{"least_cell": 8, "provisional_n": 20}"#).expect("stricter");
        assert_eq!(stricter.protect(&[40, 7, 9]), [true, false, false]);
        assert!(!stricter.may_follow(30, 37) && stricter.may_follow(30, 38));
        for wrong in [
            r#"{"least_cell": 4, "provisional_n": 10}"#,
            r#"{"least_cell": 10, "provisional_n": 9}"#,
            r#"{"least_cell": 5}"#,
            r#"{"least_cell": 5, "provisional_n": 10, "other": 1}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wilson_bounds_are_those_of_the_formula() {
        // Known values: 24 of 40 and 3 of 7, computed from the formula with 40 decimal digits.
        let one = wilson(24, 40).expect("an interval");
        assert_eq!(
            (one.rate_ppm, one.low_ppm, one.high_ppm),
            (600_000, 445_958, 736_517)
        );
        let few = wilson(3, 7).expect("an interval");
        assert_eq!(
            (few.rate_ppm, few.low_ppm, few.high_ppm),
            (428_571, 158_219, 749_542)
        );
        assert_eq!(wilson(0, 10).map(|one| one.low_ppm), Some(0));
        assert_eq!(wilson(10, 10).map(|one| one.high_ppm), Some(1_000_000));
        assert_eq!((wilson(0, 0), wilson(2, 1)), (None, None));
    }

    #[test]
    fn the_rate_lies_in_its_interval_and_more_people_narrow_it() {
        for n in 1..120 {
            for o in 0..=n {
                let one = wilson(o, n).expect("an interval");
                assert!(
                    one.low_ppm <= one.rate_ppm && one.rate_ppm <= one.high_ppm,
                    "{o}/{n}"
                );
                let ten = wilson(o * 10, n * 10).expect("an interval");
                assert!(
                    ten.high_ppm - ten.low_ppm < one.high_ppm - one.low_ppm,
                    "{o}/{n}"
                );
            }
        }
    }

    #[test]
    fn small_differences_of_few_people_are_not_significant() {
        let rate = |o, n| wilson(o, n).expect("an interval");
        assert!(!differ(&rate(12, 30), &rate(15, 30)));
        assert!(differ(&rate(6, 30), &rate(20, 30)));
        assert!(differ(&rate(300, 1_000), &rate(400, 1_000)));
        assert!(!differ(&rate(5, 10), &rate(5, 10)));
    }

    #[test]
    fn a_small_cell_takes_a_second_one_with_it() {
        assert_eq!(BASE.protect(&[40, 3, 12]), [true, false, false]);
        assert_eq!(BASE.protect(&[40, 3, 4]), [true, false, false]);
        assert_eq!(BASE.protect(&[40, 1, 2]), [false, false, false]);
        assert_eq!(BASE.protect(&[40, 50]), [true, true]);
        assert_eq!(BASE.protect(&[3]), [false]);
        assert_eq!(BASE.protect(&[]), Vec::<bool>::new());
    }

    #[test]
    fn no_sum_gives_a_hidden_cell_away() {
        for a in 0..9 {
            for b in 0..9 {
                for c in 0..9 {
                    let cells = [a, b, c];
                    let shown = BASE.protect(&cells);
                    let hidden: Vec<u32> = (0..3)
                        .filter(|&at| !shown[at])
                        .map(|at| cells[at])
                        .collect();
                    assert!(hidden.len() != 1 && (0..3).all(|at| !shown[at] || cells[at] >= 5));
                    assert!(
                        hidden.is_empty() || hidden.len() == 3 || hidden.iter().sum::<u32>() >= 5
                    );
                }
            }
        }
    }

    #[test]
    fn a_correction_by_a_few_people_is_not_published_as_a_count() {
        assert!(
            BASE.may_follow(30, 30)
                && BASE.may_follow(30, 25)
                && !BASE.may_follow(30, 29)
                && !BASE.may_follow(26, 30)
        );
    }
}
