//! Results of pinging a target.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::stats::{Bin, Stats, of_window};
use crate::net::IcmpError;
use crate::text::Safe;

/// Settled probes kept per target: five minutes at one a second.
pub const KEPT: usize = 300;

/// A target of pings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Name on the screen.
    pub label: Safe,
    pub address: Ipv6Addr,
}

/// A target with its ping options.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PingTarget {
    pub target: Target,
    /// Whether pinging is paused; the statistics remain.
    pub paused: bool,
    /// Addresses to probe round robin, like a client of the name; empty: only the target's own.
    pub round_robin: Vec<Ipv6Addr>,
}

impl From<Target> for PingTarget {
    fn from(target: Target) -> Self {
        Self { target, paused: false, round_robin: Vec::new() }
    }
}

/// Ping results of one target. Every sent probe is received, late, lost, in error, or in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub target: Target,
    /// Whether pinging is paused.
    pub paused: bool,
    /// Number of addresses probed round robin; 0: only the target's own.
    pub round_robin: usize,
    pub sent: u64,
    pub received: u64,
    pub late: u64,
    /// Probes without a reply in time, nor later so far.
    pub lost: u64,
    /// Probes that got an ICMPv6 error, or could not be sent.
    pub errors: u64,
    /// Further replies to an answered probe.
    pub duplicates: u64,
    /// Replies from the target without a probe, and replies to our probes from another address.
    pub strays: u64,
    /// Newest settled probes, oldest first, at most [`KEPT`].
    pub recent: Arc<Vec<Sample>>,
    /// Newest replies one by one, oldest first, at most 120.
    pub replies: Arc<Vec<Reply>>,
    /// Statistics of all replies in time.
    pub stats: Option<Stats>,
    /// Histogram of round trips, shortest first.
    pub bins: Arc<Vec<Bin>>,
    /// Time at which the newest probe was settled.
    pub at: Option<Instant>,
    /// The last error as text, until the next reply.
    pub error: Option<String>,
}

/// Result of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Reply in time, with its round trip.
    Received(Duration),
    /// Late reply, with its round trip.
    Late(Duration),
    Lost,
    /// ICMPv6 error, or not sent.
    Error,
}

impl Sample {
    /// Round trip of a reply in time.
    pub fn rtt(self) -> Option<Duration> {
        match self {
            Self::Received(rtt) => Some(rtt),
            _ => None,
        }
    }

    /// Whether there was no reply at all.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Lost | Self::Error)
    }
}

impl Series {
    /// A series before its first probe.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            paused: false,
            round_robin: 0,
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

    /// Probes no longer in flight.
    pub fn settled(&self) -> u64 {
        self.received + self.late + self.lost + self.errors
    }

    /// Probes that are neither answered nor lost.
    pub fn in_flight(&self) -> u64 {
        self.sent.saturating_sub(self.settled())
    }

    /// Share of settled probes without a reply, 0 to 1; `None` before the first is settled. A late reply is not a loss.
    pub fn loss(&self) -> Option<f64> {
        let settled = self.settled();
        (settled > 0).then(|| (self.lost + self.errors) as f64 / settled as f64)
    }

    /// The newest settled probe: its round trip, or `None` without a reply in time.
    pub fn newest(&self) -> Option<Option<Duration>> {
        self.recent.last().map(|sample| sample.rtt())
    }

    /// [`Self::loss`] of the newest settled probes only.
    pub fn recent_loss(&self) -> Option<f64> {
        let missing = self.recent.iter().filter(|sample| sample.is_lost()).count();
        (!self.recent.is_empty()).then(|| missing as f64 / self.recent.len() as f64)
    }

    /// Statistics of the newest settled probes only.
    pub fn recent_stats(&self) -> Option<Stats> {
        of_window(self.recent.iter().filter_map(|sample| sample.rtt()))
    }
}

/// One reply, or the lack of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Counts from 1 per target, so that readers of consecutive reports recognise new ones.
    pub serial: u64,
    /// Number of the probe, from 1 per target; 0 without a probe.
    pub number: u64,
    pub at: Instant,
    /// Sender of the reply; for a lost probe, its destination.
    pub from: Ipv6Addr,
    pub kind: ReplyKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyKind {
    Answered {
        rtt: Duration,
        hop_limit: u8,
        /// Size in bytes: ICMPv6 header and payload.
        bytes: u16,
    },
    /// No reply in time.
    Lost {
        after: Duration,
    },
    /// Reply after the timeout.
    Late {
        rtt: Duration,
    },
    /// Further reply to an answered probe.
    Duplicate {
        rtt: Duration,
    },
    /// Reply without a probe: wrong identifier, wrong sequence number, or another sender.
    Stray(Stray),
    Error(IcmpError),
    /// Not sent, with the reason as text.
    Unsent(String),
}

/// Reason why a reply is stray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    /// The identifier is not ours.
    Ident(u16),
    /// No probe has this sequence number.
    Seq(u16),
    /// The probe was sent to another address.
    Sender(Ipv6Addr),
}
