//! Certificates as scanners and telephones put them into a PDF: one picture that fills the page, grey, a little crooked, with
//! noise, and compressed.

use certs::qr::{Level, png};
use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, Luma};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref};

/// A4 in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// Pixels of a module of the drawn code, which is turned and made smaller.
const MODULE: u32 = 8;

/// As long as the text of a real one.
fn text(last: char) -> String {
    let (id, signed) = ("A7".repeat(13), "Q2".repeat(160));
    format!("HTTPS://MINGZHENG.EXAMPLE/V/{id}#{signed}{last}")
}

/// A sheet at so many dots to the inch, with the code 42 mm wide in its lower left, turned by some degrees; none without a text.
fn sheet(text: Option<&str>, dpi: f32, degrees: f32) -> GrayImage {
    let code = text.map(|text| {
        let picture = png(text, Level::Q, MODULE).expect("drawn");
        image::load_from_memory(&picture).expect("a PNG").to_luma8()
    });
    let (width, height) = (pixels(PAGE.0 / 72.0 * dpi), pixels(PAGE.1 / 72.0 * dpi));
    let side = 42.0 / 25.4 * dpi;
    let (left, top) = (20.0 / 25.4 * dpi, 220.0 / 25.4 * dpi);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turned = GrayImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (place(x) - left - side / 2.0, place(y) - top - side / 2.0);
        let (x_of, y_of) = (dx * cos + dy * sin, dy * cos - dx * sin);
        let at =
            |of: f32| (of / side + 0.5) * code.as_ref().map_or(0.0, |code| place(code.width()));
        let (u, v) = (at(x_of), at(y_of));
        let ink = code.as_ref().is_some_and(|code| {
            u >= 0.0
                && v >= 0.0
                && code
                    .get_pixel_checked(pixels(u), pixels(v))
                    .is_some_and(|pixel| pixel.0[0] < 128)
        });
        let noise = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA6B);
        let noise = u8::try_from(noise.wrapping_mul(0xC2B2_AE35) >> 27).unwrap_or(0);
        Luma([if ink { 40 + noise } else { 215 + noise }])
    });
    image::imageops::blur(&turned, 0.7)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place on a page, not negative and small"
)]
fn pixels(of: f32) -> u32 {
    of as u32
}

#[expect(clippy::cast_precision_loss, reason = "a place on a page is small")]
fn place(pixel: u32) -> f32 {
    pixel as f32
}

fn jpeg(picture: &GrayImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .expect("written");
    bytes
}

/// How the picture stands in the file.
enum Packed {
    Jpeg(u8),
    Plain,
}

/// A PDF of pictures, each filling its page.
fn pdf(pictures: &[GrayImage], packed: &Packed) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (catalog, tree) = (Ref::new(1), Ref::new(2));
    let ids = |at: usize| {
        let first = 3 + 3 * i32::try_from(at).expect("few pages");
        [first, first + 1, first + 2].map(Ref::new)
    };
    pdf.catalog(catalog).pages(tree);
    let count = i32::try_from(pictures.len()).expect("few pages");
    pdf.pages(tree)
        .kids((0..pictures.len()).map(|at| ids(at)[0]))
        .count(count);
    for (at, picture) in pictures.iter().enumerate() {
        let [page, image, content] = ids(at);
        let mut one = pdf.page(page);
        one.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1));
        one.parent(tree).contents(content);
        one.resources().x_objects().pair(Name(b"Scan"), image);
        one.finish();
        let bytes = match packed {
            Packed::Jpeg(quality) => jpeg(picture, *quality),
            Packed::Plain => picture.as_raw().clone(),
        };
        let mut stream = pdf.image_xobject(image, &bytes);
        if let Packed::Jpeg(_) = packed {
            stream.filter(Filter::DctDecode);
        }
        let side = |pixels: u32| i32::try_from(pixels).expect("a page");
        stream.width(side(picture.width()));
        stream.height(side(picture.height()));
        stream.color_space().device_gray();
        stream.bits_per_component(8);
        stream.finish();
        let mut drawn = Content::new();
        drawn.transform([PAGE.0, 0.0, 0.0, PAGE.1, 0.0, 0.0]);
        drawn.x_object(Name(b"Scan"));
        pdf.stream(content, &drawn.finish());
    }
    pdf.finish()
}

#[test]
fn a_scanned_certificate_is_read_from_its_pdf() {
    let text = text('A');
    for (dpi, degrees, packed) in [
        (150.0, 0.0, Packed::Jpeg(60)),
        (150.0, 1.5, Packed::Jpeg(75)),
        (200.0, 1.0, Packed::Plain),
        (200.0, -2.5, Packed::Jpeg(60)),
        (300.0, 4.0, Packed::Jpeg(50)),
        (300.0, 90.0, Packed::Jpeg(75)),
        (300.0, 180.0, Packed::Plain),
        (600.0, 2.0, Packed::Jpeg(75)),
    ] {
        let scan = pdf(&[sheet(Some(&text), dpi, degrees)], &packed);
        assert_eq!(
            paper::scan::read_pdf(&scan),
            Ok(vec![vec![text.clone()]]),
            "{dpi} dpi, turned by {degrees}"
        );
    }
}

#[test]
fn every_page_of_a_scan_tells_its_own_code_or_none() {
    let [first, second] = ['A', 'B'].map(text);
    let pages = [Some(first.as_str()), None, Some(second.as_str())];
    let pages = pages.map(|text| sheet(text, 200.0, 1.0));
    let scan = pdf(&pages, &Packed::Jpeg(70));
    assert_eq!(
        paper::scan::read_pdf(&scan),
        Ok(vec![vec![first], Vec::new(), vec![second]])
    );
    // A scan that broke off gives a fault or fewer codes, never a panic.
    for cut in (0..scan.len()).step_by(scan.len() / 7) {
        let _ = paper::scan::read_pdf(&scan[..cut]);
    }
}
