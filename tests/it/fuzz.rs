//! Every decoder over the corpus and over what changes of single bytes make of it: none panics, none has a second encoding.
//! The same functions are fuzzed for longer by hand (`certs/fuzz`); here they are kept building and running.

#[expect(
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "written for a crate of its own"
)]
#[path = "../../certs/fuzz/src/lib.rs"]
mod certs_fuzz;

use certs_fuzz::targets as on;
use serde_json::Value;

enum Target {
    Bytes(fn(&[u8])),
    Text(fn(&str)),
}

/// Every text of the corpus, and the bytes of those that are hexadecimal.
fn seeds() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![tests::root().join("certs/tests/vectors")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = std::fs::read(&path).expect("a file");
            let Ok(text) = String::from_utf8(content.clone()) else {
                found.push(content);
                continue;
            };
            let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
            values
                .flatten()
                .for_each(|value| strings(&value, &mut found));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn strings(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => {
            if let Ok(bytes) = data_encoding::HEXLOWER.decode(text.as_bytes()) {
                found.push(bytes);
            }
            found.push(text.clone().into_bytes());
        }
        Value::Array(all) => all.iter().for_each(|one| strings(one, found)),
        Value::Object(all) => all.values().for_each(|one| strings(one, found)),
        _ => {}
    }
}

/// The seed, cut, and with a byte changed, doubled or left out; places by a fixed sequence.
fn changed(seed: &[u8], round: usize) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    if bytes.is_empty() {
        return vec![round.to_le_bytes()[0]];
    }
    let at = round.wrapping_mul(2_654_435_761) % bytes.len();
    match round % 5 {
        0 => {}
        1 => bytes.truncate(at),
        2 => bytes[at] ^= 1 << (round % 8),
        3 => bytes.insert(at, bytes[at]),
        _ => {
            bytes.remove(at);
        }
    }
    bytes
}

#[test]
fn no_decoder_panics_and_none_has_a_second_encoding() {
    use Target::{Bytes, Text};
    let targets: [(&str, Target); 19] = [
        ("badge", Text(on::badge::run)),
        ("bundle", Bytes(on::bundle::run)),
        ("bundle_delta", Bytes(on::bundle_delta::run)),
        ("certificate", Bytes(on::certificate::run)),
        ("checkpoint", Text(on::checkpoint::run)),
        ("embedded", Text(on::embedded::run)),
        ("key_file", Text(on::key_file::run)),
        ("log_entry", Bytes(on::log_entry::run)),
        ("pdf", Bytes(on::pdf::run)),
        ("public_keys", Text(on::public_keys::run)),
        ("qr_image", Bytes(on::qr_image::run)),
        ("qr_text", Text(on::qr_text::run)),
        ("roots", Text(on::roots::run)),
        ("sd_jwt", Text(on::sd_jwt::run)),
        ("status_list", Bytes(on::status_list::run)),
        ("tlog_proof", Text(on::tlog_proof::run)),
        ("trust_bundle", Bytes(on::trust_bundle::run)),
        ("trust_list", Bytes(on::trust_list::run)),
        ("witness", Text(on::witness::run)),
    ];
    let seeds = seeds();
    assert!(seeds.len() > 1_000, "{} seeds", seeds.len());
    for (place, (name, target)) in targets.iter().enumerate() {
        // Each decoder gets other changes, and every seventh seed: a minute in all.
        for (round, seed) in seeds
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 7 == place % 7)
        {
            let input = changed(seed, round + place);
            match target {
                Bytes(run) => run(&input),
                Text(run) => run(&String::from_utf8_lossy(&input)),
            }
        }
        println!("{name}");
    }
    // A target that stands in the folder and not in this list would not be run.
    let folder = tests::root().join("certs/fuzz/fuzz_targets");
    assert_eq!(
        std::fs::read_dir(folder).expect("targets").count(),
        targets.len()
    );
}
