//! Trace: who stands on the way to a target, by probes whose hop limit runs out there; and how large a packet may be.
//! `now` comes in; nothing is sent here.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use super::series::{Sample, Target};
use super::stats::{Stats, Tally};
use crate::net::packet::{ICMP_HEADER, IPV6_HEADER, MIN_MTU};
use crate::net::{EchoEvent, EchoKind, EchoRequest, IcmpError};

/// How to trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracePlan {
    /// Between the starts of two rounds.
    pub interval: Duration,
    /// After which an unanswered probe is given up.
    pub timeout: Duration,
    /// Rounds; `None` goes on.
    pub rounds: Option<u64>,
    /// The highest hop limit, 1 to 255.
    pub most: u8,
    /// Between two probes.
    pub pace: Duration,
    /// The largest packet that may leave here, in bytes; `None` looks for no MTU.
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

/// Hops that are asked beyond the last that answered.
const BEYOND: u8 = 5;
/// Samples that are kept of each hop.
const KEPT: usize = 60;
/// Unanswered probes of one size that make it too large.
const TRIES: u8 = 3;
/// Bytes of payload of the probes of a round.
const PAYLOAD: u16 = 56;
/// Probes whose answers are still known.
const REMEMBERED: usize = 8192;
/// Different senders of a hop's answers that are told; who spoofs them may make up any number.
const SENDERS: usize = 16;

/// What is known of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// To whom.
    pub target: Target,
    /// Rounds that have begun.
    pub rounds: u64,
    /// Between the starts of two rounds.
    pub interval: Duration,
    /// The hops, nearest first, up to the target where it was reached.
    pub hops: Vec<Hop>,
    /// The hop limit with which the target, or somebody who says that it cannot be reached, answers.
    pub end: Option<u8>,
    /// How large a packet may be.
    pub mtu: Mtu,
    /// Whether nothing more will be sent.
    pub done: bool,
}

impl Trace {
    /// Whether the target itself answered.
    pub fn is_reached(&self) -> bool {
        let last = self.end.and(self.hops.last());
        last.is_some_and(|hop| hop.by.iter().any(|(by, _)| *by == self.target.address))
    }
}

/// Who answers where a hop limit runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The hop limit.
    pub limit: u8,
    /// Who answered, and how often, most often first.
    pub by: Vec<(Ipv6Addr, u64)>,
    /// Probes that have left.
    pub sent: u64,
    /// Probes that were answered.
    pub received: u64,
    /// Probes that were given up.
    pub lost: u64,
    /// Statistics of the round trips.
    pub stats: Option<Stats>,
    /// The newest settled probes, oldest first.
    pub recent: Vec<Sample>,
    /// What was said in place of "hop limit exceeded", in words.
    pub error: Option<String>,
}

impl Hop {
    /// Loss over the settled probes, 0 to 1.
    pub fn loss(&self) -> Option<f64> {
        let settled = self.received + self.lost;
        (settled > 0).then(|| self.lost as f64 / settled as f64)
    }
}

/// What is known of the largest packet that comes through, there and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mtu {
    /// The largest that came through, in bytes.
    pub fits: Option<u16>,
    /// The smallest that did not.
    pub too_big: Option<u16>,
    /// Who said that a packet was too big.
    pub by: Option<Ipv6Addr>,
    /// Whether larger ones vanished without a word.
    pub silent: bool,
    /// Whether no more is to be found out.
    pub done: bool,
}

/// Traces the way to one target.
#[derive(Debug)]
pub struct Tracer {
    plan: TracePlan,
    target: Target,
    hops: Vec<Track>,
    end: Option<u8>,
    rounds: u64,
    /// The hop limit of the next probe of this round, and when it leaves.
    next: Option<(u8, Instant)>,
    /// When the next round begins.
    round_at: Instant,
    next_seq: u16,
    probes: HashMap<u16, Probe>,
    order: VecDeque<u16>,
    waiting: VecDeque<u16>,
    mtu: Mtu,
    /// The size that is tried, in bytes, and how often it was in vain.
    size: Option<(u16, u8)>,
    /// Whether a probe of that size is under way.
    sizing: bool,
    /// What somebody on the way said that the next link takes, in bytes.
    told: Option<u16>,
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
    /// A tracer whose first round begins at `now`.
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
            told: None,
        }
    }

    /// Whether a bounded trace has ended: all rounds are settled, and the MTU is known.
    pub fn is_done(&self) -> bool {
        let rounds = self.plan.rounds.is_some_and(|rounds| self.rounds >= rounds && self.next.is_none());
        let open = self.probes.values().any(|probe| !probe.settled);
        rounds && !open && (self.mtu.done || !self.is_reached())
    }

    /// The next time at which [`Self::poll`] has something to do.
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

    /// Gives up what is due, and gives the probe that may leave, if one may. Call until it gives none.
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

    /// Takes what came.
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
                if self.told == Some(size) {
                    (self.mtu.done, self.size) = (true, None);
                } else {
                    self.choose_size();
                }
            }
            (What::Size(size), EchoKind::Error(IcmpError::PacketTooBig(mtu))) => {
                self.sizing = false;
                self.mtu.by = Some(event.from);
                self.too_big(size);
                // A next hop that takes less than IPv6 allows is not believed (RFC 8201 §4).
                let next = u16::try_from(mtu).unwrap_or(u16::MAX).max(MIN_MTU as u16);
                if next < size && self.mtu.fits.is_none_or(|fits| fits < next) {
                    (self.size, self.told) = (Some((next, 0)), Some(next));
                } else {
                    self.choose_size();
                }
            }
            (What::Size(_), _) => {
                self.sizing = false;
                self.in_vain();
            }
        }
    }

    /// What is known so far.
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
            // A round that takes longer puts the next one off.
            interval: self.plan.interval.max(self.plan.pace * hops.len() as u32),
            hops,
            end: self.end,
            mtu: self.mtu,
            done: self.is_done(),
        }
    }

    /// Hops up to the last that answered.
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
            // What had no route in passing lets packets through again.
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
        push(&mut hop.recent, Sample::Answered(rtt));
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
                        self.in_vain();
                    }
                }
            }
            self.waiting.pop_front();
        }
    }

    /// A probe of the next size, once the target is known to answer.
    fn next_size(&mut self, now: Instant) -> Option<EchoRequest> {
        if self.mtu.done || self.sizing || !self.is_reached() {
            return None;
        }
        let (size, _) = self.size?;
        self.sizing = true;
        let payload = size - (IPV6_HEADER + ICMP_HEADER) as u16;
        Some(self.leave(What::Size(size), 64, payload, now))
    }

    /// Whether the target itself has answered.
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

    /// A size brought no answer.
    fn in_vain(&mut self) {
        let Some((size, tries)) = self.size else { return };
        if tries + 1 < TRIES {
            self.size = Some((size, tries + 1));
            return;
        }
        self.mtu.silent = true;
        self.too_big(size);
        self.choose_size();
    }

    fn too_big(&mut self, size: u16) {
        self.mtu.too_big = Some(self.mtu.too_big.map_or(size, |too_big| too_big.min(size)));
    }

    /// What is tried next: what every IPv6 link takes, then the middle between what fits and what does not.
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
#[path = "trace_tests.rs"]
mod tests;
