//! The bits of a status list (W3C Bitstring Status List 1.0 section 3; `docs/formats.md` section 12).

use std::io::Read as _;

use data_encoding::BASE64URL_NOPAD;
use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};

/// Fewest bits: smaller lists would tell too much about whom is asked for (section 5.1 there; trust.md PI-8).
pub const MIN_BITS: usize = 131_072;
/// Most bits that are read: 1 MiB.
pub const MAX_BITS: usize = 8 * 1024 * 1024;

/// One bit for each certificate of a list; bit 0 is the most significant one of byte 0.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusBitmap(Vec<u8>);

/// Why there are no such bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BitmapFault {
    /// Fewer than 131,072, more than 8,388,608, or not whole bytes.
    #[error("状态清单的位数不合规 / a status list has 131072 to 8388608 bits, in whole bytes")]
    Length,
    /// No bit has this index.
    #[error("状态清单没有这个序号 / no such index in the status list")]
    Index,
    /// Not `u` and canonical base64url, or not exactly one gzip stream.
    #[error("状态清单的编码损坏 / damaged encoding of a status list")]
    Encoding,
}

impl StatusBitmap {
    /// A list of `bits` entries, none of them set.
    pub fn new(bits: usize) -> Result<Self, BitmapFault> {
        if (MIN_BITS..=MAX_BITS).contains(&bits) && bits.is_multiple_of(8) {
            Ok(Self(vec![0; bits / 8]))
        } else {
            Err(BitmapFault::Length)
        }
    }

    /// Takes the bytes of a list.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BitmapFault> {
        if (MIN_BITS..=MAX_BITS).contains(&(bytes.len() * 8)) {
            Ok(Self(bytes))
        } else {
            Err(BitmapFault::Length)
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Number of bits.
    pub fn bits(&self) -> usize {
        self.0.len() * 8
    }

    /// Number of bits that are set.
    pub fn count(&self) -> usize {
        self.0.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// Whether a bit is set; `None`: the list is not that long.
    pub fn get(&self, index: u32) -> Option<bool> {
        let (byte, mask) = place(index);
        self.0.get(byte).map(|byte| byte & mask != 0)
    }

    /// Sets or clears a bit.
    pub fn set(&mut self, index: u32, value: bool) -> Result<(), BitmapFault> {
        let (byte, mask) = place(index);
        let byte = self.0.get_mut(byte).ok_or(BitmapFault::Index)?;
        if value {
            *byte |= mask;
        } else {
            *byte &= !mask;
        }
        Ok(())
    }

    /// `encodedList`: `u` and the base64url of the gzip stream. Which bytes compress to what depends on the build: only the
    /// bits are a promise, so a list is stored once it is made, not made anew.
    pub fn encode(&self) -> String {
        let mut gzip = GzBuilder::new()
            .mtime(0)
            .read(self.0.as_slice(), Compression::best());
        let mut bytes = Vec::new();
        gzip.read_to_end(&mut bytes)
            .expect("reading from memory does not fail");
        format!("u{}", BASE64URL_NOPAD.encode(&bytes))
    }

    /// Reads an `encodedList`; never inflates to more than 1 MiB and a byte.
    pub fn decode(text: &str) -> Result<Self, BitmapFault> {
        let base64 = text.strip_prefix('u').ok_or(BitmapFault::Encoding)?;
        // An incompressible list of the largest size is not much longer than its bits.
        if base64.len() > MAX_BITS / 8 * 3 / 2 {
            return Err(BitmapFault::Length);
        }
        let gzip = BASE64URL_NOPAD
            .decode(base64.as_bytes())
            .map_err(|_| BitmapFault::Encoding)?;
        let mut stream = GzDecoder::new(gzip.as_slice());
        let bits = inflate(&mut stream, MAX_BITS / 8)?;
        if !stream.get_ref().is_empty() {
            return Err(BitmapFault::Encoding);
        }
        Self::from_bytes(bits)
    }
}

/// Shows sizes only.
impl std::fmt::Debug for StatusBitmap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StatusBitmap({} of {})", self.count(), self.bits())
    }
}

fn place(index: u32) -> (usize, u8) {
    (index as usize / 8, 0x80 >> (index % 8))
}

/// All of a stream of at most `limit` bytes; its checksum has been compared.
pub(super) fn inflate(
    stream: &mut impl std::io::Read,
    limit: usize,
) -> Result<Vec<u8>, BitmapFault> {
    let mut bytes = Vec::new();
    stream
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| BitmapFault::Encoding)?;
    if bytes.len() > limit {
        Err(BitmapFault::Length)
    } else {
        Ok(bytes)
    }
}
