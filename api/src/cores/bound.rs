//! How many jobs of a kind run at once (trust.md AU-1, OV-1, UP-3). A job holds its place itself until it is done: who asked
//! for it may hang up, and the work goes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;

use super::{Unfinished, all, aside, half, off_thread};
use crate::problem::Problem;

/// Passwords are hashed on all cores but one.
pub(crate) static PASSWORDS: Bound = Bound::new("passwords", || all().saturating_sub(1));
/// Pictures are drawn anew one at a time: each may take a hundred megabytes.
pub(crate) static PICTURES: Bound = Bound::new("pictures", || 1);
/// Photographs of certificates: the other cores go on serving.
pub(crate) static PHOTOGRAPHS: Bound = Bound::new("photographs", half);
/// Rosters that are read (trust.md UP-3).
pub(crate) static ROSTERS: Bound = Bound::new("rosters", || 2);
/// Other tables that are read.
pub(crate) static TABLES: Bound = Bound::new("tables", || 2);
/// Tables that are written.
pub(crate) static EXPORTS: Bound = Bound::new("exports", || 2);
/// Documents that are laid out at once: each takes a core.
pub(crate) static PAPERS: Bound = Bound::new("papers", || 2);
/// Differences of trust bundles: two bundles of a country are opened for one.
pub(crate) static DELTAS: Bound = Bound::new("deltas", || 1);

/// All of them, for who counts.
pub fn every_bound() -> [&'static Bound; 8] {
    [
        &PASSWORDS,
        &PICTURES,
        &PHOTOGRAPHS,
        &ROSTERS,
        &TABLES,
        &EXPORTS,
        &PAPERS,
        &DELTAS,
    ]
}

/// So many jobs of a kind at once.
#[derive(Debug)]
pub struct Bound {
    name: &'static str,
    most: fn() -> usize,
    places: OnceLock<Arc<Semaphore>>,
    /// Jobs at work, counted by themselves, and the most that were.
    running: AtomicUsize,
    peak: AtomicUsize,
}

/// A place of a job; given back when the job is done.
#[derive(Debug)]
pub struct Place {
    of: &'static Bound,
    permit: OwnedSemaphorePermit,
}

impl Bound {
    const fn new(name: &'static str, most: fn() -> usize) -> Self {
        Self {
            name,
            most,
            places: OnceLock::new(),
            running: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    /// What it is called in figures.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How many at once.
    pub fn most(&self) -> usize {
        (self.most)().max(1)
    }

    /// Jobs at work now, and the most that ever were.
    pub fn load(&self) -> (usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        (read(&self.running), read(&self.peak))
    }

    /// Waits for a place.
    pub async fn place(&'static self) -> Result<Place, Problem> {
        let places = self
            .places
            .get_or_init(|| Arc::new(Semaphore::new(self.most())));
        let permit = Arc::clone(places).acquire_owned().await;
        Ok(Place {
            of: self,
            permit: permit.map_err(Problem::internal)?,
        })
    }
}

impl Place {
    /// Does work that can wait ([`aside`]).
    pub(crate) async fn aside<R: Send + 'static>(
        self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Unfinished> {
        aside(self.held(work)).await
    }

    /// Does work that somebody waits for ([`off_thread`]).
    pub(crate) async fn off_thread<R: Send + 'static>(
        self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, JoinError> {
        off_thread(self.held(work)).await
    }

    fn held<R>(self, work: impl FnOnce() -> R) -> impl FnOnce() -> R {
        move || {
            let _place = self.permit;
            let _running = Running::of(self.of);
            work()
        }
    }
}

/// Counts a job while it is at work.
struct Running(&'static Bound);

impl Running {
    fn of(bound: &'static Bound) -> Self {
        let now = bound.running.fetch_add(1, Ordering::SeqCst) + 1;
        bound.peak.fetch_max(now, Ordering::SeqCst);
        Self(bound)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_keeps_its_place_when_nobody_waits_for_it_any_more() {
        static ONE: Bound = Bound::new("one", || 1);
        for _ in 0..20 {
            let place = ONE.place().await.expect("a place");
            let (begun, has_begun) = tokio::sync::oneshot::channel();
            let (end, may_end) = std::sync::mpsc::channel::<()>();
            let job = place.off_thread(move || {
                let _ = begun.send(());
                let _ = may_end.recv();
            });
            // Who asked goes away in the middle.
            tokio::select! {
                _ = job => panic!("it waits"),
                begun = has_begun => begun.expect("it began"),
            }
            assert_eq!(ONE.load(), (1, 1));
            let next = tokio::time::timeout(std::time::Duration::from_millis(5), ONE.place());
            assert!(next.await.is_err(), "the job is still at work");
            drop(end);
        }
        drop(ONE.place().await.expect("free in the end"));
        assert_eq!(ONE.load(), (0, 1));
    }
}
