//! Ping: schedules probes and evaluates replies. Time is an argument; the caller sends the packets.
//!
//! The cost per probe and per reply does not depend on the number of targets.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alert::{Alert, Watch};
use super::series::{KEPT, PingTarget, Reply, ReplyKind, Sample, Series, Stray, Target};
use super::stats::Tally;
use crate::net::{EchoEvent, EchoKind, EchoRequest};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Interval between probes to one target.
    pub interval: Duration,
    /// Time after which a probe is lost.
    pub timeout: Duration,
    /// Whether a slow link makes the timeout longer; not where a user has set it.
    pub patient: bool,
    /// Probes per target; `None`: no limit.
    pub count: Option<u64>,
    /// Payload in bytes, after the ICMPv6 header.
    pub payload: u16,
    pub hop_limit: u8,
    /// Minimum interval between any two probes, so that many targets cause no burst: 5 ms is 200 packets a second.
    pub pace: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            patient: true,
            count: None,
            payload: 56,
            hop_limit: 64,
            pace: Duration::from_millis(5),
        }
    }
}

/// Replies kept per target.
const REPLIES: usize = 120;
/// Probes whose late or duplicate replies are still recognised: half of all sequence numbers.
const REMEMBERED: usize = 32_768;
/// Maximum delay of a wake-up that is compensated: timers have a resolution of one millisecond.
const CATCH_UP: Duration = Duration::from_millis(10);
/// Maximum number of queued alerts.
const ALERTS: usize = 256;
/// With more targets than this, percentiles have two digits instead of three: a tenth of the memory.
const MANY: usize = 100;

type Id = u64;
/// Track of a probe that is no longer counted.
const NO_TRACK: Id = 0;

/// Pings a list of targets.
#[derive(Debug)]
pub struct Pinger {
    plan: Plan,
    tracks: HashMap<Id, Track>,
    /// Tracks in the order of the targets.
    order: Vec<Id>,
    by_target: HashMap<Target, Id>,
    by_address: HashMap<Ipv6Addr, Id>,
    next_id: Id,
    /// Time of the next probe per track.
    due: BTreeSet<(Instant, Id)>,
    /// Sequence number of the next probe, shared by all targets.
    next_seq: u16,
    /// Probes by sequence number.
    probes: HashMap<u16, Probe>,
    /// Sequence numbers in the order of departure.
    left: VecDeque<u16>,
    /// Probes not settled at the last check, oldest first.
    waiting: VecDeque<u16>,
    /// Earliest time of the next probe.
    free_at: Option<Instant>,
    alerts: VecDeque<(Target, Alert)>,
}

/// Reason why a probe was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsent {
    /// A full queue: the probe is not counted.
    Busy,
    /// Error of the network, as text.
    Refused(String),
}

#[derive(Debug)]
struct Track {
    series: Series,
    round_robin: Vec<Ipv6Addr>,
    due: Option<Instant>,
    tally: Tally,
    noted: u64,
    watch: Watch,
    /// Whether the statistics are older than the tally.
    stale: bool,
    /// Numbers of the probes in `series.recent`.
    numbers: VecDeque<u64>,
}

#[derive(Debug)]
struct Probe {
    track: Id,
    to: Ipv6Addr,
    /// Counts from 1.
    number: u64,
    sent: Instant,
    end: Option<Sample>,
}

impl Pinger {
    /// Creates a pinger without targets.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            tracks: HashMap::new(),
            order: Vec::new(),
            by_target: HashMap::new(),
            by_address: HashMap::new(),
            next_id: 0,
            due: BTreeSet::new(),
            next_seq: 1,
            probes: HashMap::new(),
            left: VecDeque::new(),
            waiting: VecDeque::new(),
            free_at: None,
            alerts: VecDeque::new(),
        }
    }

    /// Sets the targets, from `now` on; targets that remain keep their statistics.
    pub fn set_targets(&mut self, ping_targets: Vec<PingTarget>, now: Instant) {
        let digits = if ping_targets.len() > MANY { 2 } else { 3 };
        let mut before = std::mem::take(&mut self.by_target);
        self.order.clear();
        self.by_address.clear();
        for PingTarget { target, paused, round_robin } in ping_targets {
            if self.by_target.contains_key(&target) {
                continue;
            }
            let id = before.remove(&target).unwrap_or_else(|| {
                self.next_id += 1;
                self.tracks.insert(self.next_id, Track::new(target.clone(), digits));
                self.next_id
            });
            self.order.push(id);
            self.by_address.entry(target.address).or_insert(id);
            self.by_target.insert(target, id);
            if let Some(track) = self.tracks.get_mut(&id) {
                track.series.round_robin = round_robin.len();
                track.round_robin = round_robin;
                track.series.paused = paused;
                let more = self.plan.count.is_none_or(|count| track.series.sent < count);
                let due = if paused || !more { None } else { track.due.or(Some(now)) };
                schedule(&mut self.due, track, id, due);
            }
        }
        for id in before.into_values() {
            if let Some(mut track) = self.tracks.remove(&id) {
                schedule(&mut self.due, &mut track, id, None);
            }
        }
    }

    /// Changes the interval of every target from `now` on.
    pub fn set_interval(&mut self, interval: Duration, now: Instant) {
        self.plan.interval = interval;
        for (id, track) in &mut self.tracks {
            let due = track.due.map(|due| due.min(now + interval));
            schedule(&mut self.due, track, *id, due);
        }
    }

    /// Clears the statistics of `targets`, or of all.
    pub fn clear(&mut self, targets: Option<&[Target]>) {
        let digits = self.digits();
        for (id, track) in &mut self.tracks {
            let target = track.series.target.clone();
            if targets.is_some_and(|wanted| !wanted.contains(&target)) {
                continue;
            }
            let (paused, due, round_robin) =
                (track.series.paused, track.due, std::mem::take(&mut track.round_robin));
            *track = Track { round_robin, due, ..Track::new(target, digits) };
            (track.series.paused, track.series.round_robin) = (paused, track.round_robin.len());
            // Replies to probes in flight are no longer counted.
            for probe in self.probes.values_mut().filter(|probe| probe.track == *id) {
                probe.track = NO_TRACK;
            }
        }
    }

    fn digits(&self) -> u8 {
        if self.order.len() > MANY { 2 } else { 3 }
    }

    /// Changes the time after which a probe is lost.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.plan.timeout = timeout;
    }

    /// Whether every probe of a bounded plan is settled.
    #[cfg(test)]
    pub fn is_done(&self) -> bool {
        let done = |series: &Series, count| series.paused || series.sent >= count;
        self.plan.count.is_some_and(|count| {
            self.tracks.values().all(|t| done(&t.series, count) && t.series.in_flight() == 0)
        })
    }

    /// Next time at which [`Self::poll`] has something to do.
    pub fn next_due(&self) -> Option<Instant> {
        let send = self.due.first().map(|(due, _)| self.free_at.map_or(*due, |free| (*due).max(free)));
        let expire = self.waiting.iter().find_map(|seq| match self.probes.get(seq) {
            Some(probe) if probe.end.is_none() => Some(probe.sent + self.plan.timeout),
            _ => None,
        });
        [send, expire].into_iter().flatten().min()
    }

    /// Settles probes lost by `now`, and returns the next probe to send, if any: send it, then call [`Self::sent`]. Call
    /// until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<EchoRequest> {
        self.expire(now);
        if self.free_at.is_some_and(|free| free > now) {
            return None;
        }
        let (due, id) = self.due.first().copied().filter(|(due, _)| *due <= now)?;
        let seq = self.next_seq;
        if self.probes.get(&seq).is_some_and(|probe| probe.end.is_none()) {
            // All sequence numbers are in use.
            return None;
        }
        let track = self.tracks.get_mut(&id)?;
        // Missed probes are not made up for: a late wake-up causes no burst.
        let next = due + self.plan.interval;
        let next = if next > now { next } else { now + self.plan.interval };
        track.series.sent += 1;
        let number = track.series.sent;
        let more = self.plan.count.is_none_or(|count| number < count);
        schedule(&mut self.due, track, id, more.then_some(next));
        let own = track.series.target.address;
        let turn = usize::try_from(number - 1).unwrap_or(0) % track.round_robin.len().max(1);
        let to = track.round_robin.get(turn).copied().unwrap_or(own);
        self.next_seq = self.next_seq.wrapping_add(1);
        self.probes.insert(seq, Probe { track: id, to, number, sent: now, end: None });
        self.left.push_back(seq);
        self.waiting.push_back(seq);
        while self.left.len() > REMEMBERED {
            if let Some(old) = self.left.pop_front() {
                self.probes.remove(&old);
            }
        }
        let free = self.free_at.map_or(now, |free| free.max(now.checked_sub(CATCH_UP).unwrap_or(now)));
        self.free_at = Some(free + self.plan.pace);
        Some(EchoRequest { to, seq, hop_limit: self.plan.hop_limit, payload: self.plan.payload })
    }

    /// Records that probe `seq` was sent, or why not.
    pub fn sent(&mut self, seq: u16, at: Result<Instant, Unsent>) {
        let Some(probe) = self.probes.get_mut(&seq) else { return };
        match at {
            Ok(at) => probe.sent = at,
            Err(Unsent::Refused(reason)) => {
                let (at, to) = (probe.sent, probe.to);
                self.settle(seq, at, Sample::Error);
                self.note(seq, at, to, ReplyKind::Unsent(reason));
            }
            Err(Unsent::Busy) => {
                let (id, now) = (probe.track, probe.sent);
                self.probes.remove(&seq);
                self.left.pop_back();
                self.waiting.pop_back();
                self.next_seq = seq;
                if let Some(track) = self.tracks.get_mut(&id) {
                    track.series.sent -= 1;
                    schedule(&mut self.due, track, id, Some(now));
                }
                self.free_at = Some(now + self.plan.pace.max(CATCH_UP));
            }
        }
    }

    /// Evaluates a reply or an error.
    pub fn absorb(&mut self, event: &EchoEvent) {
        if let EchoKind::Stray { ident } = event.kind {
            return self.stray(event.from, event.at, Stray::Ident(ident));
        }
        let Some(probe) = self.probes.get(&event.seq).filter(|probe| probe.to == event.to) else {
            if matches!(event.kind, EchoKind::Reply { .. }) {
                self.stray(event.from, event.at, Stray::Seq(event.seq));
            }
            return;
        };
        let (end, rtt) = (probe.end, event.at.saturating_duration_since(event.sent));
        let (seq, at, from) = (event.seq, event.at, event.from);
        match event.kind {
            // Only multicast is answered from another address (RFC 4443 §4.2).
            EchoKind::Reply { .. } if from != event.to => {
                self.count(seq, |series| series.strays += 1);
                self.note(seq, at, from, ReplyKind::Stray(Stray::Sender(from)));
            }
            EchoKind::Reply { hop_limit, bytes } => match end {
                // It arrived in time, and was only read late.
                None | Some(Sample::Lost | Sample::Error) if rtt <= self.plan.timeout => {
                    self.settle(seq, at, Sample::Received(rtt));
                    self.note(seq, at, from, ReplyKind::Answered { rtt, hop_limit, bytes });
                }
                None | Some(Sample::Lost | Sample::Error) => {
                    self.settle(seq, at, Sample::Late(rtt));
                    self.note(seq, at, from, ReplyKind::Late { rtt });
                }
                Some(Sample::Received(_) | Sample::Late(_)) => {
                    self.count(seq, |series| series.duplicates += 1);
                    self.note(seq, at, from, ReplyKind::Duplicate { rtt });
                }
            },
            EchoKind::Error(error) => {
                if end.is_none() {
                    self.settle(seq, at, Sample::Error);
                }
                self.note(seq, at, from, ReplyKind::Error(error));
            }
            EchoKind::Stray { .. } => {}
        }
    }

    pub fn targets(&self) -> usize {
        self.order.len()
    }

    /// The series, in the order of the targets.
    pub fn series(&mut self) -> Vec<Series> {
        let mut all = Vec::with_capacity(self.order.len());
        for id in &self.order {
            if let Some(track) = self.tracks.get_mut(id) {
                all.push(track.series());
            }
        }
        all
    }

    /// Returns and clears the pending alerts.
    pub fn take_alerts(&mut self) -> impl Iterator<Item = (Target, Alert)> + '_ {
        self.alerts.drain(..)
    }

    fn expire(&mut self, now: Instant) {
        while let Some(seq) = self.waiting.front().copied() {
            if let Some(probe) = self.probes.get(&seq)
                && probe.end.is_none()
            {
                let (at, to, after) = (probe.sent + self.plan.timeout, probe.to, self.plan.timeout);
                if at > now {
                    return;
                }
                self.settle(seq, at, Sample::Lost);
                self.note(seq, at, to, ReplyKind::Lost { after });
            }
            self.waiting.pop_front();
        }
    }

    /// Settles a probe, or corrects its earlier result.
    fn settle(&mut self, seq: u16, at: Instant, end: Sample) {
        let Some(probe) = self.probes.get_mut(&seq) else { return };
        let before = probe.end.replace(end);
        let Some(track) = self.tracks.get_mut(&probe.track) else { return };
        let alert = track.settle(probe.number, at, before, end);
        if let Some(alert) = alert
            && self.alerts.len() < ALERTS
        {
            self.alerts.push_back((track.series.target.clone(), alert));
        }
    }

    fn count(&mut self, seq: u16, add: impl FnOnce(&mut Series)) {
        let track = self.probes.get(&seq).and_then(|probe| self.tracks.get_mut(&probe.track));
        if let Some(track) = track {
            add(&mut track.series);
        }
    }

    fn note(&mut self, seq: u16, at: Instant, from: Ipv6Addr, kind: ReplyKind) {
        let Some(probe) = self.probes.get(&seq) else { return };
        if let Some(track) = self.tracks.get_mut(&probe.track) {
            track.note(probe.number, at, from, kind);
        }
    }

    fn stray(&mut self, from: Ipv6Addr, at: Instant, stray: Stray) {
        let track = self.by_address.get(&from).and_then(|id| self.tracks.get_mut(id));
        if let Some(track) = track {
            track.series.strays += 1;
            track.note(0, at, from, ReplyKind::Stray(stray));
        }
    }
}

/// Moves a track's next probe to `at`.
fn schedule(due: &mut BTreeSet<(Instant, Id)>, track: &mut Track, id: Id, at: Option<Instant>) {
    if let Some(before) = track.due.take() {
        due.remove(&(before, id));
    }
    track.due = at;
    due.extend(at.map(|at| (at, id)));
}

fn push<T>(ring: &mut Vec<T>, value: T, kept: usize) {
    if ring.len() >= kept {
        ring.remove(0);
    }
    ring.push(value);
}

impl Track {
    fn new(target: Target, digits: u8) -> Self {
        Self {
            series: Series::new(target),
            round_robin: Vec::new(),
            due: None,
            tally: Tally::new(digits),
            noted: 0,
            watch: Watch::default(),
            stale: false,
            numbers: VecDeque::new(),
        }
    }

    fn settle(&mut self, number: u64, at: Instant, before: Option<Sample>, end: Sample) -> Option<Alert> {
        let series = &mut self.series;
        let add = |series: &mut Series, sample: Sample, by: i64| {
            let count = match sample {
                Sample::Received(_) => &mut series.received,
                Sample::Late(_) => &mut series.late,
                Sample::Lost => &mut series.lost,
                Sample::Error => &mut series.errors,
            };
            *count = count.saturating_add_signed(by);
        };
        if let Some(before) = before {
            add(series, before, -1);
        }
        add(series, end, 1);
        series.at = Some(at);
        let recent = Arc::make_mut(&mut series.recent);
        if before.is_none() {
            push(recent, end, KEPT);
            self.numbers.push_back(number);
            if self.numbers.len() > KEPT {
                self.numbers.pop_front();
            }
        } else if let Some(place) = self.numbers.iter().rposition(|other| *other == number) {
            recent[place] = end;
        }
        match end {
            Sample::Received(rtt) => {
                self.tally.add(rtt);
                self.stale = true;
                series.error = None;
                self.watch.received(rtt)
            }
            Sample::Late(rtt) => self.watch.received(rtt),
            Sample::Lost | Sample::Error => self.watch.lost(),
        }
    }

    fn note(&mut self, number: u64, at: Instant, from: Ipv6Addr, kind: ReplyKind) {
        match &kind {
            ReplyKind::Error(error) => {
                self.series.error = Some(format!("{error}, from {from}"));
            }
            ReplyKind::Unsent(reason) => self.series.error = Some(reason.clone()),
            _ => {}
        }
        self.noted += 1;
        let replies = Arc::make_mut(&mut self.series.replies);
        push(replies, Reply { serial: self.noted, number, at, from, kind }, REPLIES);
    }

    fn series(&mut self) -> Series {
        if std::mem::take(&mut self.stale) {
            self.series.stats = self.tally.stats();
            self.series.bins = Arc::new(self.tally.bins().to_vec());
        }
        self.series.clone()
    }
}

#[cfg(test)]
mod tests;
