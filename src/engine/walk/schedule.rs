//! Schedule of the walks: as often as the records may change, with jitter so that clients do not synchronise, and with
//! a longer interval after failures.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Maximum TTL that is respected.
const LONGEST_TTL: Duration = Duration::from_mins(5);
/// Maximum pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Jitter: the share by which a pause varies in both directions.
const JITTER: f64 = 0.1;

/// Computes the pauses between walks.
#[derive(Debug)]
pub struct Schedule {
    least: Option<Duration>,
    failures: u32,
    rng: StdRng,
}

impl Schedule {
    /// Pauses of at least `least`; `None` never walks again. `seed` is for the jitter.
    pub fn new(least: Option<Duration>, seed: u64) -> Self {
        Self { least, failures: 0, rng: StdRng::seed_from_u64(seed) }
    }

    /// The pause after a walk: `ttl` is the TTL of its records, `clean` is set if every query got a response.
    pub fn pause(&mut self, ttl: Option<Duration>, clean: bool) -> Option<Duration> {
        let least = self.least?;
        let pause = ttl.unwrap_or_default().min(LONGEST_TTL).max(least);
        self.failures = if clean { 0 } else { self.failures.saturating_add(1) };
        // The first failure may be a lost packet: it does not make the pause longer.
        let doubled = pause.saturating_mul(1 << self.failures.saturating_sub(1).min(8));
        let pause = doubled.min(LONGEST_PAUSE.max(pause));
        Some(pause.mul_f64(self.rng.random_range(1.0 - JITTER..1.0 + JITTER)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: Duration = Duration::from_secs(5);

    fn near(pause: Option<Duration>, seconds: u64) {
        let (pause, wanted) = (pause.unwrap().as_secs_f64(), seconds as f64);
        assert!((pause / wanted - 1.0).abs() <= JITTER, "{pause} s is not close to {wanted} s");
    }

    #[test]
    fn it_waits_for_the_ttl_and_no_two_pauses_are_the_same() {
        let mut schedule = Schedule::new(Some(LEAST), 1);
        near(schedule.pause(None, true), 5);
        near(schedule.pause(Some(Duration::ZERO), true), 5);
        near(schedule.pause(Some(Duration::from_secs(30)), true), 30);
        near(schedule.pause(Some(Duration::from_hours(9)), true), 300);
        assert_ne!(schedule.pause(None, true), schedule.pause(None, true));
        assert_eq!(Schedule::new(None, 1).pause(None, true), None);
    }

    #[test]
    fn failures_make_pauses_longer_and_a_success_resets_them() {
        let mut schedule = Schedule::new(Some(LEAST), 2);
        for seconds in [5, 10, 20, 40, 60, 60] {
            near(schedule.pause(None, false), seconds);
        }
        near(schedule.pause(Some(Duration::from_mins(2)), false), 120);
        near(schedule.pause(None, true), 5);
    }
}
