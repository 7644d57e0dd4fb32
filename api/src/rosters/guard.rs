//! The XLSX container is walked before the workbook reader sees a byte of it
//! (trust.md UP-1): what it really inflates to, what it holds, and whether its
//! XML could make a reader allocate without bound.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::refused::{Active, WrongType};
use super::{Limits, RosterRefused};

/// Most `<` in a part that is neither a sheet nor the shared strings (styles of real offices reach 100,000).
const PART_TAGS: u64 = 400_000;
/// Most inflated bytes of a part that is not XML, such as a picture.
const BINARY_BYTES: u64 = 16 << 20;
/// Longest tag or text run. A 4 KiB cell written wholly in character references stays below.
const RUN_BYTES: u64 = 1 << 20;
/// Most elements of a sheet inside each other.
const DEEPEST: u32 = 200;
/// Share of [`RUN_BYTES`] that text may take.
const TEXT_RUN_BYTES: u64 = 64 << 10;
/// The part that says what the others are, in lower case.
const CONTENT_TYPES: &str = "[content_types].xml";
/// Most inflated bytes of that part.
const CONTENT_TYPES_BYTES: usize = 256 << 10;
/// Inflating less than this is never called a bomb, whatever the ratio.
const RATIO_FROM_BYTES: u64 = 1 << 20;

/// Inflates every entry once, counting, and refuses what a roster must not be.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), RosterRefused> {
    // The central directory is counted before the archive reader makes a map of it.
    if count(bytes, *b"PK\x01\x02") > limits.entries {
        return Err(RosterRefused::Expands);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > limits.entries {
        return Err(RosterRefused::Expands);
    }
    let names: Vec<String> = archive
        .file_names()
        .map(|name| Ok(name?.to_ascii_lowercase().replace('\\', "/")))
        .collect::<Result<_, ZipError>>()
        .map_err(damaged)?;
    check_names(&names)?;
    if archive.has_overlapping_files().map_err(damaged)? {
        return Err(RosterRefused::Expands);
    }

    let most = limits.inflated_bytes.min(
        limits
            .ratio
            .saturating_mul(bytes.len() as u64)
            .max(RATIO_FROM_BYTES),
    );
    let mut total: u64 = 0;
    let mut chunk = vec![0_u8; 64 << 10];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.to_ascii_lowercase();
        let mut scan = Scan::of(&name);
        let mut types = (name == CONTENT_TYPES).then(Vec::new);
        loop {
            let read = entry.read(&mut chunk).map_err(damaged)?;
            let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else {
                break;
            };
            total += read as u64;
            if total > most {
                return Err(RosterRefused::Expands);
            }
            scan.feed(part, limits)?;
            if let Some(types) = &mut types {
                types.extend_from_slice(part);
                if types.len() > CONTENT_TYPES_BYTES {
                    return Err(RosterRefused::Expands);
                }
            }
        }
        if let Some(types) = types {
            check_types(&types)?;
        }
    }
    Ok(())
}

/// What the container says its parts are: a workbook without macros, whatever the names of the parts say.
fn check_types(types: &[u8]) -> Result<(), RosterRefused> {
    let text = String::from_utf8_lossy(types).to_ascii_lowercase();
    let wrong = if text.contains("macroenabled") || text.contains("vbaproject") {
        RosterRefused::Active(Active::Macros)
    } else if text.contains("externallink+xml") {
        RosterRefused::Active(Active::ExternalLinks)
    } else if !text.contains("spreadsheetml.sheet.main+xml")
        && !text.contains("spreadsheetml.template.main+xml")
    {
        RosterRefused::Type(WrongType::Archive)
    } else {
        return Ok(());
    };
    Err(wrong)
}

fn check_names(names: &[String]) -> Result<(), RosterRefused> {
    // Nothing is ever unpacked to a disk; a container with such names was made to be, by somebody else's program.
    let leads_out = |name: &String| {
        name.starts_with('/') || name.contains(':') || name.split('/').any(|part| part == "..")
    };
    if names.iter().any(leads_out) {
        return Err(RosterRefused::Unreadable { row: None });
    }
    let any = |test: &dyn Fn(&str) -> bool| names.iter().any(|name| test(name));
    let wrong = if any(&|name| name == "xl/workbook.bin") {
        Some(RosterRefused::Type(WrongType::Xlsb))
    } else if any(&|name| name == "content.xml") && any(&|name| name == "mimetype") {
        Some(RosterRefused::Type(WrongType::OpenDocument))
    } else if !any(&|name| name == CONTENT_TYPES) || !any(&|name| name.starts_with("xl/")) {
        Some(RosterRefused::Type(WrongType::Archive))
    } else if any(&|name| {
        name.ends_with("vbaproject.bin")
            || name.contains("macrosheets/")
            || name.contains("dialogsheets/")
    }) {
        Some(RosterRefused::Active(Active::Macros))
    } else if any(&|name| name.contains("externallinks/")) {
        Some(RosterRefused::Active(Active::ExternalLinks))
    } else if any(&|name| {
        name.contains("/embeddings/")
            || name.contains("/activex/")
            || name.contains("/ctrlprops/")
            || name.contains("oleobject")
    }) {
        Some(RosterRefused::Active(Active::Objects))
    } else {
        None
    };
    wrong.map_or(Ok(()), Err)
}

/// Looks at one entry's bytes as they come.
struct Scan {
    part: Part,
    /// Whether a byte came that tells what the part is; blanks and byte order marks do not.
    begun: bool,
    bytes: u64,
    tags: u64,
    run: u64,
    in_tag: bool,
    depth: Depth,
    window: Window,
}

/// How deep the elements of a sheet stand in each other: a list needs ten, and a reader may recurse.
#[derive(Default)]
struct Depth {
    open: u32,
    /// The byte before.
    last: u8,
    /// Whether the tag being read opens an element.
    opens: bool,
}

impl Depth {
    fn push(&mut self, byte: u8) -> bool {
        match (self.last, byte) {
            (b'<', b'/') => {
                self.opens = false;
                self.open = self.open.saturating_sub(1);
            }
            (b'<', b'?' | b'!') => self.opens = false,
            (b'<', _) => {
                self.opens = true;
                self.open += 1;
            }
            (b'/', b'>') if self.opens => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.last = byte;
        self.open <= DEEPEST
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Cells,
    Strings,
    Xml,
    Binary,
}

impl Scan {
    fn of(name: &str) -> Self {
        // The place first: a reader takes for a sheet whatever the workbook calls one.
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let part = match extension {
            _ if name.contains("/worksheets/") => Part::Cells,
            "png" | "jpg" | "jpeg" | "gif" | "bmp" | "tif" | "tiff" | "emf" | "wmf" | "webp"
            | "ico" | "bin" => Part::Binary,
            _ if name.ends_with("sharedstrings.xml") => Part::Strings,
            _ => Part::Xml,
        };
        Self {
            part,
            begun: false,
            bytes: 0,
            tags: 0,
            run: 0,
            in_tag: false,
            depth: Depth::default(),
            window: Window::default(),
        }
    }

    /// What begins like XML is counted like a sheet, under whatever name: no picture begins so.
    fn begin(&mut self, chunk: &[u8]) {
        if self.begun || self.part != Part::Binary {
            return;
        }
        let blank = |byte: &u8| b"\xef\xbb\xbf\xfe\xff\0 \t\r\n".contains(byte);
        let Some(first) = chunk.iter().find(|byte| !blank(byte)) else {
            return;
        };
        self.begun = true;
        if *first == b'<' {
            self.part = Part::Cells;
        }
    }

    fn feed(&mut self, chunk: &[u8], limits: &Limits) -> Result<(), RosterRefused> {
        self.bytes += chunk.len() as u64;
        self.begin(chunk);
        if self.part == Part::Binary {
            return if self.bytes > BINARY_BYTES {
                Err(RosterRefused::Expands)
            } else {
                Ok(())
            };
        }
        // `<c><f></f><v></v></c>`, `<si><t></t></si>`: rich text takes more, and then fewer cells fit.
        let most_tags = match self.part {
            Part::Cells => (limits.cells as u64).saturating_mul(8),
            Part::Strings => (limits.cells as u64).saturating_mul(4),
            Part::Xml | Part::Binary => PART_TAGS,
        };
        for byte in chunk {
            match byte {
                // UTF-16 and binary data under the name of XML; no UTF-8 XML has this byte.
                0 => return Err(RosterRefused::Active(Active::Doctype)),
                b'<' => {
                    self.tags += 1;
                    self.run = 0;
                    self.in_tag = true;
                }
                b'>' => {
                    self.run = 0;
                    self.in_tag = false;
                }
                _ => self.run += 1,
            }
            let most_run = if self.in_tag {
                RUN_BYTES
            } else {
                TEXT_RUN_BYTES
            };
            if self.run > most_run {
                return Err(RosterRefused::CellTooLong {
                    row: None,
                    limit_bytes: limits.cell_bytes,
                });
            }
            if matches!(self.part, Part::Cells | Part::Strings) && !self.depth.push(*byte) {
                return Err(RosterRefused::Unreadable { row: None });
            }
            self.window.push(*byte, limits)?;
        }
        if self.tags > most_tags {
            return Err(RosterRefused::TooManyCells {
                limit: limits.cells,
            });
        }
        Ok(())
    }
}

/// The words that are looked for, across the borders of chunks.
#[derive(Default)]
struct Window {
    /// The last sixteen bytes, letters folded to lower case.
    last: u128,
    counting: Counting,
}

/// State of reading `uniqueCount="digits`.
#[derive(Default, Clone, Copy)]
enum Counting {
    #[default]
    Not,
    BeforeValue,
    Digits(u64),
}

const DOCTYPE: u128 = word(b"<!doctype");
const ENTITY: u128 = word(b"<!entity");
const UNIQUE_COUNT: u128 = word(b"uniquecount");

impl Window {
    fn push(&mut self, byte: u8, limits: &Limits) -> Result<(), RosterRefused> {
        self.last = (self.last << 8) | u128::from(byte | 0x20);
        match (self.counting, byte) {
            (Counting::Not, _) if !matches!(byte | 0x20, b'e' | b'y' | b't') => {}
            (Counting::Not, _) => {
                if self.ends_with(DOCTYPE, 9) || self.ends_with(ENTITY, 8) {
                    return Err(RosterRefused::Active(Active::Doctype));
                }
                if self.ends_with(UNIQUE_COUNT, 11) {
                    self.counting = Counting::BeforeValue;
                }
            }
            (Counting::BeforeValue, b'0'..=b'9') => {
                self.counting = Counting::Digits(u64::from(byte - b'0'));
            }
            (Counting::BeforeValue, b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'"' | b'\'' | b'+') => {}
            // The workbook reader reserves this many strings on the file's word alone.
            (Counting::Digits(n), b'0'..=b'9') => {
                let n = n.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                if n > limits.cells as u64 {
                    return Err(RosterRefused::TooManyCells {
                        limit: limits.cells,
                    });
                }
                self.counting = Counting::Digits(n);
            }
            (Counting::BeforeValue | Counting::Digits(_), _) => self.counting = Counting::Not,
        }
        Ok(())
    }

    fn ends_with(&self, word: u128, len: u32) -> bool {
        self.last & ((1 << (8 * len)) - 1) == word
    }
}

const fn word(text: &[u8]) -> u128 {
    let mut word = 0;
    let mut at = 0;
    while at < text.len() {
        word = (word << 8) | (text[at] | 0x20) as u128;
        at += 1;
    }
    word
}

fn count(bytes: &[u8], word: [u8; 4]) -> usize {
    bytes.windows(4).filter(|window| *window == word).count()
}

fn damaged<E>(_: E) -> RosterRefused {
    RosterRefused::Unreadable { row: None }
}
