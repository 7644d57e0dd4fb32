//! What a registry takes of memory: its serving process, and the ones beside it that read old workbooks.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// How often the readers are looked at: their peak is gone with them.
const STEP: Duration = Duration::from_millis(1);
/// The argument by which a reader of old workbooks is known.
const READER: &str = "read-xls";

/// The memory of a serving process since some moment.
pub(crate) struct Memory {
    process: u32,
    /// What the process held then, in KiB.
    before: u64,
    /// The most that readers held at once since then, in KiB.
    readers: Arc<AtomicU64>,
}

impl Memory {
    /// Begins to watch a process; it is watched as long as this lives.
    pub(super) fn of(process: u32) -> Self {
        let readers = Arc::new(AtomicU64::new(0));
        let watched = Arc::downgrade(&readers);
        std::thread::spawn(move || watch(process, &watched));
        Self {
            process,
            before: kib(process, "VmRSS:").expect("a process that runs"),
            readers,
        }
    }

    /// The most that the process and its readers held beyond what the process began with, in KiB: the peaks of both are
    /// added, as if they were at one moment.
    pub(crate) fn beyond(&self) -> u64 {
        let peak = kib(self.process, "VmHWM:").expect("a process that runs");
        peak.saturating_sub(self.before) + self.of_readers()
    }

    /// The part of the readers; none is seen where no old workbook was read.
    pub(super) fn of_readers(&self) -> u64 {
        self.readers.load(Ordering::SeqCst)
    }
}

fn watch(process: u32, readers: &Weak<AtomicU64>) {
    while let Some(most) = readers.upgrade() {
        let now: u64 = readers_of(process)
            .into_iter()
            .filter_map(|reader| kib(reader, "VmHWM:"))
            .sum();
        most.fetch_max(now, Ordering::SeqCst);
        drop(most);
        std::thread::sleep(STEP);
    }
}

/// Readers that a process started and that are at work.
fn readers_of(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    let mut readers = Vec::new();
    for thread in threads.filter_map(Result::ok) {
        let children = text(&thread.path().join("children")).unwrap_or_default();
        let children = children
            .split_ascii_whitespace()
            .filter_map(|id| id.parse::<u32>().ok());
        readers.extend(children.filter(|child| is_reader(*child)));
    }
    readers
}

/// Whether a child is what it was started for already: until then its memory is its parent's.
fn is_reader(child: u32) -> bool {
    let line = text(Path::new(&format!("/proc/{child}/cmdline"))).unwrap_or_default();
    line.split('\0').any(|argument| argument == READER)
}

/// A line of a process's status, in KiB; none of a process that has ended.
fn kib(process: u32, line: &str) -> Option<u64> {
    let status = text(Path::new(&format!("/proc/{process}/status")))?;
    let found = status.lines().find_map(|one| one.strip_prefix(line))?;
    found.trim().trim_end_matches("kB").trim().parse().ok()
}

fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}
