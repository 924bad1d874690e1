//! The signals that end, stop and continue the process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The action that a signal demands.
pub enum Action {
    /// End with this exit code.
    End(u8),
    Stop,
    /// Draw again: the process was continued.
    Continue,
}

pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    pub fn new() -> std::io::Result<Self> {
        let raw = |number: rustix::process::Signal| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
            stop: raw(rustix::process::Signal::TSTP)?,
            go_on: raw(rustix::process::Signal::CONT)?,
        })
    }

    pub async fn next(&mut self) -> Action {
        tokio::select! {
            _ = self.interrupt.recv() => Action::End(130),
            _ = self.terminate.recv() => Action::End(143),
            _ = self.hang_up.recv() => Action::End(129),
            _ = self.quit.recv() => Action::End(131),
            _ = self.stop.recv() => Action::Stop,
            _ = self.go_on.recv() => Action::Continue,
        }
    }
}
