//! The process itself: from the start of the binary to the first answer on an existing registry, and resident memory of
//! an idle demo. `cargo build --release && cargo run --release -p benches --bin process -- target/release/mingzheng`.

use std::process::Command;
use std::time::{Duration, Instant};

use benches::{ROUNDS, Running, median};

type Error = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let binary = std::env::args()
        .nth(1)
        .ok_or("name the binary: target/release/mingzheng")?;
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("demo").display().to_string();
    let begun = Instant::now();
    let demo = Running::start(
        Command::new(&binary),
        &["demo", "--listen", "127.0.0.1:0", "--data", &data],
    )?;
    let ready = begun.elapsed();
    let page = reqwest::get(format!("{}/institutions", demo.address())).await?;
    page.error_for_status()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let resident = demo.memory_mb("VmRSS:")?;
    demo.end()?;

    let mut starts = Vec::new();
    let mut served = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let serving = Running::start(
            Command::new(&binary),
            &["serve", "--listen", "127.0.0.1:0", "--data", &data],
        )?;
        let page = reqwest::get(format!("{}/institutions", serving.address())).await?;
        let text = page.error_for_status()?.text().await?;
        assert!(text.contains("</html>"), "a whole page");
        starts.push(begun.elapsed());
        served = serving.memory_mb("VmRSS:")?;
        serving.end()?;
    }
    println!(
        "demo ready (goal: within 20 s)                          {} ms",
        ready.as_millis()
    );
    println!("idle demo server, resident (goal: below 120 MB)         {resident} MB");
    println!("served registry after one page, resident                {served} MB");
    println!(
        "start to first page on that registry (goal: below 0.5 s) {} ms",
        median(starts).as_millis()
    );
    Ok(())
}
