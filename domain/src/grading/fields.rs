//! Reads the fields of an object and tells every fault with its place.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::day::Day;
use super::fault::{FaultCode, Faults, Path};
use super::json::Node;

/// One field: its value, unless it is not there, and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'n, 'a, 'p> {
    node: Option<&'n Node<'a>>,
    path: Path<'p>,
}

/// The fields of an object in the order of `names`, of which the first `required` must be there.
/// `None` when it is no object at all.
pub(super) fn open<'n, 'a, 'p, const N: usize>(
    node: &'n Node<'a>,
    path: &'p Path<'p>,
    names: [&'static str; N],
    required: usize,
    faults: &mut Faults,
) -> Option<[Slot<'n, 'a, 'p>; N]> {
    let Node::Object(fields) = node else {
        faults.hint(path, FaultCode::WrongType, "object".to_owned());
        return None;
    };
    let mut slots = names.map(|name| Slot {
        node: None,
        path: path.key(name),
    });
    for (name, value) in fields {
        match names.iter().position(|known| known == name) {
            None => faults.add(&path.key(name), FaultCode::UnknownField),
            Some(at) if slots[at].node.is_some() => {
                faults.add(&slots[at].path, FaultCode::DuplicateField);
            }
            Some(at) => slots[at].node = Some(value),
        }
    }
    for slot in &slots[..required] {
        if slot.node.is_none() {
            faults.add(&slot.path, FaultCode::MissingField);
        }
    }
    Some(slots)
}

impl<'n, 'a, 'p> Slot<'n, 'a, 'p> {
    /// A value by itself, such as an element of a list.
    pub(super) const fn of(node: &'n Node<'a>, path: Path<'p>) -> Self {
        Self {
            node: Some(node),
            path,
        }
    }

    pub(super) const fn path(&self) -> &Path<'p> {
        &self.path
    }

    pub(super) const fn node(&self) -> Option<&'n Node<'a>> {
        self.node
    }

    /// Nothing when the field is null or not there.
    pub(super) fn given(self) -> Option<Self> {
        match self.node {
            None | Some(Node::Null) => None,
            Some(_) => Some(self),
        }
    }

    /// Nothing when the field is not there; null is a value of the wrong type.
    pub(super) fn present(self) -> Option<Self> {
        self.node.map(|_| self)
    }

    pub(super) fn text(&self, faults: &mut Faults) -> Option<&'n Cow<'a, str>> {
        match self.node? {
            Node::Text(text) if text.is_empty() => {
                faults.add(&self.path, FaultCode::EmptyText);
                None
            }
            Node::Text(text) => Some(text),
            _ => self.wrong("text", faults),
        }
    }

    pub(super) fn truth(&self, faults: &mut Faults) -> Option<bool> {
        match self.node? {
            Node::Truth(value) => Some(*value),
            _ => self.wrong("true, false", faults),
        }
    }

    pub(super) fn integer(&self, range: RangeInclusive<i64>, faults: &mut Faults) -> Option<i64> {
        match self.node? {
            Node::Integer(value) if range.contains(value) => Some(*value),
            Node::Integer(_) => {
                faults.hint(
                    &self.path,
                    FaultCode::OutOfRange,
                    format!("{}..{}", range.start(), range.end()),
                );
                None
            }
            Node::OtherNumber => {
                faults.add(&self.path, FaultCode::NotAnInteger);
                None
            }
            _ => self.wrong("integer", faults),
        }
    }

    /// An integer from 0 to `most`.
    pub(super) fn count(&self, most: u32, faults: &mut Faults) -> Option<u32> {
        self.integer(0..=i64::from(most), faults)
            .and_then(|value| u32::try_from(value).ok())
    }

    /// An integer of a small range, such as a category.
    pub(super) fn small(&self, range: RangeInclusive<u8>, faults: &mut Faults) -> Option<u8> {
        self.integer(i64::from(*range.start())..=i64::from(*range.end()), faults)
            .and_then(|value| u8::try_from(value).ok())
    }

    pub(super) fn date(&self, faults: &mut Faults) -> Option<Day> {
        match self.node? {
            Node::Text(text) => {
                let day = Day::parse(text);
                if day.is_none() {
                    faults.add(&self.path, FaultCode::BadDate);
                }
                day
            }
            _ => self.wrong("YYYY-MM-DD", faults),
        }
    }

    /// One of the values that have a word.
    pub(super) fn word<T: Copy>(
        &self,
        values: &[T],
        word: impl Fn(T) -> &'static str,
        faults: &mut Faults,
    ) -> Option<T> {
        let Node::Text(text) = self.node? else {
            return self.wrong("text", faults);
        };
        let found = values.iter().copied().find(|value| word(*value) == text);
        if found.is_none() {
            let words: Vec<_> = values.iter().map(|value| word(*value)).collect();
            faults.hint(&self.path, FaultCode::UnknownWord, words.join(", "));
        }
        found
    }

    pub(super) fn list(&self, faults: &mut Faults) -> Option<&'n [Node<'a>]> {
        match self.node? {
            Node::List(nodes) => Some(nodes),
            _ => self.wrong("array", faults),
        }
    }

    fn wrong<T>(&self, expected: &str, faults: &mut Faults) -> Option<T> {
        faults.hint(&self.path, FaultCode::WrongType, expected.to_owned());
        None
    }
}
