//! Drawing: codes, several beside each other, and pictures of anything. Black and white, not compressed, so that the same bytes
//! come out whichever compressor is built in.

use certs::qr::{Level, png};
use image::imageops::FilterType;
use image::{GrayImage, Luma};

/// Pixels of a module.
const MODULE: u32 = 2;

/// The code of a text.
pub(super) fn symbol(text: &str) -> GrayImage {
    let picture = png(text, Level::M, MODULE).expect("drawn");
    image::load_from_memory(&picture).expect("a PNG").to_luma8()
}

pub(super) fn code(text: &str) -> Vec<u8> {
    file(&symbol(text))
}

/// Codes in a row.
pub(super) fn beside(texts: &[&str]) -> Vec<u8> {
    let symbols: Vec<GrayImage> = texts.iter().map(|text| symbol(text)).collect();
    let width = symbols.iter().map(GrayImage::width).sum();
    let height = symbols.iter().map(GrayImage::height).max().unwrap_or(1);
    let mut whole = GrayImage::from_pixel(width, height, Luma([255]));
    let mut left = 0;
    for symbol in &symbols {
        image::imageops::overlay(&mut whole, symbol, left, 0);
        left += i64::from(symbol.width());
    }
    file(&whole)
}

/// Codes one under the other, each of its own size: so many times larger.
pub(super) fn stacked(symbols: &[(&str, u32)]) -> Vec<u8> {
    let symbols: Vec<GrayImage> = symbols
        .iter()
        .map(|(text, times)| {
            let one = symbol(text);
            let (width, height) = (one.width() * times, one.height() * times);
            image::imageops::resize(&one, width, height, FilterType::Nearest)
        })
        .collect();
    let width = symbols.iter().map(GrayImage::width).max().unwrap_or(1);
    let height = symbols.iter().map(GrayImage::height).sum();
    let mut whole = GrayImage::from_pixel(width, height, Luma([255]));
    let mut top = 0;
    for symbol in &symbols {
        image::imageops::overlay(&mut whole, symbol, 0, top);
        top += i64::from(symbol.height());
    }
    file(&whole)
}

/// Any picture: black where `black` says so.
pub(super) fn picture(width: u32, height: u32, black: impl Fn(u32, u32) -> bool) -> Vec<u8> {
    file(&GrayImage::from_fn(width, height, |x, y| {
        Luma([if black(x, y) { 0 } else { 255 }])
    }))
}

/// The code of a text with a rectangle painted over.
pub(super) fn painted(
    text: &str,
    (left, top): (u32, u32),
    (width, height): (u32, u32),
    shade: u8,
) -> Vec<u8> {
    let mut symbol = symbol(text);
    for (x, y) in (left..left + width).flat_map(|x| (top..top + height).map(move |y| (x, y))) {
        if x < symbol.width() && y < symbol.height() {
            symbol.put_pixel(x, y, Luma([shade]));
        }
    }
    file(&symbol)
}

pub(super) fn file(picture: &GrayImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, picture.width(), picture.height());
    encoder.set_color(::png::ColorType::Grayscale);
    encoder.set_depth(::png::BitDepth::One);
    encoder.set_compression(::png::Compression::NoCompression);
    encoder.set_filter(::png::Filter::NoFilter);
    let mut rows = Vec::new();
    for row in picture.rows() {
        let bits: Vec<bool> = row.map(|pixel| pixel.0[0] >= 128).collect();
        rows.extend(bits.chunks(8).map(|bits| {
            bits.iter().enumerate().fold(0_u8, |byte, (place, white)| {
                byte | u8::from(*white) << (7 - place)
            })
        }));
    }
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&rows).expect("every row");
    writer.finish().expect("written to memory");
    bytes
}
