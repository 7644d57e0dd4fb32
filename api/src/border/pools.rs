//! How many requests of a class run at once and wait (trust.md OV-1).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Class;
use crate::config::border::{Pool as Figures, Pools as AllFigures};

pub(super) struct Pools {
    classes: Vec<Pool>,
    /// Forms that are read as they come.
    batch: Pool,
}

struct Pool {
    permits: Arc<Semaphore>,
    running: u32,
    waiting: AtomicU32,
    most_waiting: u32,
    wait: Duration,
}

/// No place, and none to wait for.
#[derive(Debug)]
pub(super) struct Full;

impl Pools {
    pub(super) fn new(figures: &AllFigures) -> Self {
        let of = |class: &Class| match class {
            Class::Verify => figures.verify,
            Class::Lookup => figures.lookup,
            Class::SignIn => figures.sign_in,
            Class::Import => figures.import,
            Class::Export => figures.export,
            Class::Other => figures.other,
        };
        Self {
            classes: Class::ALL
                .iter()
                .map(|class| Pool::new(of(class)))
                .collect(),
            batch: Pool::new(figures.batch),
        }
    }

    /// A place; it is given back when the permit is dropped.
    pub(super) async fn enter(&self, class: Class) -> Result<OwnedSemaphorePermit, Full> {
        self.classes[class.index()].enter().await
    }

    /// A place for a form that holds it while it comes.
    pub(super) async fn enter_batch(&self) -> Result<OwnedSemaphorePermit, Full> {
        self.batch.enter().await
    }

    pub(super) fn is_full(&self, class: Class) -> bool {
        let pool = &self.classes[class.index()];
        pool.permits.available_permits() == 0
            && pool.waiting.load(Ordering::Relaxed) >= pool.most_waiting
    }

    pub(super) fn load(&self, class: Class) -> (u32, u32, u32) {
        let pool = &self.classes[class.index()];
        let free = u32::try_from(pool.permits.available_permits()).unwrap_or(u32::MAX);
        (
            pool.running.saturating_sub(free),
            pool.waiting.load(Ordering::Relaxed),
            pool.running,
        )
    }
}

impl Pool {
    fn new(figures: Figures) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(figures.running.max(1) as usize)),
            running: figures.running.max(1),
            waiting: AtomicU32::new(0),
            most_waiting: figures.waiting,
            wait: Duration::from_millis(figures.wait_ms),
        }
    }

    async fn enter(&self) -> Result<OwnedSemaphorePermit, Full> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = Waiting::take(&self.waiting, self.most_waiting).ok_or(Full)?;
        let permit = Arc::clone(&self.permits).acquire_owned();
        match tokio::time::timeout(self.wait, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Full),
        }
    }
}

/// A place in the queue; left when dropped, also by a client that goes away.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn take(count: &'a AtomicU32, most: u32) -> Option<Self> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::SeqCst) >= most {
            None // `place` is dropped and gives its number back
        } else {
            Some(place)
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
