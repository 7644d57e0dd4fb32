//! Hostile uploads (trust.md UP-1 to UP-6): each is refused with the right code, or taken without its poison; none
//! makes a 500, none is half written, and the server's memory stays within two hundred megabytes of where it began.
//!
//! The server is a process of its own, so that its peak of memory can be read.

use std::io::{Cursor, Read as _, Write as _};

use api::clock::{Clock as _, SystemClock};
use image::{DynamicImage, ImageFormat};
use serde_json::Value;
use tests::client::fresh_key;
use tests::{Database, Mingzheng, Story, TestServer, rosters};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const HEADER: &str = "姓名,公民身份号码,户籍地,同意书\n";
const CONSENT: &str = "是 2026-02-20";
const SHEET: &str = "xl/worksheets/sheet1.xml";
/// Most memory beyond that of the start, in KiB.
pub(crate) const MOST_KIB: u64 = 200 << 10;

/// Where a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// As a roster, to be imported whole or not at all.
    Roster,
    /// As an evidence file.
    Evidence,
}

/// One upload: its name, where it goes, its bytes, status and code that it must get.
pub(crate) struct Upload(
    pub(crate) &'static str,
    pub(crate) To,
    pub(crate) Vec<u8>,
    pub(crate) u16,
    pub(crate) &'static str,
);

/// An archive with entries changed or added, as `make.py` makes them.
fn patched(
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

fn plain() -> Vec<u8> {
    rosters::file("plain.xlsx")
}

fn with(name: &str, bytes: &[u8]) -> Vec<u8> {
    patched(&plain(), |_, bytes| bytes, &[(name, bytes)])
}

/// The plain workbook with a text of one part replaced.
fn replaced(part: &str, find: &str, put: &str) -> Vec<u8> {
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
fn renamed(source: &[u8], sheet: &str) -> Vec<u8> {
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

fn row(name: &str, number: &str) -> Vec<u8> {
    format!("{HEADER}{name},{number},330106,{CONSENT}\n").into_bytes()
}

fn named(name: &str) -> Vec<u8> {
    row(name, &rosters::citizen_id(700))
}

fn before(front: &[u8], rest: &[u8]) -> Vec<u8> {
    [front, rest].concat()
}

fn cut(bytes: &[u8], to: usize) -> Vec<u8> {
    bytes[..to.min(bytes.len())].to_vec()
}

/// Every so many bytes from an offset on turned around.
fn damaged(mut bytes: Vec<u8>, from: usize, step: usize) -> Vec<u8> {
    for byte in bytes.iter_mut().skip(from).step_by(step) {
        *byte ^= 0xff;
    }
    bytes
}

/// An old workbook whose last text cell stands in the far corner: the dense range would take half a gigabyte.
fn far_corner_xls() -> Vec<u8> {
    let mut bytes = rosters::file("plain.xls");
    let at = bytes
        .windows(4)
        .rposition(|window| window == [0xfd, 0, 0x0a, 0])
        .expect("a text cell");
    bytes[at + 4..at + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0]);
    bytes
}

fn xlsx_of_rows(count: u32) -> Vec<u8> {
    let mut rows = String::new();
    for number in 5..5 + count {
        rows.push_str(&format!(
            "<row r=\"{number}\"><c r=\"A{number}\" t=\"inlineStr\"><is><t>x</t></is></c></row>"
        ));
    }
    replaced(SHEET, "</sheetData>", &format!("{rows}</sheetData>"))
}

fn many_entries(count: usize) -> Vec<u8> {
    let names: Vec<String> = (0..count)
        .map(|number| format!("xl/media/{number}.txt"))
        .collect();
    let entries: Vec<(&str, &[u8])> = names
        .iter()
        .map(|name| (name.as_str(), &b"x"[..]))
        .collect();
    patched(&plain(), |_, bytes| bytes, &entries)
}

fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    new.start_file(name, deflated).expect("an entry");
    new.write_all(bytes).expect("its bytes");
    new.finish().expect("an archive").into_inner()
}

fn picture(format: ImageFormat) -> Vec<u8> {
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
fn huge_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture(ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// A JPEG that claims 65,500 pixels a side.
fn huge_jpeg() -> Vec<u8> {
    let mut bytes = picture(ImageFormat::Jpeg);
    let at = bytes
        .windows(2)
        .position(|window| window == [0xff, 0xc0])
        .expect("a frame header");
    bytes[at + 5..at + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    bytes
}

/// Tag in pictures that must be gone when they come back.
const PLACE: &[u8] = b"GPS 30.2741N 120.1551E, camera of a trainee";

/// A JPEG with Exif (turned by 90 degrees, with a place), a comment, and an archive behind its end.
fn telling_jpeg() -> Vec<u8> {
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
fn telling_png() -> Vec<u8> {
    let plain = picture(ImageFormat::Png);
    let body = [b"tEXtComment\0", PLACE].concat();
    let length = u32::try_from(body.len() - 4).expect("short").to_be_bytes();
    let chunk = [&length[..], &body, &crc(&body).to_be_bytes()].concat();
    [&plain[..33], &chunk, &plain[33..], &zip_of("x.txt", PLACE)].concat()
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

#[rustfmt::skip]
pub(crate) fn rosters_table() -> Vec<Upload> {
    use To::Roster as R;
    let f = rosters::file;
    let csv = || rosters::csv(800, 3);
    let gb_cut = before(&f("good-gb18030.csv"), b"\x95\x32");
    let wide = format!("{}{}\n{}\n", HEADER.trim_end(), ",x".repeat(200), "x,".repeat(203));
    let long_cell = format!("{HEADER}{},1,330106,{CONSENT}\n", "长".repeat(2000));
    let number_cell = "<row r=\"9\"><c r=\"A9\" t=\"inlineStr\"><is><t>虚构</t></is></c><c r=\"B9\"><v>3.30106190501010011E+17</v></c></row></sheetData>";
    let bomb_comment = format!("<!--{}--></worksheet>", " ".repeat(48 << 20));
    let deep = format!("{}</worksheet>", "<a>".repeat(200_000));
    let entity = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><worksheet";
    let types = |from: &str, to: &str| replaced("[Content_Types].xml", from, to);
    let main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
    vec![
        // Containers that expand.
        Upload("bomb: 72 MiB of cells", R, f("bomb.xlsx"), 413, "upload-expands"),
        Upload("bomb: 48 MiB of one comment", R, replaced(SHEET, "</worksheet>", &bomb_comment), 422, "upload-unreadable"),
        Upload("bomb: archive inside a part", R, with("xl/media/a.zip", &zip_of("a", &vec![0; 50 << 20])), 415, "upload-type"),
        Upload("bomb: 40 MiB of a picture", R, with("xl/media/a.png", &vec![0; 40 << 20]), 413, "upload-expands"),
        Upload("an archive of archives", R, zip_of("inner.zip", &zip_of("inner.zip", &vec![0; 10 << 20])), 415, "upload-type"),
        Upload("2,100 entries", R, many_entries(2_100), 413, "upload-expands"),
        Upload("200,000 open elements", R, replaced(SHEET, "</worksheet>", &deep), 422, "upload-unreadable"),
        Upload("a cell in the far corner", R, f("corner.xlsx"), 413, "too-large"),
        Upload("a count of strings that lies", R, f("unique-count.xlsx"), 413, "too-large"),
        // What a list does not need.
        Upload("document type", R, f("doctype.xlsx"), 415, "upload-type"),
        Upload("entities in entities", R, replaced(SHEET, "<worksheet", entity), 415, "upload-type"),
        Upload("the same in a sheet called a picture", R, renamed(&replaced(SHEET, "<worksheet", entity), "xl/worksheets/sheet1.png"), 415, "upload-type"),
        Upload("the same among the pictures", R, renamed(&replaced(SHEET, "<worksheet", entity), "xl/media/sheet1.png"), 415, "upload-type"),
        Upload("100,000 rows in a sheet called a picture", R, renamed(&xlsx_of_rows(100_000), "xl/media/sheet1.jpeg"), 413, "too-large"),
        Upload("macros", R, f("macros.xlsm"), 415, "upload-type"),
        Upload("macros by content type only", R, types(main, "application/vnd.ms-excel.sheet.macroEnabled.main+xml"), 415, "upload-type"),
        Upload("links into other workbooks", R, f("external-link.xlsx"), 415, "upload-type"),
        Upload("an embedded object", R, f("ole.xlsx"), 415, "upload-type"),
        Upload("a control", R, with("xl/activeX/activeX1.xml", b"<x/>"), 415, "upload-type"),
        Upload("a binary workbook", R, with("xl/workbook.bin", b"x"), 415, "upload-type"),
        Upload("content types of a text document", R, types("spreadsheetml.sheet.main", "wordprocessingml.document.main"), 415, "upload-type"),
        Upload("OpenDocument", R, f("plain.ods"), 415, "upload-type"),
        // Containers that are broken or lie.
        Upload("cut in half", R, cut(&plain(), plain().len() / 2), 422, "upload-unreadable"),
        Upload("its directory gone", R, cut(&plain(), plain().len() - 30), 422, "upload-unreadable"),
        Upload("damaged in its data", R, damaged(plain(), 60, 37), 422, "upload-unreadable"),
        Upload("an absolute name", R, with("/etc/cron.d/x", b"x"), 422, "upload-unreadable"),
        Upload("a name that climbs", R, with("xl/../../../x.xml", b"<x/>"), 422, "upload-unreadable"),
        Upload("a name that climbs backwards", R, with("..\\..\\x.xml", b"<x/>"), 422, "upload-unreadable"),
        Upload("a name with a drive", R, with("C:/x.xml", b"<x/>"), 422, "upload-unreadable"),
        Upload("a row twice", R, f("twice.xlsx"), 422, "upload-unreadable"),
        Upload("UTF-16 under the name of XML", R, with("xl/x.xml", b"\xff\xfe<\0a\0/\0>\0"), 415, "upload-type"),
        // Files of two kinds.
        Upload("GIF and archive", R, before(b"GIF89a\x01\0\x01\0\0\0\0;", &plain()), 415, "upload-type"),
        Upload("PDF and archive", R, before(b"%PDF-1.7\n", &plain()), 415, "upload-type"),
        Upload("program and archive", R, before(b"MZ\x90\0\x03\0\0\0", &plain()), 422, "upload-encoding"),
        Upload("a web page called .xls", R, f("web-page.xls"), 415, "upload-type"),
        Upload("a picture", R, picture(ImageFormat::Png), 415, "upload-type"),
        Upload("SVG", R, b"<?xml version=\"1.0\"?><svg onload=\"x()\"/>".to_vec(), 415, "upload-type"),
        // Encodings.
        Upload("no byte", R, Vec::new(), 422, "upload-unreadable"),
        Upload("only a byte order mark", R, b"\xef\xbb\xbf".to_vec(), 422, "roster-faults"),
        Upload("NUL", R, f("nul.csv"), 422, "upload-encoding"),
        Upload("two encodings", R, f("mixed.csv"), 422, "upload-encoding"),
        Upload("no encoding", R, f("undecodable.csv"), 422, "upload-encoding"),
        Upload("already damaged", R, f("replaced.csv"), 422, "upload-encoding"),
        Upload("UTF-16", R, f("utf16.csv"), 415, "upload-type"),
        Upload("GB18030 cut in a character", R, gb_cut, 422, "upload-encoding"),
        Upload("overlong UTF-8", R, before(&csv(), b"\xc0\xaf,1,1,1\n"), 422, "upload-encoding"),
        Upload("a surrogate in UTF-8", R, before(&csv(), b"\xed\xa0\x80,1,1,1\n"), 422, "upload-encoding"),
        Upload("an open quotation mark", R, f("open-quote.csv"), 422, "upload-unreadable"),
        // Sizes.
        Upload("100,000 rows of text", R, before(HEADER.as_bytes(), &b"x,1,2,3\n".repeat(100_000)), 413, "too-large"),
        Upload("100,000 rows of a workbook", R, xlsx_of_rows(100_000), 413, "too-large"),
        Upload("200 columns", R, wide.into_bytes(), 413, "too-large"),
        Upload("a cell of 6 KB", R, long_cell.into_bytes(), 422, "upload-unreadable"),
        Upload("over 8 MiB", R, vec![b'a'; (8 << 20) + 1], 413, "too-large"),
        // Headers.
        Upload("a header twice", R, f("double-header.csv"), 422, "roster-faults"),
        Upload("a header missing", R, f("no-consent.csv"), 422, "roster-faults"),
        Upload("no header", R, b"1,2,3\n4,5,6\n".to_vec(), 422, "roster-faults"),
        Upload("a header and nothing else", R, HEADER.as_bytes().to_vec(), 422, "roster-faults"),
        // Rows.
        Upload("a name that turns the line", R, named("虚\u{202e}构"), 422, "roster-faults"),
        Upload("a name with an invisible space", R, named("虚\u{200b}构"), 422, "roster-faults"),
        Upload("a name with a control character", R, named("虚\u{85}构"), 422, "roster-faults"),
        Upload("a name that is markup", R, named("<script>alert(1)</script>"), 422, "roster-faults"),
        Upload("a name that is a formula", R, named("=cmd|' /C calc'!A0"), 422, "roster-faults"),
        Upload("a number as a spreadsheet rounds it", R, row("虚构", "1.1E+17"), 422, "roster-faults"),
        Upload("a number cell that lost its digits", R, replaced(SHEET, "</sheetData>", number_cell), 422, "roster-faults"),
        Upload("formulas without a value", R, f("formula-no-value.xlsx"), 422, "roster-faults"),
        Upload("an SQL sentence", R, row("'; DROP TABLE person; --", "1"), 422, "roster-faults"),
        // Old workbooks.
        Upload("an old workbook cut in half", R, cut(&f("plain.xls"), f("plain.xls").len() / 2), 422, "upload-unreadable"),
        Upload("an old workbook with a cell in the far corner", R, far_corner_xls(), 413, "upload-expands"),
        Upload("an old container of nothing", R, before(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &vec![0; 1 << 20]), 422, "upload-unreadable"),
        Upload("an old container of 0xff", R, before(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &vec![0xff; 1 << 20]), 422, "upload-unreadable"),
        Upload("an old workbook damaged throughout", R, damaged(f("plain.xls"), 512, 53), 422, "upload-unreadable"),
        Upload("a workbook with a password", R, before(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &utf16("EncryptedPackage")), 415, "upload-type"),
        // Good ones, so that refusing everything would not pass.
        Upload("an old workbook", R, f("plain.xls"), 201, ""),
        Upload("rare characters, GB18030", R, f("extension-b-gb18030.csv"), 201, ""),
        Upload("rare characters, workbook", R, f("extension-b.xlsx"), 201, ""),
        Upload("a workbook with a picture", R, patched(&f("extension-b.xlsx"), |_, bytes| bytes, &[("xl/media/a.png", &picture(ImageFormat::Png))]), 201, ""),
    ]
}

#[rustfmt::skip]
pub(crate) fn evidence_table() -> Vec<Upload> {
    use To::Evidence as E;
    let jpeg = || picture(ImageFormat::Jpeg);
    let png = || picture(ImageFormat::Png);
    vec![
        Upload("no byte", E, Vec::new(), 422, "upload-unreadable"),
        Upload("SVG as a picture", E, b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>x()</script></svg>".to_vec(), 415, "upload-type"),
        Upload("HTML as PDF", E, b"<!doctype html><script>x()</script>".to_vec(), 415, "upload-type"),
        Upload("HTML before PDF", E, before(b"<script>x()</script>\n", PDF), 415, "upload-type"),
        Upload("a PDF that runs a script", E, b"%PDF-1.7\n<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\n%%EOF".to_vec(), 415, "upload-type"),
        Upload("the same with escaped names", E, b"%PDF-1.7\n<</OpenAction<</S/#4Aava#53cript>>>>\n%%EOF".to_vec(), 415, "upload-type"),
        Upload("a PDF that starts a program", E, b"%PDF-1.7\n<</S/Launch/F(cmd.exe)>>\n%%EOF".to_vec(), 415, "upload-type"),
        Upload("PDF and archive", E, before(PDF, &zip_of("x.exe", b"MZ")), 422, "upload-unreadable"),
        Upload("PDF without an end", E, cut(PDF, 40), 422, "upload-unreadable"),
        Upload("a PNG of 900 million pixels", E, huge_png(30_000, 30_000), 413, "upload-expands"),
        Upload("a PNG of one endless line", E, huge_png(0x7fff_ffff, 1), 413, "upload-expands"),
        Upload("a PNG of no size", E, huge_png(0, 0), 422, "upload-unreadable"),
        Upload("a PNG that is larger than its data", E, huge_png(3_000, 3_000), 422, "upload-unreadable"),
        Upload("PNG, cut", E, cut(&png(), 60), 422, "upload-unreadable"),
        Upload("PNG, wrong checksum", E, damaged(png(), 30, 100_000), 422, "upload-unreadable"),
        Upload("a JPEG of four thousand million pixels", E, huge_jpeg(), 413, "upload-expands"),
        Upload("JPEG, only its beginning", E, cut(&jpeg(), 20), 422, "upload-unreadable"),
        Upload("GIF", E, b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), 415, "upload-type"),
        Upload("GIF and archive", E, before(b"GIF89a\x01\0\x01\0\0\0\0;", &zip_of("x", b"x")), 415, "upload-type"),
        Upload("archive", E, zip_of("x.pdf", PDF), 415, "upload-type"),
        Upload("workbook", E, plain(), 415, "upload-type"),
        Upload("program", E, b"\x7fELF\x02\x01\x01\0".to_vec(), 415, "upload-type"),
        Upload("TIFF", E, b"II*\0\x08\0\0\0".to_vec(), 415, "upload-type"),
        Upload("over 20 MiB", E, vec![b'a'; (20 << 20) + 1], 413, "too-large"),
        Upload("PDF", E, PDF.to_vec(), 201, ""),
        Upload("JPEG with a place", E, telling_jpeg(), 201, ""),
        Upload("PNG with a place", E, telling_png(), 201, ""),
    ]
}

fn utf16(word: &str) -> Vec<u8> {
    word.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A running registry of its own process, with a cohort that takes rosters.
pub(crate) struct Desk {
    pub(crate) story: Story,
    pub(crate) url: String,
    http: reqwest::Client,
    process: tests::command::Running,
    _program: Mingzheng,
}

struct Got {
    status: u16,
    body: Vec<u8>,
    headers: reqwest::header::HeaderMap,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let server = TestServer::start(Database::Sqlite).await;
        // The process reads the machine's clock: the story takes place now.
        server
            .clock
            .set(SystemClock.now() - chrono::Duration::days(40));
        let story = Story::ready_on(server).await;
        story.server.clock.set(SystemClock.now());
        let program =
            Mingzheng::new(env!("CARGO_BIN_EXE_tests")).with("MINGZHENG_DATA", story.server.data());
        let (process, line) = program.start(&[
            "--json",
            "serve",
            "--require-second-factor",
            "false",
            "--listen",
            "127.0.0.1:0",
        ]);
        let told: Value = serde_json::from_str(&line).expect("an address");
        let url = told["address"].as_str().expect("an address").to_owned();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            story,
            url,
            http,
            process,
            _program: program,
        }
    }

    async fn send(&self, path: &str, bytes: Vec<u8>) -> Got {
        let token = self.story.who("school-1").token().await.expect("a token");
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth(token)
            .header("Idempotency-Key", fresh_key())
            .header("Content-Type", "application/octet-stream")
            .body(bytes);
        Self::read(request.send().await.expect("an answer")).await
    }

    async fn get(&self, path: &str) -> Got {
        let token = self.story.who("school-1").token().await.expect("a token");
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .bearer_auth(token);
        Self::read(request.send().await.expect("an answer")).await
    }

    async fn read(answer: reqwest::Response) -> Got {
        Got {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.expect("a body").to_vec(),
        }
    }

    /// A line of the process's status, in KiB.
    pub(crate) fn memory(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))
            .expect("a process");
        let found = status
            .lines()
            .find_map(|one| one.strip_prefix(line))
            .expect("a line");
        found
            .trim()
            .trim_end_matches("kB")
            .trim()
            .parse()
            .expect("a number")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_upload_is_refused_in_its_own_words_and_within_memory() {
    let desk = Desk::open().await;
    let cohort = desk.story.enrolling().await;
    let roster = format!("/api/v1/cohorts/{cohort}/rosters?import=all");
    let before = desk.memory("VmRSS:");
    let (mut wrong, mut count, mut good) = (Vec::new(), 0, 0);
    for Upload(name, to, bytes, status, code) in rosters_table().into_iter().chain(evidence_table())
    {
        let path = if to == To::Roster {
            &roster
        } else {
            "/api/v1/files"
        };
        let got = desk.send(path, bytes).await;
        let told = got.json()["code"].as_str().unwrap_or("").to_owned();
        if (got.status, told.as_str()) != (status, code) {
            wrong.push(format!(
                "{to:?}, {name}: {} {told}, not {status} {code}",
                got.status
            ));
        }
        count += 1;
        good += usize::from(status == 201);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        count >= 90 && good == 7,
        "{count} uploads, {good} of them good"
    );
    let peak = desk.memory("VmHWM:");
    assert!(
        peak < before + MOST_KIB,
        "{} MiB beyond the start",
        (peak - before) >> 10
    );
    // What was refused left nothing; what was good is there, byte for byte.
    let names = names(&desk, &cohort).await;
    for rare in ["𠮷样一", "㐂示例", "𬱖乙", "买买提·样本", "龘虚构"] {
        assert!(names.contains(&rare.to_owned()), "{rare} in {names:?}");
    }
    assert_eq!(
        names.len(),
        3 + 6,
        "three of the old workbook, six with rare names: {names:?}"
    );
    assert_eq!(desk.get("/livez").await.status, 200);
}

/// Names of the trainees as they are sealed in the database.
async fn names(desk: &Desk, cohort: &str) -> Vec<String> {
    let app = &desk.story.server.app;
    let id = cohort.parse().expect("an id");
    let rows = store::enrolments::of_cohort(app.store.reader(), id)
        .await
        .expect("rows");
    let people: Vec<_> = rows.iter().map(|row| row.person).collect();
    let open = store::persons::open(app.store.reader(), app.store.vault(), &people, app.today())
        .await
        .expect("people");
    open.values().map(|person| (*person.name).clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evidence_file_comes_back_as_an_attachment_without_what_its_picture_told() {
    let desk = Desk::open().await;
    for (bytes, start) in [
        (telling_jpeg(), &b"\xff\xd8\xff"[..]),
        (telling_png(), b"\x89PNG"),
    ] {
        assert!(holds(&bytes, b"120.1551E"));
        let kept = desk.send("/api/v1/files", bytes).await.json();
        let path = format!("/api/v1/files/{}", kept["id"].as_str().expect("an id"));
        let back = desk.get(&path).await;
        assert_eq!(back.status, 200);
        assert!(back.body.starts_with(start), "still the picture");
        for told in [PLACE, b"Exif", b"PK\x03\x04", b"tEXt"] {
            assert!(
                !holds(&back.body, told),
                "{}",
                String::from_utf8_lossy(told)
            );
        }
        let header = |name: &str| {
            back.headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or("")
                .to_owned()
        };
        assert!(header("content-disposition").starts_with("attachment; filename=\"file-"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").starts_with("sandbox"));
        let picture = image::load_from_memory(&back.body).expect("a picture");
        let turned = start[0] == 0xff;
        assert_eq!(
            (picture.width(), picture.height()),
            if turned { (48, 64) } else { (64, 48) },
            "as the tag turned it"
        );
        // On the disk it is sealed, under a name that tells nothing.
        let mut files = Vec::new();
        for folder in std::fs::read_dir(desk.story.server.data().join("files")).expect("a folder") {
            for file in std::fs::read_dir(folder.expect("a folder").path()).expect("files") {
                files.push(std::fs::read(file.expect("a file").path()).expect("bytes"));
            }
        }
        assert!(
            !files.is_empty() && files.iter().all(|file| !file.starts_with(start)),
            "sealed"
        );
        // Another school does not find it.
        desk.story
            .who("other-school")
            .get(&path)
            .await
            .problem(404, "not-found");
        let seen = desk.story.who("county-1").get(&path).await;
        assert_eq!(
            seen.status,
            200,
            "the county of the school does: {}",
            seen.text()
        );
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
