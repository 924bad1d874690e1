//! Number of queries in flight and time to wait for a response, adapted to measured loss and delay.
//!
//! The window works like TCP's slow start and congestion avoidance, with two differences. Growth stops when round trips
//! get longer, before anything is lost. And loss halves the window only when more than one response in five is missing:
//! an overflowing buffer loses a quarter and more, whereas a bad radio link loses up to a tenth whatever the rate, and a
//! smaller window would not help there. Losses are counted over at least 128 queries, since they come in clumps and are
//! noticed later than the responses sent beside them.

use std::time::{Duration, Instant};

/// Initial window. A thousand queries at once overflow common receive buffers.
pub const FIRST: usize = 64;
/// Lower limit of the window.
pub const SMALLEST: usize = 8;
/// Upper limit of the window: what a path with a long round trip can hold.
pub const LARGEST: usize = 2048;

/// Congestion: more than one response in this many is missing (see the top of the file).
const FLOOD: usize = 5;
/// A lossy link: more than one response in this many is missing, without congestion.
const LOSSY: usize = 40;
/// Minimum number of queries over which losses are counted.
const ENOUGH: usize = 128;
/// Round trips after congestion until losses count as the link's own again.
const CALM: u32 = 8;
/// Queueing: a round trip longer than the shortest one by half of that and this much.
const QUEUED: Duration = Duration::from_millis(2);

/// Round-trip time assumed before the first measurement.
const UNKNOWN_RTT: Duration = Duration::from_millis(200);

/// After congestion the window grows by one in this many responses.
const GENTLY: usize = 8;
/// Maximum burst of queries, with any pacing.
const BURST: u32 = 64;

/// Number of queries in flight. Doubles per round trip without loss and queueing, halves on congestion, then grows by an
/// eighth per round trip.
#[derive(Debug)]
pub struct Window {
    size: usize,
    largest: usize,
    /// The window doubles below this size.
    threshold: usize,
    clean: usize,
    halved: Option<Instant>,
    /// Results of the last window full of queries and of the one before.
    outcomes: [Outcomes; 2],
    shortest: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Outcomes {
    all: usize,
    lost: usize,
}

impl Window {
    /// Creates a window of `size` queries, never more than `largest`.
    pub fn new(size: usize, largest: usize) -> Self {
        Self {
            size,
            largest,
            threshold: largest,
            clean: 0,
            halved: None,
            outcomes: [Outcomes::default(); 2],
            shortest: None,
        }
    }

    /// Maximum number of queries in flight.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Records a response after `rtt` with `flying` queries in flight: an unused window does not grow.
    pub fn answered(&mut self, rtt: Duration, flying: usize) {
        self.count(false);
        let shortest = self.shortest.map_or(rtt, |shortest| shortest.min(rtt));
        self.shortest = Some(shortest);
        if flying + 1 < self.size || rtt > shortest + shortest / 2 + QUEUED {
            return;
        }
        self.clean += 1;
        if self.size < self.threshold || self.clean >= GENTLY {
            self.clean = 0;
            self.size = (self.size + 1).min(self.largest);
        }
    }

    /// Records the loss of a query sent at `sent`. Losses from before the last halving are ignored.
    pub fn lost(&mut self, now: Instant, sent: Instant) {
        if self.halved.is_some_and(|at| sent < at) {
            return;
        }
        self.count(true);
        if self.loses_more_than(FLOOD) {
            self.size = (self.size / 2).max(SMALLEST);
            self.threshold = self.size;
            self.clean = 0;
            self.halved = Some(now);
            self.outcomes = Default::default();
        }
    }

    fn count(&mut self, lost: bool) {
        let [newest, before] = &mut self.outcomes;
        if newest.all >= self.size.max(ENOUGH) {
            *before = std::mem::take(newest);
        }
        newest.all += 1;
        newest.lost += usize::from(lost);
    }

    /// Whether more than one in `part` is lost.
    fn loses_more_than(&self, part: usize) -> bool {
        let [newest, before] = self.outcomes;
        (newest.lost + before.lost) * part > (newest.all + before.all).max(ENOUGH).max(self.size)
    }

    /// Whether the link itself is lossy, so that earlier retries cause no congestion.
    pub fn is_lossy(&self, now: Instant, rtt: Duration) -> bool {
        let calm = self.halved.is_none_or(|at| now.saturating_duration_since(at) > rtt * CALM);
        calm && self.loses_more_than(LOSSY) && !self.loses_more_than(FLOOD)
    }
}

/// Spreads queries over time. Responses arrive in bursts, and each one makes room for another query: without pacing the
/// queries form bursts as well, twice as large each round trip, until a server's buffer overflows.
#[derive(Debug, Default)]
pub struct Pace {
    /// Earliest time of the next query, without credit for a burst.
    next: Option<Instant>,
}

impl Pace {
    /// Interval between queries, with `window` of them per `rtt`: half of the even share, so that the window can double.
    pub fn gap(window: usize, rtt: Duration) -> Duration {
        rtt / (2 * u32::try_from(window.max(1)).unwrap_or(u32::MAX))
    }

    /// Whether a query may be sent at `now`, at an average interval of `gap`.
    ///
    /// # Errors
    /// The earliest time of the next query.
    pub fn leave(&mut self, now: Instant, gap: Duration) -> Result<(), Instant> {
        let earliest = now.checked_sub(gap * BURST).unwrap_or(now);
        let next = self.next.map_or(earliest, |next| next.max(earliest));
        if next > now {
            return Err(next);
        }
        self.next = Some(next + gap);
        Ok(())
    }
}

/// Smoothed round-trip time and its variation (RFC 6298 §2).
#[derive(Debug, Default)]
pub struct Rtt {
    smoothed: Option<(Duration, Duration)>,
    least: Option<Duration>,
}

impl Rtt {
    pub fn measured(&mut self, rtt: Duration) {
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        self.smoothed = Some(match self.smoothed {
            None => (rtt, rtt / 2),
            Some((mean, variation)) => ((mean * 7 + rtt) / 8, (variation * 3 + mean.abs_diff(rtt)) / 4),
        });
    }

    /// Time after which a response is late.
    pub fn expected(&self) -> Duration {
        self.smoothed.map_or(UNKNOWN_RTT, |(mean, variation)| mean + variation * 4)
    }

    /// Shortest measurement so far: the delay of the path without queues.
    pub fn least(&self) -> Option<Duration> {
        self.least
    }

    /// Smoothed round-trip time, after the first measurement.
    pub fn mean(&self) -> Option<Duration> {
        self.smoothed.map(|(mean, _)| mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(100);

    /// A round trip in which every query of the window is answered after `rtt`.
    fn round(window: &mut Window, rtt: Duration) {
        for flying in (0..window.size()).rev() {
            // The next query is sent as soon as this one is answered.
            window.answered(rtt, flying.max(window.size() - 1));
        }
    }

    #[test]
    fn it_doubles_each_round_trip_up_to_its_limit() {
        let mut window = Window::new(FIRST, LARGEST);
        let mut sizes = vec![];
        for _ in 0..7 {
            round(&mut window, RTT);
            sizes.push(window.size());
        }
        assert_eq!(sizes, [128, 256, 512, 1024, LARGEST, LARGEST, LARGEST]);
    }

    #[test]
    fn it_does_not_grow_with_queueing_or_when_unused() {
        let mut window = Window::new(FIRST, LARGEST);
        window.answered(RTT, 63);
        assert_eq!(window.size(), FIRST + 1);
        window.answered(RTT * 2, 64);
        window.answered(RTT, 20);
        assert_eq!(window.size(), FIRST + 1);
    }

    #[test]
    fn congestion_halves_it_once_per_round_trip_and_a_lossy_link_does_not() {
        let start = Instant::now();
        let mut window = Window::new(FIRST, LARGEST);
        for n in 0..1000 {
            // Losses come in a clump after many responses, as in a real round trip.
            if n % 200 >= 180 { window.lost(start, start) } else { window.answered(RTT, LARGEST) }
        }
        let full = FIRST + 900;
        assert_eq!(window.size(), full, "one in ten is the link's own loss");
        assert!(window.is_lossy(start, RTT));
        for _ in 0..1000 {
            window.lost(start + RTT, start);
        }
        assert_eq!(window.size(), full / 2, "queries sent before the halving cause no second one");
        for round in 1..20 {
            (0..100).for_each(|_| window.lost(start + RTT * round * 2, start + RTT * round * 2));
        }
        assert_eq!(window.size(), SMALLEST);
        assert!(!window.is_lossy(start + RTT * 40, RTT));
        for _ in 0..300 {
            window.answered(RTT, LARGEST);
        }
        assert_eq!(window.size(), SMALLEST + 300 / GENTLY);
    }

    #[test]
    fn a_burst_is_sent_at_once_and_the_rest_is_paced() {
        let (start, mut pace) = (Instant::now(), Pace::default());
        let gap = Pace::gap(500, RTT);
        assert_eq!(gap, Duration::from_micros(100));
        let mut now = start;
        let mut left = Vec::new();
        while left.len() < 300 {
            match pace.leave(now, gap) {
                Ok(()) => left.push(now - start),
                Err(later) => now = later,
            }
        }
        let burst = BURST as usize + 1;
        assert_eq!(left[burst - 1], Duration::ZERO);
        assert_eq!(left[burst..], (1..=300 - burst as u32).map(|n| gap * n).collect::<Vec<_>>());
        // A pause allows no more than one burst.
        now += RTT;
        let again = std::iter::from_fn(|| pace.leave(now, gap).ok()).count();
        assert_eq!(again, burst);
    }

    #[test]
    fn an_answer_is_late_after_four_variations() {
        let mut rtt = Rtt::default();
        assert_eq!((rtt.expected(), rtt.mean()), (UNKNOWN_RTT, None));
        rtt.measured(RTT);
        assert_eq!(rtt.expected(), RTT * 3);
        for _ in 0..50 {
            rtt.measured(RTT);
        }
        assert!(rtt.expected() < RTT + RTT / 50, "{:?}", rtt.expected());
    }
}
