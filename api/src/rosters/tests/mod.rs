//! Files made by other programs (`tests/data/rosters/make.py`), read and checked.

mod reading;

use std::path::Path;

use super::{Limits, RosterRefused, Sheet, read};

/// Bytes of a fixture.
fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data/rosters")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sheet(name: &str) -> Sheet {
    open(name).unwrap_or_else(|refused| panic!("{name}: {refused}"))
}

fn open(name: &str) -> Result<Sheet, RosterRefused> {
    read(&fixture(name), name, Limits::default())
}
