//! An archive that is sent while it is made: what has come is the progress, and no more than a file is held.

use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::Frame;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{Form, Printable};
use crate::app::App;
use crate::cores::PAPERS;
use crate::problem::Problem;

/// Parts that wait for a slow reader.
const WAITING: usize = 4;
/// Bytes of a part.
const PART: usize = 64 * 1024;

/// The body of an archive.
#[derive(Debug)]
pub(crate) struct Archive(Receiver<io::Result<Bytes>>);

impl Archive {
    /// Begins to print; everything was found printable before.
    pub(crate) fn begin(app: &App, printables: Vec<Printable>, form: Form) -> Self {
        let (parts, body) = channel(WAITING);
        let paper = app.config.paper.clone();
        tokio::spawn(async move {
            let Ok(place) = PAPERS.place().await else {
                return;
            };
            let printed = place.off_thread(move || {
                let mut out = Parts {
                    parts: parts.clone(),
                    part: Vec::with_capacity(PART),
                };
                let done = super::archive(&paper, &printables, form, &mut out, || ());
                let done = done.map_err(|problem: Problem| io::Error::other(problem.to_string()));
                // A reader that has gone needs no end; one that waits hears that it was none.
                if let Err(error) = done.and_then(|()| out.flush()) {
                    let _ = parts.blocking_send(Err(error));
                }
            });
            if let Err(error) = printed.await {
                tracing::error!("an archive of certificates was not finished: {error}");
            }
        });
        Self(body)
    }
}

impl http_body::Body for Archive {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0
            .poll_recv(context)
            .map(|part| part.map(|part| part.map(Frame::data)))
    }
}

/// A writer whose other end is a body.
struct Parts {
    parts: Sender<io::Result<Bytes>>,
    part: Vec<u8>,
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.part.extend_from_slice(bytes);
        if self.part.len() >= PART {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = std::mem::take(&mut self.part);
        self.parts
            .blocking_send(Ok(part.into()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
