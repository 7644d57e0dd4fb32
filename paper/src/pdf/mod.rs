//! The certificate as PDF/UA-1, by typst as a library.
//!
//! A template is a `.typ` file that defines `certificate(one)`; `one` holds what the paper says ([`Sheet`]) and the QR code
//! as `one.qr`. It sees nothing else: no file, no package, no clock. What it made is examined before it is handed out: QR
//! code large enough, name and number there, every character with a glyph, no word that tells a disability.

mod check;
mod cover;
mod fonts;
mod given;
mod template;
mod world;

use std::sync::Arc;

use chrono::Datelike as _;
use typst::foundations::{Datetime, Smart};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

pub use fonts::{FontFault, Fonts};
pub use template::{BUNDLED, LARGE, Template, TemplateFault};

use crate::sheet::Sheet;
use world::PaperWorld;

/// Least width of the QR symbol on paper without its quiet zone, in millimetres (interop.md).
pub const QR_MM: f64 = 33.0;
/// Most certificates in one document: its layout is in memory as a whole. An archive has no such bound.
pub const MOST: usize = 500;
/// Results of earlier runs that typst keeps, in runs: fonts and the template stay, certificates go.
const KEPT_RUNS: usize = 2;

/// Why nothing was printed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PaperFault {
    /// A character that no font of the press has.
    #[error("字体中没有这个字:{0}({code}) / no font has this character: {0} ({code})", code = code_point(*.0))]
    NoGlyph(char),
    /// The template is at fault.
    #[error(transparent)]
    Template(#[from] TemplateFault),
    /// A name on the paper would tell a disability.
    #[error("证书上不得出现“{0}” / the paper would say {0}")]
    Telling(&'static str),
    /// No certificate, or too many for one document.
    #[error("一份文件应有 1 至 500 张证书 / a document holds 1 to 500 certificates")]
    Count,
    /// The QR code cannot be drawn.
    #[error(transparent)]
    Qr(#[from] certs::qr::DrawFault),
    /// What typst said about the finished document.
    #[error("排版失败 / layout failed: {0}")]
    Layout(String),
}

/// `U+20BB7`.
pub fn code_point(one: char) -> String {
    format!("U+{:04X}", u32::from(one))
}

/// What was printed.
#[derive(Clone, Debug)]
pub struct Printed {
    /// The file.
    pub pdf: Vec<u8>,
    /// Pages.
    pub pages: usize,
    /// What typst warned of, for who makes templates.
    pub warnings: Vec<String>,
}

/// Fonts and rules, ready to print; cheap to clone.
#[derive(Clone, Debug)]
pub struct Press {
    fonts: Arc<Fonts>,
    library: Arc<LazyHash<Library>>,
}

impl Press {
    /// A press with these fonts.
    pub fn new(fonts: Fonts) -> Self {
        Self {
            fonts: Arc::new(fonts),
            library: Arc::new(LazyHash::new(Library::default())),
        }
    }

    /// Characters of a text that no font has, each once; to be asked before anything is issued.
    pub fn missing(&self, text: &str) -> Vec<char> {
        let mut missing: Vec<char> = text.chars().filter(|one| !self.fonts.has(*one)).collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Prints certificates into one document, in their order.
    pub fn print(&self, template: &Template, sheets: &[Sheet]) -> Result<Printed, PaperFault> {
        self.proof(sheets)?;
        let (given, pictures) = given::json(sheets)?;
        let world = PaperWorld::new(&self.library, &self.fonts, template, given);
        let (document, warnings) = layout(&world)?;
        check::examine(&document, sheets, &pictures)?;
        if sheets.len() > 1 {
            // What the layout remembered is of no use to the writer, and is as large as the document.
            typst::comemo::evict(0);
        }
        let pdf = export(&world, &document, sheets)?;
        typst::comemo::evict(KEPT_RUNS);
        Ok(Printed {
            pdf,
            pages: document.pages().len(),
            warnings,
        })
    }

    /// The limit that [`Press::print`] is measured against: typst alone with the same input, nothing drawn, nothing examined.
    #[doc(hidden)]
    pub fn bare(
        &self,
        template: &Template,
        sheets: &[Sheet],
        given: &[u8],
    ) -> Result<Vec<u8>, PaperFault> {
        let world = PaperWorld::new(&self.library, &self.fonts, template, given.to_vec());
        let (document, _) = layout(&world)?;
        let pdf = export(&world, &document, sheets)?;
        typst::comemo::evict(KEPT_RUNS);
        Ok(pdf)
    }

    /// What [`Press::bare`] is given.
    #[doc(hidden)]
    pub fn given(sheets: &[Sheet]) -> Result<Vec<u8>, PaperFault> {
        Ok(given::json(sheets)?.0)
    }

    /// What can be said before the layout.
    fn proof(&self, sheets: &[Sheet]) -> Result<(), PaperFault> {
        if !(1..=MOST).contains(&sheets.len()) {
            return Err(PaperFault::Count);
        }
        for sheet in sheets {
            if let Some(word) = sheet.telling() {
                return Err(PaperFault::Telling(word));
            }
            let printed = sheet.lines().into_iter().map(|line| line.value);
            for text in printed.chain([sheet.title.clone()]) {
                if let Some(one) = self.missing(&text).first() {
                    return Err(PaperFault::NoGlyph(*one));
                }
            }
        }
        Ok(())
    }
}

fn layout(world: &PaperWorld) -> Result<(PagedDocument, Vec<String>), PaperFault> {
    let result = typst::compile::<PagedDocument>(world);
    let warnings = result.warnings.iter().map(|one| world.tell(one)).collect();
    let document = result.output.map_err(|errors| world.fault(&errors))?;
    Ok((document, warnings))
}

fn export(
    world: &PaperWorld,
    document: &PagedDocument,
    sheets: &[Sheet],
) -> Result<Vec<u8>, PaperFault> {
    let standards = PdfStandards::new(&[PdfStandard::Ua_1])
        .map_err(|error| PaperFault::Layout(error.message().to_string()))?;
    let numbers: Vec<&str> = sheets
        .iter()
        .map(|one| one.certificate_no.as_str())
        .collect();
    let day = sheets.first().map(|one| one.issued_on);
    let options = PdfOptions {
        ident: Smart::Custom(numbers.join(" ")),
        creator: Smart::Custom(None),
        // The day of issue, not of printing: the same certificate gives the same bytes.
        timestamp: day.and_then(|day| {
            let part = |number: u32| u8::try_from(number).ok();
            let at =
                Datetime::from_ymd_hms(day.year(), part(day.month())?, part(day.day())?, 0, 0, 0)?;
            Some(Timestamp::new_utc(at))
        }),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(document, &options).map_err(|errors| world.fault(&errors))
}
