//! The signals that end, stop and continue the process.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
pub enum Told {
    /// End with this exit code.
    End(u8),
    /// Stop until continued.
    Stop,
    /// The process was continued.
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

    pub async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupt.recv() => Told::End(130),
            _ = self.terminate.recv() => Told::End(143),
            _ = self.hang_up.recv() => Told::End(129),
            _ = self.quit.recv() => Told::End(131),
            _ = self.stop.recv() => Told::Stop,
            _ = self.go_on.recv() => Told::Continue,
        }
    }
}
