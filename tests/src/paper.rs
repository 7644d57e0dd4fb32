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
