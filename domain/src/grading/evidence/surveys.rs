//! Responses to the survey, and which of them count.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::read::row_node;
use super::{Ids, Response};
use crate::grading::day::Day;
use crate::grading::fault::{FaultCode, Faults, Path};
use crate::grading::fields::{Slot, open};
use crate::grading::indicator::{SurveyBy, SurveyMode};
use crate::grading::json::Node;

/// The responses that count, and the order of all: by enrolment, day, sequence. The first counts; if it is flagged, none does
/// (grading.md section 5).
pub(super) fn surveys(
    raws: &[&RawValue],
    place: &Path<'_>,
    enrolments: &Ids,
    freeze: Day,
    faults: &mut Faults,
) -> (Vec<Response>, Vec<u32>) {
    let mut answers = Vec::with_capacity(raws.len());
    for (at, raw) in raws.iter().enumerate() {
        let path = place.index(at);
        let node = row_node(raw, &path, faults);
        let answer = node.and_then(|node| survey(&node, &path, freeze, faults));
        answers.extend(answer.zip(u32::try_from(at).ok()));
    }
    answers.sort_unstable_by(|(one, at), (two, then)| (one.order(), at).cmp(&(two.order(), then)));
    let mut responses = Vec::new();
    let mut row = 0;
    let mut before: Option<&Answer<'_>> = None;
    for (answer, at) in &answers {
        // Both lists are sorted by enrolment, so one walk finds every row.
        while row < enrolments.len() && enrolments.of(row) < &*answer.enrolment {
            row += 1;
        }
        let path = place.index(*at as usize);
        if row == enrolments.len() || enrolments.of(row) != answer.enrolment {
            faults.add(&path.key("enrolment"), FaultCode::DanglingReference);
        }
        if before.is_some_and(|before| before.order() == answer.order()) {
            faults.add(&path.key("seq"), FaultCode::DuplicateId);
        }
        let first = before.is_none_or(|before| before.enrolment != answer.enrolment);
        if first && !answer.flagged {
            responses.extend(u32::try_from(row).ok().map(|enrolment| Response {
                enrolment,
                sum: answer.sum,
            }));
        }
        before = Some(answer);
    }
    let order = answers.iter().map(|(_, at)| *at).collect();
    (responses, order)
}

/// A response before it is known which one counts.
struct Answer<'a> {
    enrolment: Cow<'a, str>,
    submitted: Day,
    seq: u32,
    sum: u8,
    flagged: bool,
}

impl Answer<'_> {
    /// What tells which of the responses of an enrolment is the first.
    fn order(&self) -> (&str, Day, u32) {
        (&self.enrolment, self.submitted, self.seq)
    }
}

fn survey<'a>(
    node: &Node<'a>,
    path: &Path<'_>,
    freeze: Day,
    faults: &mut Faults,
) -> Option<Answer<'a>> {
    let names = [
        "enrolment",
        "items",
        "submitted",
        "seq",
        "flagged",
        "mode",
        "by",
    ];
    let [enrolment, items, submitted, seq, flagged, mode, by] = open(node, path, names, 5, faults)?;
    let enrolment = enrolment.text(faults);
    let sum = items.list(faults).and_then(|nodes| {
        if nodes.len() != 5 {
            faults.hint(items.path(), FaultCode::WrongType, "5 items".to_owned());
            return None;
        }
        let scores = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| Slot::of(node, items.path().index(at)).small(1..=5, faults));
        // Every item is looked at, so that each fault is told.
        scores.collect::<Vec<_>>().into_iter().sum::<Option<u8>>()
    });
    let day = submitted.date(faults);
    if day.is_some_and(|day| day > freeze) {
        faults.hint(
            submitted.path(),
            FaultCode::ImpossibleDate,
            "<= freeze".to_owned(),
        );
    }
    let seq = seq.count(u32::MAX, faults);
    let flagged = flagged.truth(faults);
    if let Some(mode) = mode.present() {
        mode.word(SurveyMode::ALL, SurveyMode::as_str, faults);
    }
    if let Some(by) = by.present() {
        by.word(SurveyBy::ALL, SurveyBy::as_str, faults);
    }
    Some(Answer {
        enrolment: enrolment?.clone(),
        submitted: day?,
        seq: seq?,
        sum: sum?,
        flagged: flagged?,
    })
}
