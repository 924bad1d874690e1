//! When a WireGuard peer must speak: handshakes, their retries, keepalives. Time comes in, decisions go out.
//!
//! The times are those of the WireGuard paper, §6. They are kept here, beside the library's own, for three reasons:
//! the library has no "next deadline"; it takes a query after 15 quiet seconds for a dead peer, and would shake
//! hands on each of them; and the protocol's 5 s between two initiations is too long for somebody who waits.

use std::time::{Duration, Instant};

/// A session older than this is renewed by whoever started it, when it has something to send.
pub const REKEY_AFTER: Duration = Duration::from_mins(2);
/// A session older than this is not used.
pub const REJECT_AFTER: Duration = Duration::from_mins(3);
/// The protocol's pause between two initiations.
pub const REKEY_TIMEOUT: Duration = Duration::from_secs(5);
/// Who has received data and has nothing to send says so after this.
pub const KEEPALIVE: Duration = Duration::from_secs(10);
/// Who has sent data and hears nothing for this long shakes hands anew.
pub const NO_REPLY: Duration = KEEPALIVE.saturating_add(REKEY_TIMEOUT);
/// The initiator renews a session on receiving, too, when it is this old.
const REKEY_ON_RECEIVE: Duration = REJECT_AFTER.saturating_sub(NO_REPLY);

/// Pauses after the first and the second initiation of an attempt for which somebody waits.
const EARLY: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(750)];
/// Pause between initiations to a peer that was there and fell silent: it may be back any moment.
const RECOVER: Duration = Duration::from_secs(1);
/// Pause when an attempt has become hopeless.
const SLOW: Duration = Duration::from_secs(15);
/// Up to this age of an attempt, somebody is likely to watch.
const WATCHED: Duration = Duration::from_secs(90);
/// From this age on, an attempt is hopeless.
const HOPELESS: Duration = Duration::from_mins(10);

/// Sends without an answer, apart in time, after which the peer is asked whether it is still there.
const PROBES: u32 = 3;
/// Two sends closer than this are one probe: a walk sends dozens at once.
const PROBE_GAP: Duration = Duration::from_millis(100);
/// The shortest silence that is taken for an absence.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send a handshake initiation.
    Initiate,
    /// Send an empty packet.
    Keepalive,
}

/// Whether this end starts handshakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It attaches: it starts them.
    Initiator,
    /// It is attached to: it answers.
    Responder,
}

/// Why a handshake is attempted, which sets the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// There never was a session.
    First,
    /// The session is getting old, and works.
    Rekey,
    /// There was a session, and the peer is silent or the session is gone.
    Recover,
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    why: Why,
    started: Instant,
    sent: u32,
    last: Option<Instant>,
    next: Instant,
    hurried: bool,
}

#[derive(Debug, Clone, Copy)]
struct Session {
    since: Instant,
    ours: bool,
    sent: bool,
    received: bool,
}

/// Data that left and nothing that came since.
#[derive(Debug, Clone, Copy)]
struct Silence {
    since: Instant,
    last: Instant,
    probes: u32,
}

/// The timers of one peer.
#[derive(Debug)]
pub struct Timers {
    role: Role,
    persistent: Option<Duration>,
    attempt: Option<Attempt>,
    session: Option<Session>,
    silence: Option<Silence>,
    /// When we owe the peer a sign of life.
    owed: Option<Instant>,
    /// The last authenticated packet, either way.
    traffic: Instant,
    patience: Duration,
}

impl Timers {
    /// Timers of a peer without a session. `persistent` is `PersistentKeepalive`.
    pub fn new(role: Role, persistent: Option<Duration>, now: Instant) -> Self {
        Self {
            role,
            persistent: persistent.filter(|interval| !interval.is_zero()),
            attempt: None,
            session: None,
            silence: None,
            owed: None,
            traffic: now,
            patience: PATIENCE,
        }
    }

    /// What is due at `now`. After [`Due::Initiate`] the caller reports [`Self::initiated`].
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        if self.silence_ends().is_some_and(|at| at <= now) {
            self.begin(Why::Recover, now);
            // Only the peer's own data show that the silence was the peer's: until then, ask ever more rarely.
            self.patience = (self.patience * 4).min(NO_REPLY);
        }
        if self.rekey_at().is_some_and(|at| at <= now) {
            self.begin(Why::Rekey, now);
        }
        if self.attempt.is_some_and(|attempt| attempt.next <= now) {
            return Some(Due::Initiate);
        }
        let keepalive = [self.owed, self.persistent_at()];
        keepalive.into_iter().flatten().any(|at| at <= now).then_some(Due::Keepalive)
    }

    /// When [`Self::due`] will next have something to say.
    pub fn deadline(&self) -> Option<Instant> {
        let attempt = self.attempt.map(|attempt| attempt.next);
        [self.silence_ends(), self.rekey_at(), attempt, self.owed, self.persistent_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Something waits for a session.
    pub fn wanted(&mut self, now: Instant) {
        if self.attempt.is_none() {
            self.begin(if self.session.is_some() { Why::Recover } else { Why::First }, now);
        }
    }

    /// Shake hands whatever we think of the session; at the earliest 250 ms after the last initiation.
    pub fn force(&mut self, now: Instant) {
        let last = self.attempt.and_then(|attempt| attempt.last);
        self.begin(if self.session.is_some() { Why::Recover } else { Why::First }, now);
        if let (Some(last), Some(attempt)) = (last, &mut self.attempt) {
            attempt.next = now.max(last + EARLY[0]);
        }
    }

    /// An initiation left.
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
            (_, why) => match EARLY.get(attempt.sent as usize) {
                Some(pause) => *pause,
                None if why == Why::Recover => RECOVER,
                None => REKEY_TIMEOUT,
            },
        };
        attempt.sent += 1;
        attempt.last = Some(now);
        attempt.next = now + pause;
    }

    /// The peer asks for proof of our address first: answer it soon, once an attempt.
    pub fn cookie(&mut self, now: Instant) {
        if let Some(attempt) = self.attempt.as_mut().filter(|attempt| !attempt.hurried) {
            attempt.hurried = true;
            attempt.next = attempt.next.min(now + EARLY[0]);
        }
    }

    /// The last initiation could not leave: try again now, somewhere else.
    pub fn hurry(&mut self, now: Instant) {
        if let Some(attempt) = &mut self.attempt {
            attempt.next = now;
        }
    }

    /// A session began. `ours` says that we started it.
    pub fn established(&mut self, now: Instant, ours: bool) {
        self.attempt = None;
        self.session = Some(Session { since: now, ours, sent: false, received: false });
    }

    /// A data packet left: `empty` for a keepalive.
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

    /// An authenticated packet came: `empty` for a keepalive or a handshake message.
    pub fn received(&mut self, now: Instant, empty: bool) {
        self.traffic = now;
        self.silence = None;
        if empty {
            return;
        }
        self.patience = PATIENCE;
        self.owed.get_or_insert(now + KEEPALIVE);
        if let Some(session) = &mut self.session {
            session.received = true;
        }
    }

    /// How many initiations the attempt under way has sent; `None` when there is none.
    pub fn attempts(&self) -> Option<u32> {
        self.attempt.map(|attempt| attempt.sent)
    }

    /// Whether the peer owes us an answer for so long that somebody should be told.
    pub fn silent(&self, now: Instant) -> bool {
        self.attempt.is_some_and(|attempt| {
            let waited = now.saturating_duration_since(attempt.started) >= PATIENCE;
            waited && (attempt.why != Why::Rekey || self.silence.is_some())
        })
    }

    /// Since when data are without an answer.
    pub fn silent_since(&self) -> Option<Instant> {
        self.silence.map(|silence| silence.since)
    }

    fn begin(&mut self, why: Why, now: Instant) {
        self.attempt = Some(Attempt { why, started: now, sent: 0, last: None, next: now, hurried: false });
    }

    /// When the silence is taken for an absence, unless a handshake is already under way for it.
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
        // While a handshake is under way there is nothing to keep alive.
        self.persistent.filter(|_| self.attempt.is_none()).map(|interval| self.traffic + interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// The initiations that leave until `end`, in milliseconds from the start.
    fn initiations(timers: &mut Timers, start: Instant, end: Duration) -> Vec<u64> {
        let mut sent = Vec::new();
        while let Some(at) = timers.deadline().filter(|at| *at <= start + end) {
            assert_eq!(timers.due(at), Some(Due::Initiate));
            timers.initiated(at);
            sent.push((at - start).as_millis() as u64);
        }
        sent
    }

    #[test]
    fn the_first_handshake_is_tried_again_early_and_then_as_the_protocol_says() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.wanted(start);
        assert_eq!(initiations(&mut timers, start, millis(12_000)), [0, 250, 1_000, 6_000, 11_000]);
        let later = initiations(&mut timers, start, Duration::from_hours(1));
        assert!(later.len() < 340, "{}", later.len());
    }

    #[test]
    fn a_peer_that_was_there_is_asked_every_second_for_a_while() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.established(start, true);
        for at in [0, 200, 650] {
            timers.sent(start + millis(at), false);
        }
        assert_eq!(timers.deadline(), Some(start + PATIENCE));
        assert_eq!(initiations(&mut timers, start, millis(4_500)), [1_000, 1_250, 2_000, 3_000, 4_000]);
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
    fn a_target_that_never_answers_does_not_make_a_storm() {
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
    fn an_answered_session_is_renewed_after_two_minutes_and_only_if_used() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.established(start, true);
        assert_eq!(timers.deadline(), None);
        timers.sent(start, false);
        timers.received(start, true);
        assert_eq!(timers.deadline(), Some(start + REKEY_AFTER));
    }

    #[test]
    fn who_has_received_says_so_once() {
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
    fn a_cookie_is_answered_soon_and_only_once() {
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
        assert_eq!(timers.deadline(), Some(start + millis(6_350)));
    }

    #[test]
    fn a_forced_handshake_keeps_off_the_flood_guard_of_the_peer() {
        let start = Instant::now();
        let mut timers = Timers::new(Role::Initiator, None, start);
        timers.wanted(start);
        timers.initiated(start);
        timers.force(start + millis(1));
        assert_eq!(timers.deadline(), Some(start + EARLY[0]));
    }
}
