//! Files that are no pictures, or damaged ones.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;

use super::draw::{code, picture, symbol};
use super::{Case, genuine_text};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = formats();
    cases.extend(damaged());
    cases.extend(too_large());
    cases.extend(photographs());
    cases
}

fn formats() -> Vec<Case> {
    let format = |name: &str, ending: &str, bytes: &[u8]| {
        Case::unread(name, "image_format", ending, bytes.to_vec())
    };
    let svg = certs::qr::svg("HTTPS://VERIFY.EXAMPLE.CN", certs::qr::Level::M).expect("drawn");
    let genuine = code(&genuine_text());
    vec![
        format("nothing", "bin", b""),
        format("a gif", "gif", b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"),
        format("a bmp", "bmp", b"BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x18\x00"),
        format("a pdf", "pdf", b"%PDF-1.7\n"),
        format("a drawing of vectors", "svg", svg.as_bytes()),
        format("a text", "txt", genuine_text().as_bytes()),
        format("an archive", "zip", b"PK\x03\x04\x14\x00\x00\x00"),
        format("a program", "bin", b"\x7fELF\x02\x01\x01\x00"),
        format("a png without its first byte", "png", &genuine[1..]),
        format("zeros", "bin", &[0; 64]),
    ]
}

fn damaged() -> Vec<Case> {
    let damaged = |name: &str, ending: &str, bytes: Vec<u8>| {
        Case::unread(name, "image_damaged", ending, bytes)
    };
    let genuine = code(&genuine_text());
    let changed = |place: usize, to: u8| {
        let mut bytes = genuine.clone();
        bytes[place] = to;
        bytes
    };
    let data = genuine
        .windows(4)
        .position(|word| word == b"IDAT")
        .expect("pixels");
    let jpeg = jpeg(90);
    vec![
        damaged("a signature of png alone", "png", genuine[..8].to_vec()),
        damaged("a header cut in half", "png", genuine[..20].to_vec()),
        damaged("a header alone", "png", genuine[..33].to_vec()),
        damaged("a quarter", "png", genuine[..genuine.len() / 4].to_vec()),
        damaged("a half", "png", genuine[..genuine.len() / 2].to_vec()),
        damaged("no width", "png", picture_of_size(0, 8)),
        damaged("no height", "png", picture_of_size(8, 0)),
        damaged(
            "the largest size there is",
            "png",
            picture_of_size(0x7fff_ffff, 0x7fff_ffff),
        ),
        damaged("an unknown depth", "png", changed(24, 3)),
        damaged("an unknown colour", "png", changed(25, 9)),
        damaged("an unknown interlace", "png", changed(28, 7)),
        damaged(
            "a flipped bit of the pixels",
            "png",
            changed(data + 100, genuine[data + 100] ^ 4),
        ),
        damaged(
            "a chunk that is longer than the file",
            "png",
            changed(data - 4, 0x7f),
        ),
        damaged("a signature of jpeg alone", "jpg", jpeg[..3].to_vec()),
        damaged("a jpeg cut in its header", "jpg", jpeg[..40].to_vec()),
    ]
}

fn too_large() -> Vec<Case> {
    let large = |name: &str, width, height| {
        Case::unread(
            name,
            "image_too_large",
            "png",
            picture_of_size(width, height),
        )
    };
    vec![
        large("sixty thousand on a side", 60_000, 60_000),
        large("too wide", 8_193, 16),
        large("too high", 16, 8_193),
        large("too many pixels", 8_000, 8_000),
    ]
}

/// JPEG: without a code, and with one that is too coarse to be read.
fn photographs() -> Vec<Case> {
    let mut grey = Vec::new();
    image::GrayImage::from_fn(96, 64, |x, y| {
        image::Luma([u8::try_from((x + y) % 256).expect("a byte")])
    })
    .write_with_encoder(JpegEncoder::new_with_quality(
        &mut Cursor::new(&mut grey),
        40,
    ))
    .expect("written to memory");
    vec![
        Case::unread("a photograph of nothing", "no_code", "jpg", grey),
        Case::unread("a photograph too coarse", "no_code", "jpg", coarse()),
    ]
}

fn jpeg(quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    symbol("VALID")
        .write_with_encoder(JpegEncoder::new_with_quality(
            &mut Cursor::new(&mut bytes),
            quality,
        ))
        .expect("written to memory");
    bytes
}

/// The genuine code at less than a pixel for a module.
fn coarse() -> Vec<u8> {
    let whole = symbol(&genuine_text());
    let small = image::imageops::resize(&whole, 52, 52, image::imageops::FilterType::Nearest);
    let mut bytes = Vec::new();
    small
        .write_with_encoder(JpegEncoder::new_with_quality(
            &mut Cursor::new(&mut bytes),
            30,
        ))
        .expect("written to memory");
    bytes
}

/// A PNG whose header names this size and that holds the pixels of a small one.
fn picture_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture(8, 8, |_, _| false);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&sum);
    bytes
}

/// CRC-32 of a chunk (PNG, annex D).
fn crc(bytes: &[u8]) -> u32 {
    let mut hash = flate2::Crc::new();
    hash.update(bytes);
    hash.sum()
}
