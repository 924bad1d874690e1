//! Statistics of round trips: sums in nanoseconds, an HDR histogram for percentiles, and bins for charts.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Statistics of round-trip times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    pub min: Duration,
    pub avg: Duration,
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
    pub max: Duration,
    /// Standard deviation, named as in `ping`.
    pub mdev: Duration,
    /// Mean change between consecutive round trips, smoothed over 16 (RFC 3550 §6.4.1).
    pub jitter: Duration,
    pub last: Duration,
}

/// A bin of the histogram. Round trips are rounded to two decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bin {
    /// Lower bound, inclusive.
    pub from: Duration,
    /// Upper bound, exclusive.
    pub to: Duration,
    pub count: u64,
}

#[derive(Debug)]
pub struct Tally {
    moments: Moments,
    /// In microseconds; grows with its range.
    histogram: Option<Histogram<u32>>,
    bins: Vec<Bin>,
}

impl Tally {
    /// Empty. Percentiles have `digits` decimal digits, 1 to 5.
    pub fn new(digits: u8) -> Self {
        let histogram = Histogram::new(digits.clamp(1, 5)).ok();
        Self { moments: Moments::default(), histogram, bins: Vec::new() }
    }

    pub fn add(&mut self, rtt: Duration) {
        self.moments.add(rtt);
        if let Some(histogram) = &mut self.histogram {
            // Cannot fail: it resizes itself, and a count of 2^32 takes a century.
            let _ = histogram.record(micros(rtt));
        }
        let (from, to) = edges(rtt);
        match self.bins.binary_search_by_key(&from, |bin| bin.from) {
            Ok(at) => self.bins[at].count += 1,
            Err(at) => self.bins.insert(at, Bin { from, to, count: 1 }),
        }
    }

    /// The statistics; `None` before the first round trip.
    pub fn stats(&self) -> Option<Stats> {
        let stats = self.moments.stats()?;
        let mut percentiles = [(50, stats.min), (95, stats.min), (99, stats.min)];
        let mut seen = 0;
        let Some(histogram) = &self.histogram else { return Some(stats) };
        for step in histogram.iter_recorded() {
            let ranks = seen + 1..=seen + u64::from(step.count_at_value());
            seen = *ranks.end();
            for (share, value) in &mut percentiles {
                if ranks.contains(&rank(*share, self.moments.n)) {
                    *value = Duration::from_micros(histogram.lowest_equivalent(step.value_iterated_to()))
                        .clamp(stats.min, stats.max);
                }
            }
        }
        let [(_, p50), (_, p95), (_, p99)] = percentiles;
        Some(Stats { p50, p95, p99, ..stats })
    }

    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }
}

/// Nearest-rank percentile: of 4 probes, the median is the second.
fn rank(share: u64, all: u64) -> u64 {
    (all * share).div_ceil(100).max(1)
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}

/// Bounds of the bin of `rtt`: its first two digits, in microseconds, and the next value.
fn edges(rtt: Duration) -> (Duration, Duration) {
    let (mut value, mut unit) = (micros(rtt), 1);
    while value >= 100 {
        value /= 10;
        unit *= 10;
    }
    (Duration::from_micros(value * unit), Duration::from_micros((value + 1) * unit))
}

/// Exact statistics of a few round trips, oldest first; `None` without any.
pub fn of_window(rtts: impl Iterator<Item = Duration>) -> Option<Stats> {
    let mut moments = Moments::default();
    let mut all: Vec<Duration> = rtts.inspect(|rtt| moments.add(*rtt)).collect();
    all.sort_unstable();
    let at = |share| all.get(rank(share, all.len() as u64) as usize - 1).copied().unwrap_or_default();
    let stats = moments.stats()?;
    Some(Stats { p50: at(50), p95: at(95), p99: at(99), ..stats })
}

/// Sums of round trips, in nanoseconds.
#[derive(Debug, Default)]
struct Moments {
    n: u64,
    sum: u128,
    squares: u128,
    min: Duration,
    max: Duration,
    last: Duration,
    jitter: f64,
}

impl Moments {
    fn add(&mut self, rtt: Duration) {
        let ns = rtt.as_nanos();
        if self.n > 0 {
            self.jitter += (rtt.abs_diff(self.last).as_secs_f64() - self.jitter) / 16.0;
        }
        self.min = if self.n == 0 { rtt } else { self.min.min(rtt) };
        self.max = self.max.max(rtt);
        self.last = rtt;
        self.n += 1;
        self.sum += ns;
        self.squares += ns * ns;
    }

    fn stats(&self) -> Option<Stats> {
        let n = u128::from(self.n);
        let mean = self.sum.checked_div(n)?;
        // As in ping's mdev: the square root of the mean square less the squared mean.
        let variance = (self.squares * n).saturating_sub(self.sum * self.sum) / (n * n);
        Some(Stats {
            min: self.min,
            avg: Duration::from_nanos(mean as u64),
            p50: self.min,
            p95: self.min,
            p99: self.min,
            max: self.max,
            mdev: Duration::from_nanos(variance.isqrt() as u64),
            jitter: Duration::from_secs_f64(self.jitter.max(0.0)),
            last: self.last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn tally(rtts: &[u64]) -> Tally {
        let mut tally = Tally::new(3);
        for us in rtts {
            tally.add(Duration::from_micros(*us));
        }
        tally
    }

    #[test]
    fn statistics_match_ping() {
        let stats = tally(&[10_000, 20_000, 30_000]).stats().unwrap();
        assert_eq!((stats.min, stats.avg, stats.max, stats.last), (MS * 10, MS * 20, MS * 30, MS * 30));
        assert_eq!(stats.mdev, Duration::from_nanos(8_164_965));
        // One change of 10 ms, then another: 10/16, then 10/16 + (10 - 10/16)/16.
        assert_eq!(stats.jitter.as_micros(), 1_210);
        assert!(tally(&[]).stats().is_none());
    }

    #[test]
    fn percentiles_use_the_nearest_rank() {
        let all: Vec<u64> = (1..=100).map(|n| n * 10).collect();
        let stats = tally(&all).stats().unwrap();
        let us = Duration::from_micros;
        assert_eq!((stats.p50, stats.p95, stats.p99), (us(500), us(950), us(990)));
        let one = tally(&[1234]).stats().unwrap();
        assert_eq!((one.p50, one.p95, one.p99), (us(1234), us(1234), us(1234)));
    }

    #[test]
    fn bins_are_round() {
        let bins = tally(&[10_000, 10_999, 11_000, 123, 129, 7]);
        let found: Vec<_> =
            bins.bins().iter().map(|b| (b.from.as_micros(), b.to.as_micros(), b.count)).collect();
        assert_eq!(found, [(7, 8, 1), (120, 130, 2), (10_000, 11_000, 2), (11_000, 12_000, 1)]);
    }

    proptest! {
        #[test]
        fn the_histogram_matches_sorting(rtts in prop::collection::vec(1_u64..5_000_000, 1..300)) {
            let found = tally(&rtts).stats().unwrap();
            let exact = of_window(rtts.iter().map(|us| Duration::from_micros(*us))).unwrap();
            for (found, exact) in [(found.p50, exact.p50), (found.p95, exact.p95), (found.p99, exact.p99)] {
                // Three digits.
                let off = found.as_secs_f64() / exact.as_secs_f64();
                prop_assert!((0.999..1.001).contains(&off), "{found:?} {exact:?}");
            }
            let same = |s: Stats| (s.min, s.avg, s.max, s.mdev, s.jitter, s.last);
            prop_assert_eq!(same(found), same(exact));
            prop_assert_eq!(tally(&rtts).bins().iter().map(|b| b.count).sum::<u64>(), rtts.len() as u64);
        }
    }
}
