//! Decides what a file is by its bytes, and keeps of a picture only the picture.

use std::io::Cursor;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageFormat, Limits};

use crate::problem::{Code, Problem};

/// Longest side of a picture.
const SIDE: u32 = 12_000;
/// Most pixels: a progressive JPEG of so many takes about a hundred megabytes to read.
const PIXELS: u64 = 12_000_000;
/// Most bytes that a decoded picture may take.
const DECODED_BYTES: u64 = 64 << 20;
/// Quality of a JPEG drawn anew.
const QUALITY: u8 = 90;

/// A file as it may be kept.
pub(super) struct Clean {
    pub(super) media_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// Takes PDF, JPEG and PNG, and refuses everything else, whatever its name says.
pub(super) fn clean(bytes: &[u8]) -> Result<Clean, Problem> {
    if bytes.starts_with(b"\xff\xd8\xff") {
        return picture(
            JpegDecoder::new(Cursor::new(bytes)).map_err(unreadable)?,
            ImageFormat::Jpeg,
        );
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits()).map_err(unreadable)?;
        return picture(decoder, ImageFormat::Png);
    }
    if bytes.starts_with(b"%PDF-") {
        return pdf(bytes);
    }
    Err(Problem::new(Code::UploadType).with_detail(
        "只接收 PDF、JPEG 和 PNG 文件;请另存为其中一种。",
        "Only PDF, JPEG and PNG are taken; save it as one of these.",
    ))
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(DECODED_BYTES);
    limits
}

/// Draws a picture anew: place, camera, comments, a second file behind the first and whatever else was in it stay behind.
fn picture(mut decoder: impl ImageDecoder, format: ImageFormat) -> Result<Clean, Problem> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    // Before a pixel is decoded: a file of a few kilobytes may claim gigabytes.
    if width > SIDE || height > SIDE || pixels > PIXELS || decoder.total_bytes() > DECODED_BYTES {
        return Err(Problem::new(Code::UploadExpands).with_detail(
            "图片尺寸过大(最多 1200 万像素),请缩小后上传。",
            "The picture is too large (at most 12 million pixels); make it smaller.",
        ));
    }
    decoder.set_limits(limits()).map_err(unreadable)?;
    // It stands upright also without the tag that turns it.
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut drawn = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    drawn.apply_orientation(orientation);
    let mut out = Vec::new();
    let media_type = if format == ImageFormat::Jpeg {
        let drawn = DynamicImage::ImageRgb8(drawn.into_rgb8());
        drawn
            .write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY))
            .map_err(Problem::internal)?;
        "image/jpeg"
    } else {
        drawn
            .write_to(&mut Cursor::new(&mut out), format)
            .map_err(Problem::internal)?;
        "image/png"
    };
    Ok(Clean {
        media_type,
        bytes: out,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of map_err")]
fn unreadable(error: image::ImageError) -> Problem {
    if matches!(error, image::ImageError::Limits(_)) {
        return Problem::new(Code::UploadExpands);
    }
    Problem::new(Code::UploadUnreadable).with_detail(
        "图片已损坏或不完整,请重新导出后上传。",
        "The picture is damaged or incomplete; export it again.",
    )
}

/// A PDF is kept as it is, if it is one from its first byte to its last and runs nothing.
fn pdf(bytes: &[u8]) -> Result<Clean, Problem> {
    const END: &[u8] = b"%%EOF";
    let end = bytes
        .windows(END.len())
        .rposition(|window| window == END)
        .map(|at| at + END.len());
    let whole = end.is_some_and(|end| {
        bytes[end..]
            .iter()
            .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
    });
    if !whole {
        return Err(Problem::new(Code::UploadUnreadable).with_detail(
            "PDF 不完整,或后面还附有其他内容;请重新导出后上传。",
            "The PDF is incomplete or something else follows it; export it again.",
        ));
    }
    if runs_something(bytes) {
        return Err(Problem::new(Code::UploadType).with_detail(
            "PDF 里有脚本、启动命令或内嵌文件,不能接收;请打印为新的 PDF 后上传。",
            "The PDF holds a script, a launch action or an embedded file; print it to a new PDF.",
        ));
    }
    Ok(Clean {
        media_type: "application/pdf",
        bytes: bytes.to_vec(),
    })
}

/// Looks for names that make a viewer run or unpack something. In compressed objects they are not seen: a PDF is given
/// back as an attachment of a sandbox in any case.
fn runs_something(bytes: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] = [
        b"JavaScript",
        b"JS",
        b"Launch",
        b"EmbeddedFile",
        b"EmbeddedFiles",
        b"RichMedia",
    ];
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'/') {
        rest = &rest[at + 1..];
        let (name, length) = pdf_name(rest);
        if NAMES.contains(&name.as_slice()) {
            return true;
        }
        rest = &rest[length..];
    }
    false
}

/// A name without its escapes (`/J#53` is `/JS`), and how many bytes it took.
fn pdf_name(bytes: &[u8]) -> (Vec<u8>, usize) {
    const LONGEST: usize = 64;
    let mut name = Vec::new();
    let mut at = 0;
    while at < bytes.len() && name.len() < LONGEST {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() || byte == 0 || b"()<>[]{}/%".contains(&byte) {
            break;
        }
        let hex = |index: usize| bytes.get(index).and_then(|b| char::from(*b).to_digit(16));
        if let (b'#', Some(high), Some(low)) = (byte, hex(at + 1), hex(at + 2)) {
            name.push(u8::try_from(high * 16 + low).unwrap_or(0));
            at += 3;
        } else {
            name.push(byte);
            at += 1;
        }
    }
    (name, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> Result<&'static str, Code> {
        clean(bytes)
            .map(|clean| clean.media_type)
            .map_err(|problem| problem.code())
    }

    #[test]
    fn a_pdf_that_runs_something_or_is_followed_by_something_is_refused() {
        assert_eq!(
            code(b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"),
            Ok("application/pdf")
        );
        assert_eq!(
            code(b"%PDF-1.7\n<</S/JavaScript/JS(x)>>\n%%EOF"),
            Err(Code::UploadType)
        );
        assert_eq!(
            code(b"%PDF-1.7\n<</S/J#61va#53cript>>\n%%EOF"),
            Err(Code::UploadType)
        );
        assert_eq!(
            code(b"%PDF-1.7\n%%EOFPK\x03\x04"),
            Err(Code::UploadUnreadable)
        );
        assert_eq!(code(b"%PDF-1.7\n"), Err(Code::UploadUnreadable));
        assert_eq!(code(b"<html>%PDF-1.7\n%%EOF"), Err(Code::UploadType));
    }
}
