//! The headless twins: each command prints what a view shows, as text or as JSON with a `schema` of its own.

pub mod addr;
pub mod conf;
pub mod demo;
pub mod dig;
pub mod doctor;
pub mod explore;
pub mod find;
pub mod kept;
pub mod manual;
pub mod ping;
pub mod plain;
pub mod ports;
pub mod progress;
pub mod session;
pub mod settings;
pub mod style;
pub mod trace;
pub mod tree;
pub mod watch;

use std::future::Future;

use crate::cli::Failure;
use crate::error::{Error, Exit};

/// Runs a command that attaches. One thread is enough for one command, and starts fastest.
///
/// # Errors
/// The command's, or where the system gives no event queue.
pub fn attached<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Exit::Tunnel, "cannot start").why(error))?;
    runtime.block_on(command)
}

/// Ends when the user or the system asks the process to.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
