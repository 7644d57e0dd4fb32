//! The QR code of a certificate: its text, its picture, and reading both back (`docs/formats.md` section 2.2).

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use domain::PublicId;

use crate::certificate::MAX_BYTES;

mod draw;
mod mask;
mod read;

pub use draw::{DrawFault, Level, png, svg, terminal};
pub use read::{ImageFault, MAX_IMAGE_BYTES, PictureFault, read_grey, read_image, read_one};

/// Longest text that is looked at. A certificate of 4096 bytes has 6554 characters.
pub const MAX_TEXT: usize = 8192;

/// Host of the verify page, with a port where it has one; lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(String);

impl Host {
    /// The host in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Host {
    type Err = QrFault;

    fn from_str(text: &str) -> Result<Self, QrFault> {
        let (name, port) = text
            .split_once(':')
            .map_or((text, None), |(name, port)| (name, Some(port)));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let name_fits = (1..=253).contains(&name.len()) && name.bytes().all(allowed);
        let port_fits = port.is_none_or(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        });
        if name_fits && port_fits {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(QrFault::Host)
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a QR text holds, unchecked: the certificate in it may be anybody's invention.
#[derive(Clone, PartialEq, Eq)]
pub struct QrText {
    /// Where it points to. Not to be trusted: the issuer comes from the key. `None`: bare base32.
    pub host: Option<Host>,
    /// The id in the path. `None`: bare base32.
    pub public_id: Option<PublicId>,
    /// The tagged COSE_Sign1; `None` where the text has no fragment.
    pub cose: Option<Vec<u8>>,
}

/// Leaves out the signed part: it holds a name.
impl fmt::Debug for QrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed_bytes = self.cose.as_ref().map(Vec::len);
        f.debug_struct("QrText")
            .field("host", &self.host)
            .field("public_id", &self.public_id)
            .field("signed_bytes", &signed_bytes)
            .finish()
    }
}

/// Why text is no QR text of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum QrFault {
    /// Longer than 8192 characters.
    #[error("内容过长 / the text is too long")]
    TooLong,
    /// Neither a verify address nor base32.
    #[error("这不是证书二维码的内容 / not the text of a certificate's QR code")]
    NotOurs,
    /// The host is malformed.
    #[error("网址中的主机名格式错误 / malformed host")]
    Host,
    /// The id in the path is malformed.
    #[error("网址中的编号格式错误,请重新扫描 / malformed id, scan again")]
    PublicId,
    /// The signed part is not canonical base32.
    #[error("签名数据不完整或被改动,请重新扫描 / damaged signed part, scan again")]
    Base32,
    /// The signed part is longer than a certificate may be.
    #[error("签名数据过长 / the signed part is too long")]
    SignedTooLong,
}

impl QrFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "qr_too_long",
            Self::NotOurs => "qr_not_ours",
            Self::Host => "qr_host",
            Self::PublicId => "qr_public_id",
            Self::Base32 => "qr_base32",
            Self::SignedTooLong => "qr_signed_too_long",
        }
    }
}

/// The text of a certificate's QR code, upper case so that the symbol stays in alphanumeric mode.
pub fn qr_text(host: &Host, public_id: &PublicId, cose: &[u8]) -> String {
    let host = host.as_str().to_ascii_uppercase();
    format!("HTTPS://{host}/V/{public_id}#{}", BASE32_NOPAD.encode(cose))
}

/// Reads a QR text, in any case, with or without the signed part; or the bare base32 of a certificate.
pub fn parse_qr_text(text: &str) -> Result<QrText, QrFault> {
    if text.len() > MAX_TEXT {
        return Err(QrFault::TooLong);
    }
    let text = text.trim_ascii();
    let Some(rest) = strip_prefix_ignore_case(text, "https://") else {
        let plausible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !plausible {
            return Err(QrFault::NotOurs);
        }
        return Ok(QrText {
            host: None,
            public_id: None,
            cose: Some(base32(text)?),
        });
    };
    let (host, path) = rest.split_once('/').ok_or(QrFault::NotOurs)?;
    let path = strip_prefix_ignore_case(path, "v/").ok_or(QrFault::NotOurs)?;
    let (id, fragment) = path
        .split_once('#')
        .map_or((path, None), |(id, fragment)| (id, Some(fragment)));
    let cose = fragment
        .filter(|fragment| !fragment.is_empty())
        .map(base32)
        .transpose()?;
    let public_id = id.parse().map_err(|_| QrFault::PublicId)?;
    Ok(QrText {
        host: Some(host.parse()?),
        public_id: Some(public_id),
        cose,
    })
}

/// Canonical base32 in any case. `data_encoding` refuses non-zero trailing bits and impossible lengths.
fn base32(text: &str) -> Result<Vec<u8>, QrFault> {
    let bytes = BASE32_NOPAD
        .decode(text.to_ascii_uppercase().as_bytes())
        .map_err(|_| QrFault::Base32)?;
    if bytes.len() > MAX_BYTES {
        Err(QrFault::SignedTooLong)
    } else {
        Ok(bytes)
    }
}

fn strip_prefix_ignore_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
