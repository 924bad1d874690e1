//! Ping: which probe leaves when, and what the replies make of it. `now` comes in; nothing is sent here.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::series::{Reply, ReplyKind, Series, Stats, Target};
use crate::net::{EchoEvent, EchoKind, EchoRequest, IcmpError};

/// How to ping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Between two probes of one target.
    pub interval: Duration,
    /// After which an unanswered probe is lost.
    pub timeout: Duration,
    /// Probes for each target; `None` goes on.
    pub count: Option<u64>,
    /// Bytes after the ICMPv6 header.
    pub payload: u16,
    /// Hop limit of the requests.
    pub hop_limit: u8,
    /// Between any two probes, so that many targets make no burst: 5 ms is 200 packets a second.
    pub pace: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            count: None,
            payload: 56,
            hop_limit: 64,
            pace: Duration::from_millis(5),
        }
    }
}

/// Settled probes and replies that are kept of each target.
const KEPT: usize = 120;
/// Probes whose late or second reply is still known as that.
const REMEMBERED: usize = 4096;

/// The pings of some targets.
#[derive(Debug)]
pub struct Pinger {
    plan: Plan,
    tracks: Vec<Track>,
    /// Sequence number of the next probe; one count for all targets.
    next_seq: u16,
    /// What left under a sequence number, oldest first in `order`.
    probes: BTreeMap<u16, Probe>,
    order: VecDeque<u16>,
    /// The earliest time at which another probe may leave.
    free_at: Option<Instant>,
}

#[derive(Debug)]
struct Track {
    target: Target,
    /// When its next probe leaves.
    due: Instant,
    sent: u64,
    received: u64,
    lost: u64,
    recent: VecDeque<Option<Duration>>,
    replies: VecDeque<Reply>,
    noted: u64,
    moments: Moments,
    at: Option<Instant>,
    error: Option<String>,
}

#[derive(Debug)]
struct Probe {
    /// Which track, by its target, as tracks come and go.
    target: Target,
    /// From 1.
    number: u64,
    sent: Instant,
    settled: bool,
    answered: bool,
}

impl Pinger {
    /// A pinger of nobody yet.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            tracks: Vec::new(),
            next_seq: 1,
            probes: BTreeMap::new(),
            order: VecDeque::new(),
            free_at: None,
        }
    }

    /// Pings exactly `targets` from `now` on; who was pinged before keeps its figures.
    pub fn set_targets(&mut self, targets: Vec<Target>, now: Instant) {
        let mut before = std::mem::take(&mut self.tracks);
        for target in targets {
            if self.tracks.iter().any(|t| t.target == target) {
                continue;
            }
            let track = match before.iter().position(|t| t.target == target) {
                Some(at) => before.swap_remove(at),
                None => Track::new(target, now),
            };
            self.tracks.push(track);
        }
        self.probes.retain(|_, probe| self.tracks.iter().any(|t| t.target == probe.target));
        self.order.retain(|seq| self.probes.contains_key(seq));
    }

    /// Whether there is nobody to ping.
    pub fn is_idle(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Whether every probe of a bounded plan is settled.
    pub fn is_done(&self) -> bool {
        self.plan
            .count
            .is_some_and(|count| self.tracks.iter().all(|t| t.sent >= count && t.received + t.lost >= t.sent))
    }

    /// The next time at which [`Self::poll`] has something to do.
    pub fn next_due(&self) -> Option<Instant> {
        let count = self.plan.count.unwrap_or(u64::MAX);
        let send = self.tracks.iter().filter(|t| t.sent < count).map(|t| t.due).min();
        let send = send.map(|due| self.free_at.map_or(due, |free| due.max(free)));
        let expire = self
            .order
            .iter()
            .filter_map(|seq| self.probes.get(seq))
            .find(|probe| !probe.settled)
            .map(|probe| probe.sent + self.plan.timeout);
        [send, expire].into_iter().flatten().min()
    }

    /// Settles what is lost by `now`, and gives the probe that may leave, if one may: send it, then say so with
    /// [`Self::sent`]. Call until it gives none.
    pub fn poll(&mut self, now: Instant) -> Option<EchoRequest> {
        self.expire(now);
        if self.free_at.is_some_and(|free| free > now) {
            return None;
        }
        let count = self.plan.count.unwrap_or(u64::MAX);
        let track =
            self.tracks.iter_mut().filter(|t| t.sent < count && t.due <= now).min_by_key(|t| t.due)?;
        // A late wake-up makes no burst: what was missed is not made up for.
        let next = track.due + self.plan.interval;
        track.due = if next > now { next } else { now + self.plan.interval };
        track.sent += 1;
        let seq = self.next_seq;
        self.next_seq = self.next_seq.wrapping_add(1);
        let probe = Probe {
            target: track.target.clone(),
            number: track.sent,
            sent: now,
            settled: false,
            answered: false,
        };
        let request = EchoRequest {
            to: track.target.address,
            seq,
            hop_limit: self.plan.hop_limit,
            payload: self.plan.payload,
        };
        self.probes.insert(seq, probe);
        self.order.push_back(seq);
        while self.order.len() > REMEMBERED {
            if let Some(old) = self.order.pop_front() {
                self.probes.remove(&old);
            }
        }
        self.free_at = Some(now + self.plan.pace);
        Some(request)
    }

    /// The probe `seq` left at `at`, or did not leave, for the reason in words.
    pub fn sent(&mut self, seq: u16, at: Result<Instant, String>) {
        match at {
            Ok(at) => {
                if let Some(probe) = self.probes.get_mut(&seq) {
                    probe.sent = at;
                }
            }
            Err(reason) => {
                let now = self.probes.get(&seq).map(|probe| probe.sent);
                if let Some(now) = now {
                    self.settle(seq, now, None, ReplyKind::Error(reason));
                }
            }
        }
    }

    /// Takes what came for a probe.
    pub fn absorb(&mut self, event: &EchoEvent) {
        let Some(probe) = self.probes.get(&event.seq) else { return };
        if probe.target.address != event.to {
            return;
        }
        let rtt = event.at.saturating_duration_since(probe.sent);
        match (event.kind, probe.settled, probe.answered) {
            (EchoKind::Reply { hop_limit, bytes }, false, _) => {
                self.settle(event.seq, event.at, Some(rtt), ReplyKind::Answered { rtt, hop_limit, bytes });
            }
            (EchoKind::Reply { .. }, true, false) => {
                if let Some(probe) = self.probes.get_mut(&event.seq) {
                    probe.answered = true;
                }
                self.note(event.seq, event.at, ReplyKind::Late { rtt });
            }
            (EchoKind::Reply { .. }, true, true) => {
                self.note(event.seq, event.at, ReplyKind::Duplicate { rtt });
            }
            (EchoKind::Error(error), false, _) => {
                let words = format!("{} says: {}", event.from, error_words(error));
                self.settle(event.seq, event.at, None, ReplyKind::Error(words));
            }
            (EchoKind::Error(_), true, _) => {}
        }
    }

    /// The series, in the order of the targets.
    pub fn series(&self) -> Vec<Series> {
        self.tracks.iter().map(Track::series).collect()
    }

    fn expire(&mut self, now: Instant) {
        loop {
            let due = self.order.iter().copied().find(|seq| self.probes.get(seq).is_some_and(|p| !p.settled));
            let Some(seq) = due else { return };
            match self.probes.get(&seq) {
                Some(probe) if probe.sent + self.plan.timeout <= now => {
                    let at = probe.sent + self.plan.timeout;
                    self.settle(seq, at, None, ReplyKind::Lost { after: self.plan.timeout });
                }
                _ => return,
            }
        }
    }

    fn settle(&mut self, seq: u16, at: Instant, rtt: Option<Duration>, kind: ReplyKind) {
        let Some(probe) = self.probes.get_mut(&seq) else { return };
        probe.settled = true;
        probe.answered = rtt.is_some();
        let Some(track) = self.tracks.iter_mut().find(|t| t.target == probe.target) else { return };
        if let Some(rtt) = rtt {
            track.received += 1;
            track.moments.add(rtt);
            track.error = None;
        } else {
            track.lost += 1;
            if let ReplyKind::Error(words) = &kind {
                track.error = Some(words.clone());
            }
        }
        push(&mut track.recent, rtt);
        track.at = Some(at);
        self.note(seq, at, kind);
    }

    fn note(&mut self, seq: u16, at: Instant, kind: ReplyKind) {
        let Some(probe) = self.probes.get(&seq) else { return };
        if let Some(track) = self.tracks.iter_mut().find(|t| t.target == probe.target) {
            track.noted += 1;
            push(&mut track.replies, Reply { serial: track.noted, number: probe.number, at, kind });
        }
    }
}

fn push<T>(ring: &mut VecDeque<T>, value: T) {
    if ring.len() == KEPT {
        ring.pop_front();
    }
    ring.push_back(value);
}

/// What an ICMPv6 error says (RFC 4443 §3).
pub fn error_words(error: IcmpError) -> String {
    match error {
        IcmpError::Unreachable(0) => "no route to destination".into(),
        IcmpError::Unreachable(1) => "administratively prohibited".into(),
        IcmpError::Unreachable(3) => "address unreachable".into(),
        IcmpError::Unreachable(4) => "port unreachable".into(),
        IcmpError::Unreachable(code) => format!("unreachable, code {code}"),
        IcmpError::PacketTooBig(mtu) => format!("packet too big, the next link takes {mtu} bytes"),
        IcmpError::TimeExceeded(_) => "hop limit exceeded".into(),
        IcmpError::ParameterProblem(code) => format!("parameter problem, code {code}"),
    }
}

impl Track {
    fn new(target: Target, now: Instant) -> Self {
        Self {
            target,
            due: now,
            sent: 0,
            received: 0,
            lost: 0,
            recent: VecDeque::new(),
            replies: VecDeque::new(),
            noted: 0,
            moments: Moments::default(),
            at: None,
            error: None,
        }
    }

    fn series(&self) -> Series {
        Series {
            target: self.target.clone(),
            sent: self.sent,
            received: self.received,
            lost: self.lost,
            recent: self.recent.iter().copied().collect(),
            replies: self.replies.iter().cloned().collect(),
            stats: self.moments.stats(),
            at: self.at,
            error: self.error.clone(),
        }
    }
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
}

impl Moments {
    fn add(&mut self, rtt: Duration) {
        let ns = rtt.as_nanos();
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
        // As ping's mdev: the square root of the mean square less the squared mean.
        let variance = (self.squares * n).saturating_sub(self.sum * self.sum) / (n * n);
        Some(Stats {
            min: self.min,
            avg: Duration::from_nanos(mean as u64),
            max: self.max,
            mdev: Duration::from_nanos(variance.isqrt() as u64),
            last: self.last,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    const MS: Duration = Duration::from_millis(1);

    fn target(n: u16) -> Target {
        Target { label: format!("m{n}").as_str().into(), address: Ipv6Addr::new(0xfdaa, 0, 0, 0, 0, 0, 0, n) }
    }

    fn reply(request: &EchoRequest, at: Instant) -> EchoEvent {
        let kind = EchoKind::Reply { hop_limit: 61, bytes: 64 };
        EchoEvent { seq: request.seq, to: request.to, from: request.to, at, kind }
    }

    fn pinger(plan: Plan, targets: u16, now: Instant) -> Pinger {
        let mut pinger = Pinger::new(plan);
        pinger.set_targets((1..=targets).map(target).collect(), now);
        pinger
    }

    #[test]
    fn statistics_are_those_of_ping() {
        let t0 = Instant::now();
        let mut p = pinger(Plan { count: Some(3), ..Plan::default() }, 1, t0);
        for (i, rtt) in [10, 20, 30].into_iter().enumerate() {
            let now = t0 + Duration::from_secs(i as u64);
            let request = p.poll(now).unwrap();
            assert_eq!(p.poll(now), None);
            p.sent(request.seq, Ok(now));
            p.absorb(&reply(&request, now + MS * rtt));
        }
        assert!(p.is_done());
        let stats = p.series()[0].stats.unwrap();
        assert_eq!((stats.min, stats.avg, stats.max, stats.last), (MS * 10, MS * 20, MS * 30, MS * 30));
        assert_eq!(stats.mdev, Duration::from_nanos(8_164_965));
        assert_eq!(p.series()[0].loss(), Some(0.0));
    }

    #[test]
    fn a_late_reply_is_late_and_stays_lost_and_a_second_one_is_a_duplicate() {
        let t0 = Instant::now();
        let mut p = pinger(Plan { count: Some(1), ..Plan::default() }, 1, t0);
        let request = p.poll(t0).unwrap();
        assert_eq!(p.series()[0].loss(), None, "a probe in flight is not lost");
        assert_eq!(p.next_due(), Some(t0 + Duration::from_secs(2)));
        p.poll(t0 + Duration::from_secs(2));
        p.absorb(&reply(&request, t0 + MS * 2500));
        p.absorb(&reply(&request, t0 + MS * 2600));
        let series = &p.series()[0];
        assert_eq!((series.received, series.lost), (0, 1));
        let kinds: Vec<_> = series.replies.iter().map(|r| r.kind.clone()).collect();
        assert_eq!(
            kinds,
            [
                ReplyKind::Lost { after: Duration::from_secs(2) },
                ReplyKind::Late { rtt: MS * 2500 },
                ReplyKind::Duplicate { rtt: MS * 2600 }
            ]
        );
    }

    #[test]
    fn probes_are_paced_and_misses_are_not_made_up_for() {
        let t0 = Instant::now();
        let mut p = pinger(Plan::default(), 100, t0);
        let mut now = t0;
        for _ in 0..100 {
            assert!(p.poll(now).is_some());
            assert!(p.poll(now).is_none());
            now = p.next_due().unwrap();
        }
        assert_eq!(now, t0 + Duration::from_secs(1));
        let mut one = pinger(Plan::default(), 1, t0);
        one.poll(t0);
        let later = t0 + Duration::from_mins(1);
        assert!(one.poll(later).is_some());
        assert!(one.poll(later + MS * 10).is_none());
    }

    #[test]
    fn errors_settle_a_probe_and_strangers_do_not() {
        let t0 = Instant::now();
        let mut p = pinger(Plan::default(), 1, t0);
        let request = p.poll(t0).unwrap();
        p.absorb(&EchoEvent { seq: request.seq.wrapping_add(9), ..reply(&request, t0) });
        p.absorb(&EchoEvent { to: Ipv6Addr::LOCALHOST, ..reply(&request, t0) });
        assert_eq!(p.series()[0].received, 0);
        let kind = EchoKind::Error(IcmpError::Unreachable(3));
        p.absorb(&EchoEvent { kind, ..reply(&request, t0 + MS) });
        assert_eq!(p.series()[0].lost, 1);
        assert!(p.series()[0].error.as_ref().unwrap().ends_with("address unreachable"));
    }

    #[test]
    fn who_stays_keeps_the_figures() {
        let t0 = Instant::now();
        let mut p = pinger(Plan::default(), 2, t0);
        let request = p.poll(t0).unwrap();
        p.absorb(&reply(&request, t0 + MS));
        p.set_targets(vec![target(3), target(1)], t0 + MS);
        let sent: Vec<_> = p.series().iter().map(|s| (s.target.label.to_string(), s.received)).collect();
        assert_eq!(sent, [("m3".into(), 0), ("m1".into(), 1)]);
    }

    #[test]
    fn loss_is_exact_over_many_probes() {
        let t0 = Instant::now();
        let plan = Plan { count: Some(1000), pace: Duration::ZERO, ..Plan::default() };
        let mut p = pinger(plan, 1, t0);
        let mut now = t0;
        let mut n = 0;
        while !p.is_done() {
            while let Some(request) = p.poll(now) {
                n += 1;
                if n % 20 != 0 {
                    p.absorb(&reply(&request, now + MS * 12));
                }
            }
            now = p.next_due().unwrap_or(now);
        }
        let series = &p.series()[0];
        assert_eq!((series.sent, series.received, series.lost), (1000, 950, 50));
    }
}
