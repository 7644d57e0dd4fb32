//! A security key of software with the browser around it, in place of the hand on a real one (WebAuthn).

use ciborium::Value as Cbor;
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Origin of the registry of the tests.
const ORIGIN: &str = "https://mingzheng.example";
/// The registry as authenticators know it.
pub const RP_ID: &str = "mingzheng.example";
/// Somebody is present.
const PRESENT: u8 = 1;
/// A key is attached.
const ATTACHED: u8 = 1 << 6;

/// An authenticator with the browser around it, and what may be wrong with both.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// Its private key.
    pub key: SigningKey,
    /// Name of the credential.
    pub id: Vec<u8>,
    /// How often it signed.
    pub counter: u32,
    /// What the browser says where it is.
    pub origin: &'static str,
    /// For whom it signs.
    pub rp_id: &'static str,
    /// Flags of the authenticator data: somebody is present.
    pub flags: u8,
    /// Whose it says to be.
    pub handle: Option<String>,
}

impl Authenticator {
    /// One of these seeds is one authenticator.
    pub fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_slice(&[seed; 32]).expect("a scalar"),
            id: vec![seed; 16],
            counter: 1,
            origin: ORIGIN,
            rp_id: RP_ID,
            flags: PRESENT,
            handle: None,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    /// The public key (COSE_Key, ES256).
    fn cose(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_encoded_point(false);
        let int = |value: i64| Cbor::Integer(value.into());
        let part = |bytes: &[u8]| Cbor::Bytes(bytes.to_vec());
        let map = Cbor::Map(vec![
            (int(1), int(2)),
            (int(3), int(-7)),
            (int(-1), int(1)),
            (int(-2), part(point.x().expect("x"))),
            (int(-3), part(point.y().expect("y"))),
        ]);
        cbor(&map)
    }

    /// Answers `navigator.credentials.create`.
    pub fn create(&self, options: &Value) -> String {
        let mut data = self.data(self.flags | ATTACHED);
        data.extend_from_slice(&[0; 16]);
        let length = u16::try_from(self.id.len()).expect("short");
        data.extend_from_slice(&length.to_be_bytes());
        data.extend_from_slice(&self.id);
        data.extend_from_slice(&self.cose());
        let object = Cbor::Map(vec![
            (Cbor::Text("fmt".into()), Cbor::Text("none".into())),
            (Cbor::Text("attStmt".into()), Cbor::Map(Vec::new())),
            (Cbor::Text("authData".into()), Cbor::Bytes(data)),
        ]);
        let answer = json!({
            "id": BASE64URL_NOPAD.encode(&self.id),
            "transports": ["usb"],
            "attestationObject": BASE64URL_NOPAD.encode(&cbor(&object)),
            "clientDataJSON": BASE64URL_NOPAD.encode(&self.client_data("webauthn.create", options)),
        });
        answer.to_string()
    }

    /// Answers `navigator.credentials.get`.
    pub fn get(&self, options: &Value) -> String {
        let client = self.client_data("webauthn.get", options);
        let data = self.data(self.flags);
        let mut signed = data.clone();
        signed.extend_from_slice(&Sha256::digest(&client));
        let signature: Signature = self.key.sign(&signed);
        let answer = json!({
            "id": BASE64URL_NOPAD.encode(&self.id),
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "signature": BASE64URL_NOPAD.encode(signature.to_der().as_bytes()),
            "clientDataJSON": BASE64URL_NOPAD.encode(&client),
            "userHandle": self.handle,
        });
        answer.to_string()
    }
}

fn cbor(value: &Cbor) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("CBOR");
    out
}
