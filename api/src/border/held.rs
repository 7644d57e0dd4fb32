//! What a request holds of the border: a place and memory. A job that goes on when its asker has hung up holds them too, or
//! the bounds were none for who hangs up (trust.md OV-1).

use std::any::Any;
use std::sync::Arc;

/// Given back when the last holder lets go.
pub(crate) type Held = Arc<dyn Any + Send + Sync>;

tokio::task_local! {
    static HELD: Held;
}

/// Works on a request that holds something.
pub(super) async fn holding<F: Future>(held: impl Send + Sync + 'static, work: F) -> F::Output {
    HELD.scope(Arc::new(held), work).await
}

/// What the request at hand holds: whoever starts a job for it takes this into the job.
pub(crate) fn held() -> Option<Held> {
    HELD.try_with(Arc::clone).ok()
}
