//! Every hostile file with the answer that it must get.

use image::ImageFormat;
use tests::rosters;

use super::made::{
    CONSENT, HEADER, PDF, SHEET, before, cut, damaged, far_corner_xls, huge_jpeg, huge_png,
    many_entries, named, patched, picture, plain, renamed, replaced, row, telling_jpeg,
    telling_png, utf16, with, xlsx_of_rows, zip_of,
};
use super::{To, Upload};

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
