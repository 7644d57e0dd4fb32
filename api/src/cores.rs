//! Work that keeps a core busy for long: reading pictures and tables, checking signatures.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;

mod bound;

pub use bound::{Bound, Place, every_bound};
pub(crate) use bound::{
    DELTAS, EXPORTS, PAPERS, PASSWORDS, PHOTOGRAPHS, PICTURES, ROSTERS, TABLES,
};

/// How far work that can wait stands behind the rest (`nice`, of 19): on a busy core it has a tenth.
const ASIDE: i32 = 10;

/// All of them.
pub(crate) fn all() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Half of them: the others go on serving.
pub(crate) fn half() -> usize {
    all().div_ceil(2)
}

/// Does work that can wait on a thread of its own and of low priority, so that answering goes on beside it on the same
/// core (trust.md OV-1). What the request holds of the border is held until the work is done, also when nobody waits for
/// it any more. What it starts has the low priority too; it asks no database.
pub(crate) async fn aside<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, Unfinished> {
    let work = held_to_the_end(work);
    let (send, done) = oneshot::channel();
    std::thread::Builder::new()
        .name("aside".to_owned())
        .spawn(move || {
            // Where it may not be lowered it is as it was.
            let _ = rustix::process::setpriority_process(None, ASIDE);
            let _ = send.send(catch_unwind(AssertUnwindSafe(work)));
        })
        .map_err(Unfinished::Thread)?;
    match done.await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => Err(Unfinished::Lost),
    }
}

/// Does work that somebody waits for off the threads that answer; holds what the request holds of the border as [`aside`]
/// does.
pub async fn off_thread<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, tokio::task::JoinError> {
    tokio::task::spawn_blocking(held_to_the_end(work)).await
}

fn held_to_the_end<R>(work: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let held = crate::border::held();
    move || {
        let answer = work();
        drop(held);
        answer
    }
}

/// Why work aside gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfinished {
    /// The system has no thread for it.
    #[error("no thread: {0}")]
    Thread(std::io::Error),
    /// The thread ended without an answer.
    #[error("a thread ended without an answer")]
    Lost,
}

/// Works through `items` on so many cores and answers in their order.
pub(crate) fn on<T: Sync, R: Send>(
    cores: usize,
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    if cores == 1 || items.len() < 2 {
        return items.iter().map(work).collect();
    }
    // Pictures take longer than texts: who is done takes the next one.
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(items.len()))
            .map(|_| {
                scope.spawn(|| {
                    let mut done = Vec::new();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(at) else {
                            return done;
                        };
                        done.push((at, work(item)));
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_aside_stands_behind_the_rest() {
        let here = rustix::process::getpriority_process(None).expect("a priority");
        let there = aside(|| rustix::process::getpriority_process(None))
            .await
            .expect("an answer")
            .expect("a priority");
        assert_eq!(there, here.max(ASIDE));
        let still = rustix::process::getpriority_process(None).expect("a priority");
        assert_eq!(still, here, "the thread that asked keeps its own");
    }

    #[test]
    fn answers_of_all_cores_come_in_the_order_of_the_questions() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled = on(all(), &items, |item| item * 2);
        assert!(doubled.into_iter().eq((0..1000).map(|item| item * 2)));
    }
}
