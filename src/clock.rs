//! The clock of everything that waits, which a test may run ahead, and waits that may have no end.

use std::future::Future;
use std::time::Instant;

/// The time, by the clock that tokio's timers follow.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Sleeps until `deadline`; without one, for ever.
pub async fn sleep_until(deadline: Option<Instant>) {
    or_never(deadline.map(|at| tokio::time::sleep_until(at.into()))).await;
}

/// Awaits `future`; where there is none, for ever.
pub async fn or_never<F: Future>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
