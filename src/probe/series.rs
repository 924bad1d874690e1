//! What came of pinging somebody: values only.

use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use crate::text::Safe;

/// Somebody to ping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// How it is called on the screen.
    pub label: Safe,
    /// Where it is.
    pub address: Ipv6Addr,
}

/// The pings of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Whom.
    pub target: Target,
    /// Probes that have left.
    pub sent: u64,
    /// Probes that were answered in time.
    pub received: u64,
    /// Probes that are settled as lost or in error: `sent - received - lost` are in flight.
    pub lost: u64,
    /// The newest settled probes, oldest first, at most 120: the RTT, or `None` for a lost one.
    pub recent: Vec<Option<Duration>>,
    /// What came of the newest probes one by one, oldest first, at most 120.
    pub replies: Vec<Reply>,
    /// Statistics over the answered ones.
    pub stats: Option<Stats>,
    /// When the newest probe was settled.
    pub at: Option<Instant>,
    /// The last ICMPv6 error, in words.
    pub error: Option<String>,
}

/// Statistics of round-trip times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Smallest.
    pub min: Duration,
    /// Mean.
    pub avg: Duration,
    /// Largest.
    pub max: Duration,
    /// Standard deviation, as `ping` calls it.
    pub mdev: Duration,
    /// The newest.
    pub last: Duration,
}

impl Series {
    /// Loss over the settled probes, 0 to 1; `None` before the first is settled.
    pub fn loss(&self) -> Option<f64> {
        let settled = self.received + self.lost;
        (settled > 0).then(|| self.lost as f64 / settled as f64)
    }
}

/// What came of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Counts the replies of its target from 1, so that a reader of many reports knows which are new.
    pub serial: u64,
    /// Which probe of its target, from 1.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// What.
    pub kind: ReplyKind,
}

/// The ends of a probe, and what may come after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyKind {
    /// In time.
    Answered {
        /// Round trip.
        rtt: Duration,
        /// Hop limit of the reply.
        hop_limit: u8,
        /// ICMPv6 bytes of the reply.
        bytes: u16,
    },
    /// No reply in time.
    Lost {
        /// How long it was waited for.
        after: Duration,
    },
    /// A reply to a probe that counts as lost.
    Late {
        /// Round trip.
        rtt: Duration,
    },
    /// One more reply to a probe that was answered.
    Duplicate {
        /// Round trip.
        rtt: Duration,
    },
    /// An error in its place, in words fit to show.
    Error(String),
}
