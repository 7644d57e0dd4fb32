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

/// Processor time of this process so far, all threads: steadier than the wall clock on a machine that others use.
pub fn processor_time() -> Duration {
    // Fields 14 and 15 of the line, in clock ticks of a hundredth of a second, after the name in brackets.
    let line = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = line
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

/// A stretch of work by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    wall: std::time::Instant,
    processor: Duration,
}

impl Stretch {
    /// Begins now.
    pub fn begin() -> Self {
        Self {
            wall: std::time::Instant::now(),
            processor: processor_time(),
        }
    }

    /// Wall time and processor time since the beginning.
    pub fn end(self) -> [Duration; 2] {
        [
            self.wall.elapsed(),
            processor_time().saturating_sub(self.processor),
        ]
    }
}

/// Sums of both clocks.
pub fn add(one: [Duration; 2], other: [Duration; 2]) -> [Duration; 2] {
    [one[0] + other[0], one[1] + other[1]]
}

/// Most memory that this process ever held, in MiB.
pub fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| {
            rest.trim()
                .trim_end_matches(" kB")
                .trim()
                .parse::<u64>()
                .ok()
        })
        .unwrap_or(0)
        / 1_024
}
