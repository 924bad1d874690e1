//! The gateway of the demo: a WireGuard responder on a loopback port, with the name server and machines behind it. It runs
//! on its own thread, so that it affects the client as little as a distant host.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ipnet::Ipv6Net;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::scenario::{Scenario, millis};
use super::zone;
use crate::clock;
use crate::net::IcmpError;
use crate::net::handles::{Host, Listener, TcpStream};
use crate::net::packet::{self, Inner, Packet};
use crate::net::stack::Stack;
use crate::net::wireguard::{Config, Limiter, Outputs, Peer};
use crate::profile::{self, DnsServer, Endpoint, Profile, Secret, render};

/// MTU inside the tunnel, in bytes.
const MTU: u16 = 1420;
/// Handshakes per second before cookies are demanded: tests reconnect many times.
const HANDSHAKES: u64 = 1000;
/// Maximum number of replies in flight; more are lost, as on a full link.
const IN_FLIGHT: usize = 65_536;
const DNS_PORT: u16 = 53;
/// Address of the client within the network, if the scenario has no named peer.
const PEER_TAIL: [u16; 5] = [0xa7b, 0xd6b, 0, 0xa, 2];

/// A running demo; ends when dropped.
#[derive(Debug)]
pub struct Demo {
    conf: Zeroizing<String>,
    endpoint: SocketAddr,
    /// Dropping it ends the gateway.
    running: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Demo {
    /// Starts `scenario` on a loopback `port`, 0 for any. `seed` determines jitter and loss.
    ///
    /// # Errors
    /// If the port is in use, or the thread cannot start.
    pub fn start(scenario: Scenario, seed: u64, port: u16) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(("127.0.0.1", port))?;
        socket.set_nonblocking(true)?;
        // For a whole walk at once; a smaller buffer is no error.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(2 << 20);
        let endpoint = socket.local_addr()?;
        let (gateway_key, client_key) = (random_key(), random_key());
        let address = client_address(&scenario);
        let profile = Profile {
            name: "demo".into(),
            path: None,
            private_key: client_key.clone(),
            addresses: vec![Ipv6Net::new_assert(address, 120)],
            dns: DnsServer { addr: scenario.dns(), derived: false },
            mtu: MTU,
            listen_port: None,
            peer: profile::Peer {
                public_key: gateway_key.public_key(),
                preshared_key: None,
                endpoint: Endpoint::Addr(endpoint),
                allowed_ips: vec![scenario.network],
                keepalive: Some(15),
            },
            notes: vec![],
        };
        let config = Config {
            private_key: gateway_key,
            public_key: client_key.public_key(),
            preshared_key: None,
            allowed_ips: vec![Ipv6Net::new_assert(address, 128)],
            keepalive: None,
            mtu: MTU,
        };
        let (running, ended) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("demo gateway".into()).spawn(move || {
            runtime.block_on(async {
                if let Ok(socket) = UdpSocket::from_std(socket) {
                    Box::pin(Gateway::new(socket, &config, scenario, seed).run(ended)).await;
                }
            });
        })?;
        Ok(Self { conf: render::conf(&profile), endpoint, running: Some(running), thread: Some(thread) })
    }

    /// The conf for clients, with its private key.
    pub fn conf(&self) -> &str {
        &self.conf
    }

    pub fn endpoint(&self) -> SocketAddr {
        self.endpoint
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn random_key() -> Secret {
    Secret::new(rand::rng().random())
}

/// Address of the first listed peer, so that the client finds itself in `_peer`.
fn client_address(scenario: &Scenario) -> Ipv6Addr {
    let named = scenario.peers.iter().find(|peer| !peer.name.starts_with("interactive-"));
    named.map_or_else(
        || {
            let mut groups = scenario.network.addr().segments();
            groups[3..].copy_from_slice(&PEER_TAIL);
            Ipv6Addr::from(groups)
        },
        |peer| peer.address,
    )
}

struct Gateway {
    socket: UdpSocket,
    peer: Peer,
    org: Arc<Mutex<Scenario>>,
    story: Story,
    dns: Ipv6Addr,
    /// Round-trip time between client and gateway.
    own_rtt: Duration,
    host: Arc<Host>,
    rng: StdRng,
    /// Inner packets on their way back, by time of arrival at the gateway.
    replies: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    replied: u64,
}

/// The scenario's events in time; restarted if the scenario repeats.
struct Story {
    beginning: Scenario,
    began: Instant,
    next: usize,
}

impl Story {
    fn due(&self) -> Option<Instant> {
        let after = match self.beginning.events.get(self.next) {
            Some(event) => event.at,
            None if self.beginning.repeat_after > 0.0 && !self.beginning.events.is_empty() => {
                self.beginning.repeat_after
            }
            None => return None,
        };
        Some(self.began + millis(after * 1e3))
    }

    fn play(&mut self, org: &mut Scenario, now: Instant) {
        while let Some(due) = self.due()
            && due <= now
        {
            if let Some(event) = self.beginning.events.get(self.next) {
                org.apply(event);
                self.next += 1;
            } else {
                org.apps.clone_from(&self.beginning.apps);
                self.began = due;
                self.next = 0;
            }
        }
    }
}

impl Gateway {
    fn new(socket: UdpSocket, config: &Config, scenario: Scenario, seed: u64) -> Self {
        let now = clock::now();
        let limiter = Limiter::new(&config.private_key, HANDSHAKES);
        let mut rng = StdRng::seed_from_u64(seed);
        let peer = Peer::responder(config, rng.random(), now, limiter);
        let dns = scenario.dns();
        let mut stack = Stack::new(&[dns], MTU, rng.random(), now);
        stack.tcp().answer_for_all();
        Self {
            socket,
            peer,
            dns,
            own_rtt: millis(scenario.gateway_ms),
            host: Host::new(stack),
            rng,
            replies: BinaryHeap::new(),
            replied: 0,
            story: Story { beginning: scenario.clone(), began: now, next: 0 },
            org: Arc::new(Mutex::new(scenario)),
        }
    }

    async fn run(mut self, mut ended: oneshot::Receiver<()>) {
        if let Ok(listener) = self.host.listen(DNS_PORT) {
            tokio::spawn(serve_tcp(listener, self.org.clone()));
        }
        let mut datagram = vec![0; 65_535];
        let host = self.host.clone();
        loop {
            let now = clock::now();
            self.drive(now).await;
            let wake = self.next_wake(clock::now());
            let asleep = clock::sleep_until(wake);
            tokio::select! {
                _ = &mut ended => return,
                came = self.socket.recv_from(&mut datagram) => {
                    // An error here is a client that has gone; accept the next one.
                    if let Ok((length, from)) = came {
                        self.receive(from, datagram.get(..length).unwrap_or_default()).await;
                        while let Ok((length, from)) = self.socket.try_recv_from(&mut datagram) {
                            self.receive(from, datagram.get(..length).unwrap_or_default()).await;
                        }
                    }
                }
                () = host.rung() => {}
                () = asleep => {}
            }
        }
    }

    fn next_wake(&self, now: Instant) -> Option<Instant> {
        let reply = self.replies.peek().map(|Reverse((at, ..))| *at);
        let stack = self.host.stack().deadline(now);
        [reply, stack, self.story.due(), self.peer.deadline()].into_iter().flatten().min()
    }

    async fn receive(&mut self, from: SocketAddr, datagram: &[u8]) {
        let now = clock::now();
        let mut out = Outputs::default();
        self.peer.feed(now, from, datagram, &mut out);
        let inner = std::mem::take(&mut out.inner);
        self.transmit(out).await;
        for bytes in inner {
            self.route(now, &bytes);
        }
    }

    /// Does all due work.
    async fn drive(&mut self, now: Instant) {
        self.story.play(&mut lock(&self.org), now);
        let mut leaving = VecDeque::new();
        self.host.stack().poll(now, &mut leaving);
        for packet in leaving {
            self.reply_after(now, self.own_rtt, packet);
        }
        let mut out = Outputs::default();
        while self.replies.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            if let Some(Reverse((_, _, packet))) = self.replies.pop() {
                self.peer.send(now, &packet, &mut out);
            }
        }
        self.peer.tick(now, &mut out);
        self.transmit(out).await;
    }

    async fn transmit(&self, out: Outputs) {
        for transmit in out.network {
            let _ = self.socket.send_to(&transmit.datagram, transmit.to).await;
        }
    }

    fn reply_after(&mut self, now: Instant, delay: Duration, packet: Vec<u8>) {
        if self.replies.len() < IN_FLIGHT {
            self.replied += 1;
            self.replies.push(Reverse((now + delay, self.replied, packet)));
        }
    }

    /// Routes a packet from the client.
    fn route(&mut self, now: Instant, bytes: &[u8]) {
        let Ok(asked) = Packet::parse(bytes) else { return };
        if asked.to == self.dns {
            self.serve(now, &asked, bytes);
            return;
        }
        // The gateway counts as a hop on the route to a machine (RFC 4443 §3.3).
        if asked.hop_limit <= 1 {
            let error = packet::icmp_error(self.dns, asked.from, IcmpError::TimeExceeded(0), bytes);
            self.reply_after(now, self.own_rtt, error);
            return;
        }
        let machine = lock(&self.org).at(asked.to).map(|m| (m.answers, m.rtt_ms, m.loss));
        let flycast = lock(&self.org).apps.iter().any(|app| app.flycast.contains(&asked.to));
        let (answers, rtt_ms, loss) = match machine {
            Some(facts) => facts,
            None if flycast => (true, 0.0, 0.0),
            None => {
                let error = packet::icmp_error(self.dns, asked.from, IcmpError::Unreachable(3), bytes);
                self.reply_after(now, self.own_rtt, error);
                return;
            }
        };
        match asked.inner {
            Inner::EchoRequest(echo) => {
                let vanishes = loss > 0.0 && self.rng.random_bool(loss.clamp(0.0, 1.0));
                if answers
                    && !vanishes
                    && let Ok(reply) = packet::echo_reply(asked.to, asked.from, echo, MTU)
                {
                    // Queueing delay: usually little.
                    let queue =
                        if rtt_ms > 0.0 { self.rng.random_range(0.0_f64..1.0).powi(6) * 4.0 } else { 0.0 };
                    self.reply_after(now, millis(rtt_ms + queue).max(self.own_rtt), reply);
                }
            }
            Inner::Udp { .. } => {
                let error = packet::icmp_error(asked.to, asked.from, IcmpError::Unreachable(4), bytes);
                self.reply_after(now, millis(rtt_ms), error);
            }
            Inner::Tcp { .. } => self.host.stack().tcp().ingress(bytes.to_vec()),
            Inner::EchoReply(_) | Inner::Error { .. } => {}
        }
    }

    /// Handles packets to the gateway itself.
    fn serve(&mut self, now: Instant, asked: &Packet<'_>, bytes: &[u8]) {
        let reply = match asked.inner {
            Inner::Udp { src, dst: DNS_PORT, payload } => {
                let response = zone::respond(&lock(&self.org), payload, false);
                response.and_then(|response| {
                    let from = SocketAddrV6::new(self.dns, DNS_PORT, 0, 0);
                    let to = SocketAddrV6::new(asked.from, src, 0, 0);
                    packet::udp(from, to, &response, MTU).ok()
                })
            }
            Inner::Udp { .. } => {
                Some(packet::icmp_error(self.dns, asked.from, IcmpError::Unreachable(4), bytes))
            }
            Inner::EchoRequest(echo) => packet::echo_reply(self.dns, asked.from, echo, MTU).ok(),
            Inner::Tcp { .. } => {
                self.host.stack().ingress(now, bytes);
                None
            }
            Inner::EchoReply(_) | Inner::Error { .. } => None,
        };
        if let Some(reply) = reply {
            self.reply_after(now, self.own_rtt, reply);
        }
    }
}

async fn serve_tcp(mut listener: Listener, org: Arc<Mutex<Scenario>>) {
    while let Ok(stream) = listener.accept().await {
        tokio::spawn(serve_stream(stream, org.clone()));
    }
}

/// Responds to the queries of one connection until the client closes it.
async fn serve_stream(mut stream: TcpStream, org: Arc<Mutex<Scenario>>) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut query = vec![0; usize::from(length)];
        stream.read_exact(&mut query).await?;
        let response = zone::respond(&lock(&org), &query, true);
        let Some(response) = response else { continue };
        let length = u16::try_from(response.len()).map_err(io::Error::other)?;
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(response);
        stream.write_all(&frame).await?;
    }
}

fn lock(org: &Mutex<Scenario>) -> MutexGuard<'_, Scenario> {
    org.lock().unwrap_or_else(PoisonError::into_inner)
}
