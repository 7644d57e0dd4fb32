//! Work after an answer that must not show in its time: looking up who asked, and sending them a message. Whether there
//! is such a person is then no faster or slower to hear (trust.md AU-2).

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use crate::audit::origin::{self, Origin};

/// Errands that may wait; one more is turned away and written to the log.
const MOST: usize = 1_000;
/// Errands that run at once.
const AT_ONCE: usize = 8;

/// Runs errands of this process.
#[derive(Debug)]
pub struct Courier {
    left: watch::Sender<usize>,
    places: Arc<Semaphore>,
}

impl Default for Courier {
    fn default() -> Self {
        Self {
            left: watch::Sender::new(0),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Courier {
    /// Takes an errand, under the origin of the request that gave it.
    pub fn send(self: &Arc<Self>, errand: impl Future<Output = ()> + Send + 'static) {
        let room = self.left.send_if_modified(|left| {
            let room = *left < MOST;
            *left += usize::from(room);
            room
        });
        if !room {
            tracing::error!(
                "{MOST} messages wait: the gateway is too slow, and one more was dropped"
            );
            return;
        }
        let done = Errand(Arc::clone(self));
        let places = Arc::clone(&self.places);
        tokio::spawn(origin::scope(Origin::current(), async move {
            let place = places.acquire_owned().await;
            errand.await;
            drop((place, done));
        }));
    }

    /// Waits until every errand is done: at the end of the process, and before a test looks at what was sent.
    pub async fn drained(&self) {
        let _ = self.left.subscribe().wait_for(|left| *left == 0).await;
    }
}

/// One errand under way; it is done also when it panics.
struct Errand(Arc<Courier>);

impl Drop for Errand {
    fn drop(&mut self) {
        self.0
            .left
            .send_modify(|left| *left = left.saturating_sub(1));
    }
}
