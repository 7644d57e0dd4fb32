//! Reads, checks and annotates one roster and tells the peak memory after each
//! step: `cargo run -p api --example roster_memory FILE` (Linux).

use std::error::Error;
use std::fs;

use api::rosters::{Context, Limits, annotate, parse, read};
use chrono::NaiveDate;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: roster_memory FILE")?;
    let bytes = fs::read(&path)?;
    step("file", bytes.len());
    let sheet = read(&bytes, &path, Limits::default())?;
    step("read", sheet.row_count() as usize);
    let context = Context {
        today: NaiveDate::from_ymd_opt(2026, 3, 1).ok_or("date")?,
        start_on: NaiveDate::from_ymd_opt(2026, 3, 16).ok_or("date")?,
        min_age: 16,
        region_lookup: &|text| text.parse().ok(),
        max_trainees: usize::MAX,
    };
    let roster = parse(&sheet, &context);
    step("good rows", roster.rows.len());
    step("faults", roster.faults.len());
    let annotated = annotate(&sheet, &roster.faults)?;
    step("annotated bytes", annotated.len());
    Ok(())
}

fn step(what: &str, count: usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or(" unknown")
        .trim();
    println!("{what}: {count}; peak {peak}");
}
