//! Photographs as they come: each is read when it is there, and only its text is kept, so that a thousand of a telephone's
//! take no more memory than two.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::multipart::Field;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;

use super::input::{Asked, broken, texts};
use crate::app::App;
use crate::cores;
use crate::problem::{Code, Problem, Sentence};
use crate::verify::{MOST_QUESTIONS, Question};

/// Photographs of one form that are read at once.
const AT_ONCE: usize = 2;
/// Forms that are answered at once; those that are still coming hold none of these places.
const ANSWERED: usize = 16;
/// For how long a form waits for memory.
const PATIENCE: Duration = Duration::from_secs(10);

static ANSWERING: Semaphore = Semaphore::const_new(ANSWERED);

/// A place to be answered.
pub(super) async fn answering() -> Result<SemaphorePermit<'static>, Problem> {
    ANSWERING.acquire().await.map_err(Problem::internal)
}

/// Memory of a field while it is held, out of that of all uploads: a slow sender holds what has come, and no more.
#[derive(Default)]
pub(super) struct Held {
    permits: Vec<OwnedSemaphorePermit>,
    kibibytes: usize,
}

impl Held {
    /// Takes memory for a field of so many bytes.
    pub(super) async fn grow(&mut self, app: &App, length: usize) -> Result<(), Problem> {
        let wanted = length.div_ceil(1024).saturating_sub(self.kibibytes);
        if wanted == 0 {
            return Ok(());
        }
        // In steps of 64 KiB at least, so that small pieces do not make long lists.
        let step = wanted.max(if self.kibibytes == 0 { 1 } else { 64 });
        let permits = app
            .border
            .upload_memory(u32::try_from(step).unwrap_or(u32::MAX));
        match tokio::time::timeout(PATIENCE, permits).await {
            Ok(Ok(permit)) => {
                self.permits.push(permit);
                self.kibibytes += step;
                Ok(())
            }
            _ => Err(Problem::new(Code::Overloaded)),
        }
    }
}

type Read = Result<Asked, Problem>;

/// The photographs of a form.
#[derive(Default)]
pub(super) struct Photographs {
    /// How many came, also those beyond the most.
    pub(super) count: usize,
    reading: VecDeque<JoinHandle<Read>>,
    done: Vec<Asked>,
}

impl Photographs {
    /// Takes one, of so many bytes at most; a longer one is a line that says so. An empty part is a file that was not chosen.
    pub(super) async fn take(&mut self, app: &App, mut field: Field<'_>) -> Result<(), Problem> {
        let most = app.border.figures.sizes.photograph_bytes;
        let mut held = Held::default();
        let name = field.file_name().unwrap_or("").to_owned();
        let kept = self.count < MOST_QUESTIONS;
        let (mut bytes, mut length) = (Vec::new(), 0_usize);
        while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
            length = length.saturating_add(chunk.len());
            if kept && length <= most {
                held.grow(app, length).await?;
                bytes.extend_from_slice(&chunk);
            } else {
                // Read to its end all the same: somebody who is still sending would not hear what is wrong.
                bytes = Vec::new();
                held = Held::default();
            }
        }
        if length == 0 {
            return Ok(());
        }
        self.count += 1;
        if !kept {
            return Ok(());
        }
        if self.reading.len() >= AT_ONCE {
            self.next().await?;
        }
        let too_large = length > most;
        self.reading.push_back(tokio::spawn(async move {
            if too_large {
                return Ok(refused(name, certs::qr::ImageFault::TooLarge.into()));
            }
            // Nobody signs in for it: what runs is bounded, and keeps its memory, also when its asker has gone.
            let place = cores::PHOTOGRAPHS.place().await?;
            let read = place.aside(move || {
                let _held = held;
                photograph(name, &bytes.into())
            });
            read.await.map_err(Problem::internal)
        }));
        Ok(())
    }

    async fn next(&mut self) -> Result<(), Problem> {
        if let Some(reading) = self.reading.pop_front() {
            self.done.push(reading.await.map_err(Problem::internal)??);
        }
        Ok(())
    }

    /// All lines, in the order in which the photographs came.
    pub(super) async fn finish(mut self) -> Result<(usize, Vec<Asked>), Problem> {
        while !self.reading.is_empty() {
            self.next().await?;
        }
        Ok((self.count, self.done))
    }
}

/// Each picture is a line, also one without a code, or with those of two certificates: whose answer would it be?
fn photograph(name: String, bytes: &Bytes) -> Asked {
    match certs::qr::read_one(bytes) {
        Ok(text) => Asked {
            cells: texts([name, text.clone()]),
            question: Ok(Question::Text(text)),
        },
        Err(fault) => refused(name, fault),
    }
}

fn refused(name: String, fault: certs::qr::PictureFault) -> Asked {
    let text = fault.to_string();
    let (zh, en) = text.split_once(" / ").unwrap_or((&text, &text));
    Asked {
        cells: texts([name, String::new()]),
        question: Err((fault.code(), Sentence::new(zh, en))),
    }
}
