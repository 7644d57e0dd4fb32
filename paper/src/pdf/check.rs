//! What was laid out is looked at before it is handed out: a template is written by people.

use typst::layout::{Frame, FrameItem, Size, Transform};
use typst::visualize::ImageKind;
use typst_layout::{Page, PagedDocument};

use super::cover::{self, Area};
use super::template::TemplateFault;
use super::{PaperFault, QR_MM, given};
use crate::neutral::telling;
use crate::sheet::Sheet;

/// A4 in points, and how much a page may differ.
const A4_PT: [f64; 2] = [595.276, 841.89];
const SLACK_PT: f64 = 1.0;
const SLACK_MM: f64 = 0.05;
const PT_PER_MM: f64 = 72.0 / 25.4;
/// How far a symbol may be leaned over, by rounding.
const LEAN: f64 = 1e-6;

struct Seen<'a> {
    /// Digests of the pictures that belong there.
    ours: &'a [[u8; 32]],
    /// Whether there is another one.
    other_picture: bool,
    /// All text, without spaces.
    text: String,
    /// Widths of QR symbols in millimetres, without their quiet zones.
    symbols: Vec<f64>,
    /// Size of the page that is looked at, and where symbols stand on it already.
    page: Size,
    placed: Vec<Area>,
    /// Whether something was painted over one, or one reaches beyond the page.
    hidden: bool,
    without_glyph: Option<char>,
}

/// Examines the whole document. Where every certificate has the same number of pages, each is held against its own.
pub(super) fn examine(
    document: &PagedDocument,
    sheets: &[Sheet],
    ours: &[[u8; 32]],
) -> Result<(), PaperFault> {
    let pages = document.pages();
    let each = pages.len() / sheets.len().max(1);
    if each == 0 || !pages.len().is_multiple_of(sheets.len()) {
        return part(pages, sheets, ours);
    }
    for ((pages, sheet), own) in pages.chunks(each).zip(sheets).zip(ours) {
        part(
            pages,
            std::slice::from_ref(sheet),
            std::slice::from_ref(own),
        )?;
    }
    Ok(())
}

fn part(pages: &[Page], sheets: &[Sheet], ours: &[[u8; 32]]) -> Result<(), PaperFault> {
    let mut seen = Seen {
        ours,
        other_picture: false,
        text: String::new(),
        symbols: Vec::new(),
        page: Size::zero(),
        placed: Vec::new(),
        hidden: false,
        without_glyph: None,
    };
    for page in pages {
        let size = page.frame.size();
        let found = [size.x.to_pt(), size.y.to_pt()];
        if found
            .iter()
            .zip(A4_PT)
            .any(|(found, a4)| (found - a4).abs() > SLACK_PT)
        {
            return Err(TemplateFault::Size.into());
        }
        seen.page = size;
        seen.placed.clear();
        seen.walk(&page.frame, 1.0, Transform::identity());
    }
    if let Some(one) = seen.without_glyph {
        return Err(PaperFault::NoGlyph(one));
    }
    if seen.other_picture {
        return Err(TemplateFault::Picture.into());
    }
    let large = seen
        .symbols
        .iter()
        .filter(|width| **width >= QR_MM - SLACK_MM);
    if large.count() < sheets.len() {
        return Err(TemplateFault::Qr.into());
    }
    if seen.hidden {
        return Err(TemplateFault::Hidden.into());
    }
    let bare = |text: &str| -> String { text.chars().filter(|one| !one.is_whitespace()).collect() };
    let mut rest = seen.text.clone();
    for sheet in sheets {
        let holder = bare(sheet.holder.expose());
        let wanted = [
            ("姓名 / the name", &holder),
            (
                "证书编号 / the number",
                &bare(&sheet.certificate_no.spoken()),
            ),
            ("查验网址 / the address", &bare(&sheet.host)),
        ];
        for (what, text) in wanted {
            if !seen.text.contains(text) {
                return Err(TemplateFault::LeavesOut(what).into());
            }
        }
        rest = rest.replace(&holder, " ");
    }
    match telling(&rest) {
        Some(word) => Err(TemplateFault::Telling(word).into()),
        None => Ok(()),
    }
}

impl Seen<'_> {
    fn walk(&mut self, frame: &Frame, scale: f64, placed: Transform) {
        for (at, item) in frame.items() {
            let placed = placed.pre_concat(Transform::translate(at.x, at.y));
            match item {
                FrameItem::Group(group) => {
                    // The narrower side counts, and what is leaned over is no square any more.
                    let of = &group.transform;
                    let leaned = of.kx.get().abs() + of.ky.get().abs() > LEAN;
                    let side = of.sx.get().abs().min(of.sy.get().abs());
                    // Of what is clipped a part may be missing.
                    let whole = !leaned && group.clip.is_none();
                    let scale = if whole { scale * side } else { 0.0 };
                    self.walk(&group.frame, scale, placed.pre_concat(*of));
                }
                FrameItem::Text(text) => {
                    self.painted(|| cover::of_text(text, placed).into_iter().collect());
                    self.text
                        .extend(text.text.chars().filter(|one| !one.is_whitespace()));
                    for glyph in text.glyphs.iter().filter(|glyph| glyph.id == 0) {
                        let part = text.text.get(glyph.range()).unwrap_or("");
                        let lost = part
                            .chars()
                            .find(|one| !one.is_whitespace() && !one.is_control());
                        self.without_glyph = self.without_glyph.or(lost);
                    }
                }
                FrameItem::Image(image, size, _) => {
                    // A template can make pictures of its own bytes: one of them could be a code of somebody else.
                    let data = match image.kind() {
                        ImageKind::Raster(raster) => raster.data().as_slice(),
                        _ => &[],
                    };
                    if !self.ours.contains(&given::digest(data)) {
                        self.other_picture = true;
                        continue;
                    }
                    if let Some(area) = Area::of(*size, placed) {
                        self.painted(|| vec![area]);
                        self.hidden |= !area.is_on(self.page);
                        self.placed.push(area);
                    }
                    let share = given::symbol_share(image.width());
                    self.symbols
                        .push(size.x.to_pt() * scale * share / PT_PER_MM);
                }
                FrameItem::Shape(shape, _) => self.painted(|| cover::of_shape(shape, placed)),
                FrameItem::Link(..) | FrameItem::Tag(_) => {}
            }
        }
    }

    /// What comes later is painted over what is there.
    fn painted(&mut self, areas: impl FnOnce() -> Vec<Area>) {
        if !self.placed.is_empty() && !self.hidden {
            let areas = areas();
            self.hidden = areas
                .iter()
                .any(|area| self.placed.iter().any(|symbol| symbol.meets(area)));
        }
    }
}
