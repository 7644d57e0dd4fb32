//! Certificates on paper: PDF, large print, plain text and Braille, of one or of a batch.
//!
//! What stands on the paper is made in [`sheets`], once for every form. The PDF needs the feature `paper` (typst) and fonts
//! (`paper.fonts`); without either a request for it is refused with the reason, and everything else goes on.

mod batch;
mod braille;
pub(crate) mod json;
#[cfg(feature = "paper")]
mod press;
#[cfg(not(feature = "paper"))]
#[path = "no_press.rs"]
mod press;
mod sheets;

use std::io::Write as _;

use domain::access::Actor;
use domain::ids::BatchId;
use domain::privacy::{PersonalField, ReadPurpose};
use store::certificates::Certificate;
use store::privacy::reads::{self, NewRead};
use store::scope::Scope;

pub(crate) use batch::Archive;
pub use press::{missing_glyph, preview, warm};
pub(crate) use sheets::{Printable, missing_in_names};

use crate::app::App;
use crate::cores::PAPERS;
use crate::exports;
use crate::problem::{Code, Problem};

domain::text_enum! {
    /// Form of a certificate on paper.
    Form("form") {
        /// A4, PDF/UA-1.
        Pdf = "pdf",
        /// Large print, PDF/UA-1.
        Large = "large",
        /// Plain text.
        Text = "txt",
        /// Braille cells for an embosser.
        Braille = "brf",
    }
}

impl Form {
    /// Media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf | Self::Large => "application/pdf",
            Self::Text => "text/plain; charset=utf-8",
            Self::Braille => "text/plain; charset=us-ascii",
        }
    }

    /// End of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Pdf => ".pdf",
            Self::Large => "-large.pdf",
            Self::Text => ".txt",
            Self::Braille => ".brf",
        }
    }
}

/// One certificate in a form.
pub async fn one(app: &App, certificate: &Certificate, form: Form) -> Result<Vec<u8>, Problem> {
    let mut printables = sheets::of(app, std::slice::from_ref(certificate)).await?;
    let printable = printables.pop().ok_or_else(Problem::not_found)?;
    let place = PAPERS.place().await?;
    let paper = app.config.paper.clone();
    place
        .off_thread(move || render(&paper, &printable, form))
        .await
        .map_err(Problem::internal)?
}

/// One certificate in a form; blocks.
fn render(
    paper: &crate::config::file::Paper,
    printable: &Printable,
    form: Form,
) -> Result<Vec<u8>, Problem> {
    match form {
        Form::Pdf | Form::Large => press::print(paper, std::slice::from_ref(printable), form),
        Form::Text => Ok(::paper::text::plain(&printable.sheet).into_bytes()),
        Form::Braille => braille::write(paper, &printable.sheet),
    }
}

/// Certificates of a batch in one's scope, as they are printed; that they were read is kept for every holder.
pub async fn of_batch(app: &App, actor: &Actor, id: BatchId) -> Result<Vec<Printable>, Problem> {
    let reader = app.store.reader();
    let batch = store::certificates::batch(reader, id)
        .await?
        .ok_or_else(Problem::not_found)?;
    store::certificates::cohort_scope(reader, &Scope::of(actor), batch.cohort)
        .await?
        .ok_or_else(Problem::not_found)?;
    let certificates = store::certificates::of_batch(reader, id).await?;
    if certificates.is_empty() {
        return Err(Problem::not_found());
    }
    exports::allow(exports::Limit::Alone, true, certificates.len())?;
    note_batch(app, actor, id, &certificates).await?;
    let detail = format!("rows={}", certificates.len());
    crate::audit::did(app, actor, "print", ("batch", &id.to_string()), &detail).await?;
    sheets::of(app, &certificates).await
}

/// Printing a batch is a task of its own, asked for with a fresh proof: no alarm, one transaction.
async fn note_batch(
    app: &App,
    actor: &Actor,
    batch: BatchId,
    certificates: &[Certificate],
) -> Result<(), Problem> {
    let (now, day) = (app.now(), app.today());
    let tx = app.store.write().await?;
    for certificate in certificates {
        let read = NewRead {
            id: app.random.id(now),
            person: certificate.person,
            actor,
            purpose: ReadPurpose::CertificateFile.as_str(),
            words: None,
            grant: Some(batch.uuid()),
            at: now,
            day,
            fields: PersonalField::Name.as_str(),
        };
        reads::record(&tx, app.store.vault(), &read).await?;
    }
    Ok(store::commit(tx).await?)
}

/// All of a batch as one document, PDF or large print.
pub async fn document(
    app: &App,
    printables: Vec<Printable>,
    form: Form,
) -> Result<Vec<u8>, Problem> {
    let place = PAPERS.place().await?;
    let paper = app.config.paper.clone();
    place
        .off_thread(move || press::print(&paper, &printables, form))
        .await
        .map_err(Problem::internal)?
}

/// Writes a batch as an archive with a file for each certificate; `told` hears of each. Blocks, and holds one file at a time.
pub fn archive(
    paper: &crate::config::file::Paper,
    printables: &[Printable],
    form: Form,
    out: impl std::io::Write,
    mut told: impl FnMut(),
) -> Result<(), Problem> {
    let broken = |error: &dyn std::fmt::Display| {
        Problem::new(Code::Unavailable).with_detail(
            format!("压缩文件没有写完:{error}"),
            format!("The archive was not finished: {error}"),
        )
    };
    let mut zip = zip::ZipWriter::new_stream(out);
    // A PDF is compressed in itself.
    let method = match form {
        Form::Pdf | Form::Large => zip::CompressionMethod::Stored,
        Form::Text | Form::Braille => zip::CompressionMethod::Deflated,
    };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for printable in printables {
        let bytes = render(paper, printable, form)?;
        let name = format!("{}{}", printable.sheet.certificate_no, form.ending());
        zip.start_file(name, options)
            .map_err(|error| broken(&error))?;
        zip.write_all(&bytes).map_err(|error| broken(&error))?;
        told();
    }
    zip.finish().map_err(|error| broken(&error))?;
    Ok(())
}

/// Refuses a batch before any of it is written: a form that cannot be made, a name that cannot be printed.
pub fn ready(
    paper: &crate::config::file::Paper,
    printables: &[Printable],
    form: Form,
) -> Result<(), Problem> {
    match form {
        Form::Pdf | Form::Large => press::ready(paper, printables),
        Form::Text => Ok(()),
        Form::Braille => braille::ready(paper),
    }
}

fn unavailable(zh: impl Into<String>, en: impl Into<String>) -> Problem {
    Problem::new(Code::PaperUnavailable).with_detail(zh, en)
}
