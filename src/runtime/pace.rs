//! The time of the next frame.

use std::time::{Duration, Instant};

/// Interval between frames without a key press.
const FRAME: Duration = Duration::from_millis(33);

/// The time of the next frame: immediately after a key press, else at an interval, never without a change.
#[derive(Debug)]
pub struct Pace {
    changed: Option<Instant>,
    last: Option<Instant>,
    hurry: bool,
}

impl Pace {
    /// The first frame is due at `now`.
    pub fn new(now: Instant) -> Self {
        Self { changed: Some(now), last: None, hurry: false }
    }

    pub fn changed(&mut self, now: Instant) {
        self.changed.get_or_insert(now);
    }

    pub fn at_once(&mut self) {
        self.hurry = true;
    }

    pub fn due(&self) -> Option<Instant> {
        let changed = self.changed?;
        match self.last {
            Some(last) if !self.hurry => Some(changed.max(last + FRAME)),
            _ => Some(changed),
        }
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    pub fn drawn(&mut self, now: Instant) {
        *self = Self { changed: None, last: Some(now), hurry: false };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_immediately_and_reports_at_an_interval() {
        let t0 = Instant::now();
        let mut pace = Pace::new(t0);
        assert!(pace.is_due(t0));
        pace.drawn(t0);
        assert_eq!(pace.due(), None, "no frame without a change");
        pace.changed(t0);
        pace.changed(t0 + FRAME / 2);
        assert_eq!(pace.due(), Some(t0 + FRAME));
        pace.at_once();
        assert!(pace.is_due(t0));
        pace.drawn(t0);
        pace.changed(t0 + FRAME * 9);
        assert!(pace.is_due(t0 + FRAME * 9));
    }
}
