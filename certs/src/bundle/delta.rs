//! From one bundle to a later one (`docs/formats.md` section 18.1): small to fetch every day, and checked by what comes out.

use std::collections::BTreeMap;

use ciborium::Value;
use coset::{CoseSign1, TaggedCborSerializable as _};
use sha2::{Digest, Sha256};

use super::wire::{self, Reader};
use super::{Bundle, BundleFault, BundleInstitution, Content, DeltaFault, ListStatus, MAX_BYTES};
use crate::cbor::{self, Fields};

mod key {
    pub(super) const FORM: u8 = 0;
    pub(super) const FROM: u8 = 1;
    pub(super) const FROM_SHA256: u8 = 2;
    pub(super) const TO: u8 = 3;
    pub(super) const TO_SHA256: u8 = 4;
    pub(super) const PROTECTED: u8 = 5;
    pub(super) const SIGNATURE: u8 = 6;
    pub(super) const ISSUED_AT: u8 = 7;
    pub(super) const VALID_UNTIL: u8 = 8;
    pub(super) const TRUST_LIST: u8 = 9;
    pub(super) const CHECKPOINT: u8 = 10;
    pub(super) const LISTS: u8 = 11;
    pub(super) const FEDERATIONS: u8 = 12;
    pub(super) const PROGRAMS: u8 = 13;
    pub(super) const INSTITUTIONS: u8 = 14;
}

/// The delta from one bundle to a later one, of which `to_bytes` are the bytes.
pub fn delta(from: &Bundle, to: &Bundle, to_bytes: &[u8]) -> Result<Vec<u8>, DeltaFault> {
    if to.content.number <= from.content.number {
        return Err(DeltaFault::Backwards);
    }
    let whole = CoseSign1::from_tagged_slice(to_bytes).map_err(|_| BundleFault::Encoding)?;
    let protected = whole.protected.original_data.ok_or(BundleFault::Encoding)?;
    let (old, new) = (&from.content, &to.content);
    let fields = [
        (key::FORM, Some(wire::FORM.into())),
        (key::FROM, Some(old.number.into())),
        (key::FROM_SHA256, Some(from.sha256.as_slice().into())),
        (key::TO, Some(new.number.into())),
        (key::TO_SHA256, Some(to.sha256.as_slice().into())),
        (key::PROTECTED, Some(Value::Bytes(protected))),
        (key::SIGNATURE, Some(Value::Bytes(whole.signature))),
        (key::ISSUED_AT, Some(wire::millis(new.issued_at))),
        (key::VALID_UNTIL, Some(wire::millis(new.valid_until))),
        (
            key::TRUST_LIST,
            (old.trust_list != new.trust_list).then(|| new.trust_list.as_slice().into()),
        ),
        (key::CHECKPOINT, Some(new.checkpoint.as_str().into())),
        (
            key::LISTS,
            Some(wire::lists(&changed_lists(&old.lists, &new.lists))),
        ),
        (
            key::FEDERATIONS,
            Some(wire::names(&changed_names(
                &old.federations,
                &new.federations,
            ))),
        ),
        (
            key::PROGRAMS,
            Some(wire::names(&changed_names(&old.programs, &new.programs))),
        ),
        (key::INSTITUTIONS, Some(changed_institutions(old, new))),
    ];
    let present = fields
        .into_iter()
        .filter_map(|(key, value)| Some((i64::from(key), value?)));
    Ok(cbor::encode(&cbor::map(present)))
}

fn changed_lists(
    old: &BTreeMap<u32, ListStatus>,
    new: &BTreeMap<u32, ListStatus>,
) -> BTreeMap<u32, ListStatus> {
    let empty = ListStatus::default();
    let gone = old
        .keys()
        .filter(|number| !new.contains_key(number))
        .map(|number| (*number, ListStatus::default()));
    let changed = new.iter().filter_map(|(number, list)| {
        // A list of another size is another list.
        let before = old
            .get(number)
            .filter(|before| before.size == list.size)
            .unwrap_or(&empty);
        let change = ListStatus {
            size: list.size,
            revoked: before.revoked.difference(&list.revoked),
            superseded: before.superseded.difference(&list.superseded),
            suspended: before.suspended.difference(&list.suspended),
        };
        (before.size != list.size || !change.is_nothing()).then_some((*number, change))
    });
    gone.chain(changed).collect()
}

impl ListStatus {
    fn is_nothing(&self) -> bool {
        self.revoked.is_empty() && self.superseded.is_empty() && self.suspended.is_empty()
    }
}

fn changed_names<K: Ord + Clone>(
    old: &BTreeMap<K, String>,
    new: &BTreeMap<K, String>,
) -> BTreeMap<K, String> {
    let gone = old.keys().filter(|code| !new.contains_key(code));
    let changed = new
        .iter()
        .filter(|(code, name)| old.get(code) != Some(*name));
    gone.map(|code| (code.clone(), String::new()))
        .chain(changed.map(|(code, name)| (code.clone(), name.clone())))
        .collect()
}

fn changed_institutions(old: &Content, new: &Content) -> Value {
    let gone = old
        .institutions
        .keys()
        .filter(|code| !new.institutions.contains_key(code));
    let changed = new
        .institutions
        .iter()
        .filter(|(code, one)| old.institutions.get(code) != Some(*one));
    let all: BTreeMap<_, Option<&BundleInstitution>> = gone
        .map(|code| (code, None))
        .chain(changed.map(|(code, one)| (code, Some(one))))
        .collect();
    wire::institutions(all.into_iter())
}

/// A delta that was read and not applied yet.
pub struct BundleDelta {
    from: u64,
    from_sha256: Vec<u8>,
    to: u64,
    to_sha256: Vec<u8>,
    protected: Vec<u8>,
    signature: Vec<u8>,
    content: Content,
    trust_list: Option<Vec<u8>>,
    institutions: BTreeMap<domain::CreditCode, Option<BundleInstitution>>,
}

impl BundleDelta {
    /// Reads a delta strictly.
    pub fn read(bytes: &[u8]) -> Result<Self, DeltaFault> {
        if bytes.len() > MAX_BYTES {
            return Err(BundleFault::TooLarge.into());
        }
        let fields = cbor::decode(bytes).map_err(BundleFault::from)?;
        let mut reader = Reader(Fields::new(fields).ok_or(BundleFault::Encoding)?);
        if reader.0.uint(key::FORM.into()) != Some(wire::FORM) {
            return Err(BundleFault::Version.into());
        }
        let trust_list = reader
            .0
            .take(key::TRUST_LIST.into())
            .map(|list| {
                list.into_bytes()
                    .map_err(|_| BundleFault::Field(key::TRUST_LIST))
            })
            .transpose()?;
        let to = reader.uint(key::TO)?;
        let delta = Self {
            from: reader.uint(key::FROM)?,
            from_sha256: reader.bytes(key::FROM_SHA256)?,
            to,
            to_sha256: reader.bytes(key::TO_SHA256)?,
            protected: reader.bytes(key::PROTECTED)?,
            signature: reader.bytes(key::SIGNATURE)?,
            content: Content {
                number: to,
                issued_at: reader.instant(key::ISSUED_AT)?,
                valid_until: reader.instant(key::VALID_UNTIL)?,
                trust_list: Vec::new(),
                checkpoint: reader.text(key::CHECKPOINT)?,
                lists: reader.lists(key::LISTS)?,
                federations: reader.names(key::FEDERATIONS)?,
                programs: reader.names(key::PROGRAMS)?,
                institutions: BTreeMap::new(),
            },
            institutions: reader.institutions(key::INSTITUTIONS)?,
            trust_list,
        };
        reader.end()?;
        if delta.to <= delta.from {
            return Err(DeltaFault::Backwards);
        }
        Ok(delta)
    }

    /// Numbers of the bundle it starts from and of the one it makes.
    pub fn numbers(&self) -> (u64, u64) {
        (self.from, self.to)
    }

    /// The bytes of the later bundle: exactly those that the registry signed, or a fault. They are still to be opened.
    pub fn apply(self, from: &Bundle) -> Result<Vec<u8>, DeltaFault> {
        if self.from != from.content.number || self.from_sha256 != from.sha256 {
            return Err(DeltaFault::Start(self.from));
        }
        let mut content = from.content.clone();
        content.number = self.to;
        content.issued_at = self.content.issued_at;
        content.valid_until = self.content.valid_until;
        content.checkpoint = self.content.checkpoint;
        if let Some(list) = self.trust_list {
            content.trust_list = list;
        }
        for (number, change) in self.content.lists {
            change_list(&mut content.lists, number, &change);
        }
        change_names(&mut content.federations, self.content.federations);
        change_names(&mut content.programs, self.content.programs);
        for (code, institution) in self.institutions {
            match institution {
                Some(institution) => content.institutions.insert(code, institution),
                None => content.institutions.remove(&code),
            };
        }
        let whole = Value::Tag(
            CoseSign1::TAG,
            Box::new(Value::Array(vec![
                Value::Bytes(self.protected),
                Value::Map(Vec::new()),
                Value::Bytes(wire::encode(&content)),
                Value::Bytes(self.signature),
            ])),
        );
        let bytes = cbor::encode(&whole);
        if Sha256::digest(&bytes).as_slice() == self.to_sha256 {
            Ok(bytes)
        } else {
            Err(DeltaFault::Result)
        }
    }
}

fn change_list(lists: &mut BTreeMap<u32, ListStatus>, number: u32, change: &ListStatus) {
    if change.size == 0 {
        lists.remove(&number);
        return;
    }
    let list = lists.entry(number).or_default();
    if list.size != change.size {
        *list = ListStatus {
            size: change.size,
            ..ListStatus::default()
        };
    }
    list.revoked = list.revoked.difference(&change.revoked);
    list.superseded = list.superseded.difference(&change.superseded);
    list.suspended = list.suspended.difference(&change.suspended);
}

fn change_names<K: Ord>(names: &mut BTreeMap<K, String>, changes: BTreeMap<K, String>) {
    for (code, name) in changes {
        if name.is_empty() {
            names.remove(&code);
        } else {
            names.insert(code, name);
        }
    }
}
