//! The embedded tunnel: a [`Network`] over a WireGuard peer, inside this process, without privileges or a TUN device.
//!
//! One task drives it. It owns the peer and the sockets below; the host inside is shared with the handles, see
//! [`handles`](super::handles). The task sleeps until a datagram arrives, a handle rings, or a timer is due.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, SocketAddrV6};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use ipnet::Ipv6Net;
use tokio::sync::watch;

use super::endpoint::resolve;
use super::handles::{EchoSource, Host, TcpStream, Udp};
use super::stack::Stack;
use super::suspend;
use super::underlay::{self, Failure, Underlay};
use super::underlying_host::UnderlyingHost;
use super::wireguard::{Config, Outputs, Peer, Transmit};
use super::{LinkError, LinkState, Network, Phase};
use crate::clock::{now, or_never, sleep_until};
use crate::profile::{Endpoint, Profile};

/// Datagrams handled in a row before other events.
const BATCH: usize = 128;
/// Receive buffer in bytes: larger than any datagram.
const BUFFER: usize = 65_535;
/// Minimum interval between reports of counters.
const COUNTERS: Duration = Duration::from_secs(1);
/// Retry interval after a failed lookup.
const LOOKUP_AGAIN: Duration = Duration::from_secs(5);
/// Minimum interval between lookups and new sockets while the peer is silent.
const REFRESH: Duration = Duration::from_secs(10);
/// Missing packets that are reported at once: the examiner then looks for another client.
pub const MISSING: u64 = 3;
/// Unanswered initiations after which the endpoint is resolved again.
const DOUBT: u32 = 3;

/// An attachment to the network of a conf.
#[derive(Clone)]
pub struct Tunnel {
    attachment: Arc<Attachment>,
}

struct Attachment {
    host: Arc<Host>,
    requests: Arc<Requests>,
    link: watch::Receiver<LinkState>,
    /// Whether the underlay is the host's own network.
    on_host: bool,
}

/// Knowledge from earlier attachments with the same key.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Round trip of the handshake with the same endpoint. A wrong one costs time, and no data.
    pub rtt: Option<Duration>,
    /// Session index for this attachment, 24 random bits; then those of earlier ones, whose data may still be under way.
    pub indices: Vec<u32>,
}

/// Requests from the handles to the task, besides packets.
#[derive(Default)]
struct Requests {
    end: AtomicBool,
    rehandshake: AtomicBool,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.requests.end.store(true, Ordering::Release);
        self.host.ring();
    }
}

impl Tunnel {
    /// Attaches with a conf. If the endpoint is an address, the first initiation has been sent on return.
    ///
    /// [`Network::link`] shows whether the peer responds. An error means that there is no tokio runtime, or that the
    /// clock is before 1970, where WireGuard has no timestamp to send.
    pub fn attach(profile: &Profile, known: Known) -> io::Result<Self> {
        Self::begin(profile, underlay::Udp::new(profile.listen_port), true, known)
    }

    /// Attaches over another underlay than the host's sockets.
    #[cfg(test)]
    pub fn over<U: Underlay>(profile: &Profile, underlay: U, rtt: Option<Duration>) -> io::Result<Self> {
        Self::begin(profile, underlay, false, Known { rtt, ..Known::default() })
    }

    fn begin<U: Underlay>(profile: &Profile, underlay: U, on_host: bool, known: Known) -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        if SystemTime::now() < SystemTime::UNIX_EPOCH {
            return Err(io::Error::other("the clock of this host is before 1970"));
        }
        let start = now();
        let addresses: Vec<_> = profile.addresses.iter().map(Ipv6Net::addr).collect();
        let host = Host::new(Stack::new(&addresses, profile.mtu, rand::random(), start));
        let mut indices = known.indices.into_iter();
        let index = indices.next().unwrap_or_else(|| rand::random::<u32>() >> 8);
        let mut peer = Peer::new(&Config::from(profile), index, start);
        indices.for_each(|former| peer.know(former));
        if let Some(rtt) = known.rtt {
            peer.expect_rtt(rtt);
        }
        let requests = Arc::new(Requests::default());
        let (report, link) = watch::channel(peer.link().clone());

        let mut driver = Driver {
            peer,
            host: Arc::clone(&host),
            underlay,
            endpoint: profile.peer.endpoint.clone(),
            requests: Arc::clone(&requests),
            report,
            reported: start,
            unresolved: None,
            lookup: None,
            doubt_at: start,
            suspend: suspend::Watch::new(suspend::asleep()),
            overflow: 0,
            out: Outputs::default(),
            leaving: VecDeque::new(),
        };
        driver.begin(start);
        runtime.spawn(driver.run());
        Ok(Self { attachment: Arc::new(Attachment { host, requests, link, on_host }) })
    }
}

impl Network for Tunnel {
    type Udp = Udp;
    type Tcp = TcpStream;
    type Echo = EchoSource;

    fn udp(&self) -> io::Result<Udp> {
        self.attachment.host.udp()
    }

    async fn tcp(&self, to: SocketAddrV6) -> io::Result<TcpStream> {
        self.attachment.host.connect(to).await
    }

    fn echo(&self) -> io::Result<EchoSource> {
        self.attachment.host.echo()
    }

    fn link(&self) -> watch::Receiver<LinkState> {
        self.attachment.link.clone()
    }

    fn rehandshake(&self) {
        self.attachment.requests.rehandshake.store(true, Ordering::Release);
        self.attachment.host.ring();
    }

    fn underlying_host(&self) -> Option<UnderlyingHost> {
        self.attachment.on_host.then_some(UnderlyingHost)
    }
}

type Lookup = Pin<Box<dyn Future<Output = Result<Vec<SocketAddr>, LinkError>> + Send>>;

struct Driver<U> {
    peer: Peer,
    host: Arc<Host>,
    underlay: U,
    endpoint: Endpoint,
    requests: Arc<Requests>,
    report: watch::Sender<LinkState>,
    reported: Instant,
    /// Last lookup error, until a lookup succeeds.
    unresolved: Option<LinkError>,
    lookup: Option<Lookup>,
    /// Earliest time of the next [`Self::doubt`].
    doubt_at: Instant,
    /// Detects a suspended machine: its gateway has dropped the session.
    suspend: suspend::Watch,
    /// Datagrams dropped because the send buffer was full.
    overflow: u64,
    out: Outputs,
    leaving: VecDeque<Vec<u8>>,
}

/// Events that end the driver's sleep.
enum Event {
    Datagram(SocketAddr, Result<usize, Failure>),
    Found(Result<Vec<SocketAddr>, LinkError>),
    Turn,
}

/// Closes the stack when the task is dropped with its runtime, so that no handle waits forever.
struct Farewell(Arc<Host>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.stack().close();
    }
}

impl<U: Underlay> Driver<U> {
    fn begin(&mut self, now: Instant) {
        match &self.endpoint {
            Endpoint::Addr(addr) => {
                let addr = *addr;
                self.peer.set_endpoints(now, &[addr], &mut self.out);
                self.transmit(now);
            }
            Endpoint::Host { .. } => self.look_up(now),
        }
        self.publish(now);
    }

    async fn run(mut self) {
        let farewell = Farewell(Arc::clone(&self.host));
        let mut buffer = vec![0; BUFFER];
        loop {
            let time = now();
            if self.requests.end.load(Ordering::Acquire) {
                break;
            }
            let woke = self.suspend.woke(suspend::asleep());
            if self.requests.rehandshake.swap(false, Ordering::AcqRel) || woke {
                self.peer.rehandshake(time, &mut self.out);
            }
            self.doubt(time);
            self.peer.tick(time, &mut self.out);
            // Packets take their departure time from here.
            self.pump(now());
            let report_at = self.publish(time);
            let deadline = self.deadline(time, report_at);

            match self.sleep(&mut buffer, deadline).await {
                Event::Datagram(from, got) => {
                    self.received(from, got, &buffer);
                    for _ in 1..BATCH {
                        let Some((from, got)) = self.underlay.recv(&mut buffer).now_or_never() else { break };
                        self.received(from, got, &buffer);
                    }
                }
                Event::Found(found) => self.found(now(), found),
                Event::Turn => {}
            }
        }
        drop(farewell);
        // Sends the resets of open streams.
        self.pump(now());
    }

    async fn sleep(&mut self, buffer: &mut [u8], deadline: Option<Instant>) -> Event {
        let Self { underlay, host, lookup, .. } = self;
        let due = sleep_until(deadline);
        let found = or_never(lookup.as_mut());
        tokio::select! {
            (from, got) = underlay.recv(buffer) => Event::Datagram(from, got),
            () = host.rung() => Event::Turn,
            () = due => Event::Turn,
            found = found => Event::Found(found),
        }
    }

    /// Handles a datagram or an error from the underlay.
    fn received(&mut self, from: SocketAddr, got: Result<usize, Failure>, buffer: &[u8]) {
        let at = now();
        match got {
            Ok(count) => {
                self.peer.feed(at, from, buffer.get(..count).unwrap_or_default(), &mut self.out);
                if !self.out.inner.is_empty() {
                    // The peer's timers use the time of reading; round trips use the time of arrival.
                    let at = self.underlay.arrived().unwrap_or(at);
                    let mut stack = self.host.stack();
                    for packet in self.out.inner.drain(..) {
                        stack.ingress(at, &packet);
                    }
                }
            }
            Err(failure) => self.failed(at, from, failure),
        }
    }

    /// Moves packets from the inner host to the peer, and datagrams from the peer to the underlay.
    fn pump(&mut self, now: Instant) {
        self.host.stack().poll(now, &mut self.leaving);
        while let Some(packet) = self.leaving.pop_front() {
            self.peer.send(now, &packet, &mut self.out);
        }
        self.transmit(now);
    }

    fn transmit(&mut self, now: Instant) {
        // A failure may make the peer try another address, which queues more.
        while !self.out.network.is_empty() {
            for Transmit { to, datagram } in std::mem::take(&mut self.out.network) {
                if let Err(failure) = self.underlay.send(to, &datagram) {
                    self.failed(now, to, failure);
                }
            }
        }
    }

    fn failed(&mut self, now: Instant, to: SocketAddr, failure: Failure) {
        match failure.link_error(to) {
            Some(error) => self.peer.report_error(now, to, error, &mut self.out),
            None => self.overflow += 1,
        }
    }

    /// After a long silence the host or the peer may have moved: resolves the endpoint again and opens new sockets.
    fn doubt(&mut self, now: Instant) {
        // Only when the next initiation is due: until then, the last one may still be answered.
        let due = self.peer.initiation_at().is_some_and(|at| at <= now);
        let doubtful = due && self.peer.attempts().is_some_and(|attempts| attempts >= DOUBT);
        let failed = self.unresolved.is_some() && self.lookup.is_none();
        if (doubtful || failed) && now >= self.doubt_at {
            self.doubt_at = now + REFRESH;
            self.underlay.reopen();
            self.look_up(now);
        }
    }

    fn look_up(&mut self, now: Instant) {
        if self.lookup.is_none() && matches!(self.endpoint, Endpoint::Host { .. }) {
            self.doubt_at = now + REFRESH;
            self.lookup = Some(Box::pin(resolve(self.endpoint.clone())));
        }
    }

    fn found(&mut self, now: Instant, found: Result<Vec<SocketAddr>, LinkError>) {
        self.lookup = None;
        match found {
            Ok(addresses) => {
                self.unresolved = None;
                self.peer.set_endpoints(now, &addresses, &mut self.out);
            }
            Err(error) => {
                self.unresolved = Some(error);
                self.doubt_at = now + LOOKUP_AGAIN;
            }
        }
    }

    fn deadline(&self, now: Instant, report_at: Option<Instant>) -> Option<Instant> {
        let retry = (self.unresolved.is_some() && self.lookup.is_none()).then_some(self.doubt_at);
        let stack = self.host.stack().deadline(now);
        [self.peer.deadline(), stack, report_at, retry].into_iter().flatten().min()
    }

    /// Publishes the link's state: at once on an event, at most once a second for counters. Returns the time of the next
    /// report of counters.
    fn publish(&mut self, now: Instant) -> Option<Instant> {
        let mut link = self.peer.link().clone();
        let stack = self.host.stack().drops();
        link.drops.malformed += stack.malformed;
        link.drops.foreign += stack.foreign;
        link.drops.unclaimed += stack.unclaimed;
        link.drops.overflow += stack.overflow + self.overflow;
        link.icmp = self.underlay.icmp();
        if link.phase == Phase::Resolving {
            link.error.clone_from(&self.unresolved);
        }
        let known = self.report.borrow();
        if *known == link {
            return None;
        }
        let happened = known.phase != link.phase
            || known.error != link.error
            || known.endpoint != link.endpoint
            || known.icmp != link.icmp
            || known.last_handshake != link.last_handshake
            || known.initiations != link.initiations
            || known.other_client.is_none() != link.other_client.is_none()
            || (known.missing < MISSING) != (link.missing < MISSING);
        drop(known);
        if !happened && now < self.reported + COUNTERS {
            return Some(self.reported + COUNTERS);
        }
        self.reported = now;
        self.report.send_replace(link);
        None
    }
}

#[cfg(test)]
mod tests;
