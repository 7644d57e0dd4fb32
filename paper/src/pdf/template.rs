//! Templates: the bundled ones, and those that federations write.

use std::sync::Arc;

/// Longest template, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// The usual certificate on one A4 page.
pub use crate::TEMPLATE as BUNDLED;
/// The same content in large print.
pub const LARGE: &str = include_str!("../../templates/large.typ");

/// A template's text, with the name it has in messages.
#[derive(Clone, Debug)]
pub struct Template {
    pub(super) name: Arc<str>,
    pub(super) text: Arc<str>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateFault {
    /// It does not compile, or does what it may not.
    #[error("模板 {name} 第 {line} 行 / template {name}, line {line}: {message}")]
    Code {
        /// Its name.
        name: String,
        /// Line, from 1; 0 where none is known.
        line: usize,
        /// What typst says, in English.
        message: String,
    },
    /// More than [`MOST_BYTES`].
    #[error("模板过长 / the template is longer than 256 KiB")]
    TooLong,
    /// The QR code is missing or smaller than asked.
    #[error("二维码缺失或小于 33 毫米 / the QR code is missing or smaller than 33 mm")]
    Qr,
    /// Something is painted over the QR code, or it reaches beyond the page: no scanner would read it.
    #[error(
        "二维码被别的内容盖住或伸出纸外;底纹请放在 page 的 background 里 / something is painted over the QR code, or it reaches beyond the page; ornaments belong into the page's background"
    )]
    Hidden,
    /// A picture that is not the certificate's QR code: it could be another code.
    #[error("模板中不得有二维码以外的图片 / the template has a picture that is not the QR code")]
    Picture,
    /// Something that must be on the paper is not.
    #[error("模板没有印出:{0} / the template leaves out: {0}")]
    LeavesOut(&'static str),
    /// A page is not A4.
    #[error("纸张应为 A4 / the paper is A4")]
    Size,
    /// A word of the template tells a disability.
    #[error("模板中不得出现“{0}” / the template says {0}")]
    Telling(&'static str),
}

impl Template {
    /// A template from its text.
    pub fn new(name: &str, text: &str) -> Result<Self, TemplateFault> {
        if text.len() > MOST_BYTES {
            return Err(TemplateFault::TooLong);
        }
        Ok(Self {
            name: name.into(),
            text: text.into(),
        })
    }

    /// The usual one.
    pub fn bundled() -> Self {
        Self {
            name: "certificate.typ".into(),
            text: BUNDLED.into(),
        }
    }

    /// Large print.
    pub fn large() -> Self {
        Self {
            name: "large.typ".into(),
            text: LARGE.into(),
        }
    }
}
