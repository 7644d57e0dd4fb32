//! `mingzheng id check KIND VALUE...`: what a clerk with a doubtful number needs; no registry is opened.

use std::collections::HashSet;
use std::io::{BufRead as _, IsTerminal as _};

use clap::Subcommand;
use domain::BadIdentifier;
use domain::identifiers::{Check, CheckKind, Checked, IdentifierKind, check};

use super::registry::{CommandError, Printing};
use crate::clock::{Clock as _, SystemClock};
use crate::reference::seed;

/// 号码 / numbers
#[derive(Subcommand, Debug)]
pub enum IdCommand {
    /// 核对号码;不给号码时逐行读标准输入 / check numbers; without any, read lines from standard input
    Check {
        /// 种类 / kind: resident_id (citizen_id), uscc (credit_code), disability_certificate (disability_card), elicence, occupation_code, area_code (region), phone
        #[arg(value_parser = kind)]
        kind: CheckKind,
        /// 号码 / numbers
        values: Vec<String>,
    },
}

fn kind(text: &str) -> Result<CheckKind, String> {
    CheckKind::find(text).ok_or_else(|| {
        "resident_id, uscc, disability_certificate, elicence, occupation_code, area_code, phone"
            .to_owned()
    })
}

/// Runs the command; answers whether every number is valid.
pub fn run(command: IdCommand, print: Printing) -> Result<bool, CommandError> {
    let IdCommand::Check { kind, values } = command;
    let table = table_of(kind)?;
    let today = domain::calendar::today(SystemClock.now());
    let mut all_valid = true;
    let mut tell = |value: &str| {
        let checked = in_table(check(kind, value, today), table.as_ref());
        all_valid &= checked.valid;
        print.text(&line(&checked, print)?)
    };
    if values.is_empty() {
        let input = std::io::stdin();
        if input.is_terminal() {
            eprintln!("每行一个号码,Ctrl+D 结束 / one number a line, Ctrl+D ends");
        }
        for value in input.lock().lines() {
            tell(&value?)?;
        }
    } else {
        values.iter().try_for_each(|value| tell(value))?;
    }
    Ok(all_valid)
}

fn table_of(kind: CheckKind) -> Result<Option<HashSet<String>>, CommandError> {
    Ok(match kind {
        CheckKind::AreaCode => Some(seed::division_codes()?),
        CheckKind::OccupationCode => Some(seed::occupation_codes()?),
        _ => None,
    })
}

/// A code of the right form must also stand in the table; townships and villages are looked up by their county.
fn in_table(checked: Checked, table: Option<&HashSet<String>>) -> Checked {
    let (Some(table), Some(code)) = (table, &checked.normalized) else {
        return checked;
    };
    let area = checked.kind == CheckKind::AreaCode.as_str();
    let known = match code.get(..6) {
        Some(county) if area => table.contains(county),
        _ => table.contains(code),
    };
    if known {
        return checked;
    }
    let (kind, check) = if area {
        (IdentifierKind::Region, Check::UnknownCounty)
    } else {
        (IdentifierKind::Occupation, Check::Unknown)
    };
    Checked {
        valid: false,
        normalized: None,
        error: Some(check.as_str()),
        fault: Some(BadIdentifier { kind, check }),
        ..checked
    }
}

/// One line for one number; the text itself is never repeated, so that it stays out of files of output.
fn line(checked: &Checked, print: Printing) -> Result<String, CommandError> {
    if print.json {
        let json = serde_json::to_string(checked)
            .map_err(|error| CommandError::Usage(error.to_string()))?;
        return Ok(format!("{json}\n"));
    }
    Ok(match (&checked.normalized, checked.fault) {
        (Some(normalized), _) => format!("{} {normalized}\n", print.words("正确", "valid")),
        (None, Some(bad)) => format!(
            "{} [{}] {}\n",
            print.words("有误", "invalid"),
            bad.check.as_str(),
            print.words(&bad.zh(), &bad.en())
        ),
        (None, None) => format!("{}\n", print.words("有误", "invalid")),
    })
}
