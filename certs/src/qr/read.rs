//! Finding QR codes in a picture from a camera or a scanner.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Limits};
use rxing::common::HybridBinarizer;
use rxing::multi::MultipleBarcodeReader as _;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource};

/// Longest file that is looked at.
pub const MAX_IMAGE_BYTES: usize = 20 * 1024 * 1024;
/// Widest and highest picture.
const MAX_SIDE: u32 = 8192;
/// Most pixels: a telephone's 24 megapixels.
const MAX_PIXELS: u64 = 25_000_000;
/// Symbols of one picture that are told.
const MAX_CODES: usize = 64;
/// From this side on a picture is looked at in half its size, too.
const LARGE: u32 = 1000;
/// Up to this side it is looked at enlarged, too.
const SMALL: u32 = 2600;

/// Why a picture could not be read. A readable picture without a code is no fault, but an empty list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageFault {
    /// Neither PNG nor JPEG.
    #[error("请使用 PNG 或 JPEG 图片 / use a PNG or JPEG picture")]
    Format,
    /// Too many bytes or pixels.
    #[error("图片过大,请缩小到 2500 万像素、20 MB 以内 / the picture is too large")]
    TooLarge,
    /// Damaged.
    #[error("图片已损坏,请重新拍摄 / the picture is damaged, take it again")]
    Damaged,
}

impl ImageFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Format => "image_format",
            Self::TooLarge => "image_too_large",
            Self::Damaged => "image_damaged",
        }
    }
}

/// The texts of all QR codes in a PNG or JPEG, in the order they are found.
pub fn read_image(bytes: &[u8]) -> Result<Vec<String>, ImageFault> {
    let picture = decode(bytes)?.into_luma8();
    let (width, height) = picture.dimensions();
    let found = read_grey(width as usize, height as usize, picture.as_raw());
    if !found.is_empty() {
        return Ok(found);
    }
    // What has too much noise of its own is calmer when it is smaller; what has too few points is told better when larger.
    let sizes = [
        (1, 2, width.max(height) >= LARGE),
        (3, 2, width.max(height) <= SMALL),
    ];
    for (times, parts, _) in sizes.into_iter().filter(|(_, _, fits)| *fits) {
        let found = survived(|| {
            let (wide, high) = (width * times / parts, height * times / parts);
            let other = imageops::resize(&picture, wide.max(1), high.max(1), FilterType::Triangle);
            codes(other)
        });
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(found)
}

/// Why a picture is not that of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// It could not be read.
    #[error(transparent)]
    Image(#[from] ImageFault),
    /// It shows no QR code that can be read.
    #[error(
        "没有找到二维码,请靠近、放平后重拍 / no QR code was found: take the picture closer and flat"
    )]
    NoCode,
    /// It shows the codes of two: whose answer would it be?
    #[error(
        "照片里有两个二维码,请每次只拍一张证书 / there are two QR codes in the picture: photograph one certificate at a time"
    )]
    TwoCodes,
}

impl PictureFault {
    /// Stable code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Image(fault) => fault.code(),
            Self::NoCode => "no_code",
            Self::TwoCodes => "two_codes",
        }
    }
}

/// The text of the one QR code in a PNG or JPEG. The same code several times is one.
pub fn read_one(bytes: &[u8]) -> Result<String, PictureFault> {
    let texts: BTreeSet<String> = read_image(bytes)?.into_iter().collect();
    let mut texts = texts.into_iter();
    match (texts.next(), texts.next()) {
        (None, _) => Err(PictureFault::NoCode),
        (Some(text), None) => Ok(text),
        (Some(_), Some(_)) => Err(PictureFault::TwoCodes),
    }
}

/// The texts of all QR codes in a grey picture, row by row, in the order they are found.
pub fn read_grey(width: usize, height: usize, grey: &[u8]) -> Vec<String> {
    if width == 0 || width.checked_mul(height) != Some(grey.len()) {
        return Vec::new();
    }
    let (Ok(wide), Ok(high)) = (u32::try_from(width), u32::try_from(height)) else {
        return Vec::new();
    };
    survived(|| GrayImage::from_raw(wide, high, grey.to_vec()).map_or_else(Vec::new, codes))
}

fn codes(picture: GrayImage) -> Vec<String> {
    let (width, height) = picture.dimensions();
    let Ok(source) = Luma8LuminanceSource::new(picture.into_raw(), width, height) else {
        return Vec::new();
    };
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source));
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some([BarcodeFormat::QR_CODE].into()),
        ..DecodeHints::default()
    };
    let found = QrReader.decode_multiple_with_hints(&mut bitmap, &hints);
    found
        .unwrap_or_default()
        .iter()
        .take(MAX_CODES)
        .map(|code| code.getText().to_owned())
        .collect()
}

/// What the reader found; nothing where it gave up by a panic, which somebody's picture must not make ours.
fn survived(read: impl FnOnce() -> Vec<String>) -> Vec<String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, ImageFault> {
    if bytes.len() > MAX_IMAGE_BYTES {
        return Err(ImageFault::TooLarge);
    }
    let format = image::guess_format(bytes).map_err(|_| ImageFault::Format)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg) {
        return Err(ImageFault::Format);
    }
    // The size is read from the header before any pixel is.
    let (width, height) = ImageReader::with_format(Cursor::new(bytes), format)
        .into_dimensions()
        .map_err(|_| ImageFault::Damaged)?;
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ImageFault::TooLarge);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // 8 bytes a pixel for the deepest PNG, and as much again for the decoder.
    limits.max_alloc = Some(MAX_PIXELS * 16);
    reader.limits(limits);
    reader.decode().map_err(|_| ImageFault::Damaged)
}

#[cfg(test)]
mod tests {
    use super::survived;

    #[test]
    fn a_reader_that_gives_up_has_found_no_code() {
        assert_eq!(survived(|| panic!("a picture")), Vec::<String>::new());
        assert_eq!(survived(|| vec!["a".to_owned()]), ["a"]);
    }
}
