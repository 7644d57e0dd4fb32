//! The process itself: from the start of the binary to the first answer on an existing registry, and resident memory of
//! an idle demo. `cargo build --release && cargo run --release -p benches --bin process -- target/release/mingzheng`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use benches::{ROUNDS, median};

type Error = Box<dyn std::error::Error>;

struct Running {
    child: Child,
    line: serde_json::Value,
}

impl Running {
    fn start(binary: &str, arguments: &[&str]) -> Result<Self, Error> {
        let mut child = Command::new(binary)
            .arg("--json")
            .args(arguments)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let line = serde_json::from_str(&line)?;
        Ok(Self { child, line })
    }

    fn address(&self) -> &str {
        self.line["address"].as_str().unwrap_or("")
    }

    /// Resident memory in KiB, as the kernel counts it.
    fn resident(&self) -> Result<u64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .ok_or("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse()?)
    }

    fn end(mut self) -> Result<(), Error> {
        Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        self.child.wait()?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let binary = std::env::args()
        .nth(1)
        .ok_or("name the binary: target/release/mingzheng")?;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("demo").display().to_string();
    let begun = Instant::now();
    let demo = Running::start(
        &binary,
        &["demo", "--listen", "127.0.0.1:0", "--data", &data],
    )?;
    let ready = begun.elapsed();
    let page = reqwest::get(format!("{}/institutions", demo.address())).await?;
    page.error_for_status()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let resident = demo.resident()?;
    demo.end()?;

    let mut starts = Vec::new();
    let mut served = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let serving = Running::start(
            &binary,
            &["serve", "--listen", "127.0.0.1:0", "--data", &data],
        )?;
        let page = reqwest::get(format!("{}/institutions", serving.address())).await?;
        let text = page.error_for_status()?.text().await?;
        assert!(text.contains("</html>"), "a whole page");
        starts.push(begun.elapsed());
        served = serving.resident()?;
        serving.end()?;
    }
    println!(
        "demo ready (goal: within 20 s)                          {} ms",
        ready.as_millis()
    );
    println!(
        "idle demo server, resident (goal: below 120 MB)         {} MB",
        resident * 1024 / 1_000_000
    );
    println!(
        "served registry after one page, resident                {} MB",
        served * 1024 / 1_000_000
    );
    println!(
        "start to first page on that registry (goal: below 0.5 s) {} ms",
        median(starts).as_millis()
    );
    Ok(())
}
