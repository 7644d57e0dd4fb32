//! Files made by other programs (`tests/data/rosters/make.py`), read and checked.

mod checking;
mod reading;
mod writing;

use std::path::Path;

use chrono::NaiveDate;
use domain::RegionCode;

use super::{Context, Limits, RosterRefused, Sheet, read};

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

fn context() -> Context<'static> {
    Context {
        today: NaiveDate::from_ymd_opt(2026, 3, 1).expect("a date"),
        start_on: NaiveDate::from_ymd_opt(2026, 3, 16).expect("a date"),
        min_age: 16,
        region_lookup: &lookup,
        max_trainees: 1_000,
    }
}

/// The divisions of `make.py` and some above them.
fn lookup(text: &str) -> Option<RegionCode> {
    const REGIONS: [(&str, &str); 10] = [
        ("370102", "山东省济南市历下区"),
        ("330106", "浙江省杭州市西湖区"),
        ("510107", "四川省成都市武侯区"),
        ("230102", "黑龙江省哈尔滨市道里区"),
        ("650102", "新疆维吾尔自治区乌鲁木齐市天山区"),
        ("530102", "云南省昆明市五华区"),
        ("441900", "广东省东莞市"),
        ("110105", "北京市朝阳区"),
        ("370000", "山东省"),
        ("370100", "山东省济南市"),
    ];
    REGIONS
        .iter()
        .find(|(code, name)| *code == text || *name == text)
        .and_then(|(code, _)| code.parse().ok())
}
