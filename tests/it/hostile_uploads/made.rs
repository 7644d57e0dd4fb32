//! The bytes of hostile files, made on the spot.

use std::io::{Cursor, Read as _, Write as _};

use image::{DynamicImage, ImageFormat};
use tests::rosters;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub(super) const HEADER: &str = "姓名,公民身份号码,户籍地,同意书\n";
pub(super) const CONSENT: &str = "是 2026-02-20";
pub(super) const SHEET: &str = "xl/worksheets/sheet1.xml";

/// An archive with entries changed or added, as `make.py` makes them.
pub(super) fn patched(
    source: &[u8],
    change: impl Fn(&str, Vec<u8>) -> Vec<u8>,
    add: &[(&str, &[u8])],
) -> Vec<u8> {
    let mut old = ZipArchive::new(Cursor::new(source)).expect("an archive");
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for index in 0..old.len() {
        let mut entry = old.by_index(index).expect("an entry");
        let name = entry.name().expect("a name").to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        new.start_file(name.as_str(), deflated).expect("an entry");
        new.write_all(&change(&name, bytes)).expect("its bytes");
    }
    for (name, bytes) in add {
        new.start_file(*name, deflated).expect("an entry");
        new.write_all(bytes).expect("its bytes");
    }
    new.finish().expect("an archive").into_inner()
}

pub(super) fn plain() -> Vec<u8> {
    rosters::file("plain.xlsx")
}

pub(super) fn with(name: &str, bytes: &[u8]) -> Vec<u8> {
    patched(&plain(), |_, bytes| bytes, &[(name, bytes)])
}

/// The plain workbook with a text of one part replaced.
pub(super) fn replaced(part: &str, find: &str, put: &str) -> Vec<u8> {
    patched(
        &plain(),
        |name, bytes| {
            if name != part {
                return bytes;
            }
            let text = String::from_utf8(bytes).expect("text");
            assert!(text.contains(find), "{find} in {part}");
            text.replacen(find, put, 1).into_bytes()
        },
        &[],
    )
}

/// A workbook whose sheet has another name, which the workbook knows.
pub(super) fn renamed(source: &[u8], sheet: &str) -> Vec<u8> {
    let changed = |name: &str, bytes: Vec<u8>| {
        if name == SHEET {
            return bytes;
        }
        let text = String::from_utf8(bytes).expect("text");
        text.replace(SHEET, sheet).into_bytes()
    };
    let mut old = ZipArchive::new(Cursor::new(source)).expect("an archive");
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for index in 0..old.len() {
        let mut entry = old.by_index(index).expect("an entry");
        let name = entry.name().expect("a name").to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        let to = if name == SHEET { sheet } else { &name };
        new.start_file(to, deflated).expect("an entry");
        new.write_all(&changed(&name, bytes)).expect("its bytes");
    }
    new.finish().expect("an archive").into_inner()
}

pub(super) fn row(name: &str, number: &str) -> Vec<u8> {
    format!("{HEADER}{name},{number},330106,{CONSENT}\n").into_bytes()
}

pub(super) fn named(name: &str) -> Vec<u8> {
    row(name, &rosters::citizen_id(700))
}

pub(super) fn before(front: &[u8], rest: &[u8]) -> Vec<u8> {
    [front, rest].concat()
}

pub(super) fn cut(bytes: &[u8], to: usize) -> Vec<u8> {
    bytes[..to.min(bytes.len())].to_vec()
}

/// Every so many bytes from an offset on turned around.
pub(super) fn damaged(mut bytes: Vec<u8>, from: usize, step: usize) -> Vec<u8> {
    for byte in bytes.iter_mut().skip(from).step_by(step) {
        *byte ^= 0xff;
    }
    bytes
}

/// An old workbook whose last text cell stands in the far corner: the dense range would take half a gigabyte.
pub(super) fn far_corner_xls() -> Vec<u8> {
    let mut bytes = rosters::file("plain.xls");
    let at = bytes
        .windows(4)
        .rposition(|window| window == [0xfd, 0, 0x0a, 0])
        .expect("a text cell");
    bytes[at + 4..at + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0]);
    bytes
}

pub(super) fn xlsx_of_rows(count: u32) -> Vec<u8> {
    let mut rows = String::new();
    for number in 5..5 + count {
        rows.push_str(&format!(
            "<row r=\"{number}\"><c r=\"A{number}\" t=\"inlineStr\"><is><t>x</t></is></c></row>"
        ));
    }
    replaced(SHEET, "</sheetData>", &format!("{rows}</sheetData>"))
}

pub(super) fn many_entries(count: usize) -> Vec<u8> {
    let names: Vec<String> = (0..count)
        .map(|number| format!("xl/media/{number}.txt"))
        .collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &b"x"[..]))
        .collect();
    patched(&plain(), |_, bytes| bytes, &entries)
}

pub(super) fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    new.start_file(name, deflated).expect("an entry");
    new.write_all(bytes).expect("its bytes");
    new.finish().expect("an archive").into_inner()
}

pub(super) fn picture(format: ImageFormat) -> Vec<u8> {
    let mut image = image::RgbImage::new(64, 48);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        *pixel = image::Rgb([x.to_le_bytes()[0] * 3, y.to_le_bytes()[0] * 5, 90]);
    }
    let mut out = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image)
        .write_to(&mut out, format)
        .expect("a picture");
    out.into_inner()
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

/// A small PNG that claims to be huge, its checksum right.
pub(super) fn huge_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture(ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// A JPEG that claims 65,500 pixels a side.
pub(super) fn huge_jpeg() -> Vec<u8> {
    let mut bytes = picture(ImageFormat::Jpeg);
    let at = bytes
        .windows(2)
        .position(|window| window == [0xff, 0xc0])
        .expect("a frame header");
    bytes[at + 5..at + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    bytes
}

/// Tag in pictures that must be gone when they come back.
pub(super) const PLACE: &[u8] = b"GPS 30.2741N 120.1551E, camera of a trainee";

/// A JPEG with Exif (turned by 90 degrees, with a place), a comment, and an archive behind its end.
pub(super) fn telling_jpeg() -> Vec<u8> {
    let mut exif =
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    exif.extend(PLACE);
    let mut comment = PLACE.to_vec();
    let segment = |marker: u8, bytes: &[u8]| {
        let length = u16::try_from(bytes.len() + 2).expect("short").to_be_bytes();
        [&[0xff, marker][..], &length, bytes].concat()
    };
    let plain = picture(ImageFormat::Jpeg);
    comment.push(b'!');
    [
        &plain[..2],
        &segment(0xe1, &exif),
        &segment(0xfe, &comment),
        &plain[2..],
        &zip_of("x.txt", PLACE),
    ]
    .concat()
}

/// A PNG with a text chunk, and an archive behind its end.
pub(super) fn telling_png() -> Vec<u8> {
    let plain = picture(ImageFormat::Png);
    let body = [b"tEXtComment\0", PLACE].concat();
    let length = u32::try_from(body.len() - 4).expect("short").to_be_bytes();
    let chunk = [&length[..], &body, &crc(&body).to_be_bytes()].concat();
    [&plain[..33], &chunk, &plain[33..], &zip_of("x.txt", PLACE)].concat()
}

pub(super) const PDF: &[u8] =
    b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

pub(super) fn utf16(word: &str) -> Vec<u8> {
    word.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
