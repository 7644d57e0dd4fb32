//! The payload: one deterministic CBOR map.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use ciborium::Value;
use domain::CreditCode;

use super::{BundleFault, BundleInstitution, Content, ListStatus, Places, StandingChange};
use crate::cbor::{self, Fields};
use crate::verdict::Standing;

pub(super) const FORM: u64 = 1;

mod key {
    pub(super) const FORM: u8 = 0;
    pub(super) const NUMBER: u8 = 1;
    pub(super) const ISSUED_AT: u8 = 2;
    pub(super) const VALID_UNTIL: u8 = 3;
    pub(super) const TRUST_LIST: u8 = 4;
    pub(super) const CHECKPOINT: u8 = 5;
    pub(super) const LISTS: u8 = 6;
    pub(super) const FEDERATIONS: u8 = 7;
    pub(super) const PROGRAMS: u8 = 8;
    pub(super) const INSTITUTIONS: u8 = 9;
}

pub(super) fn encode(content: &Content) -> Vec<u8> {
    cbor::encode(&cbor::map(
        [
            (key::FORM, FORM.into()),
            (key::NUMBER, content.number.into()),
            (key::ISSUED_AT, millis(content.issued_at)),
            (key::VALID_UNTIL, millis(content.valid_until)),
            (key::TRUST_LIST, content.trust_list.as_slice().into()),
            (key::CHECKPOINT, content.checkpoint.as_str().into()),
            (key::LISTS, lists(&content.lists)),
            (key::FEDERATIONS, names(&content.federations)),
            (key::PROGRAMS, names(&content.programs)),
            (
                key::INSTITUTIONS,
                institutions(
                    content
                        .institutions
                        .iter()
                        .map(|(code, one)| (code, Some(one))),
                ),
            ),
        ]
        .map(|(key, value)| (i64::from(key), value)),
    ))
}

pub(super) fn lists_bytes(all: &BTreeMap<u32, ListStatus>) -> usize {
    cbor::encode(&lists(all)).len()
}

pub(super) fn lists(all: &BTreeMap<u32, ListStatus>) -> Value {
    let list = |(number, list): (&u32, &ListStatus)| {
        let places = [&list.revoked, &list.superseded, &list.suspended];
        let parts = std::iter::once(Value::from(list.size))
            .chain(places.map(|places| Value::Bytes(places.encode())));
        (Value::from(*number), Value::Array(parts.collect()))
    };
    Value::Map(all.iter().map(list).collect())
}

/// Codes of one kind are all of one length, so their order is that of their CBOR.
pub(super) fn names<K: ToString>(all: &BTreeMap<K, String>) -> Value {
    let pair =
        |(code, name): (&K, &String)| (Value::from(code.to_string()), Value::from(name.as_str()));
    Value::Map(all.iter().map(pair).collect())
}

pub(super) fn institutions<'i>(
    all: impl Iterator<Item = (&'i CreditCode, Option<&'i BundleInstitution>)>,
) -> Value {
    let one = |(code, institution): (&CreditCode, Option<&BundleInstitution>)| {
        let body = institution.map_or_else(Vec::new, |institution| {
            let standing = institution.standing.iter().map(|(federation, changes)| {
                let changes = changes.iter().map(|change| {
                    Value::Array(vec![
                        Value::from(change.since.timestamp()),
                        Value::from(number_of(change.standing)),
                    ])
                });
                (
                    Value::from(federation.as_str()),
                    Value::Array(changes.collect()),
                )
            });
            vec![
                Value::from(institution.name.as_str()),
                Value::Map(standing.collect()),
            ]
        });
        (Value::from(code.as_str()), Value::Array(body))
    };
    Value::Map(all.map(one).collect())
}

pub(super) fn millis(at: DateTime<Utc>) -> Value {
    at.timestamp_millis().into()
}

fn number_of(standing: Standing) -> u8 {
    match standing {
        Standing::Authorised => 1,
        Standing::Suspended => 2,
        Standing::Exited => 3,
        Standing::NotAdmitted => 4,
    }
}

pub(super) fn decode(payload: &[u8]) -> Result<Content, BundleFault> {
    let mut reader = Reader(Fields::new(cbor::decode(payload)?).ok_or(BundleFault::Encoding)?);
    if reader.0.uint(key::FORM.into()) != Some(FORM) {
        return Err(BundleFault::Version);
    }
    let content = Content {
        number: reader.uint(key::NUMBER)?,
        issued_at: reader.instant(key::ISSUED_AT)?,
        valid_until: reader.instant(key::VALID_UNTIL)?,
        trust_list: reader.bytes(key::TRUST_LIST)?,
        checkpoint: reader.text(key::CHECKPOINT)?,
        lists: reader.lists(key::LISTS)?,
        federations: reader.names(key::FEDERATIONS)?,
        programs: reader.names(key::PROGRAMS)?,
        institutions: reader
            .institutions(key::INSTITUTIONS)?
            .into_iter()
            .map(|(code, one)| Some((code, one?)))
            .collect::<Option<_>>()
            .ok_or(BundleFault::Field(key::INSTITUTIONS))?,
    };
    reader.end()?;
    Ok(content)
}

/// Takes fields one by one, and says which one is wrong.
pub(super) struct Reader(pub(super) Fields);

impl Reader {
    pub(super) fn uint(&mut self, key: u8) -> Result<u64, BundleFault> {
        self.0.uint(key.into()).ok_or(BundleFault::Field(key))
    }

    pub(super) fn bytes(&mut self, key: u8) -> Result<Vec<u8>, BundleFault> {
        self.0.bytes(key.into()).ok_or(BundleFault::Field(key))
    }

    pub(super) fn text(&mut self, key: u8) -> Result<String, BundleFault> {
        self.0.text(key.into()).ok_or(BundleFault::Field(key))
    }

    pub(super) fn instant(&mut self, key: u8) -> Result<DateTime<Utc>, BundleFault> {
        let millis = i64::try_from(self.uint(key)?).ok();
        millis
            .and_then(DateTime::from_timestamp_millis)
            .ok_or(BundleFault::Field(key))
    }

    pub(super) fn lists(&mut self, key: u8) -> Result<BTreeMap<u32, ListStatus>, BundleFault> {
        self.map(key, |number, list| {
            let [size, revoked, superseded, suspended] =
                <[Value; 4]>::try_from(list.into_array().ok()?).ok()?;
            let size = u32::try_from(size.as_integer()?).ok()?;
            let places = |bytes: Value| Places::decode(bytes.as_bytes()?, size);
            let list = ListStatus {
                size,
                revoked: places(revoked)?,
                superseded: places(superseded)?,
                suspended: places(suspended)?,
            };
            Some((u32::try_from(number.as_integer()?).ok()?, list))
        })
    }

    pub(super) fn names<K: Ord + FromStr>(
        &mut self,
        key: u8,
    ) -> Result<BTreeMap<K, String>, BundleFault> {
        self.map(key, |code, name| {
            Some((parsed(&code)?, name.into_text().ok()?))
        })
    }

    /// `None`: an empty array, which only a delta holds.
    pub(super) fn institutions(
        &mut self,
        key: u8,
    ) -> Result<BTreeMap<CreditCode, Option<BundleInstitution>>, BundleFault> {
        self.map(key, |code, body| {
            let code = code.as_text()?;
            let code = CreditCode::parse_allowing_organisation_checksum(code)
                .ok()
                .filter(|parsed| parsed.as_str() == code)?;
            let body = body.into_array().ok()?;
            if body.is_empty() {
                return Some((code, None));
            }
            let [name, standing] = <[Value; 2]>::try_from(body).ok()?;
            let mut by_federation = BTreeMap::new();
            for (federation, changes) in standing.into_map().ok()? {
                let changes = changes
                    .into_array()
                    .ok()?
                    .iter()
                    .map(change)
                    .collect::<Option<_>>()?;
                by_federation.insert(parsed(&federation)?, changes);
            }
            let institution = BundleInstitution {
                name: name.into_text().ok()?,
                standing: by_federation,
            };
            Some((code, Some(institution)))
        })
    }

    /// Keys that are out of order or there twice were refused when the bytes were read; a code that is not in its normal form
    /// is refused here, for it would not be found.
    fn map<K: Ord, V>(
        &mut self,
        key: u8,
        entry: impl Fn(Value, Value) -> Option<(K, V)>,
    ) -> Result<BTreeMap<K, V>, BundleFault> {
        let pairs = self
            .0
            .take(key.into())
            .and_then(|value| value.into_map().ok());
        pairs
            .and_then(|pairs| {
                pairs
                    .into_iter()
                    .map(|(key, value)| entry(key, value))
                    .collect()
            })
            .ok_or(BundleFault::Field(key))
    }

    pub(super) fn end(self) -> Result<(), BundleFault> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(BundleFault::Unknown)
        }
    }
}

/// A code in its normal form.
fn parsed<T: FromStr>(text: &Value) -> Option<T> {
    let text = text.as_text()?;
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        .then(|| text.parse().ok())?
}

fn change(value: &Value) -> Option<StandingChange> {
    let [since, standing] = value.as_array()?.as_slice() else {
        return None;
    };
    let since = i64::try_from(since.as_integer()?).ok()?;
    Some(StandingChange {
        since: DateTime::from_timestamp(since, 0).filter(|_| since >= 0)?,
        standing: match u8::try_from(standing.as_integer()?).ok()? {
            1 => Standing::Authorised,
            2 => Standing::Suspended,
            3 => Standing::Exited,
            4 => Standing::NotAdmitted,
            _ => return None,
        },
    })
}
