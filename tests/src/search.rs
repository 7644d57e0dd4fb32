//! Looks for personal values in every form in which somebody could have let them out (trust.md PI-3).

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::people::Trainee;

/// Everything to look for.
#[derive(Debug)]
pub struct Search {
    values: usize,
    forms: Vec<String>,
    automaton: AhoCorasick,
}

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where.
    pub place: String,
    /// What: kind of the value and its form.
    pub form: String,
}

impl Search {
    /// Every value of these people: whole, in parts that tell the person, and hashed or encoded.
    pub fn of(people: &[Trainee]) -> Self {
        let mut named = Vec::new();
        for (at, one) in people.iter().enumerate() {
            let id = &one.citizen_id;
            let card = &one.card;
            for (kind, value) in [
                ("name", one.name),
                ("citizen_id", id.as_str()),
                ("citizen_id without check digit", &id[..17]),
                ("birth and order of citizen_id", &id[6..17]),
                ("card", card.as_str()),
                ("phone", one.phone),
                ("note", one.note),
            ] {
                named.push((format!("{kind} of {at}"), value.to_owned()));
            }
            // Category and level alone are one digit each; with the person beside them they are a finding.
            named.push((
                format!("category and level of {at}"),
                format!("{id}{}", &card[18..]),
            ));
        }
        let values = named.len();
        let mut forms = Vec::new();
        let mut patterns: Vec<Vec<u8>> = Vec::new();
        for (name, value) in named {
            for (form, bytes) in forms_of(&value) {
                forms.push(format!("{name}, {form}"));
                patterns.push(bytes);
            }
        }
        let automaton = AhoCorasick::new(&patterns).expect("patterns");
        Self {
            values,
            forms,
            automaton,
        }
    }

    /// What stands in these bytes.
    pub fn hits(&self, place: &str, bytes: &[u8]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for found in self.automaton.find_overlapping_iter(bytes) {
            let hit = Hit {
                place: place.to_owned(),
                form: self.forms[found.pattern().as_usize()].clone(),
            };
            if !hits.contains(&hit) {
                hits.push(hit);
            }
        }
        hits
    }

    /// How many values are looked for.
    pub fn values(&self) -> usize {
        self.values
    }

    /// How many forms are looked for.
    pub fn forms(&self) -> usize {
        self.forms.len()
    }
}

fn forms_of(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![("plain", value.as_bytes().to_vec())];
    let mut add = |form, bytes: Vec<u8>| {
        if !forms.iter().any(|(_, known)| *known == bytes) {
            forms.push((form, bytes));
        }
    };
    add("upper case", value.to_uppercase().into_bytes());
    add("lower case", value.to_lowercase().into_bytes());
    add(
        "reversed",
        value.chars().rev().collect::<String>().into_bytes(),
    );
    add("GB18030", encoding_rs::GB18030.encode(value).0.into_owned());
    add(
        "UTF-16LE",
        value.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    );
    add("percent-encoded", percent(value).into_bytes());
    add("JSON escaped", escaped(value).into_bytes());
    for text in [value.to_owned(), value.to_lowercase()] {
        let bytes = text.as_bytes();
        for (raw, hex, digest) in [
            ("MD5", "MD5 in hex", Md5::digest(bytes).to_vec()),
            ("SHA-1", "SHA-1 in hex", Sha1::digest(bytes).to_vec()),
            ("SHA-256", "SHA-256 in hex", Sha256::digest(bytes).to_vec()),
        ] {
            add(hex, HEXLOWER.encode(&digest).into_bytes());
            add(hex, HEXUPPER.encode(&digest).into_bytes());
            add(hex, BASE64.encode(&digest).trim_end_matches('=').into());
            add(raw, digest);
        }
    }
    add("hex", HEXLOWER.encode(value.as_bytes()).into_bytes());
    // Base64 of a text that holds the value: at each of the three offsets the middle part stays the same.
    for offset in 0..3 {
        let mut padded = vec![b' '; offset];
        padded.extend_from_slice(value.as_bytes());
        let whole = padded.len() / 3 * 4;
        let from = if offset == 0 { 0 } else { 4 };
        for text in [BASE64.encode(&padded), BASE64URL.encode(&padded)] {
            add("base64", text.as_bytes()[from..whole].to_vec());
        }
    }
    forms
}

fn percent(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        text.push_str(&format!("%{byte:02X}"));
        text
    })
}

fn escaped(value: &str) -> String {
    value.encode_utf16().fold(String::new(), |mut text, unit| {
        text.push_str(&format!("\\u{unit:04x}"));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_value_is_found_wherever_it_stands() {
        let people = crate::people::known();
        let search = Search::of(&people);
        let one = &people[0];
        assert!(
            search
                .hits("nothing", "虚构 330106 **".as_bytes())
                .is_empty()
        );
        for value in [
            one.name,
            one.citizen_id.as_str(),
            one.card.as_str(),
            one.phone,
            one.note,
        ] {
            let mut haystacks = vec![
                format!("a {value} b").into_bytes(),
                value.chars().rev().collect::<String>().into_bytes(),
                HEXLOWER
                    .encode(&Sha256::digest(value.as_bytes()))
                    .into_bytes(),
                [b"x".to_vec(), Sha256::digest(value.as_bytes()).to_vec()].concat(),
                HEXUPPER.encode(&Md5::digest(value.as_bytes())).into_bytes(),
                Sha1::digest(value.as_bytes()).to_vec(),
                BASE64
                    .encode(&Sha256::digest(value.as_bytes()))
                    .into_bytes(),
            ];
            for before in ["", "a", "ab", "abc"] {
                let text = format!("{before}{value}{before}");
                haystacks.push(BASE64.encode(text.as_bytes()).into_bytes());
                haystacks.push(BASE64URL.encode(text.as_bytes()).into_bytes());
            }
            for (at, haystack) in haystacks.iter().enumerate() {
                assert!(
                    !search.hits("x", haystack).is_empty(),
                    "form {at} of a value"
                );
            }
        }
    }
}
