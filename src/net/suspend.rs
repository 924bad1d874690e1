//! Detects that the machine was suspended: the gateway has then dropped our session, and our timers stood still.

use std::time::Duration;

/// Tolerance for the two clocks being read one after the other.
const NOISE: Duration = Duration::from_secs(3);

/// The time asleep at the last check.
#[derive(Debug, Default)]
pub struct Watch {
    asleep: Duration,
}

impl Watch {
    /// Starts with the total time `asleep` so far.
    pub fn new(asleep: Duration) -> Self {
        Self { asleep }
    }

    /// Whether the machine has slept since the last call; `asleep` is the total time asleep.
    pub fn woke(&mut self, asleep: Duration) -> bool {
        let more = asleep.saturating_sub(self.asleep);
        if more > NOISE {
            self.asleep = asleep;
        }
        more > NOISE
    }
}

/// Total time that the machine has been suspended since boot: `CLOCK_BOOTTIME` less `CLOCK_MONOTONIC`. Zero where
/// there is no such clock.
pub fn asleep() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::time::{ClockId, clock_gettime};
        let read = |clock| {
            let time = clock_gettime(clock);
            Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
        };
        read(ClockId::Boottime).saturating_sub(read(ClockId::Monotonic))
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_detected_once_and_noise_is_ignored() {
        let s = Duration::from_secs;
        let mut watch = Watch::new(s(100));
        assert!(!watch.woke(s(100)));
        assert!(!watch.woke(s(102)), "noise");
        assert!(watch.woke(s(160)));
        assert!(!watch.woke(s(160)), "once");
        assert!(!watch.woke(s(10)), "a clock set back is not a suspend");
        assert!(watch.woke(s(160) + Duration::from_hours(72)));
    }

    #[test]
    fn the_clocks_of_this_machine_can_be_read() {
        let mut watch = Watch::new(asleep());
        assert!(!watch.woke(asleep()), "no suspend between two lines");
    }
}
