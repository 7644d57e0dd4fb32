//! Bundles and deltas that were given lately: a country's bundle is some megabytes, and everybody asks for the same.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;

/// SHA-256 of what is started from (zeroes for a whole bundle) and of the bundle that it gives: bytes of one name never
/// change, so several registries in one process do not disturb each other.
pub(super) type Name = ([u8; 32], [u8; 32]);

/// Most that is kept, whole bundles and deltas together.
const MOST_BYTES: usize = 64 * 1024 * 1024;
const MOST: usize = 32;

static KEPT: Mutex<VecDeque<(Name, Bytes)>> = Mutex::new(VecDeque::new());

pub(super) fn find(name: &Name) -> Option<Bytes> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.iter()
        .find(|(known, _)| known == name)
        .map(|(_, bytes)| bytes.clone())
}

pub(super) fn keep(name: Name, bytes: Bytes) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if bytes.len() > MOST_BYTES || kept.iter().any(|(known, _)| *known == name) {
        return;
    }
    let mut total: usize = bytes.len() + kept.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    while kept.len() >= MOST || total > MOST_BYTES {
        let Some((_, oldest)) = kept.pop_front() else {
            break;
        };
        total -= oldest.len();
    }
    kept.push_back((name, bytes));
}
