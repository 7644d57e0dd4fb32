//! Benchmarks: each measures its limit and us in one run, and prints both with their ratio. Nothing here is a test.

use std::time::Duration;

/// Rounds that each benchmark measures; the middle one counts.
pub const ROUNDS: usize = 3;

/// The middle of some durations.
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations
        .get(durations.len() / 2)
        .copied()
        .unwrap_or_default()
}

/// `part` of `whole` in per cent.
pub fn percent(part: Duration, whole: Duration) -> u128 {
    part.as_micros() * 100 / whole.as_micros().max(1)
}
