//! Work that keeps several cores busy: reading pictures, checking signatures.

use std::sync::atomic::{AtomicUsize, Ordering};

/// All of them.
pub(crate) fn all() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Half of them: the others go on serving.
pub(crate) fn half() -> usize {
    all().div_ceil(2)
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

    #[test]
    fn answers_of_all_cores_come_in_the_order_of_the_questions() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled = on(all(), &items, |item| item * 2);
        assert!(doubled.into_iter().eq((0..1000).map(|item| item * 2)));
    }
}
