//! Braille by liblouis, an outside program that an operator may install (design decision 22).

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use paper::{Sheet, braille};

use super::unavailable;
use crate::config::file::Paper;
use crate::problem::Problem;

/// Table that shows cells as the ASCII of BRF.
const DISPLAY: &str = "en-us-brf.dis";

/// The lines of a certificate as BRF.
pub(super) fn write(paper: &Paper, sheet: &Sheet) -> Result<Vec<u8>, Problem> {
    let lines: Vec<String> = braille::lines(sheet);
    // Character by character first: one that the table lacks would come out as a blank, and nobody would feel it.
    let known: Vec<char> = lines
        .iter()
        .flat_map(|line| line.chars())
        .filter(|one| !one.is_ascii() && !one.is_whitespace())
        .collect::<BTreeSet<char>>()
        .into_iter()
        .collect();
    let alone: Vec<String> = known.iter().map(char::to_string).collect();
    let cells = translate(paper, &alone)?;
    let lacking: BTreeSet<char> = known
        .into_iter()
        .zip(&cells)
        .filter(|(_, cells)| !is_cells(cells))
        .map(|(one, _)| one)
        .collect();
    let spelt: Vec<String> = lines
        .iter()
        .map(|line| braille::spell(line, |one| lacking.contains(&one)))
        .collect();
    let translated = translate(paper, &spelt)?;
    Ok(braille::lay_out(&translated).into_bytes())
}

/// Whether something came out that an embosser takes.
fn is_cells(text: &str) -> bool {
    !text.trim().is_empty() && text.bytes().all(|byte| (0x20..0x60).contains(&byte))
}

/// Whether the program is there.
pub(super) fn ready(paper: &Paper) -> Result<(), Problem> {
    translate(paper, &["1".to_owned()]).map(|_| ())
}

/// Line by line through the program.
fn translate(paper: &Paper, lines: &[String]) -> Result<Vec<String>, Problem> {
    let absent = |cause: &dyn std::fmt::Display| {
        tracing::warn!("no Braille: {cause}");
        unavailable(
            "这台服务器没有盲文转换程序,请管理员安装软件包 liblouis-bin(lou_translate)。",
            "This server has no Braille program: install the package liblouis-bin (lou_translate).",
        )
    };
    if paper.braille_program.is_empty() {
        return Err(absent(&"switched off"));
    }
    let mut child = Command::new(&paper.braille_program)
        .arg("--forward")
        .arg(format!("{DISPLAY},{}", paper.braille_table))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| absent(&error))?;
    let mut text = lines.join("\n");
    text.push('\n');
    let mut input = child.stdin.take().ok_or_else(|| absent(&"no input"))?;
    // A few kilobytes: they fit into the pipe, so that writing before reading cannot lock.
    let written = input.write_all(text.as_bytes());
    drop(input);
    let output = child.wait_with_output().map_err(|error| absent(&error))?;
    written.map_err(|error| absent(&error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let translated: Vec<String> = text.lines().map(str::to_owned).collect();
    if !output.status.success() || translated.len() != lines.len() {
        return Err(absent(&"it gave no answer for this table"));
    }
    Ok(translated)
}
