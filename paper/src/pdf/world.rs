//! All that a template can see: the frame, itself, and the JSON of the certificates.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use typst::diag::{FileError, FileResult, PackageError, SourceDiagnostic};
use typst::ecow::EcoVec;
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, World, WorldExt as _};

use super::PaperFault;
use super::fonts::Fonts;
use super::template::{Template, TemplateFault};

/// The frame: language and title, which PDF/UA asks for, and the QR code, whose size and text alternative are not the
/// template's to choose.
const FRAME: &str = r#"
#import "/template.typ": certificate
#let given = json("/certificates.json")
#set document(title: given.title, author: given.author)
#set text(lang: "zh", region: "cn", font: ("Noto Serif CJK SC", "Noto Sans CJK SC"))
#for one in given.certificates {
  certificate(one + (qr: image(bytes(one.qr_png), format: "png", scaling: "pixelated", width: one.qr_mm * 1mm, alt: one.qr_alt)))
}
"#;

fn id(path: &str) -> FileId {
    let path = VirtualPath::new(path).expect("a constant path");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

static MAIN: LazyLock<Source> = LazyLock::new(|| Source::new(id("/main.typ"), FRAME.to_owned()));
static TEMPLATE: LazyLock<FileId> = LazyLock::new(|| id("/template.typ"));
static GIVEN: LazyLock<FileId> = LazyLock::new(|| id("/certificates.json"));

pub(super) struct PaperWorld {
    library: Arc<LazyHash<Library>>,
    fonts: Arc<Fonts>,
    name: Arc<str>,
    template: Source,
    given: Bytes,
}

impl PaperWorld {
    pub(super) fn new(
        library: &Arc<LazyHash<Library>>,
        fonts: &Arc<Fonts>,
        template: &Template,
        given: Vec<u8>,
    ) -> Self {
        Self {
            library: Arc::clone(library),
            fonts: Arc::clone(fonts),
            name: Arc::clone(&template.name),
            template: Source::new(*TEMPLATE, template.text.to_string()),
            given: Bytes::new(given),
        }
    }

    /// Line of the template, 0 where it is not about the template.
    fn line(&self, one: &SourceDiagnostic) -> usize {
        let in_trace = one.trace.iter().map(|point| point.span.into());
        let mut places = std::iter::once(one.span).chain(in_trace);
        places
            .find_map(|span| {
                if span.id()? != *TEMPLATE {
                    return None;
                }
                let range = self.range(span)?;
                self.template.lines().byte_to_line(range.start)
            })
            .map_or(0, |line| line + 1)
    }

    /// One message with its hints.
    pub(super) fn tell(&self, one: &SourceDiagnostic) -> String {
        let mut text = format!("{}:{}: {}", self.name, self.line(one), one.message);
        for hint in &one.hints {
            let _ = write!(text, "; {}", hint.v);
        }
        text
    }

    /// The first of some errors as a fault of the template.
    pub(super) fn fault(&self, errors: &EcoVec<SourceDiagnostic>) -> PaperFault {
        let Some(one) = errors.first() else {
            return PaperFault::Layout(String::new());
        };
        let mut message = one.message.to_string();
        for hint in &one.hints {
            let _ = write!(message, "; {}", hint.v);
        }
        PaperFault::Template(TemplateFault::Code {
            name: self.name.to_string(),
            line: self.line(one),
            message,
        })
    }

    fn refuse(file: FileId) -> FileError {
        match file.root() {
            VirtualRoot::Project => FileError::AccessDenied,
            VirtualRoot::Package(package) => PackageError::NotFound(package.clone()).into(),
        }
    }
}

impl World for PaperWorld {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        MAIN.id()
    }

    fn source(&self, file: FileId) -> FileResult<Source> {
        if file == MAIN.id() {
            Ok(MAIN.clone())
        } else if file == *TEMPLATE {
            Ok(self.template.clone())
        } else {
            Err(Self::refuse(file))
        }
    }

    fn file(&self, file: FileId) -> FileResult<Bytes> {
        if file == *GIVEN {
            Ok(self.given.clone())
        } else {
            Err(Self::refuse(file))
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    /// No clock: a paper tells when it was issued, not when it was printed.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}
