//! Alerts about pings: a target becomes unreachable, replies again, or its round-trip time changes.

use std::time::Duration;

use super::stats::{Stats, of_window};

/// Lost probes in a row after which a target counts as unreachable.
const SILENT: u32 = 3;
/// Number of round trips in a median.
const WINDOW: usize = 20;
/// Threshold of a change: the median moves by more than this many deviations.
const MDEVS: u32 = 3;
/// Smaller changes are never reported.
const LEAST: Duration = Duration::from_micros(500);

/// A change of a target's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// The target no longer replies.
    Silent,
    /// The target replies again, with this round trip.
    Answers(Duration),
    /// The median of its round trips has changed.
    Moved { from: Duration, to: Duration },
}

/// Detects changes in the settled probes of one target.
#[derive(Debug, Default)]
pub struct Watch {
    /// Whether the target replied last; `None` at the start.
    answers: Option<bool>,
    unanswered: u32,
    /// Round trips since the last full window.
    fresh: Vec<Duration>,
    /// Reference for the next median.
    known: Option<Stats>,
}

impl Watch {
    /// Records a reply, in time or late.
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

    /// Records a lost probe or an error.
    pub fn unanswered(&mut self) -> Option<Alert> {
        self.unanswered += 1;
        if self.unanswered < SILENT {
            return None;
        }
        let before = self.answers.replace(false);
        self.fresh.clear();
        // A target that never replied is not reported as unreachable.
        (before == Some(true)).then_some(Alert::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Round trips in milliseconds; 0 is a lost probe.
    fn alerts(probes: impl IntoIterator<Item = u32>) -> Vec<Alert> {
        let mut watch = Watch::default();
        let one = |ms| if ms == 0 { watch.unanswered() } else { watch.answered(MS * ms) };
        probes.into_iter().filter_map(one).collect()
    }

    #[test]
    fn an_outage_and_its_end() {
        assert_eq!(alerts([9, 0, 0, 9, 0, 0]), []);
        assert_eq!(alerts([9, 0, 0, 0, 0, 0, 7, 7]), [Alert::Silent, Alert::Answers(MS * 7)]);
        assert_eq!(alerts([0, 0, 0, 0]), [], "what never answered has not stopped");
        assert_eq!(alerts([0, 0, 0, 0, 5]), [Alert::Answers(MS * 5)]);
    }

    #[test]
    fn an_intermittent_target_keeps_at_most_one_window() {
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
    fn a_change_of_the_median() {
        // Alternating 10 and 12: median 10, deviation 1.
        let usual = || [10, 12].into_iter().cycle().take(40);
        assert_eq!(alerts(usual().chain([13; 40])), [], "three deviations are none too many");
        let moved = Alert::Moved { from: MS * 10, to: MS * 15 };
        assert_eq!(alerts(usual().chain([15; 60])), [moved], "reported once");
        assert_eq!(alerts(usual().chain([40; 9]).chain(usual())), [], "a few slow ones move no median");
    }
}
