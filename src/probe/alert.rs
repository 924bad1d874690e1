//! When pings are worth a word: a target falls silent, answers again, or answers at another pace than before.

use std::time::Duration;

use super::stats::{Stats, of_window};

/// Unanswered probes in a row that make a target silent.
const SILENT: u32 = 3;
/// Round trips that a median is taken of.
const WINDOW: usize = 20;
/// A median that moved by more than this many deviations has moved.
const MDEVS: u32 = 3;
/// A move of less is nobody's concern.
const LEAST: Duration = Duration::from_micros(500);

/// Something happened to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// It answers no longer.
    Silent,
    /// It answers again, after this round trip.
    Answers(Duration),
    /// The median of its round trips moved.
    Moved {
        /// What it was.
        from: Duration,
        /// What it is.
        to: Duration,
    },
}

/// Watches the settled probes of one target.
#[derive(Debug, Default)]
pub struct Watch {
    /// Whether it answered when last seen; `None` before anything is known.
    answers: Option<bool>,
    unanswered: u32,
    /// Round trips since the last full window.
    fresh: Vec<Duration>,
    /// The figures that a new median is held against.
    known: Option<Stats>,
}

impl Watch {
    /// A probe was answered, however late.
    pub fn answered(&mut self, rtt: Duration) -> Option<Alert> {
        self.unanswered = 0;
        let before = self.answers.replace(true);
        self.fresh.push(rtt);
        if before == Some(false) {
            return Some(Alert::Answers(rtt));
        }
        if self.fresh.len() < WINDOW {
            return None;
        }
        let now = of_window(self.fresh.drain(..))?;
        let Some(known) = self.known else {
            self.known = Some(now);
            return None;
        };
        let moved = now.p50.abs_diff(known.p50);
        if moved < LEAST || moved <= known.mdev * MDEVS {
            return None;
        }
        self.known = Some(now);
        Some(Alert::Moved { from: known.p50, to: now.p50 })
    }

    /// A probe was given up, or an error came.
    pub fn unanswered(&mut self) -> Option<Alert> {
        self.unanswered += 1;
        if self.unanswered < SILENT {
            return None;
        }
        let before = self.answers.replace(false);
        self.fresh.clear();
        // What never answered has not stopped.
        (before == Some(true)).then_some(Alert::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Round trips in milliseconds, 0 for a probe that was lost.
    fn alerts(probes: impl IntoIterator<Item = u32>) -> Vec<Alert> {
        let mut watch = Watch::default();
        let one = |ms| if ms == 0 { watch.unanswered() } else { watch.answered(MS * ms) };
        probes.into_iter().filter_map(one).collect()
    }

    #[test]
    fn silence_and_its_end() {
        assert_eq!(alerts([9, 0, 0, 9, 0, 0]), []);
        assert_eq!(alerts([9, 0, 0, 0, 0, 0, 7, 7]), [Alert::Silent, Alert::Answers(MS * 7)]);
        assert_eq!(alerts([0, 0, 0, 0]), [], "what never answered has not stopped");
        assert_eq!(alerts([0, 0, 0, 0, 5]), [Alert::Answers(MS * 5)]);
    }

    #[test]
    fn what_comes_and_goes_keeps_no_more_than_a_window() {
        let mut watch = Watch::default();
        for _ in 0..1000 {
            watch.answered(MS);
            for _ in 0..SILENT {
                watch.unanswered();
            }
            assert!(watch.fresh.len() < WINDOW);
        }
    }

    #[test]
    fn a_median_that_moves() {
        // 10 and 12 in turns: median 10, deviation 1.
        let usual = || [10, 12].into_iter().cycle().take(40);
        assert_eq!(alerts(usual().chain([13; 40])), [], "three deviations are none too many");
        let moved = Alert::Moved { from: MS * 10, to: MS * 15 };
        assert_eq!(alerts(usual().chain([15; 60])), [moved], "told once");
        assert_eq!(alerts(usual().chain([40; 9]).chain(usual())), [], "a few slow ones move no median");
    }
}
