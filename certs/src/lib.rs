//! Signed bytes, QR codes, the Merkle log and the verdict about a certificate, without any input or output.
//!
//! The byte formats stand in `docs/formats.md`, with test vectors in `certs/tests/vectors/`.

pub mod bundle;
pub mod certificate;
pub mod credential;
pub mod keys;
pub mod log;
pub mod qr;
pub mod spoken;
pub mod trust_list;
pub mod verdict;

mod cbor;
mod sealed;
