//! Trace: the route to a target, from probes whose hop limit expires on the way, and the path MTU. Time is an argument;
//! the caller sends the packets.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use super::series::{Sample, Target};
use super::stats::{Stats, Tally};
use crate::net::packet::{ICMP_HEADER, IPV6_HEADER, MIN_MTU};
use crate::net::{EchoEvent, EchoKind, EchoRequest, IcmpError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracePlan {
    /// Interval between the starts of two rounds.
    pub interval: Duration,
    /// Time after which a probe is lost.
    pub timeout: Duration,
    /// Number of rounds; `None`: no limit.
    pub rounds: Option<u64>,
    /// Maximum hop limit, 1 to 255.
    pub most: u8,
    /// Minimum interval between two probes.
    pub pace: Duration,
    /// Largest packet to try, in bytes; `None`: the path MTU is not measured.
    pub mtu: Option<u16>,
}

impl Default for TracePlan {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            rounds: None,
            most: 30,
            pace: Duration::from_millis(20),
            mtu: None,
        }
    }
}

/// Number of hops probed beyond the last one that replied.
const BEYOND: u8 = 5;
/// Samples kept per hop.
const KEPT: usize = 60;
/// Lost probes of one size after which it counts as too large.
const TRIES: u8 = 3;
/// Payload of a round's probes, in bytes.
const PAYLOAD: u16 = 56;
/// Probes whose replies are still recognised.
const REMEMBERED: usize = 8192;
/// Maximum number of senders per hop: spoofed ones could be any number.
const SENDERS: usize = 16;

/// State of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub target: Target,
    pub rounds: u64,
    /// Interval between the starts of two rounds.
    pub interval: Duration,
    /// The hops, nearest first, up to the target if it was reached.
    pub hops: Vec<Hop>,
    /// Hop limit at which the route ends: at the target, or at a host that reports it unreachable.
    pub end: Option<u8>,
    pub mtu: Mtu,
    /// Whether the trace has finished.
    pub done: bool,
}

impl Trace {
    /// Whether the target itself replied.
    pub fn is_reached(&self) -> bool {
        let last = self.end.and(self.hops.last());
        last.is_some_and(|hop| hop.by.iter().any(|(by, _)| *by == self.target.address))
    }
}

/// One hop of the route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    pub limit: u8,
    /// Senders of replies with their counts, most frequent first.
    pub by: Vec<(Ipv6Addr, u64)>,
    pub sent: u64,
    pub received: u64,
    pub lost: u64,
    /// Statistics of the round trips.
    pub stats: Option<Stats>,
    /// Newest settled probes, oldest first.
    pub recent: Vec<Sample>,
    /// Error other than "hop limit exceeded", as text.
    pub error: Option<String>,
}

impl Hop {
    /// Share of settled probes that were lost, 0 to 1.
    pub fn loss(&self) -> Option<f64> {
        let settled = self.received + self.lost;
        (settled > 0).then(|| self.lost as f64 / settled as f64)
    }
}

/// Path MTU, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mtu {
    /// Largest size that passed, in bytes.
    pub fits: Option<u16>,
    /// Smallest size that did not pass.
    pub too_big: Option<u16>,
    /// Sender of "packet too big".
    pub by: Option<Ipv6Addr>,
    /// Whether larger packets were dropped without an error.
    pub black_hole: bool,
    /// Whether the measurement has finished.
    pub done: bool,
}

/// Traces the route to one target.
#[derive(Debug)]
pub struct Tracer {
    plan: TracePlan,
    target: Target,
    hops: Vec<Track>,
    end: Option<u8>,
    rounds: u64,
    /// Hop limit and time of the next probe of this round.
    next: Option<(u8, Instant)>,
    /// Start of the next round.
    round_at: Instant,
    next_seq: u16,
    probes: HashMap<u16, Probe>,
    order: VecDeque<u16>,
    waiting: VecDeque<u16>,
    mtu: Mtu,
    /// Size under test in bytes, and its lost probes so far.
    size: Option<(u16, u8)>,
    /// Whether a probe of that size is in flight.
    sizing: bool,
    /// MTU of the next link as reported by a hop, in bytes.
    reported_mtu: Option<u16>,
}

#[derive(Debug)]
struct Track {
    hop: Hop,
    tally: Tally,
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    what: What,
    sent: Instant,
    settled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Hop(u8),
    Size(u16),
}

impl Tracer {
    /// Changes the time after which a probe is lost.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.plan.timeout = timeout;
    }

    /// Creates a tracer whose first round starts at `now`.
    pub fn new(target: Target, plan: TracePlan, now: Instant) -> Self {
        let mtu = Mtu { done: plan.mtu.is_none(), ..Mtu::default() };
        let size = plan.mtu.map(|mtu| (mtu.max(MIN_MTU as u16), 0));
        Self {
            plan,
            target,
            hops: Vec::new(),
            end: None,
            rounds: 0,
            next: None,
            round_at: now,
            next_seq: 1,
            probes: HashMap::new(),
            order: VecDeque::new(),
            waiting: VecDeque::new(),
            mtu,
            size,
            sizing: false,
            reported_mtu: None,
        }
    }

    /// Whether a bounded trace has finished: all rounds are settled, and the MTU is known.
    pub fn is_done(&self) -> bool {
        let rounds = self.plan.rounds.is_some_and(|rounds| self.rounds >= rounds && self.next.is_none());
        let open = self.probes.values().any(|probe| !probe.settled);
        rounds && !open && (self.mtu.done || !self.is_reached())
    }

    /// Next time at which [`Self::poll`] has something to do.
    pub fn next_due(&self) -> Option<Instant> {
        let more = self.plan.rounds.is_none_or(|rounds| self.rounds < rounds);
        let send = match self.next {
            Some((_, at)) => Some(at),
            None => more.then_some(self.round_at),
        };
        let expire = self.waiting.iter().find_map(|seq| match self.probes.get(seq) {
            Some(probe) if !probe.settled => Some(probe.sent + self.plan.timeout),
            _ => None,
        });
        [send, expire].into_iter().flatten().min()
    }

    /// Settles lost probes, and returns the next probe to send, if any. Call until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<EchoRequest> {
        self.expire(now);
        if let Some(request) = self.next_size(now) {
            return Some(request);
        }
        if self.next.is_none() && self.round_at <= now && self.plan.rounds.is_none_or(|n| self.rounds < n) {
            self.rounds += 1;
            self.round_at = (self.round_at + self.plan.interval).max(now);
            self.next = Some((1, now));
        }
        let (limit, at) = self.next?;
        if at > now {
            return None;
        }
        let last = self.last_limit();
        self.next = (limit < last).then_some((limit + 1, now + self.plan.pace));
        while self.hops.len() < usize::from(limit) {
            self.hops.push(Track::new(self.hops.len() as u8 + 1));
        }
        if let Some(track) = self.hops.get_mut(usize::from(limit) - 1) {
            track.hop.sent += 1;
        }
        Some(self.leave(What::Hop(limit), limit, PAYLOAD, now))
    }

    /// Evaluates a reply or an error.
    pub fn absorb(&mut self, event: &EchoEvent) {
        if event.to != self.target.address {
            return;
        }
        let Some(probe) = self.probes.get_mut(&event.seq) else { return };
        if std::mem::replace(&mut probe.settled, true) {
            return;
        }
        let rtt = event.at.saturating_duration_since(event.sent);
        match (probe.what, event.kind) {
            (What::Hop(limit), kind) => self.answered(limit, event.from, kind, rtt),
            (What::Size(size), EchoKind::Reply { .. }) => {
                self.sizing = false;
                self.mtu.fits = Some(self.mtu.fits.map_or(size, |fits| fits.max(size)));
                if self.reported_mtu == Some(size) {
                    (self.mtu.done, self.size) = (true, None);
                } else {
                    self.choose_size();
                }
            }
            (What::Size(size), EchoKind::Error(IcmpError::PacketTooBig(mtu))) => {
                self.sizing = false;
                self.mtu.by = Some(event.from);
                self.too_big(size);
                // An MTU below the minimum of IPv6 is not believed (RFC 8201 §4).
                let next = u16::try_from(mtu).unwrap_or(u16::MAX).max(MIN_MTU as u16);
                if next < size && self.mtu.fits.is_none_or(|fits| fits < next) {
                    (self.size, self.reported_mtu) = (Some((next, 0)), Some(next));
                } else {
                    self.choose_size();
                }
            }
            (What::Size(_), _) => {
                self.sizing = false;
                self.size_lost();
            }
        }
    }

    pub fn trace(&self) -> Trace {
        let shown = self.end.map_or_else(|| self.last_answer().max(1), usize::from);
        let hops = self.hops.iter().take(shown).map(|track| {
            let mut hop = track.hop.clone();
            hop.stats = track.tally.stats();
            hop.by.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
            hop
        });
        let hops: Vec<Hop> = hops.collect();
        Trace {
            target: self.target.clone(),
            rounds: self.rounds,
            // A round that takes longer delays the next one.
            interval: self.plan.interval.max(self.plan.pace * hops.len() as u32),
            hops,
            end: self.end,
            mtu: self.mtu,
            done: self.is_done(),
        }
    }

    /// Number of hops up to the last one that replied.
    fn last_answer(&self) -> usize {
        self.hops.iter().rposition(|track| track.hop.received > 0).map_or(0, |at| at + 1)
    }

    /// The highest hop limit of a round.
    fn last_limit(&self) -> u8 {
        self.end
            .unwrap_or_else(|| (self.last_answer() as u8).saturating_add(BEYOND).min(self.plan.most))
            .max(1)
    }

    fn answered(&mut self, limit: u8, from: Ipv6Addr, kind: EchoKind, rtt: Duration) {
        let own = matches!(kind, EchoKind::Reply { .. });
        let error = match kind {
            EchoKind::Error(IcmpError::TimeExceeded(0)) | EchoKind::Reply { .. } | EchoKind::Stray { .. } => {
                None
            }
            EchoKind::Error(error) => Some(error),
        };
        if own || error.is_some() {
            self.end = Some(self.end.map_or(limit, |end| end.min(limit)));
        } else if self.end == Some(limit) && matches!(kind, EchoKind::Error(_)) {
            // A hop that reported no route earlier lets packets pass again.
            self.end = None;
        }
        let Some(Track { hop, tally }) = self.hops.get_mut(usize::from(limit) - 1) else { return };
        hop.received += 1;
        hop.error = error.map(|error| error.to_string());
        let room = hop.by.len() < SENDERS;
        match hop.by.iter_mut().find(|(by, _)| *by == from) {
            Some((_, times)) => *times += 1,
            None if room => hop.by.push((from, 1)),
            None => {}
        }
        tally.add(rtt);
        push(&mut hop.recent, Sample::Received(rtt));
    }

    fn expire(&mut self, now: Instant) {
        while let Some(seq) = self.waiting.front().copied() {
            if let Some(probe) = self.probes.get_mut(&seq)
                && !probe.settled
            {
                if probe.sent + self.plan.timeout > now {
                    return;
                }
                probe.settled = true;
                match probe.what {
                    What::Hop(limit) => {
                        if let Some(track) = self.hops.get_mut(usize::from(limit) - 1) {
                            track.hop.lost += 1;
                            push(&mut track.hop.recent, Sample::Lost);
                        }
                    }
                    What::Size(_) => {
                        self.sizing = false;
                        self.size_lost();
                    }
                }
            }
            self.waiting.pop_front();
        }
    }

    /// A probe of the next size, once the target has replied.
    fn next_size(&mut self, now: Instant) -> Option<EchoRequest> {
        if self.mtu.done || self.sizing || !self.is_reached() {
            return None;
        }
        let (size, _) = self.size?;
        self.sizing = true;
        let payload = size - (IPV6_HEADER + ICMP_HEADER) as u16;
        Some(self.leave(What::Size(size), 64, payload, now))
    }

    /// Whether the target itself has replied.
    fn is_reached(&self) -> bool {
        let last = self.end.and_then(|end| self.hops.get(usize::from(end) - 1));
        last.is_some_and(|track| track.hop.by.iter().any(|(by, _)| *by == self.target.address))
    }

    fn leave(&mut self, what: What, hop_limit: u8, payload: u16, now: Instant) -> EchoRequest {
        let seq = self.next_seq;
        self.next_seq = self.next_seq.wrapping_add(1);
        self.probes.insert(seq, Probe { what, sent: now, settled: false });
        self.order.push_back(seq);
        self.waiting.push_back(seq);
        if self.order.len() > REMEMBERED
            && let Some(old) = self.order.pop_front()
        {
            self.probes.remove(&old);
        }
        EchoRequest { to: self.target.address, seq, hop_limit, payload }
    }

    /// Handles a lost probe of the size under test.
    fn size_lost(&mut self) {
        let Some((size, tries)) = self.size else { return };
        if tries + 1 < TRIES {
            self.size = Some((size, tries + 1));
            return;
        }
        self.mtu.black_hole = true;
        self.too_big(size);
        self.choose_size();
    }

    fn too_big(&mut self, size: u16) {
        self.mtu.too_big = Some(self.mtu.too_big.map_or(size, |too_big| too_big.min(size)));
    }

    /// Chooses the next size: the minimum of IPv6, then the middle between the largest that passed and the smallest that did not.
    fn choose_size(&mut self) {
        let least = MIN_MTU as u16;
        let next = match (self.mtu.fits, self.mtu.too_big) {
            (None, Some(too_big)) if too_big > least => Some(least),
            (Some(fits), Some(too_big)) if too_big > fits + 1 => Some(u16::midpoint(fits, too_big)),
            _ => None,
        };
        self.mtu.done = next.is_none();
        self.size = next.map(|size| (size, 0));
    }
}

impl Track {
    fn new(limit: u8) -> Self {
        let hop = Hop {
            limit,
            by: Vec::new(),
            sent: 0,
            received: 0,
            lost: 0,
            stats: None,
            recent: Vec::new(),
            error: None,
        };
        Self { hop, tally: Tally::new(3) }
    }
}

fn push(ring: &mut Vec<Sample>, value: Sample) {
    if ring.len() >= KEPT {
        ring.remove(0);
    }
    ring.push(value);
}

#[cfg(test)]
mod tests;
