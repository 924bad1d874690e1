//! What a command is waiting for, as one line on standard error: only on a terminal, only where it takes long, and gone
//! before anything else is printed.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use super::plain::{self, Plain};
use crate::text::cut;

/// A wait that is shorter than this is not worth a word.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two looks of the line.
const STEP: Duration = Duration::from_millis(100);

/// The line.
#[derive(Debug)]
pub struct Progress {
    /// When it may be shown next; `None` where nobody would see it.
    due: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// A line that begins to matter at `now`.
    pub fn new(now: Instant) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let seen = io::stderr().is_terminal() && !dumb;
        Self { due: seen.then(|| now + PATIENCE), shown: false }
    }

    /// When it wants to be told again.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Shows what `words` says, where it is time.
    pub fn show(&mut self, now: Instant, words: impl FnOnce() -> String) {
        let Some(due) = self.due.filter(|due| *due <= now) else { return };
        let columns = ratatui::crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        // The last column would wrap on some terminals.
        let line = cut(&words(), columns.saturating_sub(1));
        self.due = Some(due.max(now) + STEP);
        self.shown = true;
        let _ = write!(Plain::new(io::stderr(), !plain::is_utf8()), "\r{line}\x1b[K");
    }

    /// Takes the line away.
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
