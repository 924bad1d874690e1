//! A real tunnel against a gateway built from the same parts, over a simulated wire and over loopback.

use std::net::Ipv6Addr;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::*;
use crate::net::packet::{self, Inner, Packet};
use crate::net::sim::{self, Conditions, Wire};
use crate::net::wireguard::Limiter;
use crate::net::{Arrival, Datagrams, EchoKind, EchoRequest, Echoes};
use crate::profile::{DnsServer, Peer as ConfPeer, Secret};

const HERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0xa7b, 7, 0, 0, 2);
const THERE: Ipv6Addr = Ipv6Addr::new(0xfdaa, 0, 0x18, 0, 0, 0, 0, 3);
const ELSEWHERE: Ipv6Addr = Ipv6Addr::new(0xfdbb, 0, 0, 0, 0, 0, 0, 1);
const DELAY: Duration = Duration::from_millis(25);

fn client_addr() -> SocketAddr {
    "192.0.2.1:40000".parse().unwrap()
}

fn gateway_addr() -> SocketAddr {
    "192.0.2.2:51820".parse().unwrap()
}

fn service(port: u16) -> SocketAddrV6 {
    SocketAddrV6::new(THERE, port, 0, 0)
}

fn profile(endpoint: Endpoint) -> Profile {
    Profile {
        name: "test".to_owned(),
        path: None,
        private_key: Secret::new([0x11; 32]),
        addresses: vec![Ipv6Net::new(HERE, 120).unwrap()],
        dns: DnsServer { addr: THERE, derived: false },
        mtu: 1420,
        listen_port: None,
        peer: ConfPeer {
            public_key: Secret::new([0x22; 32]).public_key(),
            preshared_key: None,
            endpoint,
            allowed_ips: vec!["fdaa:0:18::/48".parse().unwrap()],
            keepalive: None,
        },
        notes: Vec::new(),
    }
}

fn gateway_config() -> Config {
    Config {
        private_key: Secret::new([0x22; 32]),
        public_key: Secret::new([0x11; 32]).public_key(),
        preshared_key: None,
        allowed_ips: vec![Ipv6Net::from(HERE)],
        keepalive: None,
        mtu: 1420,
    }
}

/// A gateway with one host behind it: echoes UDP on port 7 in upper case, answers port 9 from another address,
/// replies to ping, and serves 200 kB on TCP port 80.
struct Gateway {
    host: Arc<Host>,
    task: JoinHandle<()>,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn page() -> Vec<u8> {
    (0..200_000_u32).map(|at| (at / 7) as u8).collect()
}

/// A gateway's socket. Unlike [`underlay::Udp`], it receives from any address.
trait Ground: Send + 'static {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]);
    fn recv(&mut self, buffer: &mut [u8]) -> impl Future<Output = (SocketAddr, usize)> + Send;
}

impl Ground for sim::End {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        Underlay::send(self, to, datagram).unwrap();
    }

    async fn recv(&mut self, buffer: &mut [u8]) -> (SocketAddr, usize) {
        let (from, got) = Underlay::recv(self, buffer).await;
        (from, got.unwrap())
    }
}

impl Ground for UdpSocket {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        socket2::SockRef::from(&*self).send_to(datagram, &to.into()).unwrap();
    }

    async fn recv(&mut self, buffer: &mut [u8]) -> (SocketAddr, usize) {
        let (count, from) = self.recv_from(buffer).await.unwrap();
        (from, count)
    }
}

impl Gateway {
    fn start(ground: impl Ground, config: &Config, per_second: u64) -> Self {
        let limiter = Limiter::new(&config.private_key, per_second);
        let peer = Peer::responder(config, rand::random::<u32>() >> 8, now(), limiter);
        let host = Host::new(Stack::new(&[THERE], 1420, 3, now()));
        let received = Arc::new(Mutex::new(Vec::new()));
        let mut listener = host.listen(80).unwrap();
        tokio::spawn(async move {
            while let Ok(mut stream) = listener.accept().await {
                tokio::spawn(async move {
                    stream.write_all(&page()).await.unwrap();
                    stream.shutdown().await.unwrap();
                });
            }
        });
        let task = tokio::spawn(Self::run(ground, peer, Arc::clone(&host), Arc::clone(&received)));
        Self { host, task, received }
    }

    async fn run(
        mut ground: impl Ground,
        mut peer: Peer,
        host: Arc<Host>,
        received: Arc<Mutex<Vec<Vec<u8>>>>,
    ) {
        let mut buffer = vec![0; 65_535];
        let mut out = Outputs::default();
        let mut leaving = VecDeque::new();
        loop {
            let time = now();
            peer.tick(time, &mut out);
            for inner in std::mem::take(&mut out.inner) {
                match Packet::parse(&inner).unwrap() {
                    Packet { from, to, inner: Inner::Udp { src, dst, payload }, .. } => {
                        received.lock().unwrap().push(payload.to_vec());
                        let by = if dst == 9 { ELSEWHERE } else { to };
                        let answer = packet::udp(
                            SocketAddrV6::new(by, dst, 0, 0),
                            SocketAddrV6::new(from, src, 0, 0),
                            &payload.to_ascii_uppercase(),
                            1420,
                        );
                        leaving.push_back(answer.unwrap());
                    }
                    _ => host.stack().ingress(time, &inner),
                }
            }
            host.stack().poll(time, &mut leaving);
            for packet in leaving.drain(..) {
                peer.send(time, &packet, &mut out);
            }
            for Transmit { to, datagram } in out.network.drain(..) {
                ground.send(to, &datagram);
            }
            let deadline = [peer.deadline(), host.stack().deadline(time)].into_iter().flatten().min();
            let due = deadline.unwrap_or(time + Duration::from_hours(24));
            tokio::select! {
                (from, count) = ground.recv(&mut buffer) => {
                    peer.feed(now(), from, &buffer[..count], &mut out);
                }
                () = host.rung() => {}
                () = tokio::time::sleep_until(due.into()) => {}
            }
        }
    }
}

/// A tunnel and its gateway over a simulated wire.
fn over_sim(conditions: Conditions, seed: u64) -> (Tunnel, Gateway, Wire) {
    let (wire, near, far) = sim::wire(client_addr(), gateway_addr(), conditions, seed);
    let gateway = Gateway::start(far, &gateway_config(), 1_000);
    let tunnel = Tunnel::over(&profile(Endpoint::Addr(gateway_addr())), near, None).unwrap();
    (tunnel, gateway, wire)
}

async fn until(tunnel: &Tunnel, what: impl FnMut(&LinkState) -> bool) -> LinkState {
    tunnel.link().wait_for(what).await.unwrap().clone()
}

async fn payload(socket: &Udp) -> Vec<u8> {
    match socket.recv().await.unwrap() {
        Arrival::Datagram { payload, .. } => payload,
        other @ Arrival::Unreachable { .. } => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_response_takes_two_round_trips() {
    let start = tokio::time::Instant::now();
    let (tunnel, _gateway, _wire) = over_sim(Conditions::clear(DELAY), 1);
    assert_eq!(tunnel.link().borrow().phase, Phase::Handshaking);
    assert_eq!(tunnel.link().borrow().initiations, 1, "already sent");
    let socket = tunnel.udp().unwrap();
    socket.send(service(7), b"query").unwrap();
    assert_eq!(payload(&socket).await, b"QUERY");
    let took = start.elapsed();
    assert!(took >= DELAY * 4 && took < DELAY * 4 + Duration::from_millis(5), "{took:?}");

    let link = until(&tunnel, |link| link.received_bytes > 92).await;
    assert_eq!((link.phase, link.endpoint, link.error), (Phase::Up, Some(gateway_addr()), None));
    assert_eq!(link.handshake_rtt.map(|rtt| rtt.as_millis() / 2), Some(25));
}

#[tokio::test(start_paused = true)]
async fn a_lost_first_initiation_costs_60_ms() {
    let start = tokio::time::Instant::now();
    let (wire, near, far) = sim::wire(client_addr(), gateway_addr(), Conditions::clear(DELAY), 1);
    wire.lose_next(1);
    let _gateway = Gateway::start(far, &gateway_config(), 1_000);
    let tunnel = Tunnel::over(&profile(Endpoint::Addr(gateway_addr())), near, None).unwrap();
    let link = until(&tunnel, LinkState::is_up).await;
    assert!(start.elapsed() < Duration::from_millis(120), "{:?}", start.elapsed());
    assert_eq!(link.initiations, 1, "a copy is no new handshake");
}

/// Results of an attachment over a slow link.
#[derive(Debug)]
struct Slow {
    attach: Duration,
    lost: usize,
    initiations: u64,
}

/// Attaches over a link with this round trip, up to a tenth more by jitter, and sends 20 queries from the start on,
/// 100 ms apart. `known` is the round trip remembered from an earlier attachment.
async fn slow_link(rtt: Duration, loss: f64, known: Option<Duration>, seed: u64) -> Slow {
    let conditions = Conditions { loss, duplication: 0.05, jitter: rtt / 20, ..Conditions::clear(rtt / 2) };
    let (_wire, near, far) = sim::wire(client_addr(), gateway_addr(), conditions, seed);
    let _gateway = Gateway::start(far, &gateway_config(), 1_000);
    let start = tokio::time::Instant::now();
    let tunnel = Tunnel::over(&profile(Endpoint::Addr(gateway_addr())), near, known).unwrap();
    let socket = tunnel.udp().unwrap();
    for _ in 0..20 {
        socket.send(service(7), b"query").unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut answered = 0;
    while answered < 20
        && tokio::time::timeout(rtt * 4 + Duration::from_secs(8), payload(&socket)).await.is_ok()
    {
        answered += 1;
    }
    let link = until(&tunnel, |link| loss > 0.0 || link.is_up()).await;
    // No other client sends, whatever is lost, late or repeated.
    assert_eq!((link.drops.strays, link.drops.diverted, link.drops.alien), (0, 0, 0), "{rtt:?} {seed}");
    let attach =
        link.first_handshake.map_or(Duration::MAX, |at| at.saturating_duration_since(start.into_std()));
    Slow { attach, lost: 20 - answered, initiations: link.initiations }
}

const ROUND_TRIPS: [u64; 11] = [0, 20, 100, 250, 300, 400, 600, 1_000, 1_500, 2_000, 3_000];

#[tokio::test(start_paused = true)]
async fn no_link_is_so_slow_that_our_own_handshakes_lose_data() {
    for rtt in ROUND_TRIPS.map(Duration::from_millis) {
        for seed in 0..4 {
            for known in [None, Some(rtt)] {
                let slow = slow_link(rtt, 0.0, known, seed).await;
                let most = rtt.mul_f64(1.1) + Duration::from_millis(300);
                assert!(slow.attach <= most && slow.lost == 0, "{rtt:?} {known:?} {seed}: {slow:?}");
                let fresh = if known.is_some() || rtt < Duration::from_millis(220) { 1 } else { 2 };
                assert!(slow.initiations <= fresh, "{rtt:?} {known:?} {seed}: {slow:?}");
            }
        }
    }
}

/// The link has become much slower, or much faster, than it was.
#[tokio::test(start_paused = true)]
async fn a_round_trip_that_is_remembered_wrongly_costs_one_more() {
    for rtt in ROUND_TRIPS.map(Duration::from_millis) {
        for known in [20, 1_000, 3_000].map(Duration::from_millis) {
            let slow = slow_link(rtt, 0.0, Some(known), 1).await;
            let most = rtt.mul_f64(2.3) + Duration::from_millis(300);
            assert!(slow.attach <= most && slow.lost == 0, "{rtt:?} {known:?}: {slow:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lossy_slow_link_comes_up() {
    for rtt in ROUND_TRIPS.map(Duration::from_millis) {
        let (mut quick, mut worst) = (0, Duration::ZERO);
        for seed in 0..20 {
            let slow = slow_link(rtt, 0.2, Some(rtt), seed).await;
            quick += usize::from(slow.attach <= rtt.mul_f64(1.1) + Duration::from_millis(350));
            worst = worst.max(slow.attach);
        }
        // Four of five responses arrive; a lost one costs 1.5 round trips.
        assert!(quick >= 12, "{rtt:?}: {quick} of 20, worst {worst:?}");
        assert!(worst <= rtt * 12 + Duration::from_secs(6), "{rtt:?}: {worst:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_echo_reply_has_its_round_trip_time() {
    let (tunnel, _gateway, _wire) = over_sim(Conditions::clear(DELAY), 1);
    until(&tunnel, LinkState::is_up).await;
    let mut echo = tunnel.echo().unwrap();
    let sent = echo.send(EchoRequest { to: THERE, seq: 3, hop_limit: 64, payload: 56 }).unwrap();
    let event = echo.recv().await.unwrap();
    assert_eq!((event.seq, event.to, event.from), (3, THERE, THERE));
    assert_eq!(event.kind, EchoKind::Reply { hop_limit: 64, bytes: 64 });
    let rtt = event.at - sent;
    assert!(rtt >= DELAY * 2 && rtt < DELAY * 2 + Duration::from_millis(5), "{rtt:?}");
}

#[tokio::test(start_paused = true)]
async fn on_a_bad_wire_each_datagram_arrives_at_most_once() {
    let conditions = Conditions {
        loss: 0.1,
        duplication: 0.2,
        corruption: 0.1,
        delay: DELAY,
        jitter: Duration::from_millis(40),
    };
    let (tunnel, gateway, _wire) = over_sim(conditions, 42);
    until(&tunnel, LinkState::is_up).await;
    let socket = tunnel.udp().unwrap();
    for number in 0..500_u32 {
        socket.send(service(7), format!("number {number}").as_bytes()).unwrap();
        tokio::task::yield_now().await;
    }
    let mut answers = Vec::new();
    while let Ok(answer) = tokio::time::timeout(Duration::from_secs(5), payload(&socket)).await {
        answers.push(String::from_utf8(answer).unwrap());
    }
    let count = answers.len();
    assert!(answers.iter().all(|answer| answer.starts_with("NUMBER ")));
    assert!(
        !answers.is_sorted_by_key(|answer| answer[7..].parse::<u32>().unwrap()),
        "no datagram was reordered"
    );
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), count, "a datagram arrived twice");
    // Each direction delivers 0.9 × 0.9 of the datagrams that are not duplicated.
    assert!((300..460).contains(&count), "{count}");
    let mut received = gateway.received.lock().unwrap().clone();
    let all = received.len();
    received.sort();
    received.dedup();
    assert_eq!(received.len(), all);
    let link = until(&tunnel, |link| link.drops.outer > 0).await;
    assert_eq!(link.phase, Phase::Up);
}

#[tokio::test(start_paused = true)]
async fn a_stream_carries_200_kb_with_5_percent_loss() {
    let conditions = Conditions { loss: 0.05, ..Conditions::clear(DELAY) };
    let (tunnel, _gateway, _wire) = over_sim(conditions, 5);
    let mut stream = tunnel.tcp(service(80)).await.unwrap();
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.unwrap();
    assert!(got == page(), "{} bytes, or other ones", got.len());
}

#[tokio::test(start_paused = true)]
async fn a_closed_port_refuses_a_stream() {
    let (tunnel, _gateway, _wire) = over_sim(Conditions::clear(DELAY), 1);
    let refused = tunnel.tcp(service(81)).await.map(drop).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_outside_allowed_ips_is_dropped_and_counted() {
    let (tunnel, _gateway, _wire) = over_sim(Conditions::clear(DELAY), 1);
    let socket = tunnel.udp().unwrap();
    socket.send(service(9), b"who are you?").unwrap();
    socket.send(service(7), b"honest").unwrap();
    assert_eq!(payload(&socket).await, b"HONEST");
    let link = until(&tunnel, |link| link.drops.foreign > 0).await;
    assert_eq!(link.drops.foreign, 1);
}

#[tokio::test(start_paused = true)]
async fn an_eavesdropper_reads_nothing() {
    let (tunnel, gateway, wire) = over_sim(Conditions::clear(DELAY), 1);
    let socket = tunnel.udp().unwrap();
    socket.send(service(7), b"_apps.internal").unwrap();
    assert_eq!(payload(&socket).await, b"_APPS.INTERNAL");
    assert_eq!(gateway.received.lock().unwrap().as_slice(), [b"_apps.internal".to_vec()]);
    let seen = wire.seen();
    assert!(seen.iter().all(|sent| sent.len() >= 2));
    for datagram in seen.iter().flatten() {
        let text = String::from_utf8_lossy(datagram).to_lowercase();
        assert!(!text.contains("apps") && !text.contains("internal"));
        assert!(!datagram.windows(16).any(|bytes| bytes == HERE.octets() || bytes == THERE.octets()));
        assert!(!datagram.windows(32).any(|bytes| bytes == [0x11; 32] || bytes == [0x22; 32]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_preshared_key_gets_no_response() {
    for (theirs, opens) in [([9; 32], true), ([8; 32], false)] {
        let (_wire, near, far) = sim::wire(client_addr(), gateway_addr(), Conditions::clear(DELAY), 1);
        let config = Config { preshared_key: Some(Secret::new(theirs)), ..gateway_config() };
        let _gateway = Gateway::start(far, &config, 1_000);
        let mut profile = profile(Endpoint::Addr(gateway_addr()));
        profile.peer.preshared_key = Some(Secret::new([9; 32]));
        let tunnel = Tunnel::over(&profile, near, None).unwrap();
        let link = until(&tunnel, |link| link.is_up() || link.error.is_some()).await;
        assert_eq!(link.is_up(), opens);
        assert_eq!(link.error, (!opens).then_some(LinkError::Silent(gateway_addr())));
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_under_load_accepts_a_cookie() {
    let (_wire, near, far) = sim::wire(client_addr(), gateway_addr(), Conditions::clear(DELAY), 1);
    let _gateway = Gateway::start(far, &gateway_config(), 0);
    let start = tokio::time::Instant::now();
    let tunnel = Tunnel::over(&profile(Endpoint::Addr(gateway_addr())), near, None).unwrap();
    let link = until(&tunnel, LinkState::is_up).await;
    assert_eq!(link.initiations, 2);
    assert!(start.elapsed() < Duration::from_millis(370), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_lost_gateway_is_down_and_is_up_within_a_second_of_its_return() {
    let (tunnel, _gateway, wire) = over_sim(Conditions::clear(DELAY), 1);
    until(&tunnel, LinkState::is_up).await;
    let socket = tunnel.udp().unwrap();
    wire.set(Conditions { loss: 1.0, ..Conditions::clear(DELAY) });
    let silent_since = tokio::time::Instant::now();
    for wait in [50, 150, 450, 1_000] {
        socket.send(service(7), b"anyone?").unwrap();
        tokio::time::advance(Duration::from_millis(wait)).await;
        tokio::task::yield_now().await;
    }
    let link = until(&tunnel, |link| link.phase == Phase::Down).await;
    assert_eq!(link.error, Some(LinkError::Silent(gateway_addr())));
    assert!(silent_since.elapsed() < Duration::from_secs(5), "{:?}", silent_since.elapsed());

    let back = tokio::time::Instant::now();
    wire.set(Conditions::clear(DELAY));
    let link = until(&tunnel, LinkState::is_up).await;
    assert_eq!(link.error, None);
    assert!(back.elapsed() <= Duration::from_millis(1_100), "{:?}", back.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_requested_handshake_starts_at_once() {
    let (tunnel, _gateway, _wire) = over_sim(Conditions::clear(DELAY), 1);
    let first = until(&tunnel, LinkState::is_up).await;
    tunnel.rehandshake();
    let second = until(&tunnel, |link| link.last_handshake > first.last_handshake).await;
    assert_eq!((second.initiations, second.phase), (2, Phase::Up));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_clone_ends_the_tunnel() {
    let (tunnel, gateway, _wire) = over_sim(Conditions::clear(DELAY), 1);
    let mut link = tunnel.link();
    let socket = tunnel.udp().unwrap();
    let stream = tunnel.tcp(service(80)).await.unwrap();
    let clone = tunnel.clone();
    drop(tunnel);
    socket.send(service(7), b"still there").unwrap();
    assert_eq!(payload(&socket).await, b"STILL THERE");
    drop(clone);
    while link.changed().await.is_ok() {}
    assert_eq!(socket.recv().await.unwrap_err().kind(), io::ErrorKind::NotConnected);
    assert_eq!(socket.send(service(7), b"x").unwrap_err().kind(), io::ErrorKind::NotConnected);
    let (_, end) = tokio::io::copy(&mut tokio::io::BufReader::new(stream), &mut tokio::io::sink())
        .await
        .map_or_else(|error| (0, Some(error.kind())), |count| (count, None));
    assert_eq!(end, Some(io::ErrorKind::ConnectionReset));
    // The gateway's end was reset, too, and is removed there.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!gateway.host.stack().tcp().uses(80));
}

/// Counts how often the driver sleeps.
struct Counted<U>(U, Arc<AtomicUsize>);

impl<U: Underlay> Underlay for Counted<U> {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) -> Result<(), Failure> {
        self.0.send(to, datagram)
    }

    fn recv(
        &mut self,
        buffer: &mut [u8],
    ) -> impl Future<Output = (SocketAddr, Result<usize, Failure>)> + Send {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.recv(buffer)
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_tunnel_sleeps() {
    let (_wire, near, far) = sim::wire(client_addr(), gateway_addr(), Conditions::clear(DELAY), 1);
    let _gateway = Gateway::start(far, &gateway_config(), 1_000);
    let turns = Arc::new(AtomicUsize::new(0));
    let profile = profile(Endpoint::Addr(gateway_addr()));
    let tunnel = Tunnel::over(&profile, Counted(near, Arc::clone(&turns)), None).unwrap();
    let socket = tunnel.udp().unwrap();
    socket.send(service(7), b"query").unwrap();
    payload(&socket).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    turns.store(0, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_mins(30)).await;
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns <= 30, "{turns} turns in 30 minutes");
    assert_eq!(tunnel.link().borrow().phase, Phase::Up);
}

#[tokio::test(start_paused = true)]
async fn counters_are_reported_at_most_once_a_second() {
    let (tunnel, _gateway, _wire) = over_sim(Conditions::clear(Duration::from_millis(1)), 1);
    until(&tunnel, LinkState::is_up).await;
    let socket = tunnel.udp().unwrap();
    let mut link = tunnel.link();
    link.mark_unchanged();
    let (mut reports, start) = (0, tokio::time::Instant::now());
    while start.elapsed() < Duration::from_secs(10) {
        socket.send(service(7), b"query").unwrap();
        payload(&socket).await;
        if link.has_changed().unwrap() {
            link.mark_unchanged();
            reports += 1;
        }
    }
    assert!((9..=11).contains(&reports), "{reports}");
}

async fn gateway_on(any: &str) -> (Gateway, SocketAddr) {
    let socket = UdpSocket::bind(any).await.unwrap();
    let addr = socket.local_addr().unwrap();
    (Gateway::start(socket, &gateway_config(), 1_000), addr)
}

async fn ask(tunnel: &Tunnel) {
    let socket = tunnel.udp().unwrap();
    socket.send(service(7), b"query").unwrap();
    assert_eq!(payload(&socket).await, b"QUERY");
}

#[tokio::test]
async fn over_real_loopback_on_one_thread() {
    let (_gateway, addr) = gateway_on("127.0.0.1:0").await;
    let tunnel = Tunnel::attach(&profile(Endpoint::Addr(addr)), Known::default()).unwrap();
    ask(&tunnel).await;
    let mut stream = tunnel.tcp(service(80)).await.unwrap();
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.unwrap();
    assert!(got == page());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_real_loopback_on_two_threads() {
    let (_gateway, addr) = gateway_on("127.0.0.1:0").await;
    let tunnel = Tunnel::attach(&profile(Endpoint::Addr(addr)), Known::default()).unwrap();
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let tunnel = tunnel.clone();
            tokio::spawn(async move { ask(&tunnel).await })
        })
        .collect();
    for asked in asking {
        asked.await.unwrap();
    }
}

#[tokio::test]
async fn a_name_is_resolved_and_the_unreachable_family_skipped() {
    // `localhost` may give both families; only IPv4 is served.
    let (_gateway, addr) = gateway_on("127.0.0.1:0").await;
    let endpoint = Endpoint::Host { name: "localhost".to_owned(), port: addr.port() };
    let tunnel = Tunnel::attach(&profile(endpoint), Known::default()).unwrap();
    ask(&tunnel).await;
    let link = until(&tunnel, LinkState::is_up).await;
    assert_eq!((link.endpoint, link.error), (Some(addr), None));
}

#[tokio::test]
async fn an_unresolvable_name_is_a_link_error() {
    let endpoint = Endpoint::Host { name: "gateway.invalid".to_owned(), port: 51_820 };
    let tunnel = Tunnel::attach(&profile(endpoint), Known::default()).unwrap();
    let link = until(&tunnel, |link| link.error.is_some()).await;
    assert_eq!(link.phase, Phase::Resolving);
    assert!(matches!(link.error, Some(LinkError::Resolve { .. })));
}

#[tokio::test]
async fn a_closed_port_is_reported_before_the_first_retry() {
    let addr = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let start = std::time::Instant::now();
    let tunnel = Tunnel::attach(&profile(Endpoint::Addr(addr)), Known::default()).unwrap();
    let link = until(&tunnel, |link| link.error.is_some()).await;
    assert_eq!(link.error, Some(LinkError::Refused(addr)));
    assert_eq!(link.initiations, 1, "reported after {:?}", start.elapsed());

    // A gateway starts there.
    let (_gateway, _) = gateway_on(&addr.to_string()).await;
    let link = until(&tunnel, LinkState::is_up).await;
    assert_eq!(link.error, None);
}

#[test]
fn without_a_runtime_there_is_no_tunnel() {
    let endpoint = Endpoint::Addr(gateway_addr());
    assert!(Tunnel::attach(&profile(endpoint), Known::default()).is_err());
}
