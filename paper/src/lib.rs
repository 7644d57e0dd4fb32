//! The paper of a certificate: what stands on it, and its forms.
//!
//! [`Sheet`] is the one source: the PDF ([`pdf`], behind the feature `pdf`, by typst), the plain text and the Braille cells
//! all tell its [`Sheet::lines`]. The paper is neutral: nothing on it may tell a disability (design decision 2).

pub mod braille;
pub mod neutral;
#[cfg(feature = "pdf")]
pub mod pdf;
#[cfg(feature = "scan")]
pub mod scan;
pub mod sheet;
pub mod text;

pub use sheet::{Line, Sheet};

/// The bundled template of a certificate on one A4 page.
pub const TEMPLATE: &str = include_str!("../templates/certificate.typ");
