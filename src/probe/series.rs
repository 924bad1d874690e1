//! What came of pinging somebody: values only.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::stats::{Bin, Stats, of_window};
use crate::net::IcmpError;
use crate::text::Safe;

/// Settled probes that are kept of each target: five minutes at one a second.
pub const KEPT: usize = 300;

/// Somebody to ping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// How it is called on the screen.
    pub label: Safe,
    /// Where it is.
    pub address: Ipv6Addr,
}

/// A target, and how it is to be pinged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aim {
    /// Whom.
    pub target: Target,
    /// Whether no probe leaves now; the figures stay.
    pub held: bool,
    /// The addresses that take turns, as a client of a name does; empty where it is the target's own alone.
    pub turns: Vec<Ipv6Addr>,
}

impl From<Target> for Aim {
    fn from(target: Target) -> Self {
        Self { target, held: false, turns: Vec::new() }
    }
}

/// The pings of one target. Every probe that has left is received, late, lost, in error, or in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Whom.
    pub target: Target,
    /// Whether no probe leaves for now.
    pub held: bool,
    /// How many addresses take turns; 0 where it is the target's own alone.
    pub turns: usize,
    /// Probes that have left.
    pub sent: u64,
    /// Probes that were answered in time.
    pub received: u64,
    /// Probes that were answered, too late.
    pub late: u64,
    /// Probes that nothing came back for in time, nor later so far.
    pub lost: u64,
    /// Probes that brought an ICMPv6 error, or could not be sent.
    pub errors: u64,
    /// Further replies to probes that were answered.
    pub duplicates: u64,
    /// Replies from the target that answer no probe of ours, and replies to ours from elsewhere.
    pub strays: u64,
    /// The newest settled probes, oldest first, at most [`KEPT`].
    pub recent: Arc<Vec<Sample>>,
    /// What came of the newest probes one by one, oldest first, at most 120.
    pub replies: Arc<Vec<Reply>>,
    /// Statistics over all that were answered in time.
    pub stats: Option<Stats>,
    /// How often which round trip was seen, shortest first.
    pub bins: Arc<Vec<Bin>>,
    /// When the newest probe was settled.
    pub at: Option<Instant>,
    /// The last error, in words, until a reply comes.
    pub error: Option<String>,
}

/// What became of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Answered, after this round trip.
    Answered(Duration),
    /// Answered too late, after this round trip.
    Late(Duration),
    /// Nothing came.
    Lost,
    /// An error came.
    Error,
}

impl Sample {
    /// The round trip of a reply that came in time.
    pub fn rtt(self) -> Option<Duration> {
        match self {
            Self::Answered(rtt) => Some(rtt),
            _ => None,
        }
    }

    /// Whether no reply came at all.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Lost | Self::Error)
    }
}

impl Series {
    /// A series before its first probe.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            held: false,
            turns: 0,
            sent: 0,
            received: 0,
            late: 0,
            lost: 0,
            errors: 0,
            duplicates: 0,
            strays: 0,
            recent: Arc::default(),
            replies: Arc::default(),
            stats: None,
            bins: Arc::default(),
            at: None,
            error: None,
        }
    }

    /// Probes that are no longer in flight.
    pub fn settled(&self) -> u64 {
        self.received + self.late + self.lost + self.errors
    }

    /// Probes that are neither answered nor given up.
    pub fn in_flight(&self) -> u64 {
        self.sent.saturating_sub(self.settled())
    }

    /// The share of the settled probes that no reply came for, 0 to 1; `None` before the first is settled. A late
    /// reply is no loss.
    pub fn loss(&self) -> Option<f64> {
        let settled = self.settled();
        (settled > 0).then(|| (self.lost + self.errors) as f64 / settled as f64)
    }

    /// The newest settled probe: its round trip, or `None` where it brought no reply in time.
    pub fn newest(&self) -> Option<Option<Duration>> {
        self.recent.last().map(|sample| sample.rtt())
    }

    /// [`Self::loss`] of the newest settled probes alone.
    pub fn recent_loss(&self) -> Option<f64> {
        let missing = self.recent.iter().filter(|sample| sample.is_lost()).count();
        (!self.recent.is_empty()).then(|| missing as f64 / self.recent.len() as f64)
    }

    /// Statistics of the newest settled probes alone.
    pub fn recent_stats(&self) -> Option<Stats> {
        of_window(self.recent.iter().filter_map(|sample| sample.rtt()))
    }
}

/// What came of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Counts the replies of its target from 1, so that a reader of many reports knows which are new.
    pub serial: u64,
    /// Which probe of its target, from 1; 0 where it answers none.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// Who sent it; of what was given up, who should have.
    pub from: Ipv6Addr,
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
    /// A reply to a probe that was given up.
    Late {
        /// Round trip.
        rtt: Duration,
    },
    /// One more reply to a probe that was answered.
    Duplicate {
        /// Round trip.
        rtt: Duration,
    },
    /// A reply that answers no probe: a wrong identifier, a wrong sequence number, or another sender.
    Stray(Stray),
    /// An ICMPv6 error in its place.
    Error(IcmpError),
    /// It could not be sent, for the reason in words.
    Unsent(String),
}

/// What is wrong with a reply that answers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    /// Its identifier is not ours.
    Ident(u16),
    /// No probe was sent under its sequence number.
    Seq(u16),
    /// It answers a probe that went to somebody else.
    Sender(Ipv6Addr),
}
