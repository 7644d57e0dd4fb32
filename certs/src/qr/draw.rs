//! Pictures of a QR code. Drawing costs a hundred times a signature: draw when asked, never while issuing.

use std::fmt::Write as _;

use qrcode::EcLevel;

use super::mask;

/// Light modules around the symbol (ISO/IEC 18004 section 5.3.8).
const QUIET_ZONE: usize = 4;

/// Error correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Level {
    /// 15 %: for screens.
    M,
    /// 25 %: for print.
    #[default]
    Q,
}

/// Why nothing was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawFault {
    /// More than a symbol of version 40 holds.
    #[error("内容超出二维码容量 / the text does not fit into a QR code")]
    TooLong,
    /// A module has 1 to 64 pixels.
    #[error("每格像素应为 1 至 64 / a module has 1 to 64 pixels")]
    ModuleSize,
}

/// A square of modules with its quiet zone.
struct Symbol {
    dark: Vec<bool>,
    inner: usize,
}

impl Symbol {
    fn new(text: &str, level: Level) -> Result<Self, DrawFault> {
        let level = match level {
            Level::M => EcLevel::M,
            Level::Q => EcLevel::Q,
        };
        let (dark, inner) = mask::symbol(text, level).map_err(|_| DrawFault::TooLong)?;
        Ok(Self { dark, inner })
    }

    /// Modules on a side, with the quiet zone.
    fn width(&self) -> usize {
        self.inner + 2 * QUIET_ZONE
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|at| *at < self.inner);
        inside(x)
            .zip(inside(y))
            .is_some_and(|(x, y)| self.dark[y * self.inner + x])
    }

    fn row(&self, y: usize) -> impl Iterator<Item = bool> {
        (0..self.width()).map(move |x| self.is_dark(x, y))
    }
}

/// An SVG without size of its own: the page sets it, and gives it a text alternative. One path, one run of modules per step.
pub fn svg(text: &str, level: Level) -> Result<String, DrawFault> {
    let symbol = Symbol::new(text, level)?;
    let width = symbol.width();
    let mut path = String::with_capacity(width * width * 2);
    for y in 0..width {
        let mut x = 0;
        while x < width {
            let run = (x..width).take_while(|x| symbol.is_dark(*x, y)).count();
            if run > 0 {
                write!(path, "M{x} {y}h{run}v1h-{run}z").expect("a string takes every write");
            }
            x += run.max(1);
        }
    }
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{width}v{width}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

/// A PNG of one bit a pixel, `module_px` pixels a module, with the quiet zone.
pub fn png(text: &str, level: Level, module_px: u32) -> Result<Vec<u8>, DrawFault> {
    if !(1..=64).contains(&module_px) {
        return Err(DrawFault::ModuleSize);
    }
    let symbol = Symbol::new(text, level)?;
    let scale = module_px as usize;
    let width = symbol.width() * scale;
    let stride = width.div_ceil(8);
    let mut pixels = Vec::with_capacity(stride * width);
    for y in 0..symbol.width() {
        let mut row = vec![0u8; stride];
        for x in symbol
            .row(y)
            .enumerate()
            .filter_map(|(x, dark)| (!dark).then_some(x))
        {
            for pixel in x * scale..(x + 1) * scale {
                row[pixel / 8] |= 0x80 >> (pixel % 8);
            }
        }
        for _ in 0..scale {
            pixels.extend_from_slice(&row);
        }
    }
    let side = u32::try_from(width).expect("at most 185 modules of 64 pixels");
    let mut file = Vec::with_capacity(8 * 1024);
    let mut encoder = ::png::Encoder::new(&mut file, side, side);
    encoder.set_color(::png::ColorType::Grayscale);
    encoder.set_depth(::png::BitDepth::One);
    let written = encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&pixels));
    written.expect("rows of the declared size are written to memory");
    Ok(file)
}

/// Half-block characters for a terminal, light on dark or dark on light alike: the quiet zone is drawn too.
pub fn terminal(text: &str) -> Result<String, DrawFault> {
    let symbol = Symbol::new(text, Level::M)?;
    let mut lines = String::new();
    for y in (0..symbol.width()).step_by(2) {
        // Explicit colours: black on white whatever the terminal's own are.
        lines.push_str("\u{1b}[30;107m");
        for x in 0..symbol.width() {
            lines.push(match (symbol.is_dark(x, y), symbol.is_dark(x, y + 1)) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            });
        }
        lines.push_str("\u{1b}[0m\n");
    }
    Ok(lines)
}
