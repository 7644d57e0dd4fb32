//! did:web of the registry and its JSON Web Key Set (`docs/formats.md` section 11; W3C did-core 1.0, VC-JOSE-COSE, RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::facts::base;
use crate::keys::{KeyId, KeySet, KeyState, PublicKey};
use crate::qr::Host;

/// `did:web:HOST`; a port is percent-encoded (did:web method, section "Method-specific identifier").
pub fn did(host: &Host) -> String {
    format!("did:web:{}", host.as_str().replace(':', "%3A"))
}

/// The absolute DID URL of a key: `kid` of every token, and of its entry in the JWKS (interop.md).
pub fn key_url(host: &Host, key: &KeyId) -> String {
    format!("{}#{key}", did(host))
}

/// The key that an absolute DID URL of this host names.
pub(super) fn parse_key_url(host: &Host, url: &str) -> Option<KeyId> {
    url.strip_prefix(&did(host))?
        .strip_prefix('#')?
        .parse()
        .ok()
}

/// The document at `/.well-known/did.json`: one `Multikey` entry for each key, in both notations.
///
/// Other software knows no states of a key: pending and compromised ones are left out, so that it refuses what they sign.
/// The key `first`, the one that signs status lists, comes first: openbadgeslib checks lists with the first key of the document.
pub fn did_document(host: &Host, keys: &KeySet, first: Option<&KeyId>) -> Value {
    let did = did(host);
    let methods: Vec<Value> = published(keys, first)
        .map(|(id, key)| {
            json!({
                "id": key_url(host, id),
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": multibase(key),
                "publicKeyJwk": jwk(key),
            })
        })
        .collect();
    let ids: Vec<Value> = methods.iter().map(|method| method["id"].clone()).collect();
    json!({
        // Digital Bazaar bundles did/v1 and refuses a document that starts with a later one.
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/jwk/v1",
        ],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": ids,
        "service": [{
            "id": format!("{did}#verify"),
            "type": "LinkedDomains",
            "serviceEndpoint": base(host),
        }],
    })
}

/// The JSON Web Key Set at `/.well-known/jwks.json`, of the same keys.
pub fn jwks(host: &Host, keys: &KeySet, first: Option<&KeyId>) -> Value {
    let keys: Vec<Value> = published(keys, first)
        .map(|(id, key)| {
            let mut jwk = jwk(key);
            jwk["kid"] = Value::from(key_url(host, id));
            jwk["use"] = Value::from("sig");
            jwk
        })
        .collect();
    json!({ "keys": keys })
}

fn published<'k>(
    keys: &'k KeySet,
    first: Option<&'k KeyId>,
) -> impl Iterator<Item = (&'k KeyId, &'k PublicKey)> {
    let usable = |state| matches!(state, KeyState::Active | KeyState::Retired);
    let is_first = move |id: &KeyId| Some(id) == first;
    let all = move |wanted: bool| {
        keys.iter()
            .filter(move |(id, record)| is_first(id) == wanted && usable(record.state))
            .map(|(id, record)| (id, &record.public_key))
    };
    all(true).chain(all(false))
}

/// The members of a JSON Web Key that name the key itself (RFC 8037), with its algorithm.
pub(super) fn jwk(key: &PublicKey) -> Value {
    let (kty, crv) = key.algorithm().jwk_type();
    // In alphabetical order, so that the text is the same whether or not a build keeps the order of JSON members.
    json!({ "alg": key.algorithm().as_str(), "crv": crv, "kty": kty, "x": BASE64URL_NOPAD.encode(key.as_bytes()) })
}

fn multibase(key: &PublicKey) -> String {
    let bytes = [&key.algorithm().multicodec(), key.as_bytes()].concat();
    format!("z{}", bs58::encode(bytes).into_string())
}
