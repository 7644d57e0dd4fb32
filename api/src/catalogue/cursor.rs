//! The text of a place in a list: what a client hands back to go on, and what links of pages carry (trust.md EN-4). It says
//! what the row beside it is sorted by, all of which is public; it holds for the list and the order that gave it.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use store::public_catalogue::{Begin, Key, Order, Place, Sort};
use uuid::Uuid;

/// Longest text that is read.
const LONGEST: usize = 8_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The list.
    l: String,
    /// Its order.
    s: String,
    /// Whether the rows before the place are meant.
    b: bool,
    /// The values.
    k: Vec<WrittenKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WrittenKey {
    Text(String),
    Number(i64),
    Id { id: Uuid },
}

/// The text for the rows after a place, or before it.
pub(super) fn write(list: &str, sort: Sort, place: &Place, before: bool) -> String {
    let keys = place.keys().iter().cloned();
    let written = Written {
        l: list.to_owned(),
        s: sort.as_str().to_owned(),
        b: before,
        k: keys
            .map(|key| match key {
                Key::Text(text) => WrittenKey::Text(text),
                Key::Number(number) => WrittenKey::Number(number),
                Key::Id(id) => WrittenKey::Id { id },
            })
            .collect(),
    };
    // Strings and numbers: nothing of it can fail to be written.
    BASE64URL_NOPAD.encode(&serde_json::to_vec(&written).unwrap_or_default())
}

/// Reads a text; `None` when it is none of this list and this order.
pub(super) fn read(list: &str, sort: Sort, order: Order, text: &str) -> Option<Begin> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let written: Written = serde_json::from_slice(&bytes).ok()?;
    if written.l != list || written.s != sort.as_str() {
        return None;
    }
    let keys = written.k.into_iter().map(|key| match key {
        WrittenKey::Text(text) => Key::Text(text),
        WrittenKey::Number(number) => Key::Number(number),
        WrittenKey::Id { id } => Key::Id(id),
    });
    let place = order.place(keys.collect())?;
    Some(if written.b {
        Begin::Before(place)
    } else {
        Begin::After(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_only_to_its_own_list_and_order() {
        let order = Sort::Name.of_institutions();
        let id = Uuid::from_u128(7);
        let keys = vec![
            Key::Text("peixun".to_owned()),
            Key::Text("培训".to_owned()),
            Key::Id(id),
        ];
        let place = order.place(keys).expect("a place of this order");
        for before in [false, true] {
            let text = write("/institutions", Sort::Name, &place, before);
            let wanted = if before {
                Begin::Before(place.clone())
            } else {
                Begin::After(place.clone())
            };
            assert_eq!(
                read("/institutions", Sort::Name, order, &text),
                Some(wanted)
            );
            let grade = Sort::Grade.of_institutions();
            assert_eq!(read("/institutions", Sort::Grade, grade, &text), None);
            assert_eq!(
                read("/programs", Sort::Name, Sort::Name.of_programs(), &text),
                None
            );
        }
        let forged = |json: &str| {
            let text = BASE64URL_NOPAD.encode(json.as_bytes());
            read("/institutions", Sort::Name, order, &text)
        };
        for keys in [
            "[]",
            r#"["a","b"]"#,
            r#"["a",1,{"id":"00000000-0000-0000-0000-000000000007"}]"#,
            r#"["a","b","c"]"#,
            "[\"a\",\"\\u0000\",{\"id\":\"00000000-0000-0000-0000-000000000007\"}]",
        ] {
            let json = format!(r#"{{"l":"/institutions","s":"name","b":false,"k":{keys}}}"#);
            assert_eq!(forged(&json), None, "{keys}");
        }
        for text in ["", "x", "AAAA", &"A".repeat(9_000)] {
            assert_eq!(
                read("/institutions", Sort::Name, order, text),
                None,
                "{text:.20}"
            );
        }
    }
}
