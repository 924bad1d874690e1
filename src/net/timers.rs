//! Timers of a WireGuard peer: handshakes, retries, keepalives, and detection of a silent peer.
//!
//! The constants are those of the WireGuard paper, §6, with three deliberate differences. That is why they are kept
//! here and not left to boringtun:
//!
//! - **Deadlines.** boringtun must be polled; [`Timers::deadline`] says when to wake up, so an idle tunnel sleeps.
//! - **Silence.** The paper re-handshakes 15 s after data without a reply. boringtun counts from the last *received*
//!   packet, so any query after 15 quiet seconds would trigger a handshake. Here silence starts with the first
//!   unanswered packet, and ends early after [`PROBES`] unanswered sends: a gateway that has restarted is found within
//!   seconds. A target that never replies looks the same as a dead gateway, so each false alarm multiplies the
//!   patience by 4, up to 15 s; data from the peer resets it.
//! - **Retries.** A user waits for the first handshake. A lost initiation is repaired by *copies* of it, byte for byte
//!   ([`COPIES`]): the peer drops a copy of what it has (its timestamp is not newer) and accepts it if the first was
//!   lost. A fresh initiation makes the peer replace the session that it has just offered, so one is sent only when the
//!   response to the last must be lost: 1.5 round trips later where the round trip is known (from this attachment, or
//!   remembered from an earlier one), else after 250 ms, once, and then every 3.25 s. After [`TRIES`] it is the
//!   protocol's 5 s. To a peer that was up it is at least one second for the first 90 s, then 5 s. After 10 minutes it is
//!   15 s.
//! - **The newest session.** A response to an older initiation comes from a session that the peer has replaced already.
//!   It shows the round trip, and data wait for the response to the newest ([`Timers::answered_late`]): at most 1.25
//!   round trips, then a fresh initiation follows.
//!
//! An initiator renews its session after 2 minutes when it sends, and after 165 s when it receives; after 3 minutes the
//! session is not used. Times are arguments; the caller sends the packets and reports each one sent or received.
//!

use std::time::{Duration, Instant};

/// Age at which the initiator renews a session before it sends.
pub const REKEY_AFTER: Duration = Duration::from_mins(2);
/// Age at which a session is no longer used.
pub const REJECT_AFTER: Duration = Duration::from_mins(3);
/// The protocol's interval between initiations.
pub const REKEY_TIMEOUT: Duration = Duration::from_secs(5);
/// Delay of a keepalive after received data that was not answered.
pub const KEEPALIVE: Duration = Duration::from_secs(10);
/// Silence after sent data that triggers a new handshake.
pub const NO_REPLY: Duration = KEEPALIVE.saturating_add(REKEY_TIMEOUT);
/// Age at which the initiator renews a session also on receiving.
const REKEY_ON_RECEIVE: Duration = REJECT_AFTER.saturating_sub(NO_REPLY);

/// Shortest delays after the first and second initiation of an attempt that has a waiting user.
const EARLY: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(750)];
/// Delay after all but the first initiation while the round trip is unknown: more than 3 s, the longest supported.
const UNKNOWN: Duration = Duration::from_millis(3_250);
/// Initiations of an attempt that are paced by the round trip.
const TRIES: u32 = 6;
/// Delays of the copies of an initiation, from the initiation, as far as they fit before the next.
const COPIES: [Duration; 6] = [
    Duration::from_millis(60),
    Duration::from_millis(180),
    Duration::from_millis(400),
    Duration::from_millis(900),
    Duration::from_millis(1_800),
    Duration::from_secs(3),
];
/// Retry interval for a peer that was up and went silent: it may return at any moment.
const RECOVER: Duration = Duration::from_secs(1);
/// Retry interval of a hopeless attempt.
const SLOW: Duration = Duration::from_secs(15);
/// Age of an attempt up to which a user probably still watches.
const WATCHED: Duration = Duration::from_secs(90);
/// Age of an attempt from which it is hopeless.
const HOPELESS: Duration = Duration::from_mins(10);

/// Unanswered sends after which the peer is suspected to be down.
const PROBES: u32 = 3;
/// Sends closer together than this count as one probe: a walk sends dozens at once.
const PROBE_GAP: Duration = Duration::from_millis(100);
/// Shortest silence that is taken for an outage.
const PATIENCE: Duration = Duration::from_secs(1);

/// The action that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send a handshake initiation.
    Initiate,
    /// Send the last initiation again, byte for byte.
    Copy,
    /// Send a keepalive: an empty packet.
    Keepalive,
}

/// Whether this end starts handshakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The client: starts handshakes.
    Initiator,
    /// The gateway: only responds.
    Responder,
}

/// Reason of a handshake; sets the retry interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// No session so far.
    First,
    /// The session works and is about to expire.
    Rekey,
    /// The peer is silent, or its session is gone.
    Recover,
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    why: Why,
    started: Instant,
    sent: u32,
    last: Option<Instant>,
    next: Instant,
    /// Copies of the last initiation that were sent; [`COPIES`]' length where none may be.
    copies: usize,
    hurried: bool,
}

impl Attempt {
    /// Time of the next copy of the last initiation.
    fn copy_at(&self) -> Option<Instant> {
        let at = self.last? + *COPIES.get(self.copies)?;
        (at < self.next).then_some(at)
    }
}

#[derive(Debug, Clone, Copy)]
struct Session {
    since: Instant,
    ours: bool,
    sent: bool,
    received: bool,
}

/// Sent data without any packet received since.
#[derive(Debug, Clone, Copy)]
struct Silence {
    since: Instant,
    last: Instant,
    probes: u32,
}

#[derive(Debug)]
pub struct Timers {
    role: Role,
    persistent: Option<Duration>,
    attempt: Option<Attempt>,
    session: Option<Session>,
    silence: Option<Silence>,
    /// Time of the next keepalive, if received data was not answered.
    owed: Option<Instant>,
    /// Last authenticated packet, sent or received.
    traffic: Instant,
    /// Least known round-trip time of a handshake.
    rtt: Option<Duration>,
    patience: Duration,
}

impl Timers {
    /// Creates timers without a session. `persistent` is `PersistentKeepalive`.
    pub fn new(role: Role, persistent: Option<Duration>, now: Instant) -> Self {
        Self {
            role,
            persistent: persistent.filter(|interval| !interval.is_zero()),
            attempt: None,
            session: None,
            silence: None,
            owed: None,
            traffic: now,
            rtt: None,
            patience: PATIENCE,
        }
    }

    /// Returns what is due at `now`. After [`Due::Initiate`] the caller reports [`Self::initiated`],
    /// after [`Due::Copy`] [`Self::copied`].
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        if self.silence_ends().is_some_and(|at| at <= now) {
            self.begin(Why::Recover, now);
            // Only data from the peer prove that the peer was down; until then, increase the patience.
            self.patience = (self.patience * 4).min(NO_REPLY);
        }
        if self.rekey_at().is_some_and(|at| at <= now) {
            self.begin(Why::Rekey, now);
        }
        if self.attempt.is_some_and(|attempt| attempt.next <= now) {
            return Some(Due::Initiate);
        }
        if self.attempt.and_then(|attempt| attempt.copy_at()).is_some_and(|at| at <= now) {
            return Some(Due::Copy);
        }
        let keepalive = [self.owed, self.persistent_at()];
        keepalive.into_iter().flatten().any(|at| at <= now).then_some(Due::Keepalive)
    }

    /// Next time at which [`Self::due`] returns something.
    pub fn deadline(&self) -> Option<Instant> {
        let attempt = self.attempt.map(|attempt| attempt.copy_at().unwrap_or(attempt.next));
        [self.silence_ends(), self.rekey_at(), attempt, self.owed, self.persistent_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time of the next fresh initiation.
    pub fn initiation_at(&self) -> Option<Instant> {
        [self.silence_ends(), self.rekey_at(), self.attempt.map(|attempt| attempt.next)]
            .into_iter()
            .flatten()
            .min()
    }

    /// A packet waits for a session.
    pub fn wanted(&mut self, now: Instant) {
        if self.attempt.is_none() {
            self.begin(if self.session.is_some() { Why::Recover } else { Why::First }, now);
        }
    }

    /// Starts a handshake whatever the state of the session; at the earliest 250 ms after the last initiation.
    pub fn force(&mut self, now: Instant) {
        let last = self.attempt.and_then(|attempt| attempt.last);
        self.begin(if self.session.is_some() { Why::Recover } else { Why::First }, now);
        if let (Some(last), Some(attempt)) = (last, &mut self.attempt) {
            attempt.next = now.max(last + EARLY[0]);
        }
    }

    /// An initiation was sent.
    pub fn initiated(&mut self, now: Instant) {
        if self.attempt.is_none() {
            let why = match (self.session, self.silence) {
                (None, _) => Why::First,
                (Some(_), None) => Why::Rekey,
                (Some(_), Some(_)) => Why::Recover,
            };
            self.begin(why, now);
        }
        let Some(attempt) = &mut self.attempt else { return };
        let pause = match (now.saturating_duration_since(attempt.started), attempt.why) {
            (age, _) if age >= HOPELESS => SLOW,
            (age, _) if age >= WATCHED => REKEY_TIMEOUT,
            (_, Why::Rekey) => REKEY_TIMEOUT,
            (_, why) => match (EARLY.get(attempt.sent as usize), self.rtt) {
                (Some(least), Some(rtt)) => lost_after(rtt).max(*least),
                (None, Some(rtt)) if why == Why::Recover || attempt.sent < TRIES => {
                    lost_after(rtt).max(RECOVER)
                }
                (_, None) if attempt.sent == 0 => EARLY[0],
                (_, None) if attempt.sent < TRIES => UNKNOWN,
                _ => REKEY_TIMEOUT,
            },
        };
        let watched = now.saturating_duration_since(attempt.started) < WATCHED;
        attempt.copies = if watched && attempt.why != Why::Rekey { 0 } else { COPIES.len() };
        attempt.sent += 1;
        attempt.last = Some(now);
        attempt.next = now + pause;
    }

    /// A copy of the last initiation was sent.
    pub fn copied(&mut self) {
        if let Some(attempt) = &mut self.attempt {
            attempt.copies += 1;
        }
    }

    /// A round trip of a handshake took `rtt`, now or in an earlier attachment.
    pub fn measured(&mut self, rtt: Duration) {
        let least = self.rtt.map_or(rtt, |known| known.min(rtt));
        self.rtt = Some(least);
        self.patience = self.patience.max(patience(self.rtt));
    }

    /// An initiation older than the newest was answered after `rtt`: wait for the response to the newest. The round
    /// trip that was known is not believed any more.
    pub fn answered_late(&mut self, rtt: Duration) {
        self.rtt = None;
        self.measured(rtt);
        if let Some(attempt) = &mut self.attempt
            && let Some(last) = attempt.last
        {
            attempt.next = last + rtt.mul_f64(1.25) + Duration::from_millis(60);
        }
    }

    /// The peer asked for a cookie: a copy has none, so retry soon with a fresh initiation, once per attempt.
    pub fn cookie(&mut self, now: Instant) {
        if let Some(attempt) = &mut self.attempt {
            attempt.copies = COPIES.len();
        }
        if let Some(attempt) = self.attempt.as_mut().filter(|attempt| !attempt.hurried) {
            attempt.hurried = true;
            attempt.next = attempt.next.min(now + EARLY[0]);
        }
    }

    /// The last initiation could not be sent: retry now, at another address.
    pub fn hurry(&mut self, now: Instant) {
        if let Some(attempt) = &mut self.attempt {
            attempt.next = now;
        }
    }

    /// A session was established; `ours` if we started it.
    pub fn established(&mut self, now: Instant, ours: bool) {
        self.attempt = None;
        self.session = Some(Session { since: now, ours, sent: false, received: false });
    }

    /// A data packet was sent; `empty` for a keepalive.
    pub fn sent(&mut self, now: Instant, empty: bool) {
        self.traffic = now;
        self.owed = None;
        if empty {
            return;
        }
        if let Some(session) = &mut self.session {
            session.sent = true;
        }
        let silence = self.silence.get_or_insert(Silence { since: now, last: now, probes: 1 });
        if now.saturating_duration_since(silence.last) >= PROBE_GAP {
            silence.last = now;
            silence.probes += 1;
        }
    }

    /// An authenticated packet was received; `empty` for a keepalive or a handshake message.
    pub fn received(&mut self, now: Instant, empty: bool) {
        self.traffic = now;
        self.silence = None;
        if empty {
            return;
        }
        self.patience = patience(self.rtt);
        self.owed.get_or_insert(now + KEEPALIVE);
        if let Some(session) = &mut self.session {
            session.received = true;
        }
    }

    /// Initiations sent in the current attempt; `None` without one.
    pub fn attempts(&self) -> Option<u32> {
        self.attempt.map(|attempt| attempt.sent)
    }

    /// Whether the peer has been silent long enough to report it.
    pub fn silent(&self, now: Instant) -> bool {
        self.attempt.is_some_and(|attempt| {
            let waited = now.saturating_duration_since(attempt.started) >= patience(self.rtt);
            waited && (attempt.why != Why::Rekey || self.silence.is_some())
        })
    }

    /// Time of the first packet without a reply.
    pub fn silent_since(&self) -> Option<Instant> {
        self.silence.map(|silence| silence.since)
    }

    fn begin(&mut self, why: Why, now: Instant) {
        let copies = COPIES.len();
        self.attempt =
            Some(Attempt { why, started: now, sent: 0, last: None, next: now, copies, hurried: false });
    }

    /// End of the silence that is taken for an outage; `None` while a handshake for it is in progress.
    fn silence_ends(&self) -> Option<Instant> {
        let busy = self.attempt.is_some_and(|attempt| attempt.why != Why::Rekey);
        if busy || self.role == Role::Responder {
            return None;
        }
        let silence = self.silence?;
        let limit = silence.since + NO_REPLY;
        if silence.probes < PROBES {
            return Some(limit);
        }
        Some(limit.min(silence.last.max(silence.since + self.patience)))
    }

    fn rekey_at(&self) -> Option<Instant> {
        if self.attempt.is_some() || self.role == Role::Responder {
            return None;
        }
        let session = self.session.filter(|session| session.ours)?;
        let on_send = session.sent.then_some(session.since + REKEY_AFTER);
        let on_receive = session.received.then_some(session.since + REKEY_ON_RECEIVE);
        on_send.or(on_receive)
    }

    fn persistent_at(&self) -> Option<Instant> {
        // During a handshake there is nothing to keep alive.
        self.persistent.filter(|_| self.attempt.is_none()).map(|interval| self.traffic + interval)
    }
}

/// Delay after which the response to an initiation must be lost.
fn lost_after(rtt: Duration) -> Duration {
    rtt.mul_f64(1.5) + Duration::from_millis(100)
}

/// Shortest silence that is taken for an outage on a link with this round trip.
fn patience(rtt: Option<Duration>) -> Duration {
    PATIENCE.max(rtt.unwrap_or_default() * 2 + Duration::from_millis(500))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Times of the fresh initiations and of the copies sent until `end`, in milliseconds from the start.
    fn sent(timers: &mut Timers, start: Instant, end: Duration) -> (Vec<u64>, Vec<u64>) {
        let (mut fresh, mut copies) = (Vec::new(), Vec::new());
        while let Some(at) = timers.deadline().filter(|at| *at <= start + end) {
            let passed = (at - start).as_millis() as u64;
            match timers.due(at) {
                Some(Due::Initiate) => {
                    timers.initiated(at);
                    fresh.push(passed);
                }
                Some(Due::Copy) => {
                    timers.copied();
                    copies.push(passed);
                }
                due => panic!("{due:?} at {passed} ms"),
            }
        }
        (fresh, copies)
    }

    fn initiations(timers: &mut Timers, start: Instant, end: Duration) -> Vec<u64> {
        sent(timers, start, end).0
    }

    #[test]
    fn the_first_handshake_retries_early_then_at_the_protocols_interval() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.wanted(start);
        let (fresh, copies) = sent(&mut timers, start, millis(12_000));
        assert_eq!(fresh, [0, 250, 3_500, 6_750, 10_000]);
        assert_eq!(copies[..9], [60, 180, 310, 430, 650, 1_150, 2_050, 3_250, 3_560]);
        let later = initiations(&mut timers, start, Duration::from_hours(1));
        assert!(later.len() < 340, "{}", later.len());
    }

    #[test]
    fn a_peer_that_was_up_is_retried_every_second_for_a_while() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.established(start, true);
        timers.measured(millis(20));
        for at in [0, 200, 650] {
            timers.sent(start + millis(at), false);
        }
        assert_eq!(timers.deadline(), Some(start + PATIENCE));
        assert_eq!(initiations(&mut timers, start, millis(4_500)), [1_000, 1_250, 2_000, 3_000, 4_000]);
    }

    #[test]
    fn a_known_round_trip_sets_the_pace() {
        for (rtt, expected) in [
            (20, vec![0, 250, 1_000, 2_000, 3_000, 4_000, 5_000, 10_000]),
            (300, vec![0, 550, 1_300, 2_300, 3_300, 4_300, 5_300, 10_300]),
            (2_000, vec![0, 3_100, 6_200, 9_300, 12_400, 15_500, 18_600, 23_600]),
        ] {
            let start = Instant::now();
            let mut timers = Timers::new(Role::Initiator, None, start);
            timers.measured(millis(rtt));
            timers.wanted(start);
            assert_eq!(
                initiations(&mut timers, start, expected.last().copied().map(millis).unwrap()),
                expected
            );
        }
    }

    #[test]
    fn a_late_answer_waits_for_the_newest_initiation() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.measured(millis(20));
        timers.wanted(start);
        assert_eq!(initiations(&mut timers, start, millis(300)), [0, 250]);
        timers.answered_late(millis(400));
        assert_eq!(timers.initiation_at(), Some(start + millis(250 + 500 + 60)));
    }

    #[test]
    fn a_burst_is_one_probe() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.established(start, true);
        for at in 0..64 {
            timers.sent(start + millis(at), false);
        }
        assert_eq!(timers.deadline(), Some(start + NO_REPLY));
    }

    #[test]
    fn a_silent_target_causes_no_handshake_storm() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.established(start, true);
        let mut sent = 0;
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            timers.sent(now, false);
            while timers.due(now) == Some(Due::Initiate) {
                timers.initiated(now);
                timers.established(now, true);
                timers.received(now, true);
                sent += 1;
            }
        }
        assert!((38..=44).contains(&sent), "one each 15 s is the protocol's own pace: {sent}");
    }

    #[test]
    fn a_used_session_is_renewed_after_two_minutes() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.established(start, true);
        assert_eq!(timers.deadline(), None);
        timers.sent(start, false);
        timers.received(start, true);
        assert_eq!(timers.deadline(), Some(start + REKEY_AFTER));
    }

    #[test]
    fn received_data_triggers_one_keepalive() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Responder, None, start);
        timers.established(start, false);
        timers.received(start, false);
        timers.received(start + millis(500), false);
        assert_eq!(timers.deadline(), Some(start + KEEPALIVE));
        assert_eq!(timers.due(start + KEEPALIVE), Some(Due::Keepalive));
        timers.sent(start + KEEPALIVE, true);
        assert_eq!(timers.deadline(), None);
    }

    #[test]
    fn a_persistent_keepalive_counts_from_the_last_packet() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, Some(Duration::from_secs(25)), start);
        timers.established(start, true);
        timers.received(start + millis(3_000), true);
        assert_eq!(timers.deadline(), Some(start + millis(28_000)));
        assert_eq!(timers.due(start + millis(28_000)), Some(Due::Keepalive));
    }

    #[test]
    fn a_cookie_triggers_one_early_retry() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.wanted(start);
        for at in [0, 250, 1_000] {
            timers.initiated(start + millis(at));
        }
        timers.cookie(start + millis(1_100));
        assert_eq!(timers.deadline(), Some(start + millis(1_350)));
        timers.initiated(start + millis(1_350));
        timers.cookie(start + millis(1_400));
        assert_eq!(timers.deadline(), Some(start + millis(4_600)));
    }

    #[test]
    fn a_forced_handshake_respects_the_peers_rate_limit() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.wanted(start);
        timers.initiated(start);
        timers.force(start + millis(1));
        assert_eq!(timers.deadline(), Some(start + EARLY[0]));
    }
}
