//! What a template is given, as the JSON that the frame around it reads.

use certs::qr::Level;
use serde::Serialize;

use super::{PaperFault, QR_MM};
use crate::sheet::{Line, Sheet};

/// Modules of the quiet zone on both sides.
const QUIET: f64 = 8.0;

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
    qr_svg: String,
    qr_mm: f64,
    qr_alt: String,
}

/// Width of the picture with its quiet zone, so that the symbol in it has [`QR_MM`].
fn picture_mm(svg: &str) -> f64 {
    let side = svg
        .split_once("viewBox=\"0 0 ")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok())
        .unwrap_or(QUIET + 1.0);
    QR_MM * side / (side - QUIET)
}

/// Share of a picture so many modules wide that the symbol itself takes.
pub(super) fn symbol_share(modules: f64) -> f64 {
    (modules - QUIET).max(0.0) / modules.max(1.0)
}

pub(super) fn json(sheets: &[Sheet]) -> Result<Vec<u8>, PaperFault> {
    let certificates = sheets
        .iter()
        .map(|sheet| {
            let svg = certs::qr::svg(&sheet.qr_text, Level::Q)?;
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
                qr_mm: picture_mm(&svg),
                qr_svg: svg,
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
    serde_json::to_vec(&given).map_err(|error| PaperFault::Layout(error.to_string()))
}
