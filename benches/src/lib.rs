//! Benchmarks: each measures its limit and us in one run, and prints both with their ratio. Nothing here is a test.

use std::io::{BufRead as _, BufReader, Error, Result};
use std::process::{Child, Command, Stdio};
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

/// The program, serving; it is stopped when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// The line of JSON that it printed when it was ready.
    pub line: serde_json::Value,
}

impl Running {
    /// Starts it with `--json` and these arguments, and waits until it is ready.
    pub fn start(mut command: Command, arguments: &[&str]) -> Result<Self> {
        let mut child = command
            .arg("--json")
            .args(arguments)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or(Error::other("no output"))?;
        BufReader::new(output).read_line(&mut line)?;
        let line = serde_json::from_str(&line)?;
        Ok(Self { child, line })
    }

    /// Where it answers.
    pub fn address(&self) -> &str {
        self.line["address"].as_str().unwrap_or("")
    }

    /// A figure of its memory as the kernel counts it, such as `VmRSS:`, in MB.
    pub fn memory_mb(&self, field: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let figure = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(figure.ok_or(Error::other("no figure of memory"))? * 1_024 / 1_000_000)
    }

    /// Ends it as an operator does.
    pub fn end(mut self) -> Result<()> {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, or given up on the way: then nothing of it is to be left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
