//! Judging without a registry: by a file of public keys, or by a trust bundle.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use certs::bundle::Bundle;
use certs::keys::{KeySet, PublicKeyFile};
use certs::verdict::{Facts, Presented, Verdict, judge};
use chrono::{DateTime, Utc};

use super::CommandError;

/// What is at hand instead of a registry.
pub(super) enum Source {
    /// Public keys: signature and dates.
    Keys(KeySet),
    /// A bundle: status, names and standing too.
    Bundle(Box<Bundle>),
}

impl Source {
    pub(super) fn judge(&self, text: &str, now: DateTime<Utc>) -> Verdict {
        match self {
            Self::Keys(keys) => judge(Presented::Text(text), keys, &Facts::default(), now),
            Self::Bundle(bundle) => bundle.judge(Presented::Text(text), now),
        }
    }

    pub(super) fn bundle(&self) -> Option<&Bundle> {
        match self {
            Self::Keys(_) => None,
            Self::Bundle(bundle) => Some(bundle),
        }
    }
}

pub(super) fn read_keys(file: &Path) -> Result<KeySet, CommandError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        CommandError::Usage(format!(
            "公钥文件无法读取 / the key file cannot be read: {error}"
        ))
    })?;
    let file =
        PublicKeyFile::parse(&text).map_err(|fault| CommandError::Usage(fault.to_string()))?;
    Ok(file.keys)
}

/// Works through `items` on every core and answers in their order.
pub(super) fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
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
        let doubled = on_all_cores(&items, |item| item * 2);
        assert!(doubled.into_iter().eq((0..1000).map(|item| item * 2)));
    }
}
