//! Token Status List, the status list of SD-JWT (IETF OAuth Token Status List sections 4 and 5; `docs/formats.md` section 12).

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use flate2::Compression;
use flate2::bufread::{ZlibDecoder, ZlibEncoder};
use serde::{Deserialize, Serialize};
use std::io::Read as _;

use super::bitmap::{BitmapFault, MAX_BITS, MIN_BITS, StatusBitmap, inflate};
use super::facts::base;
use super::fault::{CredentialFault, check_times};
use super::jws;
use super::status_list::{LIST_TTL, LIST_VALIDITY, MAX_LIST};
use crate::keys::{KeySet, SignError, Signer};
use crate::qr::Host;

/// `typ` of such a list.
pub const TOKEN_STATUS_TYP: &str = "statuslist+jwt";
/// Bits for one entry.
const WIDTH: u8 = 2;
const PER_BYTE: usize = 4;

/// Status of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenStatus {
    /// 0.
    Valid,
    /// 1: revoked or replaced.
    Invalid,
    /// 2: on hold.
    Suspended,
}

/// Address of a list, and its `sub`.
pub fn token_status_url(host: &Host, number: u32) -> String {
    format!("{}/status/token/{number}", base(host))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    sub: String,
    iat: i64,
    exp: i64,
    ttl: i64,
    status_list: Bits,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bits {
    bits: u8,
    lst: String,
}

impl Payload {
    fn new(host: &Host, number: u32, lst: String, at: DateTime<Utc>) -> Self {
        Self {
            sub: token_status_url(host, number),
            iat: at.timestamp(),
            exp: (at + LIST_VALIDITY).timestamp(),
            ttl: LIST_TTL.num_seconds(),
            status_list: Bits { bits: WIDTH, lst },
        }
    }
}

/// The signed list with the same number and indices as the two Bitstring lists it is made of. A revoked certificate stays
/// revoked, whatever its other bit. The lists must be of one length.
pub fn token_status_list(
    host: &Host,
    number: u32,
    revoked: &StatusBitmap,
    suspended: &StatusBitmap,
    at: DateTime<Utc>,
    signer: &dyn Signer,
) -> Result<String, SignError> {
    let mut bytes = vec![0_u8; revoked.bits().max(suspended.bits()) / PER_BYTE];
    for (place, byte) in (0_u32..).step_by(PER_BYTE).zip(&mut bytes) {
        for (offset, index) in (place..).take(PER_BYTE).enumerate() {
            let value = match (revoked.get(index), suspended.get(index)) {
                (Some(true), _) => 1,
                (_, Some(true)) => 2,
                _ => 0,
            };
            // Index 0 is the least significant bits of byte 0, unlike in a Bitstring list.
            *byte |= value << (offset * usize::from(WIDTH));
        }
    }
    let mut zlib = Vec::new();
    ZlibEncoder::new(bytes.as_slice(), Compression::best())
        .read_to_end(&mut zlib)
        .expect("reading from memory does not fail");
    let payload = Payload::new(host, number, BASE64URL_NOPAD.encode(&zlib), at);
    jws::sign(TOKEN_STATUS_TYP, host, &payload, signer)
}

/// A list whose signature holds, in its time.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedTokenStatusList {
    bytes: Vec<u8>,
    as_of: DateTime<Utc>,
}

/// Shows sizes only.
impl std::fmt::Debug for VerifiedTokenStatusList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "VerifiedTokenStatusList({} entries, {})",
            self.bytes.len() * PER_BYTE,
            self.as_of
        )
    }
}

impl VerifiedTokenStatusList {
    /// The moment for which it speaks.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// Status of an entry; `None`: the list is not that long.
    pub fn get(&self, index: u32) -> Option<TokenStatus> {
        let index = index as usize;
        let byte = self.bytes.get(index / PER_BYTE)?;
        let value = byte >> (index % PER_BYTE * usize::from(WIDTH)) & 0b11;
        Some(match value {
            0 => TokenStatus::Valid,
            2 => TokenStatus::Suspended,
            // 3 is left to applications by the standard and not used here: never better than invalid.
            _ => TokenStatus::Invalid,
        })
    }
}

/// Reads the list with one number; any other, and an old one, is refused.
pub fn verify_token_status_list(
    text: &str,
    host: &Host,
    number: u32,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<VerifiedTokenStatusList, CredentialFault> {
    let token = jws::verify(text, TOKEN_STATUS_TYP, MAX_LIST, host, keys)?;
    let payload: Payload =
        serde_json::from_slice(&token.payload).map_err(|_| CredentialFault::Payload)?;
    if payload.sub != token_status_url(host, number) {
        return Err(CredentialFault::OtherList);
    }
    let as_of = DateTime::from_timestamp(payload.iat, 0).ok_or(CredentialFault::Payload)?;
    let in_range = as_of.checked_add_signed(LIST_VALIDITY).is_some();
    let bytes = unpack(&payload.status_list.lst).map_err(|_| CredentialFault::Bits)?;
    if !in_range
        || jws::json_bytes(&Payload::new(host, number, payload.status_list.lst, as_of))
            != token.payload
    {
        return Err(CredentialFault::Payload);
    }
    check_times(token.key, as_of, Some(as_of + LIST_VALIDITY), now)?;
    Ok(VerifiedTokenStatusList { bytes, as_of })
}

fn unpack(lst: &str) -> Result<Vec<u8>, BitmapFault> {
    let zlib = BASE64URL_NOPAD
        .decode(lst.as_bytes())
        .map_err(|_| BitmapFault::Encoding)?;
    let mut stream = ZlibDecoder::new(zlib.as_slice());
    let bytes = inflate(&mut stream, MAX_BITS / PER_BYTE)?;
    if !stream.get_ref().is_empty() {
        return Err(BitmapFault::Encoding);
    }
    if bytes.len() < MIN_BITS / PER_BYTE {
        return Err(BitmapFault::Length);
    }
    Ok(bytes)
}
