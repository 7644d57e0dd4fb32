//! Deterministic CBOR (RFC 8949 section 4.2.1): a strict reader around `ciborium`, and small maps with integer keys.

use ciborium::Value;
use ciborium_ll::{Decoder, Header};

/// Nesting of our own formats is at most 2; anything deeper is hostile.
const MAX_DEPTH: u8 = 8;

/// Why bytes are not one deterministic CBOR item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum CborFault {
    #[error("the bytes end within an item")]
    Truncated,
    #[error("an item of indefinite length")]
    Indefinite,
    #[error("a length or number is not in its shortest form, or map keys are out of order")]
    NonCanonical,
    #[error("a map key occurs twice")]
    DuplicateKey,
    #[error("bytes follow after the end")]
    Trailing,
    #[error("not CBOR, or a type that this format never uses")]
    Malformed,
}

/// Accepts exactly one deterministic item of integers, strings, arrays and maps, without tags, floats or simple values.
pub(crate) fn check_deterministic(bytes: &[u8]) -> Result<(), CborFault> {
    if item(bytes, 0, MAX_DEPTH)? == bytes.len() {
        Ok(())
    } else {
        Err(CborFault::Trailing)
    }
}

/// Parses what [`check_deterministic`] accepts.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, CborFault> {
    check_deterministic(bytes)?;
    ciborium::from_reader(bytes).map_err(|_| CborFault::Malformed)
}

/// Parses without asking for the deterministic form: only for who compares what it means, written again, with the bytes.
pub(crate) fn decode_any_form(bytes: &[u8]) -> Option<Value> {
    let mut rest = bytes;
    let value = ciborium::from_reader(&mut rest).ok()?;
    rest.is_empty().then_some(value)
}

/// Writes an item; maps must come with their keys in order, as [`map`] and the callers here make them.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    ciborium::into_writer(value, &mut bytes).expect("a value of plain items is written to memory");
    bytes
}

/// Position behind the head at `at`, with the head.
pub(crate) fn head(bytes: &[u8], at: usize) -> Result<(Header, usize), CborFault> {
    let rest = bytes.get(at..).ok_or(CborFault::Truncated)?;
    let mut decoder = Decoder::from(rest);
    let header = decoder.pull().map_err(|fault| match fault {
        ciborium_ll::Error::Io(_) => CborFault::Truncated,
        ciborium_ll::Error::Syntax(_) => CborFault::Malformed,
    })?;
    let used = decoder.offset();
    let argument = match header {
        Header::Positive(n) | Header::Negative(n) | Header::Tag(n) => n,
        Header::Bytes(Some(n))
        | Header::Text(Some(n))
        | Header::Array(Some(n))
        | Header::Map(Some(n)) => n as u64,
        Header::Bytes(None) | Header::Text(None) | Header::Array(None) | Header::Map(None) => {
            return Err(CborFault::Indefinite);
        }
        Header::Float(_) | Header::Simple(_) | Header::Break => return Err(CborFault::Malformed),
    };
    if used == shortest_head(argument) {
        Ok((header, at + used))
    } else {
        Err(CborFault::NonCanonical)
    }
}

/// Position behind the item at `at`.
fn item(bytes: &[u8], at: usize, depth: u8) -> Result<usize, CborFault> {
    let depth = depth.checked_sub(1).ok_or(CborFault::Malformed)?;
    let (header, mut at) = head(bytes, at)?;
    match header {
        Header::Bytes(Some(length)) | Header::Text(Some(length)) => {
            let end = at.checked_add(length).filter(|end| *end <= bytes.len());
            end.ok_or(CborFault::Truncated)
        }
        Header::Array(Some(count)) => {
            for _ in 0..count {
                at = item(bytes, at, depth)?;
            }
            Ok(at)
        }
        Header::Map(Some(count)) => {
            let mut last: Option<&[u8]> = None;
            for _ in 0..count {
                let end = item(bytes, at, depth)?;
                let key = &bytes[at..end];
                match last.map(|last| last.cmp(key)) {
                    None | Some(std::cmp::Ordering::Less) => {}
                    Some(std::cmp::Ordering::Equal) => return Err(CborFault::DuplicateKey),
                    Some(std::cmp::Ordering::Greater) => return Err(CborFault::NonCanonical),
                }
                last = Some(key);
                at = item(bytes, end, depth)?;
            }
            Ok(at)
        }
        Header::Positive(_) | Header::Negative(_) => Ok(at),
        _ => Err(CborFault::Malformed),
    }
}

/// Bytes of the shortest head for an argument.
fn shortest_head(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// A map with integer keys, given in deterministic order.
pub(crate) fn map(pairs: impl IntoIterator<Item = (i64, Value)>) -> Value {
    Value::Map(
        pairs
            .into_iter()
            .map(|(key, value)| (Value::from(key), value))
            .collect(),
    )
}

/// Takes the values of a map by key, one after another; what is left over at the end is unknown.
pub(crate) struct Fields(Vec<(i64, Value)>);

impl Fields {
    /// `None` when it is no map, or a key is no integer of 64 bits.
    pub(crate) fn new(value: Value) -> Option<Self> {
        let pairs = value.into_map().ok()?;
        let keyed = pairs
            .into_iter()
            .map(|(key, value)| Some((i64::try_from(key.as_integer()?).ok()?, value)));
        keyed.collect::<Option<_>>().map(Self)
    }

    pub(crate) fn take(&mut self, key: i64) -> Option<Value> {
        let place = self.0.iter().position(|(known, _)| *known == key)?;
        Some(self.0.swap_remove(place).1)
    }

    pub(crate) fn uint(&mut self, key: i64) -> Option<u64> {
        u64::try_from(self.take(key)?.as_integer()?).ok()
    }

    pub(crate) fn text(&mut self, key: i64) -> Option<String> {
        self.take(key)?.into_text().ok()
    }

    pub(crate) fn bytes(&mut self, key: i64) -> Option<Vec<u8>> {
        self.take(key)?.into_bytes().ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> CborFault {
        check_deterministic(bytes).expect_err("hostile bytes")
    }

    #[test]
    fn each_fault_is_told_apart() {
        assert_eq!(fault(&[]), CborFault::Truncated);
        assert_eq!(fault(&[0x42, 0x01]), CborFault::Truncated);
        assert_eq!(fault(&[0x5f, 0x41, 0x01, 0xff]), CborFault::Indefinite);
        assert_eq!(fault(&[0xbf, 0xff]), CborFault::Indefinite);
        assert_eq!(fault(&[0x18, 0x17]), CborFault::NonCanonical);
        assert_eq!(fault(&[0x59, 0x00, 0x01, 0x00]), CborFault::NonCanonical);
        assert_eq!(
            fault(&[0xa2, 0x02, 0x00, 0x01, 0x00]),
            CborFault::NonCanonical
        );
        assert_eq!(
            fault(&[0xa2, 0x01, 0x00, 0x01, 0x00]),
            CborFault::DuplicateKey
        );
        assert_eq!(fault(&[0x01, 0x00]), CborFault::Trailing);
        assert_eq!(fault(&[0xf6]), CborFault::Malformed);
        assert_eq!(fault(&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0]), CborFault::Malformed);
        assert_eq!(fault(&[0xc1, 0x00]), CborFault::Malformed);
        assert_eq!(fault(&[0x1c]), CborFault::Malformed);
    }

    #[test]
    fn deep_nesting_and_huge_lengths_end_at_once() {
        assert_eq!(fault(&[0x81; 4096]), CborFault::Malformed);
        assert_eq!(
            fault(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            CborFault::Truncated
        );
        assert_eq!(
            fault(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            CborFault::Truncated
        );
    }
}
