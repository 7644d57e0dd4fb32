//! Fonts from configured folders: none lies in the repository, since a whole Chinese font has twenty megabytes. The package
//! `fonts-noto-cjk` has the ones that the bundled templates name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;

/// Endings of font files.
const ENDINGS: &[&str] = &["ttf", "otf", "ttc", "otc"];
/// Most files that are looked into.
const MOST_FILES: usize = 500;
/// A character that every font for Chinese certificates has.
const PROBE: char = '证';

/// Why a press has no fonts.
#[derive(Debug, thiserror::Error)]
pub enum FontFault {
    /// A folder cannot be read.
    #[error("字体目录无法读取 / the folder of fonts cannot be read: {folder}: {1}", folder = .0.display())]
    Folder(PathBuf, std::io::Error),
    /// None of them has Chinese characters.
    #[error(
        "没有中文字体,请安装软件包 fonts-noto-cjk 或在 paper.fonts 中指定目录 / no Chinese font: install the package fonts-noto-cjk, or name a folder in paper.fonts"
    )]
    None,
}

struct Slot {
    path: PathBuf,
    index: u32,
    font: OnceLock<Option<Font>>,
}

/// What is known of the fonts of some folders; a file is read into memory when a template first uses it.
pub struct Fonts {
    book: LazyHash<FontBook>,
    slots: Vec<Slot>,
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fonts({})", self.slots.len())
    }
}

impl Fonts {
    /// Looks through folders and the folders in them.
    pub fn read(folders: &[PathBuf]) -> Result<Self, FontFault> {
        let mut files = Vec::new();
        for folder in folders {
            collect(folder, 2, &mut files)
                .map_err(|error| FontFault::Folder(folder.clone(), error))?;
        }
        files.sort();
        files.truncate(MOST_FILES);
        let (mut book, mut slots) = (FontBook::new(), Vec::new());
        for path in files {
            let Ok(bytes) = std::fs::read(&path) else {
                continue;
            };
            for (index, info) in FontInfo::iter(&bytes).enumerate() {
                book.push(info);
                slots.push(Slot {
                    path: path.clone(),
                    index: u32::try_from(index).unwrap_or(u32::MAX),
                    font: OnceLock::new(),
                });
            }
        }
        let fonts = Self {
            book: LazyHash::new(book),
            slots,
        };
        if fonts.has(PROBE) {
            Ok(fonts)
        } else {
            Err(FontFault::None)
        }
    }

    pub(super) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    /// The font of a place in the book; its bytes are shared with the other fonts of the same file.
    pub(super) fn font(&self, place: usize) -> Option<Font> {
        let slot = self.slots.get(place)?;
        slot.font
            .get_or_init(|| {
                let read = self
                    .slots
                    .iter()
                    .filter(|other| other.path == slot.path)
                    .find_map(|other| Some(other.font.get()?.as_ref()?.data().clone()));
                let data = read.or_else(|| std::fs::read(&slot.path).ok().map(Bytes::new))?;
                Font::new(data, slot.index)
            })
            .clone()
    }

    /// Whether any font has the character. Spaces need no glyph.
    pub fn has(&self, one: char) -> bool {
        one.is_whitespace()
            || (0..self.slots.len())
                .filter_map(|place| self.book.info(place))
                .any(|info| info.coverage.contains(u32::from(one)))
    }
}

fn collect(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files)?;
            }
        } else if ending
            .is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
        {
            files.push(path);
        }
    }
    Ok(())
}
