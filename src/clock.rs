//! The clock of all waits, which tests can advance, and waits without a deadline.

use std::future::Future;
use std::time::Instant;

/// The current time of the clock that tokio's timers use.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Sleeps until `deadline`; without one, forever.
pub async fn sleep_until(deadline: Option<Instant>) {
    or_never(deadline.map(|at| tokio::time::sleep_until(at.into()))).await;
}

/// Awaits `future`; without one, forever.
pub async fn or_never<F: Future>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
