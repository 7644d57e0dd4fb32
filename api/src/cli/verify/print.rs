//! Verdicts for people: every check of one certificate, or a table of many.

use std::collections::BTreeMap;

use certs::verdict::{Lang, Outcome, State};

use super::{Line, Printing};
use crate::verify::wire::Words;

fn pick(print: Printing, words: &Words) -> String {
    print.words(&words.zh, &words.en)
}

pub(super) fn block(line: &Line, print: Printing) -> String {
    let mut text = format!("{} #{}\n", line.file, line.position);
    if let Some(error) = &line.error {
        text.push_str(&format!(
            "  ! [{}] {}\n",
            error.code,
            pick(print, &error.detail)
        ));
    }
    let Some(verdict) = &line.verdict else {
        return text;
    };
    text.push_str(&format!(
        "  {} [{}]\n  {}\n",
        pick(print, &verdict.heading),
        verdict.state,
        pick(print, &verdict.sentence)
    ));
    if let Some(signed) = &line.signed {
        text.push_str(&format!("  {}  {}\n", signed.holder, signed.certificate_no));
    }
    if let Some(named) = &line.named {
        let names = [&named.program, &named.institution, &named.issued_by];
        let known: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        text.push_str(&format!("  {}\n", known.join(" · ")));
    }
    for check in &verdict.checks {
        let mark = match check.outcome {
            outcome if outcome == Outcome::Passed.code() => "✓",
            outcome if outcome == Outcome::Failed.code() => "✗",
            _ => "–",
        };
        text.push_str(&format!(
            "    {mark} {}: {}\n",
            pick(print, &check.label),
            pick(print, &check.detail)
        ));
    }
    text.push_str(&format!("  {}\n", pick(print, &verdict.next_step)));
    text
}

/// One line for each, then how many of each kind: nothing is left out, and what could not be read is a line too.
pub(super) fn table(lines: &[Line], print: Printing) -> String {
    let mut text = String::new();
    let mut counts: BTreeMap<usize, (String, usize)> = BTreeMap::new();
    for line in lines {
        let (order, word) = match (line.state, &line.error) {
            (Some(state), _) => (place(state), print.words(state.zh(), state.en())),
            (None, _) => (State::ALL.len(), print.words("无法读取", "not read")),
        };
        counts.entry(order).or_insert_with(|| (word.clone(), 0)).1 += 1;
        let icon = line.state.map_or('!', State::icon);
        text.push_str(&format!("{icon} {word}\t{} #{}", line.file, line.position));
        if let Some(signed) = &line.signed {
            text.push_str(&format!("\t{}\t{}", signed.certificate_no, signed.holder));
        }
        // A valid one needs no more words; for the others the reason is what is wanted.
        let reason = match (line.state, &line.verdict, &line.error) {
            (_, _, Some(error)) => Some(pick(print, &error.detail)),
            (Some(State::Valid), ..) => None,
            (_, Some(verdict), _) => Some(pick(print, &verdict.sentence)),
            _ => None,
        };
        if let Some(reason) = reason {
            text.push_str(&format!("\t{reason}"));
        }
        text.push('\n');
    }
    let colon = if print.lang == Some(Lang::En) {
        ": "
    } else {
        ":"
    };
    let counts: Vec<String> = counts
        .into_values()
        .map(|(word, count)| format!("{word}{colon}{count}"))
        .collect();
    let total = print.words("共", "in all");
    text.push_str(&format!("{total} {}  {}\n", lines.len(), counts.join("  ")));
    text
}

fn place(state: State) -> usize {
    State::ALL
        .iter()
        .position(|one| *one == state)
        .unwrap_or(State::ALL.len())
}
