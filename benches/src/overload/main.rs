//! What is left of the service when five times as much is asked as it can answer (trust.md OV-1): scans of a demo's
//! certificates on one core, first as many as it answers, then five times that, open loop, whatever comes back.
//! `cargo build --release && cargo run --release -p benches --bin overload -- target/release/mingzheng [SECONDS]`.
//! Goals: at least 80 % of the capacity is answered well; who is turned away hears so within 50 ms; memory is bounded.
//!
//! Then rosters saturate the pool of imports: at least 50 % of the scans' capacity is left.

mod imports;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benches::Running;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// Connections while the capacity is measured.
const STEADY: usize = 32;
/// Times the capacity that is asked then.
const TIMES: u64 = 5;
/// Requests on their way at once, at most; beyond it the asker itself is what is slow.
const ON_THE_WAY: usize = 6_000;
/// For how long somebody with a phone waits.
const PATIENCE: Duration = Duration::from_secs(2);

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments
        .next()
        .ok_or("name the binary: target/release/mingzheng")?;
    let seconds: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    if seconds < 2 {
        return Err("at least 2 seconds".into());
    }
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("demo").display().to_string();
    let server = start(&binary, &data)?;
    let asker = Arc::new(Asker::new(&server.line)?);

    let span = Duration::from_secs(seconds);
    // Caches, connections, the machine's clock.
    steady(&asker, Duration::from_secs(2)).await;
    let capacity = steady(&asker, span).await;
    let before = server.memory_mb("VmRSS:")?;
    let rate = capacity.good * TIMES / seconds;
    // What the first of them costs beside the answer: thousands of connections are made.
    let arriving = open_loop(&asker, rate, Duration::from_secs(2)).await;
    let over = open_loop(&asker, rate, span).await;
    let peak = server.memory_mb("VmHWM:")?;
    let after = steady(&asker, span).await;
    let (beside, rosters) = imports::beside(&asker, &server.line, span).await?;
    let most = server.memory_mb("VmHWM:")?;
    server.end()?;

    println!("scans, server on one core, {seconds} s each");
    println!(
        "capacity: {STEADY} at once              {:>8} a second, median {:.1?}",
        capacity.good / seconds,
        capacity.middle_good()
    );
    println!(
        "asked                              {:>8} a second ({TIMES} times as many)",
        (over.sent() + over.unsent) / seconds
    );
    println!(
        "answered well within {PATIENCE:?}           {:>8} a second, median {:.1?}",
        over.good / seconds,
        over.middle_good()
    );
    println!(
        "turned away with 503               {:>8} a second, median {:.1?}, of 99 % below {:.1?}",
        over.away / seconds,
        over.middle_away(),
        over.late_away()
    );
    println!(
        "too late, cut off, not sent        {:>8} in all ({} + {} + {})",
        over.late + over.lost + over.unsent,
        over.late,
        over.lost,
        over.unsent
    );
    println!(
        "goodput against the capacity       {:>8} % (goal: at least 80 %)",
        over.good * 100 / capacity.good.max(1)
    );
    println!(
        "the same while they connect        {:>8} % (the two seconds before)",
        arriving.good * seconds * 100 / (capacity.good * 2).max(1)
    );
    println!("resident before, at most           {before:>8} MB, {peak} MB");
    println!(
        "afterwards                         {:>8} a second ({} % of the capacity)",
        after.good / seconds,
        after.good * 100 / capacity.good.max(1)
    );
    let (good, whole) = (beside.good * seconds, capacity.good * (seconds - 1));
    println!(
        "while imports saturate their pool  {:>8} a second, median {:.1?}",
        beside.good / (seconds - 1),
        beside.middle_good()
    );
    println!(
        "against the capacity               {:>8} % (goal: at least 50 %); turned away {}, too late or cut off {}",
        good * 100 / whole.max(1),
        beside.away,
        beside.late + beside.lost
    );
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    println!(
        "rosters checked, turned away, else {:>8}, {}, {}; resident at most {most} MB",
        count(&rosters.checked),
        count(&rosters.away),
        count(&rosters.other)
    );
    Ok(())
}

/// What came back.
#[derive(Default)]
struct Tally {
    good: u64,
    away: u64,
    late: u64,
    lost: u64,
    unsent: u64,
    good_times: Vec<Duration>,
    away_times: Vec<Duration>,
}

impl Tally {
    fn sent(&self) -> u64 {
        self.good + self.away + self.late + self.lost
    }

    fn note(&mut self, answer: Answer) {
        match answer {
            Answer::Good(time) if time > PATIENCE => self.late += 1,
            Answer::Good(time) => {
                self.good += 1;
                self.good_times.push(time);
            }
            Answer::Away(time) => {
                self.away += 1;
                self.away_times.push(time);
            }
            Answer::Lost => self.lost += 1,
        }
    }

    fn middle_good(&self) -> Duration {
        benches::median(self.good_times.clone())
    }

    fn middle_away(&self) -> Duration {
        benches::median(self.away_times.clone())
    }

    fn late_away(&self) -> Duration {
        let mut times = self.away_times.clone();
        times.sort_unstable();
        times
            .get(times.len() * 99 / 100)
            .copied()
            .unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
enum Answer {
    Good(Duration),
    Away(Duration),
    Lost,
}

struct Asker {
    http: reqwest::Client,
    url: String,
    bodies: Vec<String>,
    next: AtomicU64,
}

impl Asker {
    fn new(line: &Value) -> Result<Self, Error> {
        let address = line["address"].as_str().ok_or("no address")?;
        let certificates = line["certificates"].as_array().ok_or("no certificates")?;
        let bodies = certificates
            .iter()
            .filter(|one| one["state"] == "valid")
            .map(|one| json!({"items": [{"qr": one["qr_text"]}]}).to_string())
            .collect::<Vec<_>>();
        if bodies.is_empty() {
            return Err("no valid certificate in the demo".into());
        }
        Ok(Self {
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(PATIENCE * 2)
                .build()?,
            url: format!("{address}/api/v1/verifications"),
            bodies,
            next: AtomicU64::new(0),
        })
    }

    async fn ask(&self) -> Answer {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let body = &self.bodies[usize::try_from(number).unwrap_or(0) % self.bodies.len()];
        let begun = Instant::now();
        let answer = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .body(body.clone())
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status() == 200 => match answer.text().await {
                Ok(text) if text.contains("\"valid\"") => Answer::Good(begun.elapsed()),
                _ => Answer::Lost,
            },
            Ok(answer) if answer.status() == 503 => {
                let told = answer.headers().contains_key("retry-after");
                match answer.bytes().await {
                    Ok(_) if told => Answer::Away(begun.elapsed()),
                    _ => Answer::Lost,
                }
            }
            _ => Answer::Lost,
        }
    }
}

/// As many as are answered: each connection asks again when it has its answer.
async fn steady(asker: &Arc<Asker>, span: Duration) -> Tally {
    let end = Instant::now() + span;
    let mut asking = Vec::new();
    for _ in 0..STEADY {
        let asker = Arc::clone(asker);
        asking.push(tokio::spawn(async move {
            let mut answers = Vec::new();
            while Instant::now() < end {
                answers.push(asker.ask().await);
            }
            answers
        }));
    }
    let mut tally = Tally::default();
    for one in asking {
        for answer in one.await.unwrap_or_default() {
            tally.note(answer);
        }
    }
    tally
}

/// So many a second, whether or not the earlier ones were answered.
async fn open_loop(asker: &Arc<Asker>, rate: u64, span: Duration) -> Tally {
    let room = Arc::new(Semaphore::new(ON_THE_WAY));
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut asked = 0_u64;
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    while begun.elapsed() < span {
        tick.tick().await;
        let due = u64::try_from(begun.elapsed().as_micros()).unwrap_or(0) * rate / 1_000_000;
        for _ in asked..due {
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                tally.unsent += 1;
                continue;
            };
            let (asker, send) = (Arc::clone(asker), send.clone());
            tokio::spawn(async move {
                let answer = asker.ask().await;
                drop(place);
                let _ = send.send(answer);
            });
        }
        asked = due.max(asked);
    }
    drop(send);
    while let Some(answer) = receive.recv().await {
        tally.note(answer);
    }
    tally
}

/// A demo on the first core, whose limits of one source are out of the way: here all phones are one address.
fn start(binary: &str, data: &str) -> Result<Running, Error> {
    let mut command = Command::new("taskset");
    command
        .args(["-c", "0", binary])
        .env("MINGZHENG__LIMITS__VERIFY__PER_MINUTE", "100000000")
        .env("MINGZHENG__LIMITS__VERIFY__BURST", "10000000")
        .env("MINGZHENG__LIMITS__IMPORT__PER_MINUTE", "100000000")
        .env("MINGZHENG__LIMITS__IMPORT__BURST", "10000000");
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--data", data];
    Ok(Running::start(command, &arguments)?)
}
