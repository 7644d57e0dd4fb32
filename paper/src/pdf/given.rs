//! What a template is given, as the JSON that the frame around it reads.

use certs::qr::Level;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{PaperFault, QR_MM};
use crate::sheet::{Line, Sheet};

/// Pixels of a module: drawn sharp whatever the printer, and a thousandth of the memory that lines would take.
const MODULE_PX: u32 = 3;
/// Pixels of the quiet zone, four modules on either side.
const QUIET_PX: f64 = 24.0;

#[derive(Serialize)]
struct Given {
    title: String,
    author: String,
    certificates: Vec<One>,
}

#[derive(Serialize)]
struct One {
    title: String,
    holder: String,
    number: String,
    lines: Vec<Line>,
    how_to_check: [String; 2],
    checked_by: String,
    checked_by_en: String,
    host: String,
    phone: String,
    qr_png: Vec<u8>,
    qr_mm: f64,
    qr_alt: String,
}

/// Share of a picture so many pixels wide that the symbol itself takes.
pub(super) fn symbol_share(pixels: f64) -> f64 {
    (pixels - QUIET_PX).max(0.0) / pixels.max(1.0)
}

/// Width of the picture with its quiet zone, so that the symbol in it has [`QR_MM`]. A PNG begins with its width.
fn picture_mm(png: &[u8]) -> f64 {
    let pixels = match png.get(16..20) {
        Some([a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]),
        _ => 0,
    };
    QR_MM / symbol_share(f64::from(pixels)).max(0.1)
}

/// The JSON, and a digest of each QR code's picture: no other picture belongs on the paper.
pub(super) fn json(sheets: &[Sheet]) -> Result<(Vec<u8>, Vec<[u8; 32]>), PaperFault> {
    let certificates = sheets
        .iter()
        .map(|sheet| {
            let png = certs::qr::png(&sheet.qr_text, Level::Q, MODULE_PX)?;
            Ok(One {
                title: sheet.title.clone(),
                holder: sheet.holder.expose().to_owned(),
                number: sheet.certificate_no.spoken(),
                lines: sheet.lines(),
                how_to_check: sheet.how_to_check(),
                checked_by: sheet.checked_by.clone(),
                checked_by_en: sheet.checked_by_en.clone(),
                host: sheet.host.clone(),
                phone: sheet.phone.clone(),
                qr_mm: picture_mm(&png),
                qr_png: png,
                qr_alt: format!(
                    "二维码:查验证书 {} / QR code to check the certificate",
                    sheet.certificate_no.spoken()
                ),
            })
        })
        .collect::<Result<Vec<_>, PaperFault>>()?;
    let first = sheets.first();
    let given = Given {
        title: match sheets {
            [one] => format!("{} {}", one.title, one.certificate_no.spoken()),
            _ => format!(
                "{}({} 份)",
                first.map_or("", |one| one.title.as_str()),
                sheets.len()
            ),
        },
        author: first.map_or(String::new(), |one| one.checked_by.clone()),
        certificates,
    };
    let pictures = given.certificates.iter();
    let pictures = pictures.map(|one| digest(&one.qr_png)).collect();
    let json = serde_json::to_vec(&given).map_err(|error| PaperFault::Layout(error.to_string()))?;
    Ok((json, pictures))
}

/// By which a picture is known again.
pub(super) fn digest(picture: &[u8]) -> [u8; 32] {
    Sha256::digest(picture).into()
}
