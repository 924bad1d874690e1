//! How many questions may be in flight, and how long one waits for its answer: what loss and delay have taught.

use std::time::{Duration, Instant};

/// Questions in flight before anything is known. A thousand at once overflow common receive buffers.
pub const FIRST: usize = 64;
/// What loss can bring it down to.
pub const SMALLEST: usize = 8;
/// A long way can hold this many; a short one is full long before.
pub const LARGEST: usize = 2048;

/// The share of answers that may be lost before the loss is taken for a flood of our own making, as one part in
/// this many. Buffers that overflow lose a quarter and more; a bad radio link loses a tenth of the round trips, and
/// asking it more slowly does not mend it.
const FLOOD: usize = 5;
/// Where more than one part in this many is lost and it is no flood, the link itself loses it.
const THIN: usize = 40;
/// Losses are counted over as many questions at least: they show in clumps, later than the answers that left beside.
const ENOUGH: usize = 128;
/// After a flood, round trips until losses are taken for the link's own again.
const CALM: u32 = 8;
/// A round trip that is longer than the shortest one by its half and this says that questions queue up somewhere.
const QUEUED: Duration = Duration::from_millis(2);

/// The round trip assumed before one was measured.
const UNKNOWN_RTT: Duration = Duration::from_millis(200);

/// After a flood the window grows by this part of itself a round trip.
const GENTLY: usize = 8;
/// Questions that may leave at one moment, however they are paced.
const BURST: u32 = 64;

/// How many questions may be in flight. It doubles each round trip while answers come clean and without queueing,
/// halves when too many are lost, and grows by an eighth a round trip from where that happened.
#[derive(Debug)]
pub struct Window {
    size: usize,
    largest: usize,
    /// Up to here it doubles.
    threshold: usize,
    clean: usize,
    halved: Option<Instant>,
    /// What became of the last window full of questions, and of the one before.
    outcomes: [Outcomes; 2],
    shortest: Option<Duration>,
}

/// What became of questions.
#[derive(Debug, Clone, Copy, Default)]
struct Outcomes {
    all: usize,
    lost: usize,
}

impl Window {
    /// A window of `size` questions, of which there are never more than `largest`.
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

    /// Questions that may be in flight.
    pub fn size(&self) -> usize {
        self.size
    }

    /// An answer came after `rtt`, while `flying` questions were in flight: a window that is not used does not grow.
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

    /// A question that left at `sent` was not answered in time. What left before the last halving has had its say.
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

    /// Whether the link itself loses some of what is sent, and asking again sooner floods nobody.
    pub fn is_thin(&self, now: Instant, rtt: Duration) -> bool {
        let calm = self.halved.is_none_or(|at| now.saturating_duration_since(at) > rtt * CALM);
        calm && self.loses_more_than(THIN) && !self.loses_more_than(FLOOD)
    }
}

/// Spreads questions over time. Answers to many questions come together, and each makes room for another one: without a
/// pace these leave together too, every round trip twice as many, and the buffer of a server that could answer them
/// all overflows.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the next one may leave, if none is in advance.
    next: Option<Instant>,
}

impl Pace {
    /// The time between two questions, where `window` of them fly in a round trip of `rtt`: half of their share, so
    /// that the window can double.
    pub fn gap(window: usize, rtt: Duration) -> Duration {
        rtt / (2 * u32::try_from(window.max(1)).unwrap_or(u32::MAX))
    }

    /// Whether one may leave at `now`, if they leave one in a `gap` in the long run.
    ///
    /// # Errors
    /// When one may leave again.
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

/// Smoothed round trip and its variation (RFC 6298 §2).
#[derive(Debug, Default)]
pub struct Rtt {
    smoothed: Option<(Duration, Duration)>,
    least: Option<Duration>,
}

impl Rtt {
    /// Takes a round trip.
    pub fn measured(&mut self, rtt: Duration) {
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        self.smoothed = Some(match self.smoothed {
            None => (rtt, rtt / 2),
            Some((mean, variation)) => ((mean * 7 + rtt) / 8, (variation * 3 + mean.abs_diff(rtt)) / 4),
        });
    }

    /// How long an answer may take that is not late.
    pub fn expected(&self) -> Duration {
        self.smoothed.map_or(UNKNOWN_RTT, |(mean, variation)| mean + variation * 4)
    }

    /// The shortest one so far: how long the way is, whatever waits at its ends.
    pub fn least(&self) -> Option<Duration> {
        self.least
    }

    /// The smoothed round trip, once one was measured.
    pub fn mean(&self) -> Option<Duration> {
        self.smoothed.map(|(mean, _)| mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(100);

    /// A round trip in which every question of the window is answered after `rtt`.
    fn round(window: &mut Window, rtt: Duration) {
        for flying in (0..window.size()).rev() {
            // The next one leaves as soon as this one is answered.
            window.answered(rtt, flying.max(window.size() - 1));
        }
    }

    #[test]
    fn it_doubles_each_round_trip_until_it_is_full() {
        let mut window = Window::new(FIRST, LARGEST);
        let mut sizes = vec![];
        for _ in 0..7 {
            round(&mut window, RTT);
            sizes.push(window.size());
        }
        assert_eq!(sizes, [128, 256, 512, 1024, LARGEST, LARGEST, LARGEST]);
    }

    #[test]
    fn it_does_not_grow_where_answers_queue_up_or_nobody_fills_it() {
        let mut window = Window::new(FIRST, LARGEST);
        window.answered(RTT, 63);
        assert_eq!(window.size(), FIRST + 1);
        window.answered(RTT * 2, 64);
        window.answered(RTT, 20);
        assert_eq!(window.size(), FIRST + 1);
    }

    #[test]
    fn a_flood_halves_it_once_a_round_trip_and_a_bad_link_does_not() {
        let start = Instant::now();
        let mut window = Window::new(FIRST, LARGEST);
        for n in 0..1000 {
            // A clump of losses after many answers, as a round trip brings them.
            if n % 200 >= 180 { window.lost(start, start) } else { window.answered(RTT, LARGEST) }
        }
        let full = FIRST + 900;
        assert_eq!(window.size(), full, "one in ten is the link's own");
        assert!(window.is_thin(start, RTT));
        for _ in 0..1000 {
            window.lost(start + RTT, start);
        }
        assert_eq!(window.size(), full / 2, "one halving for what left before it");
        for round in 1..20 {
            (0..100).for_each(|_| window.lost(start + RTT * round * 2, start + RTT * round * 2));
        }
        assert_eq!(window.size(), SMALLEST);
        assert!(!window.is_thin(start + RTT * 40, RTT));
        for _ in 0..300 {
            window.answered(RTT, LARGEST);
        }
        assert_eq!(window.size(), SMALLEST + 300 / GENTLY);
    }

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_its_pace() {
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
        // A pause is no licence for more than a burst.
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
