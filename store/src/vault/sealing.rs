//! One value under one key: nonce, associated data, keyed digest; and what did not open.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::{RandomBytes, SecretKey};
use crate::StoreError;

pub(super) const NONCE: usize = 12;
/// Bytes of nonces that are drawn at once.
const PAGE: usize = 340 * NONCE;
/// Bytes of the key version in front of a registry secret.
pub(super) const VERSION: usize = 4;
/// Failures that wait for the audit; more are not kept, one alone is alarm enough.
const FAILURES: usize = 256;

/// A sealed value that did not open in the place where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealFailure {
    /// Table and column.
    pub label: &'static str,
    /// The row.
    pub row: Uuid,
}

/// Nonces, drawn from the source of randomness by the page: a nonce is public, so that keeping the next ones costs no
/// secrecy, and a call of the operating system for each would cost more than the sealing. Keys are never drawn so.
pub(super) struct Nonces {
    random: RandomBytes,
    page: Mutex<(Box<[u8; PAGE]>, usize)>,
}

impl Nonces {
    pub(super) fn new(random: RandomBytes) -> Self {
        Self {
            random,
            page: Mutex::new((Box::new([0; PAGE]), PAGE)),
        }
    }

    /// A random nonce that no call before or after gets.
    pub(super) fn next(&self) -> [u8; NONCE] {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let (bytes, used) = &mut *page;
        if *used + NONCE > PAGE {
            (self.random)(bytes.as_mut_slice());
            *used = 0;
        }
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&bytes[*used..*used + NONCE]);
        *used += NONCE;
        nonce
    }
}

/// What the clones of a data key share with their vault.
pub(super) type Failures = Arc<(AtomicBool, Mutex<Vec<SealFailure>>)>;

pub(super) fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(&(*key).into())
}

pub(super) fn keyed(key: &SecretKey, label: &str, canonical: &str) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_ref()).expect("HMAC takes any key length");
    mac.update(label.as_bytes());
    mac.update(&[0]);
    mac.update(canonical.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Remembers a value that did not open.
pub(super) fn noted<T>(
    failures: &Failures,
    label: &'static str,
    row: Uuid,
    opened: Result<T, StoreError>,
) -> Result<T, StoreError> {
    if opened.is_err() {
        let mut kept = failures.1.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < FAILURES {
            kept.push(SealFailure { label, row });
        }
        failures.0.store(true, Ordering::Release);
    }
    opened
}

fn associated_data(label: &str, row: Uuid) -> Vec<u8> {
    let mut data = Vec::with_capacity(label.len() + 17);
    data.extend_from_slice(label.as_bytes());
    data.push(0);
    data.extend_from_slice(row.as_bytes());
    data
}

pub(super) fn seal(
    cipher: &Aes256Gcm,
    nonces: &Nonces,
    label: &str,
    row: Uuid,
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let nonce = nonces.next();
    let aad = associated_data(label, row);
    let sealed = cipher
        .encrypt(
            &Nonce::from(nonce),
            Payload {
                msg: plain,
                aad: &aad,
            },
        )
        .map_err(|_| StoreError::Sealed("value too long to seal"))?;
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

pub(super) fn open(
    cipher: &Aes256Gcm,
    label: &str,
    row: Uuid,
    sealed: &[u8],
    what: &'static str,
) -> Result<Vec<u8>, StoreError> {
    let (nonce, body) = sealed
        .split_first_chunk::<NONCE>()
        .ok_or(StoreError::Sealed(what))?;
    let aad = associated_data(label, row);
    cipher
        .decrypt(
            &Nonce::from(*nonce),
            Payload {
                msg: body,
                aad: &aad,
            },
        )
        .map_err(|_| StoreError::Sealed(what))
}
