//! A simulated network in virtual time: host, path, gateway, name server, machines and services, each with the behaviour
//! that the protocols and the platform's document give it. It knows nothing of the doctor.
//!
//! [`Conditions`] hold the state of every component; a fault is a change of them. A packet passes what lies on its path in
//! order, and is delivered, dropped or answered by the first component that does so. Delay, jitter, loss and duplicates
//! come from a seed. WireGuard itself is not run: the gateway decides on an initiation as the protocol does (public key,
//! peer, preshared key, timestamp), and data needs a session, a source address of the peer and a route back.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, ResponseCode};
use ipnet::Ipv6Net;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::time::sleep;

use crate::clock::now;
use crate::demo::scenario::Scenario;
use crate::demo::zone::respond;
use crate::dns::names::Form;
use crate::net::{
    Arrival, Datagrams, EchoEvent, EchoKind, EchoRequest, Echoes, IcmpError, LinkError, LinkState, Network,
    Phase, delivery,
};

/// The gateway's decision on an initiation (WireGuard paper, §5.4) and on data.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is one condition of the protocol")]
pub struct Gateway {
    pub listens: bool,
    /// Another service has the port: it answers with datagrams of its own.
    pub other_service: bool,
    pub own_public_key: bool,
    pub knows_peer: bool,
    pub same_preshared_key: bool,
    pub stamp_is_newer: bool,
    /// Whether the peer's `AllowedIPs` there contain our address.
    pub allows_our_address: bool,
    pub routes_back: bool,
    /// Number of initiations that are answered before the peer is removed.
    pub removed_after: Option<u64>,
    /// The session is lost right after the first handshake.
    pub loses_session: bool,
    /// Another client with the key takes the session, and its datagrams come here as well.
    pub strays: u64,
    pub pings: bool,
}

impl Gateway {
    fn responds(&self, initiation: u64) -> bool {
        self.listens
            && self.own_public_key
            && self.knows_peer
            && self.same_preshared_key
            && self.stamp_is_newer
            && self.removed_after.is_none_or(|answered| initiation <= answered)
    }
}

/// A name server over one transport.
#[derive(Clone, Copy, PartialEq)]
pub enum Server {
    Works,
    Silent,
    Refused,
    Slow(Duration),
    Code(ResponseCode),
    /// Replies from another address.
    Elsewhere,
    /// Every response has the TC bit and no records.
    Truncates,
    /// TCP: closes without a response.
    Closes,
}

/// Records that fail apart from all others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Records {
    Instances,
    Peers,
    AppName,
    Flycast,
}

/// What a TCP port does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Refused,
    Silent,
    Prohibited,
    Closes,
    Mute,
    Http(u16),
    Ssh,
}

#[derive(Clone)]
pub struct Host {
    /// Whether it is running: otherwise no packet comes back.
    pub runs: bool,
    pub pings: bool,
    pub ports: BTreeMap<u16, Service>,
}

#[derive(Clone)]
pub struct Conditions {
    pub rtt: Duration,
    pub jitter: Duration,
    /// Share lost in each direction.
    pub loss: f64,
    pub duplicates: f64,
    pub path_mtu: u16,
    /// Error of the host itself: its resolver, routes, filter or sockets.
    pub host: Option<LinkError>,
    pub outbound: bool,
    pub inbound: bool,
    pub data_passes: bool,
    pub icmp: Option<delivery::Icmp>,
    pub gateway: Gateway,
    pub udp: Server,
    pub tcp: Server,
    /// Zone of the names of apps and machines.
    pub names: Scenario,
    /// Zone of the lists.
    pub lists: Scenario,
    pub failing: Vec<(Records, Server)>,
    pub hosts: HashMap<Ipv6Addr, Host>,
    /// The conf's `AllowedIPs`: packets from elsewhere are dropped on arrival.
    pub allowed_ips: Vec<Ipv6Net>,
}

struct Inner {
    conditions: Mutex<Conditions>,
    dice: Mutex<StdRng>,
    link: watch::Sender<LinkState>,
    server: Ipv6Addr,
    session: Mutex<bool>,
}

#[derive(Clone)]
pub struct World(Arc<Inner>);

impl World {
    /// A world whose link starts to come up now.
    pub fn start(conditions: Conditions, seed: u64) -> Self {
        let server = conditions.lists.dns();
        let link = watch::channel(LinkState::new(now(), 1420)).0;
        let world = Self(Arc::new(Inner {
            session: Mutex::new(!conditions.gateway.loses_session),
            conditions: Mutex::new(conditions),
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            link,
            server,
        }));
        tokio::spawn(world.clone().handshake(true));
        world
    }

    /// Changes the conditions from now on.
    pub fn change(&self, conditions: Conditions) {
        *self.0.session.lock().unwrap() = !conditions.gateway.loses_session;
        *self.0.conditions.lock().unwrap() = conditions;
    }

    fn conditions(&self) -> Conditions {
        self.0.conditions.lock().unwrap().clone()
    }

    fn with<T>(&self, read: impl FnOnce(&Conditions) -> T) -> T {
        read(&self.0.conditions.lock().unwrap())
    }

    fn chance(&self, share: f64) -> bool {
        self.0.dice.lock().unwrap().random_bool(share)
    }

    /// Time of one round trip over the outer path; `None` if the packet or its reply is lost.
    fn crosses(&self) -> Option<Duration> {
        let (rtt, jitter, loss) = self.with(|c| (c.rtt, c.jitter, c.loss));
        let dropped = self.chance(loss) || self.chance(loss);
        let late = jitter.mul_f64(self.0.dice.lock().unwrap().random_range(0.0..=1.0));
        (!dropped).then_some(rtt + late)
    }

    /// Time of one round trip of data to `source` and back into the tunnel.
    fn data(&self, source: Ipv6Addr) -> Option<Duration> {
        let flows = self.with(|c| {
            let gateway = &c.gateway;
            c.host.is_none()
                && c.outbound
                && c.inbound
                && c.data_passes
                && gateway.allows_our_address
                && gateway.routes_back
                && c.allowed_ips.iter().any(|net| net.contains(&source))
        });
        (flows && *self.0.session.lock().unwrap()).then(|| self.crosses()).flatten()
    }

    /// Round trips at which a reply and, possibly, its duplicate arrive.
    fn arrivals(&self, source: Ipv6Addr) -> Vec<Duration> {
        let Some(first) = self.data(source) else { return vec![] };
        let again = self.chance(self.with(|c| c.duplicates)).then(|| first + Duration::from_millis(3));
        [Some(first), again].into_iter().flatten().collect()
    }

    async fn handshake(self, first: bool) {
        const RETRIES: [u64; 6] = [0, 250, 1000, 3000, 6000, 11_000];
        let start = tokio::time::Instant::now();
        let mut arrival: Option<tokio::time::Instant> = None;
        for after in RETRIES {
            let at = start + Duration::from_millis(after);
            if let Some(arrival) = arrival.filter(|arrival| *arrival <= at) {
                self.completed(arrival, arrival - start).await;
                return;
            }
            tokio::time::sleep_until(at).await;
            let c = self.conditions();
            if let Some(error) = c.host {
                self.0.link.send_modify(|link| link.error = Some(error));
                return;
            }
            let mut number = 0;
            self.0.link.send_modify(|link| {
                link.initiations += 1;
                number = link.initiations;
                if first {
                    link.phase = Phase::Handshaking;
                }
            });
            let Some(trip) = self.crosses() else { continue };
            if let Some(icmp) = c.icmp {
                sleep(trip).await;
                self.0.link.send_modify(|link| link.icmp = Some(icmp));
            } else if !c.outbound || !c.inbound {
            } else if !c.gateway.listens {
                sleep(trip).await;
                let to = "192.0.2.10:51820".parse().unwrap();
                self.0.link.send_modify(|link| link.error = Some(LinkError::Refused(to)));
            } else if c.gateway.other_service {
                sleep(trip).await;
                self.0.link.send_modify(|link| {
                    link.drops.alien += 1;
                    link.drops.outer += 1;
                });
            } else if c.gateway.responds(number) {
                let at = tokio::time::Instant::now() + trip;
                arrival = Some(arrival.map_or(at, |other| other.min(at)));
            }
        }
        if let Some(arrival) = arrival {
            self.completed(arrival, arrival - start).await;
        }
    }

    async fn completed(&self, at: tokio::time::Instant, took: Duration) {
        tokio::time::sleep_until(at).await;
        let strays = self.with(|c| c.gateway.strays);
        self.0.link.send_modify(|link| {
            let now = now();
            (link.phase, link.since, link.error) = (Phase::Up, now, None);
            link.last_handshake = Some(now);
            link.first_handshake.get_or_insert(now);
            link.handshakes += 1;
            link.handshake_rtt = Some(took);
            link.last_received = Some(now);
            link.drops.strays += strays;
            link.drops.outer += strays;
            link.other_client = (strays > 0).then_some(now);
        });
        if self.0.link.borrow().handshakes > 1 {
            *self.0.session.lock().unwrap() = true;
        }
    }

    /// Behaviour of the name server for this query over one transport.
    fn behaviour(&self, query: &[u8], tcp: bool) -> Server {
        let form = Message::from_vec(query)
            .ok()
            .and_then(|query| query.queries.first().and_then(|question| Form::parse(question.name())));
        self.with(|c| {
            let whole = if tcp { c.tcp } else { c.udp };
            let of = match form {
                Some(Form::Instances) => Records::Instances,
                Some(Form::Peers) => Records::Peers,
                Some(Form::App(_)) => Records::AppName,
                Some(Form::Flycast(_)) => Records::Flycast,
                _ => return whole,
            };
            c.failing.iter().find(|(records, _)| *records == of).map_or(whole, |(_, server)| *server)
        })
    }

    /// The response in wire form.
    fn response(&self, query: &[u8], tcp: bool, server: Server) -> Option<Vec<u8>> {
        let parsed = Message::from_vec(query).ok()?;
        let form = parsed.queries.first().and_then(|question| Form::parse(question.name()));
        let list = matches!(form, Some(Form::Apps | Form::Instances | Form::Vms(_) | Form::Regions(_)));
        let wire = self.with(|c| respond(if list { &c.lists } else { &c.names }, query, tcp))?;
        let changed = |change: &dyn Fn(&mut Message)| {
            let mut message = Message::from_vec(&wire).ok()?;
            message.answers.clear();
            message.authorities.clear();
            change(&mut message);
            message.to_vec().ok()
        };
        match server {
            Server::Code(code) => changed(&|message| message.metadata.response_code = code),
            Server::Truncates => changed(&|message| message.metadata.truncation = true),
            _ => Some(wire),
        }
    }

    fn service(&self, to: SocketAddrV6) -> Service {
        self.with(|c| match c.hosts.get(to.ip()) {
            Some(host) if host.runs => host.ports.get(&to.port()).copied().unwrap_or(Service::Refused),
            _ => Service::Silent,
        })
    }
}

pub struct Udp {
    world: World,
    deliver: mpsc::UnboundedSender<Arrival>,
    inbox: AsyncMutex<mpsc::UnboundedReceiver<Arrival>>,
}

impl Udp {
    fn later(&self, after: Duration, arrival: impl FnOnce() -> Arrival + Send + 'static) {
        let deliver = self.deliver.clone();
        tokio::spawn(async move {
            sleep(after).await;
            let _ = deliver.send(arrival());
        });
    }
}

impl Datagrams for Udp {
    fn send(&self, to: SocketAddrV6, payload: &[u8]) -> io::Result<()> {
        let world = &self.world;
        let (by, error) = (*to.ip(), IcmpError::Unreachable(4));
        if to.ip() != &world.0.server || to.port() != 53 {
            // A host without a service on the port (RFC 4443 §3.1).
            let runs = world.with(|c| c.hosts.get(to.ip()).is_some_and(|host| host.runs));
            if let (true, Some(after)) = (runs, world.data(by)) {
                self.later(after, move || Arrival::Unreachable { to, by, error });
            }
            return Ok(());
        }
        let server = world.behaviour(payload, false);
        for after in world.arrivals(by) {
            let wire = world.response(payload, false, server);
            match (server, wire) {
                (Server::Silent | Server::Closes, _) | (_, None) => {}
                (Server::Refused, _) => self.later(after, move || Arrival::Unreachable { to, by, error }),
                (server, Some(payload)) => {
                    let slow = if let Server::Slow(slow) = server { slow } else { Duration::ZERO };
                    let mut from = to;
                    if server == Server::Elsewhere {
                        from.set_ip(Ipv6Addr::from(u128::from(*to.ip()) + 1));
                    }
                    self.later(after + slow, move || Arrival::Datagram { from, payload, at: now() });
                }
            }
        }
        Ok(())
    }

    async fn recv(&self) -> io::Result<Arrival> {
        self.inbox.lock().await.recv().await.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

pub struct Echo {
    world: World,
    deliver: mpsc::UnboundedSender<EchoEvent>,
    inbox: mpsc::UnboundedReceiver<EchoEvent>,
}

impl Echoes for Echo {
    fn send(&self, request: EchoRequest) -> io::Result<Instant> {
        let (world, sent) = (&self.world, now());
        let gateway = world.0.server;
        // The gateway is the first router (RFC 4443 §3.3).
        let expires = request.hop_limit == 1 && request.to != gateway;
        let from = if expires { gateway } else { request.to };
        let (fits, replies) = world.with(|c| {
            let replies = if request.to == gateway {
                c.gateway.pings
            } else {
                expires || c.hosts.get(&request.to).is_some_and(|host| host.runs && host.pings)
            };
            (request.payload + 48 <= c.path_mtu, replies)
        });
        if !fits || !replies {
            return Ok(sent);
        }
        let kind = if expires {
            EchoKind::Error(IcmpError::TimeExceeded(0))
        } else {
            EchoKind::Reply { hop_limit: 61, bytes: request.payload + 8 }
        };
        for after in world.arrivals(from) {
            let deliver = self.deliver.clone();
            tokio::spawn(async move {
                sleep(after).await;
                let event = EchoEvent { seq: request.seq, to: request.to, from, sent, at: now(), kind };
                let _ = deliver.send(event);
            });
        }
        Ok(sent)
    }

    fn poll_recv(&mut self, task: &mut Context<'_>) -> Poll<io::Result<EchoEvent>> {
        self.inbox.poll_recv(task).map(|event| event.ok_or_else(|| io::ErrorKind::BrokenPipe.into()))
    }
}

impl Network for World {
    type Udp = Udp;
    type Tcp = DuplexStream;
    type Echo = Echo;

    fn udp(&self) -> io::Result<Udp> {
        let (deliver, inbox) = mpsc::unbounded_channel();
        Ok(Udp { world: self.clone(), deliver, inbox: AsyncMutex::new(inbox) })
    }

    async fn tcp(&self, to: SocketAddrV6) -> io::Result<DuplexStream> {
        let name_server = to.ip() == &self.0.server && to.port() == 53;
        let service = match self.with(|c| c.tcp) {
            _ if !name_server => self.service(to),
            Server::Silent => Service::Silent,
            Server::Refused => Service::Refused,
            _ => Service::Mute,
        };
        if service == Service::Silent {
            // The stack gives up after five retransmissions (RFC 6298).
            sleep(Duration::from_secs(63)).await;
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut wait = Duration::from_secs(1);
        while wait < Duration::from_secs(32) {
            let Some(after) = self.data(*to.ip()) else {
                sleep(wait).await;
                wait *= 2;
                continue;
            };
            sleep(after).await;
            match service {
                Service::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
                Service::Prohibited => return Err(io::ErrorKind::HostUnreachable.into()),
                _ => {}
            }
            let (ours, theirs) = tokio::io::duplex(4096);
            if name_server {
                tokio::spawn(self.clone().serve_dns(theirs, *to.ip()));
            } else {
                tokio::spawn(self.clone().serve(theirs, service, *to.ip()));
            }
            return Ok(ours);
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    fn echo(&self) -> io::Result<Echo> {
        let (deliver, inbox) = mpsc::unbounded_channel();
        Ok(Echo { world: self.clone(), deliver, inbox })
    }

    fn link(&self) -> watch::Receiver<LinkState> {
        self.0.link.subscribe()
    }

    fn rehandshake(&self) {
        tokio::spawn(self.clone().handshake(false));
    }
}

impl World {
    /// Time until a segment and its response have crossed, with retransmissions.
    async fn segment(&self, source: Ipv6Addr) {
        let mut wait = Duration::from_millis(300) + self.with(|c| c.rtt);
        loop {
            if let Some(after) = self.data(source) {
                sleep(after).await;
                return;
            }
            sleep(wait).await;
            wait *= 2;
        }
    }

    async fn serve_dns(self, mut stream: DuplexStream, source: Ipv6Addr) {
        while let Ok(length) = stream.read_u16().await {
            let mut query = vec![0; usize::from(length)];
            if stream.read_exact(&mut query).await.is_err() {
                return;
            }
            let server = self.behaviour(&query, true);
            match server {
                Server::Closes => return,
                Server::Silent | Server::Refused => std::future::pending().await,
                Server::Slow(slow) => sleep(slow).await,
                _ => {}
            }
            self.segment(source).await;
            let Some(wire) = self.response(&query, true, server) else { return };
            let mut frame = (wire.len() as u16).to_be_bytes().to_vec();
            frame.extend(wire);
            if stream.write_all(&frame).await.is_err() {
                return;
            }
        }
    }

    async fn serve(self, mut stream: DuplexStream, service: Service, source: Ipv6Addr) {
        let mut request = [0; 2048];
        match service {
            Service::Closes => {}
            Service::Ssh => {
                self.segment(source).await;
                let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await;
                let _ = stream.read(&mut request).await;
            }
            Service::Http(status) => {
                let Ok(1..) = stream.read(&mut request).await else { return };
                self.segment(source).await;
                let place = if status == 301 { "location: https://app.example/\r\n" } else { "" };
                let head = format!("HTTP/1.1 {status} Status\r\n{place}content-length: 0\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
            }
            _ => while let Ok(1..) = stream.read(&mut request).await {},
        }
    }
}
