//! Alerts about pings: a target becomes unreachable, replies again, or its round-trip time changes.

use std::time::Duration;

use super::stats::{Stats, of_window};

/// Lost probes in a row after which a target counts as unreachable.
const UNREACHABLE_AFTER: u32 = 3;
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
    Unreachable,
    /// The target replies again, with this round trip.
    Reachable(Duration),
    /// The median of its round trips has changed.
    Moved { from: Duration, to: Duration },
}

/// Detects changes in the settled probes of one target.
#[derive(Debug, Default)]
pub struct Watch {
    /// Whether the target replied last; `None` at the start.
    reachable: Option<bool>,
    lost_in_a_row: u32,
    /// Round trips since the last full window.
    fresh: Vec<Duration>,
    /// Reference for the next median.
    known: Option<Stats>,
}

impl Watch {
    /// Records a reply, in time or late.
    pub fn received(&mut self, rtt: Duration) -> Option<Alert> {
        self.lost_in_a_row = 0;
        let before = self.reachable.replace(true);
        self.fresh.push(rtt);
        if before == Some(false) {
            return Some(Alert::Reachable(rtt));
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
    pub fn lost(&mut self) -> Option<Alert> {
        self.lost_in_a_row += 1;
        if self.lost_in_a_row < UNREACHABLE_AFTER {
            return None;
        }
        let before = self.reachable.replace(false);
        self.fresh.clear();
        // A target that never replied is not reported as unreachable.
        (before == Some(true)).then_some(Alert::Unreachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Round trips in milliseconds; 0 is a lost probe.
    fn alerts(probes: impl IntoIterator<Item = u32>) -> Vec<Alert> {
        let mut watch = Watch::default();
        let one = |ms| if ms == 0 { watch.lost() } else { watch.received(MS * ms) };
        probes.into_iter().filter_map(one).collect()
    }

    #[test]
    fn an_outage_and_its_end() {
        assert_eq!(alerts([9, 0, 0, 9, 0, 0]), []);
        assert_eq!(alerts([9, 0, 0, 0, 0, 0, 7, 7]), [Alert::Unreachable, Alert::Reachable(MS * 7)]);
        assert_eq!(alerts([0, 0, 0, 0]), [], "a target that never replied is not reported");
        assert_eq!(alerts([0, 0, 0, 0, 5]), [Alert::Reachable(MS * 5)]);
    }

    #[test]
    fn an_intermittent_target_keeps_at_most_one_window() {
        let mut watch = Watch::default();
        for _ in 0..1000 {
            watch.received(MS);
            for _ in 0..UNREACHABLE_AFTER {
                watch.lost();
            }
            assert!(watch.fresh.len() < WINDOW);
        }
    }

    #[test]
    fn a_change_of_the_median() {
        // Alternating 10 and 12: median 10, deviation 1.
        let usual = || [10, 12].into_iter().cycle().take(40);
        assert_eq!(
            alerts(usual().chain([13; 40])),
            [],
            "a change of less than three deviations is not reported"
        );
        let moved = Alert::Moved { from: MS * 10, to: MS * 15 };
        assert_eq!(alerts(usual().chain([15; 60])), [moved], "reported once");
        assert_eq!(
            alerts(usual().chain([40; 9]).chain(usual())),
            [],
            "a few slow replies do not change the median"
        );
    }
}
