//! STB3, STB6, STB12: on day s+h in work, and at most 30 days without work in [s, s+h] (grading.md section 3).

use super::judge::Stable;
use crate::grading::day::Day;
use crate::grading::evidence::{Episode, Evidence};

/// What is the same for the three horizons of an enrolment.
pub(super) struct Stability<'e> {
    pub(super) evidence: &'e Evidence,
    pub(super) province: u32,
    pub(super) conversion: &'e Episode,
    pub(super) gap_days: i32,
}

/// Whether the work in `spans` (first and last day, in order of first days) lasts from `start` to `end`.
pub(super) fn stable_at(
    stability: &Stability<'_>,
    start: Day,
    end: Day,
    spans: impl Iterator<Item = (Day, Day)> + Clone,
) -> Stable {
    if lasts(start, end, stability.gap_days, spans.clone()) {
        return Stable::Yes;
    }
    // Not proven. If the days of an outage of the source that proved the conversion would make the difference, nobody can
    // tell, and the enrolment leaves the denominator.
    let hidden = stability.hidden();
    if hidden.is_empty() {
        return Stable::No;
    }
    let mut spans: Vec<_> = spans.chain(hidden).collect();
    spans.sort_unstable();
    if lasts(start, end, stability.gap_days, spans.into_iter()) {
        Stable::NotCounted
    } else {
        Stable::No
    }
}

impl Stability<'_> {
    fn hidden(&self) -> Vec<(Day, Day)> {
        if self.evidence.outages.is_empty() {
            return Vec::new();
        }
        let from = self.conversion.sources_from as usize;
        let sources = &self.evidence.sources[from..from + self.conversion.sources_count as usize];
        self.evidence
            .outages
            .iter()
            .filter(|outage| outage.province == self.province && sources.contains(&outage.source))
            .map(|outage| (outage.from, outage.until.plus(-1)))
            .collect()
    }
}

/// Whether `end` is in a span and at most `gap_days` of `start..=end` are in none.
fn lasts(start: Day, end: Day, gap_days: i32, spans: impl Iterator<Item = (Day, Day)>) -> bool {
    let mut next = start;
    let mut gap = 0;
    for (first, last) in spans {
        if first > end {
            break;
        }
        gap += first.since(next).max(0);
        next = next.max(last.plus(1));
    }
    next > end && gap <= gap_days
}
