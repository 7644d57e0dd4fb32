//! How fast a grading run is on one core: `cargo run --release -p benches --bin engine [ENROLMENTS]`.
//!
//! Makes synthetic evidence in memory (0.6 episodes and 0.4 responses for each enrolment, 250 enrolments for each
//! institution), reads it, computes, writes R, and prints for each step the seconds of wall clock and of CPU, the rate by CPU,
//! and the memory used until then. CPU seconds have a resolution of 10 ms.

use std::fmt::Write as _;
use std::time::Instant;

use chrono::{Days, NaiveDate};
use domain::grading::{Evidence, Policy, grade};

const POLICY: &str = include_str!("../../seed-data/policies/CN-BASE-2026.1.json");
const PURPOSES: [&str; 4] = ["employment", "entrepreneurship", "rural", "upskilling"];
const WORK: [&str; 5] = [
    "contract",
    "centralised",
    "public_welfare_post",
    "flexible",
    "supported_work",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let enrolments = match std::env::args().nth(1) {
        Some(text) => text.replace('_', "").parse()?,
        None => 5_000_000,
    };
    let policy = Policy::from_json(POLICY)?;

    let begun = Clock::start();
    let text = synthetic(enrolments)?;
    let size = format!("{} MiB of JSON", text.len() >> 20);
    told("made", &size, &begun, enrolments);

    let begun = Clock::start();
    let evidence = Evidence::from_json(&text)?;
    told("read, checked, hashed", "", &begun, enrolments);
    drop(text);
    let counts = format!(
        "{} enrolments, {} episodes, {} institutions",
        evidence.enrolments(),
        evidence.episodes(),
        evidence.institutions()
    );

    let begun = Clock::start();
    let run = grade(&evidence, &policy);
    told("computed", &counts, &begun, enrolments);
    // Again: the memory of the first run is warm, and the second figure shows how much that matters.
    let begun = Clock::start();
    let again = grade(&evidence, &policy);
    told("computed again", "", &begun, enrolments);
    drop(again);

    for explain in [false, true] {
        let begun = Clock::start();
        let bytes = run.to_json(explain)?;
        let name = if explain {
            "written, every enrolment explained"
        } else {
            "written"
        };
        told(
            name,
            &format!("{} KiB", bytes.len() >> 10),
            &begun,
            enrolments,
        );
    }
    println!("grades A, B, C, D, P: {:?}", run.grades());
    Ok(())
}

/// Wall clock and CPU of this process.
struct Clock {
    wall: Instant,
    cpu: f64,
}

impl Clock {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    fn seconds(&self) -> (f64, f64) {
        (self.wall.elapsed().as_secs_f64(), cpu_seconds() - self.cpu)
    }
}

/// User and system time of the process, from the kernel's ticks of 10 ms; nothing on other systems than Linux.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    // utime and stime are fields 14 and 15; the name of the program ends field 2.
    let ticks: u32 = fields
        .skip(11)
        .take(2)
        .filter_map(|one| one.parse::<u32>().ok())
        .sum();
    f64::from(ticks) / 100.0
}

fn told(what: &str, of: &str, begun: &Clock, enrolments: u32) {
    let (wall, cpu) = begun.seconds();
    let rate = f64::from(enrolments) / if cpu > 0.0 { cpu } else { wall };
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| -> u64 {
        let line = memory.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    println!(
        "{what:<36} {wall:>8.3} s, {cpu:>7.2} s CPU, {rate:>12.0} enrolments/s, {:>6} MiB now, {:>6} MiB at most  {of}",
        kib("VmRSS:") >> 10,
        kib("VmHWM:") >> 10
    );
}

/// Evidence with the shape of a country: four classes of about 62 for each institution, one trainee in five comes twice.
fn synthetic(enrolments: u32) -> Result<String, Box<dyn std::error::Error>> {
    let institutions = (enrolments / 250).max(1);
    let cohorts = institutions * 4;
    let persons = (u64::from(enrolments) * 5 / 6).max(1);
    let mut seed = 20_260_331_u64;
    let mut below = |most: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let first = NaiveDate::from_ymd_opt(2023, 6, 1).ok_or("a date")?;
    let days: Vec<String> = (0..1_200)
        .map(|at| (first + Days::new(at)).to_string())
        .collect();
    let day = |at: u64| &days[usize::try_from(at).map_or(0, |at| at.min(1_199))];

    let mut text = String::with_capacity(usize::try_from(enrolments)? * 560);
    text.push_str("{\"freeze\":\"2026-03-31\",\"format\":1,\"outages\":[],\"institutions\":[");
    for at in 0..institutions {
        let comma = if at == 0 { "" } else { "," };
        let (province, score) = (11 + at % 32, 40 + below(60));
        write!(
            text,
            r#"{comma}{{"id":"i{at:07}","federation":"{province}0000","district":"{province}0100","previous_grade":"B","third_party_score":{score}}}"#
        )?;
    }
    text.push_str("],\"cohorts\":[");
    let mut ends = Vec::new();
    for at in 0..cohorts {
        let comma = if at == 0 { "" } else { "," };
        let start = below(720);
        let end = start + 10 + below(60);
        ends.push((start, end));
        let purpose = PURPOSES[usize::try_from(below(4))?];
        write!(
            text,
            r#"{comma}{{"id":"c{at:08}","institution":"i{:07}","start":"{}","end":"{}","planned_hours":80,"purpose":"{purpose}","certifiable":{}}}"#,
            at % institutions,
            day(start),
            day(end),
            below(3) > 0
        )?;
    }
    text.push_str("],\"enrolments\":[");
    let mut trainees = Vec::with_capacity(usize::try_from(enrolments)?);
    for at in 0..enrolments {
        let comma = if at == 0 { "" } else { "," };
        let cohort = at % cohorts;
        let (start, end) = ends[usize::try_from(cohort)?];
        let completed = below(10) > 0;
        let exit = if completed {
            end
        } else {
            start + below(end - start)
        };
        let person = below(persons);
        trainees.push((u32::try_from(person)?, u16::try_from(exit)?));
        write!(
            text,
            r#"{comma}{{"id":"e{at:08}","person":"p{person:08}","cohort":"c{cohort:08}","household_province":"{}0000","disability_category":{},"disability_level":{},"attended_hours":{},"exit_date":"{}","completed":{completed},"certified":{},"employed_at_enrolment":{},"exclusion":null}}"#,
            11 + below(32),
            1 + below(7),
            1 + below(4),
            below(81),
            day(exit),
            completed && below(4) > 0,
            below(20) == 0
        )?;
    }
    text.push_str("],\"episodes\":[");
    for at in 0..enrolments / 5 * 3 {
        let comma = if at == 0 { "" } else { "," };
        let (person, exit) = trainees[usize::try_from(below(u64::from(enrolments)))?];
        let start = u64::from(exit) + below(200);
        let kind = WORK[usize::try_from(below(5))?];
        write!(
            text,
            r#"{comma}{{"id":"w{at:08}","person":"p{person:08}","type":"{kind}","employer":"b{:06}","start":"{}","last_day":"#,
            below(100_000),
            day(start)
        )?;
        if below(2) == 0 {
            text.push_str("null");
        } else {
            write!(text, "\"{}\"", day(start + below(400)))?;
        }
        text.push_str(r#","related_to_institution":null,"evidence":[{"tier":"A","source":"social_insurance"}],"contest":null}"#);
    }
    text.push_str("],\"surveys\":[");
    for at in 0..enrolments / 5 * 2 {
        let comma = if at == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"enrolment":"e{:08}","items":[{},4,{},5,4],"submitted":"2025-09-01","seq":{at},"flagged":false}}"#,
            at * 2,
            1 + below(5),
            3 + below(3)
        )?;
    }
    text.push_str("]}");
    Ok(text)
}
