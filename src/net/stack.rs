//! The host inside the tunnel, without a socket or a clock: delivers packets to its sockets.
//!
//! UDP and ICMPv6 are dispatched through tables, independent of the number of sockets, with exact errors and hop limits.
//! TCP goes to [`tcp`](super::tcp).

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::mpsc;

use super::packet::{self, Echo, Inner, Packet, Quoted, QuotedKind, TooBig};
use super::tcp::Tcp;
use super::{Arrival, Drops, EchoEvent, EchoKind, EchoRequest};

/// Maximum number of queued outgoing packets.
const OUTGOING: usize = 1024;
/// Maximum number of queued arrivals per socket.
const ARRIVALS: usize = 1024;
/// Ephemeral ports (IANA range).
const EPHEMERAL: std::ops::RangeInclusive<u16> = 49_152..=65_535;
/// Attempts to draw a free port before reporting that there is none.
const DRAWS: usize = 64;

/// An IPv6 host: addresses, sockets, queues.
pub struct Stack {
    addresses: Vec<Ipv6Addr>,
    local: Ipv6Addr,
    mtu: u16,
    rng: StdRng,
    udp: HashMap<u16, mpsc::Sender<Arrival>>,
    echo: HashMap<u16, Echoer>,
    tcp: Tcp,
    outgoing: VecDeque<Leaving>,
    drops: Drops,
    closed: bool,
}

struct Echoer {
    events: mpsc::Sender<EchoEvent>,
    /// Last target and departure time per sequence number.
    targets: HashMap<u16, (Ipv6Addr, Instant)>,
}

/// A queued outgoing packet.
struct Leaving {
    packet: Vec<u8>,
    /// Identifier and sequence number of an echo request; its round trip starts on departure.
    echo: Option<(u16, u16)>,
}

impl Stack {
    /// Creates a host. It sends from the first address; `mtu` is in bytes, `seed` selects ports and identifiers.
    pub fn new(addresses: &[Ipv6Addr], mtu: u16, seed: u64, now: Instant) -> Self {
        let local = addresses.first().copied().unwrap_or(Ipv6Addr::UNSPECIFIED);
        let mut rng = StdRng::seed_from_u64(seed);
        let tcp = Tcp::new(local, mtu, rng.random(), now);
        Self {
            addresses: addresses.to_vec(),
            local,
            mtu,
            rng,
            udp: HashMap::new(),
            echo: HashMap::new(),
            tcp,
            outgoing: VecDeque::new(),
            drops: Drops::default(),
            closed: false,
        }
    }

    pub fn drops(&self) -> Drops {
        self.drops
    }

    pub fn tcp(&mut self) -> &mut Tcp {
        &mut self.tcp
    }

    /// Delivers an inner packet that arrived at `at`.
    pub fn ingress(&mut self, at: Instant, bytes: &[u8]) {
        let Ok(packet) = Packet::parse(bytes) else {
            self.drops.malformed += 1;
            return;
        };
        if !self.addresses.contains(&packet.to) {
            self.drops.foreign += 1;
            return;
        }
        match packet.inner {
            Inner::Udp { src, dst, payload } => {
                let from = SocketAddrV6::new(packet.from, src, 0, 0);
                self.deliver_udp(dst, Arrival::Datagram { from, payload: payload.to_vec(), at });
            }
            Inner::EchoReply(echo) => {
                let bytes = (packet::ICMP_HEADER + echo.data.len()) as u16;
                let kind = EchoKind::Reply { hop_limit: packet.hop_limit, bytes };
                if self.sent(echo.ident, echo.seq).is_some() {
                    self.deliver_echo(echo.ident, echo.seq, packet.from, at, kind);
                } else {
                    self.deliver_stray(echo, packet.from, at);
                }
            }
            // RFC 4443 §4.2: every node replies.
            Inner::EchoRequest(echo) => {
                if let Ok(reply) = packet::echo_reply(packet.to, packet.from, echo, self.mtu) {
                    let _ = self.leave(reply, None);
                }
            }
            Inner::Error { error, about } if self.addresses.contains(&about.from) => {
                self.deliver_error(packet.from, at, error, about);
            }
            Inner::Error { .. } => self.drops.unclaimed += 1,
            Inner::Tcp { .. } => self.tcp.ingress(bytes.to_vec()),
        }
    }

    /// Runs TCP and appends outgoing packets to `out`.
    pub fn poll(&mut self, now: Instant, out: &mut VecDeque<Vec<u8>>) {
        for Leaving { packet, echo } in self.outgoing.drain(..) {
            let target = echo.and_then(|(ident, seq)| self.echo.get_mut(&ident)?.targets.get_mut(&seq));
            if let Some((_, sent)) = target {
                *sent = now;
            }
            out.push_back(packet);
        }
        self.tcp.poll(now, out);
    }

    /// Latest time for the next [`Self::poll`].
    pub fn deadline(&mut self, now: Instant) -> Option<Instant> {
        self.tcp.deadline(now)
    }

    /// Closes every socket; none can be opened afterwards. One more [`Self::poll`] sends the resets.
    pub fn close(&mut self) {
        self.closed = true;
        self.udp.clear();
        self.echo.clear();
        self.tcp.abort();
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Binds a free UDP port.
    pub fn bind(&mut self) -> io::Result<(u16, mpsc::Receiver<Arrival>)> {
        self.open()?;
        let port = self.draw(EPHEMERAL, |stack, port| stack.udp.contains_key(&port))?;
        let (sender, arrivals) = mpsc::channel(ARRIVALS);
        self.udp.insert(port, sender);
        Ok((port, arrivals))
    }

    /// Releases a UDP port.
    pub fn unbind(&mut self, port: u16) {
        self.udp.remove(&port);
    }

    /// Sends a datagram from a bound port.
    pub fn send(&mut self, port: u16, to: SocketAddrV6, payload: &[u8]) -> io::Result<()> {
        self.open()?;
        let from = SocketAddrV6::new(self.local, port, 0, 0);
        let datagram = packet::udp(from, to, payload, self.mtu).map_err(too_big)?;
        self.leave(datagram, None)
    }

    /// Allocates a free identifier for echo requests.
    pub fn echo(&mut self) -> io::Result<(u16, mpsc::Receiver<EchoEvent>)> {
        self.open()?;
        let ident = self.draw(0..=u16::MAX, |stack, ident| stack.echo.contains_key(&ident))?;
        let (events, receiver) = mpsc::channel(ARRIVALS);
        self.echo.insert(ident, Echoer { events, targets: HashMap::new() });
        Ok((ident, receiver))
    }

    pub fn unecho(&mut self, ident: u16) {
        self.echo.remove(&ident);
    }

    /// Sends an echo request at `now`. The payload bytes count up from zero.
    pub fn request(&mut self, ident: u16, request: EchoRequest, now: Instant) -> io::Result<()> {
        self.open()?;
        let data: Vec<u8> = (0..request.payload).map(|at| at as u8).collect();
        let echo = Echo { ident, seq: request.seq, data: &data };
        let packet = packet::echo_request(self.local, request.to, request.hop_limit.max(1), echo, self.mtu)
            .map_err(too_big)?;
        self.leave(packet, Some((ident, request.seq)))?;
        if let Some(echoer) = self.echo.get_mut(&ident) {
            echoer.targets.insert(request.seq, (request.to, now));
        }
        Ok(())
    }

    /// Starts a TCP connection from a free port.
    pub fn connect(&mut self, to: SocketAddrV6) -> io::Result<smoltcp::iface::SocketHandle> {
        self.open()?;
        let port = self.draw(EPHEMERAL, |stack, port| stack.tcp.uses(port))?;
        self.tcp.connect(to, port)
    }

    fn open(&self) -> io::Result<()> {
        if self.closed { Err(detached()) } else { Ok(()) }
    }

    fn draw(
        &mut self,
        range: std::ops::RangeInclusive<u16>,
        taken: impl Fn(&Self, u16) -> bool,
    ) -> io::Result<u16> {
        for _ in 0..DRAWS {
            let number = self.rng.random_range(range.clone());
            if !taken(self, number) {
                return Ok(number);
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port"))
    }

    fn leave(&mut self, packet: Vec<u8>, echo: Option<(u16, u16)>) -> io::Result<()> {
        if self.outgoing.len() >= OUTGOING {
            self.drops.overflow += 1;
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.outgoing.push_back(Leaving { packet, echo });
        Ok(())
    }

    fn deliver_udp(&mut self, port: u16, arrival: Arrival) {
        match self.udp.get(&port).map(|waiter| waiter.try_send(arrival)) {
            Some(Ok(())) => {}
            Some(Err(mpsc::error::TrySendError::Full(_))) => self.drops.overflow += 1,
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => self.drops.unclaimed += 1,
        }
    }

    fn deliver_echo(&mut self, ident: u16, seq: u16, from: Ipv6Addr, at: Instant, kind: EchoKind) {
        let waiter = self.echo.get(&ident).and_then(|echoer| Some((echoer, *echoer.targets.get(&seq)?)));
        let delivered = waiter.map(|(echoer, (to, sent))| {
            // The clocks may differ slightly.
            let at = at.max(sent);
            echoer.events.try_send(EchoEvent { seq, to, from, sent, at, kind })
        });
        match delivered {
            Some(Ok(())) => {}
            Some(Err(mpsc::error::TrySendError::Full(_))) => self.drops.overflow += 1,
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => self.drops.unclaimed += 1,
        }
    }

    fn sent(&self, ident: u16, seq: u16) -> Option<&(Ipv6Addr, Instant)> {
        self.echo.get(&ident)?.targets.get(&seq)
    }

    /// Reports a stray reply to every echo source; one of them may be pinging its sender.
    fn deliver_stray(&mut self, echo: Echo<'_>, from: Ipv6Addr, at: Instant) {
        self.drops.unclaimed += 1;
        let kind = EchoKind::Stray { ident: echo.ident };
        for echoer in self.echo.values() {
            let _ = echoer.events.try_send(EchoEvent { seq: echo.seq, to: from, from, sent: at, at, kind });
        }
    }

    fn deliver_error(&mut self, by: Ipv6Addr, at: Instant, error: super::IcmpError, about: Quoted) {
        match about.what {
            QuotedKind::Udp { src, dst } => {
                let to = SocketAddrV6::new(about.to, dst, 0, 0);
                self.deliver_udp(src, Arrival::Unreachable { to, by, error });
            }
            QuotedKind::Echo { ident, seq } => self.deliver_echo(ident, seq, by, at, EchoKind::Error(error)),
            QuotedKind::Tcp { .. } => {
                if !self.tcp.failed(about.to, about.what, error) {
                    self.drops.unclaimed += 1;
                }
            }
            QuotedKind::Other => self.drops.unclaimed += 1,
        }
    }
}

/// Error of a socket after the tunnel has ended.
pub fn detached() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the tunnel has ended")
}

fn too_big(error: TooBig) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error)
}

#[cfg(test)]
mod tests;
