//! The QR texts in files: pictures, PDFs, texts; folders and lists of such files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use certs::qr::{ImageFault, MAX_IMAGE_BYTES, PictureFault, read_one};
use serde::Serialize;

use super::CommandError;
use super::proofs::ENDING;
use crate::verify::wire::Words;

/// Most files of one command.
const MOST_FILES: usize = 200_000;
/// Folders below the one that was named.
const DEEPEST: usize = 16;

/// Why a file gives no QR text.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FileFault {
    pub(super) code: &'static str,
    pub(super) detail: Words,
}

pub(super) fn fault(code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> FileFault {
    FileFault {
        code,
        detail: Words::new(zh, en),
    }
}

/// A sentence of a library of ours: Chinese, ` / `, English.
pub(super) fn both(code: &'static str, sentence: &str) -> FileFault {
    let (zh, en) = sentence.split_once(" / ").unwrap_or((sentence, sentence));
    fault(code, zh, en)
}

/// The files that were named, with those of named folders in order of their names. What is no file, hidden inside of a
/// folder, or a proof file there, is passed over.
pub(super) fn all(named: &[PathBuf], lists: &[PathBuf]) -> Result<Vec<PathBuf>, CommandError> {
    let mut files = Vec::new();
    for path in named {
        if path.as_os_str() != "-" && path.is_dir() {
            folder(path, DEEPEST, &mut files)?;
        } else {
            files.push(path.clone());
        }
    }
    for list in lists {
        let text = std::fs::read_to_string(list).map_err(|error| {
            CommandError::Usage(format!(
                "清单 {0} 无法读取 / the list {0} cannot be read: {error}",
                list.display()
            ))
        })?;
        // Names in a list stand beside it, wherever the command runs.
        let beside = list.parent().unwrap_or(Path::new(""));
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        files.extend(
            lines
                .filter(|line| !line.is_empty())
                .map(|line| beside.join(line)),
        );
    }
    if files.len() > MOST_FILES {
        return Err(CommandError::Usage(format!(
            "一次最多 {MOST_FILES} 个文件 / at most {MOST_FILES} files at once"
        )));
    }
    Ok(files)
}

fn folder(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let proof = entry.path().extension().is_some_and(|end| end == ENDING);
        if proof || entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // The entry itself, not what a link points to: links may lead in circles.
        let kind = entry.file_type()?;
        if kind.is_file() {
            files.push(entry.path());
        } else if kind.is_dir() && depth > 0 {
            folder(&entry.path(), depth - 1, files)?;
        }
        if files.len() > MOST_FILES {
            return Ok(());
        }
    }
    Ok(())
}

/// What stands at one place of a file: the text of a code, or that a page of a PDF shows none.
pub(super) type Found = Result<String, FileFault>;

/// The QR texts of a file, in order.
pub(super) fn codes(path: &Path) -> Result<Vec<Found>, FileFault> {
    texts(path, read(path)?)
}

/// At most one byte more than a picture may have, so that a device file cannot fill the memory.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, FileFault> {
    let mut bytes = Vec::new();
    let most = MAX_IMAGE_BYTES as u64 + 1;
    let outcome = if file.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes))
    };
    match outcome {
        Ok(_) => Ok(bytes),
        Err(error) => Err(fault(
            "unreadable",
            format!("文件无法读取:{error}"),
            format!("the file cannot be read: {error}"),
        )),
    }
}

fn texts(path: &Path, bytes: Vec<u8>) -> Result<Vec<Found>, FileFault> {
    if bytes.starts_with(b"%PDF-") {
        return pdf(path, &bytes);
    }
    match read_one(&bytes) {
        Ok(text) => Ok(vec![Ok(text)]),
        Err(PictureFault::Image(ImageFault::Format)) => {
            found(lines(bytes)?.into_iter().map(Ok).collect())
        }
        Err(other) => Err(both(other.code(), &other.to_string())),
    }
}

fn lines(bytes: Vec<u8>) -> Result<Vec<String>, FileFault> {
    if bytes.len() > MAX_IMAGE_BYTES {
        return Err(both(
            ImageFault::TooLarge.code(),
            &ImageFault::TooLarge.to_string(),
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        fault(
            "file_format",
            "请使用 PNG、JPEG、PDF,或每行一个二维码内容的 UTF-8 文本",
            "use a PNG, a JPEG, a PDF, or UTF-8 text with one QR text a line",
        )
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let lines = || {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
    };
    // A certificate as plain text says more than its code, which stands behind its heading. Of any other file each line is
    // asked about: one that is passed over would look like one that holds.
    Ok(if lines().any(|line| line == CODE_HEADING) {
        lines().filter(|line| may_be_code(line)).collect()
    } else {
        lines().collect()
    })
}

/// What our own plain text has above the code (`paper::text`).
const CODE_HEADING: &str = "二维码内容(content of the QR code):";

/// What is a code, or was one before it was damaged: an address, or one word of ASCII, as numbers and ids are.
fn may_be_code(line: &str) -> bool {
    let address = line
        .get(..8)
        .is_some_and(|start| start.eq_ignore_ascii_case("https://"));
    address || line.bytes().all(|byte| byte.is_ascii_graphic())
}

fn found(texts: Vec<Found>) -> Result<Vec<Found>, FileFault> {
    if texts.iter().all(Result::is_err) {
        let fault = PictureFault::NoCode;
        return Err(both(fault.code(), &fault.to_string()));
    }
    Ok(texts)
}

/// One code for each certificate of the file, page after page; the same code twice on a page is one. A page without a code is
/// told: it may be a certificate that was scanned badly. What looks like a further page is told on the side.
#[cfg(feature = "paper")]
fn pdf(path: &Path, bytes: &[u8]) -> Result<Vec<Found>, FileFault> {
    let pages =
        paper::scan::read_pdf(bytes).map_err(|fault| both(fault.code(), &fault.to_string()))?;
    let shown: Vec<bool> = pages.iter().map(|page| !page.is_empty()).collect();
    let backs = has_backs(&shown);
    let without = shown.iter().filter(|shown| !**shown).count();
    if backs && without > 0 {
        eprintln!(
            "mingzheng: {}: 有 {without} 页没有二维码,按证书的续页处理;如其中有证书,请单独重新扫描 / {without} pages show no code and are taken for further pages of certificates: if one is a certificate, scan it again",
            path.display()
        );
    }
    let mut texts = Vec::new();
    for (number, page) in (1..).zip(pages) {
        if page.is_empty() && !backs {
            texts.push(Err(fault(
                PictureFault::NoCode.code(),
                format!("第 {number} 页没有能读出的二维码;如该页是一份证书,请单独重新扫描"),
                format!("page {number} shows no QR code that can be read: if it is a certificate, scan it again"),
            )));
        }
        let mut seen = std::collections::BTreeSet::new();
        texts.extend(
            page.into_iter()
                .filter(|text| seen.insert(text.clone()))
                .map(Ok),
        );
    }
    found(texts)
}

/// Whether pages without a code are further pages of certificates, as a federation's own form may have: each certificate has
/// the same number of them.
#[cfg(feature = "paper")]
fn has_backs(shown: &[bool]) -> bool {
    let codes = shown.iter().filter(|shown| **shown).count();
    let (Some(first), Some(0)) = (
        shown.iter().position(|shown| *shown),
        shown.len().checked_rem(codes),
    ) else {
        return false;
    };
    let each = shown.len() / codes;
    (0..)
        .zip(shown)
        .all(|(at, shown)| (at % each == first) == *shown)
}

#[cfg(not(feature = "paper"))]
fn pdf(_: &Path, _: &[u8]) -> Result<Vec<Found>, FileFault> {
    Err(fault(
        "pdf_unavailable",
        "本程序编译时未含 PDF,请改用照片",
        "this program was built without PDF: use a photograph",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "paper")]
    #[test]
    fn a_page_without_a_code_is_told_unless_every_certificate_has_such_a_page() {
        let backs =
            |pages: &str| has_backs(&pages.bytes().map(|one| one == b'Q').collect::<Vec<_>>());
        for (pages, told) in [
            ("Q", true),
            ("Q-", true),
            ("-Q-Q-Q", true),
            ("Q--Q--", true),
            ("QQ-QQQQ", false),
            ("QQ-Q", false),
            ("Q--Q", false),
            ("--", false),
            ("", false),
        ] {
            assert_eq!(backs(pages), told, "{pages}");
        }
    }

    #[test]
    fn of_a_certificate_in_words_the_codes_are_taken_and_other_lists_stay_whole() {
        let read = |text: &str| lines(text.as_bytes().to_vec()).expect("UTF-8");
        let code = "HTTPS://V.EXAMPLE.CN/V/ABC#2222";
        let named = format!("王某 {code}\n{code}");
        assert_eq!(read(&named).len(), 2, "a code behind a name is a row, too");
        let words = format!(
            "\u{feff}职业培训合格证书\n\n姓名(Name):王某\n  读作(spoken):幺二\nCheck it at https://v.example.cn/verify\nhttps\n\n二维码内容(content of the QR code):\n{code}\n"
        );
        assert_eq!(read(&words), ["https", code]);
        // One that was damaged is not passed over, nor a number or the code's bytes alone.
        let list =
            format!("{code}\nMZ33-2026-1234\nhttps://v.example.cn/v/ 坏\nAEBAGBAF\nhttps:/x");
        assert_eq!(read(&list).len(), 5);
        assert_eq!(read("姓名\nno code at all").len(), 2, "odd lines alone");
        assert_eq!(read(&code.to_lowercase()).len(), 1);
    }
}
