//! The progress of a command, as one line on standard error: only on a terminal, only for long waits, and cleared
//! before anything else is printed.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use super::plain::{self, Plain};
use crate::text::cut;

/// Shorter waits show nothing.
const PATIENCE: Duration = Duration::from_millis(300);
/// Interval between two updates.
const STEP: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Progress {
    /// Time of the next update; `None` if standard error is not a terminal.
    due: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// For a wait that begins at `now`.
    pub fn new(now: Instant) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let seen = io::stderr().is_terminal() && !dumb;
        Self { due: seen.then(|| now + PATIENCE), shown: false }
    }

    /// Time of the next update.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Shows `words` if an update is due.
    pub fn show(&mut self, now: Instant, words: impl FnOnce() -> String) {
        let Some(due) = self.due.filter(|due| *due <= now) else { return };
        let columns = ratatui::crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        // The last column would wrap on some terminals.
        let line = cut(&words(), columns.saturating_sub(1));
        self.due = Some(due.max(now) + STEP);
        self.shown = true;
        let _ = write!(Plain::new(io::stderr(), !plain::is_utf8()), "\r{line}\x1b[K");
    }

    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
