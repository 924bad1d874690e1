//! One WireGuard peer, without a socket: datagrams and packets in, datagrams and packets out.
//!
//! Cryptography and sessions are boringtun's [`Tunn`]. The rest is done here: when to send ([`timers`](super::timers)),
//! source checks (`AllowedIPs`, and an endpoint that moves only after an authenticated packet), the queue of packets
//! that wait for a session, padding, and the values of [`LinkState`]. boringtun does not appear in the interface, so
//! that another implementation could replace it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use boringtun::noise::errors::WireGuardError;
use boringtun::noise::rate_limiter::RateLimiter;
use boringtun::noise::{Tunn, TunnResult};
use boringtun::x25519::{PublicKey, StaticSecret};
use ipnet::Ipv6Net;

use super::diverted::Diverted;
use super::timers::{Due, NO_REPLY, Role, Timers};
use super::{LinkError, LinkState, Phase};
use crate::profile::{Profile, Secret, on_wiped_stack};

/// Larger than any UDP payload, in bytes. boringtun panics when its output buffer is smaller than its input, and checks
/// the length before it authenticates the sender.
const BUFFER: usize = 65_535;
/// Maximum number of packets that wait for a session.
const QUEUE: usize = 256;
/// Overhead of a data message in bytes: header 16, tag 16.
const OVERHEAD: usize = 32;
/// Data messages with this counter or a larger one are rejected (`Reject-After-Messages`, WireGuard paper §6.1).
const REJECT_AFTER_MESSAGES: u64 = u64::MAX - (1 << 13);
/// Initiations whose responses show the round trip.
const REMEMBERED: usize = 8;
/// Maximum number of endpoint addresses.
const ENDPOINTS: usize = 8;

/// Message types (WireGuard paper §5.4), little-endian with three reserved zero bytes.
const INITIATION: u8 = 1;
const RESPONSE: u8 = 2;
const COOKIE: u8 = 3;
const DATA: u8 = 4;

/// Configuration of a peer.
#[derive(Debug, Clone)]
pub struct Config {
    pub private_key: Secret,
    /// Public key of the peer.
    pub public_key: [u8; 32],
    pub preshared_key: Option<Secret>,
    /// Allowed sources of inner packets.
    pub allowed_ips: Vec<Ipv6Net>,
    /// `PersistentKeepalive`, in seconds.
    pub keepalive: Option<u16>,
    /// MTU inside the tunnel, in bytes.
    pub mtu: u16,
}

impl From<&Profile> for Config {
    fn from(profile: &Profile) -> Self {
        Self {
            private_key: profile.private_key.clone(),
            public_key: profile.peer.public_key,
            preshared_key: profile.peer.preshared_key.clone(),
            allowed_ips: profile.peer.allowed_ips.clone(),
            keepalive: profile.peer.keepalive,
            mtu: profile.mtu,
        }
    }
}

/// Our session index in a response, cookie reply or data message. A gateway with several peers finds the peer by it: its
/// upper 24 bits are the `index` given to the peer.
pub fn receiver_index(datagram: &[u8]) -> Option<u32> {
    match *datagram {
        [RESPONSE, 0, 0, 0, _, _, _, _, a, b, c, d, ..] | [COOKIE | DATA, 0, 0, 0, a, b, c, d, ..] => {
            Some(u32::from_le_bytes([a, b, c, d]))
        }
        _ => None,
    }
}

/// Handshake messages per second that a gateway accepts before it demands cookies. Shared by its peers.
#[derive(Clone)]
pub struct Limiter(Arc<RateLimiter>);

impl Limiter {
    /// A limiter for the owner of `private`.
    pub fn new(private: &Secret, per_second: u64) -> Self {
        Self(Arc::new(RateLimiter::new(&PublicKey::from(private.public_key()), per_second)))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    pub to: SocketAddr,
    pub datagram: Vec<u8>,
}

/// Output of a call.
#[derive(Debug, Default)]
pub struct Outputs {
    /// Datagrams for the underlay, in order.
    pub network: Vec<Transmit>,
    /// Decrypted inner packets from an allowed source, in order.
    pub inner: Vec<Vec<u8>>,
}

pub struct Peer {
    /// Boxed, since a moved value leaves a copy of its keys behind.
    tunn: Box<Tunn>,
    limiter: Option<Limiter>,
    timers: Timers,
    role: Role,
    allowed_ips: Vec<Ipv6Net>,
    mtu: u16,
    link: LinkState,
    /// Possible addresses of the peer, in the order in which they are tried.
    candidates: Vec<SocketAddr>,
    /// Packets that wait for a session.
    queue: VecDeque<Vec<u8>>,
    /// Our index and departure time of the last initiations, newest first.
    initiations: VecDeque<(u32, Instant)>,
    /// The newest initiation, for copies of it, and the address that it was sent to.
    newest: (Vec<u8>, Option<SocketAddr>),
    /// Whether the newest session is one that the peer has replaced: packets wait for the response to the newest
    /// initiation, or for data.
    held: bool,
    /// Our index in a response, until the peer confirms it.
    offered: Option<u32>,
    /// Upper 24 bits of the indices of our sessions, and of those of earlier attachments with the key.
    indices: Vec<u32>,
    diverted: Diverted,
    /// boringtun's clock: the time of the last `update_timers`.
    clock: Instant,
    /// Time of the last received packet, by boringtun's clock.
    last_received: Instant,
    buffer: Box<[u8]>,
    padded: Vec<u8>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The library wipes the private key, and not the preshared key: another value takes its place in memory.
        let zero = Secret::new([0; 32]);
        let config = Config {
            private_key: zero.clone(),
            public_key: [0; 32],
            preshared_key: Some(zero),
            allowed_ips: Vec::new(),
            keepalive: None,
            mtu: self.mtu,
        };
        *self.tunn = new_tunn(&config, 0, self.limiter.as_ref());
    }
}

fn new_tunn(config: &Config, index: u32, limiter: Option<&Limiter>) -> Tunn {
    Tunn::new(
        StaticSecret::from(*config.private_key.expose()),
        PublicKey::from(config.public_key),
        config.preshared_key.as_ref().map(|key| *key.expose()),
        None,
        index & 0x00ff_ffff,
        limiter.map(|limiter| Arc::clone(&limiter.0)),
    )
}

impl Peer {
    /// Creates an initiator. `index` is 24 random bits; `now` starts the timers.
    pub fn new(config: &Config, index: u32, now: Instant) -> Self {
        Self::build(config, index, now, Role::Initiator, None)
    }

    /// Creates a responder. It starts no handshakes.
    pub fn responder(config: &Config, index: u32, now: Instant, limiter: Limiter) -> Self {
        Self::build(config, index, now, Role::Responder, Some(limiter))
    }

    fn build(config: &Config, index: u32, now: Instant, role: Role, limiter: Option<Limiter>) -> Self {
        let tunn = on_wiped_stack(|| Box::new(new_tunn(config, index, limiter.as_ref())));
        let keepalive = config.keepalive.map(|seconds| Duration::from_secs(seconds.into()));
        Self {
            tunn,
            limiter,
            timers: Timers::new(role, keepalive, now),
            role,
            allowed_ips: config.allowed_ips.clone(),
            mtu: config.mtu,
            link: LinkState::new(now, config.mtu),
            candidates: Vec::new(),
            queue: VecDeque::new(),
            initiations: VecDeque::new(),
            newest: (Vec::new(), None),
            held: false,
            offered: None,
            indices: vec![index & 0x00ff_ffff],
            diverted: Diverted::default(),
            clock: now,
            last_received: now,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            padded: Vec::new(),
        }
    }

    /// State of the link, updated by every call.
    pub fn link(&self) -> &LinkState {
        &self.link
    }

    /// Sets the peer's possible addresses, best first; an initiator without a session starts a handshake.
    pub fn set_endpoints(&mut self, now: Instant, endpoints: &[SocketAddr], out: &mut Outputs) {
        self.candidates = endpoints.iter().copied().take(ENDPOINTS).collect();
        if self.link.phase != Phase::Up {
            self.link.endpoint = self.candidates.first().copied().or(self.link.endpoint);
        }
        if self.link.phase == Phase::Resolving && self.link.endpoint.is_some() {
            self.enter(Phase::Handshaking, now);
            self.link.error = None;
        }
        if self.role == Role::Initiator && !self.has_session() {
            self.timers.wanted(now);
        }
        self.tick(now, out);
    }

    /// Sets the round-trip time that an earlier attachment measured to this endpoint.
    pub fn expect_rtt(&mut self, rtt: Duration) {
        self.timers.measured(rtt);
    }

    /// Adds the `index` of an earlier attachment with the key, whose data may still be under way.
    pub fn know(&mut self, index: u32) {
        self.indices.push(index);
    }

    /// Whether packets can be sent at once.
    pub fn has_session(&self) -> bool {
        !self.held && self.tunn.time_since_last_handshake().is_some()
    }

    /// Initiations sent in the current handshake attempt.
    pub fn attempts(&self) -> Option<u32> {
        self.timers.attempts()
    }

    /// Starts a handshake whatever the state of the session.
    pub fn rehandshake(&mut self, now: Instant, out: &mut Outputs) {
        self.timers.force(now);
        self.tick(now, out);
    }

    /// Latest time for the next [`Self::tick`].
    pub fn deadline(&self) -> Option<Instant> {
        self.link.endpoint.and_then(|_| self.timers.deadline())
    }

    /// Time of the next fresh initiation; until then the last may still be answered.
    pub fn initiation_at(&self) -> Option<Instant> {
        self.timers.initiation_at()
    }

    /// Does all due work.
    pub fn tick(&mut self, now: Instant, out: &mut Outputs) {
        self.sync(now, out);
        if self.link.endpoint.is_none() {
            return;
        }
        while let Some(due) = self.timers.due(now) {
            match due {
                Due::Initiate => self.initiate(now, out),
                Due::Copy => self.copy(now, out),
                Due::Keepalive if self.has_session() => self.encapsulate(now, &[], out),
                Due::Keepalive => {
                    self.timers.sent(now, true);
                    if self.role == Role::Initiator {
                        self.timers.wanted(now);
                    }
                }
            }
        }
    }

    /// Sends an inner packet, or queues it until there is a session. A full queue drops its oldest packet.
    pub fn send(&mut self, now: Instant, packet: &[u8], out: &mut Outputs) {
        self.sync(now, out);
        if packet.is_empty() || packet.len() > usize::from(self.mtu).min(BUFFER - OVERHEAD) {
            self.link.drops.malformed += 1;
            return;
        }
        if self.has_session() {
            self.encapsulate(now, packet, out);
        } else {
            if self.queue.len() >= QUEUE {
                self.queue.pop_front();
                self.link.drops.overflow += 1;
            }
            self.queue.push_back(packet.to_vec());
            if self.role == Role::Initiator {
                self.timers.wanted(now);
            }
        }
        self.tick(now, out);
    }

    /// Handles a datagram from the underlay.
    pub fn feed(&mut self, now: Instant, from: SocketAddr, datagram: &[u8], out: &mut Outputs) {
        self.sync(now, out);
        self.link.received_bytes += datagram.len() as u64;
        let kind = match datagram {
            [kind, 0, 0, 0, ..] if datagram.len() <= self.buffer.len() && !exhausted(datagram) => *kind,
            _ => {
                self.link.drops.outer += 1;
                self.link.drops.alien += u64::from(!is_wireguard(datagram));
                return;
            }
        };
        if kind == RESPONSE && self.role == Role::Initiator && !self.is_usable(now, datagram) {
            self.link.drops.outer += 1;
            return;
        }
        // boringtun needs the address to reply with a cookie under load.
        match self.tunn.decapsulate(Some(from.ip()), datagram, &mut self.buffer) {
            TunnResult::Done if kind == COOKIE => self.timers.cookie(now),
            TunnResult::Done => self.authentic(now, from, datagram, true, out),
            TunnResult::WriteToNetwork(reply) => {
                let reply = reply.to_vec();
                self.answered(now, from, datagram, reply, out);
            }
            TunnResult::WriteToTunnelV6(packet, source) => {
                if self.allowed_ips.iter().any(|net| net.contains(&source)) {
                    out.inner.push(packet.to_vec());
                } else {
                    self.link.drops.foreign += 1;
                }
                self.authentic(now, from, datagram, false, out);
            }
            // IPv4, or an authentic data message with invalid contents.
            TunnResult::WriteToTunnelV4(..) => {
                self.link.drops.malformed += 1;
                self.authentic(now, from, datagram, false, out);
            }
            TunnResult::Err(WireGuardError::InvalidPacket) if kind == DATA && datagram.len() >= OVERHEAD => {
                self.link.drops.malformed += 1;
                self.authentic(now, from, datagram, false, out);
            }
            TunnResult::Err(error) => {
                self.link.drops.outer += 1;
                self.link.drops.alien += u64::from(!is_wireguard(datagram));
                if kind == DATA
                    && matches!(error, WireGuardError::WrongIndex | WireGuardError::NoCurrentSession)
                {
                    self.without_session(now, datagram);
                }
            }
        }
        self.tick(now, out);
    }

    /// Data for no present session: of an earlier one of ours, or of another client with our key.
    fn without_session(&mut self, now: Instant, datagram: &[u8]) {
        let Some(index) = receiver_index(datagram).filter(|_| datagram.len() >= OVERHEAD) else { return };
        if self.indices.contains(&(index >> 8)) {
            self.link.drops.late += 1;
        } else {
            self.link.drops.strays += 1;
            self.link.other_client = Some(now);
        }
    }

    /// Counts an authentic data message by its counter.
    fn count(&mut self, now: Instant, datagram: &[u8]) {
        let (Some(index), Some(counter)) = (receiver_index(datagram), counter(datagram)) else { return };
        let rtt = self.link.handshake_rtt.unwrap_or_default();
        let found = self.diverted.received(now, index, counter, rtt);
        self.link.missing = self.diverted.missing();
        if found > 0 {
            self.link.drops.diverted += found;
            self.link.other_client = Some(now);
        }
    }

    /// An error of the underlay: a datagram to `to` was refused or could not be sent.
    pub fn report_error(&mut self, now: Instant, to: SocketAddr, error: LinkError, out: &mut Outputs) {
        let tried = self.timers.attempts().unwrap_or(0) as usize;
        if self.link.phase == Phase::Up {
            if self.link.endpoint != Some(to) {
                return;
            }
            self.enter(Phase::Down, now);
            if self.timers.attempts().is_none() {
                self.timers.force(now);
            }
        } else if self.newest.1 != Some(to) {
            // Of a copy: the initiation itself may still be answered.
            return;
        } else if (1..self.candidates.len()).contains(&tried) {
            // Another family or address may work; try it now.
            self.timers.hurry(now);
            return self.tick(now, out);
        }
        self.link.error = Some(error);
        self.tick(now, out);
    }

    /// Handles boringtun's own replies: a cookie reply, a response, or the end of our handshake.
    fn answered(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
        reply: Vec<u8>,
        out: &mut Outputs,
    ) {
        match (reply.first(), datagram.first()) {
            // The sender is not authenticated: send the cookie, change nothing.
            (Some(&COOKIE), _) => self.transmit(now, from, reply, out),
            (_, Some(&INITIATION)) => {
                self.offered = index_at(&reply, 4);
                self.link.endpoint.get_or_insert(from);
                self.link.last_received = Some(now);
                self.last_received = self.clock;
                self.transmit(now, from, reply, out);
            }
            _ => {
                let answered = self.initiation_of(datagram);
                let rtt = answered.map(|at| now.saturating_duration_since(self.initiations[at].1));
                self.link.handshake_rtt = rtt.or(self.link.handshake_rtt);
                self.held = answered.is_some_and(|at| at > 0);
                match rtt {
                    Some(rtt) if self.held => self.timers.answered_late(rtt),
                    rtt => {
                        self.begin_session(now, true);
                        if let Some(rtt) = rtt {
                            self.timers.measured(rtt);
                        }
                    }
                }
                self.link.endpoint = Some(from);
                self.transmit(now, from, reply, out);
                self.timers.sent(now, true);
                self.authentic(now, from, datagram, true, out);
            }
        }
    }

    /// An authenticated packet was received: the peer is at `from`.
    fn authentic(&mut self, now: Instant, from: SocketAddr, datagram: &[u8], empty: bool, out: &mut Outputs) {
        self.last_received = self.clock;
        self.timers.received(now, empty);
        if datagram.first() == Some(&DATA) && self.role == Role::Initiator {
            self.count(now, datagram);
        }
        self.link.last_received = Some(now);
        self.link.endpoint = Some(from);
        self.link.error = None;
        if self.offered.is_some() && self.offered == receiver_index(datagram) {
            self.offered = None;
            self.begin_session(now, false);
        }
        // The peer uses a session: ours is the same.
        if self.held && datagram.first() == Some(&DATA) {
            self.held = false;
            self.begin_session(now, true);
        }
        if self.has_session() {
            self.enter(Phase::Up, now);
            while let Some(packet) = self.queue.pop_front() {
                self.encapsulate(now, &packet, out);
            }
        }
    }

    /// Place among [`Self::initiations`] of the initiation that a response answers.
    fn initiation_of(&self, response: &[u8]) -> Option<usize> {
        let index = receiver_index(response)?;
        self.initiations.iter().position(|(ours, _)| *ours == index)
    }

    /// Whether a response may be given to boringtun: it knows the last two handshakes, and would go back from a newer
    /// session to an older one, which the peer has replaced. Others only show how long a round trip takes.
    fn is_usable(&mut self, now: Instant, response: &[u8]) -> bool {
        let Some(place) = self.initiation_of(response) else { return false };
        let pending = self.timers.attempts().is_some();
        if place > 1 && pending {
            self.timers.answered_late(now.saturating_duration_since(self.initiations[place].1));
        }
        place == 0 || (place == 1 && pending)
    }

    fn begin_session(&mut self, now: Instant, ours: bool) {
        self.timers.established(now, ours);
        self.link.last_handshake = Some(now);
        self.link.first_handshake.get_or_insert(now);
        self.link.handshakes += 1;
    }

    fn initiate(&mut self, now: Instant, out: &mut Outputs) {
        self.note_silence(now);
        if self.timers.attempts().is_some_and(|tried| tried > 0) {
            self.next_candidate();
        }
        match self.tunn.format_handshake_initiation(&mut self.buffer, true) {
            TunnResult::WriteToNetwork(datagram) => {
                let datagram = datagram.to_vec();
                self.emit(now, datagram, out);
            }
            // Not expected with a buffer of this size; count it as sent, to avoid a busy loop.
            _ => self.timers.initiated(now),
        }
    }

    /// Reports a peer that does not answer.
    fn note_silence(&mut self, now: Instant) {
        if !self.timers.silent(now) {
            return;
        }
        if self.link.phase == Phase::Up {
            self.enter(Phase::Down, now);
        }
        // Keep the more specific error: a closed port, or a host that cannot send.
        if let (None, Some(endpoint)) = (&self.link.error, self.link.endpoint) {
            self.link.error = Some(LinkError::Silent(endpoint));
        }
    }

    /// Each retry uses the next address: the families race.
    fn next_candidate(&mut self) {
        if self.candidates.len() > 1 {
            let current = self.candidates.iter().position(|addr| Some(*addr) == self.link.endpoint);
            let next = current.map_or(0, |at| (at + 1) % self.candidates.len());
            self.link.endpoint = self.candidates.get(next).copied();
        }
    }

    /// Sends the newest initiation again.
    fn copy(&mut self, now: Instant, out: &mut Outputs) {
        self.note_silence(now);
        self.timers.copied();
        self.next_candidate();
        if let (Some(to), false) = (self.link.endpoint, self.newest.0.is_empty()) {
            let datagram = self.newest.0.clone();
            self.link.sent_bytes += datagram.len() as u64;
            out.network.push(Transmit { to, datagram });
        }
    }

    /// Encrypts a packet; an empty one is a keepalive. Requires a session.
    fn encapsulate(&mut self, now: Instant, packet: &[u8], out: &mut Outputs) {
        // Padded to 16 bytes, but not past the MTU (WireGuard paper §5.4.6).
        let size = packet.len().next_multiple_of(16).min(usize::from(self.mtu)).max(packet.len());
        self.padded.clear();
        self.padded.extend_from_slice(packet);
        self.padded.resize(size, 0);
        self.timers.sent(now, packet.is_empty());
        if let TunnResult::WriteToNetwork(datagram) = self.tunn.encapsulate(&self.padded, &mut self.buffer) {
            let datagram = datagram.to_vec();
            self.emit(now, datagram, out);
        }
    }

    /// Advances boringtun's clock, which timestamps what follows and removes expired sessions.
    ///
    /// boringtun measures silence from the last packet received, not from the first one without a reply. After 15 quiet
    /// seconds it would start a handshake on any query whose response is still on its way. Its clock is therefore held
    /// while a reply may still arrive; see [`Timers`] for our rule.
    fn sync(&mut self, now: Instant, out: &mut Outputs) {
        if let Some(limiter) = &self.limiter {
            limiter.0.reset_count();
        }
        let patient = self.timers.silent_since().is_some_and(|since| now < since + NO_REPLY);
        // Half a second early, since its clock differs from ours.
        if patient
            && now.saturating_duration_since(self.last_received) + Duration::from_millis(500) >= NO_REPLY
        {
            return;
        }
        self.clock = now;
        // `ConnectionExpired` only means that nothing happened for long.
        if let TunnResult::WriteToNetwork(datagram) = self.tunn.update_timers(&mut self.buffer) {
            let datagram = datagram.to_vec();
            self.emit(now, datagram, out);
        }
    }

    /// Sends to the peer's current address.
    fn emit(&mut self, now: Instant, datagram: Vec<u8>, out: &mut Outputs) {
        if let Some(to) = self.link.endpoint {
            self.transmit(now, to, datagram, out);
        }
    }

    fn transmit(&mut self, now: Instant, to: SocketAddr, datagram: Vec<u8>, out: &mut Outputs) {
        if datagram.first() == Some(&INITIATION) {
            self.timers.initiated(now);
            self.link.initiations += 1;
            self.newest = (datagram.clone(), Some(to));
            self.initiations.truncate(REMEMBERED - 1);
            if let Some(index) = index_at(&datagram, 4) {
                self.initiations.push_front((index, now));
            }
        }
        if datagram.first() == Some(&DATA) {
            self.diverted.sent(now);
        }
        self.link.sent_bytes += datagram.len() as u64;
        out.network.push(Transmit { to, datagram });
    }

    fn enter(&mut self, phase: Phase, now: Instant) {
        if self.link.phase != phase {
            self.link.phase = phase;
            self.link.since = now;
        }
    }
}

/// Whether a datagram has the type and the length of a WireGuard message (WireGuard paper §5.4).
fn is_wireguard(datagram: &[u8]) -> bool {
    match datagram {
        [INITIATION, 0, 0, 0, ..] => datagram.len() == 148,
        [RESPONSE, 0, 0, 0, ..] => datagram.len() == 92,
        [COOKIE, 0, 0, 0, ..] => datagram.len() == 64,
        [DATA, 0, 0, 0, ..] => datagram.len() >= OVERHEAD,
        _ => false,
    }
}

/// Counter of a data message.
fn counter(datagram: &[u8]) -> Option<u64> {
    datagram.get(8..16).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes)
}

/// Whether this is a data message with a counter beyond any valid one.
fn exhausted(datagram: &[u8]) -> bool {
    datagram.first() == Some(&DATA)
        && counter(datagram).is_some_and(|counter| counter >= REJECT_AFTER_MESSAGES)
}

/// Session index at byte `at` of a message.
fn index_at(datagram: &[u8], at: usize) -> Option<u32> {
    let bytes = datagram.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests;
