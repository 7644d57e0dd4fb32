//! Writes the corpus of hostile inputs: `cargo run -p certs --example hostile_corpus -- certs/tests/vectors/hostile`.
//!
//! Deterministic: the same files each time. `tests/it/corpus.rs` compares them and judges every case.

use std::path::PathBuf;

mod cases;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os()
        .nth(1)
        .ok_or("usage: hostile_corpus FOLDER")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    for (name, content) in cases::files() {
        std::fs::write(folder.join(name), content)?;
    }
    Ok(())
}
