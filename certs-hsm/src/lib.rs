//! Signing keys in a PKCS#11 token (trust.md KY-1): a hardware module, or SoftHSM. The private key never leaves the token; the
//! module of its maker is loaded at run time, so nothing of it is needed to build.
//!
//! A key is a pair of objects on the token whose label and id are the kid.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use certs::keys::{Algorithm, KeyId, PublicKey, SignError, Signer};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

/// The curve as tokens name it: the printable name of PKCS#11 3.0, or the object identifier of RFC 8410.
const CURVES: [&[u8]; 2] = [b"\x13\x0cedwards25519", b"\x06\x03\x2b\x65\x70"];

/// Why a token or a key on it cannot be used. Says nothing of the PIN.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// The module is not there, or is none.
    #[error("PKCS#11 模块无法加载 / the PKCS#11 module does not load: {0}")]
    Module(Error),
    /// No token of this label.
    #[error("没有标签为 {0} 的密码设备 / there is no token labelled {0}")]
    NoToken(String),
    /// Two tokens of this label: which one is meant cannot be told.
    #[error("有多个标签为 {0} 的密码设备 / more than one token is labelled {0}")]
    TwoTokens(String),
    /// The PIN is wrong, or locked.
    #[error("密码设备口令不对或已锁定 / the PIN of the token is wrong or locked")]
    Pin,
    /// No key pair of this name.
    #[error("密码设备中没有密钥 {0} / the token has no key {0}")]
    NoKey(KeyId),
    /// Two keys of this name.
    #[error("密码设备中有多个名为 {0} 的密钥 / the token has more than one key {0}")]
    TwoKeys(KeyId),
    /// The key is of another kind.
    #[error("密码设备中密钥 {0} 的类型不被支持 / key {0} of the token is of another kind")]
    KeyType(KeyId),
    /// Whatever else the token says.
    #[error("密码设备出错 / the token fails: {0}")]
    Token(#[from] Error),
}

/// A token that somebody has signed in to.
pub struct Token {
    module: Pkcs11,
    slot: Slot,
    pin: AuthPin,
    /// The one session; a token does one thing at a time. Lost ones are opened again.
    session: Mutex<Option<Held>>,
}

/// A session and what it found: a handle of an object is good in no other session (PKCS#11 3.0, section 5.6).
struct Held {
    session: Session,
    private: HashMap<KeyId, ObjectHandle>,
}

impl Held {
    fn private(&mut self, kid: &KeyId) -> Result<ObjectHandle, TokenFault> {
        if let Some(found) = self.private.get(kid) {
            return Ok(*found);
        }
        let found = only(&self.session, kid, ObjectClass::PRIVATE_KEY)?;
        self.private.insert(kid.clone(), found);
        Ok(found)
    }
}

/// Shows nothing.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

impl Token {
    /// Loads the module and signs in to the token of this label.
    pub fn open(
        module: &Path,
        label: &str,
        pin: &Zeroizing<String>,
    ) -> Result<Arc<Self>, TokenFault> {
        let module = Pkcs11::new(module).map_err(TokenFault::Module)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another token of the same module is open in this process.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(TokenFault::Module(error)),
        }
        let mut found = None;
        for slot in module.get_slots_with_initialized_token()? {
            if module.get_token_info(slot)?.label().trim_end() == label
                && found.replace(slot).is_some()
            {
                return Err(TokenFault::TwoTokens(label.to_owned()));
            }
        }
        let token = Self {
            slot: found.ok_or_else(|| TokenFault::NoToken(label.to_owned()))?,
            module,
            pin: AuthPin::new(pin.as_str().into()),
            session: Mutex::new(None),
        };
        token.with(|_| Ok(()))?;
        Ok(Arc::new(token))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign_in(&self) -> Result<Session, TokenFault> {
        let session = self.module.open_rw_session(self.slot)?;
        match session.login(UserType::User, Some(&self.pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinLocked
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinExpired,
                _,
            )) => Err(TokenFault::Pin),
            Err(error) => Err(error.into()),
        }
    }

    /// Works in the session; one that was lost (a token pulled out and put back) is opened again, once.
    fn with<T>(&self, work: impl Fn(&mut Held) -> Result<T, TokenFault>) -> Result<T, TokenFault> {
        let mut held = self.lock();
        if let Some(open) = &mut *held {
            match work(open) {
                Err(TokenFault::Token(Error::Pkcs11(
                    RvError::SessionHandleInvalid
                    | RvError::SessionClosed
                    | RvError::KeyHandleInvalid
                    | RvError::ObjectHandleInvalid
                    | RvError::UserNotLoggedIn
                    | RvError::DeviceRemoved
                    | RvError::TokenNotPresent,
                    _,
                ))) => *held = None,
                other => return other,
            }
        }
        let mut open = Held {
            session: self.sign_in()?,
            private: HashMap::new(),
        };
        let done = work(&mut open);
        *held = Some(open);
        done
    }

    /// Whether there is a key of this name.
    pub fn has(&self, kid: &KeyId) -> Result<bool, TokenFault> {
        let template = template(kid, ObjectClass::PRIVATE_KEY);
        self.with(|held| Ok(!held.session.find_objects(&template)?.is_empty()))
    }

    /// Makes a key pair on the token; it cannot be read out of it.
    pub fn generate(self: &Arc<Self>, kid: &KeyId) -> Result<TokenSigner, TokenFault> {
        if self.has(kid)? {
            return Err(TokenFault::TwoKeys(kid.clone()));
        }
        let name = kid.as_str().as_bytes();
        let names = || {
            [
                Attribute::Label(name.to_vec()),
                Attribute::Id(name.to_vec()),
            ]
        };
        let private: Vec<Attribute> = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ]
        .into_iter()
        .chain(names())
        .collect();
        self.with(|held| {
            let mut made = Err(Error::NotSupported);
            for curve in CURVES {
                let public: Vec<Attribute> = [
                    Attribute::Token(true),
                    Attribute::Private(false),
                    Attribute::Verify(true),
                    Attribute::EcParams(curve.to_vec()),
                ]
                .into_iter()
                .chain(names())
                .collect();
                made = held.session.generate_key_pair(
                    &Mechanism::EccEdwardsKeyPairGen,
                    &public,
                    &private,
                );
                if made.is_ok() {
                    break;
                }
            }
            Ok(made.map(|_| ())?)
        })?;
        self.signer(kid)
    }

    /// The key of this name.
    pub fn signer(self: &Arc<Self>, kid: &KeyId) -> Result<TokenSigner, TokenFault> {
        let point = self.with(|held| {
            held.private(kid)?;
            let public = only(&held.session, kid, ObjectClass::PUBLIC_KEY)?;
            let found = held
                .session
                .get_attributes(public, &[AttributeType::EcPoint])?;
            let point = found.into_iter().find_map(|attribute| match attribute {
                Attribute::EcPoint(point) => Some(point),
                _ => None,
            });
            point.ok_or_else(|| TokenFault::KeyType(kid.clone()))
        })?;
        let public = PublicKey::from_bytes(Algorithm::Ed25519, raw_point(&point))
            .map_err(|_| TokenFault::KeyType(kid.clone()))?;
        Ok(TokenSigner {
            key_id: kid.clone(),
            public,
            token: Arc::clone(self),
        })
    }
}

fn template(kid: &KeyId, class: ObjectClass) -> [Attribute; 3] {
    [
        Attribute::Class(class),
        Attribute::KeyType(KeyType::EC_EDWARDS),
        Attribute::Label(kid.as_str().as_bytes().to_vec()),
    ]
}

fn only(session: &Session, kid: &KeyId, class: ObjectClass) -> Result<ObjectHandle, TokenFault> {
    let found = session.find_objects(&template(kid, class))?;
    match found.as_slice() {
        [] => Err(TokenFault::NoKey(kid.clone())),
        [one] => Ok(*one),
        _ => Err(TokenFault::TwoKeys(kid.clone())),
    }
}

/// The point itself: some tokens give it as it is, SoftHSM within an octet string of DER.
fn raw_point(point: &[u8]) -> &[u8] {
    match point {
        [0x04, 0x20, raw @ ..] if raw.len() == 32 => raw,
        other => other,
    }
}

/// Signs with a key of a token.
#[derive(Debug)]
pub struct TokenSigner {
    key_id: KeyId,
    public: PublicKey,
    token: Arc<Token>,
}

impl Signer for TokenSigner {
    fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign_unchecked(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let pure = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
        self.token
            .with(|held| {
                let private = held.private(&self.key_id)?;
                Ok(held.session.sign(&pure, private, message)?)
            })
            .map_err(|_| SignError::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_taken_with_or_without_its_octet_string() {
        let raw = [7; 32];
        let wrapped = [&[0x04, 0x20], raw.as_slice()].concat();
        assert_eq!(raw_point(&raw), raw);
        assert_eq!(raw_point(&wrapped), raw);
        // A raw point may begin with the same bytes.
        let mut alike = raw;
        alike[..2].copy_from_slice(&[0x04, 0x20]);
        assert_eq!(raw_point(&alike), alike);
        assert_eq!(raw_point(&wrapped[..33]), &wrapped[..33]);
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let pin = Zeroizing::new("1234".to_owned());
        let missing = Token::open(Path::new("/nonexistent/module.so"), "token", &pin);
        assert!(matches!(missing, Err(TokenFault::Module(_))));
    }
}
