//! `mingzheng cert verify --bundle` over a folder of 10,000 QR texts: the whole command, by the clock and by the processor,
//! beside the limit: as many strict verifications of signatures and nothing else, on as many cores.
//! `cargo build --release && cargo run --release -p benches --bin offline -- target/release/mingzheng`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use benches::{ROUNDS, median, percent};
use certs::keys::{Signer as _, SoftwareSigner};
use chrono::{TimeDelta, Utc};
use tests::offline::PaperRegistry;

type Error = Box<dyn std::error::Error>;

const TEXTS: u32 = 10_000;

fn main() -> Result<(), Error> {
    let binary = std::env::args().nth(1).ok_or("the path of the program")?;
    #[expect(
        clippy::disallowed_methods,
        reason = "the program that is run reads this clock"
    )]
    let registry = PaperRegistry::new(Utc::now());
    let folder = tempfile::tempdir()?;
    let texts = folder.path().join("texts");
    std::fs::create_dir(&texts)?;
    for place in 0..TEXTS {
        std::fs::write(
            texts.join(format!("{place:05}.txt")),
            registry.text(place + 100),
        )?;
    }
    let bundle = folder.path().join("bundle");
    std::fs::write(
        &bundle,
        registry.signed(&registry.bundle(1, TimeDelta::hours(1))),
    )?;
    let cores = std::thread::available_parallelism()?;
    let (mut limits, mut walls, mut processors) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        limits.push(limit(cores.get())?);
        let [wall, processor] = whole(&binary, &texts, &bundle, &registry.root())?;
        walls.push(wall);
        processors.push(processor);
    }
    let (limit, wall, processor) = (median(limits), median(walls), median(processors));
    println!("{TEXTS} texts, {cores} cores");
    println!("limit: {TEXTS} strict verifications   {limit:>10.1?}");
    println!("the whole command                    {wall:>10.1?}");
    println!(
        "command to limit                     {:>9} %",
        percent(wall, limit)
    );
    println!(
        "cores in use                         {:>9} %",
        percent(processor, wall)
    );
    Ok(())
}

fn limit(cores: usize) -> Result<Duration, Error> {
    let signer = SoftwareSigner::from_seed("k3726".parse()?, [7; 32].into());
    let message = vec![7; 190];
    let signature = signer.sign(&message)?;
    let each = TEXTS as usize / cores;
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                for _ in 0..each {
                    std::hint::black_box(signer.public_key().verify(&message, &signature).is_ok());
                }
            });
        }
    });
    Ok(begun.elapsed())
}

/// Wall time and processor time of the command.
fn whole(binary: &str, texts: &Path, bundle: &Path, root: &str) -> Result<[Duration; 2], Error> {
    let before = children()?;
    let begun = Instant::now();
    let output = Command::new(binary)
        .args(["--json", "cert", "verify", "--root", root, "--bundle"])
        .args([bundle, texts])
        .output()?;
    let wall = begun.elapsed();
    if output.status.code() != Some(0) {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok([wall, children()?.saturating_sub(before)])
}

/// Processor time of the children that have ended: fields 16 and 17, in ticks of a hundredth of a second.
fn children() -> Result<Duration, Error> {
    let line = std::fs::read_to_string("/proc/self/stat")?;
    let fields = line
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: u64 = fields
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_millis(ticks * 10))
}
