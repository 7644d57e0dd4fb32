//! The border of the process: who is asking, how much they may ask, and how much is done at once.
//!
//! One layer ([`guard`]) goes before every route. It knows the class of a request by its method and address, the source by
//! the connection (or by a trusted proxy), and answers 414, 431, 429, 413, 408 or 503 before a handler has begun.

pub mod address;
mod body;
pub mod class;
mod days;
mod guard;
mod held;
pub mod metrics;
mod pools;
mod rate;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

pub use address::{Peer, Source};
pub use class::Class;
pub(crate) use guard::{Negotiated, guard};
pub(crate) use held::held;

use crate::config::border::Border as Figures;
use days::DayCounts;
use metrics::Metrics;
use pools::Pools;
use rate::Limiters;

/// The border's state in this process.
pub struct Border {
    /// The figures of the configuration.
    pub figures: Arc<Figures>,
    /// What is counted.
    pub metrics: Metrics,
    limiters: Limiters,
    pools: Pools,
    /// Kibibytes of memory left for bodies.
    memory: Arc<Semaphore>,
    /// The same for uploads.
    upload_memory: Arc<Semaphore>,
    /// Places of sign-ins that wait until a password may be hashed.
    pub(crate) passwords_waiting: Semaphore,
    /// Wrong questions of the day by number; the database holds them too.
    pub(crate) wrong_numbers: DayCounts<[u8; 32]>,
    /// Wrong questions of the day by source; nowhere else.
    pub(crate) wrong_sources: DayCounts<Source>,
    stopping: AtomicBool,
}

impl std::fmt::Debug for Border {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Border")
            .field("figures", &self.figures)
            .finish_non_exhaustive()
    }
}

impl Border {
    /// A border with these figures.
    pub fn new(figures: Arc<Figures>) -> Self {
        let memory =
            |bytes: usize| Arc::new(Semaphore::new((bytes / 1024).min(Semaphore::MAX_PERMITS)));
        Self {
            metrics: Metrics::default(),
            limiters: Limiters::new(&figures.limits),
            pools: Pools::new(&figures.pools),
            memory: memory(figures.sizes.body_memory_bytes),
            upload_memory: memory(figures.sizes.upload_memory_bytes),
            passwords_waiting: Semaphore::new(crate::access::passwords::QUEUE),
            wrong_numbers: DayCounts::default(),
            wrong_sources: DayCounts::default(),
            stopping: AtomicBool::new(false),
            figures,
        }
    }

    /// Memory of uploads, in kibibytes; it is given back when the permit is dropped.
    pub(crate) fn upload_memory(
        &self,
        kibibytes: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + use<> {
        Arc::clone(&self.upload_memory).acquire_many_owned(kibibytes)
    }

    /// From now on the process is not ready (trust.md SH-1).
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Whether the process was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether a request of this class would find no place, and none to wait for.
    pub(crate) fn is_full(&self, class: Class) -> bool {
        self.pools.is_full(class)
    }

    /// Requests of each class that run, that wait, and that may run.
    pub fn load(&self) -> Vec<(Class, u32, u32, u32)> {
        Class::ALL
            .iter()
            .map(|class| {
                let (running, waiting, most) = self.pools.load(*class);
                (*class, running, waiting, most)
            })
            .collect()
    }
}
