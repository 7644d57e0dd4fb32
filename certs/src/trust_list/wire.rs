//! The payload: one deterministic CBOR map (`docs/formats.md` section 17.2).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ciborium::Value;

use super::{EarlierWitnesses, KeyPurpose, TrustList, TrustListFault, TrustedKey};
use crate::cbor::{self, Fields};
use crate::keys::{Algorithm, KeyId, KeyState, PublicKey};
use crate::log::{WitnessPolicy, parse_witness_vkey};

/// Version of the form, not of the list: without and with witnesses of earlier times.
const FORM: u64 = 1;
const FORM_WITH_HISTORY: u64 = 2;

mod list {
    pub(super) const FORM: i64 = 0;
    pub(super) const VERSION: i64 = 1;
    pub(super) const ISSUED_AT: i64 = 2;
    pub(super) const VALID_UNTIL: i64 = 3;
    pub(super) const KEYS: i64 = 4;
    pub(super) const WITNESSES: i64 = 5;
    pub(super) const QUORUM: i64 = 6;
    pub(super) const EARLIER: i64 = 7;
}

mod earlier {
    pub(super) const WITNESSES: i64 = 0;
    pub(super) const QUORUM: i64 = 1;
    pub(super) const UNTIL: i64 = 2;
    pub(super) const SIZE: i64 = 3;
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
    // A reader of the first form knows every list that needs no more.
    let form = if list.earlier_witnesses.is_empty() {
        FORM
    } else {
        FORM_WITH_HISTORY
    };
    let history = (form == FORM_WITH_HISTORY).then(|| {
        let earlier = list.earlier_witnesses.iter().map(encode_earlier);
        (list::EARLIER, Value::Array(earlier.collect()))
    });
    let fields = [
        (list::FORM, form.into()),
        (list::VERSION, list.version.into()),
        (list::ISSUED_AT, millis(list.issued_at)),
        (list::VALID_UNTIL, millis(list.valid_until)),
        (list::KEYS, Value::Array(keys.collect())),
        (list::WITNESSES, witness_lines(&list.witnesses)),
        (list::QUORUM, (list.witnesses.quorum() as u64).into()),
    ];
    cbor::encode(&cbor::map(fields.into_iter().chain(history)))
}

fn witness_lines(policy: &WitnessPolicy) -> Value {
    let lines = policy.witnesses().iter().map(|key| key.to_string().into());
    Value::Array(lines.collect())
}

fn encode_earlier(one: &EarlierWitnesses) -> Value {
    cbor::map([
        (earlier::WITNESSES, witness_lines(&one.policy)),
        (earlier::QUORUM, (one.policy.quorum() as u64).into()),
        (earlier::UNTIL, millis(one.until)),
        (earlier::SIZE, one.size.into()),
    ])
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
    let form = fields.uint(list::FORM);
    let (FORM | FORM_WITH_HISTORY) = form.unwrap_or_default() else {
        return Err(TrustListFault::UnknownForm);
    };
    let mut keys = BTreeMap::new();
    for entry in array(&mut fields, list::KEYS)? {
        let (kid, key) = decode_key(entry).ok_or(TrustListFault::Fields)?;
        if keys.insert(kid.clone(), key).is_some() {
            return Err(TrustListFault::Key(kid));
        }
    }
    let witnesses = policy(&mut fields, list::WITNESSES, list::QUORUM)?;
    let mut earlier_witnesses = Vec::new();
    if form == Some(FORM_WITH_HISTORY) {
        for entry in array(&mut fields, list::EARLIER)? {
            earlier_witnesses.push(decode_earlier(entry)?);
        }
    }
    let decoded = TrustList {
        version: fields.uint(list::VERSION).ok_or(TrustListFault::Fields)?,
        issued_at: instant(&mut fields, list::ISSUED_AT).ok_or(TrustListFault::Fields)?,
        valid_until: instant(&mut fields, list::VALID_UNTIL).ok_or(TrustListFault::Fields)?,
        keys,
        witnesses,
        earlier_witnesses,
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

fn policy(fields: &mut Fields, lines: i64, quorum: i64) -> Result<WitnessPolicy, TrustListFault> {
    let witnesses = array(fields, lines)?
        .into_iter()
        .map(|line| parse_witness_vkey(line.as_text()?).ok())
        .collect::<Option<Vec<_>>>()
        .ok_or(TrustListFault::Witnesses)?;
    let quorum = fields
        .uint(quorum)
        .and_then(|quorum| usize::try_from(quorum).ok())
        .ok_or(TrustListFault::Fields)?;
    WitnessPolicy::new(witnesses, quorum).map_err(|_| TrustListFault::Witnesses)
}

fn decode_earlier(entry: Value) -> Result<EarlierWitnesses, TrustListFault> {
    let mut fields = Fields::new(entry).ok_or(TrustListFault::Fields)?;
    let one = EarlierWitnesses {
        policy: policy(&mut fields, earlier::WITNESSES, earlier::QUORUM)?,
        until: instant(&mut fields, earlier::UNTIL).ok_or(TrustListFault::Fields)?,
        size: fields.uint(earlier::SIZE).ok_or(TrustListFault::Fields)?,
    };
    if fields.is_empty() {
        Ok(one)
    } else {
        Err(TrustListFault::Fields)
    }
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
