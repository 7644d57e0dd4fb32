//! Deltas: on the wrong bundle, in the wrong direction, damaged.

use std::collections::BTreeSet;

use certs::bundle::{Bundle, BundleDelta, DeltaFault};
use certs::trust_list::Roots;
use ciborium::Value;
use serde::{Deserialize, Serialize};

use super::{FOLDER, bytes_of, hex, known, newer_trust_list, written};
use crate::bundle::{content, later, made, signed};
use crate::vectors::lines_of;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    name: String,
    delta: String,
    /// Name of the bundle in `known.json` to which it is applied.
    from: String,
    fault: String,
}

pub(super) fn cases() -> Vec<Line> {
    let good = made(&content(), &later());
    let onto = |name: &str, from: &str, delta: &[u8], fault: &str| Line {
        name: name.to_owned(),
        delta: hex(delta),
        from: from.to_owned(),
        fault: fault.to_owned(),
    };
    let to_first = |name: &str, delta: &[u8], fault: &str| onto(name, "first", delta, fault);
    let altered = |place: usize| {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        bytes
    };
    let field = |key: u8, change: &dyn Fn(&mut Value)| {
        let mut value: Value = ciborium::from_reader(good.as_slice()).expect("CBOR");
        let map = value.as_map_mut().expect("a map");
        for (_, value) in map
            .iter_mut()
            .filter(|(known, _)| *known == Value::from(key))
        {
            change(value);
        }
        let mut bytes = Vec::new();
        ciborium::into_writer(&value, &mut bytes).expect("written to memory");
        bytes
    };
    let mut renamed = content();
    renamed.programs.clear();
    let mut newer = later();
    newer.number = 16;
    let on_from_elsewhere = made(&newer_trust_list(), &later());
    vec![
        onto("a second time", "later", &good, "delta_start"),
        onto(
            "to another bundle of the number that it leads to",
            "later, another one of its number",
            &good,
            "delta_start",
        ),
        onto(
            "to an older bundle",
            "with a newer trust list",
            &good,
            "delta_start",
        ),
        to_first(
            "from a bundle that is not at hand",
            &on_from_elsewhere,
            "delta_start",
        ),
        to_first(
            "from a later bundle",
            &made(&later(), &newer),
            "delta_start",
        ),
        to_first(
            "from another bundle of the same number",
            &made(&renamed, &later()),
            "delta_start",
        ),
        to_first(
            "that says it starts from this number",
            &field(1, &|value| *value = 11.into()),
            "delta_start",
        ),
        to_first(
            "backwards",
            &field(3, &|value| *value = 3.into()),
            "delta_backwards",
        ),
        to_first(
            "to the number at hand",
            &field(3, &|value| *value = 12.into()),
            "delta_backwards",
        ),
        to_first(
            "that promises another number",
            &field(3, &|value| *value = 16.into()),
            "delta_result",
        ),
        to_first(
            "that promises another hash",
            &field(4, &|value| *value = Value::Bytes(vec![7; 32])),
            "delta_result",
        ),
        to_first(
            "with another signature",
            &field(6, &|value| *value = Value::Bytes(vec![7; 64])),
            "delta_result",
        ),
        to_first(
            "with a longer validity",
            &field(8, &|value| *value = 1_900_000_000_000_u64.into()),
            "delta_result",
        ),
        to_first(
            "without its changes of the lists",
            &field(11, &|value| *value = Value::Map(Vec::new())),
            "delta_result",
        ),
        to_first(
            "without its changes of the programs",
            &field(13, &|value| *value = Value::Map(Vec::new())),
            "delta_result",
        ),
        to_first(
            "with another checkpoint",
            &field(10, &|value| *value = "".into()),
            "delta_result",
        ),
        to_first(
            "of another form",
            &field(0, &|value| *value = 2.into()),
            "delta_form",
        ),
        to_first("nothing", b"", "delta_form"),
        to_first("a text", b"hello", "delta_form"),
        to_first("a half", &good[..good.len() / 2], "delta_form"),
        to_first("all but a byte", &good[..good.len() - 1], "delta_form"),
        to_first("a byte more", &[&good[..], b"\0"].concat(), "delta_form"),
        to_first("the head altered", &altered(0), "delta_form"),
        to_first("a whole bundle", &signed(&later()), "delta_form"),
    ]
}

fn apply(line: &Line, from: &Bundle) -> Result<Vec<u8>, DeltaFault> {
    BundleDelta::read(&bytes_of(&line.delta))?.apply(from)
}

#[test]
fn every_delta_that_does_not_fit_is_refused_for_its_own_reason() {
    written();
    let known = known();
    let roots = Roots::parse(&known.root).expect("the root");
    let lines: Vec<Line> = lines_of(FOLDER, "deltas.jsonl");
    let mut wrong = Vec::new();
    for line in &lines {
        let from = bytes_of(&known.bundles[&line.from]);
        let from = Bundle::open(&from, &roots).expect("the bundle at hand opens");
        let found = apply(line, &from).map_or_else(DeltaFault::code, |_| "none");
        if found != line.fault {
            wrong.push(format!("{}: {found}, not {}", line.name, line.fault));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let names: BTreeSet<&String> = lines.iter().map(|line| &line.name).collect();
    assert_eq!(names.len(), lines.len(), "a name occurs twice");
    let faults: BTreeSet<&str> = lines.iter().map(|line| line.fault.as_str()).collect();
    assert_eq!(
        faults,
        [
            "delta_backwards",
            "delta_form",
            "delta_result",
            "delta_start"
        ]
        .into()
    );
}

/// Otherwise none of them could be applied to anything.
#[test]
fn the_unaltered_delta_leads_to_the_later_bundle() {
    let delta = made(&content(), &later());
    let from = super::opened("first");
    let result = BundleDelta::read(&delta).and_then(|delta| delta.apply(&from));
    assert_eq!(result, Ok(bytes_of(&known().bundles["later"])));
}
