//! Bodies that come too slowly or are too large (trust.md OV-2, OV-3; field.md 20).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// How fast a body must come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// All of it.
    pub(super) whole: Duration,
    /// Before the rate counts.
    pub(super) grace: Duration,
    /// Bytes a second after that.
    pub(super) rate: u64,
}

/// Whether a body was given up because it came too slowly.
#[derive(Clone, Debug, Default)]
pub(super) struct WasSlow(Arc<AtomicBool>);

impl WasSlow {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A body that ends with an error once its average rate falls under the least, or its time is over.
pub(super) struct Paced {
    inner: Body,
    pace: Pace,
    began: Instant,
    bytes: u64,
    patience: Pin<Box<Sleep>>,
    slow: WasSlow,
}

impl Paced {
    pub(super) fn new(inner: Body, pace: Pace) -> (Self, WasSlow) {
        let began = Instant::now();
        let slow = WasSlow::default();
        let patience = Box::pin(tokio::time::sleep_until(began + pace.grace.min(pace.whole)));
        let paced = Self {
            inner,
            pace,
            began,
            bytes: 0,
            patience,
            slow: slow.clone(),
        };
        (paced, slow)
    }

    /// When patience ends with what has come so far.
    fn end(&self) -> Instant {
        let earned =
            Duration::from_millis(self.bytes.saturating_mul(1_000) / self.pace.rate.max(1));
        self.began + self.pace.grace.saturating_add(earned).min(self.pace.whole)
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            if let Some(Ok(frame)) = &frame
                && let Some(data) = frame.data_ref()
            {
                self.bytes += data.len() as u64;
                let end = self.end();
                self.patience.as_mut().reset(end);
            }
            return Poll::Ready(frame);
        }
        ready!(self.patience.as_mut().poll(context));
        self.slow.0.store(true, Ordering::SeqCst);
        Poll::Ready(Some(Err(axum::Error::new(TooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
struct TooSlow;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Over the limit.
    Large,
    /// Too slow.
    Slow,
    /// The connection broke.
    Broken,
    /// No memory for it now.
    NoMemory,
}

/// Reads a body and keeps nothing of it.
pub(super) async fn discard(body: Body, pace: Pace) {
    rest(Paced::new(body, pace).0).await;
}

async fn rest(mut body: Paced) {
    while let Some(Ok(_)) = body.frame().await {
        tokio::task::yield_now().await;
    }
}

/// Reads a whole body before a place is taken, so that slow senders hold no places. The memory is given back with the
/// permits.
pub(super) async fn read(
    body: Body,
    pace: Pace,
    most: usize,
    memory: &Arc<Semaphore>,
) -> Result<(Bytes, Vec<OwnedSemaphorePermit>), Unread> {
    let (mut body, slow) = Paced::new(body, pace);
    let mut bytes = Vec::new();
    let (mut permits, mut held) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            if slow.get() {
                Unread::Slow
            } else {
                Unread::Broken
            }
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if !bytes.is_empty() {
            // A file comes in many pieces: whoever asks little has their turn between them.
            tokio::task::yield_now().await;
        }
        if bytes.len() + data.len() > most {
            return Err(Unread::Large);
        }
        bytes.extend_from_slice(&data);
        let wanted = bytes.len().div_ceil(1024).saturating_sub(held);
        if wanted > 0 {
            // In steps of 64 KiB at least, so that small pieces do not make long lists.
            let step =
                u32::try_from(wanted.max(if held == 0 { 1 } else { 64 })).unwrap_or(u32::MAX);
            let Ok(permit) = Arc::clone(memory).try_acquire_many_owned(step) else {
                // Whoever is still sending would not hear why.
                rest(body).await;
                return Err(Unread::NoMemory);
            };
            held += step as usize;
            permits.push(permit);
        }
    }
    Ok((bytes.into(), permits))
}
