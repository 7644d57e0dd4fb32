//! QR codes on the pages of a PDF: our own draws them as shapes, a scanner as pictures, so a page is rendered and looked at.

use std::panic::{AssertUnwindSafe, catch_unwind};

use certs::qr::read_grey;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::page::Page;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{RenderCache, RenderSettings, render};

/// Longest file that is looked at.
pub const MAX_PDF_BYTES: usize = 20 * 1024 * 1024;
/// Pages that are looked at: a batch of certificates is printed into one file.
const MAX_PAGES: usize = 500;
/// Longest side of a rendered page in pixels.
const MAX_SIDE: f32 = 5000.0;
/// Pixels to the point, coarse first: most codes are found at 144 dots to the inch.
const SCALES: [f32; 3] = [2.0, 3.0, 4.5];

/// Why a PDF could not be read. A readable one without a code is no fault, but empty pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanFault {
    /// Too many bytes or pages.
    #[error(
        "PDF 过大,请拆成 20 MB、500 页以内 / the PDF is too large: 20 MB and 500 pages at most"
    )]
    TooLarge,
    /// Damaged, or behind a password.
    #[error("PDF 已损坏或有口令,请另存后再试 / the PDF is damaged or behind a password")]
    Damaged,
}

impl ScanFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "pdf_too_large",
            Self::Damaged => "pdf_damaged",
        }
    }
}

/// Whether bytes begin like a PDF.
pub fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

/// The texts of the codes on each page.
pub fn read_pdf(bytes: &[u8]) -> Result<Vec<Vec<String>>, ScanFault> {
    if bytes.len() > MAX_PDF_BYTES {
        return Err(ScanFault::TooLarge);
    }
    // A renderer of files from anybody may meet what its authors did not think of; nothing of it is kept afterwards.
    catch_unwind(AssertUnwindSafe(|| pages(bytes.to_vec()))).unwrap_or(Err(ScanFault::Damaged))
}

fn pages(bytes: Vec<u8>) -> Result<Vec<Vec<String>>, ScanFault> {
    let pdf = Pdf::new(bytes).map_err(|_| ScanFault::Damaged)?;
    let pages = pdf.pages();
    if pages.len() > MAX_PAGES {
        return Err(ScanFault::TooLarge);
    }
    if pages.is_empty() {
        return Err(ScanFault::Damaged);
    }
    let cache = RenderCache::new();
    Ok(pages.iter().map(|page| codes(page, &cache)).collect())
}

fn codes<'p>(page: &'p Page<'p>, cache: &RenderCache<'p>) -> Vec<String> {
    let (width, height) = page.render_dimensions();
    let longest = width.max(height);
    if !longest.is_finite() || longest < 1.0 || width.min(height) < 1.0 {
        return Vec::new();
    }
    for scale in SCALES {
        let most = MAX_SIDE / longest;
        let scale_here = scale.min(most);
        let settings = RenderSettings {
            x_scale: scale_here,
            y_scale: scale_here,
            bg_color: WHITE,
            ..RenderSettings::default()
        };
        let picture = render(page, cache, &InterpreterSettings::default(), &settings);
        let grey: Vec<u8> = picture
            .data()
            .iter()
            .map(|pixel| luma(pixel.r, pixel.g, pixel.b))
            .collect();
        let found = read_grey(picture.width().into(), picture.height().into(), &grey);
        if !found.is_empty() || scale > most {
            return found;
        }
    }
    Vec::new()
}

/// Rec. 601 luma in integers.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pdf_is_told() {
        for bytes in [
            &b""[..],
            b"%PDF-",
            b"%PDF-1.7\n%%EOF",
            b"%PDF-1.7 1 0 obj << /Type /Catalog /Pages 1 0 R >>",
        ] {
            assert_eq!(read_pdf(bytes), Err(ScanFault::Damaged), "{bytes:?}");
        }
        assert_eq!(
            read_pdf(&vec![b'%'; MAX_PDF_BYTES + 1]),
            Err(ScanFault::TooLarge)
        );
    }
}
