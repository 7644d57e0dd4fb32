//! JSON as it stands in a file, duplicates and all, and its RFC 8785 bytes.
//!
//! Numbers are integers of at most 53 bits, so canonical numbers are plain decimals; a fraction is kept only to be refused.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The largest integer that every JSON reader keeps exact (RFC 7493 section 2.2).
pub(super) const LARGEST: i64 = (1 << 53) - 1;

/// A JSON value. An object keeps the order and the repetition of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node<'a> {
    Null,
    Truth(bool),
    Integer(i64),
    /// A fraction or a number beyond 53 bits.
    OtherNumber,
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Node::Truth(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(if (-LARGEST..=LARGEST).contains(&value) {
            Node::Integer(value)
        } else {
            Node::OtherNumber
        })
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
        i64::try_from(value).map_or(Ok(Node::OtherNumber), |value| self.visit_i64(value))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Node::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(12);
        while let Some(Key(name)) = map.next_key()? {
            fields.push((name, map.next_value()?));
        }
        Ok(Node::Object(fields))
    }
}

/// The name of a field, borrowed from the text where it holds no escape.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

impl Node<'_> {
    /// Appends the RFC 8785 bytes of this value.
    pub(super) fn write_canonical(&self, to: &mut Vec<u8>) {
        match self {
            Self::Null | Self::OtherNumber => to.extend_from_slice(b"null"),
            Self::Truth(value) => to.extend_from_slice(if *value { b"true" } else { b"false" }),
            Self::Integer(value) => to.extend_from_slice(value.to_string().as_bytes()),
            Self::Text(text) => write_text(text, to),
            Self::List(nodes) => {
                to.push(b'[');
                for (at, node) in nodes.iter().enumerate() {
                    if at > 0 {
                        to.push(b',');
                    }
                    node.write_canonical(to);
                }
                to.push(b']');
            }
            Self::Object(fields) => {
                let mut sorted: Vec<_> = fields.iter().collect();
                sorted.sort_by(|(one, _), (two, _)| utf16_order(one, two));
                to.push(b'{');
                for (at, (name, node)) in sorted.into_iter().enumerate() {
                    if at > 0 {
                        to.push(b',');
                    }
                    write_text(name, to);
                    to.push(b':');
                    node.write_canonical(to);
                }
                to.push(b'}');
            }
        }
    }

    /// The RFC 8785 bytes of this value.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_canonical(&mut bytes);
        bytes
    }
}

/// The order of field names in RFC 8785: by UTF-16 code units, which is not the order of UTF-8 bytes beyond U+FFFF.
pub(super) fn utf16_order(one: &str, two: &str) -> std::cmp::Ordering {
    if one.is_ascii() && two.is_ascii() {
        return one.cmp(two);
    }
    one.encode_utf16().cmp(two.encode_utf16())
}

/// A text in quotes with the escapes of RFC 8785 section 3.2.2.2 and no others.
pub(super) fn write_text(text: &str, to: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    to.push(b'"');
    let mut plain = text.as_bytes();
    while let Some(at) = plain
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        to.extend_from_slice(&plain[..at]);
        to.push(b'\\');
        match plain[at] {
            0x08 => to.push(b'b'),
            b'\t' => to.push(b't'),
            b'\n' => to.push(b'n'),
            0x0c => to.push(b'f'),
            b'\r' => to.push(b'r'),
            byte @ (b'"' | b'\\') => to.push(byte),
            byte => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                to.extend_from_slice(b"u00");
                to.extend_from_slice(&digits);
            }
        }
        plain = &plain[at + 1..];
    }
    to.extend_from_slice(plain);
    to.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Node<'_> {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn names_are_ordered_by_utf16_units_and_escapes_are_the_shortest() {
        let node = read(
            "{\"\u{fb33}\": 1, \"\u{1f600}\": [true, null, -7], \"a\": \"\\u0007\\n\\/\\u00e9\\u007f\"}",
        );
        assert_eq!(
            String::from_utf8(node.canonical()).expect("UTF-8"),
            "{\"a\":\"\\u0007\\n/é\u{7f}\",\"\u{1f600}\":[true,null,-7],\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn fractions_and_large_numbers_are_no_integers() {
        for text in [
            "1.0",
            "1e3",
            "-0",
            "9007199254740992",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), Node::OtherNumber, "{text}");
        }
        assert_eq!(read("9007199254740991"), Node::Integer(LARGEST));
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            (-LARGEST..=LARGEST).prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_bytes_are_those_of_another_implementation(value in any_json()) {
            let text = value.to_string();
            let theirs = serde_json_canonicalizer::to_vec(&value).expect("canonical");
            prop_assert_eq!(read(&text).canonical(), theirs);
        }
    }
}
