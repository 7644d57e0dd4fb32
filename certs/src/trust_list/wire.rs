//! The payload: one deterministic CBOR map (`docs/formats.md` section 17.2).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ciborium::Value;

use super::{KeyPurpose, TrustList, TrustListFault, TrustedKey};
use crate::cbor::{self, Fields};
use crate::keys::{Algorithm, KeyId, KeyState, PublicKey};
use crate::log::{WitnessPolicy, parse_witness_vkey};

/// Version of the form, not of the list.
const FORM: u64 = 1;

mod list {
    pub(super) const FORM: i64 = 0;
    pub(super) const VERSION: i64 = 1;
    pub(super) const ISSUED_AT: i64 = 2;
    pub(super) const VALID_UNTIL: i64 = 3;
    pub(super) const KEYS: i64 = 4;
    pub(super) const WITNESSES: i64 = 5;
    pub(super) const QUORUM: i64 = 6;
}

mod key {
    pub(super) const ID: i64 = 0;
    pub(super) const PURPOSE: i64 = 1;
    pub(super) const ALGORITHM: i64 = 2;
    pub(super) const PUBLIC_KEY: i64 = 3;
    pub(super) const STATE: i64 = 4;
    pub(super) const NOT_BEFORE: i64 = 5;
    pub(super) const NOT_AFTER: i64 = 6;
    pub(super) const FEDERATION: i64 = 7;
    pub(super) const COMPROMISED_AT: i64 = 8;
    pub(super) const ORIGIN: i64 = 9;
}

pub(super) fn encode(list: &TrustList) -> Vec<u8> {
    let keys = list.keys.iter().map(|(kid, key)| encode_key(kid, key));
    let witnesses = list.witnesses.witnesses().iter();
    cbor::encode(&cbor::map([
        (list::FORM, FORM.into()),
        (list::VERSION, list.version.into()),
        (list::ISSUED_AT, millis(list.issued_at)),
        (list::VALID_UNTIL, millis(list.valid_until)),
        (list::KEYS, Value::Array(keys.collect())),
        (
            list::WITNESSES,
            Value::Array(witnesses.map(|key| key.to_string().into()).collect()),
        ),
        (list::QUORUM, (list.witnesses.quorum() as u64).into()),
    ]))
}

fn encode_key(kid: &KeyId, key: &TrustedKey) -> Value {
    let mut fields = vec![
        (key::ID, kid.as_str().into()),
        (key::PURPOSE, key.purpose.as_str().into()),
        (key::ALGORITHM, key.public_key.algorithm().as_str().into()),
        (key::PUBLIC_KEY, key.public_key.as_bytes().into()),
        (key::STATE, key.state.as_str().into()),
        (key::NOT_BEFORE, millis(key.not_before)),
        (key::NOT_AFTER, millis(key.not_after)),
    ];
    if let KeyPurpose::Issuer(federation) = &key.purpose {
        fields.push((key::FEDERATION, federation.as_str().into()));
    }
    if let KeyState::Compromised { at } = key.state {
        fields.push((key::COMPROMISED_AT, millis(at)));
    }
    if let KeyPurpose::Log(origin) = &key.purpose {
        fields.push((key::ORIGIN, origin.as_str().into()));
    }
    cbor::map(fields)
}

fn millis(at: DateTime<Utc>) -> Value {
    at.timestamp_millis().into()
}

pub(super) fn decode(bytes: &[u8]) -> Result<TrustList, TrustListFault> {
    let map = cbor::decode(bytes).map_err(|_| TrustListFault::Form)?;
    let mut fields = Fields::new(map).ok_or(TrustListFault::Form)?;
    if fields.uint(list::FORM) != Some(FORM) {
        return Err(TrustListFault::UnknownForm);
    }
    let mut keys = BTreeMap::new();
    for entry in array(&mut fields, list::KEYS)? {
        let (kid, key) = decode_key(entry).ok_or(TrustListFault::Fields)?;
        if keys.insert(kid.clone(), key).is_some() {
            return Err(TrustListFault::Key(kid));
        }
    }
    let witnesses = array(&mut fields, list::WITNESSES)?
        .into_iter()
        .map(|line| parse_witness_vkey(line.as_text()?).ok())
        .collect::<Option<Vec<_>>>()
        .ok_or(TrustListFault::Witnesses)?;
    let quorum = fields
        .uint(list::QUORUM)
        .and_then(|quorum| usize::try_from(quorum).ok())
        .ok_or(TrustListFault::Fields)?;
    let decoded = TrustList {
        version: fields.uint(list::VERSION).ok_or(TrustListFault::Fields)?,
        issued_at: instant(&mut fields, list::ISSUED_AT).ok_or(TrustListFault::Fields)?,
        valid_until: instant(&mut fields, list::VALID_UNTIL).ok_or(TrustListFault::Fields)?,
        keys,
        witnesses: WitnessPolicy::new(witnesses, quorum).map_err(|_| TrustListFault::Witnesses)?,
    };
    // Keys in order of their ids, and no field type that normalises: one list has one encoding.
    if fields.is_empty() && encode(&decoded) == bytes {
        Ok(decoded)
    } else {
        Err(TrustListFault::Fields)
    }
}

fn decode_key(entry: Value) -> Option<(KeyId, TrustedKey)> {
    let mut fields = Fields::new(entry)?;
    let kid = fields.text(key::ID)?.parse().ok()?;
    let federation = fields.text(key::FEDERATION);
    let origin = fields.text(key::ORIGIN);
    let purpose = match (fields.text(key::PURPOSE)?.as_str(), federation, origin) {
        ("root", None, None) => KeyPurpose::Root,
        ("issuer", Some(federation), None) => KeyPurpose::Issuer(federation.parse().ok()?),
        ("log", None, Some(origin)) => KeyPurpose::Log(origin.parse().ok()?),
        ("status", None, None) => KeyPurpose::Status,
        _ => return None,
    };
    let algorithm: Algorithm = fields.text(key::ALGORITHM)?.parse().ok()?;
    let public_key = fields.bytes(key::PUBLIC_KEY)?;
    let compromised_at = instant(&mut fields, key::COMPROMISED_AT);
    let state = KeyState::from_word(&fields.text(key::STATE)?, compromised_at)?;
    let key = TrustedKey {
        purpose,
        public_key: PublicKey::from_bytes(algorithm, &public_key).ok()?,
        not_before: instant(&mut fields, key::NOT_BEFORE)?,
        not_after: instant(&mut fields, key::NOT_AFTER)?,
        state,
    };
    fields.is_empty().then_some((kid, key))
}

fn array(fields: &mut Fields, key: i64) -> Result<Vec<Value>, TrustListFault> {
    fields
        .take(key)
        .and_then(|value| value.into_array().ok())
        .ok_or(TrustListFault::Fields)
}

fn instant(fields: &mut Fields, key: i64) -> Option<DateTime<Utc>> {
    let millis = i64::try_from(fields.uint(key)?).ok()?;
    DateTime::from_timestamp_millis(millis)
}
