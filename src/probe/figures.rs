//! Ping statistics by name: one table for output, clipboard and export.

use std::time::Duration;

use super::series::Series;
use super::stats::Stats;

/// A statistic: its name, and the function that reads it.
pub type Figure<Of, Is> = (&'static str, fn(&Of) -> Is);

pub const COUNTS: [Figure<Series, u64>; 7] = [
    ("sent", |series| series.sent),
    ("received", |series| series.received),
    ("lost", |series| series.lost),
    ("late", |series| series.late),
    ("errors", |series| series.errors),
    ("duplicates", |series| series.duplicates),
    ("strays", |series| series.strays),
];

/// Times; printed in milliseconds.
pub const TIMES: [Figure<Stats, Duration>; 9] = [
    ("last_ms", |stats| stats.last),
    ("min_ms", |stats| stats.min),
    ("avg_ms", |stats| stats.avg),
    ("p50_ms", |stats| stats.p50),
    ("p95_ms", |stats| stats.p95),
    ("p99_ms", |stats| stats.p99),
    ("max_ms", |stats| stats.max),
    ("mdev_ms", |stats| stats.mdev),
    ("jitter_ms", |stats| stats.jitter),
];
