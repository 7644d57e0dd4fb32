//! A program that was built without the feature `paper`: it issues and verifies, and prints no PDF.

use super::{Form, Printable, unavailable};
use crate::app::App;
use crate::config::file::Paper;
use crate::problem::Problem;

fn absent() -> Problem {
    unavailable(
        "这个程序编译时没有包含 PDF 打印(特性 paper)。",
        "This program was built without the printing of PDF (feature `paper`).",
    )
}

/// Nothing is printed here, and nothing is asked of a name.
pub fn missing_glyph(_: &App, _: &str) -> Option<char> {
    None
}

/// There are no fonts to look through.
#[expect(clippy::unused_async, reason = "the same face as with the feature")]
pub async fn warm(_: &App) {}

pub(super) fn print(_: &Paper, _: &[Printable], _: Form) -> Result<Vec<u8>, Problem> {
    Err(absent())
}

pub(super) fn ready(_: &Paper, _: &[Printable]) -> Result<(), Problem> {
    Err(absent())
}

/// What a preview would give.
#[derive(Debug)]
pub struct Nothing {
    /// The file.
    pub pdf: Vec<u8>,
    /// Pages.
    pub pages: usize,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// Refuses.
pub fn preview(_: &Paper, _: Option<&std::path::Path>, _: bool) -> Result<Nothing, String> {
    Err(absent().to_string())
}
