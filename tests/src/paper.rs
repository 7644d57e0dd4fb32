//! Programs that are not ours, which look at what was printed: poppler and zbar.

use std::path::Path;
use std::process::Command;

/// Runs a program to its good end; answers what it printed.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a scanner reads on each page of a document, printed at 300 dots an inch.
pub fn scanned(pdf: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), pdf);
    let pages = folder.path().join("page").display().to_string();
    run("pdftoppm", &["-r", "300", "-gray", &file, &pages]);
    let mut pictures: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "pgm"))
        .collect();
    pictures.sort();
    pictures
        .iter()
        .map(|picture| {
            let picture = picture.display().to_string();
            let only = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"];
            let text = run("zbarimg", &[&only[..], &[&picture]].concat());
            text.trim().to_owned()
        })
        .collect()
}

/// The text of a document, without spaces and line ends.
pub fn text(pdf: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), pdf);
    let text = run("pdftotext", &[&file, "-"]);
    text.chars().filter(|one| !one.is_whitespace()).collect()
}

/// What a document says of itself: name and value, as `pdfinfo` prints them.
pub fn info(pdf: &[u8]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), pdf);
    run("pdfinfo", &[&file])
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn write(folder: &Path, pdf: &[u8]) -> String {
    let path = folder.join("printed.pdf");
    std::fs::write(&path, pdf).expect("a file is written");
    path.display().to_string()
}

/// The first page as a scanner gives it, with so many dots an inch: a PNG and a JPEG.
pub fn scans(pdf: &[u8], dots: u32) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), pdf);
    let page = folder.path().join("page").display().to_string();
    ["png", "jpeg"]
        .into_iter()
        .map(|form| {
            let (form, dots) = (format!("-{form}"), dots.to_string());
            run(
                "pdftoppm",
                &["-r", &dots, "-singlefile", &form, &file, &page],
            );
            let ending = if form == "-png" { "png" } else { "jpg" };
            std::fs::read(format!("{page}.{ending}")).expect("a picture")
        })
        .collect()
}

/// A scanned page that lay crookedly by so many degrees: paler, and a little out of focus.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "positions in a picture"
)]
pub fn laid_crookedly(picture: &[u8], degrees: f32) -> Vec<u8> {
    use image::{GrayImage, Luma, imageops};
    let page = image::load_from_memory(picture)
        .expect("a picture")
        .into_luma8();
    let (width, height) = page.dimensions();
    let (sin, cos) = degrees.to_radians().sin_cos();
    let middle = |side: u32| side as f32 / 2.0;
    let at = |x: f32, y: f32| {
        let inside = x >= 0.0 && y >= 0.0 && x < width as f32 && y < height as f32;
        if inside {
            f32::from(page.get_pixel(x as u32, y as u32).0[0])
        } else {
            255.0
        }
    };
    let turned = GrayImage::from_fn(width, height, |x, y| {
        let (right, down) = (x as f32 - middle(width), y as f32 - middle(height));
        let from_x = cos * right + sin * down + middle(width);
        let from_y = cos * down - sin * right + middle(height);
        let (part_x, part_y) = (from_x.fract().abs(), from_y.fract().abs());
        let upper = at(from_x, from_y) * (1.0 - part_x) + at(from_x + 1.0, from_y) * part_x;
        let lower =
            at(from_x, from_y + 1.0) * (1.0 - part_x) + at(from_x + 1.0, from_y + 1.0) * part_x;
        let light = upper * (1.0 - part_y) + lower * part_y;
        Luma([(light * 0.75 + 40.0) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    imageops::blur(&turned, 0.7)
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a picture");
    bytes.into_inner()
}
